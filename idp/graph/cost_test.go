package graph

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// TestScansAreCharged: each five hundred records that a request reads count as a call, and
// who has run up a debt is told how long it takes to go.
func TestScansAreCharged(t *testing.T) {
	for query, most := range map[string]int{"$count=true": 10, "$orderby=displayName": 10, "$filter=displayName eq 'nobody'": 10, "$top=100": 1} {
		w := newWorld(t, 5000)
		url := "/v1.0/toys?" + query
		for i := range 500 / most {
			if a := w.get(url); a.Code != 200 {
				t.Fatalf("%s: request %d: %d %s", query, i, a.Code, a.Body)
			}
		}
		w.get(url).refused(429, "activityLimitReached")
	}
	w := newWorld(t, 5000)
	for range 496 {
		w.get("/v1.0/toys/t00000")
	}
	w.get("/v1.0/toys?$count=true") // is let in, and costs more than is left
	a := w.get("/v1.0/toys/t00000")
	a.refused(429, "activityLimitReached")
	wait, err := strconv.Atoi(a.Header().Get("Retry-After"))
	if err != nil || wait != 1 {
		t.Errorf("Retry-After %q", a.Header().Get("Retry-After"))
	}
	w.now = w.now.Add(time.Duration(wait) * time.Second)
	if a := w.get("/v1.0/toys/t00000"); a.Code != 200 {
		t.Errorf("after the wait: %d", a.Code)
	}
}

// TestScansTakeTurns: no more than two requests read a whole collection at once; a third
// waits for a place, for some seconds at most, and is told to come again.
func TestScansTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5000)
		for range cap(w.api.scans) {
			w.api.scans <- struct{}{}
		}
		w.get("/v1.0/toys?$count=true").refused(429, "activityLimitReached")
		if a := w.get("/v1.0/toys?$top=5"); a.Code != 200 {
			t.Errorf("a page: %d", a.Code)
		}
		go func() {
			time.Sleep(scanWait / 2)
			<-w.api.scans
		}()
		if a := w.get("/v1.0/toys?$count=true"); a.Code != 200 {
			t.Errorf("a place came free: %d", a.Code)
		}
		if n := len(w.api.scans); n != cap(w.api.scans)-1 {
			t.Errorf("%d places are taken", n)
		}
	})
}
