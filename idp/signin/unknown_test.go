package signin_test

import (
	"fmt"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage/mem"
)

// withPassword gives the user a password, and the tenant passwords.
func (w *keyWorld) withPassword(secret string) {
	w.Helper()
	yes := true
	_, err := w.admin.UpdatePasswordPolicy(w.Context(), admin.Operator("test"), tenantID, admin.PasswordPolicyChange{Enabled: &yes})
	w.must(err)
	w.put(idp.NewPassword(w.keys, tenantID, w.user.UserID, idp.CanonicalPassword(secret), epoch))
}

// TestUnknownNamesPretend is F1: whatever method somebody is asked for, so are some of the
// names that nobody has, and no name is asked for what is off.
func TestUnknownNamesPretend(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	page := func(name string) string {
		b := w.browser()
		out := b.look(b.start(nil).WithUser(name))
		b.wantStep(out, idp.Ask)
		return out.Prompt.Page
	}
	pages := func() map[string]int {
		n := map[string]int{}
		for i := range 60 {
			n[page(fmt.Sprintf("n%d@contoso.example", i))]++
		}
		return n
	}
	if got := pages(); got["password"] > 0 || got["pass"] < 3 || got["passkey"] < 3 {
		t.Errorf("without passwords, names lead to %v", got)
	}
	w.withPassword("correct horse battery staple")
	if got := pages(); page(name) != "password" || got["password"] < 3 || got["pass"] < 3 || got["passkey"] < 3 {
		t.Errorf("%s leads to %s, names that nobody has to %v", name, page(name), got)
	}
	no := false
	w.passkeyPolicy(admin.PasskeyPolicyChange{Enabled: &no})
	if got := pages(); got["password"] < 3 || got["pass"] < 3 || got["passkey"] > 0 {
		t.Errorf("without passkeys, names lead to %v", got)
	}
}

// TestHardStopOfEach is E2: a hundred failures in a row end a password, whatever else is
// tried at in between.
func TestHardStopOfEach(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	w.withPassword("correct horse battery staple")
	w.givePass(name, idp.PassRequest{})
	looked := map[idp.Kind]int{}
	for range idp.MaxFailures + 10 {
		for _, k := range []idp.Kind{idp.PasswordMethod, idp.TemporaryAccessPass} {
			w.pass(idp.ThrottleInterval)
			b := w.browser()
			asked := b.look(b.start(nil).WithUser(name).WithMethod(k))
			out, err := w.signin.Answer(t.Context(), b.visit(), asked.Flow, idp.Answer{"password": "wrong", "code": wrong})
			if w.must(err); told(out) != idp.UserLocked {
				looked[k]++
			}
		}
	}
	if looked[idp.PasswordMethod] != idp.MaxFailures || looked[idp.TemporaryAccessPass] != idp.MaxFailures {
		t.Errorf("looked at %v, want %d of each", looked, idp.MaxFailures)
	}
}
