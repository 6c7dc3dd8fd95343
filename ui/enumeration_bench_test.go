package ui

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
	"latchkey/storage/bolt"
)

// BenchmarkEnumeration is F2: three times 5,000 guests and 5,000 names that nobody has, in a
// mixed order, type their address, have a code sent and type a wrong one. For each step it
// reports how well the time that the answer took tells the two apart: auc is the chance that
// of one of each the guest's takes longer, 0.5 for no better than a coin; diff is the
// difference of the medians, in per cent.
//
//	go test ./ui -run '^$' -bench Enumeration -benchtime 1x
func BenchmarkEnumeration(b *testing.B) {
	for b.Loop() {
		worst := map[string]separation{}
		for run := range 3 {
			d, err := bolt.Open(filepath.Join(b.TempDir(), fmt.Sprintf("latchkey%d.db", run)))
			check(b, err)
			p := newParade(b, d, *samplesOfEach)
			p.march()
			for _, step := range p.report(b, run) {
				if w, there := worst[step.name]; !there || distance(step.auc) >= distance(w.auc) {
					worst[step.name] = step
				}
			}
			check(b, d.Close())
		}
		for step, w := range worst {
			b.ReportMetric(w.auc, step+"-auc")
			b.ReportMetric(w.diff, step+"-diff%")
		}
	}
}

var samplesOfEach = flag.Int("enumeration.samples", 5000, "how many guests and how many strangers BenchmarkEnumeration has come in each run")

func distance(auc float64) float64 { return max(auc-0.5, 0.5-auc) }

// parade is people who come one after the other, each in a browser of their own.
type parade struct {
	b       *testing.B
	handler http.Handler
	now     time.Time
	names   []string // guests first
	took    map[string][2][]float64
}

func newParade(b *testing.B, d storage.Driver, each int) *parade {
	b.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	check(b, err)
	p := &parade{b: b, now: noon, took: map[string][2][]float64{}}
	clock, store := func() time.Time { return p.now }, storage.New(d)
	check(b, store.Update(context.Background(), storage.System, func(tx *storage.Tx) error {
		return tx.Put(&idp.Tenant{TenantID: contoso, Name: "Contoso", Domains: []string{"contoso.example"}})
	}))
	rd, err := NewRenderer(Options{})
	check(b, err)
	desk, tenants := admin.New(store, keys, clock), web.NewTenants(store)
	site := NewSite(Config{
		Base: "https://id.example", Renderer: rd, Signin: signin.New(store, keys, authmethods.All(authmethods.Config{Keys: keys, Passkeys: passkey.Method{}, Mails: true})),
		Admin: desk, Tenants: tenants, Log: slog.New(slog.DiscardHandler),
	})
	people := mux.NewRouter()
	shared := people.MatcherFunc(Shared).Subrouter()
	below := people.NewRoute().Subrouter()
	below.Use(tenants.Enter(func(r *http.Request) string { return mux.Vars(r)["tenant"] }, site.Refuse("tenant.unknown"), nil))
	site.Routes(shared, below)
	p.handler = web.Entry{Now: clock, Log: site.Log, TooLarge: site.Refuse("toolarge")}.Enter(people)
	for i := range 2 * each {
		p.names = append(p.names, fmt.Sprintf("somebody%05d@partner.example", i))
		if i < each {
			_, err := desk.Invite(context.Background(), admin.Operator("test"), contoso, admin.InvitationRequest{Email: p.names[i], RedirectURL: "https://app.example/"})
			check(b, err)
		}
	}
	return p
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// march has everybody come once, in a mixed order, slowly enough for the quotas.
func (p *parade) march() {
	for _, i := range rand.Perm(len(p.names)) {
		stranger := 0
		if i >= len(p.names)/2 {
			stranger = 1
		}
		address := fmt.Sprintf("198.%d.%d.7:1234", i/250, i%250)
		state := hidden(p.serve(p.request(http.MethodGet, "/contoso.example/signin", "", address)).Body.String())
		for _, step := range []struct {
			name string
			form url.Values
		}{
			{"identify", url.Values{"username": {p.names[i]}}},
			{"send", url.Values{"send": {"1"}}},
			{"code", url.Values{"code": {"00000000"}}},
		} {
			step.form.Set("state", state)
			var took time.Duration
			state, took = p.post(step.form, address)
			t := p.took[step.name]
			t[stranger] = append(t[stranger], float64(took.Nanoseconds()))
			p.took[step.name] = t
		}
		p.now = p.now.Add(13 * time.Second)
	}
}

// post sends a form, and then looks at the page that it leads to, whose state goes on.
func (p *parade) post(form url.Values, address string) (state string, took time.Duration) {
	r := p.request(http.MethodPost, "/contoso.example/signin", form.Encode(), address)
	begun := time.Now()
	to := p.serve(r).Header().Get("Location")
	took = time.Since(begun)
	if !strings.Contains(to, "state=") {
		p.b.Fatalf("led to %q", to)
	}
	begun = time.Now()
	page := p.serve(p.request(http.MethodGet, strings.TrimPrefix(to, "https://id.example"), "", address))
	took += time.Since(begun)
	return hidden(page.Body.String()), took
}

func (p *parade) serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}

func (p *parade) request(method, path, body, address string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = address
	r.AddCookie(&http.Cookie{Name: "__Host-latchkey-browser", Value: browser})
	return r
}

// hidden is the state in the form of a page.
func hidden(page string) string {
	_, rest, _ := strings.Cut(page, `name="state" value="`)
	state, _, _ := strings.Cut(rest, `"`)
	return state
}

type separation struct {
	name      string
	auc, diff float64
}

func (p *parade) report(b *testing.B, run int) (steps []separation) {
	for _, name := range []string{"identify", "send", "code"} {
		guests, strangers := p.took[name][0], p.took[name][1]
		s := separation{name, auc(guests, strangers), 100 * (median(guests)/median(strangers) - 1)}
		b.Logf("run %d, %s: guests %.0f µs, strangers %.0f µs (medians of %d and %d), auc %.3f", run+1, name, median(guests)/1000, median(strangers)/1000, len(guests), len(strangers), s.auc)
		steps = append(steps, s)
	}
	return steps
}

func median(v []float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	return sorted[len(sorted)/2]
}

// auc is the chance that one of a is greater than one of b (Mann and Whitney).
func auc(a, b []float64) float64 {
	sorted := slices.Sorted(slices.Values(b))
	below := 0.0
	for _, x := range a {
		i, _ := slices.BinarySearch(sorted, x)
		j := i
		for j < len(sorted) && sorted[j] == x {
			j++
		}
		below += float64(i) + float64(j-i)/2
	}
	return below / float64(len(a)) / float64(len(b))
}
