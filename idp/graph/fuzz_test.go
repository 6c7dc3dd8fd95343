package graph

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzFilter: no filter, search or order makes it panic, and what is accepted can be
// judged.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"displayName eq 'x' and not (size gt 5)", "tags/any(x:x eq 'a')", "startswith(tolower(displayName),'a') or size in (1,2)", "madeDateTime ge 2026-01-01T00:00:00Z", `"displayName:anna" AND "tags:x"`, "size desc,displayName"} {
		f.Add(s)
	}
	see := toys.lookup(&call{version: "beta"}, filtered)
	f.Fuzz(func(t *testing.T, s string) {
		taken := taken{shape: toys, beta: true}
		if parsed, err := parseFilter(s, taken); err == nil {
			parsed.matches(see)
			parsed.equals("displayName")
		}
		if parsed, err := parseSearch(s, taken); err == nil {
			parsed.matches(see)
		}
		if orders, err := parseOrder(s, taken); err == nil {
			positionOf(orders, see, "x")
		}
	})
}

// FuzzPath: whatever the path and query, there is an answer with a message.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"toys/t00001", "toys('x')?$top=1", "users/a%2Fb/authentication/toys/1", "toys(code='a',size='b')", "me/authentication/toys/1", "graph.toys()", "toys/$count?$filter=size eq 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := url.Parse("/v1.0/" + s)
		if err != nil || u.Host != "" {
			return
		}
		w := newWorld(t, 3)
		r := httptest.NewRequest("GET", "/", nil)
		r.URL = u
		r.Header.Set("Authorization", "Bearer user")
		r.Header.Set("ConsistencyLevel", "eventual")
		if a := w.do(r); a.Code >= 500 || a.Code >= 400 && a.refusedAny(a.Code) == "" {
			t.Errorf("%q: %d %s", s, a.Code, a.Body)
		}
	})
}

// FuzzBody: whatever the body, as it is, compressed or as a batch.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"displayName":"a","size":1}`, `{"requests":[{"id":"1","method":"GET","url":"/toys"}]}`, `{"a":[{}]}`, zipped(`{}`)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		w := newWorld(t, 3)
		for _, path := range []string{"/v1.0/toys", "/v1.0/$batch"} {
			for _, encoding := range []string{"identity", "gzip"} {
				if a := w.send("POST", path, string(raw), "Content-Type: application/json", "Content-Encoding: "+encoding); a.Code >= 500 {
					t.Errorf("%d %s", a.Code, a.Body)
				}
			}
		}
	})
}

// FuzzSkiptoken: no token but our own is taken.
func FuzzSkiptoken(f *testing.F) {
	f.Add("x")
	f.Add(strings.Repeat("A", 100))
	f.Fuzz(func(t *testing.T, token string) {
		if token == "" {
			return
		}
		newWorld(t, 3).get("/v1.0/toys?$skiptoken="+url.QueryEscape(token)).refused(400, "Directory_ExpiredPageToken")
	})
}
