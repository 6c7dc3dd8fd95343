package chromiumtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

// TestRunWhilePageArrives: a link is pressed when only half of its page is there, and the
// rest comes between the search for the link and the press.
func TestRunWhilePageArrives(t *testing.T) {
	tab := chromiumtest.New(t)
	rest := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/half", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>Half</title><a id="on" href="/next">On</a>`)
		w.(http.Flusher).Flush()
		<-rest
	})
	var presses atomic.Int32
	mux.HandleFunc("/next", func(w http.ResponseWriter, r *http.Request) {
		presses.Add(1)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>Next</title><p id="arrived">Arrived`)
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	whole := sync.OnceFunc(func() { close(rest) })
	t.Cleanup(whole)

	run(t, tab, chromedp.Evaluate[chromedp.Void](`location = "`+site.URL+`/half"`))
	searches := 0
	run(t, tab, chromedp.Click(chromedp.CSS("#on"), chromedp.After(func(ctx context.Context, target *chromedp.Target, _ []*chromedp.Node) error {
		searches++
		whole()
		_, err := chromedp.Poll[bool](`document.readyState === "complete"`)(ctx, target)
		return err
	})))
	run(t, tab, chromedp.WaitReady(chromedp.CSS("#arrived")))
	if searches < 2 || presses.Load() != 1 {
		t.Errorf("searched %d times, pressed %d times; want the first search to be in vain, and one press", searches, presses.Load())
	}
}

func run[T any](t *testing.T, tab context.Context, action chromedp.Action[T]) {
	t.Helper()
	if _, err := chromiumtest.Run(tab, action); err != nil {
		t.Fatal(err)
	}
}
