package admin_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// stronger is the person when they have just proved more than one factor.
func stronger(a idp.Actor) idp.Actor {
	a.Strong = true
	return a
}

// giveKey gives somebody a passkey, of their own making unless changed.
func (w *world) giveKey(u *idp.User, name string, change ...func(*idp.Passkey)) *idp.Passkey {
	w.Helper()
	w.pass(time.Millisecond)
	p := &idp.Passkey{
		PasskeyID: idp.NewID(), UserID: u.UserID, Name: name, Credential: []byte(idp.NewID()), CreatedAt: w.now(),
		AAGUID: "00000000-0000-0000-0000-000000000000", Synced: true,
	}
	for _, c := range change {
		c(p)
	}
	w.put(p)
	return p
}

// rest puts a session and a grant of a user that rest on a credential.
func (w *world) rest(u *idp.User, credential string) (*idp.Session, *idp.Grant) {
	w.Helper()
	s := &idp.Session{
		SessionID: idp.NewID(), UserID: u.UserID, Secret: idp.NewID(), CreatedAt: w.now(), NotAfter: w.now().Add(24 * time.Hour),
		Proofs: []idp.Proof{{Credential: credential, At: w.now(), MFA: true}},
	}
	g := &idp.Grant{GrantID: idp.NewID(), ClientID: "web", UserID: u.UserID, SessionID: s.SessionID, Credentials: []string{credential}, CreatedAt: w.now(), NotAfter: s.NotAfter}
	w.put(s, g)
	return s, g
}

// wantEnded tells whether a session and a grant are over now.
func (w *world) wantEnded(what string, s *idp.Session, g *idp.Grant, want bool) {
	w.Helper()
	s, g = get[idp.Session](w, s.SessionID), get[idp.Grant](w, g.GrantID)
	if s.EndedAt.Equal(w.now()) != want || g.RevokedAt.Equal(w.now()) != want || want && (s.EndedAs != idp.GrantRevoked || g.RevokedAs != idp.GrantRevoked) {
		w.Errorf("%s: session %+v, grant %+v, want ended %t", what, s, g, want)
	}
}

// hasMail gives somebody an address.
func (w *world) hasMail(u *idp.User) {
	w.Helper()
	u.Profile.Email = "private@mail.example"
	w.put(u)
}

// wantMails looks at the mails that people are owed, each as "to: about name", and takes
// them away.
func (w *world) wantMails(want ...string) {
	w.Helper()
	var got []string
	for _, m := range all[idp.Mail](w) {
		got = append(got, fmt.Sprintf("%s: %s %s %s", m.To, m.About, m.Details["Method"], m.Details["Name"]))
		w.must(w.store.Update(w.ctx, tenantID, func(tx *storage.Tx) error { return tx.Delete(m) }))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		w.Errorf("mails %q\nwant  %q", got, want)
	}
}

// TestPassGivenIsTold: whoever is given a pass hears of it by mail, without its code, as
// somebody else may be the one who signs in with it.
func TestPassGivenIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hasMail(w.user)
	w.givePass(name, idp.PassRequest{})
	w.wantMails("private@mail.example: pass-given temporaryAccessPass ")
}

// names are how somebody's passkeys are called, in order.
func (w *world) names(u *idp.User) (names []string) {
	w.Helper()
	infos, err := w.admin.Passkeys(w.ctx, op, tenantID, u.UserID)
	w.must(err)
	for _, p := range infos {
		names = append(names, p.Name)
	}
	return names
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	second := w.giveKey(w.user, "Second", func(p *idp.Passkey) { p.CreatedAt = p.CreatedAt.Add(time.Hour) })
	w.giveKey(w.user, "First")
	w.giveKey(bob, "Bob's")
	if got := w.names(w.user); !slices.Equal(got, []string{"First", "Second"}) {
		t.Errorf("%q", got)
	}
	second.CopiedAt = w.now()
	w.put(second)
	infos, err := w.admin.Passkeys(w.ctx, op, tenantID, name)
	if err != nil || infos[0].Reason != idp.Offered || infos[1].Reason != idp.CopiedPasskey {
		t.Errorf("%+v, %v", infos, err)
	}
	w.must(err2(w.admin.UpdatePasskeyPolicy(w.ctx, op, tenantID, admin.PasskeyPolicyChange{Synced: new(false)})))
	if infos, err = w.admin.Passkeys(w.ctx, op, tenantID, name); err != nil || infos[0].Reason != idp.ForbiddenPasskey {
		t.Errorf("%+v, %v", infos, err)
	}
}

func TestRenamePasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	w.hasMail(w.user)
	key, bobs := w.giveKey(w.user, "Phone"), w.giveKey(bob, "Bob's")
	s, g := w.rest(w.user, key.PasskeyID)
	self := stronger(idp.Person(tenantID, w.user))
	rename := func(a idp.Actor, id, to string) func() error {
		return func() error { return err2(w.admin.RenamePasskey(w.ctx, a, tenantID, name, id, to)) }
	}
	w.pass(time.Minute)
	w.must(rename(self, key.PasskeyID, "Old phone")())
	w.wantEvent(self.Party, userParty(w.user), "User updated security info", "UserManagement", "Authentication Methods", "User renamed passkey method")
	e := w.newest()
	if len(e.Modified) != 1 || e.Modified[0] != (idp.Modified{Name: "Name", Old: `"Phone"`, New: `"Old phone"`}) || e.Details["method"] != key.PasskeyID || e.Details["name"] != "Old phone" || !e.Passing {
		t.Errorf("%+v", e)
	}
	w.wantMails("private@mail.example: method-renamed passkey Old phone")

	w.pass(time.Minute)
	w.must(rename(op, key.PasskeyID, "Phone 2")())
	w.wantEvent(op.Party, userParty(w.user), "Admin updated security info", "UserManagement", "Authentication Methods", "Admin renamed passkey method for user")
	w.wantMails("private@mail.example: method-renamed passkey Phone 2")
	before := len(w.log())
	w.must(rename(op, key.PasskeyID, "Phone 2")()) // which it is called already
	if got := get[idp.Passkey](w, key.PasskeyID); got.Name != "Phone 2" || !got.CreatedAt.Equal(key.CreatedAt) || len(w.log()) != before {
		t.Errorf("%+v, %d lines of the log", got, len(w.log())-before)
	}
	w.wantMails()
	w.wantEnded("renamed", s, g, false)

	w.wantError("another's", idp.NotFound, fmt.Sprintf("%s has no passkey %q.", name, bobs.PasskeyID), rename(op, bobs.PasskeyID, "Mine"))
	w.wantError("none", idp.NotFound, name+` has no passkey "x".`, rename(op, "x", "Mine"))
	w.wantError("no name", idp.Invalid, "A passkey needs a name of at most 256 bytes, without control characters.", rename(self, key.PasskeyID, " "))
	w.wantError("nobody", idp.NotFound, `There is no user "x".`, func() error {
		return err2(w.admin.RenamePasskey(w.ctx, op, tenantID, "x", key.PasskeyID, "Mine"))
	})
	weak := idp.Person(tenantID, w.user)
	w.wantError("without a strong proof", idp.Forbidden, idp.ErrStepUp.Error(), rename(weak, key.PasskeyID, "Mine"))
}

// TestDeletePasskey: what came from the passkey ends with it, and nothing else does.
func TestDeletePasskey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hasMail(w.user)
	self := stronger(idp.Person(tenantID, w.user))
	for who, c := range map[string]struct {
		actor            idp.Actor
		activity, reason string
	}{
		"oneself":          {self, "User deleted security info", "User deleted passkey method"},
		"an administrator": {op, "Admin deleted security info", "Admin deleted passkey method for user"},
	} {
		lost, kept := w.giveKey(w.user, "Lost"), w.giveKey(w.user, "Kept")
		s, g := w.rest(w.user, lost.PasskeyID)
		otherS, otherG := w.rest(w.user, kept.PasskeyID)
		w.pass(time.Minute)
		remove := func() error { return w.admin.DeletePasskey(w.ctx, c.actor, tenantID, name, lost.PasskeyID) }
		w.must(remove())
		w.wantEvent(c.actor.Party, userParty(w.user), c.activity, "UserManagement", "Authentication Methods", c.reason)
		if e := w.newest(); e.Details["method"] != lost.PasskeyID || e.Details["name"] != "Lost" {
			t.Errorf("by %s: %+v", who, e)
		}
		w.wantMails("private@mail.example: method-removed passkey Lost")
		w.wantEnded("by "+who, s, g, true)
		w.wantEnded("by "+who+": the other's", otherS, otherG, false)
		if got := w.names(w.user); !slices.Equal(got, []string{"Kept"}) {
			t.Errorf("by %s: left %q", who, got)
		}
		w.wantError("again", idp.NotFound, fmt.Sprintf("%s has no passkey %q.", name, lost.PasskeyID), remove)
		w.must(w.admin.DeletePasskey(w.ctx, op, tenantID, name, kept.PasskeyID))
		w.wantMails("private@mail.example: method-removed passkey Kept")
	}
	key := w.giveKey(w.user, "Phone")
	w.wantError("without a strong proof", idp.Forbidden, idp.ErrStepUp.Error(), func() error {
		return w.admin.DeletePasskey(w.ctx, idp.Person(tenantID, w.user), tenantID, name, key.PasskeyID)
	})
	bob := w.newUser("bob@contoso.example")
	bobs := w.giveKey(bob, "Bob's")
	w.wantError("another's", idp.NotFound, fmt.Sprintf("%s has no passkey %q.", name, bobs.PasskeyID), func() error {
		return w.admin.DeletePasskey(w.ctx, self, tenantID, name, bobs.PasskeyID)
	})
}

// TestPasskeysOfThePrivileged: who may do it to ordinary people may not to privileged ones,
// and an app by itself may not either.
func TestPasskeysOfThePrivileged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := get[idp.User](w, w.person("boss", idp.GlobalAdministrator).ID)
	helper := w.person("helper", idp.AuthenticationAdministrator)
	byItself := app("UserAuthMethod-Passkey.ReadWrite.All", "UserAuthMethod-Passkey.Read.All")
	key, theirs := w.giveKey(w.user, "Phone"), w.giveKey(boss, "Boss's")
	for who, a := range map[string]idp.Actor{"an administrator": helper, "an app": byItself} {
		w.must(err2(w.admin.RenamePasskey(w.ctx, a, tenantID, name, key.PasskeyID, "Named by "+who)))
		w.wantRefused(who+" renames", func() error {
			return err2(w.admin.RenamePasskey(w.ctx, a, tenantID, boss.UserID, theirs.PasskeyID, "Mine"))
		})
		w.wantRefused(who+" deletes", func() error { return w.admin.DeletePasskey(w.ctx, a, tenantID, boss.UserID, theirs.PasskeyID) })
	}
	w.wantRefused("an administrator reads", func() error { return err2(w.admin.Passkeys(w.ctx, helper, tenantID, boss.UserID)) })
	w.must(w.admin.DeletePasskey(w.ctx, helper, tenantID, name, key.PasskeyID))
}

// TestGivenPasskeysGoWithPrivilege: when somebody becomes privileged, a passkey that one
// who may not give privileged people any has registered for them is taken away, in the log
// and by mail; others stay.
func TestGivenPasskeysGoWithPrivilege(t *testing.T) {
	t.Parallel()
	for how, raise := range map[string]func(*world) error{
		"by a role": func(w *world) error {
			return err2(w.admin.AssignRole(w.ctx, op, tenantID, idp.GlobalReader, name))
		},
		"by a guarded group": func(w *world) error {
			w.guardedGroup()
			return err2(w.admin.AddMember(w.ctx, op, tenantID, guarded, name))
		},
	} {
		w := newWorld(t)
		w.hasMail(w.user)
		w.giveKey(w.user, "Own")
		w.giveKey(w.user, "Given by one who may", func(p *idp.Passkey) { p.GivenBy, p.ForPrivileged = "chief", true })
		given := w.giveKey(w.user, "Given", func(p *idp.Passkey) { p.GivenBy = "helper" })
		s, g := w.rest(w.user, given.PasskeyID)
		w.must(err2(w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{DisplayName: new("A")})))
		w.must(err2(w.admin.AssignRole(w.ctx, op, tenantID, idp.GuestInviter, name))) // which is not privileged
		if got := w.names(w.user); len(got) != 3 {
			t.Errorf("%s: too early: %q", how, got)
		}
		w.pass(time.Minute)
		w.must(raise(w))
		if got := w.names(w.user); !slices.Equal(got, []string{"Own", "Given by one who may"}) {
			t.Errorf("%s: left %q", how, got)
		}
		w.wantEnded(how, s, g, true)
		w.wantMails("private@mail.example: method-removed passkey Given")
		if n := w.count("Admin deleted security info"); n != 1 {
			t.Errorf("%s: the log tells %d times", how, n)
		}
	}
}

// TestDeleteUserRemovesCredentials: nothing that somebody signed in with outlives them.
func TestDeleteUserRemovesCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allowPasswords()
	bob := w.newUser("bob@contoso.example")
	for _, u := range []*idp.User{w.user, bob} {
		w.giveKey(u, "One")
		w.giveKey(u, "Two")
		w.givePassword(u)
	}
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, name))
	keys, words := all[idp.Passkey](w), all[idp.Password](w)
	if len(keys) != 2 || keys[0].UserID != bob.UserID || keys[1].UserID != bob.UserID || len(words) != 1 || words[0].UserID != bob.UserID {
		t.Errorf("%+v\n%+v", keys, words)
	}
	reused := *keys[0] // a credential of somebody who is gone is free
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, bob.UserID))
	w.must(w.store.Update(w.ctx, tenantID, func(tx *storage.Tx) error {
		got, err := idp.FindPasskey(tx, reused.Credential)
		if !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%+v, %v", got, err)
		}
		return nil
	}))
}

func TestPreferMethod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allowPasswords()
	self := stronger(idp.Person(tenantID, w.user))
	prefer := func(a idp.Actor, k idp.Kind) func() error {
		return func() error { return w.admin.PreferMethod(w.ctx, a, tenantID, name, k) }
	}
	w.wantError("none yet", idp.Invalid, name+" has no password to sign in with.", prefer(self, idp.PasswordMethod))
	w.givePassword(w.user)
	w.pass(time.Minute)
	w.must(prefer(self, idp.PasswordMethod)())
	w.wantEvent(self.Party, userParty(w.user), "Update sign-in preferences", "UserManagement", "Authentication Methods", "")
	if u := get[idp.User](w, w.user.UserID); u.Preferred != idp.PasswordMethod {
		t.Errorf("%+v", u)
	}
	before := len(w.log())
	w.must(prefer(self, idp.PasswordMethod)())
	if n := len(w.log()) - before; n != 0 {
		t.Errorf("%d lines about nothing", n)
	}
	w.wantError("without a strong proof", idp.Forbidden, idp.ErrStepUp.Error(), prefer(idp.Person(tenantID, w.user), ""))
	w.wantError("what there is not", idp.Invalid, name+" has no passkey to sign in with.", prefer(self, idp.PasskeyMethod))
	w.wantError("a pass, which comes first anyway", idp.Invalid, name+" has no temporaryAccessPass to sign in with.", prefer(self, idp.TemporaryAccessPass))
	w.must(prefer(self, "")())
	if u := get[idp.User](w, w.user.UserID); u.Preferred != "" {
		t.Errorf("%+v", u)
	}
}
