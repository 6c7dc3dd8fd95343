package ui

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares every page in every state with what was looked at and
// found good. LATCHKEY_RENDER_DIR makes it write the pages, with their assets,
// for a browser to look at.
func TestGolden(t *testing.T) {
	rd := newRenderer(t)
	dir := os.Getenv("LATCHKEY_RENDER_DIR")
	if dir != "" {
		writeAssets(t, rd, dir)
	}
	known := map[string]bool{}
	for _, s := range states() {
		t.Run(s.name, func(t *testing.T) {
			w := get(rd, s.frame(), s.view)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: the page could not be drawn", w.Code)
			}
			if dir != "" {
				writeFile(t, filepath.Join(dir, s.name+".html"), relative(w.Body.Bytes()))
			}
			compare(t, filepath.Join("testdata/golden", s.name+".html"), unhashed(w.Body.Bytes()))
		})
		known[s.name+".html"] = true
	}
	files, err := os.ReadDir("testdata/golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !known[f.Name()] && !strings.HasPrefix(f.Name(), "mail-") { // TestMailGolden's
			t.Errorf("testdata/golden/%s belongs to no page any more", f.Name())
		}
	}
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		writeFile(t, name, got)
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s; look at the page, then run go test ./ui -update\n%s", name, got)
	}
}

var hashes = regexp.MustCompile(`(/assets/[a-z0-9-]+)\.[0-9a-f]{12}\.`)

// unhashed takes the hashes out of asset addresses: a golden file shows a page,
// and a change of the style sheet is none of that.
func unhashed(page []byte) []byte { return hashes.ReplaceAll(page, []byte("$1.HASH.")) }

// relative lets a page find its assets beside it in a folder.
func relative(page []byte) []byte {
	return bytes.ReplaceAll(page, []byte(`"/assets/`), []byte(`"assets/`))
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func writeAssets(t *testing.T, rd *Renderer, dir string) {
	t.Helper()
	for url, data := range rd.assets.files {
		writeFile(t, filepath.Join(dir, url), data)
	}
}

// TestEveryPageHasStates keeps the list of fixtures and the templates together.
func TestEveryPageHasStates(t *testing.T) {
	drawn := map[string]bool{}
	for _, s := range states() {
		drawn[s.view.PageName()] = true
	}
	for name := range newRenderer(t).pages {
		if !drawn[name] {
			t.Errorf("template %s has no state in fixtures_test.go", name)
		}
	}
}

func TestHeaders(t *testing.T) {
	rd := newRenderer(t)
	for _, s := range states() {
		h := get(rd, s.frame(), s.view).Header()
		opener := "same-origin"
		if _, ok := s.view.(leaver); ok {
			opener = "unsafe-none"
		}
		for name, want := range map[string]string{
			"Content-Type":                 "text/html; charset=utf-8",
			"Content-Language":             "en",
			"X-Content-Type-Options":       "nosniff",
			"Cross-Origin-Opener-Policy":   opener,
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
			"Strict-Transport-Security":    "max-age=31536000",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", s.name, name, got, want)
			}
		}
		if h.Get("Permissions-Policy") == "" || h.Get("Content-Length") == "" {
			t.Errorf("%s: Permissions-Policy or Content-Length is missing", s.name)
		}
		checkCSP(t, s, h.Get("Content-Security-Policy"))
	}
}

func checkCSP(t *testing.T, s state, csp string) {
	t.Helper()
	for _, want := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'",
		"base-uri 'none'", "require-trusted-types-for 'script'",
	} {
		if !strings.Contains(csp+";", want+";") {
			t.Errorf("%s: the policy lacks %s: %s", s.name, want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("%s: the policy allows something unsafe: %s", s.name, csp)
	}
	_, leaves := s.view.(leaver)
	if limited := strings.Contains(csp, "form-action 'self'"); limited == leaves {
		t.Errorf("%s: form-action limited %v, though its form may lead to another site %v", s.name, limited, leaves)
	}
}

// TestFormsThatStay names the pages whose forms never lead to another site; the
// others are within a sign-in, which ends at a relying party.
func TestFormsThatStay(t *testing.T) {
	stay := map[string]bool{
		"device": true, "device-confirm": true, "device-done": true, "organizations": true, "security-info": true,
		"delete-pass": true, "signed-out": true, "error": true, "home": true,
		"admin-pass": true, "admin-pass-given": true, "admin-pass-waits": true,
		"rename-method": true, "remove-method": true, "set-password": true, "clean-up": true,
		"sign-out-everywhere": true, "sign-ins": true, "apps": true,
		"report-code": true, "block-invitations": true, "add-device": true, "add-device-here": true, "authenticator": true,
	}
	for _, s := range states() {
		if _, leaves := s.view.(leaver); leaves == stay[s.view.PageName()] {
			t.Errorf("%s: leaves the site %v", s.view.PageName(), leaves)
		}
	}
}

func TestReferrerPolicy(t *testing.T) {
	rd := newRenderer(t)
	for _, s := range states() {
		want := "same-origin"
		if s.view.PageName() == "form-post" {
			want = "no-referrer"
		}
		if got := get(rd, s.frame(), s.view).Header().Get("Referrer-Policy"); got != want {
			t.Errorf("%s: %q, want %q", s.name, got, want)
		}
	}
}

func TestNoHSTSWithoutTLS(t *testing.T) {
	rd, err := NewRenderer(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := get(rd, testFrame, Home{}).Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("plain HTTP sends %q", got)
	}
}

// brokenView has a name without a template.
type brokenView struct{}

func (brokenView) PageName() string { return "no-such-page" }

func TestPageThatCannotBeDrawn(t *testing.T) {
	w := get(newRenderer(t), testFrame, brokenView{})
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", w.Code)
	}
	if !strings.Contains(w.Body.String(), `data-page="error"`) {
		t.Errorf("not an error page: %s", w.Body)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	w := httptest.NewRecorder()
	newRenderer(t).Page(w, httptest.NewRequest(http.MethodHead, "/", nil), http.StatusOK, Home{OrganizationsURL: "/organizations"})
	if w.Body.Len() != 0 || w.Header().Get("Content-Length") == "" {
		t.Errorf("%d bytes, Content-Length %q", w.Body.Len(), w.Header().Get("Content-Length"))
	}
}

func TestBrand(t *testing.T) {
	f := testFrame
	f.Brand = "/t/brand.css"
	if body := get(newRenderer(t), f, Home{}).Body.String(); !strings.Contains(body, `<link rel="stylesheet" href="/t/brand.css">`) {
		t.Errorf("the tenant's style sheet is missing:\n%s", body)
	}
}

// TestForeignActions holds html/template to its rule for addresses.
func TestForeignActions(t *testing.T) {
	body := get(newRenderer(t), testFrame, FormPost{Action: "javascript:alert(1)"}).Body.String()
	if strings.Contains(body, "javascript:") {
		t.Errorf("a script as an address got through:\n%s", body)
	}
}

func TestProblem(t *testing.T) {
	rd := newRenderer(t)
	for id, k := range problems {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		w := httptest.NewRecorder()
		rd.Problem(w, r.WithContext(WithFrame(r.Context(), testFrame)), Problem{ID: id})
		if w.Code != k.status {
			t.Errorf("%s: status %d, want %d", id, w.Code, k.status)
		}
		if !strings.Contains(w.Body.String(), Problem{ID: id}.Code()) {
			t.Errorf("%s: the page does not show its code", id)
		}
	}
	if got := (Problem{}).Status(); got != http.StatusOK {
		t.Errorf("no problem has status %d", got)
	}
	if got := (Problem{ID: "unheard-of"}).Status(); got != http.StatusInternalServerError {
		t.Errorf("an unknown problem has status %d", got)
	}
}

func BenchmarkPage(b *testing.B) {
	rd := newRenderer(b)
	v := Pass{Action: "/t/signin", State: sealed, Username: anna, AppName: "Intranet"}
	b.ReportAllocs()
	for b.Loop() {
		get(rd, testFrame, v)
	}
}
