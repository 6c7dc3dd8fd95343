package admin_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage/mem"
)

const goodPassword = "correct horse battery"

// allowPasswords turns passwords on, for everybody.
func (w *world) allowPasswords() {
	w.Helper()
	w.must(err2(w.admin.UpdatePasswordPolicy(w.ctx, op, tenantID, admin.PasswordPolicyChange{Enabled: new(true)})))
}

func (w *world) givePassword(u *idp.User) {
	w.Helper()
	w.pass(time.Millisecond)
	w.must(w.admin.SetPassword(w.ctx, stronger(idp.Person(tenantID, u)), tenantID, u.UserID, goodPassword))
}

// takes tells whether a password signs somebody in.
func (w *world) takes(u *idp.User, typed string) bool {
	w.Helper()
	for _, p := range all[idp.Password](w) {
		if p.UserID == u.UserID {
			return w.keys.Verify(p.Verifier, tenantID, u.UserID, p.Kind(), p.PasswordID, idp.CanonicalPassword(typed))
		}
	}
	return false
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hasMail(w.user)
	self := stronger(idp.Person(tenantID, w.user))
	set := func(a idp.Actor, typed string) func() error {
		return func() error { return w.admin.SetPassword(w.ctx, a, tenantID, name, typed) }
	}
	w.wantError("off", idp.Invalid, "This organization does not use passwords.", set(self, goodPassword))
	w.allowPasswords()
	w.wantError("none", idp.NotFound, name+" has no password.", func() error { return err2(w.admin.Password(w.ctx, op, tenantID, name)) })
	w.pass(time.Minute)
	w.must(set(self, "corre\u0301ct horse battery")())
	w.wantEvent(self.Party, userParty(w.user), "User registered security info", "UserManagement", "Authentication Methods", "User registered password method")
	w.wantMails("private@mail.example: password-set password ")
	if !w.takes(w.user, "corr\u00e9ct horse battery") || w.takes(w.user, goodPassword) {
		t.Error("what was set is not what is right")
	}
	info, err := w.admin.Password(w.ctx, op, "contoso.example", name)
	if err != nil || info.Reason != idp.Offered || info.UserID != w.user.UserID || !info.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v, %v", info, err)
	}

	s, g := w.rest(w.user, info.PasswordID)
	key := w.giveKey(w.user, "Phone")
	otherS, otherG := w.rest(w.user, key.PasskeyID)
	w.pass(time.Minute)
	w.must(set(self, goodPassword)())
	w.wantEnded("from the password before", s, g, true)
	w.wantEnded("from a passkey", otherS, otherG, false)
	if !w.takes(w.user, goodPassword) || len(all[idp.Password](w)) != 1 {
		t.Error("the second password is not the one")
	}
	w.wantMails("private@mail.example: password-set password ")

	w.wantError("too short", idp.Invalid, "The password has 11 characters; it needs at least 12.", set(self, "correcthors"))
	w.wantError("no text", idp.Invalid, "A password has between 12 and 256 characters, none of them a control character.", set(self, "\xff"+goodPassword))
	w.wantError("the own name", idp.Invalid, "The password must not contain your user name.", set(self, "correct Anna battery"))
	w.wantError("without a strong proof", idp.Forbidden, idp.ErrStepUp.Error(), set(idp.Person(tenantID, w.user), goodPassword))
	for _, role := range idp.RoleNames() {
		w.wantRefused("by a "+role, set(stronger(w.person(strings.ToLower(strings.ReplaceAll(role, " ", "-")), role)), goodPassword))
	}
	w.wantRefused("by an app", set(app(idp.Permissions()...), goodPassword))
	w.must(err2(w.admin.UpdatePasswordPolicy(w.ctx, op, tenantID, admin.PasswordPolicyChange{Exclude: &[]idp.Target{{Type: "user", ID: w.user.UserID}}})))
	w.wantError("outside", idp.Invalid, "The policy of this organization does not let you have a password.", set(self, goodPassword))
	if info, err = w.admin.Password(w.ctx, op, tenantID, name); err != nil || info.Reason != idp.OutOfScope {
		t.Errorf("%+v, %v", info, err)
	}
	if !w.takes(w.user, goodPassword) {
		t.Error("what was refused has changed the password")
	}
}

// TestSetPasswordByOperator: whoever holds the server may, and then it is right, too.
func TestSetPasswordByOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allowPasswords()
	w.must(w.admin.SetPassword(w.ctx, op, "contoso.example", name, goodPassword))
	if !w.takes(w.user, goodPassword) {
		t.Error("the password is wrong")
	}
}

func TestSetPasswordBreached(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allowPasswords()
	broken := errors.New("the list cannot be read")
	var asked []string
	w.admin.WithBreached(func(p string) (bool, error) {
		asked = append(asked, p)
		switch p {
		case goodPassword:
			return true, nil
		case "a list that is gone":
			return false, broken
		}
		return false, nil
	})
	self := stronger(idp.Person(tenantID, w.user))
	set := func(typed string) error { return w.admin.SetPassword(w.ctx, self, tenantID, name, typed) }
	w.wantError("breached", idp.Invalid, idp.ErrPasswordBreached.Error(), func() error { return set(strings.ReplaceAll(goodPassword, " ", "\u00a0")) })
	before := w.store.Commits()
	if err := set("a list that is gone"); !errors.Is(err, broken) || w.store.Commits() != before {
		t.Errorf("without the list: %v", err)
	}
	w.must(set("another one that is good"))
	if len(asked) != 3 || asked[0] != goodPassword {
		t.Errorf("asked for %q", asked)
	}
	if err := set("short"); err == nil || len(asked) != 3 {
		t.Errorf("%v, asked for %q", err, asked)
	}
}

// TestSetPasswordAtOnce: of many that set a password at once, one remains, which is right.
func TestSetPasswordAtOnce(t *testing.T) {
	t.Parallel()
	w := worldOn(t, onBolt(t))
	w.allowPasswords()
	self := stronger(idp.Person(tenantID, w.user))
	var set sync.WaitGroup
	var done atomic.Int32
	for n := range 8 {
		set.Go(func() {
			if err := w.admin.SetPassword(w.ctx, self, tenantID, name, strings.Repeat(string(rune('a'+n)), 12)); err != nil {
				t.Error(err)
			}
			done.Add(1)
		})
	}
	set.Wait()
	right := 0
	for n := range 8 {
		if w.takes(w.user, strings.Repeat(string(rune('a'+n)), 12)) {
			right++
		}
	}
	if held := all[idp.Password](w); len(held) != 1 || right != 1 || done.Load() != 8 {
		t.Errorf("%d passwords, %d are right", len(held), right)
	}
}

func TestDeletePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allowPasswords()
	w.hasMail(w.user)
	self := stronger(idp.Person(tenantID, w.user))
	helper := w.person("helper", idp.AuthenticationAdministrator)
	boss := get[idp.User](w, w.person("boss", idp.GlobalAdministrator).ID)
	for _, c := range []struct {
		actor            idp.Actor
		activity, reason string
	}{
		{self, "User deleted security info", "User deleted password method"},
		{helper, "Admin deleted security info", "Admin deleted password method for user"},
		{op, "Admin deleted security info", "Admin deleted password method for user"},
	} {
		w.givePassword(w.user)
		key := w.giveKey(w.user, "Phone")
		s, g := w.rest(w.user, all[idp.Password](w)[0].PasswordID)
		otherS, otherG := w.rest(w.user, key.PasskeyID)
		w.wantMails("private@mail.example: password-set password ")
		w.pass(time.Minute)
		remove := func() error { return w.admin.DeletePassword(w.ctx, c.actor, tenantID, name) }
		w.must(remove())
		w.wantEvent(c.actor.Party, userParty(w.user), c.activity, "UserManagement", "Authentication Methods", c.reason)
		w.wantMails("private@mail.example: method-removed password ")
		w.wantEnded("from the password", s, g, true)
		w.wantEnded("from a passkey", otherS, otherG, false)
		w.wantError("again", idp.NotFound, name+" has no password.", remove)
	}
	w.givePassword(boss)
	w.wantRefused("of the privileged", func() error { return w.admin.DeletePassword(w.ctx, helper, tenantID, boss.UserID) })
	w.givePassword(w.user)
	w.wantError("without a strong proof", idp.Forbidden, idp.ErrStepUp.Error(), func() error {
		return w.admin.DeletePassword(w.ctx, idp.Person(tenantID, w.user), tenantID, name)
	})
}

// TestPasswordNowhere: neither the store nor the log has a password as it was typed.
func TestPasswordNowhere(t *testing.T) {
	t.Parallel()
	d := mem.New()
	w := worldOn(t, d)
	w.allowPasswords()
	w.hasMail(w.user)
	w.givePassword(w.user)
	if kept := w.kept(d); strings.Contains(kept, goodPassword) || strings.Contains(kept, "battery") || !bytes.Contains([]byte(kept), []byte("password-set")) {
		t.Error("the password is kept")
	}
}
