package graph

import (
	"strings"
	"time"
)

// formatTime writes a date as Graph does: UTC, and a fraction of up to seven digits
// only where there is one.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.9999999Z") }

// parseTime reads RFC 3339 and what clients send for it: a blank for the T, any number
// of fractional digits up to nine, and no offset, which is taken for UTC.
func parseTime(s string) (time.Time, bool) {
	if len(s) < len("2006-01-02") || len(s) > len("2006-01-02T15:04:05.999999999+00:00") {
		return time.Time{}, false
	}
	s = strings.ToUpper(s)
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + s[11:]
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), !strings.Contains(s, ",")
		}
	}
	return time.Time{}, false
}
