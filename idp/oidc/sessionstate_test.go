package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

const stateCookie = "__Host-latchkey-state-" + tenantID

// iframeSays is what the session iframe answers a page at origin that knows this state of a
// client, in a browser with the cookie: checksession.js once more (OIDC Session
// Management 3.2).
func iframeSays(client, shown, origin, cookie string) string {
	hash, salt, _ := strings.Cut(shown, ".")
	if client == "" || hash == "" || salt == "" {
		return "error"
	}
	sum := sha256.Sum256([]byte(client + " " + origin + " " + cookie + " " + salt))
	if hex.EncodeToString(sum[:]) == hash {
		return "unchanged"
	}
	return "changed"
}

// origin is that of a page as browsers write it: no default port, the host in lower case.
func origin(uri string) string {
	u, _ := url.Parse(uri)
	host := strings.ToLower(u.Host)
	for scheme, port := range map[string]string{"https": ":443", "http": ":80"} {
		if u.Scheme == scheme {
			host = strings.TrimSuffix(host, port)
		}
	}
	return u.Scheme + "://" + host
}

// TestOidccSessionManagementRpInitiatedLogout: what an app learns at sign-in stays
// unchanged for as long as the session, to its own origin only, and changes with the
// sign-out.
func TestOidccSessionManagementRpInitiatedLogout(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	web, trusted := v.apps["web"], v.apps["trusted"]
	state := v.enter(web, nil).Fields.Get("session_state")
	again := v.authorize(web, one("prompt", "none")).Fields.Get("session_state")
	other := v.authorize(trusted, one("prompt", "none")).Fields.Get("session_state")
	says := func(client, shown, at string) string { return iframeSays(client, shown, at, v.cookies[stateCookie]) }
	const at = "https://app.example"
	if state == again || strings.ContainsAny(state, " ") {
		t.Errorf("%q, then %q", state, again)
	}
	for name, got := range map[string]string{
		"the first": says("web", state, at), "the second": says("web", again, at), "another app's": says("trusted", other, at),
	} {
		if got != "unchanged" {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, got := range map[string]string{
		"of another app": says("trusted", state, at), "at another origin": says("web", state, "https://evil.example"), "at a port": says("web", state, at+":8443"),
	} {
		if got != "changed" {
			t.Errorf("%s: %s", name, got)
		}
	}
	v.advance(time.Hour)
	v.enter(web, one("prompt", "login")) // the same session, proved once more
	if got := says("web", state, at); got != "unchanged" {
		t.Errorf("after another proof: %s", got)
	}
	hint := v.tokens(web, v.who, nil).str("id_token")
	v.logout(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {signedOut}})
	if got := says("web", state, at); got != "changed" || v.cookies[stateCookie] != "" {
		t.Errorf("after the logout: %s, cookie %q", got, v.cookies[stateCookie])
	}
	v.in(web)
	if got := says("web", state, at); got != "changed" {
		t.Errorf("in the next session: %s", got)
	}
}

// TestSessionStateEverywhere: it comes with every success and no error, by any response
// type and mode (OIDC Session Management 2), for the origin a browser sees.
func TestSessionStateEverywhere(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	for id, uri := range map[string]string{
		"plain": "https://plain.example/callback", "port": "https://port.example:8443/callback", "default": "https://default.example:443/callback",
		"capitals": "https://CAPITALS.example/callback", "local": "http://localhost:5555/callback", "query": "https://query.example/?a=b",
	} {
		a := v.relying(id, answering(), func(c *idp.Client) { c.RedirectURIs = []string{uri} })
		v.in(a)
		for _, rt := range idp.ResponseTypes {
			for _, mode := range []string{"", "form_post"} {
				got := v.authorize(a, url.Values{"response_type": {rt}, "response_mode": {mode}, "prompt": {"none"}, "scope": {"openid"}})
				if says := iframeSays(id, got.Fields.Get("session_state"), origin(uri), v.cookies[stateCookie]); says != "unchanged" {
					t.Errorf("%s by %q at %s: %s", rt, mode, origin(uri), says)
				}
			}
		}
	}
	stranger := v.world.browser()
	if got := stranger.authorize(v.apps["web"], one("prompt", "none")); got.Fields.Has("session_state") || stranger.cookies[stateCookie] != "" {
		t.Errorf("an error: %v", got.Fields)
	}
}

// TestSessionStateCookie: the one cookie that a script reads in frames of other sites; it
// says nothing about the session, and lasts no longer.
func TestSessionStateCookie(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	got := v.enter(v.apps["web"], nil)
	cookie := cookieOf(got, stateCookie)
	if cookie == nil {
		t.Fatalf("%v", got.Header)
	}
	if cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteNoneMode || cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != 24*3600 {
		t.Errorf("%+v", cookie)
	}
	sid := v.claims(v.tokens(v.apps["web"], v.who, nil).str("id_token"))["sid"].(string)
	if len(cookie.Value) != 43 || strings.Contains(cookie.Value, sid[:8]) || strings.Contains(v.cookies["__Host-latchkey-session-"+tenantID], cookie.Value) {
		t.Errorf("%q for session %s", cookie.Value, sid)
	}
	if again := v.authorize(v.apps["web"], one("prompt", "none")); cookieOf(again, stateCookie) != nil {
		t.Error("it is written though it is there")
	}
	_, code := v.pass("ben", idp.PassRequest{Lifetime: 60})
	b := v.world.browser()
	b.authorize(v.apps["trusted"], nil)
	v.advance(30 * time.Minute)
	late := b.answer(b.authorize(v.apps["trusted"], nil).State, person{name: "ben", code: code})
	if c := cookieOf(late, stateCookie); c == nil || c.MaxAge != 1800 {
		t.Errorf("half an hour before the end: %+v", c)
	}
	out := v.confirmLogout(v.logout(nil).Page.State)
	if c := cookieOf(out, stateCookie); c == nil || c.MaxAge >= 0 || c.Value != "" || !c.Secure {
		t.Errorf("after the sign-out: %+v", c)
	}
}

func cookieOf(got *reply, name string) *http.Cookie {
	for _, c := range (&http.Response{Header: got.Header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// TestSessionStateOfSomebodyElse: apps see that another person has signed in, though it
// was for no app.
func TestSessionStateOfSomebodyElse(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	state := v.enter(v.apps["web"], nil).Fields.Get("session_state")
	_, code := v.pass("ben", idp.PassRequest{})
	v.page(func(rw http.ResponseWriter, r *http.Request, visit signin.Visit) (signin.Outcome, error) {
		f := signin.Start(nil, "/security-info", visit.Now).WithUser("ben@contoso.example")
		return v.walk(rw, r, visit, f, person{name: "ben", code: code})
	})
	if got := v.authorize(v.apps["web"], url.Values{"prompt": {"none"}, "login_hint": {"anna@contoso.example"}}); got.Fields.Get("error") != "login_required" {
		t.Fatalf("anna is still signed in: %v", got.Fields)
	}
	if says := iframeSays("web", state, "https://app.example", v.cookies[stateCookie]); says != "changed" {
		t.Errorf("%s after ben has signed in", says)
	}
}

// TestCheckSession: the iframe is for any site to embed, and holds one script that the
// policy names by its hash and that reads this tenant's cookie.
func TestCheckSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	got := w.do(w.request("/oauth2/v2.0/checksession", nil))
	body := string(got.Body)
	_, rest, _ := strings.Cut(body, "<script>")
	script, _, ok := strings.Cut(rest, "</script>")
	sum := sha256.Sum256([]byte(script))
	policy := "default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors *"
	if got.Status != 200 || !ok || strings.Count(body, "<script") != 1 || got.Header.Get("Content-Security-Policy") != policy {
		t.Errorf("%d %v\n%s", got.Status, got.Header, body)
	}
	if got.Header.Get("X-Frame-Options") != "" || got.Header.Get("Set-Cookie") != "" || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%v", got.Header)
	}
	if !strings.Contains(script, stateCookie) || strings.Contains(script, "COOKIE") {
		t.Errorf("%s", script)
	}
	// What iframeSays does is what the script does, word for word.
	for _, line := range []string{
		`const [client, shown] = String(event.data).split(" ");`, `const [hash, salt] = (shown || "").split(".");`,
		`[client, event.origin, state, salt].join(" ")`, `"SHA-256"`, `.toString(16).padStart(2, "0")`, `now === hash ? "unchanged" : "changed"`,
	} {
		if !strings.Contains(script, line) {
			t.Errorf("the script has no %s", line)
		}
	}
}
