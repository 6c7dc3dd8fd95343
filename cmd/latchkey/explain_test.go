package main

import (
	"slices"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
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
	tap := authmethods.All(authmethods.Config{Keys: nil, Passkeys: passkey.Method{}, Mails: true})[0]
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
	key := func(edit func(*idp.Passkey)) []idp.Credential {
		p := &idp.Passkey{PasskeyID: "k", UserID: "u"}
		edit(p)
		return []idp.Credential{p}
	}
	keys := func(edit func(*idp.PasskeyPolicy)) *idp.MethodsPolicy {
		all := idp.DefaultMethodsPolicy()
		edit(&all.Passkey)
		return all
	}
	anyKey, plain := keys(func(*idp.PasskeyPolicy) {}), func(*idp.Passkey) {}
	passkeys, err := passkey.New("https://login.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]idp.Subject{
		"":                 {User: member, Policy: anyKey, Credentials: key(plain)},
		"noCredential":     {User: member, Policy: anyKey},
		"methodDisabled":   {User: member, Policy: keys(func(p *idp.PasskeyPolicy) { p.Enabled = false }), Credentials: key(plain)},
		"outOfScope":       {User: member, Policy: keys(func(p *idp.PasskeyPolicy) { p.Targets.Include = nil }), Credentials: key(plain)},
		"userExternal":     {User: guest, Policy: anyKey, Credentials: key(plain)},
		"passkeyCopied":    {User: member, Policy: anyKey, Credentials: key(func(p *idp.Passkey) { p.Suspend(now) })},
		"passkeyForbidden": {User: member, Policy: keys(func(p *idp.PasskeyPolicy) { p.Synced = false }), Credentials: key(func(p *idp.Passkey) { p.Synced = true })},
	} {
		if got := reasonOf(passkeys.Offer(s)); got.name != want || got.words == "" {
			t.Errorf("%q: %+v", want, got)
		}
	}
	nowhere := passkey.Method{}
	for want, got := range map[string]idp.Reason{
		"methodUnavailable": nowhere.Offer(idp.Subject{User: member, Policy: anyKey}),
		"noSelfService":     passkeys.Registrable(idp.Subject{User: member, Policy: keys(func(p *idp.PasskeyPolicy) { p.SelfService = false })}, true),
		"maximumHeld":       passkeys.Registrable(idp.Subject{User: member, Policy: anyKey, Credentials: make([]idp.Credential, idp.MaxPasskeys)}, true),
	} {
		if got := reasonOf(got); got.name != want || got.words == "" {
			t.Errorf("%q: %+v", want, got)
		}
	}
	on := idp.DefaultMethodsPolicy()
	off := idp.DefaultMethodsPolicy()
	off.Email.Enabled = false
	emailCode := func(s idp.Subject, mails bool) idp.Reason {
		all := authmethods.All(authmethods.Config{Keys: nil, Passkeys: passkey.Method{}, Mails: mails})
		i := slices.IndexFunc(all, func(m idp.Method) bool { return m.Info().Kind == idp.EmailCode })
		return all[i].Offer(s)
	}
	mailbox := []idp.Credential{&idp.Mailbox{MailboxID: "m", UserID: "u"}}
	elsewhere := &idp.User{UserID: "u", Type: idp.ExternalGuest, External: idp.External{Source: idp.SourceHome}}
	first := idp.Redeems(idp.RedemptionFacts{Barred: map[idp.Source]idp.Reason{idp.SourceProvider: idp.NoProvider}})
	for want, got := range map[string]idp.Reason{
		"":                   emailCode(idp.Subject{User: guest, Policy: on, Credentials: mailbox}, true),
		"noMail":             emailCode(idp.Subject{User: guest, Policy: on, Credentials: mailbox}, false),
		"userInside":         emailCode(idp.Subject{User: member, Policy: on}, true),
		"methodDisabled":     emailCode(idp.Subject{User: guest, Policy: off, Credentials: mailbox}, true),
		"redeemedAnotherWay": emailCode(idp.Subject{User: elsewhere, Policy: on, Credentials: mailbox}, true),
		"noHomeTenant":       idp.RedemptionOf(on, guest, idp.Doors{}, idp.Offered).Of(idp.SourceHome),
		"noProvider":         first.Of(idp.SourceProvider),
		"anotherWayFirst":    first.Of(idp.SourceMail),
	} {
		if got := reasonOf(got); got.name != want || got.words == "" {
			t.Errorf("%q: %+v", want, got)
		}
	}
	if got := reasonOf("something new"); got.name != "other" || got.words != "something new" {
		t.Errorf("%+v", got)
	}
}
