package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
	"latchkey/storage/mem"
)

func put(t *testing.T, store *storage.Store, tenant *idp.Tenant) {
	t.Helper()
	if err := store.Update(context.Background(), storage.System, func(tx *storage.Tx) error { return tx.Put(tenant) }); err != nil {
		t.Fatal(err)
	}
}

// TestFind: by GUID or any domain, however it is written, and nothing else.
func TestFind(t *testing.T) {
	store := storage.New(mem.New())
	put(t, store, tenant)
	tenants := web.NewTenants(store)
	for name, want := range map[string]bool{
		tenant.TenantID: true, strings.ToUpper(tenant.TenantID): true, "contoso.example": true, "Contoso.EXAMPLE": true,
		"": false, "contoso": false, "contoso.example.": false, "fabrikam.example": false, "{" + tenant.TenantID + "}": false,
		strings.ReplaceAll(tenant.TenantID, "-", ""): false, "urn:uuid:" + tenant.TenantID: false, "contoso.example\x00": false, strings.Repeat("a", 10_000): false,
	} {
		for range 2 { // the second time from memory
			found, err := tenants.Find(context.Background(), name, epoch)
			if err != nil || (found != nil) != want || want && found.TenantID != tenant.TenantID {
				t.Errorf("%.80q: %v, %v", name, found, err)
			}
		}
	}
}

// TestFindFollows: a change is seen within a second, a new tenant at once.
func TestFindFollows(t *testing.T) {
	store := storage.New(mem.New())
	tenants := web.NewTenants(store)
	find := func(at time.Duration) *idp.Tenant {
		t.Helper()
		found, err := tenants.Find(context.Background(), "contoso.example", epoch.Add(at))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if find(0) != nil {
		t.Error("found before there is one")
	}
	put(t, store, tenant)
	if find(0) == nil {
		t.Error("a new tenant is not found")
	}
	changed := *tenant
	changed.Disabled = true
	put(t, store, &changed)
	if find(time.Second-1) == nil {
		t.Error("nothing was kept")
	}
	if find(time.Second) != nil {
		t.Error("a disabled tenant is found after a second")
	}
	put(t, store, tenant)
	if find(time.Second) == nil {
		t.Error("an enabled tenant is not found")
	}
}

// failing is a driver that cannot read.
type failing struct{ storage.Driver }

func (failing) View(context.Context, string, func(storage.KV) error) error {
	return errors.New("disk on fire")
}

// TestTenantsEnter: the tenant comes into the request, or the right handler
// answers.
func TestTenantsEnter(t *testing.T) {
	store := storage.New(mem.New())
	put(t, store, tenant)
	for name, test := range map[string]struct {
		store *storage.Store
		path  string
		want  string
	}{
		"known":        {store, "/contoso.example/page", "inside " + tenant.TenantID},
		"unknown":      {store, "/fabrikam.example/page", "unknown"},
		"broken store": {storage.New(failing{mem.New()}), "/contoso.example/page", "failed: disk on fire"},
	} {
		got := ""
		r := mux.NewRouter()
		r.Use(web.NewTenants(test.store).Enter(
			func(r *http.Request) string { return mux.Vars(r)["tenant"] },
			func(http.ResponseWriter, *http.Request) { got = "unknown" },
			func(_ http.ResponseWriter, _ *http.Request, err error) { got = "failed: " + err.Error() },
		))
		web.Route(r, "/page", func(_ http.ResponseWriter, r *http.Request) { got = "inside " + web.From(r).Tenant.TenantID })
		entered(web.Entry{}, httptest.NewRequest("GET", test.path, nil), r.ServeHTTP)
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestRoute: one segment for the tenant, then the path and no more.
func TestRoute(t *testing.T) {
	r := mux.NewRouter()
	for _, path := range []string{"/v2/keys", "/keys", "", "/"} {
		web.Route(r, path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Found", mux.Vars(r)["tenant"]+" "+path)
		})
	}
	for path, want := range map[string]string{
		"/a/v2/keys": "a /v2/keys", "/a/keys": "a /keys", "/a": "a ", "/a/": "a /", "/a.example/keys": "a.example /keys",
		"/": "", "/a/b/keys": "", "/a/v2/keys/": "", "/a/Keys": "", "/a/keys/x": "", "/a/x/v2/keys": "", "/a%2Fb/keys": "",
	} {
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		if got := rec.Header().Get("X-Found"); got != want || (rec.Code == 404) != (want == "") {
			t.Errorf("%s: %d %q, want %q", path, rec.Code, got, want)
		}
	}
}
