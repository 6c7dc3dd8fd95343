package ui

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"rsc.io/qr"

	"latchkey/ui/chromiumtest"
)

const shortCode = "XKQF-7M2P"

// longCode is as long as a policy may make it.
var longCode = strings.TrimSuffix(strings.Repeat("XKQF-7M2P-9RTD-", 4), "-")

func slipOf(code string) Slip {
	return Slip{
		Organization: "Contoso", DisplayName: "Anna Novak", Username: anna, Address: "https://id.example/tap", Code: code,
		ValidFrom: noon, ValidUntil: noon.Add(8 * time.Hour),
	}
}

// longest is the slip on which everything is as long as it may be.
func longest() Slip {
	s := slipOf(longCode)
	s.Organization = strings.Repeat("Gesellschaft für Kontosicherheit ", 7)
	s.DisplayName = strings.Repeat("Wolfeschlegelsteinhausen ", 10)
	s.Username = strings.Repeat("w", 200) + "@" + strings.Repeat("contoso.", 12) + "example"
	s.Address = "https://" + strings.Repeat("sign-in.", 15) + "contoso.example/tap"
	return s
}

func fileOf(t *testing.T, rd *Renderer, s Slip) []byte {
	t.Helper()
	file, err := rd.Slip(s, time.FixedZone("CET", 3600))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestSlip: the file says all it should, and needs nothing that is not in it.
func TestSlip(t *testing.T) {
	rd := newRenderer(t)
	s := slipOf(shortCode)
	file := fileOf(t, rd, s)
	d := parse(t, file)
	said := strings.Join(strings.Fields(text(d.all("main")[0])), " ")
	for _, want := range []string{
		"Contoso", "Anna Novak", anna, s.Address, shortCode,
		"24 November 2026 at 13:00\u00a0CET", "24 November 2026 at 21:00\u00a0CET", "as often as you like",
		"Nobody from IT will ask you to read this aloud.", "Shred this slip",
	} {
		if !strings.Contains(said, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("the slip does not say %q:\n%s", want, said)
		}
	}
	if attr(d.all("html")[0], "lang") != "en" || attr(d.all("html")[0], "dir") != "ltr" {
		t.Error("no language or direction")
	}
	for _, name := range []string{"script", "link", "img", "a", "form", "iframe", "object", "base"} {
		if len(d.all(name)) > 0 {
			t.Errorf("a slip has the element %s", name)
		}
	}
	for _, never := range []string{"http-equiv", "url(", "@import", "javascript:", "ZgotmplZ"} {
		if bytes.Contains(file, []byte(never)) {
			t.Errorf("a slip has %s", never)
		}
	}
	if left := strings.ReplaceAll(strings.ReplaceAll(string(file), "<wbr>", ""), s.Address, ""); strings.Contains(left, "://") {
		t.Errorf("a slip has another address than the one to open:\n%s", left)
	}
}

func TestSlipLeavesOut(t *testing.T) {
	s := slipOf(shortCode)
	s.Username, s.Once = "", true
	said := text(parse(t, fileOf(t, newRenderer(t), s)).all("main")[0])
	if strings.Contains(said, anna) || !strings.Contains(said, "Enter your user name.") || !strings.Contains(said, "once") {
		t.Errorf("%s", said)
	}
}

// TestSlipGoesThroughTheCatalogue: in the language of the person it is for.
func TestSlipGoesThroughTheCatalogue(t *testing.T) {
	rd := newRenderer(t)
	rd.catalogue = pseudo(t, "ar")
	s := slipOf(shortCode)
	s.Language = "ar"
	file := fileOf(t, rd, s)
	if !bytes.Contains(file, []byte(`<html lang="ar" dir="rtl">`)) {
		t.Error("not in the person's language")
	}
	said := brackets.ReplaceAllString(text(parse(t, file).all("body")[0]), "")
	for _, own := range values(slipFile{s}) {
		said = strings.ReplaceAll(said, own, "")
	}
	if left := letters.FindString(strings.NewReplacer("CET", "").Replace(said)); left != "" {
		t.Errorf("%q did not come from the catalogue", left)
	}
}

var subpath = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// TestSlipQR draws the path back into modules: they are those of the link, with a light
// margin that scanners need.
func TestSlipQR(t *testing.T) {
	for _, s := range []Slip{slipOf(shortCode), slipOf(longCode), longest()} {
		got, err := s.QR()
		if err != nil {
			t.Fatal(err)
		}
		want, err := qr.Encode(s.Address+"#"+s.Code, qr.M)
		if err != nil {
			t.Fatal(err)
		}
		dark := map[[2]int]bool{}
		for _, m := range subpath.FindAllStringSubmatch(got.Path, -1) {
			x, y, n := number(t, m[1]), number(t, m[2]), number(t, m[3])
			for i := range n {
				dark[[2]int{x + i, y}] = true
			}
		}
		if subpath.ReplaceAllString(got.Path, "") != "" || got.Side != want.Size+8 {
			t.Errorf("side %d, path %s", got.Side, got.Path)
		}
		for y := range got.Side {
			for x := range got.Side {
				if dark[[2]int{x, y}] != want.Black(x-4, y-4) {
					t.Fatalf("%s: the module at %d, %d is wrong", s.Code, x, y)
				}
			}
		}
	}
	over := slipOf(shortCode)
	over.Address = "https://" + strings.Repeat("x", 4000)
	if _, err := newRenderer(t).Slip(over, time.UTC); err == nil {
		t.Error("more than a QR code holds is no error")
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSlipInChromium prints slips, from their file and from the page that shows one: each
// is one page of A6, from which nothing was cut.
func TestSlipInChromium(t *testing.T) {
	tab, rd := chromiumtest.New(t), newRenderer(t)
	noName := slipOf(shortCode)
	noName.Username = ""
	slips := map[string]Slip{"short": slipOf(shortCode), "long": slipOf(longCode), "longest": longest(), "no-name": noName}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch s := slips[name]; kind {
		case "file":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write(fileOf(t, rd, s))
		case "page":
			rd.Page(w, r, http.StatusOK, AdminPassGiven{Slip: s, DisplayName: s.DisplayName, Username: s.Username, AgainURL: "/"})
		default:
			rd.Assets().ServeHTTP(w, r)
		}
	}))
	t.Cleanup(site.Close)
	for name := range slips {
		for _, kind := range []string{"file", "page"} {
			run(t, tab, chromedp.Navigate(site.URL+"/"+kind+"/"+name))
			wantA6(t, tab, kind+" "+name)
			run(t, tab, chromiumtest.Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
			if cut := run(t, tab, chromedp.Evaluate[string](cutOff)); cut != "" {
				t.Errorf("%s %s: %s", kind, name, cut)
			}
			run(t, tab, chromiumtest.Call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}))
		}
	}
}

// cutOff tells what of a slip does not show on paper. Names of people and organizations
// may end in an ellipsis: nobody has to type them.
const cutOff = `(() => {
  const slip = document.querySelector('.slip'), edge = slip.getBoundingClientRect();
  if (slip.scrollHeight > slip.clientHeight) return slip.scrollHeight + ' px high, of ' + slip.clientHeight;
  const cut = [...slip.querySelectorAll('strong, svg, dd, .slip-code span, .slip-care')].filter(e => {
    const r = e.getBoundingClientRect();
    return r.left < edge.left || r.right > edge.right || r.bottom > edge.bottom || !r.height;
  });
  const beside = [...document.querySelectorAll('body *:not(.slip, .slip *)')].filter(e => !e.contains(slip) && e.getClientRects().length);
  return [...cut, ...beside].map(e => e.outerHTML).join('\n');
})()`

var (
	pdfPage = regexp.MustCompile(`/Type\s*/Page[^s]`)
	pdfBox  = regexp.MustCompile(`/MediaBox\s*\[\s*0 0 ([0-9.]+) ([0-9.]+)\s*\]`)
)

// wantA6 prints the tab, by the size the page asks for.
func wantA6(t *testing.T, tab context.Context, name string) {
	t.Helper()
	yes := true
	pdf := run(t, tab, chromedp.PrintToPDF(func(p *cdpage.PrintToPDFParams) { p.PreferCSSPageSize = &yes }))
	if dir := os.Getenv("LATCHKEY_RENDER_DIR"); dir != "" {
		writeFile(t, filepath.Join(dir, "slip-"+strings.ReplaceAll(name, " ", "-")+".pdf"), pdf)
	}
	if pages := len(pdfPage.FindAll(pdf, -1)); pages != 1 {
		t.Errorf("%s is printed to %d pages", name, pages)
	}
	m := pdfBox.FindSubmatch(pdf)
	if m == nil {
		t.Fatalf("%s: no MediaBox", name)
	}
	// 105 mm by 148 mm, in points.
	for i, want := range []float64{297.6, 419.5} {
		if got, err := strconv.ParseFloat(string(m[i+1]), 64); err != nil || math.Abs(got-want) > 1 {
			t.Errorf("%s is printed on paper of %s by %s points", name, m[1], m[2])
		}
	}
}
