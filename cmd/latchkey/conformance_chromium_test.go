//go:build conformance

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

// surfer opens for a module, in Chromium, the addresses it wants somebody to visit.
type surfer struct {
	ctx   context.Context // of a Chromium that knows nobody yet
	suite *suite
	world *conformanceWorld
	id    string // of the module
}

// newSurfer starts Chromium. What it complains about is of no interest: it opens
// pages of the suite too.
func newSurfer(t *testing.T, d *conformance, id string) (*surfer, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, err
	}
	profile, err := thirdPartyCookies(t.TempDir())
	if err != nil {
		return nil, err
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(profile),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("ignore-certificate-errors", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-dev-shm-usage", true),
	)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	// The first action starts it, for as long as its context lasts.
	_, err = chromedp.Run(ctx, chromedp.Navigate("about:blank"))
	return &surfer{ctx, d.suite, d.world, id}, err
}

// thirdPartyCookies makes a profile that lets frames of other sites see their
// cookies: without, OIDC Session Management 3.2 cannot work.
func thirdPartyCookies(profile string) (string, error) {
	dir := filepath.Join(profile, "Default")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	return profile, os.WriteFile(filepath.Join(dir, "Preferences"), []byte(`{"profile": {"cookie_controls_mode": 0}}`), 0o600)
}

// surf visits what is to be visited now, and answers our pages on the way.
func (s *surfer) surf() error {
	b, err := s.suite.browser(s.id)
	if err != nil {
		return err
	}
	for _, u := range b.URLs {
		// A visit that has not been told of would be asked for again.
		if err := s.suite.visited(s.id, u); err != nil {
			return err
		}
		if err := s.do(chromedp.Navigate(u)); err != nil {
			return fmt.Errorf("open %.80s…: %w", u, err)
		}
		if err := s.answer(); err != nil {
			return fmt.Errorf("from %.80s…: %w", u, err)
		}
	}
	return nil
}

// answer answers our pages until the browser is elsewhere. A page that says
// something and asks nothing ends it too.
func (s *surfer) answer() error {
	for {
		page, err := s.page()
		if err != nil {
			return err
		}
		action := map[string]chromedp.Action[chromedp.Void]{
			"account":   chromedp.Click(chromedp.CSS("#account-continue"), chromedp.NodeVisible),
			"signin":    s.form("username", s.world.user.PrincipalName),
			"pass":      s.form("code", s.world.pass),
			"consent":   s.button("allow"),
			"sign-out":  s.button("sign-out"),
			"form-post": chromedp.Sleep(100 * time.Millisecond), // it sends itself on
		}[page]
		if action == nil {
			return nil
		}
		if err := s.do(chromedp.Evaluate[chromedp.Void](`window.answered = true`), action); err != nil {
			return fmt.Errorf("on page %q: %w", page, err)
		}
	}
}

func (s *surfer) form(field, value string) chromedp.Action[chromedp.Void] {
	box := chromedp.CSS(fmt.Sprintf("input[name=%q]", field))
	return chromedp.Steps(chromedp.Clear(box), chromedp.SendKeys(box, value), chromedp.Click(chromedp.CSS("main form button.primary"), chromedp.NodeVisible))
}

func (s *surfer) button(decision string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(fmt.Sprintf("button[name=decision][value=%q]", decision)), chromedp.NodeVisible)
}

// page waits until another page than the one just answered is there. "": it is not
// ours.
func (s *surfer) page() (string, error) {
	const state = `window.answered || document.readyState !== "complete" ? "" : location.href + " " +
		(document.querySelector("#account-continue") ? "account" : document.querySelector("main")?.dataset.page ?? "")`
	ctx, stop := context.WithTimeout(s.ctx, chromiumtest.StepLimit)
	defer stop()
	for ctx.Err() == nil {
		address, name, _ := strings.Cut(s.evaluate(ctx, state), " ")
		switch {
		case address == "":
			time.Sleep(100 * time.Millisecond)
		case strings.HasPrefix(address, s.world.server.Config.BaseURL+"/"):
			return name, nil
		default:
			return "", nil
		}
	}
	return "", ctx.Err()
}

// evaluate is "" between two pages, where there is nothing to evaluate in.
func (s *surfer) evaluate(ctx context.Context, script string) string {
	ctx, stop := context.WithTimeout(ctx, time.Second)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	if err != nil {
		return ""
	}
	return v
}

func (s *surfer) do(actions ...chromedp.Action[chromedp.Void]) error {
	_, err := chromiumtest.Run(s.ctx, chromedp.Steps(actions...))
	return err
}
