package graph

import (
	"strings"
	"testing"
	"time"
)

var filtered = &toy{ID: "1f6b8a2e-1111-4222-8333-444455556666", Name: "Anna O'Brien", Size: 4, Good: true, Made: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Tags: []string{"email", "Fido2"}}

func TestFilter(t *testing.T) {
	see := toys.lookup(&call{version: "v1.0"}, filtered)
	for s, want := range map[string]bool{
		"displayName eq 'anna o''brien'": true, "displayName ne 'x'": true, "DISPLAYNAME eq 'Anna O''Brien'": true, "'Anna O''Brien' eq displayName": true,
		"size eq 4": true, "size gt 4": false, "size ge 4": true, "size lt 5.5": true, "size le -1": false, "size eq null": false,
		"good eq true": true, "good ne true": false, "not (good eq true)": false, "not good eq false": true,
		"id eq 1f6b8a2e-1111-4222-8333-444455556666": true, "id eq '1F6B8A2E-1111-4222-8333-444455556666'": true,
		"madeDateTime eq 2026-03-04T05:06:07Z": true, "madeDateTime ge 2026-03-04": true, "madeDateTime lt 2026-03-04T05:06:07.0000001Z": true,
		"madeDateTime gt '2026-03-04T05:06:06Z'": true, "madeDateTime lt 2026-03-04T07:06:08+02:00": true, "madeDateTime gt null": false, "madeDateTime ne null": true,
		"startswith(displayName,'ANNA')": true, "startsWith(displayName, 'Brien')": false, "endswith(displayName,'brien')": true, "contains(displayName,'a o''')": true,
		"startswith(tolower(displayName),'anna')": true, "toupper(displayName) eq 'ANNA O''BRIEN'": true,
		"displayName in ('x','anna o''brien')": true, "size in (1,2,3)": false, "state eq 'small'": true,
		"good eq false or size eq 4 and state eq 'small'": true, "(good eq false or size eq 4) and state eq 'large'": false, "good eq true and (size eq 4)": true,
		"tags/any(x:x eq 'EMAIL')": true, "tags/any(x:x eq 'sms')": false, "tags/any()": true, "tags/all(t:startswith(t,'f'))": false, "tags/all(t:t ne 'sms')": true,
		"tags/any(x:x in ('sms','fido2'))": true, "tags/any(x:not(x eq 'email')) and size eq 4": true,
		"status/errorCode eq 1": true, "status/errorcode ne 1": false,
	} {
		f, err := parseFilter(s, taken{shape: toys})
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if got := f.matches(see); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestFilterRefused(t *testing.T) {
	for _, s := range []string{
		"", " ", "eq", "size", "size eq", "size eq 4 and", "size xx 4", "(size eq 4", "size eq 4)", "size eq 4 size eq 5", "displayName eq 'x", "displayName eq \"x\"",
		"nothing eq 1", "status/nothing eq 1", "displayName/x eq 1", "betaNote eq 'x'", "secret eq 'x'", "startswith(displayName)", "startswith(displayName,'x'", "frob(displayName,'x')",
		"size eq '4'", "'4' eq size", "contains(size,'4')", "displayName eq 4", "displayName eq true", "good eq 'true'", "madeDateTime eq 'soon'", "madeDateTime ge 2026-13-01", "size in ('4')", "startWith(displayName,'x')",
		"size in ()", "size in (1,)", "size in (size)", "size in 1", "tags/any(x eq 1)", "tags/any(x:)", "tags/some(x:x eq 1)", "tags/any(x:tags/any(y:y eq 1))", "tags/any(1:1 eq 1)",
		"tolower(tolower(displayName)) eq 'x'", "size eq 4 \x00", "size eq 1e", "not", "/", "a/", "tags/", ":", "size eq small",
		strings.Repeat("(", 10_000) + "size eq 1" + strings.Repeat(")", 10_000), strings.Repeat("(", 2000), strings.Repeat("not ", 1000) + "size eq 1",
		"size eq 1" + strings.Repeat(" or size eq 1", 200), "size in (1" + strings.Repeat(",1", 200) + ")", "displayName eq '" + strings.Repeat("x", 5000) + "'",
	} {
		if _, err := parseFilter(s, taken{shape: toys}); err == nil || err.Error() == "" {
			t.Errorf("%.60s is accepted", s)
		}
	}
}

// TestEquals: an index is used only where every item must have the value.
func TestEquals(t *testing.T) {
	for s, want := range map[string]string{
		"displayName eq 'x'": "x", "size eq 1 and displayname eq 'x'": "x", "size eq 1 or displayName eq 'x'": "", "not (displayName eq 'x')": "",
		"displayName ne 'x'": "", "displayName eq null": "", "status/errorCode eq 1": "", "tags/any(displayName:displayName eq 'x')": "",
	} {
		f, err := parseFilter(s, taken{shape: toys})
		if err != nil {
			t.Fatal(s, err)
		}
		if got, ok := f.equals("displayName"); got != want || ok != (want != "") {
			t.Errorf("%s: %q %v", s, got, ok)
		}
	}
	if _, ok := (*filter)(nil).equals("x"); ok {
		t.Error("no filter has a value")
	}
}

func TestDates(t *testing.T) {
	for s, want := range map[string]string{
		"2026-01-02T03:04:05Z": "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.1234567Z": "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.123456789Z": "2026-01-02T03:04:05.1234567Z",
		"2026-01-02T03:04:05.5000000+02:00": "2026-01-02T01:04:05.5Z", "2026-01-02 03:04:05": "2026-01-02T03:04:05Z", "2026-01-02t03:04:05.100": "2026-01-02T03:04:05.1Z",
		"2026-01-02 03:04:05.000z": "2026-01-02T03:04:05Z", "2026-01-02": "2026-01-02T00:00:00Z", "2026-01-02T03:04": "2026-01-02T03:04:00Z",
		"": "", "x": "", "2026-13-02": "", "2026-01-02T25:00:00Z": "", "2026-01-02T03:04:05,5Z": "", "2026-01-02T03:04:05 Z": "", "01/02/2026 03:04:05": "",
		"2026-01-02\n03:04:05": "",
	} {
		got, ok := parseTime(s)
		if ok != (want != "") || ok && formatTime(got) != want {
			t.Errorf("%q: %v %v", s, got, ok)
		}
	}
}
