package oidc_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

const (
	plainDiscovery = "/v2.0/.well-known/openid-configuration"
	keysPath       = "/discovery/v2.0/keys"
)

// TestOidccDiscoveryEndpointVerification: every member of the document is a name
// of the specifications, says what holds, and has the right type.
func TestOidccDiscoveryEndpointVerification(t *testing.T) {
	w := newWorld(t, options{rsa: true})
	got := w.do(w.request(plainDiscovery, nil))
	if got.Status != 200 || got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	issuer := baseURL + "/" + tenantID
	v2 := issuer + "/oauth2/v2.0/"
	list := func(names ...string) []any {
		var out []any
		for _, n := range names {
			out = append(out, n)
		}
		return out
	}
	all := list("client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none")
	assertions := list("RS256", "PS256", "ES256", "EdDSA", "HS256")
	want := map[string]any{
		"pushed_authorization_request_endpoint":                    v2 + "par",
		"check_session_iframe":                                     v2 + "checksession",
		"request_parameter_supported":                              true,
		"require_request_uri_registration":                         true,
		"request_object_signing_alg_values_supported":              list("RS256", "PS256", "ES256", "EdDSA"),
		"userinfo_signing_alg_values_supported":                    list("RS256", "ES256"),
		"introspection_signing_alg_values_supported":               list("RS256", "ES256"),
		"token_endpoint_auth_signing_alg_values_supported":         assertions,
		"introspection_endpoint_auth_signing_alg_values_supported": assertions,
		"revocation_endpoint_auth_signing_alg_values_supported":    assertions,
		"dpop_signing_alg_values_supported":                        list("ES256", "PS256", "EdDSA"),
		"prompt_values_supported":                                  list("none", "login", "consent", "select_account"),
		"backchannel_logout_supported":                             true,
		"backchannel_logout_session_supported":                     true,
		"frontchannel_logout_supported":                            true,
		"frontchannel_logout_session_supported":                    true,
		"issuer":                                                   issuer + "/v2.0",
		"authorization_endpoint":                                   v2 + "authorize",
		"token_endpoint":                                           v2 + "token",
		"userinfo_endpoint":                                        v2 + "userinfo",
		"introspection_endpoint":                                   v2 + "introspect",
		"revocation_endpoint":                                      v2 + "revoke",
		"end_session_endpoint":                                     v2 + "logout",
		"device_authorization_endpoint":                            v2 + "devicecode",
		"jwks_uri":                                                 issuer + keysPath,
		"scopes_supported":                                         list("openid", "profile", "email", "address", "phone", "offline_access"),
		"response_types_supported":                                 list("code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"),
		"response_modes_supported":                                 list("query", "fragment", "form_post"),
		"grant_types_supported":                                    list("authorization_code", "implicit", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange"),
		"acr_values_supported":                                     list(idp.ACRBootstrap, idp.ACRHardware, idp.ACRPhishing, idp.ACRMFA, idp.ACRFederated, idp.ACREmail, idp.ACRPassword),
		"subject_types_supported":                                  list("public", "pairwise"),
		"display_values_supported":                                 list("page", "popup"),
		"claim_types_supported":                                    list("normal"),
		"claims_parameter_supported":                               true,
		"request_uri_parameter_supported":                          true,
		"authorization_response_iss_parameter_supported":           true,
		"id_token_signing_alg_values_supported":                    list("RS256", "ES256"),
		"code_challenge_methods_supported":                         list("S256"),
		"token_endpoint_auth_methods_supported":                    all,
		"revocation_endpoint_auth_methods_supported":               all,
		"introspection_endpoint_auth_methods_supported":            all[:4],
	}
	claims, _ := got.JSON["claims_supported"].([]any)
	for _, name := range append(standardScopes["profile"], "sub", "iss", "auth_time", "acr", "email", "email_verified", "address", "phone_number", "phone_number_verified") {
		if !slices.Contains(claims, any(name)) {
			t.Errorf("claims_supported lacks %s", name)
		}
	}
	delete(got.JSON, "claims_supported")
	for name, value := range got.JSON {
		if a, b := text(value), text(want[name]); a != b {
			t.Errorf("%s is %s, want %s", name, a, b)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got.JSON[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}

func text(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

// TestDiscoveryEverywhere: one document, byte for byte, by GUID and by domain, at
// each of its URLs, and whatever the request claims about hosts.
func TestDiscoveryEverywhere(t *testing.T) {
	w := newWorld(t, options{})
	want := w.do(w.request(plainDiscovery, nil))
	for _, target := range []string{
		baseURL + "/contoso.example" + plainDiscovery,
		baseURL + "/CONTOSO.example" + plainDiscovery,
		baseURL + "/" + strings.ToUpper(tenantID) + plainDiscovery,
		baseURL + "/" + tenantID + "/.well-known/openid-configuration",
		baseURL + "/contoso.example/.well-known/openid-configuration",
		baseURL + "/.well-known/oauth-authorization-server/" + tenantID + "/v2.0",
		baseURL + "/.well-known/oauth-authorization-server/contoso.example/v2.0",
		"http://evil.example/" + tenantID + plainDiscovery,
	} {
		if got := w.do(at("GET", target, nil)); got.Status != 200 || string(got.Body) != string(want.Body) {
			t.Errorf("%s: %d %s", target, got.Status, got.Body)
		}
	}
	for _, tenant := range []string{"fabrikam.example", "00000000-0000-0000-0000-000000000000", "common", "contoso.example.", "x"} {
		if got := w.do(at("GET", baseURL+"/"+tenant+plainDiscovery, nil)); got.Status != 404 {
			t.Errorf("%s: %d", tenant, got.Status)
		}
	}
}

// TestDiscoveryEndpoints: what the document names answers there.
func TestDiscoveryEndpoints(t *testing.T) {
	w := newWorld(t, options{})
	for name, value := range w.do(w.request(plainDiscovery, nil)).JSON {
		url, ok := value.(string)
		if !ok || !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
			continue
		}
		for _, method := range []string{"GET", "POST"} {
			got := w.do(at(method, url, nil))
			if got.Status == 404 || got.Status >= 500 {
				t.Errorf("%s %s: %d", method, name, got.Status)
			}
		}
	}
}

// TestPublicDocuments: discovery and keys may be kept for a while, and who has
// them already is told so.
func TestPublicDocuments(t *testing.T) {
	w := newWorld(t, options{})
	for _, path := range []string{plainDiscovery, keysPath} {
		got := w.do(w.request(path, nil))
		etag := got.Header.Get("ETag")
		if etag == "" || got.Header.Get("Cache-Control") != "public, max-age=900" || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %v", path, got.Header)
		}
		for match, status := range map[string]int{etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, `"x"`: 200, "": 200} {
			r := w.request(path, nil)
			r.Header.Set("If-None-Match", match)
			again := w.do(r)
			if again.Status != status || again.Header.Get("ETag") != etag || (status == 304) != (len(again.Body) == 0) {
				t.Errorf("%s, If-None-Match %s: %d %v", path, match, again.Status, again.Header)
			}
		}
		r := at("HEAD", baseURL+"/"+tenantID+path, nil)
		if head := w.do(r); head.Status != 200 || head.Header.Get("ETag") != etag {
			t.Errorf("HEAD %s: %d %v", path, head.Status, head.Header)
		}
		if post := w.do(w.request(path, url.Values{})); post.Status != 405 || post.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d %v", path, post.Status, post.Header)
		}
	}
}

// publishedKeys are the published keys by kid.
func (w *world) publishedKeys() map[string]map[string]any {
	w.t.Helper()
	var set struct{ Keys []map[string]any }
	w.must(json.Unmarshal(w.do(w.request(keysPath, nil)).Body, &set))
	out := map[string]map[string]any{}
	for _, k := range set.Keys {
		kid, _ := k["kid"].(string)
		if out[kid] != nil || kid == "" {
			w.t.Errorf("kid %q twice, or none", kid)
		}
		out[kid] = k
	}
	return out
}

// TestKeySet: RSA of 2048 bits and P-256, nothing private (CheckServerJwks…).
func TestKeySet(t *testing.T) {
	w := newWorld(t, options{rsa: true})
	members := map[string][]string{"RS256": {"alg", "e", "kid", "kty", "n", "use"}, "ES256": {"alg", "crv", "kid", "kty", "use", "x", "y"}}
	lengths := map[string]int{"n": 342, "x": 43, "y": 43} // base64url of 256 and 32 bytes
	for kid, k := range w.publishedKeys() {
		alg, _ := k["alg"].(string)
		if !slices.Equal(slices.Sorted(maps.Keys(k)), members[alg]) || k["use"] != "sig" {
			t.Errorf("%s: %v", kid, k)
		}
		for name, length := range lengths {
			if v, ok := k[name].(string); ok && len(v) != length {
				t.Errorf("%s: %s has %d characters", kid, name, len(v))
			}
		}
		delete(members, alg)
	}
	if len(members) > 0 {
		t.Errorf("no key for %v", members)
	}
	w.must(w.store.Update(w.ctx(), tenantID, func(tx *storage.Tx) error {
		return errors.Join(tx.Delete(ecKey()), tx.Delete(rsaKey()))
	}))
	w.advance(2 * time.Second)
	if got := w.do(w.request(keysPath, nil)); string(got.Body) != `{"keys":[]}` {
		t.Errorf("no keys: %s", got.Body)
	}
}

// TestOidccServerRotateKeys: a new key is published before it signs, for longer
// than anybody keeps the key set, and the old one for as long as its tokens last.
func TestOidccServerRotateKeys(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	refresh := v.tokens(web, v.who, nil).str("refresh_token")
	token := func() (id, kid string) {
		v.t.Helper()
		id = v.refresh(web, refresh, "").str("id_token")
		v.claims(id) // verifies with what is published now
		return id, headerOf(t, id)["kid"].(string)
	}
	_, old := token()
	fresh, err := v.admin.RotateKeys(v.ctx(), operator, tenantID)
	v.must(err)
	v.advance(2 * time.Second)
	if n := len(v.publishedKeys()); n != 1+len(fresh) {
		t.Fatalf("%d keys are published", n)
	}
	if _, kid := token(); kid != old {
		t.Error("the new key signs at once")
	}
	v.advance(idp.KeyCacheTime - 3*time.Second)
	last, kid := token()
	if kid != old {
		t.Error("the new key signs before everybody has it")
	}
	v.advance(2 * time.Second)
	if _, kid := token(); kid == old {
		t.Error("the old key still signs")
	}
	v.advance(idp.IDTokenLifetime)
	v.claims(last)
	v.advance(idp.KeyOverlap - idp.IDTokenLifetime)
	if keys := v.publishedKeys(); keys[old] != nil || len(keys) != len(fresh) {
		t.Errorf("%d keys are published in the end", len(keys))
	}
	token()
}

// TestTenantDisabled: its endpoints are gone within a second.
func TestTenantDisabled(t *testing.T) {
	w := newWorld(t, options{})
	disabled := true
	w.must2(w.admin.UpdateTenant(w.ctx(), operator, tenantID, admin.TenantChange{Disabled: &disabled}))
	w.advance(time.Second)
	for _, path := range []string{plainDiscovery, keysPath, "/oauth2/v2.0/authorize", "/oauth2/v2.0/userinfo"} {
		if got := w.do(w.request(path, nil)); got.Status != 404 {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}
