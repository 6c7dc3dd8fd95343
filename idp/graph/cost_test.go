package graph

import (
	"context"
	"net/http/httptest"
	"strconv"
	"testing"
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

// TestScansTakeTurns: no more than two requests read a whole collection at once, and one
// that would have to wait too long is told to come again.
func TestScansTakeTurns(t *testing.T) {
	w := newWorld(t, 5000)
	for range cap(w.api.scans) {
		w.api.scans <- struct{}{}
	}
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest("GET", "/v1.0/toys?$count=true", nil).WithContext(impatient)
	r.Header.Set("Authorization", "Bearer user")
	if a := w.do(r); a.Code == 200 {
		t.Error("a third one reads")
	}
	if a := w.get("/v1.0/toys?$top=5"); a.Code != 200 {
		t.Errorf("a page: %d", a.Code)
	}
	for range cap(w.api.scans) {
		<-w.api.scans
	}
	if a := w.get("/v1.0/toys?$count=true"); a.Code != 200 || len(w.api.scans) != 0 {
		t.Errorf("%d, %d places taken", a.Code, len(w.api.scans))
	}
}
