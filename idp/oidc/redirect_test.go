package oidc_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
)

// strangers are addresses that look more or less like a registered one and are
// not (docs/security.md, H4). The client web has https://app.example/callback.
var strangers = []string{
	"https://evil.example/callback",
	"https://app.example/callback/",
	"https://app.example/callback/..",
	"https://app.example/callback/../callback",
	"https://app.example/./callback",
	"https://app.example//callback",
	"https://app.example/Callback",
	"https://app.example/callbac",
	"https://app.example/callbackx",
	"https://app.example/callback?",
	"https://app.example/callback?x=1",
	"https://app.example/callback#",
	"https://app.example/callback#fragment",
	"https://app.example/callback%23",
	"https://app.example/callback%3Fx=1",
	"https://app.example/call%62ack",
	"https://app.example/%63allback",
	"https://app.example%2Fcallback",
	"https://app.example/callback%00",
	"https://app.example/callback\x00",
	"https://app.example/callback\r\nX-Injected: 1",
	"https://app.example/callback%0d%0aX-Injected:%201",
	"https://app.example/callback\n",
	"https://app.example/callback ",
	" https://app.example/callback",
	"\thttps://app.example/callback",
	"https://app.example/callback;x=1",
	"https://app.example/callback&x=1",
	"https://app.example/callback\\",
	"https://app.example\\@evil.example/callback",
	"https://app.example@evil.example/callback",
	"https://evil.example@app.example/callback",
	"https://app.example:pass@evil.example/callback",
	"https://user@app.example/callback",
	"https://app.example:443/callback",
	"https://app.example:8443/callback",
	"https://app.example./callback",
	"https://app.example.evil.example/callback",
	"https://xapp.example/callback",
	"https://sub.app.example/callback",
	"https://APP.example/callback",
	"HTTPS://app.example/callback",
	"http://app.example/callback",
	"ftp://app.example/callback",
	"//app.example/callback",
	"///app.example/callback",
	"https:/app.example/callback",
	"https:app.example/callback",
	"https:///app.example/callback",
	"/callback",
	"callback",
	"?",
	"#",
	"javascript:alert(1)//https://app.example/callback",
	"data:text/html,<script>location='https://app.example/callback'</script>",
	"vbscript:x",
	"file:///etc/passwd",
	"https://аpp.example/callback", // a Cyrillic letter
	"https://app。example/callback", // an ideographic full stop
	"https://ａpp.example/callback", // a full-width letter
	"https://xn--pp-8ka.example/callback",
	"https://[::1]/callback",
	"https://127.0.0.1/callback",
	"https://app.example/callback,https://evil.example/",
	"https://app.example/callback https://evil.example/",
	"https://evil.example/?https://app.example/callback",
	"https://evil.example/#https://app.example/callback",
	"https://app.example/signed-out", // registered, but for sign-out only
	"https://app.example/callback?of=trusted",
	"http://localhost:5555/callback",
	"http://localhost",
	"urn:ietf:wg:oauth:2.0:oob",
	"*",
	"null",
	strings.Repeat("https://app.example/callback", 200),
}

// TestOidccEnsureRegisteredRedirectURI: nothing but a page answers a request with
// an address that is not registered, whatever else is right or wrong with it.
func TestOidccEnsureRegisteredRedirectURI(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	v.in(web)
	variants := map[string]url.Values{
		"right else":     {},
		"form_post":      one("response_mode", "form_post"),
		"fragment":       one("response_mode", "fragment"),
		"silent":         one("prompt", "none"),
		"wrong prompt":   one("prompt", "no such"),
		"wrong type":     one("response_type", "id_token token"),
		"no type":        one("response_type", ""),
		"request object": one("request", "e30.e30."),
		"bad hint":       one("id_token_hint", "x"),
	}
	if len(strangers) < 60 {
		t.Fatalf("only %d shapes", len(strangers))
	}
	for _, uri := range strangers {
		for name, change := range variants {
			change["redirect_uri"] = []string{uri}
			got := v.authorize(web, change)
			want := idp.RedirectUnknown
			if strings.Contains(uri, "\x00") { // no text, and so no parameter
				want = 0
			}
			if !refusedAs(got, want) {
				t.Errorf("%q, %s: %d %q %+v", uri, name, got.Status, got.Header.Get("Location"), got.Page)
			}
		}
	}
	if got := v.authorize(web, nil); got.code() == "" {
		t.Errorf("the registered address got no code: %d %s", got.Status, got.Body)
	}
}

// TestRedirectAddressee: without a client or an address of its own there is
// nobody to redirect to.
func TestRedirectAddressee(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	v.in(web)
	disabled := v.client(idp.Client{ClientID: "off", Name: "Off", AuthMethod: idp.AuthNone, GrantTypes: []string{idp.GrantCode}, RedirectURIs: []string{"https://off.example/"}})
	v.change(disabled, func(c *idp.Client) { c.Disabled = true })
	for name, test := range map[string]struct {
		app    *app
		change url.Values
		sts    idp.STS
	}{
		"oidcc-ensure-redirect-uri-in-authorization-request": {web, one("redirect_uri", ""), 0},
		"no client":              {web, one("client_id", ""), 0},
		"unknown client":         {web, one("client_id", "nobody"), idp.ClientUnknown},
		"client in capitals":     {web, one("client_id", "WEB"), idp.ClientUnknown},
		"client with a NUL":      {web, one("client_id", "web\x00"), 0},
		"client with a slash":    {web, one("client_id", "../web"), idp.ClientUnknown},
		"a very long client":     {web, one("client_id", strings.Repeat("w", 5000)), idp.ClientUnknown},
		"disabled client":        {disabled, nil, idp.ClientUnknown},
		"another's address":      {web, one("redirect_uri", "https://off.example/"), idp.RedirectUnknown},
		"two clients":            {web, url.Values{"client_id": {"web", "spa"}}, 0},
		"the same client twice":  {web, url.Values{"client_id": {"web", "web"}}, 0},
		"two addresses":          {web, url.Values{"redirect_uri": {"https://app.example/callback", "https://evil.example/"}}, 0},
		"two addresses, swapped": {web, url.Values{"redirect_uri": {"https://evil.example/", "https://app.example/callback"}}, 0},
	} {
		if got := v.authorize(test.app, test.change); !refusedAs(got, test.sts) {
			t.Errorf("%s: %d %q %+v", name, got.Status, got.Header.Get("Location"), got.Page)
		}
	}
}

// TestRedirectLoopback: the port of a native client's loopback address is free,
// and nothing else (RFC 8252 7.3). Its addresses are http://localhost and
// http://127.0.0.1/callback.
func TestRedirectLoopback(t *testing.T) {
	v := newVisitor(t, options{})
	native, spa := v.apps["native"], v.apps["spa"]
	for uri, want := range map[string]bool{
		"http://localhost":                    true,
		"http://localhost:1":                  true,
		"http://localhost:49152":              true,
		"http://127.0.0.1/callback":           true,
		"http://127.0.0.1:8080/callback":      true,
		"http://localhost/":                   false,
		"http://localhost:1/callback":         false,
		"http://localhost:123456":             false,
		"http://localhost:":                   false,
		"http://localhost:x":                  false,
		"http://localhost:80@evil.example":    false,
		"http://localhost:80.evil.example":    false,
		"http://localhost.evil.example":       false,
		"http://localhost\\.evil.example":     false,
		"http://127.0.0.1.evil.example/":      false,
		"http://127.0.0.1":                    false,
		"http://127.0.0.2/callback":           false,
		"http://127.1/callback":               false,
		"http://2130706433/callback":          false,
		"http://[::1]:8080/callback":          false,
		"http://[::ffff:127.0.0.1]/callback":  false,
		"https://localhost:1":                 false,
		"http://127.0.0.1:8080/callback?x=1":  false,
		"http://127.0.0.1:8080/callback#x":    false,
		"http://127.0.0.1:8080/callback/":     false,
		"http://127.0.0.1:8080//callback":     false,
		"http://127.0.0.1:8080/callback\nx: ": false,
	} {
		got := v.authorize(native, one("redirect_uri", uri))
		if allowed := got.State != ""; allowed != want {
			t.Errorf("native, %q: allowed %v", uri, allowed)
		}
	}
	if got := v.authorize(spa, one("redirect_uri", "http://localhost:5556/callback")); !refusedAs(got, idp.RedirectUnknown) {
		t.Errorf("a client that is not native chose its port: %d %q", got.Status, got.Header.Get("Location"))
	}
}

// TestOidccRedirectURIQueryOK: a registered query stays as it stands, byte for
// byte, in every mode (RFC 6749 3.1.2).
func TestOidccRedirectURIQueryOK(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.client(idp.Client{ClientID: "query", Name: "Query", AuthMethod: idp.AuthPost, Trusted: true, GrantTypes: []string{idp.GrantCode}, IDTokenAlg: "ES256",
		RedirectURIs: []string{"https://query.example/cb?bar=foo&%62=%2f+x"}})
	for mode, begins := range map[string]string{
		"query":    a.redirect() + "&code=ac_",
		"fragment": a.redirect() + "#code=ac_",
	} {
		got := v.enter(a, one("response_mode", mode))
		if !strings.HasPrefix(got.Header.Get("Location"), begins) {
			t.Errorf("%s: %q", mode, got.Header.Get("Location"))
		}
		if again := v.redeem(a, got.code(), nil); again.Status != 200 {
			t.Errorf("%s: %d %s", mode, again.Status, again.Body)
		}
	}
	if got := v.enter(a, one("response_mode", "form_post")); got.Page.Action != a.redirect() || got.code() == "" {
		t.Errorf("form_post: %+v", got.Page)
	}
	for _, uri := range []string{"https://query.example/cb", "https://query.example/cb?bar=foo", a.redirect() + "&x=1", strings.Replace(a.redirect(), "%2f", "%2F", 1)} {
		if got := v.enter(a, one("redirect_uri", uri)); !refusedAs(got, idp.RedirectUnknown) { // -query-mismatch, -query-added
			t.Errorf("%q: %d %q", uri, got.Status, got.Header.Get("Location"))
		}
	}
}

// TestRedirectWithdrawn: an address taken off the registration during a sign-in
// gets no answer any more.
func TestRedirectWithdrawn(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	state := v.authorize(web, nil).State
	v.change(web, func(c *idp.Client) { c.RedirectURIs = []string{"https://app.example/new"} })
	if got := v.answer(state, v.who); !refusedAs(got, idp.RedirectUnknown) {
		t.Errorf("%d %q %+v", got.Status, got.Header.Get("Location"), got.Page)
	}
}
