package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
)

// TestIDTokenClaims: exactly the claims of OIDC Core 2, each of the right type
// (OIDCCServerTest: EnsureIdTokenDoesNotContainNonRequestedClaims).
func TestIDTokenClaims(t *testing.T) {
	v := newVisitor(t, options{})
	v.advance(10 * time.Minute)
	session := v.enter(v.apps["spa"], nil) // the session begins here
	v.advance(5 * time.Minute)
	got := v.tokens(v.apps["web"], v.who, nil)
	claims := v.claims(got.str("id_token"))
	if session.code() == "" {
		t.Fatal("nobody signed in")
	}
	sum := sha256.Sum256([]byte(got.str("access_token")))
	now := epoch.Add(15 * time.Minute).Unix()
	for name, want := range map[string]any{
		"iss": baseURL + "/" + tenantID + "/v2.0", "sub": v.users["anna"].UserID, "aud": "web",
		"iat": float64(now), "exp": float64(now + 3600), "auth_time": float64(now - 300),
		"nonce": "some nonce", "acr": idp.ACRBootstrap, "at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	names := slices.Sorted(maps.Keys(claims))
	if want := []string{"acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"}; !slices.Equal(names, want) {
		t.Errorf("claims %v", names)
	}
	if amr, ok := claims["amr"].([]any); !ok || len(amr) == 0 || amr[0] != "otp" {
		t.Errorf("amr %v", claims["amr"])
	}
	if sid, ok := claims["sid"].(string); !ok || !idp.IsID(sid) {
		t.Errorf("sid %v", claims["sid"])
	}
}

// TestOidccIDTokenSignature: RS256 for a client that chose nothing, ES256 for one
// that did, each with kid and typ.
func TestOidccIDTokenSignature(t *testing.T) {
	for alg, o := range map[jose.SignatureAlgorithm]options{jose.RS256: {rsa: true}, jose.ES256: {}} {
		v := newVisitor(t, o)
		token := v.tokens(v.apps["web"], v.who, nil).str("id_token")
		jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{alg})
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		header := jws.Signatures[0].Protected
		if header.KeyID == "" || header.ExtraHeaders[jose.HeaderType] != "JWT" || len(header.ExtraHeaders) != 1 || header.JSONWebKey != nil {
			t.Errorf("%s: header %+v", alg, header)
		}
		v.claims(token)
	}
}

// TestIDTokenLifetime: clipped to what is left of the pass.
func TestIDTokenLifetime(t *testing.T) {
	w := newWorld(t, options{})
	_, code := w.pass("anna", idp.PassRequest{Lifetime: 10})
	b := w.browser()
	w.advance(9*time.Minute + 500*time.Millisecond)
	got := b.tokens(w.apps["web"], person{name: "anna", code: code}, nil)
	claims := w.claims(got.str("id_token"))
	if left := claims["exp"].(float64) - claims["iat"].(float64); left != 59 || got.num("expires_in") != 59 {
		t.Errorf("exp %v s after iat, expires_in %d", left, got.num("expires_in"))
	}
}

// TestIDTokenNonce: as it was sent, whatever it is made of, and absent otherwise.
func TestIDTokenNonce(t *testing.T) {
	v := newVisitor(t, options{})
	for _, nonce := range []string{"", "n", "é漢字\"\\<>&", strings.Repeat("n", 2000), "a b+c%20"} {
		claims := v.claims(v.tokens(v.apps["web"], v.who, one("nonce", nonce)).str("id_token"))
		got, has := claims["nonce"]
		if has != (nonce != "") || has && got != nonce {
			t.Errorf("%q: %v", nonce, got)
		}
	}
}

// full is a user with all there is to tell.
func full(v *visitor) {
	u := v.users["anna"]
	u.Profile = idp.Profile{
		GivenName: "Anna", FamilyName: "Arnold", MiddleName: "B.", Nickname: "Ann", Page: "https://anna.example/", Picture: "https://anna.example/me.png",
		Website: "https://www.anna.example/", Gender: "female", Birthdate: "1990-01-31", ZoneInfo: "Europe/Berlin", Locale: "de-DE",
		Email: "anna@mail.example", EmailVerified: true, Phone: "+491511234567", PhoneVerified: true, UpdatedAt: epoch,
		Address: idp.Address{Formatted: "Street 1\n12345 Town", Street: "Street 1", Locality: "Town", Region: "BY", PostalCode: "12345", Country: "Germany"},
	}
	v.put(tenantID, u)
}

// standardScopes are the claims of each scope (OIDC Core 5.4).
var standardScopes = map[string][]string{
	"profile": {"birthdate", "family_name", "gender", "given_name", "locale", "middle_name", "name", "nickname", "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo"},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
}

// TestOidccScope: userinfo has every standard claim of the scopes and no other;
// the ID token has none of them.
func TestOidccScope(t *testing.T) {
	v := newVisitor(t, options{})
	full(v)
	all := "openid profile email address phone"
	for _, scope := range append(slices.Collect(maps.Keys(standardScopes)), "", all[len("openid "):]) {
		want := []string{"sub"}
		for _, s := range strings.Fields(scope) {
			want = append(want, standardScopes[s]...)
		}
		slices.Sort(want)
		got := v.tokens(v.apps["web"], v.who, one("scope", "openid "+scope))
		info := v.userinfo(got.str("access_token"))
		if names := slices.Sorted(maps.Keys(info.JSON)); !slices.Equal(names, want) {
			t.Errorf("%q: userinfo has %v, want %v", scope, names, want)
		}
		checkClaimTypes(t, info.JSON)
		for name := range v.claims(got.str("id_token")) {
			if slices.Contains(want, name) && name != "sub" {
				t.Errorf("%q: %s is in the ID token", scope, name)
			}
		}
	}
}

// checkClaimTypes holds claims against the table of OIDC Core 5.1.
func checkClaimTypes(t *testing.T, claims map[string]any) {
	t.Helper()
	for name, value := range claims {
		var ok bool
		switch name {
		case "email_verified", "phone_number_verified":
			_, ok = value.(bool)
		case "updated_at":
			_, ok = value.(float64)
		case "address":
			_, ok = value.(map[string]any)
		default:
			s, text := value.(string)
			ok = text && s != ""
		}
		if !ok {
			t.Errorf("%s: %T %v", name, value, value)
		}
	}
}

// TestUserInfoEmpty: what a person does not have is left out, never empty.
func TestUserInfoEmpty(t *testing.T) {
	v := newVisitor(t, options{})
	u := v.users["anna"]
	u.Profile = idp.Profile{}
	v.put(tenantID, u)
	got := v.userinfo(v.tokens(v.apps["web"], v.who, one("scope", "openid profile email address phone")).str("access_token"))
	if names := slices.Sorted(maps.Keys(got.JSON)); !slices.Equal(names, []string{"name", "preferred_username", "sub", "updated_at"}) {
		t.Errorf("%s", got.Body)
	}
	checkClaimTypes(t, got.JSON)
}

// TestOidccClaimsEssential: the claims parameter puts a claim where it was asked
// for and nowhere else, in the first tokens and in refreshed ones.
func TestOidccClaimsEssential(t *testing.T) {
	v := newVisitor(t, options{})
	full(v)
	for raw, want := range map[string]struct{ info, token []string }{
		`{"userinfo":{"name":{"essential":true}}}`:                            {[]string{"name"}, nil},
		`{"userinfo":{"name":null,"email":{"value":"x"}}}`:                    {[]string{"name", "email"}, nil},
		`{"id_token":{"name":null,"phone_number":null}}`:                      {nil, []string{"name", "phone_number"}},
		`{"userinfo":{"address":null},"id_token":{"email":null}}`:             {[]string{"address"}, []string{"email"}},
		`{"id_token":{"iss":{"value":"evil"},"tid":null,"roles":null}}`:       {nil, nil},
		`{"id_token":{"auth_time":{"essential":true},"acr":null,"sub":null}}`: {nil, nil},
		`null`: {nil, nil},
		`{}`:   {nil, nil},
	} {
		first := v.tokens(v.apps["web"], v.who, url.Values{"claims": {raw}, "scope": {"openid offline_access"}})
		again := v.refresh(v.apps["web"], first.str("refresh_token"), "")
		for _, got := range []*reply{first, again} {
			info, token := v.userinfo(got.str("access_token")).JSON, v.claims(got.str("id_token"))
			for _, scope := range standardScopes {
				for _, name := range scope {
					if _, has := info[name]; has != slices.Contains(want.info, name) {
						t.Errorf("%s: userinfo %s: %v", raw, name, has)
					}
					if _, has := token[name]; has != slices.Contains(want.token, name) {
						t.Errorf("%s: ID token %s: %v", raw, name, has)
					}
				}
			}
			if token["iss"] != baseURL+"/"+tenantID+"/v2.0" {
				t.Errorf("%s: iss %v", raw, token["iss"])
			}
		}
	}
}

// TestOidccACRValues: a class that was asked for and reached is named; one that
// cannot be reached is passed over when voluntary and refused when essential
// (OIDC Core 5.5.1.1).
func TestOidccACRValues(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	for _, change := range []url.Values{
		one("acr_values", idp.ACRBootstrap), one("acr_values", "phr "+idp.ACRBootstrap), one("acr_values", "1 2"),
		one("claims", `{"id_token":{"acr":{"essential":true,"values":["phr","`+idp.ACRBootstrap+`"]}}}`),
		one("claims", `{"id_token":{"acr":{"value":"phr"}}}`),
		one("claims", `{"id_token":{"acr":{"essential":true}}}`),
	} {
		if got := v.claims(v.tokens(web, v.who, change).str("id_token"))["acr"]; got != idp.ACRBootstrap {
			t.Errorf("%v: acr %v", change, got)
		}
	}
	for _, claims := range []string{`{"id_token":{"acr":{"essential":true,"value":"phr"}}}`, `{"id_token":{"acr":{"essential":true,"values":["phr",7]}}}`} {
		got := v.enter(web, one("claims", claims))
		if got.Fields.Get("error") != "unmet_authentication_requirements" {
			t.Errorf("%s: %d %v", claims, got.Status, got.Fields)
		}
	}
}
