package ui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

// listens stands in for a browser that takes signals, and one of them not well.
const listens = `window.told = [];
PublicKeyCredential.signalAllAcceptedCredentials = async (what) => { told.push(what); throw new TypeError('no') };
PublicKeyCredential.signalCurrentUserDetails = async (what) => { told.push(what); document.documentElement.dataset.told = JSON.stringify(told) };`

// TestSecurityInfoInChromium: authenticators are told which passkeys there are, and the
// window of a one-time pass closes on the page too.
func TestSecurityInfoInChromium(t *testing.T) {
	tab, rd := chromiumtest.New(t), newRenderer(t)
	byName := map[string]View{}
	for _, s := range securityStates() {
		byName["/"+s.name] = s.view
	}
	closing := byName["/security-info-window"].(SecurityInfo)
	closing.Banner.Until = noon.Add(time.Second)
	byName["/closing"] = closing
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, ok := byName[r.URL.Path]; ok {
			rd.Page(w, r.WithContext(WithFrame(r.Context(), testFrame)), http.StatusOK, v)
			return
		}
		rd.Assets().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	base := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	run(t, tab, chromiumtest.Call(cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: listens}))

	run(t, tab, chromedp.Navigate(base+"/security-info-bound"))
	run(t, tab, chromedp.WaitReady(chromedp.CSS("html[data-told]")))
	const want = `[{"rpId":"id.example","userId":"AAECAwQ","allAcceptedCredentialIds":["a2V5MQ","a2V5Mg"]},` +
		`{"rpId":"id.example","userId":"AAECAwQ","name":"anna@contoso.example","displayName":"Anna Novak"}]`
	if got := run(t, tab, chromedp.Evaluate[string](`document.documentElement.dataset.told`)); got != want {
		t.Errorf("told %s\nwant %s", got, want)
	}
	small := run(t, tab, chromedp.Evaluate[string](`[...document.querySelectorAll('main a, main button')].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.id).join(' ')`))
	if small != "" {
		t.Errorf("less than 44 px high: %s", small)
	}

	run(t, tab, chromedp.Navigate(base+"/closing"))
	run(t, tab, chromedp.WaitReady(chromedp.CSS("main > p > #sign-in-again")))
	if got := run(t, tab, chromedp.Text(chromedp.CSS("main"))); !strings.Contains(got, "The time to add a sign-in method is over.") || strings.Contains(got, "Finish by") {
		t.Errorf("when the window has closed, the page says %q", got)
	}
}
