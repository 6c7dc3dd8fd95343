package main

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/idp/upstream/upstreamtest"
)

// BenchmarkProviderHangs is the time that a page takes whose provider never answers, and what a
// page of those who sign in here takes meanwhile, as a multiple of what it takes otherwise
// (docs/security.md, K2).
//
//	go test ./cmd/latchkey -run '^$' -bench ProviderHangs -benchtime 1x
func BenchmarkProviderHangs(b *testing.B) {
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/keys", "/userinfo"} {
		b.Run(path[1:], func(b *testing.B) {
			for b.Loop() {
				providerHangs(b, path)
			}
		})
	}
}

func providerHangs(b *testing.B, path string) {
	a, hang := newAbroad(b), make(chan struct{})
	b.Cleanup(func() { close(hang) })
	a.user("sam@" + fedDomain)
	local := func() time.Duration {
		return pageTime(a.authorize(url.Values{"login_hint": {"noor@contoso.example"}}), a)
	}
	quiet := medianOf(local)
	a.provider.Set(func(p *upstreamtest.Provider) {
		p.Handle[path], p.Scoped = func(http.ResponseWriter, *http.Request) { <-hang }, path == "/userinfo"
	})
	const together = 8
	waits, over := make([]time.Duration, together), make(chan struct{})
	var crowd sync.WaitGroup
	for i := range waits {
		crowd.Go(func() { waits[i] = pageTime(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}}), a) })
	}
	go func() { crowd.Wait(); close(over) }()
	var meanwhile []time.Duration
	for waiting := true; waiting; {
		meanwhile = append(meanwhile, local())
		select {
		case <-over:
			waiting = false
		default:
		}
	}
	slices.Sort(meanwhile)
	b.ReportMetric(slices.Max(waits).Seconds(), "page-s")
	b.ReportMetric(float64(meanwhile[len(meanwhile)/2])/float64(quiet), "local-ratio")
	b.ReportMetric(float64(len(meanwhile)), "local-pages")
}

// pageTime is how long a browser of its own waits for a page.
func pageTime(address string, a *abroad) time.Duration {
	p, start := newPerson(a, appBack), time.Now()
	p.Open(address)
	return time.Since(start)
}

func medianOf(once func() time.Duration) time.Duration {
	var all []time.Duration
	for range 101 {
		all = append(all, once())
	}
	slices.Sort(all)
	return all[len(all)/2]
}
