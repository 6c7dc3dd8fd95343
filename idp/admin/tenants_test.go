package admin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

func TestCreateTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.admin.CreateTenant(w.ctx, op, "Fabrikam", "Fabrikam.Example.", "fabrikam.test")
	w.must(err)
	if !idp.IsID(made.TenantID) || !slices.Equal(made.Domains, []string{"fabrikam.example", "fabrikam.test"}) || !made.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v", made)
	}
	for _, name := range []string{made.TenantID, "FABRIKAM.example", "fabrikam.test"} {
		if found, err := w.admin.Tenant(w.ctx, name); err != nil || found.TenantID != made.TenantID {
			t.Errorf("%q: %v, %v", name, found, err)
		}
	}
	keys, err := w.admin.Keys(w.ctx, op, made.TenantID)
	if err != nil || len(keys) != 2 || keys[0].Alg == keys[1].Alg {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	for _, k := range keys {
		if !k.SignsFrom.Equal(w.now()) || !k.GoneAt.IsZero() {
			t.Errorf("%+v", k)
		}
		if _, err := k.Private(w.keys, made.TenantID); err != nil {
			t.Error(err)
		}
	}
	if p, err := w.admin.PassPolicy(w.ctx, op, made.TenantID); err != nil || p.Enabled {
		t.Errorf("a fresh tenant has passes: %+v, %v", p, err)
	}
	events, _, err := w.admin.Events(w.ctx, op, made.TenantID, idp.Directory, storage.Page{})
	if err != nil || len(events) != 1 || events[0].Activity != "Create tenant" || events[0].Target.ID != made.TenantID || events[0].Actor != op.Party {
		t.Errorf("%+v, %v", events, err)
	}
	tenants, next, err := w.admin.Tenants(w.ctx, op, storage.Page{})
	if err != nil || len(tenants) != 2 || next != "" {
		t.Errorf("%v, %q, %v", tenants, next, err)
	}
	w.wantError("a domain of another", idp.Conflict, "One of the domains thief.example, contoso.test belongs to another tenant.", func() error {
		_, err := w.admin.CreateTenant(w.ctx, op, "Thief", "thief.example", "contoso.test")
		return err
	})
	if _, err := w.admin.Tenant(w.ctx, "thief.example"); idp.ErrorCode(err) != idp.NotFound {
		t.Errorf("half a tenant: %v", err)
	}
	for _, c := range []struct {
		name    string
		domains []string
		want    string
	}{
		{"Fab", nil, "A tenant has between 1 and 900 domains."},
		{"Fab", []string{"fab"}, `"fab" is not a domain name. Give one like contoso.example.`},
		{"Fab", []string{"common"}, `The domain "common" is reserved.`},
		{" ", []string{"fab.example"}, "A tenant needs a name of at most 256 bytes, without control characters."},
	} {
		w.wantError(c.want, idp.Invalid, c.want, func() error { _, err := w.admin.CreateTenant(w.ctx, op, c.name, c.domains...); return err })
	}
}

func TestUpdateTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lifetime := 8 * time.Hour
	got, err := w.admin.UpdateTenant(w.ctx, op, "contoso.example", admin.TenantChange{Name: new("Contoso AB"), Accent: new("#1a2b3c"), SessionLifetime: &lifetime})
	w.must(err)
	read, err := w.admin.Tenant(w.ctx, tenantID)
	if err != nil || read.Name != "Contoso AB" || read.Accent != "#1a2b3c" || read.SessionLifetime != lifetime || read.Disabled || got.Name != read.Name {
		t.Errorf("%+v, %v", read, err)
	}
	_, err = w.admin.UpdateTenant(w.ctx, op, tenantID, admin.TenantChange{Disabled: new(true)})
	w.must(err)
	if read, _ := w.admin.Tenant(w.ctx, tenantID); !read.Disabled || read.Name != "Contoso AB" {
		t.Errorf("%+v", read)
	}
	update := func(tenant string, c admin.TenantChange) func() error {
		return func() error { _, err := w.admin.UpdateTenant(w.ctx, op, tenant, c); return err }
	}
	w.wantError("name", idp.Invalid, "A tenant needs a name of at most 256 bytes, without control characters.", update(tenantID, admin.TenantChange{Name: new("")}))
	w.wantError("accent", idp.Invalid, `The accent colour "red" is not of the form #1a2b3c.`, update(tenantID, admin.TenantChange{Accent: new("red")}))
	w.wantError("tenant", idp.NotFound, `There is no tenant "x".`, update("x", admin.TenantChange{}))
}

func TestDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fabrikam := &idp.Tenant{TenantID: nobodyID, Name: "Fabrikam", Domains: []string{"fabrikam.example"}}
	w.must(w.store.Update(w.ctx, storage.System, func(tx *storage.Tx) error { return tx.Put(fabrikam) }))
	got, err := w.admin.AddDomain(w.ctx, op, tenantID, " Sub.Contoso.Example ")
	if err != nil || !slices.Equal(got.Domains, []string{"contoso.example", "contoso.test", "sub.contoso.example"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	add := func(d string) func() error {
		return func() error { _, err := w.admin.AddDomain(w.ctx, op, tenantID, d); return err }
	}
	remove := func(d string) func() error {
		return func() error { _, err := w.admin.RemoveDomain(w.ctx, op, tenantID, d); return err }
	}
	w.wantError("again", idp.Conflict, `Contoso has the domain "sub.contoso.example" already.`, add("sub.contoso.example"))
	w.wantError("another's", idp.Conflict, "That domain belongs to another tenant.", add("fabrikam.example"))
	w.wantError("no domain", idp.Invalid, `"x" is not a domain name. Give one like contoso.example.`, add("x"))
	w.wantError("no domain", idp.Invalid, `"x" is not a domain name. Give one like contoso.example.`, remove("x"))
	w.wantError("not there", idp.NotFound, `Contoso has no domain "fabrikam.example".`, remove("fabrikam.example"))
	w.wantError("in use", idp.Conflict, `The user anna@contoso.example still has a name in "contoso.example".`, remove("contoso.example"))
	bob := w.newUser("bob@contoso.test")
	w.wantError("in use", idp.Conflict, `The user bob@contoso.test still has a name in "contoso.test".`, remove("contoso.test"))
	_, err = w.admin.UpdateUser(w.ctx, op, tenantID, bob.UserID, admin.UserChange{PrincipalName: new("bob@sub.contoso.example")})
	w.must(err)
	w.must(remove("CONTOSO.test")())
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, name))
	w.wantError("initial", idp.Invalid, `"contoso.example" is the initial domain of Contoso and stays.`, remove("contoso.example"))
	if _, err := w.admin.Tenant(w.ctx, "contoso.test"); idp.ErrorCode(err) != idp.NotFound {
		t.Errorf("a removed domain still leads here: %v", err)
	}
	if _, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "c@contoso.test", DisplayName: "C"}); idp.ErrorCode(err) != idp.Invalid {
		t.Errorf("a name in a removed domain: %v", err)
	}
	guest := idp.User{PrincipalName: "gast@fabrikam.example", DisplayName: "Gast", Type: idp.ExternalGuest}
	if _, err := w.admin.CreateUser(w.ctx, op, tenantID, guest); err != nil {
		t.Errorf("an external guest of another domain: %v", err)
	}
}

// TestRotateKeys: a new key is published for the time caches live before it signs, and
// the old one for as long as what it signed.
func TestRotateKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.admin.RotateKeys(w.ctx, op, tenantID) // a tenant without keys yet
	w.must(err)
	if len(first) != len(idp.IDTokenAlgs) {
		t.Fatalf("%d keys", len(first))
	}
	signs := w.now().Add(idp.KeyCacheTime)
	again := func() error { _, err := w.admin.RotateKeys(w.ctx, op, tenantID); return err }
	w.wantError("too early", idp.Conflict, "A new key is published already and signs from "+signs.Format(time.RFC3339)+".", again)
	w.pass(idp.KeyCacheTime - 1)
	if err := again(); idp.ErrorCode(err) != idp.Conflict {
		t.Errorf("a moment too early: %v", err)
	}
	w.pass(1)
	second, err := w.admin.RotateKeys(w.ctx, op, tenantID)
	w.must(err)
	w.wantEvent(op.Party, idp.Party{Type: "tenant", ID: tenantID, Name: "Contoso"}, "Rotate signing keys", "KeyManagement", "Core Directory", "")
	signs = w.now().Add(idp.KeyCacheTime)
	keys, err := w.admin.Keys(w.ctx, op, tenantID)
	w.must(err)
	if len(keys) != 2*len(idp.IDTokenAlgs) {
		t.Fatalf("%d keys", len(keys))
	}
	for _, k := range keys {
		fresh := slices.ContainsFunc(second, func(x *idp.SigningKey) bool { return x.KeyID == k.KeyID })
		switch {
		case fresh && (!k.SignsFrom.Equal(signs) || !k.GoneAt.IsZero() || !k.Published(w.now())):
			t.Errorf("new: %+v", k)
		case !fresh && (!k.GoneAt.Equal(signs.Add(idp.KeyOverlap)) || k.GoneAt.Sub(signs) < idp.IDTokenLifetime):
			t.Errorf("old: %+v", k)
		}
	}
	w.pass(idp.KeyCacheTime)
	w.must(again())
	for _, k := range first { // a third rotation leaves the end of the first keys as it was
		if got := get[idp.SigningKey](w, k.KeyID); !got.GoneAt.Equal(signs.Add(idp.KeyOverlap)) {
			t.Errorf("%+v", got)
		}
	}
	w.wantError("tenant", idp.NotFound, `There is no tenant "x".`, func() error { _, err := w.admin.RotateKeys(w.ctx, op, "x"); return err })
	w.wantError("tenant", idp.NotFound, `There is no tenant "x".`, func() error { _, err := w.admin.Keys(w.ctx, op, "x"); return err })
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, n := range []string{"a", "b", "c"} {
		w.newUser(n + "@contoso.example")
	}
	w.put(idp.NewEvent(idp.SignIns, w.now()))
	var seen []string
	page := storage.Page{Limit: 2}
	for {
		events, next, err := w.admin.Events(w.ctx, op, tenantID, idp.Directory, page)
		w.must(err)
		for _, e := range events {
			seen = append(seen, e.Target.Name)
		}
		if page.After = next; next == "" {
			break
		}
	}
	want := []string{"c@contoso.example", "b@contoso.example", "a@contoso.example", name, "Temporary Access Pass"}
	if !slices.Equal(seen, want) {
		t.Errorf("%v, want %v", seen, want)
	}
	if events, _, err := w.admin.Events(w.ctx, op, tenantID, idp.SignIns, storage.Page{}); len(events) != 1 || err != nil {
		t.Errorf("%d sign-ins, %v", len(events), err)
	}
	if _, _, err := w.admin.Events(w.ctx, op, "x", idp.SignIns, storage.Page{}); idp.ErrorCode(err) != idp.NotFound || !strings.Contains(err.Error(), `"x"`) {
		t.Error(err)
	}
}
