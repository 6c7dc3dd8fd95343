package main

import (
	"path/filepath"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// TestDemoLogoutURI: the demo's app hears of the end of sign-ins at today's
// address, also in data of an earlier version, whose client had none.
func TestDemoLogoutURI(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	check := func(t *testing.T, d *demo) {
		t.Helper()
		for _, s := range d.world {
			for _, c := range s.clients {
				want := idp.ClientLogout{}
				if s.tenant.Domains[0] == "contoso.example" && c.name == "web" {
					want = idp.ClientLogout{Back: d.appURL + "/backchannel-logout"}
				}
				kept, err := d.server.Admin.Client(t.Context(), admin.Operator("test"), s.tenant.Domains[0], c.client.ClientID)
				if err != nil || kept.Logout != want {
					t.Errorf("%s of %s: %+v, %v", c.name, s.tenant.Domains[0], kept.Logout, err)
				}
			}
		}
	}
	t.Run("first", func(t *testing.T) {
		d := startDemo(t, dir)
		check(t, d)
		id := d.world[0].clients[0].client.ClientID
		if _, err := d.server.Admin.UpdateClient(t.Context(), demoActor, "contoso.example", id, func(c *idp.Client) { c.Logout = idp.ClientLogout{} }); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("second", func(t *testing.T) { check(t, startDemo(t, dir)) })
	t.Run("tls", func(t *testing.T) {
		check(t, startDemo(t, "", func(o *demoOptions) { o.TLS = true }))
	})
}

// told waits until no app of the first tenant is owed a notice of logout any more.
func (d *demo) told(t *testing.T) {
	t.Helper()
	tenant := d.world[0].tenant.TenantID
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for range 500 {
		var owed []*idp.LogoutNotice
		err := d.server.Store.View(t.Context(), tenant, func(tx *storage.Tx) (err error) {
			owed, _, err = storage.All[idp.LogoutNotice](tx, storage.Page{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(owed) == 0 {
			return
		}
		<-look.C
	}
	t.Fatal("the app was not told in ten seconds")
}
