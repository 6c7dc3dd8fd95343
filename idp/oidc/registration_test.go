package oidc_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// registration sets who may register.
func (w *world) registration(how idp.Registration) {
	w.t.Helper()
	w.must2(w.admin.UpdateTenant(w.ctx(), operator, tenantID, admin.TenantChange{Registration: &how}))
	w.advance(time.Second) // tenants are kept for a moment
}

// registering is a request about registrations; the path is "" or "/" and a client.
func registering(method, path, body, token string) *http.Request {
	r := raw(method, endpoint("register")+path, body)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func (w *world) register(body, token string) *reply {
	return w.do(registering("POST", "", body, token))
}

// joined is a client that registered itself, as the tests use clients.
func (w *world) joined(id, secret string) *app {
	w.t.Helper()
	c, err := w.admin.Client(w.ctx(), operator, tenantID, id)
	w.must(err)
	w.apps[id] = &app{Client: c, secret: secret}
	return w.apps[id]
}

// initial makes an initial access token.
func (w *world) initial(uses int, lifetime time.Duration) string {
	w.t.Helper()
	_, secret, err := w.admin.CreateInitialToken(w.ctx(), operator, tenantID, "A team", uses, lifetime)
	w.must(err)
	return secret
}

// leastMetadata is all that a client must say.
const leastMetadata = `{"redirect_uris":["https://new.example/cb"]}`

// metadataOf is leastMetadata with more members, or others.
func metadataOf(t testing.TB, change map[string]any) string {
	t.Helper()
	m := claims{"redirect_uris": []string{"https://new.example/cb"}, "id_token_signed_response_alg": "ES256"}
	return toJSON(t, m.but(change))
}

// TestRegistrationWho: nobody, who shows an initial access token, or anybody.
func TestRegistrationWho(t *testing.T) {
	w := newWorld(t, options{})
	s := w.site()
	sector := metadataOf(t, map[string]any{"sector_identifier_uri": s.put("/sector", static(`["https://new.example/cb"]`))})
	good, short := w.initial(1000, time.Hour), w.initial(1000, time.Second)
	w.advance(time.Second)
	for _, test := range []struct {
		how    idp.Registration
		token  string
		status int
		code   string
	}{
		{idp.RegistrationOff, "", 403, "access_denied"},
		{idp.RegistrationOff, good, 403, "access_denied"},
		{idp.RegistrationToken, "", 401, "invalid_token"},
		{idp.RegistrationToken, short, 401, "invalid_token"},
		{idp.RegistrationToken, "x", 401, "invalid_token"},
		{idp.RegistrationToken, idp.NewToken(idp.InitialAccess), 401, "invalid_token"},
		{idp.RegistrationToken, good, 201, ""},
		{idp.RegistrationOpen, "", 201, ""},
		{idp.RegistrationOpen, good, 201, ""},
		{idp.RegistrationOpen, "x", 401, "invalid_token"},
	} {
		w.registration(test.how)
		told := w.do(w.request(plainDiscovery, nil)).JSON["registration_endpoint"]
		if (told != nil) != (test.how != idp.RegistrationOff) {
			t.Errorf("%s: discovery tells %v", test.how, told)
		}
		w.advance(time.Minute)
		before := w.store.Commits()
		got := w.register(sector, test.token)
		if got.Status != test.status || got.str("error") != test.code {
			t.Errorf("%s, %.5q: %d %s", test.how, test.token, got.Status, got.Body)
		}
		if n := s.count("/sector"); (n > 0) != (test.status == 201) { // who may not register makes us call nobody
			t.Errorf("%s, %.5q: %d calls", test.how, test.token, n)
		}
		if test.status == 201 {
			continue
		}
		if w.store.Commits() > before {
			t.Errorf("%s, %.5q: something was stored", test.how, test.token)
		}
		if test.status == 401 && !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s, %.5q: %v", test.how, test.token, got.Header)
		}
	}
}

// TestRegistrationInitialToken: it registers as many clients as it is good for,
// however many try at once.
func TestRegistrationInitialToken(t *testing.T) {
	for _, bolt := range []bool{false, true} {
		w := newWorld(t, options{bolt: bolt})
		w.registration(idp.RegistrationToken)
		token := w.initial(7, time.Hour)
		if got := w.register(`{"redirect_uris":["https://new.example/#x"]}`, token); got.Status != 400 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		told := rush(40, func(int) string { return fmt.Sprint(w.register(leastMetadata, token).Status) })
		if want := (map[string]int{"201": 7, "401": 33}); !maps.Equal(told, want) {
			t.Errorf("bolt %t: %v", bolt, told)
		}
	}
}

// TestRegistrationBounded: those who come without a token are counted, by tenant and
// by address, and make room again when they go.
func TestRegistrationBounded(t *testing.T) {
	w := newWorld(t, options{})
	w.registration(idp.RegistrationOpen)
	told := map[int]int{}
	for range 35 {
		told[w.register(leastMetadata, "").Status]++
	}
	if want := (map[int]int{201: 30, 429: 5}); !maps.Equal(told, want) {
		t.Errorf("from one address: %v", told)
	}
	w.put(tenantID, &idp.SelfRegistered{Count: idp.MaxSelfRegistered - 1})
	w.advance(time.Hour)
	last := w.register(leastMetadata, "")
	if last.Status != 201 {
		t.Fatalf("the last: %d %s", last.Status, last.Body)
	}
	full := w.unstored("one more", func() *reply { return w.register(leastMetadata, "") })
	checkError(t, full, 429, "slow_down")
	if got := w.register(leastMetadata, w.initial(1, time.Hour)); got.Status != 201 {
		t.Errorf("with a token: %d %s", got.Status, got.Body)
	}
	if got := w.do(registering("DELETE", "/"+last.str("client_id"), "", last.str("registration_access_token"))); got.Status != 204 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	told = rush20(w)
	if want := (map[int]int{201: 1, 429: 19}); !maps.Equal(told, want) {
		t.Errorf("after one went: %v", told)
	}
}

func rush20(w *world) map[int]int {
	out := map[int]int{}
	for status, n := range rush(20, func(int) string { return fmt.Sprint(w.register(leastMetadata, "").Status) }) {
		var code int
		fmt.Sscan(status, &code)
		out[code] = n
	}
	return out
}

// TestRegistrationDefaults: the least metadata makes a client of OIDC Dynamic
// Registration 2, which can sign people in.
func TestRegistrationDefaults(t *testing.T) {
	v := newVisitor(t, options{rsa: true})
	v.registration(idp.RegistrationOpen)
	got := v.register(leastMetadata, "")
	want := claims{
		"redirect_uris": []any{"https://new.example/cb"}, "response_types": []any{"code"}, "grant_types": []any{"authorization_code"},
		"application_type": "web", "client_name": "Application https://new.example", "subject_type": "public",
		"id_token_signed_response_alg": "RS256", "token_endpoint_auth_method": "client_secret_basic", "client_secret_expires_at": 0.0,
	}
	rest := claims(got.JSON).but(nil)
	for name, value := range want {
		if toJSON(t, rest[name]) != toJSON(t, value) {
			t.Errorf("%s: %v", name, rest[name])
		}
		delete(rest, name)
	}
	id := got.str("client_id")
	for _, always := range []string{"require_auth_time", "backchannel_logout_session_required", "frontchannel_logout_session_required"} {
		delete(rest, always)
	}
	names := slices.Sorted(maps.Keys(rest))
	if got.Status != 201 || !slices.Equal(names, []string{"client_id", "client_id_issued_at", "client_secret", "registration_access_token", "registration_client_uri"}) {
		t.Errorf("%d %v", got.Status, names)
	}
	if got.str("registration_client_uri") != endpoint("register/"+id) || got.Header.Get("Cache-Control") != "no-store" || got.num("client_id_issued_at") != v.unix(0) {
		t.Errorf("%s", got.Body)
	}
	a := v.joined(id, got.str("client_secret"))
	tokens := v.tokens(a, v.who, nil)
	if v.userinfo(tokens.str("access_token")).Status != 200 || tokens.str("refresh_token") != "" {
		t.Errorf("%s", tokens.Body)
	}
	stored := toJSON(t, a.Client)
	for _, secret := range []string{got.str("client_secret"), got.str("registration_access_token")} {
		if strings.Contains(stored, secret) {
			t.Error("a secret is stored as it is")
		}
	}
}

// TestRegistrationEcho: each member comes back as it was registered, then and later
// (RFC 7591 3.2.1).
func TestRegistrationEcho(t *testing.T) {
	w := newWorld(t, options{})
	s := w.site()
	w.registration(idp.RegistrationToken)
	token := w.initial(1000, time.Hour)
	uri := s.put("/x", static(`["https://new.example/cb"]`))
	for name, value := range map[string]any{
		"redirect_uris":    []string{"https://new.example/cb", "http://localhost:1/cb", "com.example.app:/cb"},
		"response_types":   []string{"code"},
		"grant_types":      []string{"refresh_token", "authorization_code"},
		"contacts":         []string{"a@new.example", "b@new.example"},
		"client_name":      "Né <b>w",
		"logo_uri":         "https://new.example/logo",
		"client_uri":       "https://new.example/",
		"policy_uri":       "https://new.example/policy",
		"tos_uri":          "https://new.example/tos",
		"jwks_uri":         uri,
		"jwks":             json.RawMessage(jwks(t, allKeys()...)),
		"subject_type":     "pairwise",
		"application_type": "native",
		"default_max_age":  3600, "require_auth_time": true, "default_acr_values": []string{"a", "b"},
		"initiate_login_uri": "https://new.example/login", "request_uris": []string{"https://new.example/r#x"},
		"post_logout_redirect_uris": []string{"https://new.example/out"},
		"backchannel_logout_uri":    uri, "backchannel_logout_session_required": true,
		"frontchannel_logout_uri": "https://new.example/front", "frontchannel_logout_session_required": true,
		"require_pushed_authorization_requests": true, "dpop_bound_access_tokens": true,
		"sector_identifier_uri": uri, "id_token_signed_response_alg": "RS256", "userinfo_signed_response_alg": "ES256",
		"request_object_signing_alg": "PS256", "token_endpoint_auth_method": "client_secret_post",
	} {
		got := w.register(metadataOf(t, map[string]any{name: value}), token)
		read := w.do(registering("GET", "/"+got.str("client_id"), "", got.str("registration_access_token")))
		for when, got := range map[string]*reply{"registered": got, "read": read} {
			if toJSON(t, got.JSON[name]) != toJSON(t, decodedJSON(t, value)) {
				t.Errorf("%s, %s: %d %s", name, when, got.Status, got.Body)
			}
		}
	}
	// A client that must sign its requests needs keys to be held to that.
	signs := map[string]any{"require_signed_request_object": true, "jwks": json.RawMessage(jwks(t, esKey()))}
	got := w.register(metadataOf(t, signs), token)
	read := w.do(registering("GET", "/"+got.str("client_id"), "", got.str("registration_access_token")))
	if got.JSON["require_signed_request_object"] != true || read.JSON["require_signed_request_object"] != true {
		t.Errorf("%d %s, read %s", got.Status, got.Body, read.Body)
	}
	delete(signs, "jwks")
	checkError(t, w.register(metadataOf(t, signs), token), 400, "invalid_client_metadata")
}

// decodedJSON is a value as it looks after a journey.
func decodedJSON(t testing.TB, value any) (out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(toJSON(t, value)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRegistrationAuth: each way to authenticate comes with what it needs.
func TestRegistrationAuth(t *testing.T) {
	v := newVisitor(t, options{})
	v.registration(idp.RegistrationOpen)
	for method, more := range map[string]map[string]any{
		idp.AuthBasic: {}, idp.AuthPost: {}, idp.AuthNone: {}, idp.AuthSecretJWT: {}, idp.AuthKeyJWT: {"jwks": json.RawMessage(jwks(t, esKey()))},
	} {
		more["token_endpoint_auth_method"] = method
		got := v.register(metadataOf(t, more), "")
		a := v.joined(got.str("client_id"), got.str("client_secret"))
		if (a.secret != "") != a.UsesSecret() || (got.JSON["client_secret_expires_at"] != nil) != a.UsesSecret() {
			t.Errorf("%s: %s", method, got.Body)
		}
		form := a.redemption(v.code(a, v.who, nil))
		if a.Public() {
			form.Set("code_verifier", verifier)
		}
		r := v.ask(a, "token", form)
		if method == idp.AuthSecretJWT {
			r = v.request("/oauth2/v2.0/token", asserted(form, v.hmacOf(a, "HS256", a.secret, nil)))
		}
		if got := v.do(r); got.Status != 200 {
			t.Errorf("%s: %d %s", method, got.Status, got.Body)
		}
	}
}
