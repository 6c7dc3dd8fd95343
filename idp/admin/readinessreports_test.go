package admin_test

import (
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// TestNoPasskeysHere: where the host can have no passkeys, one that was made before is no way
// to sign in, for whatever report.
func TestNoPasskeysHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	w.put(&idp.Passkey{PasskeyID: idp.NewID(), UserID: bob.UserID, Name: "a", Credential: []byte("a"), CreatedAt: w.now()})
	for host, level := range map[string]string{"login.example": admin.OneCredential, "": admin.HelpNeeded} {
		w.admin.WithPasskeyHost(host)
		held, err := w.admin.Methods(w.ctx, op, tenantID, bob.UserID)
		w.must(err)
		r, err := w.admin.ReadinessOf(w.ctx, op, tenantID, bob.UserID)
		w.must(err)
		if held.Passwordless() != (host != "") || (held.Passkeys[0].Reason == idp.Unavailable) != (host == "") || r.Level != level {
			t.Errorf("host %q: %+v, %+v", host, held.Passkeys[0], r)
		}
	}
}

// TestReadiness reads it of a whole tenant, page by page.
func TestReadiness(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	gone := w.newUser("gone@contoso.example")
	w.givePass(name, idp.PassRequest{})
	w.put(
		&idp.Passkey{PasskeyID: idp.NewID(), UserID: bob.UserID, Name: "a", Credential: []byte("a"), Synced: true, CreatedAt: w.now()},
		&idp.Passkey{PasskeyID: idp.NewID(), UserID: bob.UserID, Name: "b", Credential: []byte("b"), CreatedAt: w.now(), CopiedAt: w.now()})
	_, err := w.admin.UpdateUser(w.ctx, op, tenantID, gone.UserID, admin.UserChange{Disabled: new(true)})
	w.must(err)

	levels := map[string]admin.ReadinessReport{}
	pages := 0
	for page := (storage.Page{Limit: 2}); ; pages++ {
		rs, next, err := w.admin.Readiness(w.ctx, op, tenantID, page)
		w.must(err)
		for _, r := range rs {
			levels[r.User.PrincipalName] = r
		}
		if page.After = next; next == "" {
			break
		}
	}
	if len(levels) != 3 || pages != 1 {
		t.Errorf("%d people, %d pages more than one", len(levels), pages)
	}
	for who, want := range map[string]string{name: admin.PassOnly, "bob@contoso.example": admin.Ready, "gone@contoso.example": admin.AccountDisabled} {
		if levels[who].Level != want {
			t.Errorf("%s: %+v, want %s", who, levels[who], want)
		}
	}
	if levels["bob@contoso.example"].Credentials != 1 {
		t.Errorf("a copied passkey counts: %+v", levels["bob@contoso.example"])
	}

	w.pass(2 * time.Hour)
	rs, _, err := w.admin.Readiness(w.ctx, op, tenantID, storage.Page{})
	w.must(err)
	for _, r := range rs {
		if r.User.PrincipalName == name && r.Level != admin.HelpNeeded {
			t.Errorf("the pass has ended: %+v", r)
		}
	}
	w.wantError("nobody", idp.Forbidden, idp.ErrForbidden.Error(), func() error {
		_, _, err := w.admin.Readiness(w.ctx, idp.Person(tenantID, bob), tenantID, storage.Page{})
		return err
	})
}
