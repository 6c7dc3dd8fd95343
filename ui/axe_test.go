package ui

import (
	"net/http"
	"net/http/httptest"
	"testing"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

// goesOn tells whether a page leaves by itself, before anybody could look at it.
func goesOn(v View) bool {
	out, _ := v.(SignedOutOf)
	_, posts := v.(FormPost)
	return posts || out.Next != ""
}

// TestAccessible has axe look at every page in each of its states, in light and dark, as
// its scripts leave it.
func TestAccessible(t *testing.T) {
	tab, rd := chromiumtest.New(t), newRenderer(t)
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
	looked := 0
	for _, s := range states() {
		if goesOn(s.view) {
			continue
		}
		run(t, tab, chromedp.Navigate(server.URL+"/"+s.name))
		if found := chromiumtest.Axe(t, tab, "e2e"); found != "" {
			t.Errorf("%s, %s", s.name, found)
		}
		looked++
	}
	run(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("main").append(new Image())`))
	if chromiumtest.Axe(t, tab, "e2e") == "" {
		t.Error("axe does not see an image without words")
	}
	t.Logf("axe looked at %d page states, in light and dark", looked)
}
