package ui

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

// run does one action in a tab, which must succeed.
func run[T any](t *testing.T, tab context.Context, action chromedp.Action[T]) T {
	t.Helper()
	v, err := chromiumtest.Run(tab, action)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// stranger is an app at an origin of its own, and what it was asked for.
type stranger struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
}

func newStranger(t *testing.T) *stranger {
	s := &stranger{asked: map[string]int{}}
	over := make(chan struct{})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.URL.Path]++
		if from := r.Referer(); from != "" && !strings.Contains(from, r.Host) {
			s.asked["referrer"]++
		}
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/logo.svg":
			w.Header().Set("Content-Type", "image/svg+xml")
			fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><rect width="90" height="30" rx="6" fill="#0b7a4b"/><circle cx="16" cy="15" r="8" fill="#fff"/></svg>`)
		case "/out":
			fmt.Fprint(w, `<!doctype html><script>fetch("/ran"); try { top.location = "/stolen" } catch {}</script>`)
		case "/slow":
			<-over
		default:
			fmt.Fprint(w, `<!doctype html><title>Arrived</title><p id="arrived">Back at the app`)
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(over) })
	return s
}

// times is how often it was asked for a path.
func (s *stranger) times(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

// newSite serves some of our pages, to which the app brought what it could.
func newSite(t *testing.T, rd *Renderer, app string) string {
	out := app + "/out"
	views := map[string]View{
		"/signin":  Signin{AppLinks: AppLinks{LogoURI: app + "/logo.svg"}, Action: "/signin", AppName: "Wiki"},
		"/here":    SignedOutOf{Frames: []string{out}, AgainURL: "/signin"},
		"/away":    SignedOutOf{Frames: []string{out}, Next: app + "/next"},
		"/patient": SignedOutOf{Frames: []string{out, app + "/slow"}, Next: app + "/next"},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, ok := views[r.URL.Path]; ok {
			rd.Page(w, r, http.StatusOK, v)
			return
		}
		rd.Assets().ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestStrangersInChromium: what apps bring to our pages works under their policy, and
// does no more than it should.
func TestStrangersInChromium(t *testing.T) {
	tab, app := chromiumtest.New(t), newStranger(t)
	site := newSite(t, newRenderer(t), app.URL)
	open := func(path string) {
		t.Helper()
		run(t, tab, chromedp.Navigate(site+path))
	}
	open("/signin")
	if width := run(t, tab, chromedp.Evaluate[int](`document.querySelector('#app-logo').naturalWidth`)); width != 90 {
		t.Errorf("the logo is %d px wide", width)
	}
	open("/here")
	if heading := run(t, tab, chromedp.Text(chromedp.CSS("h1"))); heading != "You're signed out" {
		t.Errorf("the page says %q", heading)
	}
	for i, path := range []string{
		"/away",
		"/patient", // an app that does not answer keeps nobody
		"/away",    // without scripts
	} {
		if i == 2 {
			run(t, tab, chromiumtest.Call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
		}
		open(path)
		run(t, tab, chromedp.WaitReady(chromedp.CSS("#arrived")))
		if told, arrived := app.times("/out"), app.times("/next"); told != i+2 || arrived != i+1 {
			t.Errorf("%s: the app was told %d times and gone on to %d times, want %d and %d", path, told, arrived, i+2, i+1)
		}
	}
	if app.times("/ran") == 0 || app.times("/stolen")+app.times("referrer") > 0 {
		t.Errorf("a frame ran no script, led the page away, or was told where it stood: %v", app.asked)
	}
}
