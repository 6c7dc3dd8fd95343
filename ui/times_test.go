package ui

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	rd := newRenderer(t)
	p := &page{Frame: Frame{Now: noon}, texts: rd.catalogue.choose("", "")}
	east := &page{Frame: Frame{Now: noon, Zone: time.FixedZone("EAST", 13*3600)}, texts: p.texts}
	timeless := &page{texts: p.texts}
	for _, test := range []struct {
		page *page
		at   time.Time
		want string
	}{
		{p, noon.Add(2 * time.Hour), "today at 14:00\u00a0UTC"},
		{p, noon.Add(24 * time.Hour), "tomorrow at 12:00\u00a0UTC"},
		{p, noon.Add(-24 * time.Hour), "23 November 2026 at 12:00\u00a0UTC"},
		{p, noon.AddDate(0, 2, 0), "24 January 2027 at 12:00\u00a0UTC"},
		{east, noon, "today at 01:00\u00a0EAST"},
		{timeless, noon, "24 November 2026 at 12:00\u00a0UTC"},
	} {
		got, err := test.page.Moment(test.at)
		want := fmt.Sprintf(`<time datetime="%s">%s</time>`, test.at.Format(time.RFC3339), test.want)
		if string(got) != want || err != nil {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

func TestLeft(t *testing.T) {
	p := &page{Frame: Frame{Now: noon}, texts: newRenderer(t).catalogue.choose("", "")}
	for left, want := range map[time.Duration]string{
		-time.Hour:                       "less than a minute",
		59 * time.Second:                 "less than a minute",
		time.Minute:                      "1 minute",
		59*time.Minute + 59*time.Second:  "59 minutes",
		time.Hour:                        "1 hour",
		2*time.Hour + time.Minute:        "2 hours 1 minute",
		25 * time.Hour:                   "1 day 1 hour",
		30*24*time.Hour + 59*time.Minute: "30 days",
	} {
		if got, err := p.Left(noon.Add(left)); got != want || err != nil {
			t.Errorf("%v: %q, %v, want %q", left, got, err, want)
		}
	}
}

func TestDirection(t *testing.T) {
	want := map[string]string{"en": "ltr", "sl": "ltr", "ar": "rtl", "he": "rtl", "fa": "rtl", "az-Arab": "rtl", "zh": "ltr"}
	for _, lang := range slices.Sorted(maps.Keys(want)) {
		if got := direction(lang); got != want[lang] {
			t.Errorf("%s: %s", lang, got)
		}
	}
}

// TestWait: whole seconds, so that nobody is told to press a moment too soon, nor waits for
// longer than it takes.
func TestWait(t *testing.T) {
	p := &page{Frame: Frame{Now: noon.Add(300 * time.Millisecond)}}
	for wait, want := range map[time.Duration]int{
		30 * time.Second: 30, 30*time.Second - time.Millisecond: 30, 29 * time.Second: 29, time.Millisecond: 1, 0: 0, -time.Millisecond: 0, -time.Hour: 0,
	} {
		if got := p.Wait(p.Now.Add(wait)); got != want {
			t.Errorf("%s: %d, want %d", wait, got, want)
		}
	}
}
