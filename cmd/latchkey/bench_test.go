//go:build linux

package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"latchkey/idp"
)

// row is one operation and what it may cost. Costs of the server's CPU are given
// in RS256-2048 signatures, which this run times too, so that they mean the same
// on every machine; a miss is told and does not fail the benchmark.
type row struct {
	name    string
	target  float64 // signatures; 0: none
	hashes  int     // verifications of a pass, which the target does not hold
	commits float64 // of the store, at most
	prepare func(b *testing.B, a *agent, p parties) func() error
}

// parties are who the rows act as.
type parties struct {
	web, native, worker app
	user                reportUser
	metrics             string // URL of the metrics listener
}

func rows() []row {
	return []row{
		{"floor", 0, 0, 0, func(_ *testing.B, a *agent, p parties) func() error {
			live := strings.TrimSuffix(p.metrics, "/metrics") + "/healthz/live"
			return func() error { _, err := a.get(live, ""); return err }
		}},
		{"discovery", .03, 0, 0, func(_ *testing.B, a *agent, _ parties) func() error {
			return func() error { _, err := a.get(a.issuer+"/.well-known/openid-configuration", ""); return err }
		}},
		{"jwks", .035, 0, 0, func(_ *testing.B, a *agent, _ parties) func() error {
			return func() error { _, err := a.get(a.endpoint("/discovery/v2.0/keys"), ""); return err }
		}},
		{"client_credentials", .12, 0, 0, func(_ *testing.B, a *agent, p parties) func() error {
			return func() error {
				return a.post("/oauth2/v2.0/token", p.worker, url.Values{"grant_type": {"client_credentials"}}, &tokens{})
			}
		}},
		{"login", 2, 1, 3, func(_ *testing.B, a *agent, p parties) func() error {
			return func() error {
				_, _, err := a.fresh().signIn(p.web, p.user.UserPrincipalName, p.user.TemporaryAccessPass)
				return err
			}
		}},
		{"sso", 1.5, 0, 2, func(b *testing.B, a *agent, p parties) func() error {
			signedIn(b, a, p, p.web)
			return func() error {
				landed, verifier, err := a.code(p.web)
				if err == nil {
					_, err = a.redeem(p.web, landed, verifier)
				}
				return err
			}
		}},
		{"refresh", 1.2, 0, 0, func(b *testing.B, a *agent, p parties) func() error { return refreshing(b, a, p, p.web) }},
		{"refresh_rotating", 1.2, 0, 1, func(b *testing.B, a *agent, p parties) func() error { return refreshing(b, a, p, p.native) }},
		{"userinfo", .11, 0, 0, func(b *testing.B, a *agent, p parties) func() error {
			t := signedIn(b, a, p, p.web)
			return func() error { _, err := a.get(a.endpoint("/oauth2/v2.0/userinfo"), t.Access); return err }
		}},
		{"introspect", .15, 0, 0, func(b *testing.B, a *agent, p parties) func() error {
			t := signedIn(b, a, p, p.web)
			return func() error {
				active, err := a.introspect(p.worker, t.Access)
				if err == nil && !active {
					err = fmt.Errorf("the token is not active")
				}
				return err
			}
		}},
	}
}

// signedIn gives the agent's browser a session.
func signedIn(b *testing.B, a *agent, p parties, app app) tokens {
	b.Helper()
	t, _, err := a.signIn(app, p.user.UserPrincipalName, p.user.TemporaryAccessPass)
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func refreshing(b *testing.B, a *agent, p parties, app app) func() error {
	t := signedIn(b, a, p, app)
	return func() (err error) {
		t, err = a.refresh(app, t.Refresh)
		return err
	}
}

// BenchmarkOperations loads the demo, a process of its own, over loopback and
// prints what each operation costs the server. "floor" is a handler of net/http
// that writes one word: what no operation can be cheaper than.
func BenchmarkOperations(b *testing.B) {
	binary := buildBinary(b)
	s, stop := startDemoProcess(b, binary, b.TempDir())
	defer stop()
	s.posted()
	t := s.report.tenant(b, "contoso.example")
	const redirect, scope = "http://127.0.0.1:5555/callback", "openid profile email offline_access"
	p := parties{
		web: t.client(b, "web").app(redirect, scope), native: t.client(b, "native").app("http://127.0.0.1/callback", scope),
		worker: t.client(b, "worker").app("", ""), user: t.user(b, "load@contoso.example"), metrics: s.report.MetricsURL,
	}
	a := &agent{newTransport("", ""), t.Issuer, map[string]string{}}
	ruler := newRuler(b)
	var table strings.Builder
	fmt.Fprintf(&table, "\nfirst sign-in, with consent: %d commits\n", firstSignIns(b, s, a, p))
	for _, clients := range []int{8, 32} {
		fmt.Fprintf(&table, "\n%d clients\n%-20s %10s %8s %8s %8s %8s\n", clients, "", "cpu-ms/op", "units", "target", "commits", "at most")
		for _, r := range rows() {
			ops := make([]func() error, clients)
			var line string
			b.Run(fmt.Sprintf("%s/%d", r.name, clients), func(b *testing.B) {
				for i := range ops {
					if ops[i] == nil { // once, although b.N grows
						ops[i] = r.prepare(b, a.fresh(), p)
					}
				}
				line = r.measure(b, s, ruler, ops)
			})
			table.WriteString(line)
		}
	}
	fmt.Print(table.String()) // the log of a benchmark that has others below it is not shown
}

// firstSignIns answers the commits of a sign-in that also asks for consent, which
// the later ones then do not.
func firstSignIns(b *testing.B, s *demoProcess, a *agent, p parties) (commits uint64) {
	for _, app := range []app{p.web, p.native} {
		before := s.commits()
		_, asked, err := a.fresh().signIn(app, p.user.UserPrincipalName, p.user.TemporaryAccessPass)
		if err != nil || !asked {
			b.Fatalf("first sign-in: consent asked for: %t, %v", asked, err)
		}
		commits = max(commits, s.commits()-before)
	}
	return commits
}

// pauses is how often a measurement stops to time the ruler.
const pauses = 5

// measure carries out b.N operations and reports their cost.
func (r row) measure(b *testing.B, s *demoProcess, ruler *ruler, ops []func() error) string {
	var cpu, unit, hash time.Duration
	before := s.commits()
	b.ResetTimer()
	for i := range pauses {
		n := (b.N*(i+1))/pauses - (b.N*i)/pauses
		began := s.cpu()
		if err := spread(ops, n); err != nil {
			b.Fatal(err)
		}
		cpu += s.cpu() - began
		b.StopTimer()
		unit += ruler.signature() / pauses
		hash += ruler.hash(r.hashes) / pauses
		b.StartTimer()
	}
	b.StopTimer()
	commits := float64(s.commits()-before) / float64(b.N)
	cost := cpu / time.Duration(b.N)
	units := float64(cost-hash) / float64(unit)
	b.ReportMetric(float64(cost.Microseconds())/1000, "cpu-ms/op")
	b.ReportMetric(units, "units/op")
	b.ReportMetric(commits, "commits/op")
	b.ReportMetric(float64(unit.Microseconds())/1000, "ms/unit")
	b.ReportMetric(0, "errors")
	if r.hashes > 0 {
		b.ReportMetric(float64(hash.Microseconds())/1000, "ms/hash")
	}
	return r.line(cost, units, commits)
}

// line is the row of the table; it marks what misses.
func (r row) line(cost time.Duration, units, commits float64) string {
	target, marks := "", ""
	if r.target > 0 {
		if target = fmt.Sprintf("%.3g", r.target); r.hashes > 0 {
			target += "+hash"
		}
		if units > r.target {
			marks += "  misses its cost"
		}
	}
	// A store that is swept or saves its clock meanwhile adds a commit to thousands.
	if commits > r.commits+.01 {
		marks += "  misses its commits"
	}
	return fmt.Sprintf("%-20s %10.4f %8.3f %8s %8.2f %8.0f%s\n", r.name, float64(cost.Nanoseconds())/1e6, units, target, commits, r.commits, marks)
}

// spread has the clients carry out n operations together, each its next when the
// last is answered.
func spread(ops []func() error, n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	var clients sync.WaitGroup
	for _, op := range ops {
		clients.Go(func() {
			for left.Add(-1) >= 0 && ctx.Err() == nil {
				if err := op(); err != nil {
					stop(err)
				}
			}
		})
	}
	clients.Wait()
	return context.Cause(ctx)
}

// ruler times what costs are compared with.
type ruler struct {
	b    *testing.B
	key  *rsa.PrivateKey
	keys *idp.Keyring
}

func newRuler(b *testing.B) *ruler {
	b.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	keys, err := idp.NewKeyring(make([]byte, idp.MinPepper))
	if err != nil {
		b.Fatal(err)
	}
	return &ruler{b, key, keys}
}

// signature is the CPU time of one RS256 signature with 2048 bits.
func (r *ruler) signature() time.Duration {
	const n = 20
	sum := sha256.Sum256([]byte("what an ID token says"))
	return onCPU(func() {
		for range n {
			if _, err := r.key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
				r.b.Fatal(err)
			}
		}
	}) / n
}

// hash is the CPU time of n verification hashes of a pass.
func (r *ruler) hash(n int) time.Duration {
	const times = 3
	return onCPU(func() {
		for range n * times {
			r.keys.NewVerifier("tenant", "user", "kind", "id", "code")
		}
	}) / times
}

// onCPU is the CPU time that fn takes, with the garbage it leaves; nothing else
// happens in this process meanwhile.
func onCPU(fn func()) time.Duration {
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before) // fails for no valid argument
	fn()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	return time.Duration(after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano())
}
