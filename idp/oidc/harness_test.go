package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// visitor is a world together with a browser whose person can sign in for weeks.
type visitor struct {
	*world
	*browser
	who person
}

// newVisitor makes a world with anna before a fresh browser.
func newVisitor(t testing.TB, o options) *visitor {
	t.Helper()
	w := newWorld(t, o)
	no := false
	_, code := w.pass("anna", idp.PassRequest{Lifetime: idp.GreatestPassLifetime, Once: &no})
	return &visitor{w, w.browser(), person{name: "anna", code: code}}
}

// do sends the visitor's cookies.
func (v *visitor) do(r *http.Request) *reply { return v.browser.do(r) }

// enter goes through an authorization request to its end, signing in if asked.
func (v *visitor) enter(a *app, change url.Values) *reply {
	got := v.authorize(a, change)
	if got.State != "" {
		got = v.answer(got.State, v.who)
	}
	return got
}

// in is a visitor who has signed in, and consented to the app.
func (v *visitor) in(a *app) *visitor {
	v.t.Helper()
	v.code(a, v.who, nil)
	return v
}

// raw is a request with any body.
func raw(method, target, body string) *http.Request {
	return httptest.NewRequest(method, target, strings.NewReader(body))
}

// at is a request to any URL, with a form if there is one.
func at(method, target string, form url.Values) *http.Request {
	r := raw(method, target, form.Encode())
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// one is a change of a single parameter; "" removes it.
func one(name, value string) url.Values { return url.Values{name: {value}} }

// loopbacks are the redirect URIs of the client native, told apart by another
// rule than the server's.
var loopbacks = regexp.MustCompile(`^http://(localhost(:\d{1,5})?|127\.0\.0\.1(:\d{1,5})?/callback)$`)

// registered tells whether an address is one that the world's clients registered,
// with a response behind it. It is the oracle of every redirect test.
func (w *world) registered(location string) bool {
	cut := len(location)
	if i := strings.LastIndexAny(location, "?#&"); i >= 0 {
		cut = i
	}
	for ; cut > 0; cut-- {
		uri, rest := location[:cut], location[cut:]
		sep := "?"
		if strings.Contains(uri, "?") {
			sep = "&"
		}
		if rest != "" && !strings.HasPrefix(rest, sep) && !strings.HasPrefix(rest, "#") {
			continue
		}
		if loopbacks.MatchString(uri) {
			return true
		}
		for _, a := range w.apps {
			for _, known := range a.RedirectURIs {
				if uri == known {
					return true
				}
			}
		}
	}
	return false
}

// strays tells where a reply leads that it must not: "" if it stays with us or
// leads to a registered address.
func (w *world) strays(got *reply) string {
	for _, to := range []string{got.Header.Get("Location"), got.Page.Action, got.Header.Get("Refresh")} {
		ours := strings.HasPrefix(to, baseURL+"/"+tenantID+"/")
		if to != "" && !ours && !w.registered(to) {
			return to
		}
	}
	return ""
}

// refusedAs tells whether the reply is an error page, without any way on.
func refusedAs(got *reply, sts idp.STS) bool {
	return got.Status == http.StatusBadRequest && got.Page.Page == "refused" && got.Page.Error.STS == sts &&
		got.Header.Get("Location") == "" && got.Page.Action == ""
}

// change rewrites a client's registration without the checks of the use case.
func (w *world) change(a *app, fn func(c *idp.Client)) {
	w.t.Helper()
	fn(a.Client)
	w.must(w.store.Update(w.ctx(), tenantID, func(tx *storage.Tx) error { return tx.Put(a.Client) }))
}

// descriptionRule is the characters of RFC 6749 5.2, beside the codes of 4.1.2.1.
var descriptionRule = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`)

// checkError holds an error answer of a JSON endpoint against RFC 6749 5.2.
func checkError(t testing.TB, got *reply, status int, code string) {
	t.Helper()
	switch {
	case got.Status != status || got.str("error") != code:
		t.Errorf("%d %s, want %d %s", got.Status, got.Body, status, code)
	case got.Header.Get("Content-Type") != "application/json":
		t.Errorf("Content-Type %q", got.Header.Get("Content-Type"))
	case got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Pragma") != "no-cache":
		t.Errorf("the answer may be kept: %v", got.Header)
	case !descriptionRule.MatchString(got.str("error_description")):
		t.Errorf("error_description %q", got.str("error_description"))
	case (status == http.StatusUnauthorized) != (got.Header.Get("WWW-Authenticate") != ""):
		t.Errorf("WWW-Authenticate %q beside %d", got.Header.Get("WWW-Authenticate"), status)
	}
}

// must2 is must for what also returns a value nobody asked for.
func (w *world) must2(_ any, err error) {
	w.t.Helper()
	w.must(err)
}

// clientOff is the change that disables a client.
func clientOff(disabled *bool) func(*idp.Client) {
	return func(c *idp.Client) { c.Disabled = *disabled }
}

// challengeOf is the S256 challenge of a verifier.
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// userOff is the change that disables a user.
func userOff(disabled *bool) admin.UserChange { return admin.UserChange{Disabled: disabled} }

// headerOf is the header of a JWT.
func headerOf(t testing.TB, token string) map[string]any {
	t.Helper()
	coded, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(coded)
	var header map[string]any
	if err != nil || json.Unmarshal(raw, &header) != nil {
		t.Fatalf("no JWT: %q", token)
	}
	return header
}

// mask is what differs between two answers to one question: ids of requests,
// values of cookies, sealed states, codes of devices.
var mask = regexp.MustCompile(`"trace_id":"[0-9a-f-]{36}"|br_[\w-]{43}|[?&]state=[\w-]{80,}|dc_[\w-]{43}|[B-Z]{4}-[B-Z]{4}`)
