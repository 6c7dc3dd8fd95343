package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

// tab is one tab of a Chromium of its own, with a fresh profile.
type tab struct {
	t     *testing.T
	ctx   context.Context
	shots string // directory for screenshots, "" for none
	seen  map[string]bool
	end   func() // Chromium's complaints are heard no more
}

// newTab starts Chromium, and fails the test over what it complains about.
func newTab(t *testing.T) *tab {
	t.Helper()
	return tabOf(t, chromiumtest.New(t))
}

// tabOf is a tab of a Chromium that runs, and fails the test over what it complains about.
func tabOf(t *testing.T, ctx context.Context) *tab {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	b := &tab{t: t, ctx: ctx, shots: os.Getenv("LATCHKEY_SCREENSHOT_DIR"), seen: map[string]bool{}}
	complaints := b.listen()
	b.end = func() {
		stop()
		<-complaints
	}
	t.Cleanup(b.end)
	return b
}

// listen fails the test over violations of the content security policy, errors of
// scripts and the like. A page that answers 4xx or 5xx on purpose is none.
func (b *tab) listen() (done chan struct{}) {
	messages := chromedp.Console(b.ctx)
	done = make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range messages {
			switch {
			case err != nil && b.ctx.Err() == nil:
				b.t.Error(err)
			case err != nil, strings.Contains(m.Text, "server responded with a status"):
			case m.Type == chromedp.ConsoleError, m.IsException():
				b.t.Errorf("Chromium complains: %s %s", m, m.URL)
			}
		}
	}()
	return done
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	evaluate(b, chromedp.Steps(actions...))
}

// evaluate runs one action and returns its value.
func evaluate[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromiumtest.Run(b.ctx, action)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.where())
	}
	return v
}

// where tells what the tab shows, for a test that failed.
func (b *tab) where() string {
	s, err := chromiumtest.Run(b.ctx, chromedp.Evaluate[string](`location + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return s
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

// want waits for a page, and photographs it the first time.
func (b *tab) want(page string) {
	b.t.Helper()
	b.wantElement(fmt.Sprintf(`main[data-page=%q]`, page))
	b.shoot(page)
}

// wantText waits until the page says something.
func (b *tab) wantText(words string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.Search(fmt.Sprintf(`//main[contains(., %q)]`, words))))
}

func (b *tab) wantElement(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.CSS(selector)))
}

// fill replaces what a field holds by typing.
func (b *tab) fill(name, value string) {
	b.t.Helper()
	field := chromedp.CSS(fmt.Sprintf(`input[name=%q]`, name))
	b.do(chromedp.WaitVisible(field), chromedp.Clear(field), chromedp.SendKeys(field, value))
}

func (b *tab) press(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// submit presses the main button.
func (b *tab) submit() {
	b.t.Helper()
	b.press("main form button.primary")
}

// text is what an element says.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return evaluate(b, chromedp.Text(chromedp.CSS(selector)))
}

// view is one way of looking at a page.
type view struct {
	name, scheme  string
	width, height int64
}

// shoot writes pictures of a page, once each, if a directory for them is named.
func (b *tab) shoot(name string) {
	b.t.Helper()
	if b.shots == "" || b.seen[name] {
		return
	}
	b.seen[name] = true
	for _, v := range []view{
		{"light", "light", 1280, 900}, {"dark", "dark", 1280, 900},
		{"phone-light", "light", 390, 844}, {"phone-dark", "dark", 390, 844},
	} {
		b.do(chromedp.EmulateViewport(v.width, v.height))
		evaluate(b, chromiumtest.Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}}}))
		wider := evaluate(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
		if wider > 0 {
			b.t.Errorf("%s (%s) is %d px wider than the window", name, v.name, wider)
		}
		picture := evaluate(b, chromedp.FullScreenshot(100))
		if err := os.WriteFile(filepath.Join(b.shots, b.picture(name, v)), picture, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(chromedp.EmulateReset())
}

// picture is a file name of its own for each page of each test: the same page looks
// different on another journey.
func (b *tab) picture(name string, v view) string {
	return strings.ReplaceAll(b.t.Name(), "/", "-") + "-" + name + "-" + v.name + ".png"
}

// signIn answers the sign-in pages up to what follows the pass.
func (b *tab) signIn(u reportUser) {
	b.t.Helper()
	b.want("signin")
	b.fill("username", u.UserPrincipalName)
	b.submit()
	b.want("pass")
	b.fill("code", u.TemporaryAccessPass)
	b.submit()
}

// later does not register a method now.
func (b *tab) later() {
	b.t.Helper()
	b.want("add-method")
	b.press("#later")
}
