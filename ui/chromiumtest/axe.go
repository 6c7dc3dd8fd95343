package chromiumtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// axeRun tells which rules of WCAG 2.2 AA and best practices are broken, and where.
const axeRun = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})
	.then(found => found.violations.map(v => v.id + ': ' + v.help + ' at ' + v.nodes.map(n => n.target.join(' ')).join(', ')).join('\n'))`

// Axe has the accessibility checker look at the page of a tab, in light and in dark, and tells
// what is broken. e2e is the folder in which make deps installs it; without it the test is
// skipped, unless LATCHKEY_TEST_REQUIRE is set. A policy of the page's own would keep it out
// (page.SetBypassCSP).
func Axe(t *testing.T, tab context.Context, e2e string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(e2e, "node_modules", "axe-core", "axe.min.js"))
	switch {
	case err != nil && os.Getenv("LATCHKEY_TEST_REQUIRE") != "":
		t.Fatal(err)
	case err != nil:
		t.Skip("axe-core is not installed: run make deps")
	}
	if _, err := Run(tab, chromedp.Evaluate[chromedp.Void](string(source))); err != nil {
		t.Fatal(err)
	}
	var broken []string
	for _, scheme := range []string{"light", "dark"} {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		if _, err := Run(tab, Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})); err != nil {
			t.Fatal(err)
		}
		found, err := Run(tab, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		if found != "" {
			broken = append(broken, scheme+":\n"+found)
		}
	}
	return strings.Join(broken, "\n")
}
