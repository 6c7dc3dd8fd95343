package oidc_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// TestRegistrationRefused: what a client cannot be. Nothing is stored, and no token
// spent.
func TestRegistrationRefused(t *testing.T) {
	w := newWorld(t, options{})
	s := w.site()
	w.calls = nil // nothing but public addresses is called
	w.start()
	w.registration(idp.RegistrationToken)
	token := w.initial(1000, time.Hour)
	uris := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprint("https://new.example/", i))
		}
		return out
	}
	const meta, redirect = "invalid_client_metadata", "invalid_redirect_uri"
	for _, test := range []struct {
		name   string
		change map[string]any
		code   string
	}{
		{"oidcc-redirect-uri-regfrag", map[string]any{"redirect_uris": []string{"https://new.example/cb#x"}}, redirect},
		{"an empty fragment", map[string]any{"redirect_uris": []string{"https://new.example/cb#"}}, redirect},
		{"http", map[string]any{"redirect_uris": []string{"http://new.example/cb"}}, redirect},
		{"a script", map[string]any{"redirect_uris": []string{"javascript:alert(1)"}}, redirect},
		{"data", map[string]any{"redirect_uris": []string{"data:text/html,x"}}, redirect},
		{"a user", map[string]any{"redirect_uris": []string{"https://a:b@new.example/cb"}}, redirect},
		{"a path", map[string]any{"redirect_uris": []string{"/cb"}}, redirect},
		{"an empty one", map[string]any{"redirect_uris": []string{""}}, redirect},
		{"the second", map[string]any{"redirect_uris": []string{"https://new.example/cb", "https://new.example/#"}}, redirect},
		{"of signing out", map[string]any{"post_logout_redirect_uris": []string{"https://new.example/#"}}, redirect},
		{"none", map[string]any{"redirect_uris": nil}, redirect},
		{"an empty list", map[string]any{"redirect_uris": []string{}}, redirect},
		{"a text", map[string]any{"redirect_uris": "https://new.example/cb"}, meta},
		{"numbers", map[string]any{"redirect_uris": []int{1}}, meta},
		{"101", map[string]any{"redirect_uris": uris(101)}, meta},
		{"2,000", map[string]any{"redirect_uris": uris(2000)}, meta},
		{"unknown auth method", map[string]any{"token_endpoint_auth_method": "tls_client_auth"}, meta},
		{"private_key_jwt without keys", map[string]any{"token_endpoint_auth_method": "private_key_jwt"}, meta},
		{"unknown grant", map[string]any{"grant_types": []string{"password"}}, meta},
		{"client credentials", map[string]any{"grant_types": []string{"authorization_code", "client_credentials"}}, meta},
		{"token exchange", map[string]any{"grant_types": []string{idp.GrantExchange}}, meta},
		{"device", map[string]any{"grant_types": []string{idp.GrantDevice}}, meta},
		{"unknown response type", map[string]any{"response_types": []string{"code", "none"}}, meta},
		{"implicit without its grant", map[string]any{"response_types": []string{"id_token"}, "grant_types": []string{"authorization_code"}}, meta},
		{"a private key", map[string]any{"jwks": private(esKey())}, meta},
		{"a symmetric key", map[string]any{"jwks": json.RawMessage(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`)}, meta},
		{"a private key of a curve nobody knows", map[string]any{"jwks": json.RawMessage(`{"keys":[{"kty":"EC","crv":"x","x":"AA","y":"AA","d":"AA"}]}`)}, meta},
		{"keys that are none", map[string]any{"jwks": 7}, meta},
		{"jwks and jwks_uri", map[string]any{"jwks": json.RawMessage(jwks(t, esKey())), "jwks_uri": "https://new.example/keys"}, meta},
		{"encrypted ID tokens", map[string]any{"id_token_encrypted_response_alg": "RSA-OAEP"}, meta},
		{"encrypted userinfo", map[string]any{"userinfo_encrypted_response_alg": "RSA-OAEP"}, meta},
		{"encrypted requests", map[string]any{"request_object_encryption_alg": "RSA-OAEP"}, meta},
		{"unsigned ID tokens", map[string]any{"id_token_signed_response_alg": "none"}, meta},
		{"HS256 ID tokens", map[string]any{"id_token_signed_response_alg": "HS256"}, meta},
		{"unsigned requests", map[string]any{"request_object_signing_alg": "none"}, meta},
		{"unsigned assertions", map[string]any{"token_endpoint_auth_signing_alg": "none"}, meta},
		{"unknown subject type", map[string]any{"subject_type": "x"}, meta},
		{"pairwise for two hosts", map[string]any{"subject_type": "pairwise", "redirect_uris": []string{"https://a.example/", "https://b.example/"}}, meta},
		{"oidcc-3rdparty-init-login, http", map[string]any{"initiate_login_uri": "http://new.example/login"}, meta},
		{"max age 0", map[string]any{"default_max_age": 0}, meta},
		{"max age in words", map[string]any{"default_max_age": "1"}, meta},
		{"a name of two lines", map[string]any{"client_name": "a\nb"}, meta},
		{"a long name", map[string]any{"client_name": strings.Repeat("x", 257)}, meta},
		{"a logo that is a script", map[string]any{"logo_uri": "javascript:alert(1)"}, meta},
		{"terms that are a script", map[string]any{"tos_uri": "javascript:alert(1)"}, meta},
		{"policy that is data", map[string]any{"policy_uri": "data:text/html,x"}, meta},
		{"a home that is http", map[string]any{"client_uri": "http://new.example/"}, meta},
		{"front-channel logout elsewhere", map[string]any{"frontchannel_logout_uri": "https://other.example/"}, meta},
		{"11 contacts", map[string]any{"contacts": uris(11)}, meta},
	} {
		got := w.unstored(test.name, func() *reply { return w.register(metadataOf(t, test.change), token) })
		checkError(t, got, 400, test.code)
		if got.str("error") != test.code {
			t.Errorf("%s: %d %s", test.name, got.Status, got.Body)
		}
	}
	for _, name := range []string{"jwks_uri", "sector_identifier_uri", "backchannel_logout_uri", "request_uris"} {
		for _, uri := range []string{s.URL + "/x", "https://localhost/x", "https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/x", "https://10.0.0.1/x", "http://new.example/x", "https://new.example:22/x", "file:///etc/passwd", "x", "#x", "https://a@new.example/"} {
			var value any = uri
			if name == "request_uris" {
				value = []string{uri}
			}
			got := w.unstored(name, func() *reply { return w.register(metadataOf(t, map[string]any{name: value}), token) })
			if got.str("error") != meta {
				t.Errorf("%s %s: %d %s", name, uri, got.Status, got.Body)
			}
		}
	}
	if s.count("/x") > 0 {
		t.Error("an address that is not public was called")
	}
	for name, test := range map[string]struct {
		kind, body string
		status     int
	}{
		"a form":           {"application/x-www-form-urlencoded", "redirect_uris=https://new.example/cb", 400},
		"text":             {"text/plain", leastMetadata, 400},
		"no type":          {"", leastMetadata, 400},
		"a list":           {"application/json", "[" + leastMetadata + "]", 400},
		"null":             {"application/json", "null", 400},
		"nothing":          {"application/json", "", 400},
		"half":             {"application/json", leastMetadata[:20], 400},
		"two":              {"application/json", leastMetadata + leastMetadata, 400},
		"more behind it":   {"application/json", leastMetadata + "x", 400},
		"a member twice":   {"application/json", `{"redirect_uris":["https://evil.example/"],` + leastMetadata[1:], 400},
		"10,000 addresses": {"application/json", metadataOf(t, map[string]any{"redirect_uris": uris(10_000)}), 413},
		"5 MB":             {"application/json", `{"client_name":"` + strings.Repeat("x", 5<<20) + `"}`, 413},
		"brackets":         {"application/json", strings.Repeat("[", 60_000), 400},
		"no text":          {"application/json", "{\"redirect_uris\":[\"https://new.example/\xff\"]}", 400},
	} {
		got := w.unstored(name, func() *reply {
			r := registering("POST", "", test.body, token)
			r.Header.Set("Content-Type", test.kind)
			return w.do(r)
		})
		if got.Status != test.status || test.status == 400 && !slices.Contains([]string{meta, redirect}, got.str("error")) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := w.register(leastMetadata, token); got.Status != 201 {
		t.Errorf("as it should be: %d %s", got.Status, got.Body)
	}
}

// TestOidccRegistrationSectorBad: the document lists every redirect URI, or nothing
// comes of it: oidcc-registration-sector-uri, oidcc-registration-sector-bad.
func TestOidccRegistrationSectorBad(t *testing.T) {
	w := newWorld(t, options{})
	s := w.site()
	w.registration(idp.RegistrationToken)
	token := w.initial(1000, time.Hour)
	const two = `["https://a.example/cb","https://b.example/cb"]`
	for name, test := range map[string]struct {
		file http.HandlerFunc
		ok   bool
	}{
		"oidcc-registration-sector-uri": {static(two), true},
		"with more":                     {static(`["https://c.example/",` + two[1:]), true},
		"oidcc-registration-sector-bad": {static(`["https://a.example/cb"]`), false},
		"another path":                  {static(strings.Replace(two, "b.example/cb", "b.example/", 1)), false},
		"an object":                     {static(`{"redirect_uris":` + two + `}`), false},
		"null":                          {static("null"), false},
		"numbers":                       {static("[1]"), false},
		"no JSON":                       {static("<html>"), false},
		"404":                           {nil, false},
		"a redirect":                    {elsewhere("/other"), false},
		"5 MB":                          {static(two + strings.Repeat(" ", 5<<20)), false},
		"without end":                   {endless(two), false},
	} {
		uri := s.put("/sector", test.file)
		s.put("/other", static(two))
		body := metadataOf(t, map[string]any{"redirect_uris": json.RawMessage(two), "subject_type": "pairwise", "sector_identifier_uri": uri})
		before := w.store.Commits()
		got := w.register(body, token)
		if test.ok != (got.Status == 201) || s.count("/other") > 0 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if !test.ok {
			if checkError(t, got, 400, "invalid_client_metadata"); w.store.Commits() > before {
				t.Errorf("%s: something was stored", name)
			}
		} else if c := w.joined(got.str("client_id"), ""); c.Subject.Sector != "127.0.0.1" {
			t.Errorf("%s: sector %q", name, c.Subject.Sector)
		}
	}
}

// TestRegistrationOwn: whoever holds a registration access token sees, replaces and
// removes that one client (RFC 7592 2).
func TestRegistrationOwn(t *testing.T) {
	v := newVisitor(t, options{})
	v.registration(idp.RegistrationOpen)
	mine, other := v.register(metadataOf(t, map[string]any{"contacts": []string{"a"}}), ""), v.register(leastMetadata, "")
	id, secret, access := mine.str("client_id"), mine.str("client_secret"), mine.str("registration_access_token")
	a := v.joined(id, secret)
	refresh := v.tokens(a, v.who, nil).str("access_token")
	v.put(twinID, a.Client)
	v.twin()
	v.advance(time.Second)
	v.change(v.apps["web"], func(c *idp.Client) {}) // one that an administrator made has no such token
	for name, r := range map[string]func(method string) *http.Request{
		"no token": func(m string) *http.Request { return registering(m, "/"+id, leastMetadata, "") },
		"another's token": func(m string) *http.Request {
			return registering(m, "/"+id, leastMetadata, other.str("registration_access_token"))
		},
		"a made-up token": func(m string) *http.Request {
			return registering(m, "/"+id, leastMetadata, idp.NewToken(idp.RegistrationAuth))
		},
		"the secret":         func(m string) *http.Request { return registering(m, "/"+id, leastMetadata, secret) },
		"an access token":    func(m string) *http.Request { return registering(m, "/"+id, leastMetadata, refresh) },
		"a client of nobody": func(m string) *http.Request { return registering(m, "/"+idp.NewID(), leastMetadata, access) },
		"not registered so":  func(m string) *http.Request { return registering(m, "/web", leastMetadata, access) },
		"as Basic": func(m string) *http.Request {
			r := registering(m, "/"+id, leastMetadata, "")
			r.SetBasicAuth(id, secret)
			return r
		},
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			got := v.unstored(name, func() *reply { return v.do(r(method)) })
			if got.Status != 401 || got.str("error") != "invalid_token" || !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%s %s: %d %s", method, name, got.Status, got.Body)
			}
		}
	}
	replace := func(change map[string]any) *reply {
		return v.do(registering("PUT", "/"+id, metadataOf(t, change), access))
	}
	for name, change := range map[string]map[string]any{
		"no client_id": {}, "another client_id": {"client_id": other.str("client_id")}, "a wrong secret": {"client_id": id, "client_secret": "cs_x"},
		"a bad address": {"client_id": id, "redirect_uris": []string{"x"}}, "a grant of others": {"client_id": id, "grant_types": []string{"client_credentials"}},
	} {
		got := v.unstored(name, func() *reply { return replace(change) })
		if got.Status != 400 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	got := replace(map[string]any{"client_id": id, "client_secret": secret, "client_name": "Newer", "redirect_uris": []string{"https://newer.example/cb"}})
	if got.Status != 200 || got.str("client_name") != "Newer" || got.JSON["contacts"] != nil || got.JSON["client_secret"] != nil || got.str("registration_access_token") != access {
		t.Errorf("replaced: %d %s", got.Status, got.Body)
	}
	if read := v.do(registering("GET", "/"+id, "", access)); read.Status != 200 || string(read.Body) != string(got.Body) {
		t.Errorf("read: %d %s", read.Status, read.Body)
	}
	if got := v.tokens(v.joined(id, secret), v.who, nil); got.Status != 200 {
		t.Errorf("the secret: %d %s", got.Status, got.Body)
	}
	got = replace(map[string]any{"client_id": id, "token_endpoint_auth_method": "client_secret_post"})
	if got.Status != 200 || got.str("client_secret") == "" || got.str("client_secret") == secret {
		t.Errorf("another way to authenticate: %d %s", got.Status, got.Body)
	}
	v.tokens(v.joined(id, got.str("client_secret")), v.who, nil)
	gone := v.do(registering("DELETE", "/"+id, "", access))
	if gone.Status != 204 || len(gone.Body) > 0 {
		t.Errorf("removed: %d %s", gone.Status, gone.Body)
	}
	if got := v.do(registering("GET", "/"+id, "", access)); got.Status != 401 {
		t.Errorf("afterwards: %d %s", got.Status, got.Body)
	}
	if got := v.userinfo(refresh); got.Status != 401 {
		t.Errorf("its token: %d", got.Status)
	}
	there := raw("DELETE", strings.Replace(endpoint("register/"+other.str("client_id")), tenantID, twinID, 1), "")
	there.Header.Set("Authorization", "Bearer "+other.str("registration_access_token"))
	if got := v.do(there); got.Status != 401 {
		t.Errorf("at another tenant: %d %s", got.Status, got.Body)
	}
}

// TestRegistrationKept: what only an administrator may set stays when a client
// replaces its registration, and it cannot set that itself.
func TestRegistrationKept(t *testing.T) {
	w := newWorld(t, options{})
	w.registration(idp.RegistrationOpen)
	made := w.register(metadataOf(t, map[string]any{"trusted": true, "Trusted": true, "introspect": true, "profile": "fapi2", "permissions": []string{"https://a.example/x"}, "origins": []string{"https://x.example"}}), "")
	a := w.joined(made.str("client_id"), "")
	if a.Trusted || a.Introspect || a.Profile != "" || a.Permissions != nil || a.Origins != nil {
		t.Errorf("%+v", a.Client)
	}
	w.change(a, func(c *idp.Client) { c.Trusted, c.Introspect, c.Origins = true, true, []string{"https://spa.example"} })
	got := w.do(registering("PUT", "/"+a.ClientID, metadataOf(t, map[string]any{"client_id": a.ClientID}), made.str("registration_access_token")))
	a = w.joined(a.ClientID, "")
	if got.Status != 200 || !a.Trusted || !a.Introspect || len(a.Origins) != 1 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	off := true
	w.must2(w.admin.UpdateClient(w.ctx(), operator, tenantID, a.ClientID, clientOff(&off)))
	if got := w.do(registering("GET", "/"+a.ClientID, "", made.str("registration_access_token"))); got.Status != 401 {
		t.Errorf("disabled: %d %s", got.Status, got.Body)
	}
}
