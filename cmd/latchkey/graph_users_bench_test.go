//go:build linux

package main

import (
	"runtime"
	"testing"
	"time"
)

// walk is what reading a list to its end has shown.
type walk struct {
	pages []time.Duration
	items int
	heap  uint64 // most in use
}

func (c *crowd) walk(address string) (w walk) {
	c.Helper()
	for next := address; next != ""; {
		p, took := c.get(next)
		w.pages, w.items, w.heap = append(w.pages, took), w.items+len(p.Value), max(w.heap, heapInUse())
		next = p.Next
	}
	return w
}

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// BenchmarkGraphUsers100k reads lists of an organization with 100,000 people to their ends.
// Of each page the shortest of some readings counts, since other programs run too.
func BenchmarkGraphUsers100k(b *testing.B) {
	c := newCrowd(b)
	for _, list := range []struct {
		name, query string
		items       int
	}{
		{"all", "$top=100", crowdSize},
		{"enabled", "$top=100&$filter=accountEnabled%20eq%20true&$select=id,displayName", crowdSize * 19 / 20},
		{"begins with A", "$top=100&$filter=startswith(displayName,'A')&$select=id,displayName", crowdSize / 20},
		{"one of 10,000", "$top=100&$filter=department%20eq%20'Rare'&$select=id,displayName", crowdSize / 10_000},
		{"search", "$top=100&$search=%22displayName:aroha%22&$select=id,displayName", crowdSize / 20},
	} {
		b.Run("list/"+list.name, func(b *testing.B) { c.readsAll(b, "/v1.0/users?"+list.query, list.items) })
	}
	for _, one := range []struct {
		name, query string
		count       int
	}{
		{"first", "?$top=100", 0},
		{"ordered", "?$top=100&$orderby=displayName", 0},
		{"ordered and filtered", "?$top=100&$orderby=displayName&$filter=startswith(displayName,'A')", 0},
		{"with count", "?$top=100&$count=true", crowdSize},
		{"count", "/$count", crowdSize},
		{"count of filtered", "/$count?$filter=accountEnabled%20eq%20true", crowdSize * 19 / 20},
		{"by name", "?$filter=userPrincipalName%20eq%20'user050000@crowd.example'", 0},
		{"by mail", "?$filter=mail%20eq%20'user050000@crowd.example'", 0},
	} {
		b.Run("page/"+one.name, func(b *testing.B) { c.readsOne(b, "/v1.0/users"+one.query, one.count) })
	}
}

func (c *crowd) readsAll(b *testing.B, address string, items int) {
	var best walk
	c.get(address) // what is only done once is done
	runtime.GC()
	start := heapInUse()
	for range max(b.N, 5) {
		w := c.walk(address)
		if w.items != items {
			b.Fatalf("%d people, want %d", w.items, items)
		}
		for i := range best.pages {
			w.pages[i] = min(w.pages[i], best.pages[i])
		}
		w.heap = max(w.heap, best.heap)
		best = w
	}
	slowest := time.Duration(0)
	for _, p := range best.pages[:max(1, len(best.pages)-1)] { // the last is short
		slowest = max(slowest, p)
	}
	b.ReportMetric(milliseconds(best.pages[0]), "first-ms")
	b.ReportMetric(milliseconds(slowest), "slowest-ms")
	b.ReportMetric(float64(slowest)/float64(best.pages[0]), "slowest/first")
	b.ReportMetric(float64(len(best.pages)), "pages")
	b.ReportMetric((float64(best.heap)-float64(start))/(1<<20), "heap-growth-MB")
	b.ReportMetric(0, "ns/op")
}

func (c *crowd) readsOne(b *testing.B, address string, count int) {
	best := time.Hour
	for range max(b.N, 3) {
		p, took := c.get(address)
		if p.Count != count {
			b.Fatalf("%s: %d, want %d", address, p.Count, count)
		}
		best = min(best, took)
	}
	b.ReportMetric(milliseconds(best), "ms")
	b.ReportMetric(0, "ns/op")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
