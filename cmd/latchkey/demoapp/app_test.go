package demoapp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// browser is the app seen from one browser, one request after another.
type browser struct {
	t       *testing.T
	app     http.Handler
	now     time.Time
	cookies map[string]*http.Cookie
	header  http.Header // added to every request
}

func open(t *testing.T, f *fake) *browser {
	t.Helper()
	b := &browser{t: t, now: f.now, cookies: map[string]*http.Cookie{}, header: http.Header{}}
	app, err := New(Config{
		Issuer: f.server.URL, ClientID: "app", ClientSecret: "s3cret", BaseURL: "http://127.0.0.1:9401",
		AccountURL: "http://localhost/security-info", Now: func() time.Time { return b.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.app = app
	return b
}

func (b *browser) do(method, target string) *http.Response {
	b.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:9401"+target, nil)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	for name, values := range b.header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	b.app.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if b.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return w.Result()
}

// page does a request and expects a page with all of the texts in it.
func (b *browser) page(method, target, name string, texts ...string) {
	b.t.Helper()
	resp := b.do(method, target)
	var body strings.Builder
	if err := resp.Write(&body); err != nil {
		b.t.Fatal(err)
	}
	for _, want := range append(texts, `data-page="`+name+`"`) {
		if !strings.Contains(body.String(), want) {
			b.t.Errorf("%s %s: no %q in\n%s", method, target, want, body.String())
		}
	}
}

// begin presses Sign in and returns what the app asks of the provider.
func (b *browser) begin() url.Values {
	b.t.Helper()
	resp := b.do("GET", "/login")
	to, err := resp.Location()
	if err != nil {
		b.t.Fatal(err)
	}
	return to.Query()
}

// answer is the callback's target.
func answer(f *fake, asked url.Values, more ...string) string {
	q := url.Values{"state": {asked.Get("state")}, "code": {"c1"}, "iss": {f.server.URL}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "/callback?" + q.Encode()
}

func (b *browser) signIn(f *fake) {
	b.t.Helper()
	asked := b.begin()
	f.claims["nonce"] = asked.Get("nonce")
	if resp := b.do("GET", answer(f, asked)); resp.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("callback: %s", resp.Status)
	}
}

func TestSignIn(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	b.page("GET", "/", "app-home", `href="/login"`, "<title>Sign in to see what an app sees · Demo App</title>")
	asked := b.begin()
	for name, want := range map[string]string{
		"client_id": "app", "response_type": "code", "redirect_uri": "http://127.0.0.1:9401/callback",
		"scope": "openid profile email offline_access", "code_challenge_method": "S256",
	} {
		if got := asked.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	b.signIn(f)
	if f.form.Get("code_verifier") == "" || f.form.Get("client_secret") != "" {
		t.Errorf("token request: %v", f.form)
	}
	b.page("GET", "/", "app-signed-in", "Hello, <bdi>Ada</bdi>", ">3600<", `data-honoured="yes"`, "security-info")
	b.page("GET", "/", "app-signed-in", "ada@contoso.example", "sign out there", "<title>Hello, Ada · Demo App</title>")
	for _, c := range b.cookies {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure {
			t.Errorf("cookie %s", c)
		}
	}
}

func TestCallbackRefused(t *testing.T) {
	for name, c := range map[string]struct {
		more  []string
		nonce string
		want  string
	}{
		"unknown state":  {more: []string{"state", "x"}, want: "cannot be finished here"},
		"other provider": {more: []string{"iss", "https://evil.example"}, want: "another provider"},
		"no iss":         {more: []string{"iss", ""}, want: "another provider"},
		"wrong nonce":    {nonce: "x", want: "cannot be trusted"},
		"denied":         {more: []string{"error", "access_denied", "error_description", "She said no."}, want: "She said no."},
		"their fault":    {more: []string{"error", "server_error"}, want: "problem of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			b := open(t, f)
			asked := b.begin()
			f.claims["nonce"] = asked.Get("nonce") + c.nonce
			b.page("GET", answer(f, asked, c.more...), "app-error", c.want)
			b.page("GET", "/", "app-home")
		})
	}
}

func TestCallbackOnce(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	asked := b.begin()
	f.claims["nonce"] = asked.Get("nonce")
	stranger := open(t, f)
	stranger.app = b.app
	stranger.page("GET", answer(f, asked), "app-error", "another browser")
	b.page("GET", answer(f, asked), "app-error", "finished already")
}

// TestBackToFinishedSignIn: who goes back to a sign-in that is done is still signed in.
func TestBackToFinishedSignIn(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	asked := b.begin()
	f.claims["nonce"] = asked.Get("nonce")
	for range 2 {
		if resp := b.do("GET", answer(f, asked)); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" {
			t.Errorf("%s to %q", resp.Status, resp.Header.Get("Location"))
		}
	}
	b.page("GET", "/", "app-signed-in")
}

func TestRefresh(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	b.signIn(f)
	delete(f.claims, "nonce")
	b.now = b.now.Add(time.Minute)
	f.now = f.now.Add(time.Minute)
	if resp := b.do("POST", "/refresh"); resp.StatusCode != http.StatusSeeOther || f.form.Get("refresh_token") != "rt" {
		t.Fatalf("refresh: %s, %v", resp.Status, f.form)
	}
	b.page("GET", "/", "app-signed-in", ">3600<", "Refreshed once")

	f.claims["sub"] = "u2"
	b.page("POST", "/refresh", "app-error", "somebody else")
	b.page("GET", "/", "app-signed-in", "Ada")

	f.refuse, f.revoked = "temporarily_unavailable", true
	b.page("POST", "/refresh", "app-error", "temporarily_unavailable")
	b.page("GET", "/", "app-signed-in", `data-honoured="no"`, "<code>The token was revoked.</code>")
	f.refuse = "invalid_grant"
	b.page("POST", "/refresh", "app-error", "The pass was deleted.", "Your session has ended")
	b.page("GET", "/", "app-home")
}

func TestSessionEnds(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	b.signIn(f)
	b.now = b.now.Add(time.Hour - time.Second)
	b.page("GET", "/", "app-signed-in", ">1<")
	b.now = b.now.Add(time.Second)
	b.page("GET", "/", "app-home", "Your session ended at")
	b.page("GET", "/", "app-home")
}

func TestSignOut(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	b.signIn(f)
	to, err := b.do("POST", "/logout").Location()
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	if to.Path != "/logout" || q.Get("id_token_hint") == "" || q.Get("post_logout_redirect_uri") != "http://127.0.0.1:9401/" {
		t.Errorf("sent to %s", to)
	}
	b.page("GET", "/?state="+q.Get("state"), "app-home", "You are signed out.")
}

func TestForeignPost(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	b.signIn(f)
	b.header.Set("Sec-Fetch-Site", "cross-site")
	b.page("POST", "/logout", "app-error", "403 Forbidden", "another site")
	b.page("GET", "/", "app-signed-in")
}

func TestUnreachable(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	f.server.Close()
	b.page("GET", "/login", "app-error", "502 Bad Gateway", "cannot be reached")
}

// TestOtherPerson: userinfo about somebody else signs nobody in (OIDC Core 5.3.2).
func TestOtherPerson(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	asked := b.begin()
	f.claims["nonce"], f.claims["sub"] = asked.Get("nonce"), "u2"
	b.page("GET", answer(f, asked), "app-error", "cannot be trusted")
	b.page("GET", "/", "app-home")
}

func TestOtherPages(t *testing.T) {
	b := open(t, newFake(t))
	b.page("GET", "/nothing", "app-error", "404 Not Found", "<title>There is nothing here · Demo App</title>")
	for path, want := range map[string]string{"/assets/style.css": "text/css", "/assets/countdown.js": "text/javascript", "/assets/icon.svg": "image/svg+xml"} {
		if got := b.do("GET", path).Header.Get("Content-Type"); !strings.HasPrefix(got, want) {
			t.Errorf("%s is %q", path, got)
		}
	}
}

func TestSecureCookies(t *testing.T) {
	f := newFake(t)
	app, err := New(Config{Issuer: f.server.URL, ClientID: "app", BaseURL: "https://127.0.0.1:9401"})
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, app: app, cookies: map[string]*http.Cookie{}}
	b.begin()
	for name, c := range b.cookies {
		if !c.Secure || !strings.HasPrefix(name, "__Host-") {
			t.Errorf("cookie %s", c)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{
		{},
		{Issuer: "nothing", ClientID: "a", BaseURL: "http://localhost"},
		{Issuer: "http://localhost", ClientID: "a", BaseURL: "::"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func TestKeptIsBounded(t *testing.T) {
	now := time.Now()
	k := newKept[int](func() time.Time { return now })
	k.put("first", 1, time.Minute)
	for i := range mostKept {
		k.put(strings.Repeat("x", i+1), i, time.Hour)
	}
	if _, ok := k.get("first"); ok || len(k.all) != mostKept {
		t.Errorf("%d entries are kept", len(k.all))
	}
	now = now.Add(time.Hour)
	if _, ok := k.take("x"); ok {
		t.Error("an entry outlives its end")
	}
	if k.replace("gone", 1) {
		t.Error("an entry that is gone was replaced")
	}
	if !k.first("xx", 1, time.Minute) || k.first("xx", 1, time.Minute) {
		t.Error("an entry whose time is over is first, and the next is not")
	}
	if k.first("new", 1, time.Minute); len(k.all) != mostKept {
		t.Errorf("%d entries are kept", len(k.all))
	}
}

// TestWhatToTry: what is said of a pass is said to who came by one.
func TestWhatToTry(t *testing.T) {
	for acr, want := range map[any]bool{"urn:latchkey:acr:bootstrap": true, "phr": false, nil: false} {
		if v := (signedInView{session: session{claims: map[string]any{"acr": acr}}}); v.ByPass() != want {
			t.Errorf("%v: by a pass is %t", acr, !want)
		}
	}
}
