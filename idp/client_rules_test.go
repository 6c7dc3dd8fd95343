package idp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
)

// TestClientRules: what may be registered beside the redirect URIs.
func TestClientRules(t *testing.T) {
	t.Parallel()
	key := func(k string) string { return `{"keys":[` + k + `]}` }
	const ec = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	jwt := func(set, uri string) func(*idp.Client) {
		return func(c *idp.Client) {
			c.AuthMethod, c.SecretHash, c.Keys = idp.AuthKeyJWT, "", idp.ClientKeys{Set: set, URI: uri}
		}
	}
	answers := func(grants []string, types ...string) func(*idp.Client) {
		return func(c *idp.Client) { c.GrantTypes, c.ResponseTypes = grants, types }
	}
	code, front := []string{idp.GrantCode}, []string{idp.GrantImplicit}
	fapi := func(change func(*idp.Client)) func(*idp.Client) {
		return func(c *idp.Client) {
			jwt(key(ec), "")(c)
			c.Profile, c.IDTokenAlg, c.RedirectURIs = idp.ProfileFAPI, "ES256", []string{"https://app.example/cb"}
			change(c)
		}
	}
	needs := func(rt string) string {
		return fmt.Sprintf("The response type %q needs the grant types authorization_code for code and implicit for tokens.", rt)
	}
	const (
		noSet    = "The key set (jwks) is not a JSON object with 1 to 100 keys, of at most 32 KiB (RFC 7517 5)."
		public   = "The key set (jwks) may hold public keys only, of the kinds RSA, EC and OKP."
		needsKey = "A client of private_key_jwt needs a key set (jwks) or its address (jwks_uri)."
		fapiAlgs = "A client of the profile fapi2 uses ES256 for its ID tokens, and else PS256, ES256, EdDSA."
		fapiType = "A client of the profile fapi2 has the response type code only."
	)
	for _, c := range []struct {
		name   string
		change func(*idp.Client)
		want   string
	}{
		{"keys", jwt(key(ec), ""), ""},
		{"their address", jwt("", "https://app.example/keys"), ""},
		{"neither", jwt("", ""), needsKey},
		{"both", jwt(key(ec), "https://app.example/keys"), "A client has a key set (jwks) or its address (jwks_uri), not both."},
		{"no set", jwt("[]", ""), noSet},
		{"an empty set", jwt(key(""), ""), noSet},
		{"a large set", jwt(key(strings.Repeat(ec+",", 300)+ec), ""), noSet},
		{"a private key", jwt(key(strings.Replace(ec, "{", `{"d":"AA",`, 1)), ""), public},
		{"a shared key", jwt(key(`{"kty":"oct","k":"AA"}`), ""), public},
		{"a private key beside a public one", jwt(key(ec+","+strings.Replace(ec, "{", `{"d":"AA",`, 1)), ""), public},
		{"a secret that is not sealed", func(c *idp.Client) { c.AuthMethod = idp.AuthSecretJWT }, "A client of client_secret_jwt needs a sealed secret."},
		{"a sealed secret", func(c *idp.Client) { c.AuthMethod, c.SecretSealed = idp.AuthSecretJWT, "x" }, ""},
		{"public with exchange", func(c *idp.Client) {
			c.AuthMethod, c.GrantTypes = idp.AuthNone, []string{idp.GrantExchange}
		}, "A public client cannot use client_credentials or token exchange (RFC 6749 4.4, RFC 8693 5)."},

		{"every response type", answers(append(code, front...), idp.ResponseTypes...), ""},
		{"code", answers(code, "code"), ""},
		{"id_token without code", answers(front, "id_token", "id_token token"), ""},
		{"code without its grant", answers(front, "code"), needs("code")},
		{"id_token without implicit", answers(code, "id_token"), needs("id_token")},
		{"hybrid without implicit", answers(code, "code id_token"), needs("code id_token")},
		{"hybrid without code", answers(front, "code token"), needs("code token")},
		{"token alone", answers(front, "token"), `The response type "token" is none of code, id_token, id_token token, code id_token, code token, code id_token token.`},
		{"in another order", answers(append(code, front...), "token id_token"), `The response type "token id_token" is none of code, id_token, id_token token, code id_token, code token, code id_token token.`},
		{"implicit without redirect", func(c *idp.Client) { c.GrantTypes, c.RedirectURIs = front, nil }, "A client of authorization_code or implicit needs a redirect URI."},

		{"userinfo unsigned by name", func(c *idp.Client) { c.UserInfoAlg = "none" }, `The userinfo algorithm "none" is none of RS256, ES256.`},
		{"request objects unsigned", func(c *idp.Client) { c.Request.Alg = "none" }, `The request object algorithm "none" is none of RS256, PS256, ES256, EdDSA.`},
		{"another subject type", func(c *idp.Client) { c.Subject.Type = "public" }, `The subject type "public" is none of pairwise.`},
		{"another profile", func(c *idp.Client) { c.Profile = "fapi1" }, `The profile "fapi1" is none of fapi2.`},
		{"another claims profile", func(c *idp.Client) { c.ClaimsProfile = "adfs" }, `The claims profile "adfs" is none of entra.`},

		{"fapi2", fapi(func(*idp.Client) {}), ""},
		{"fapi2 with a secret", fapi(func(c *idp.Client) { c.AuthMethod, c.SecretHash = idp.AuthBasic, "h" }), "A client of the profile fapi2 authenticates with private_key_jwt."},
		{"fapi2 with tokens in front", fapi(answers(append(code, front...), "code id_token")), fapiType},
		{"fapi2 with implicit", fapi(answers(append(code, front...), "code")), fapiType},
		{"fapi2 with RS256", fapi(func(c *idp.Client) { c.IDTokenAlg = "" }), fapiAlgs},
		{"fapi2 on this machine", fapi(func(c *idp.Client) { c.RedirectURIs = []string{"http://localhost/cb"} }), "A client of the profile fapi2 has redirect URIs of https, or of loopback if it is native."},
		{"fapi2, native, on this machine", fapi(func(c *idp.Client) { c.RedirectURIs, c.Native = []string{"http://localhost/cb"}, true }), ""},
		{"fapi2 with RS256 requests", fapi(func(c *idp.Client) { c.Request.Alg = "RS256" }), fapiAlgs},

		{"permissions", func(c *idp.Client) {
			c.Permissions = []string{"https://api.example/read", "https://api.example//x", "urn:api/write"}
		}, ""},
		{"a permission without API", func(c *idp.Client) { c.Permissions = []string{"read"} }, `The permission "read" is not a scope after its API's identifier, such as https://api.contoso.example/read.`},
		{"a permission without scope", func(c *idp.Client) { c.Permissions = []string{"https://api.example/"} }, `The permission "https://api.example/" is not a scope after its API's identifier, such as https://api.contoso.example/read.`},
		{"101 permissions", func(c *idp.Client) { c.Permissions = slices.Repeat([]string{"https://api.example/read"}, 101) }, "A client has at most 100 URIs and permissions."},

		{"logout by front", func(c *idp.Client) { c.Logout.Front = "https://app.example/out?a=b" }, ""},
		{"logout by front, another host", func(c *idp.Client) { c.Logout.Front = "https://evil.example/out" }, `The front-channel logout URI "https://evil.example/out" has another scheme, host and port than every redirect URI.`},
		{"logout by front, another port", func(c *idp.Client) { c.Logout.Front = "https://app.example:8443/out" }, `The front-channel logout URI "https://app.example:8443/out" has another scheme, host and port than every redirect URI.`},
		{"logout by front, the default port", func(c *idp.Client) { c.Logout.Front = "https://APP.example:443/out" }, ""},
		{"logout by back", func(c *idp.Client) { c.Logout.Back = "https://other.example/out" }, ""},
		{"logout by back, http", func(c *idp.Client) { c.Logout.Back = "http://other.example/out" }, `The back-channel logout URI "http://other.example/out" must be https.`},
		{"logout by back, fragment", func(c *idp.Client) { c.Logout.Back = "https://other.example/out#x" }, `The back-channel logout URI "https://other.example/out#x" must not have a fragment or carry a user name.`},
		{"initiate login, http", func(c *idp.Client) { c.About.InitiateLoginURI = "http://localhost/" }, `The initiate_login_uri "http://localhost/" must be https.`},
		{"logo by script", func(c *idp.Client) { c.About.LogoURI = "javascript:alert(1)" }, `The logo URI "javascript:alert(1)" must be https.`},
		{"eleven contacts", func(c *idp.Client) { c.About.Contacts = slices.Repeat([]string{"a@app.example"}, 11) }, "A client has at most 10 contacts, without control characters."},
		{"max_age below zero", func(c *idp.Client) { c.Request.DefaultMaxAge = -1 }, "default_max_age is a number of seconds above 0, and there are at most 20 default_acr_values."},
		{"request URI with a hash", func(c *idp.Client) { c.Request.URIs = []string{"https://app.example/request#abc"} }, ""},
		{"request URI, http", func(c *idp.Client) { c.Request.URIs = []string{"http://localhost/request"} }, `The request URI "http://localhost/request" must be https.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := webClient()
			c.change(client)
			wantError(t, client.Validate(), idp.Invalid, c.want)
		})
	}
}

// TestClientSector: the host of all redirect URIs, without a port and in lower case, or
// that of the document that lists them (OIDC Core 8.1).
func TestClientSector(t *testing.T) {
	t.Parallel()
	for uris, want := range map[string]string{
		"https://a.example/x https://a.example/y":      "a.example",
		"https://A.Example/x https://a.example:8443/y": "a.example",
		"http://127.0.0.1/x":                           "127.0.0.1",
		"https://a.example/x https://b.example/x":      "",
		"com.example.app:/x":                           "",
	} {
		c := webClient()
		c.Subject.Type, c.RedirectURIs = idp.SubjectPairwise, strings.Fields(uris)
		if err := c.Validate(); c.Subject.Sector != want && want != "" || (err == nil) != (want != "") {
			t.Errorf("%s: sector %q, %v", uris, c.Subject.Sector, err)
		}
		c.Subject.SectorURI = "https://Sector.example:8443/list.json"
		if err := c.Validate(); err != nil || c.Subject.Sector != "sector.example" {
			t.Errorf("%s, listed: sector %q, %v", uris, c.Subject.Sector, err)
		}
	}
	plain := webClient()
	plain.Subject.Sector = "made.up.example"
	if err := plain.Validate(); err != nil || plain.Subject.Sector != "" {
		t.Errorf("%+v, %v", plain.Subject, err)
	}
}

// TestOriginOf: as browsers write origins (RFC 6454 4, 6.1).
func TestOriginOf(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"https://app.example/callback?a#b": "https://app.example", "https://app.example:8443/x": "https://app.example:8443",
		"https://app.example:443/x": "https://app.example", "http://localhost:80/x": "http://localhost", "http://localhost:443/": "http://localhost:443",
		"HTTPS://APP.example/x": "https://app.example", "http://[::1]:5000/": "http://[::1]:5000", "%": "",
	} {
		if got := idp.OriginOf(uri); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}

// TestWithQuery: what was registered stays as it is.
func TestWithQuery(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"https://a.example/": "https://a.example/?s=1", "https://a.example/?b=%20c": "https://a.example/?b=%20c&s=1", "https://a.example": "https://a.example?s=1",
	} {
		if got := idp.WithQuery(uri, map[string][]string{"s": {"1"}}); got != want {
			t.Errorf("%s: %q", uri, got)
		}
	}
}
