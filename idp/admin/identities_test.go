package admin_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const authService = "Authentication Methods"

// branchWorld has a domain that is federated, and somebody of it who gets mail.
func branchWorld(t *testing.T) (w *world, f *idp.Federation, sam *idp.User) {
	t.Helper()
	w = newWorld(t)
	w.must(err2(w.admin.AddDomain(w.ctx, op, tenantID, "branch.example")))
	f, sam = w.federate("branch.example"), w.newUser("sam@branch.example")
	w.hasMail(sam)
	return w, f, sam
}

func (w *world) link(u *idp.User, f *idp.Federation, subject string) *idp.Identity {
	w.Helper()
	w.pass(time.Millisecond)
	id, err := w.admin.LinkIdentity(w.ctx, op, tenantID, u.UserID, f.FederationID, subject)
	w.must(err)
	return id
}

// TestLinkIdentity: who somebody is at a provider is kept, told of in the log, and told the
// person.
func TestLinkIdentity(t *testing.T) {
	t.Parallel()
	w, f, sam := branchWorld(t)
	id := w.link(sam, f, "248289761001")
	w.wantEvent(op.Party, userParty(sam), "Link external identity", "UserManagement", authService, "")
	if e := w.newest(); e.Details["subject"] != "248289761001" || e.Details["provider"] != f.FederationID || e.Details["issuer"] != f.Issuer || e.Details["identity"] != id.IdentityID {
		t.Errorf("%+v", e.Details)
	}
	w.wantMails("private@mail.example: identity-linked federation Login")
	ids, err := w.admin.Identities(w.ctx, op, tenantID, sam.UserID)
	w.must(err)
	want := idp.Identity{
		IdentityID: id.IdentityID, UserID: sam.UserID, Provider: f.FederationID, Issuer: f.Issuer, Subject: "248289761001", Address: "sam@branch.example", CreatedAt: w.now(),
	}
	if len(ids) != 1 || *ids[0] != want {
		t.Errorf("%+v\nwant %+v", ids, want)
	}
	if ids, err := w.admin.Identities(w.ctx, op, tenantID, name); err != nil || len(ids) != 0 {
		t.Errorf("%+v, %v", ids, err)
	}
}

// TestLinkRefused: one user is one person of a provider, and of a provider that answers for
// their domain.
func TestLinkRefused(t *testing.T) {
	t.Parallel()
	w, f, sam := branchWorld(t)
	kim := w.newUser("kim@branch.example")
	w.link(sam, f, "sam")
	const (
		linked  = "Either the user is linked with another account at that provider already, or that account with another user."
		subject = "A subject has between 1 and 255 characters of ASCII: it is the id of the person at the provider (sub)."
	)
	for _, c := range []struct {
		name, user, federation, subject string
		code                            idp.Code
		text                            string
	}{
		{"a second person", sam.UserID, f.FederationID, "samuel", idp.Conflict, linked},
		{"the same again", sam.UserID, f.FederationID, "sam", idp.Conflict, linked},
		{"somebody else's person", kim.UserID, f.FederationID, "sam", idp.Conflict, linked},
		{"a user of another domain", name, f.FederationID, "anna", idp.Invalid, name + " is not in a domain of Login."},
		{"no subject", kim.UserID, f.FederationID, "", idp.Invalid, subject},
		{"a long subject", kim.UserID, f.FederationID, strings.Repeat("a", 256), idp.Invalid, subject},
		{"a subject of other letters", kim.UserID, f.FederationID, "kím", idp.Invalid, subject},
		{"a subject with a line", kim.UserID, f.FederationID, "kim\n", idp.Invalid, subject},
		{"no such provider", kim.UserID, "other.example", "kim", idp.NotFound, `Contoso has no federation "other.example".`},
		{"no such user", nobodyID, f.FederationID, "kim", idp.NotFound, `There is no user "` + nobodyID + `".`},
	} {
		w.wantError(c.name, c.code, c.text, func() error {
			return err2(w.admin.LinkIdentity(w.ctx, op, tenantID, c.user, c.federation, c.subject))
		})
	}
	w.link(kim, f, strings.Repeat("k", 255))
}

// TestLinkAtOnce: of many links at once a user gets one, and a person elsewhere one user.
func TestLinkAtOnce(t *testing.T) {
	t.Parallel()
	w, f, sam := branchWorld(t)
	kim := w.newUser("kim@branch.example")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			u, subject := sam, "one"
			if i%2 == 0 {
				u = kim
			}
			if i%3 == 0 {
				subject = "two"
			}
			_, _ = w.admin.LinkIdentity(w.ctx, op, tenantID, u.UserID, f.FederationID, subject)
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, u := range []*idp.User{sam, kim} {
		ids, err := w.admin.Identities(w.ctx, op, tenantID, u.UserID)
		w.must(err)
		if len(ids) != 1 || seen[ids[0].Subject] {
			t.Fatalf("%s: %+v", u.PrincipalName, ids)
		}
		seen[ids[0].Subject] = true
	}
}

// TestWhoLinks: saying who an administrator is elsewhere takes who looks after the methods of
// administrators, and nobody says it of themselves.
func TestWhoLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.federate("contoso.example")
	member := w.newUser("member@contoso.example")
	boss := get[idp.User](w, w.person("boss", idp.GlobalAdministrator).ID)
	both := func(what string, a idp.Actor, u *idp.User, want bool) {
		t.Helper()
		w.pass(time.Millisecond)
		held := w.link(u, f, idp.NewID())
		unlinked := w.admin.UnlinkIdentity(w.ctx, a, tenantID, u.UserID, held.IdentityID)
		if unlinked != nil {
			w.must(w.admin.UnlinkIdentity(w.ctx, op, tenantID, u.UserID, held.IdentityID))
		}
		linked := err2(w.admin.LinkIdentity(w.ctx, a, tenantID, u.UserID, f.FederationID, "sub"))
		for verb, err := range map[string]error{"unlinks": unlinked, "links": linked} {
			if (err == nil) != want || err != nil && idp.ErrorCode(err) != idp.Forbidden {
				t.Errorf("%s %s: %v", what, verb, err)
			}
		}
		for _, id := range all[idp.Identity](w) {
			w.must(w.admin.UnlinkIdentity(w.ctx, op, tenantID, id.UserID, id.IdentityID))
		}
	}
	const permission = "UserAuthenticationMethod.ReadWrite.All"
	for what, c := range map[string]struct {
		a             idp.Actor
		members, boss bool
	}{
		"a Global Administrator":                    {w.person("chief", idp.GlobalAdministrator), true, true},
		"a Privileged Authentication Administrator": {w.person("keys", idp.PrivilegedAuthenticationAdmin), true, true},
		"an Authentication Administrator":           {w.person("desk", idp.AuthenticationAdministrator), true, false},
		"who looks after providers":                 {w.person("providers", idp.ExternalIdentityProviderAdmin), false, false},
		"who looks after users":                     {w.person("users", idp.UserAdministrator), false, false},
		"a Global Reader":                           {w.person("reader", idp.GlobalReader), false, false},
		"a member":                                  {w.person("ordinary"), false, false},
		"an app that may":                           {app(permission), true, false},
		"an app that may change providers":          {app("IdentityProvider.ReadWrite.All"), false, false},
		"an administrator through an app that may":  {through(w.person("mighty", idp.GlobalAdministrator), permission), true, true},
		"an administrator through one that may not": {through(w.person("bound", idp.GlobalAdministrator), "User.Read.All"), false, false},
	} {
		both(what+", of a member,", c.a, member, c.members)
		both(what+", of an administrator,", c.a, boss, c.boss)
	}
	both("an administrator, of themselves,", idp.Person(tenantID, boss), boss, false)
}

// TestUnlinkIdentity: what came from a link ends with it, and nothing else does.
func TestUnlinkIdentity(t *testing.T) {
	t.Parallel()
	w, f, sam := branchWorld(t)
	kim := w.newUser("kim@branch.example")
	id, kims := w.link(sam, f, "sam"), w.link(kim, f, "kim")
	w.wantMails("private@mail.example: identity-linked federation Login")
	s, g := w.rest(sam, id.IdentityID)
	others, othersGrant := w.rest(kim, kims.IdentityID)
	for _, wrong := range []string{kims.IdentityID, nobodyID, ""} {
		w.wantError("not Sam's", idp.NotFound, `sam@branch.example has no identity "`+wrong+`".`, func() error {
			return w.admin.UnlinkIdentity(w.ctx, op, tenantID, sam.UserID, wrong)
		})
	}
	w.pass(time.Second)
	w.must(w.admin.UnlinkIdentity(w.ctx, op, tenantID, sam.UserID, id.IdentityID))
	w.wantEvent(op.Party, userParty(sam), "Unlink external identity", "UserManagement", authService, "")
	w.wantMails("private@mail.example: identity-unlinked federation Login")
	w.wantEnded("Sam's", s, g, true)
	w.wantEnded("Kim's", others, othersGrant, false)
	if ids := all[idp.Identity](w); len(ids) != 1 || ids[0].IdentityID != kims.IdentityID {
		t.Errorf("%+v", ids)
	}
}

// TestUnlinkHome: a guest who is at home in another tenant is unlinked likewise, and told of
// which way of signing in.
func TestUnlinkHome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := w.accepted("lea@litware.example", idp.SourceHome)
	id := idp.NewIdentity(guest.UserID, &idp.Outside{Provider: otherID, Issuer: otherID, Subject: "lea"}, w.now())
	w.put(id)
	w.must(w.admin.UnlinkIdentity(w.ctx, op, tenantID, guest.UserID, id.IdentityID))
	w.wantMails("lea@litware.example: identity-unlinked homeTenant ")
}

// TestLinkGuest: a guest of a provider's domain is linked by their mail address.
func TestLinkGuest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.federate("litware.example")
	guest := w.accepted("lea@litware.example", idp.SourceProvider)
	if id := w.link(guest, f, "lea"); id.Address != "lea@litware.example" {
		t.Errorf("%+v", id)
	}
	w.wantMails("lea@litware.example: identity-linked guestProvider Login")
}

// TestIdentitiesGo: who somebody is elsewhere is gone with them, and with the redemption of a
// guest who is put back; what came from it is over.
func TestIdentitiesGo(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(w *world, guest *idp.User) error{
		"deleted": func(w *world, guest *idp.User) error { return w.admin.DeleteUser(w.ctx, op, tenantID, guest.UserID) },
		"put back": func(w *world, guest *idp.User) error {
			req := invitation("lea@litware.example")
			req.Reset = guest.UserID
			return err2(w.admin.Invite(w.ctx, op, tenantID, req))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f := w.federate("litware.example", "contoso.example")
			guest := w.accepted("lea@litware.example", idp.SourceProvider)
			id, kept := w.link(guest, f, "lea"), w.link(w.user, f, "anna")
			s, g := w.rest(guest, id.IdentityID)
			w.pass(time.Second)
			w.must(do(w, guest))
			if ids := all[idp.Identity](w); len(ids) != 1 || ids[0].IdentityID != kept.IdentityID {
				t.Errorf("%+v", ids)
			}
			if s, g := get[idp.Session](w, s.SessionID), get[idp.Grant](w, g.GrantID); s.EndedAt.IsZero() || g.RevokedAt.IsZero() {
				t.Errorf("session %+v, grant %+v", s, g)
			}
		})
	}
}

// TestLinkFromBefore: a link that was made by who may make one for ordinary users alone, or by one
// where two are wanted, does not become one of an administrator; nor is one made then.
func TestLinkFromBefore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, role string
		two, kept  bool
	}{
		{"who may for ordinary users alone", idp.AuthenticationAdministrator, false, false},
		{"who may for anybody", idp.PrivilegedAuthenticationAdmin, false, true},
		{"one, where two are wanted", idp.PrivilegedAuthenticationAdmin, true, false},
	} {
		for rises, rise := range map[string]func(*world, *idp.User) error{
			"role": func(w *world, sam *idp.User) error {
				return err2(w.admin.AssignRole(w.ctx, op, tenantID, idp.GlobalAdministrator, sam.UserID))
			},
			"group": func(w *world, sam *idp.User) error {
				return err2(w.admin.AddMember(w.ctx, op, tenantID, w.guardedGroup().GroupID, sam.UserID))
			},
		} {
			t.Run(c.what+", "+rises, func(t *testing.T) {
				t.Parallel()
				w, f, sam := branchWorld(t)
				w.change(admin.PassPolicyChange{Approval: &c.two})
				linker := w.person("linker", c.role)
				id, err := w.admin.LinkIdentity(w.ctx, linker, tenantID, sam.UserID, f.FederationID, "linkers-own")
				w.must(err)
				s, g := w.rest(sam, id.IdentityID)
				w.pass(time.Second)
				w.must(rise(w, sam))
				if left := len(all[idp.Identity](w)); (left == 1) != c.kept {
					t.Errorf("%d links are left", left)
				}
				w.wantEnded("of it", s, g, !c.kept)
				err = err2(w.admin.LinkIdentity(w.ctx, linker, tenantID, sam.UserID, f.FederationID, "another"))
				if want := idp.Forbidden; !c.kept && idp.ErrorCode(err) != want {
					t.Errorf("of a privileged user: %v", err)
				}
			})
		}
	}
}
