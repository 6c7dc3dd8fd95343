package main

import (
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/idp"
)

// TestReasons: all that a method may say has a name of its own for programs.
func TestReasons(t *testing.T) {
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	pass := func(edit func(*idp.Pass)) []idp.Credential {
		p := &idp.Pass{PassID: "p", UserID: "u", StartsAt: now.Add(-time.Minute), Lifetime: time.Hour}
		edit(p)
		return []idp.Credential{p}
	}
	same := func(*idp.Pass) {}
	policy := func(edit func(*idp.PassPolicy)) *idp.MethodsPolicy {
		all := idp.DefaultMethodsPolicy()
		all.TemporaryAccessPass.Enabled = true
		edit(&all.TemporaryAccessPass)
		return all
	}
	open := policy(func(*idp.PassPolicy) {})
	member, guest := &idp.User{UserID: "u", Type: idp.Member}, &idp.User{UserID: "u", Type: idp.ExternalGuest}
	tap := authmethods.All(nil)[0]
	for want, s := range map[string]idp.Subject{
		"":                {User: member, Policy: open, Credentials: pass(same)},
		"noCredential":    {User: member, Policy: open},
		"passExpired":     {User: member, Policy: open, Credentials: pass(func(p *idp.Pass) { p.Lifetime = time.Second })},
		"passUsed":        {User: member, Policy: open, Credentials: pass(func(p *idp.Pass) { p.Once, p.UsedAt = true, now })},
		"passNotYetValid": {User: member, Policy: open, Credentials: pass(func(p *idp.Pass) { p.StartsAt = now.Add(time.Hour) })},
		"passMultiUse":    {User: member, Policy: policy(func(p *idp.PassPolicy) { p.Once = true }), Credentials: pass(same)},
		"methodDisabled":  {User: member, Policy: policy(func(p *idp.PassPolicy) { p.Enabled = false }), Credentials: pass(same)},
		"outOfScope":      {User: member, Policy: policy(func(p *idp.PassPolicy) { p.Targets.Include = nil }), Credentials: pass(same)},
		"userExternal":    {User: guest, Policy: open, Credentials: pass(same)},
	} {
		s.Now = now
		if got := reasonOf(tap.Offer(s)); got.name != want || got.words == "" {
			t.Errorf("%q: %+v", want, got)
		}
	}
	if got := reasonOf("something new"); got.name != "other" || got.words != "something new" {
		t.Errorf("%+v", got)
	}
}
