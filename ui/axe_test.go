package ui

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

// axeRun has the rules of WCAG 2.2 AA and the best practices run, and tells what is broken.
const axeRun = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
	.then(found => found.violations.map(v => v.id + ': ' + v.help + ' at ' + v.nodes.map(n => n.target.join(' ')).join(', ')).join('\n'))`

// axeSource is the accessibility checker that make deps installs.
func axeSource(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("e2e", "node_modules", "axe-core", "axe.min.js"))
	switch {
	case err != nil && os.Getenv("LATCHKEY_TEST_REQUIRE") != "":
		t.Fatal(err)
	case err != nil:
		t.Skip("axe-core is not installed: run make deps")
	}
	return string(source)
}

// goesOn tells whether a page leaves by itself, before anybody could look at it.
func goesOn(v View) bool {
	out, _ := v.(SignedOutOf)
	_, posts := v.(FormPost)
	return posts || out.Next != ""
}

// TestAccessible has axe look at every page in each of its states, in light and dark, as
// its scripts leave it.
func TestAccessible(t *testing.T) {
	source, tab, rd := axeSource(t), chromiumtest.New(t), newRenderer(t)
	byPath := map[string]state{}
	for _, s := range states() {
		byPath["/"+s.name] = s
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := byPath[r.URL.Path]; ok {
			rd.Page(w, r.WithContext(WithFrame(r.Context(), s.frame())), http.StatusOK, s.view)
			return
		}
		rd.Assets().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	// The pages' own policy would keep the checker out.
	run(t, tab, chromiumtest.Call(cdpage.SetBypassCSP, cdpage.SetBypassCSPParams{Enabled: true}))
	look := func() string {
		return strings.TrimSpace(run(t, tab, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise)))
	}
	looked := 0
	for _, s := range states() {
		if goesOn(s.view) {
			continue
		}
		run(t, tab, chromedp.Navigate(server.URL+"/"+s.name))
		run(t, tab, chromedp.Evaluate[chromedp.Void](source))
		for _, scheme := range []string{"light", "dark"} {
			run(t, tab, chromiumtest.Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
			if found := look(); found != "" {
				t.Errorf("%s, %s:\n%s", s.name, scheme, found)
			}
			looked++
		}
	}
	run(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("main").append(new Image())`))
	if look() == "" {
		t.Error("axe does not see an image without words")
	}
	t.Logf("axe looked at %d page states, half of them dark", looked)
}
