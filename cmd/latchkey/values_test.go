package main

import (
	"math"
	"testing"
	"time"
)

func TestMinutes(t *testing.T) {
	for text, want := range map[string]minutes{
		"90": 90, "8h": 480, "1h30m": 90, "120s": 2, "720h": 43200,
		"": 0, "90s": 0, "8 h": 0, "soon": 0, "1e3": 0,
		// Out of every range, which the server names.
		"0": -1, "-5": -1, "0h": -1, "-1h": -1, "99999999999999999999": math.MaxInt32, "999999999999": math.MaxInt32,
	} {
		var m minutes
		if err := m.Set(text); (err != nil) != (want == 0) || err == nil && m != want {
			t.Errorf("%q: %d, %v, want %d", text, m, err, want)
		}
	}
}

func TestStart(t *testing.T) {
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"+2h":                       now.Add(2 * time.Hour),
		"2026-09-01T10:00:00+02:00": now,
		"tomorrow":                  {}, "+": {}, "+-2h": {}, "2h": {}, "2026-09-01": {},
	} {
		var s start
		err := s.Set(text)
		if want.IsZero() != (err != nil) {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && !s.from(now).Equal(want) {
			t.Errorf("%q: %s, want %s", text, s.from(now), want)
		}
	}
	var none, atOnce start
	if err := atOnce.Set("+0s"); err != nil || atOnce.from(now) != nil || none.from(now) != nil {
		t.Error("no start and +0s both mean: when the server makes the pass")
	}
}

// TestKnownParty: a sign-in by nobody who was found out has no user, and not one called
// "user".
func TestKnownParty(t *testing.T) {
	for want, p := range map[string]partyView{"anna": {"user", "1", "anna"}, "1": {"user", "1", ""}, "–": {"user", "", ""}} {
		if got := p.known(); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
}
