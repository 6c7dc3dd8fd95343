package ui

import (
	"fmt"
	"html/template"
	"strconv"
	"time"

	"golang.org/x/text/language"
)

// Moment is a time by date and clock in the page's zone, in a time element:
// "today at 14:32 UTC", "24 November 2026 at 14:32 UTC".
func (p *page) Moment(t time.Time) (template.HTML, error) {
	text, err := p.moment(t)
	if err != nil {
		return "", err
	}
	return timeElement(t, text), nil
}

// moment is Moment as plain text.
func (p *page) moment(t time.Time) (string, error) {
	local := t.In(p.zone())
	month, err := p.T("time.month." + strconv.Itoa(int(local.Month())))
	if err != nil {
		return "", err
	}
	return p.T(p.day(local),
		"Day", local.Day(), "Month", month, "Year", local.Year(), "Clock", local.Format("15:04\u00a0MST"))
}

func (p *page) zone() *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

// day is the text for how a moment's day is told.
func (p *page) day(local time.Time) string {
	now := p.Now.In(p.zone())
	switch {
	case p.Now.IsZero():
		return "time.date"
	case sameDay(local, now):
		return "time.today"
	case sameDay(local, now.AddDate(0, 0, 1)):
		return "time.tomorrow"
	}
	return "time.date"
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

// Stamp is a time to the second, for whoever looks it up in a log.
func (p *page) Stamp(t time.Time) template.HTML {
	return timeElement(t, t.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// RFC3339 is a time as scripts read it.
func (p *page) RFC3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Wait is how many seconds there are until a time, rather one more than too few; 0 when it is
// over.
func (p *page) Wait(t time.Time) int {
	return int(max(0, t.Sub(p.Now)+time.Second-1) / time.Second)
}

func timeElement(t time.Time, text string) template.HTML {
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`,
		t.UTC().Format(time.RFC3339), template.HTMLEscapeString(text)))
}

// Clock is a time of this day by the clock alone: "14:32 UTC".
func (p *page) Clock(t time.Time) template.HTML {
	return timeElement(t, t.In(p.zone()).Format("15:04\u00a0MST"))
}

// Left is how long it is until t, in its two greatest units: "3 hours 20 minutes".
// It rounds down, since nobody should count on the last seconds of a pass.
func (p *page) Left(t time.Time) (string, error) {
	left := t.Sub(p.Now)
	days, hours, minutes := int(left/(24*time.Hour)), int(left/time.Hour)%24, int(left/time.Minute)%60
	switch {
	case left < time.Minute:
		return p.T("duration.moment")
	case days > 0:
		return p.pair("duration.days", days, "duration.hours", hours)
	case hours > 0:
		return p.pair("duration.hours", hours, "duration.minutes", minutes)
	}
	return p.Plural("duration.minutes", minutes)
}

func (p *page) pair(major string, m int, minor string, n int) (string, error) {
	first, err := p.Plural(major, m)
	if err != nil || n == 0 {
		return first, err
	}
	second, err := p.Plural(minor, n)
	if err != nil {
		return "", err
	}
	return p.T("duration.both", "First", first, "Second", second)
}

// direction is rtl for the scripts that run from right to left.
func direction(lang string) string {
	script, _ := language.Make(lang).Script()
	switch script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo", "Adlm":
		return "rtl"
	}
	return "ltr"
}
