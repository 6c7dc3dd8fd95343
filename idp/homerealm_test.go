package idp_test

import (
	"testing"

	"latchkey/idp"
)

// TestDiscover is the table of where somebody signs in.
func TestDiscover(t *testing.T) {
	t.Parallel()
	on, off := &idp.Federation{Name: "Login"}, &idp.Federation{Disabled: true}
	deaf := &idp.Federation{IgnoreHints: true}
	own := func(f *idp.Federation) idp.Doors {
		return idp.Doors{Domain: "branch.example", Own: true, Federation: f}
	}
	const name = "sam@branch.example"
	for _, c := range []struct {
		what  string
		facts idp.RealmFacts
		at    *idp.Federation
		by    idp.Kind
		pause bool
		why   idp.Reason
	}{
		{"a name of a federated domain", idp.RealmFacts{Name: name, First: idp.FederatedDomain, Named: own(on)}, on, idp.FederatedDomain, false, ""},
		{"who holds a pass", idp.RealmFacts{Name: name, First: idp.TemporaryAccessPass, Named: own(on)}, nil, idp.TemporaryAccessPass, false, idp.RealmHolder},
		{"who holds a passkey", idp.RealmFacts{Name: name, First: idp.PasskeyMethod, Named: own(on)}, nil, idp.PasskeyMethod, false, idp.RealmHolder},
		{"a hint beside the name of a holder", idp.RealmFacts{Name: name, First: idp.TemporaryAccessPass, Named: own(on), Hint: "branch.example", Hints: own(on), Familiar: true}, nil, idp.TemporaryAccessPass, false, idp.RealmHolder},
		{"a hint at another domain than the name's", idp.RealmFacts{Name: "noor@contoso.example", First: idp.PasskeyMethod, Named: own(nil), Hint: "branch.example", Hints: own(on), Familiar: true}, nil, idp.PasskeyMethod, false, idp.NotFederated},
		{"a provider that is disabled", idp.RealmFacts{Name: name, First: idp.PasswordMethod, Named: own(off)}, nil, idp.PasswordMethod, false, idp.ProviderDisabled},
		{"a managed domain", idp.RealmFacts{Name: name, First: idp.PasswordMethod, Named: own(nil)}, nil, idp.PasswordMethod, false, idp.NotFederated},
		{"a guest", idp.RealmFacts{Name: "lea@partner.example", First: idp.EmailCode, Named: idp.Doors{Domain: "partner.example"}}, nil, idp.EmailCode, false, idp.RealmGuest},
		{"a guest by a hint, too", idp.RealmFacts{Name: "lea@partner.example", First: idp.EmailCode, Named: idp.Doors{Domain: "partner.example"}, Hint: "branch.example", Hints: own(on), Familiar: true}, nil, idp.EmailCode, false, idp.RealmGuest},
		{"nothing", idp.RealmFacts{}, nil, "", false, idp.RealmNoHint},
		{"a hint, in a browser that is known", idp.RealmFacts{Hint: "branch.example", Hints: own(on), Familiar: true}, on, idp.FederatedDomain, false, ""},
		{"a hint, in one that is not", idp.RealmFacts{Hint: "branch.example", Hints: own(on)}, on, idp.FederatedDomain, true, ""},
		{"a hint at a managed domain", idp.RealmFacts{Hint: "contoso.example", Hints: own(nil), Familiar: true}, nil, "", false, idp.RealmBadHint},
		{"a hint at a domain of guests", idp.RealmFacts{Hint: "partner.example", Hints: idp.Doors{Domain: "partner.example", Federation: on}, Familiar: true}, nil, "", false, idp.RealmBadHint},
		{"a hint at a provider that is disabled", idp.RealmFacts{Hint: "branch.example", Hints: own(off), Familiar: true}, nil, "", false, idp.ProviderDisabled},
		{"a hint at one that takes none", idp.RealmFacts{Hint: "branch.example", Hints: own(deaf), Familiar: true}, nil, "", false, idp.RealmIgnored},
		{"a hint, but the person wants to say who they are", idp.RealmFacts{Hint: "branch.example", Hints: own(on), Familiar: true, Asked: true}, nil, "", false, idp.RealmAsked},
	} {
		got := idp.Discover(c.facts)
		if got.Federation != c.at || got.Method != c.by || got.Pause != c.pause || got.Why != c.why {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}

// TestDoors: what a domain opens to whom.
func TestDoors(t *testing.T) {
	t.Parallel()
	on, off := &idp.Federation{}, &idp.Federation{Disabled: true}
	home := &idp.Home{Tenant: &idp.Tenant{TenantID: tenantID}, Partner: idp.DefaultCrossTenantPolicy().Default}
	shut := &idp.Home{Tenant: home.Tenant, Partner: idp.Partner{Inbound: idp.AccessBlocked}}
	for _, c := range []struct {
		doors              idp.Doors
		own, guests, homes idp.Reason
	}{
		{idp.Doors{Own: true, Federation: on}, idp.Offered, idp.NoProvider, idp.NoHomeTenant},
		{idp.Doors{Own: true, Federation: off}, idp.ProviderDisabled, idp.NoProvider, idp.NoHomeTenant},
		{idp.Doors{Own: true, Home: home}, idp.NotFederated, idp.NoProvider, idp.NoHomeTenant},
		{idp.Doors{Federation: on}, idp.NotFederated, idp.Offered, idp.NoHomeTenant},
		{idp.Doors{Federation: off, Home: home}, idp.NotFederated, idp.ProviderDisabled, idp.Offered},
		{idp.Doors{Home: shut}, idp.NotFederated, idp.NoProvider, idp.HomeBlocked},
		{idp.Doors{}, idp.NotFederated, idp.NoProvider, idp.NoHomeTenant},
	} {
		if own, guests, homes := c.doors.FederatesOwn(), c.doors.FederatesGuests(), c.doors.OpensHome(); own != c.own || guests != c.guests || homes != c.homes {
			t.Errorf("%+v: %q, %q, %q", c.doors, own, guests, homes)
		}
	}
}
