package ui

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// visited is a Site with one tenant and one app, as one browser sees it.
type visited struct {
	*testing.T
	site    *Site
	store   *storage.Store
	handler http.Handler
	now     time.Time
	flow    signin.Flow // a sign-in for the app, in German
}

const contoso = "11111111-1111-4111-8111-111111111111"

// testKeys stretch codes as little as argon2id can.
func testKeys(t *testing.T) *idp.Keyring {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	return keys.WithCost(idp.Cost{Passes: 1, Memory: 8})
}

func visit(t *testing.T) *visited {
	t.Helper()
	keys := testKeys(t)
	store := storage.New(mem.New())
	put(t, store, storage.System, &idp.Tenant{TenantID: contoso, Name: "Contoso", Domains: []string{"contoso.example"}, Accent: "#3a4bc4"})
	put(t, store, contoso, &idp.Client{ClientID: "app", Name: "Intranet"})
	v := &visited{T: t, store: store, now: noon}
	clock := func() time.Time { return v.now }
	rd := newRenderer(t)
	rd.catalogue = pseudo(t, "de")
	tenants := web.NewTenants(store)
	v.site = NewSite(Config{
		Base: "https://id.example", Renderer: rd, Signin: signin.New(store, keys, authmethods.All(authmethods.Config{Keys: keys, Passkeys: passkey.Method{}, Mails: true})),
		Admin: admin.New(store, keys, clock), Tenants: tenants, Log: slog.New(slog.DiscardHandler),
	})
	root := mux.NewRouter().SkipClean(true)
	shared := root.MatcherFunc(Shared).Subrouter()
	shared.Use(v.site.TenantInLink)
	people := root.NewRoute().Subrouter()
	people.Use(tenants.Enter(func(r *http.Request) string { return mux.Vars(r)["tenant"] }, v.site.Refuse("tenant.unknown"), nil))
	v.site.Routes(shared, people)
	v.handler = web.Entry{Now: clock, Log: v.site.Log, TooLarge: v.site.Refuse("toolarge")}.Enter(root)
	v.flow = signin.Start(&idp.AuthRequest{ClientID: "app", MaxAge: -1, UILocales: "de"}, "", noon)
	return v
}

func put(t *testing.T, store *storage.Store, partition string, record storage.Record) {
	t.Helper()
	if err := store.Update(context.Background(), partition, func(tx *storage.Tx) error { return tx.Put(record) }); err != nil {
		t.Fatal(err)
	}
}

const browser = "br_1"

// state is the sealed flow.
func (v *visited) state() string {
	v.Helper()
	state, err := v.site.Signin.Seal(signin.Visit{Tenant: &idp.Tenant{TenantID: contoso}, Browser: browser}, v.flow)
	if err != nil {
		v.Fatal(err)
	}
	return state
}

// ask sends a form, or without one looks at a page.
func (v *visited) ask(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	r.AddCookie(&http.Cookie{Name: "__Host-latchkey-browser", Value: browser})
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	return w
}

// want expects an answer that has all of the parts.
func (v *visited) want(w *httptest.ResponseRecorder, status int, parts ...string) {
	v.Helper()
	if w.Code != status {
		v.Errorf("status %d, want %d", w.Code, status)
	}
	for _, part := range parts {
		if !strings.Contains(w.Body.String(), part) {
			v.Errorf("no %q in\n%s", part, w.Body)
		}
	}
}

// TestSignInKeepsAppAndLanguage: whatever the person sends, the pages go on in the
// language the app asked for and with its name.
func TestSignInKeepsAppAndLanguage(t *testing.T) {
	v := visit(t)
	german, app := `<html lang="de"`, "<bdi>Intranet</bdi>"
	v.want(v.ask("/contoso.example/signin?state="+v.state(), nil), http.StatusOK, german, app)
	v.want(v.ask("/contoso.example/signin", url.Values{"state": {v.state()}, "username": {""}}),
		http.StatusBadRequest, german, app, "error.username.empty", `name="state"`)
	v.want(v.ask("/contoso.example/signin", url.Values{"state": {v.state()}, "username": {" anna "}}),
		http.StatusBadRequest, german, app, "error.username.invalid", `value="anna"`)
	other := v.ask("/contoso.example/signin", url.Values{"state": {v.state()}, "other": {"1"}})
	v.want(v.ask(strings.TrimPrefix(other.Header().Get("Location"), "https://id.example"), nil), http.StatusOK, german)
}

var again = regexp.MustCompile(`class="primary" href="https://id.example([^"]+)"`)

// TestSignInEnded: the text says what the button then does.
func TestSignInEnded(t *testing.T) {
	v := visit(t)
	state := v.state()
	v.now = v.now.Add(idp.ChallengeLifetime)
	w := v.ask("/contoso.example/signin?state="+state, nil)
	v.want(w, http.StatusBadRequest, `<html lang="de"`, "error.state.expired")
	v.want(v.ask(string(again.FindSubmatch(w.Body.Bytes())[1]), nil), http.StatusOK, "<bdi>Intranet</bdi>")

	w = v.ask("/contoso.example/signin?state=x", nil)
	v.want(w, http.StatusBadRequest, "This sign-in was started in another browser")
	to := again.FindSubmatch(w.Body.Bytes())
	if to == nil || string(to[1]) != "/contoso.example/signin" {
		t.Fatalf("begin again at %q", to)
	}
	v.want(v.ask(string(to[1]), nil), http.StatusOK, `data-page="signin"`)
}

func TestDeviceTooManyCodes(t *testing.T) {
	v := visit(t)
	wrong := url.Values{"code": {"BCDF-GHJK"}}
	for range 30 {
		v.want(v.ask("/contoso.example/device", wrong), http.StatusBadRequest, "That code is wrong")
	}
	v.want(v.ask("/contoso.example/device", wrong), http.StatusTooManyRequests, `data-page="device"`, "too many wrong tries", `value="BCDF-GHJK"`)
	v.now = v.now.Add(time.Minute)
	v.want(v.ask("/contoso.example/device", wrong), http.StatusBadRequest, "That code is wrong")
}

// TestDeviceDoneIsSealed: a link that somebody made up says nothing of a device.
func TestDeviceDoneIsSealed(t *testing.T) {
	v := visit(t)
	for _, done := range []string{"", "allowed", deviceAllowed, v.state()} {
		v.want(v.ask("/contoso.example/device?done="+url.QueryEscape(done), nil), http.StatusOK, `data-page="device"`)
	}
	v.flow.Return = deviceAllowed
	state := v.state()
	for range 2 { // long after, too
		v.want(v.ask("/contoso.example/device?done="+state, nil), http.StatusOK, `data-page="device-done"`, "device-done.allowed⟧")
		v.now = v.now.Add(idp.ChallengeLifetime)
	}
}

func TestAssetAndBrandAnswers(t *testing.T) {
	v := visit(t)
	w := v.ask("/assets/nothing.css", nil)
	v.want(w, http.StatusNotFound, w.Header().Get("X-Request-Id"), "2026-11-24 12:00:00 UTC")
	w = v.ask("/contoso.example/brand.css", nil)
	v.want(w, http.StatusOK, "#3a4bc4")
	for _, name := range []string{"X-Content-Type-Options", "Strict-Transport-Security"} {
		if w.Header().Get(name) == "" {
			t.Errorf("brand.css lacks %s", name)
		}
	}
}
