package main

import (
	"flag"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

var approvals = flag.Int("number.approvals", 1, "how many approvals TestApprovalInChromium measures")

// TestApprovalInChromium goes from the press of Approve on the phone, with the check of its holder,
// to the page that the desktop has moved on to, and tells how long that took. Nothing depends on it.
//
//	go test ./cmd/latchkey -run TestApprovalInChromium -number.approvals 15 -v
func TestApprovalInChromium(t *testing.T) {
	o := newMatching(t).orgWithPhone(t)
	o.phone.do(chromedp.Evaluate[chromedp.Void](`addEventListener("click", (e) => { if (e.target.closest("article.request button[id^=approve]")) window.pressed = Date.now(); }, true)`))
	took := make([]float64, *approvals)
	for i := range took {
		b := o.desk()
		o.phone.approves(o.asks(b))
		o.phone.wantSaid("Approved.")
		b.want("security-info")
		moved := number(t, b, `performance.timeOrigin + performance.getEntriesByType("navigation")[0].responseStart`)
		took[i] = moved - number(t, o.phone.tab, `window.pressed`)
	}
	slices.Sort(took)
	t.Logf("from Approve on the phone until the desktop has moved on: median %.0f ms, at most %.0f ms, of %d", took[len(took)/2], took[len(took)-1], len(took))
}

// number is what an expression comes to in a tab.
func number(t *testing.T, b *tab, expression string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(b.look("String("+expression+")"), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
