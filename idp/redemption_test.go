package idp_test

import (
	"maps"
	"slices"
	"testing"

	"latchkey/idp"
)

// redeemsRow is who has redeemed by what, which ways are open, and what is told of each.
type redeemsRow struct {
	redeemed             idp.Source
	home, provider, mail bool // open
	want                 idp.Source
	sayHome              idp.Reason
	sayProvider          idp.Reason
	sayMail              idp.Reason
}

const (
	closedHome     = idp.NoHomeTenant
	closedProvider = idp.NoProvider
	closedMail     = idp.MethodDisabled
	another        = idp.AnotherWayFirst
	otherwise      = idp.RedeemedOtherway
	taken          = idp.Offered
)

// redeemsRows are all there are.
func redeemsRows() []redeemsRow {
	return []redeemsRow{
		{"", false, false, false, "", closedHome, closedProvider, closedMail},
		{"", false, false, true, "mail", closedHome, closedProvider, taken},
		{"", false, true, false, "provider", closedHome, taken, closedMail},
		{"", false, true, true, "provider", closedHome, taken, another},
		{"", true, false, false, "homeTenant", taken, closedProvider, closedMail},
		{"", true, false, true, "homeTenant", taken, closedProvider, another},
		{"", true, true, false, "homeTenant", taken, another, closedMail},
		{"", true, true, true, "homeTenant", taken, another, another},

		{"homeTenant", false, false, false, "", closedHome, otherwise, otherwise},
		{"homeTenant", false, false, true, "", closedHome, otherwise, otherwise},
		{"homeTenant", false, true, false, "", closedHome, otherwise, otherwise},
		{"homeTenant", false, true, true, "", closedHome, otherwise, otherwise},
		{"homeTenant", true, false, false, "homeTenant", taken, otherwise, otherwise},
		{"homeTenant", true, false, true, "homeTenant", taken, otherwise, otherwise},
		{"homeTenant", true, true, false, "homeTenant", taken, otherwise, otherwise},
		{"homeTenant", true, true, true, "homeTenant", taken, otherwise, otherwise},

		{"provider", false, false, false, "", otherwise, closedProvider, otherwise},
		{"provider", false, false, true, "", otherwise, closedProvider, otherwise},
		{"provider", false, true, false, "provider", otherwise, taken, otherwise},
		{"provider", false, true, true, "provider", otherwise, taken, otherwise},
		{"provider", true, false, false, "", otherwise, closedProvider, otherwise},
		{"provider", true, false, true, "", otherwise, closedProvider, otherwise},
		{"provider", true, true, false, "provider", otherwise, taken, otherwise},
		{"provider", true, true, true, "provider", otherwise, taken, otherwise},

		{"mail", false, false, false, "", otherwise, otherwise, closedMail},
		{"mail", false, false, true, "mail", otherwise, otherwise, taken},
		{"mail", false, true, false, "", otherwise, otherwise, closedMail},
		{"mail", false, true, true, "mail", otherwise, otherwise, taken},
		{"mail", true, false, false, "", otherwise, otherwise, closedMail},
		{"mail", true, false, true, "mail", otherwise, otherwise, taken},
		{"mail", true, true, false, "", otherwise, otherwise, closedMail},
		{"mail", true, true, true, "mail", otherwise, otherwise, taken},

		// What is no way any more is stayed with all the same.
		{"fax", true, true, true, "", otherwise, otherwise, otherwise},
	}
}

// TestRedeems: which way a guest signs in, and why no other, of all who may come.
func TestRedeems(t *testing.T) {
	t.Parallel()
	seen := map[redeemsRow]bool{}
	for _, c := range redeemsRows() {
		seen[redeemsRow{redeemed: c.redeemed, home: c.home, provider: c.provider, mail: c.mail}] = true
		barred := map[idp.Source]idp.Reason{}
		for s, closed := range map[idp.Source]struct {
			open bool
			why  idp.Reason
		}{idp.SourceHome: {c.home, closedHome}, idp.SourceProvider: {c.provider, closedProvider}, idp.SourceMail: {c.mail, closedMail}} {
			if !closed.open {
				barred[s] = closed.why
			}
		}
		before := maps.Clone(barred)
		got := idp.Redeems(idp.RedemptionFacts{Redeemed: c.redeemed, Barred: barred})
		ways := []idp.RedemptionWay{{Source: "homeTenant", Reason: c.sayHome}, {Source: "provider", Reason: c.sayProvider}, {Source: "mail", Reason: c.sayMail}}
		if got.Source != c.want || got.Sticky != (c.redeemed != "") || !slices.Equal(got.Ways, ways) {
			t.Errorf("%+v: %+v", c, got)
		}
		for _, w := range ways {
			if got.Of(w.Source) != w.Reason {
				t.Errorf("%+v: of %s %q", c, w.Source, got.Of(w.Source))
			}
		}
		if got.Of("fax") != idp.UnknownUser || got.Of("") != idp.UnknownUser {
			t.Errorf("%+v: what is no way is offered", c)
		}
		if !maps.Equal(barred, before) {
			t.Errorf("%+v: the facts are changed", c)
		}
	}
	if len(seen) != 33 {
		t.Errorf("%d combinations", len(seen))
	}
}

// TestRedemptionReason: the reason is of the way that the guest has taken before, or else of the last.
func TestRedemptionReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		redeemed idp.Source
		open     idp.Source
		want     idp.Reason
	}{
		{"", "", idp.MethodDisabled}, {idp.SourceMail, "", idp.MethodDisabled}, {idp.SourceProvider, "", idp.NoProvider}, {idp.SourceHome, idp.SourceMail, idp.NoHomeTenant},
		{"", idp.SourceHome, idp.Offered}, {idp.SourceProvider, idp.SourceProvider, idp.Offered},
		{"fax", idp.SourceMail, idp.RedeemedOtherway},
	} {
		barred := map[idp.Source]idp.Reason{idp.SourceHome: idp.NoHomeTenant, idp.SourceProvider: idp.NoProvider, idp.SourceMail: idp.MethodDisabled}
		delete(barred, c.open)
		if got := idp.Redeems(idp.RedemptionFacts{Redeemed: c.redeemed, Barred: barred}).Reason(); got != c.want {
			t.Errorf("redeemed by %q, open %q: %q, want %q", c.redeemed, c.open, got, c.want)
		}
	}
}

// TestRedemptionOf: of a guest as the policy is, with or without mail in the deployment.
func TestRedemptionOf(t *testing.T) {
	t.Parallel()
	guest := anna()
	guest.Type = idp.ExternalGuest
	other := *guest
	other.External.Source = idp.SourceProvider
	off := idp.DefaultMethodsPolicy()
	off.Email.Enabled = false
	for name, c := range map[string]struct {
		policy *idp.MethodsPolicy
		user   *idp.User
		codes  idp.Reason
		source idp.Source
		why    idp.Reason
	}{
		"as it comes":                     {idp.DefaultMethodsPolicy(), guest, idp.Offered, idp.SourceMail, idp.Offered},
		"off":                             {off, guest, idp.Offered, "", idp.MethodDisabled},
		"no mail":                         {idp.DefaultMethodsPolicy(), guest, idp.NoMail, "", idp.NoMail},
		"no mail, and off":                {off, guest, idp.NoMail, "", idp.NoMail},
		"one of the house":                {idp.DefaultMethodsPolicy(), anna(), idp.Offered, "", idp.InsideUser},
		"redeemed at a provider":          {idp.DefaultMethodsPolicy(), &other, idp.Offered, "", idp.RedeemedOtherway},
		"redeemed at a provider, and off": {off, &other, idp.Offered, "", idp.RedeemedOtherway},
	} {
		r := idp.RedemptionOf(c.policy, c.user, idp.Doors{}, c.codes)
		if r.Source != c.source || r.Of(idp.SourceMail) != c.why || r.Of(idp.SourceHome) == idp.Offered || r.Of(idp.SourceProvider) == idp.Offered {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
