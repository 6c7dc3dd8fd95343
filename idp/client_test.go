package idp_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
)

func webClient() *idp.Client {
	return &idp.Client{
		ClientID: "web", Name: "Web", AuthMethod: idp.AuthBasic, SecretHash: "h", GrantTypes: []string{idp.GrantCode},
		RedirectURIs: []string{"https://app.example/callback", "https://app.example/q?a=1", "http://localhost/cb", "http://127.0.0.1:5555/cb"},
	}
}

func nativeClient() *idp.Client {
	return &idp.Client{
		ClientID: "native", Name: "Native", AuthMethod: idp.AuthNone, Native: true, GrantTypes: []string{idp.GrantCode},
		RedirectURIs: []string{"http://localhost", "http://127.0.0.1/callback", "http://[::1]/callback", "http://127.0.0.1:7000/fixed", "com.example.app:/callback", "https://app.example/callback"},
	}
}

// TestRedirectAllowed is the matrix of H4: what is not byte for byte registered is
// refused, but for the port of a native client's loopback redirect (RFC 8252 7.3).
func TestRedirectAllowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		client  *idp.Client
		allowed string // separated by spaces
		refused string
	}{
		{webClient(), "https://app.example/callback https://app.example/q?a=1 http://localhost/cb http://127.0.0.1:5555/cb",
			`https://app.example/callback/ https://app.example/Callback https://APP.example/callback HTTPS://app.example/callback
			http://app.example/callback https://app.example:443/callback https://app.example./callback https://app.example//callback
			https://app.example/callback? https://app.example/callback?x=1 https://app.example/callback# https://app.example/callback#f
			https://app.example/call%62ack https://app.example/%63allback https://app.example/callback%00 https://app.example/callback%2f
			https://app.example/callback/.. https://app.example/x/../callback https://app.example/./callback https://app.example/callback;x
			https://user@app.example/callback https://user:pw@app.example/callback https://app.example@evil.example/callback
			https://evil.example/callback https://evil.example/https://app.example/callback https://evil.example?https://app.example/callback
			https://app.example.evil.example/callback https://sub.app.example/callback https://evilapp.example/callback https://example/callback
			https://app.example\@evil.example/callback https://app.example\callback https:/app.example/callback https:app.example/callback
			//app.example/callback /callback callback app.example/callback https://app.example https://app.example/
			https://app.example/q https://app.example/q?a=2 https://app.example/q?a=1&b=2 https://app.example/q?b=2&a=1 https://app.example/q?A=1
			https://xn--app-8cd.example/callback https://аpp.example/callback https://app。example/callback
			http://localhost:1/cb http://127.0.0.1:5556/cb http://127.0.0.1/cb http://localhost/cb/
			javascript:alert(1) data:text/html,x file:///callback *`},
		{nativeClient(), `http://localhost http://localhost:1 http://localhost:49152 http://localhost:65535
			http://127.0.0.1/callback http://127.0.0.1:5/callback http://[::1]/callback http://[::1]:8080/callback
			http://127.0.0.1:7000/fixed http://127.0.0.1:7001/fixed com.example.app:/callback https://app.example/callback`,
			`http://localhost/ http://localhost:1/ http://localhost:1/x http://localhost: http://localhost:abc http://localhost:123456
			http://localhost:-1 http://localhost:1:2 http://localhost:%31 http://LOCALHOST:1 HTTP://localhost:1 https://localhost:1
			http://localhost:1?x http://localhost:1#x http://localhost.:1 http://localhost.evil.example http://localhost:1@evil.example
			http://u@localhost:1 http://127.0.0.1:5 http://127.0.0.1:5/Callback http://127.0.0.1:5/callback/ http://127.0.0.1:5/callback?x=1
			http://127.0.0.1:5/callback#x http://127.0.0.2:5/callback http://127.1:5/callback http://2130706433:5/callback http://0x7f.0.0.1/callback
			http://0.0.0.0:5/callback http://[::1]:5/ http://[0:0:0:0:0:0:0:1]:5/callback http://::1:5/callback http://[::1%25lo]:5/callback
			http://[::ffff:127.0.0.1]:5/callback http://localhost:5/callback http://127.0.0.1/fixed https://127.0.0.1:5/callback
			com.example.app:/callback/ com.example.app://callback com.example.app:/Callback com.example.app:1/callback
			https://app.example:8443/callback http://127.0.0.1.evil.example:5/callback http://evil.example:5/callback`},
		{&idp.Client{}, "", "https://app.example/callback http://localhost"},
		{&idp.Client{Native: true}, "", "http://localhost http://127.0.0.1:1/"},
	} {
		for _, uri := range strings.Fields(c.allowed) {
			if !c.client.RedirectAllowed(uri) {
				t.Errorf("%s refuses %s", c.client.ClientID, uri)
			}
		}
		shapes := append(strings.Fields(c.refused), "", " ")
		for _, uri := range strings.Fields(c.allowed) {
			shapes = append(shapes, uri+" ", " "+uri, uri+"\n", "\t"+uri, uri+"\x00")
		}
		for _, uri := range shapes {
			if c.client.RedirectAllowed(uri) {
				t.Errorf("%s allows %q", c.client.ClientID, uri)
			}
		}
		t.Logf("%s: %d shapes refused", c.client.ClientID, len(shapes))
	}
}

func TestClientValidate(t *testing.T) {
	t.Parallel()
	redirect := func(uris ...string) func(*idp.Client) { return func(c *idp.Client) { c.RedirectURIs = uris } }
	origin := func(origins ...string) func(*idp.Client) { return func(c *idp.Client) { c.Origins = origins } }
	id := func(s string) func(*idp.Client) { return func(c *idp.Client) { c.ClientID = s } }
	name := func(s string) func(*idp.Client) { return func(c *idp.Client) { c.Name = s } }
	const needsName = "A client needs a name of at most 256 bytes, without control characters: people see it when they sign in."
	bad := func(uri string) string {
		return `The redirect URI "` + uri + `" must be https, http on localhost, or a private-use scheme such as com.example.app:/callback.`
	}
	noURI := func(uri string) string {
		return `The redirect URI "` + uri + `" is not an absolute URI of at most 2,000 bytes.`
	}
	noOrigin := func(o string) string { return `The origin "` + o + `" is not of the form https://app.example.` }
	long := "https://app.example/" + strings.Repeat("a", 1981)
	for _, c := range []struct {
		name   string
		change func(*idp.Client)
		want   string
	}{
		{"good", func(*idp.Client) {}, ""},
		{"id", id("Aa0._~-"), ""},
		{"no id", id(""), `The client id "" may have 1 to 128 letters, digits, and . _ ~ - only.`},
		{"id with a space", id("a b"), `The client id "a b" may have 1 to 128 letters, digits, and . _ ~ - only.`},
		{"id with a line feed", id("a\n"), `The client id "a\n" may have 1 to 128 letters, digits, and . _ ~ - only.`},
		{"long id", id(strings.Repeat("a", 129)), `The client id "` + strings.Repeat("a", 129) + `" may have 1 to 128 letters, digits, and . _ ~ - only.`},
		{"no name", name(" "), needsName},
		{"long name", name(strings.Repeat("n", 257)), needsName},
		{"name of two lines", name("a\nb"), needsName},
		{"name in no encoding", name("\xff"), needsName},
		{"authentication", func(c *idp.Client) { c.AuthMethod = "tls_client_auth" }, `The authentication method "tls_client_auth" is none of client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, none.`},
		{"no secret", func(c *idp.Client) { c.SecretHash = "" }, "A client that authenticates with a secret needs one."},
		{"public", func(c *idp.Client) { c.AuthMethod, c.SecretHash = idp.AuthNone, "" }, ""},
		{"no grant type", func(c *idp.Client) { c.GrantTypes = nil }, "A client needs a grant type: one of authorization_code, implicit, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:device_code, urn:ietf:params:oauth:grant-type:token-exchange."},
		{"grant type", func(c *idp.Client) { c.GrantTypes = []string{"password"} }, `The grant type "password" is none of authorization_code, implicit, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:device_code, urn:ietf:params:oauth:grant-type:token-exchange.`},
		{"device code in short", func(c *idp.Client) { c.GrantTypes = []string{idp.GrantDeviceShort} }, `The grant type "device_code" is none of authorization_code, implicit, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:device_code, urn:ietf:params:oauth:grant-type:token-exchange.`},
		{"public with client_credentials", func(c *idp.Client) { c.AuthMethod, c.GrantTypes = idp.AuthNone, []string{idp.GrantClient} }, "A public client cannot use client_credentials or token exchange (RFC 6749 4.4, RFC 8693 5)."},
		{"code without redirect", redirect(), "A client of authorization_code or implicit needs a redirect URI."},
		{"device without redirect", func(c *idp.Client) { c.RedirectURIs, c.GrantTypes = nil, []string{idp.GrantDevice} }, ""},
		{"algorithm", func(c *idp.Client) { c.IDTokenAlg = "ES256" }, ""},
		{"no signature", func(c *idp.Client) { c.IDTokenAlg = "none" }, `The ID token algorithm "none" is none of RS256, ES256.`},
		{"101 URIs", redirect(slices.Repeat([]string{"https://a.example"}, 101)...), "A client has at most 100 URIs and permissions."},

		{"https", redirect("https://app.example", "https://app.example:8443/x?y=z", "https://127.0.0.1/"), ""},
		{"loopback", redirect("http://localhost", "http://127.0.0.1:1/x", "http://[::1]/"), ""},
		{"private-use scheme", redirect("com.example.app:/callback", "com.example.app://x"), ""},
		{"http elsewhere", redirect("http://app.example/"), bad("http://app.example/")},
		{"http beside loopback", redirect("http://127.0.0.2/"), bad("http://127.0.0.2/")},
		{"script", redirect("javascript:alert(1)"), bad("javascript:alert(1)")},
		{"data", redirect("data:text/html,x"), bad("data:text/html,x")},
		{"scheme without a dot", redirect("app:/callback"), bad("app:/callback")},
		{"no host", redirect("https:///x"), bad("https:///x")},
		{"a port alone", redirect("https://:443/x"), bad("https://:443/x")},
		{"opaque", redirect("https:x"), bad("https:x")},
		{"relative", redirect("/callback"), noURI("/callback")},
		{"empty", redirect(""), noURI("")},
		{"unreadable", redirect("https://a.example/%zz"), noURI("https://a.example/%zz")},
		{"line feed", redirect("https://a.example/\n"), noURI(`https://a.example/\n`)},
		{"long", redirect(long), noURI(long)},
		{"fragment", redirect("https://a.example/#f"), `The redirect URI "https://a.example/#f" must not have a fragment.`},
		{"empty fragment", redirect("https://a.example/#"), `The redirect URI "https://a.example/#" must not have a fragment.`},
		{"user name", redirect("https://u@a.example/"), `The redirect URI "https://u@a.example/" must not carry a user name.`},
		{"post-logout redirect", func(c *idp.Client) { c.PostLogoutRedirectURIs = []string{"http://a.example"} }, bad("http://a.example")},

		{"origins", origin("https://app.example", "http://localhost:5555", "https://app.example:8443", "http://[::1]:1"), ""},
		{"origin with path", origin("https://app.example/"), noOrigin("https://app.example/")},
		{"origin with query", origin("https://app.example?x"), noOrigin("https://app.example?x")},
		{"origin with user", origin("https://u@app.example"), noOrigin("https://u@app.example")},
		{"origin no browser writes", origin("https://APP.example"), noOrigin("https://APP.example")},
		{"origin of another scheme", origin("ftp://app.example"), noOrigin("ftp://app.example")},
		{"origin without host", origin("https://:1"), noOrigin("https://:1")},
		{"any origin", origin("*"), noOrigin("*")},
		{"null origin", origin("null"), noOrigin("null")},
		{"long origin", origin("https://" + strings.Repeat("a", 300)), noOrigin("https://" + strings.Repeat("a", 300))},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := webClient()
			c.change(client)
			wantError(t, client.Validate(), idp.Invalid, c.want)
		})
	}
	if err := nativeClient().Validate(); err != nil {
		t.Error(err)
	}
}

func TestClientSecretsAndSigning(t *testing.T) {
	t.Parallel()
	secret := idp.NewToken(idp.ClientSecret)
	c := webClient()
	c.SecretHash = idp.HashToken(idp.ClientSecret, secret)
	for _, wrong := range []string{"", secret + "x", secret[3:], idp.NewToken(idp.ClientSecret), c.SecretHash} {
		if c.SecretMatches(wrong) {
			t.Errorf("%q matches", wrong)
		}
	}
	if !c.SecretMatches(secret) || c.Public() || c.Signing() != "RS256" {
		t.Error("the secret does not match, or the defaults are others")
	}
	c.IDTokenAlg, c.SecretHash = "ES256", ""
	if c.SecretMatches("") || c.SecretMatches(secret) || c.Signing() != "ES256" {
		t.Error("a client without a secret has one")
	}
	if !c.Allows(idp.GrantCode) || c.Allows(idp.GrantRefresh) || c.Allows("") {
		t.Error("grant types")
	}
}
