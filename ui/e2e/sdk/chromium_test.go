package sdk

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"github.com/chromedp/chromedp"
)

// TestMSALInteractiveInChromium: a page of https sends its form to plain localhost,
// where the library listens; a real browser must find nothing wrong with it.
func TestMSALInteractiveInChromium(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	c, u := contoso.nativeClient(t), contoso.user(t)
	app, began := newPublic(t, c), time.Now()
	got, err := app.AcquireTokenInteractive(t.Context(), []string{calendarRead}, public.WithOpenURL(walk(browser,
		fill("username", u.Name),
		press("main form button.primary"),
		fill("code", u.Pass),
		press("main form button.primary"),
		press("#allow"),
		authenticated,
	)))
	wantNone(t, err)
	wantAccount(t, got, c, u, began)
}

// authenticated waits for the library's own page.
var authenticated = chromedp.WaitReady(chromedp.Search(`//p[contains(., "Authentication complete")]`))

// walk takes these steps from an address on.
func walk(browser context.Context, steps ...chromedp.Action[chromedp.Void]) func(address string) error {
	return func(address string) error {
		ctx, stop := context.WithTimeout(browser, 45*time.Second) // for a page that does not come
		defer stop()
		for i, step := range slices.Concat([]chromedp.Action[chromedp.Void]{chromedp.Navigate(address)}, steps) {
			if err := do(ctx, step); err != nil {
				return fmt.Errorf("step %d: %w", i, err)
			}
		}
		return nil
	}
}

// do begins a step again where its element was gone before anything was done to it:
// Chromium counts the elements of a page anew when the page is there whole.
func do(tab context.Context, step chromedp.Action[chromedp.Void]) error {
	for {
		_, err := chromedp.Run(tab, step)
		if err == nil || !strings.Contains(err.Error(), "Could not find node with given id") {
			return err
		}
	}
}

func fill(name, value string) chromedp.Action[chromedp.Void] {
	field := chromedp.CSS(fmt.Sprintf("input[name=%q]", name))
	return chromedp.Steps(chromedp.WaitVisible(field), chromedp.Clear(field), chromedp.SendKeys(field, value))
}

func press(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)
}

// chromium starts one with a fresh profile. Without one the test is skipped, unless
// LATCHKEY_TEST_REQUIRE is set.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("LATCHKEY_TEST_REQUIRE") == "" {
		t.Skip("chromium is not installed")
	}
	wantNone(t, err)
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
	}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "ignore-certificate-errors", "disable-dev-shm-usage"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	_, err = chromedp.Run(ctx, chromedp.Navigate("about:blank")) // it ends with the context it began with
	wantNone(t, err)
	return ctx
}
