// Package chromiumtest starts real Chromiums for tests, and acts in them.
package chromiumtest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// StepLimit ends a test whose page does not come; it measures nothing.
const StepLimit = 45 * time.Second

// nodeGone is how Chromium answers about an element of a page that it has counted anew
// since: it does so once more when a page is there whole, after what is in it could be
// seen.
const nodeGone = "Could not find node with given id"

// New starts a Chromium with a fresh profile and returns its tab, which ends with the
// test. Without one the test is skipped, unless LATCHKEY_TEST_REQUIRE is set.
func New(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	tab, kill := start(t, t.TempDir(), more)
	t.Cleanup(kill)
	return tab
}

// Start is New with a profile that may have been used before. What is in it is on disk once
// stop has returned.
func Start(t *testing.T, profile string, more ...chromedp.ExecAllocatorOption) (tab context.Context, stop func()) {
	t.Helper()
	tab, kill := start(t, profile, more)
	stop = sync.OnceFunc(func() {
		_ = chromedp.Cancel(tab) // it may have ended already
		kill()
	})
	t.Cleanup(stop)
	return tab, stop
}

func start(t *testing.T, profile string, more []chromedp.ExecAllocatorOption) (tab context.Context, kill func()) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	switch {
	case err != nil && os.Getenv("LATCHKEY_TEST_REQUIRE") != "":
		t.Fatal("chromium is not installed, and LATCHKEY_TEST_REQUIRE is set")
	case err != nil:
		t.Skip("chromium is not installed")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(profile),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "ignore-certificate-errors", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	// A page that comes back from that cache is a target that chromedp does not follow.
	options = append(options, chromedp.Flag("disable-features", "BackForwardCache"))
	ctx, end := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	tab, stop := chromedp.NewContext(ctx)
	kill = func() {
		stop()
		end()
	}
	// The first run starts Chromium, which ends with that run's context.
	if _, err := chromedp.Run(tab, chromedp.Steps()); err != nil {
		kill()
		t.Fatal(err)
	}
	return tab, kill
}

// Run does one action in a tab and returns its value. Where an element was gone before
// anything was done to it, it begins again, with the first of several steps: those before
// the last must bear being done twice. It errs where a page does not come.
func Run[T any](tab context.Context, action chromedp.Action[T]) (T, error) {
	ctx, stop := context.WithTimeout(tab, StepLimit)
	defer stop()
	for {
		v, err := chromedp.Run(ctx, action)
		var answer *cdproto.Error
		if !errors.As(err, &answer) || answer.Message != nodeGone {
			return v, err
		}
	}
}

// Call sends a command of the protocol that has no action, and returns its answer.
func Call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[R] {
	return func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) }
}
