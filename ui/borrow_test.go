package ui

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/mux"
	"golang.org/x/net/html"

	"latchkey/idp"
)

// directives are the parts of a policy by their names.
func directives(t *testing.T, csp string) map[string]string {
	t.Helper()
	parts := map[string]string{}
	for part := range strings.SplitSeq(csp, "; ") {
		name, sources, _ := strings.Cut(part, " ")
		if _, twice := parts[name]; twice {
			t.Errorf("%s stands twice: %s", name, csp)
		}
		parts[name] = sources
	}
	return parts
}

// TestPolicyLetsInWhatIsShown: images and frames of other sites are let in where a
// page shows them, and nothing else of those sites is, anywhere.
func TestPolicyLetsInWhatIsShown(t *testing.T) {
	rd := newRenderer(t)
	for _, s := range states() {
		w := get(rd, s.frame(), s.view)
		d := parse(t, w.Body.Bytes())
		got := directives(t, w.Header().Get("Content-Security-Policy"))
		if want := strings.TrimSpace("'self' data: " + shownOrigins(d, "img")); got["img-src"] != want {
			t.Errorf("%s: images from %q, want %q", s.name, got["img-src"], want)
		}
		if want := shownOrigins(d, "iframe"); got["frame-src"] != want {
			t.Errorf("%s: frames from %q, want %q", s.name, got["frame-src"], want)
		}
		delete(got, "img-src")
		delete(got, "frame-src")
		for name, sources := range got {
			if strings.Contains(sources, ":") {
				t.Errorf("%s: %s lets in another site: %s", s.name, name, sources)
			}
		}
	}
}

// shownOrigins are where a page has its images or frames from.
func shownOrigins(d *document, element string) string {
	var list []string
	for _, n := range d.all(element) {
		u, err := url.Parse(attr(n, "src"))
		if err != nil {
			return err.Error()
		}
		if o := u.Scheme + "://" + u.Host; !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return strings.Join(list, " ")
}

// TestShownOfOthers: what a page has of other sites learns nothing of it and cannot
// touch it.
func TestShownOfOthers(t *testing.T) {
	rd := newRenderer(t)
	for _, s := range states() {
		d := parse(t, get(rd, s.frame(), s.view).Body.Bytes())
		for _, img := range d.all("img") {
			if attr(img, "referrerpolicy") != "no-referrer" || attr(img, "alt") == "" || attr(img, "height") == "" {
				t.Errorf("%s: an image without an alternative, a size, or with a referrer", s.name)
			}
		}
		for _, frame := range d.all("iframe") {
			if !has(frame, "hidden") || attr(frame, "sandbox") != "allow-scripts allow-same-origin allow-forms" {
				t.Errorf("%s: a frame that shows, or may lead the page away", s.name)
			}
		}
		for _, a := range d.all("a") {
			if attr(a, "target") == "_blank" && attr(a, "rel") != "noopener noreferrer" {
				t.Errorf("%s: a link to another site tells it where it stood", s.name)
			}
		}
	}
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func TestWebOrigin(t *testing.T) {
	for address, want := range map[string]string{
		"https://a.example":                     "https://a.example",
		"https://a.example/x?y=https://b/":      "https://a.example",
		"HTTPS://A.example:8443/x":              "https://A.example:8443",
		"http://localhost:3000/x":               "http://localhost:3000",
		"https://user:word@a.example/":          "https://a.example",
		"https://[::1]:3000/x":                  "",
		"https://*.example/":                    "",
		"https://a.example;script-src/":         "",
		"https://a.example,b.example/":          "",
		"https://a.example'unsafe-inline'/":     "",
		"https://a.example%20https:/":           "",
		"https://a.example%3bscript-src/":       "",
		"https://a.example:443 https:/":         "",
		"https://a.example\r\nX: y/":            "",
		"https:///x":                            "",
		"https:a.example":                       "",
		"//a.example/":                          "",
		"javascript://a.example/%0aalert(1)":    "",
		"data:image/svg+xml,<svg onload=x()/>":  "",
		"blob:https://a.example/1":              "",
		"":                                      "",
		"https://" + strings.Repeat("a.", 3):    "",
		"https://ä.example/":                    "",
		"https://a.example\\@evil.example/logo": "",
	} {
		if got := webOrigin(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

func TestOnward(t *testing.T) {
	for address, leads := range map[string]bool{
		"https://a.example/x?state='\"":    true,
		"http://localhost:3000/x":          true,
		"http://[::1]:3000/x":              true,
		"com.example.app:/done":            true,
		"com.example.app://done?state=1":   true,
		"javascript:alert(1)":              false,
		"javascript://a.example/%0aalert.": false,
		"java\nscript:alert(1)":            false,
		" javascript:alert(1)":             false,
		"data:text/html,x":                 false,
		"vbscript:x":                       false,
		"/signin":                          false,
		"//a.example/":                     false,
		"https:":                           false,
		"":                                 false,
	} {
		if got := onward(address); got != "" != leads || leads && string(got) != address {
			t.Errorf("%q: %q, want to be led on %v", address, got, leads)
		}
	}
}

var hostile = []string{
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x",
	`https://a.example/"><script>alert(1)</script>`, `https://a.example/' onerror='alert(1)`, `https://a.example/" onerror="alert(1)`,
	"https://a.example;script-src */", "https://a.example/;url=javascript:alert(1)", "https://a.example\r\nSet-Cookie: a=b",
	`0;url=javascript:alert(1)`, "javascript://a.example/%0aalert(1)",
}

// TestHostileAddresses: none of these can be registered, and none would do anything
// if one were.
func TestHostileAddresses(t *testing.T) {
	rd := newRenderer(t)
	for _, uri := range hostile {
		all := AppLinks{LogoURI: uri, HomeURI: uri, PolicyURI: uri, TermsURI: uri}
		for _, v := range []View{
			Signin{AppLinks: all, Action: "/t", AppName: uri}, Pass{AppLinks: all, Action: "/t", AppName: uri},
			Consent{AppLinks: all, Action: "/t", AppName: uri, AppHost: uri}, DeviceConfirm{AppLinks: all, Action: "/t", AppName: uri},
			SignedOutOf{Frames: []string{uri}, Next: uri, NextHost: uri, AgainURL: "/t"},
		} {
			w := get(rd, testFrame, v)
			if w.Code != http.StatusOK {
				t.Errorf("%s of %q: status %d", v.PageName(), uri, w.Code)
			}
			checkHarmless(t, w)
		}
	}
}

// checkHarmless finds no script in the page, and nothing in its policy but what every
// policy has.
func checkHarmless(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	d := parse(t, w.Body.Bytes())
	checkNothingInline(t, d)
	for _, n := range d.elements {
		for _, name := range []string{"href", "src", "action", "content"} {
			if u := strings.ToLower(strings.Join(strings.Fields(attr(n, name)), "")); strings.HasPrefix(u, "javascript:") || strings.HasPrefix(u, "data:") || strings.HasPrefix(u, "vbscript:") {
				t.Errorf("%s leads to %q", n.Data, u)
			}
		}
		if _, to, found := strings.Cut(attr(n, "content"), "url="); found && !strings.HasPrefix(to, "https://a.example/") {
			t.Errorf("the page goes on to %q", to)
		}
	}
	csp := directives(t, w.Header().Get("Content-Security-Policy"))
	for _, name := range []string{"img-src", "frame-src"} {
		rest := strings.TrimPrefix(csp[name], "'self' data:")
		if rest = strings.TrimSpace(rest); rest != "" && rest != "https://a.example" {
			t.Errorf("%s lets in %s", name, rest)
		}
		delete(csp, name)
	}
	delete(csp, "form-action")
	plain := directives(t, policy)
	delete(plain, "img-src")
	if !maps.Equal(csp, plain) {
		t.Errorf("the policy became %v", csp)
	}
}

// TestSignInShowsTheApp: what the app registered is on each page of its sign-in, and
// on no page of our own.
func TestSignInShowsTheApp(t *testing.T) {
	v := visit(t)
	put(t, v.store, contoso, &idp.Client{ClientID: "app", Name: "Intranet", About: idp.ClientAbout{
		LogoURI: wiki.LogoURI, HomeURI: wiki.HomeURI, PolicyURI: wiki.PolicyURI, TermsURI: wiki.TermsURI,
	}})
	parts := []string{`src="https://cdn.contoso.example:8443/logo.png?v=1&amp;s=2"`, `href="` + wiki.PolicyURI + `"`, `href="` + wiki.TermsURI + `"`}
	v.want(v.ask("/contoso.example/signin?state="+v.state(), nil), http.StatusOK, append(parts, `data-page="signin"`)...)
	v.flow = v.flow.WithUser("anna@contoso.example")
	w := v.ask("/contoso.example/signin?state="+v.state(), nil)
	v.want(w, http.StatusOK, append(parts, `data-page="pass"`)...)
	if got := directives(t, w.Header().Get("Content-Security-Policy"))["img-src"]; got != "'self' data: https://cdn.contoso.example:8443" {
		t.Errorf("images from %s", got)
	}
	w = v.ask("/contoso.example/signin", nil)
	if v.want(w, http.StatusOK, `data-page="signin"`); strings.Contains(w.Body.String()+w.Header().Get("Content-Security-Policy"), "cdn.") {
		t.Error("our own sign-in shows an app's logo")
	}
}

// TestSignedOutOf: the page leads to the app that asked, or stays and says so.
func TestSignedOutOf(t *testing.T) {
	v := visit(t)
	show := func(next string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := mux.SetURLVars(httptest.NewRequest(http.MethodGet, "/", nil), map[string]string{"tenant": "contoso.example"})
		v.site.SignedOutOf(w, r, frames, next)
		return w
	}
	v.want(show("https://wiki.contoso.example/bye?state=s1"), http.StatusOK, `data-page="signed-out-of"`,
		`content="2;url=https://wiki.contoso.example/bye?state=s1"`, `href="https://wiki.contoso.example/bye?state=s1"`, "<bdi>wiki.contoso.example</bdi>")
	w := show("")
	v.want(w, http.StatusOK, `data-page="signed-out-of"`, "You&#39;re signed out", `href="https://id.example/contoso.example/security-info"`, "<iframe ")
	if strings.Contains(w.Body.String(), "refresh") || strings.Contains(w.Body.String(), "<script") {
		t.Errorf("the page goes on to nowhere:\n%s", w.Body)
	}
}
