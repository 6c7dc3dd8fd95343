package ui

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/ui/chromiumtest"
)

// stopped lets no time pass in a page but by pass(ms), and keeps what its policy refuses.
const stopped = `
	window.refused = [];
	addEventListener('securitypolicyviolation', (e) => refused.push(e.violatedDirective + ' ' + e.blockedURI));
	addEventListener('error', (e) => refused.push(e.message));
	const began = Date.now();
	let passed = 0, waiting = [];
	Date.now = () => began + passed;
	window.setTimeout = (then, after) => waiting.push([then, passed + after]);
	window.pass = (ms) => {
		passed += ms;
		const due = waiting.filter(([, at]) => at <= passed);
		waiting = waiting.filter(([, at]) => at > passed);
		due.forEach(([then]) => then());
	};`

// TestGuestInChromium goes from the link of an invitation to where it leads on a phone, by
// keys alone, with scripts and without.
func TestGuestInChromium(t *testing.T) {
	for name, scripts := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			o, app := newOutsider(t), newStranger(t)
			server := httptest.NewServer(o.handler)
			t.Cleanup(server.Close)
			o.site.Base = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
			info, err := o.site.Admin.Invite(t.Context(), admin.Operator("root"), contoso, admin.InvitationRequest{Email: guest, RedirectURL: app.URL + "/start"})
			if err != nil {
				t.Fatal(err)
			}
			tab := chromiumtest.New(t)
			run(t, tab, chromedp.EmulateViewport(390, 844))
			run(t, tab, chromiumtest.Call(cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: stopped}))
			run(t, tab, chromiumtest.Call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts}))
			sees := func(page string) {
				t.Helper()
				run(t, tab, chromedp.WaitReady(chromedp.CSS(`main[data-page="`+page+`"]`)))
				if wide := run(t, tab, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`)); wide {
					t.Errorf("%s: wider than a phone", page)
				}
				if small := run(t, tab, chromedp.Evaluate[string](`[...document.querySelectorAll('main button, main input:not([type=hidden])')].filter(e => e.getBoundingClientRect().height < 44).map(e => e.id).join(' ')`)); small != "" {
					t.Errorf("%s: less than 44 px high: %s", page, small)
				}
			}
			keys := func(keys string) { t.Helper(); run(t, tab, chromedp.KeyEvent(keys)) }
			focused := func(id string) {
				t.Helper()
				for range 500 { // what comes into focus by itself does so when the page is first drawn
					if run(t, tab, chromedp.Evaluate[string](`document.activeElement.id`)) == id {
						return
					}
					run(t, tab, chromedp.CaptureScreenshot())
				}
				t.Fatalf("#%s is not in focus", id)
			}

			o.passes(300 * time.Millisecond) // nobody comes on the second
			run(t, tab, chromedp.Navigate(o.site.Base+info.Invitation.RedeemPath("contoso.example", info.Ticket)))
			sees("email-send")
			keys("\t")
			focused("send")
			keys("\r")
			sees("email-code")
			focused("code")
			keys(wrong(o.code()) + "\r")
			run(t, tab, chromedp.WaitReady(chromedp.CSS(`#problem[data-problem="code.wrong"]`)))
			sees("email-code")
			focused("code")
			if scripts {
				countdown(t, o, func(expression string) string { return run(t, tab, chromedp.Evaluate[string](expression)) })
			} else {
				run(t, tab, chromedp.Click(chromedp.CSS("#resend")))
			}
			run(t, tab, chromedp.WaitReady(chromedp.CSS(`#problem[data-problem="code.soon"]`)))
			focused("code")
			code := o.code()
			keys(code[:4] + " " + code[4:] + "\r")
			sees("redeem")
			keys("\t")
			focused("accept")
			keys("\r")
			run(t, tab, chromedp.WaitReady(chromedp.CSS("#arrived")))
			if u := o.user(info.User.UserID); u.External.State != idp.Accepted || app.times("/start") != 1 {
				t.Errorf("%+v, and %d visits to where it leads", u.External, app.times("/start"))
			}
		})
	}
}

// countdown watches the button for another code until it can be pressed, and presses it: the
// server's clock has not moved.
func countdown(t *testing.T, o *outsider, eval func(expression string) string) {
	t.Helper()
	const button = `document.querySelector('#resend')`
	says := func(after, want string) {
		t.Helper()
		if got := eval(after + button + `.textContent + (` + button + `.disabled ? ' (off)' : '')`); got != want {
			t.Errorf("the button says %q, want %q", got, want)
		}
	}
	says("", "Send a new code in 30 seconds (off)")
	says("pass(28500); ", "Send a new code in 2 seconds (off)")
	says("pass(600); ", "Send a new code in 1 second (off)")
	says("pass(1000); ", "Send a new code")
	if refused := eval(`refused.join(' ')`); refused != "" {
		t.Errorf("the page's policy refused, or its script failed: %s", refused)
	}
	eval(button + `.click(), ''`)
}
