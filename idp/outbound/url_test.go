package outbound

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestCheckURL(t *testing.T) {
	none, some := New(Config{}), New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	local := New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}})
	for _, row := range []struct {
		raw                     string
		byNone, bySome, byLocal error
	}{
		{"https://rp.example", nil, nil, nil},
		{"https://RP.example:443/jwks?a=b#hash", nil, nil, nil},
		{"https://rp.example:8443/", nil, nil, nil},
		{"https://xn--bcher-kva.example/", nil, nil, nil},
		{"https://8.8.8.8/", nil, nil, nil},
		{"https://[2606:4700::1]:8443/", nil, nil, nil},
		{"https://rp.example/" + strings.Repeat("a", MaxURL-19), nil, nil, nil},
		{"https://rp.example/" + strings.Repeat("a", MaxURL-18), ErrURL, ErrURL, ErrURL},
		{"https://rp.example:444/", ErrRefused, nil, nil},
		{"http://rp.example/", ErrRefused, nil, nil},
		{"http://8.8.8.8/", ErrRefused, ErrRefused, ErrRefused},
		{"https://10.1.2.3:444/", ErrRefused, nil, ErrRefused},
		{"http://10.1.2.3/", ErrRefused, nil, ErrRefused},
		{"https://127.0.0.1/", ErrRefused, ErrRefused, nil},
		{"http://[::1]:8080/", ErrRefused, ErrRefused, nil},
		{"https://[::ffff:127.0.0.1]/", ErrRefused, ErrRefused, ErrRefused},
		{"http://localhost:8080/", ErrRefused, ErrRefused, nil},
		{"https://a.localhost/", ErrRefused, ErrRefused, nil},
		{"https://rp.example./", ErrURL, ErrURL, ErrURL},
		{"https://a_b.example/", ErrURL, ErrURL, ErrURL},
		{"https://" + strings.Repeat("a", 64) + ".example/", ErrURL, ErrURL, ErrURL},
		{"https://" + strings.Repeat("a.", 127) + "a/", ErrURL, ErrURL, ErrURL},
		{"https://rp.example/a b", ErrURL, ErrURL, ErrURL},
		{`https://rp.example/\a`, ErrURL, ErrURL, ErrURL},
		{"https://rp.example/é", ErrURL, ErrURL, ErrURL},
		{"https://rp.example#\n", ErrURL, ErrURL, ErrURL},
		{"https://rp.example:/", ErrURL, ErrURL, ErrURL},
		{"https://rp.example:0/", ErrURL, ErrURL, ErrURL},
		{"https://rp.example:65536/", ErrURL, ErrURL, ErrURL},
		{"ftp://10.1.2.3/", ErrURL, ErrURL, ErrURL},
		{"mailto:a@rp.example", ErrURL, ErrURL, ErrURL},
	} {
		for _, by := range []struct {
			c    *Client
			want error
		}{{none, row.byNone}, {some, row.bySome}, {local, row.byLocal}} {
			if _, err := by.c.CheckURL(row.raw); !errors.Is(err, by.want) {
				t.Errorf("%q, allowing %v: %v, want %v", row.raw, by.c.allow, err, by.want)
			}
		}
	}
}

// TestHostileURLsAtRegistration: of what a name resolves to, registration knows nothing.
func TestHostileURLsAtRegistration(t *testing.T) {
	c := New(Config{})
	for _, shape := range hostile() {
		u, err := c.CheckURL(strings.ReplaceAll(shape, "{port}", "8443"))
		if err != nil {
			if text := err.Error(); strings.Contains(text, "{port}") || strings.Contains(text, "example") {
				t.Errorf("%q: the error repeats it: %v", shape, err)
			}
			continue
		}
		if _, known := loopbackNames()[strings.ToLower(u.Hostname())]; !known {
			t.Errorf("%q passes", shape)
		}
	}
}

func FuzzCheckURL(f *testing.F) {
	for _, shape := range hostile() {
		f.Add(strings.ReplaceAll(shape, "{port}", "8443"))
	}
	f.Add("https://rp.example:8443/a?b#c")
	f.Add("https://[2606:4700::1]/")
	c, lax := New(Config{}), New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	f.Fuzz(func(t *testing.T, raw string) {
		_, laxly := lax.CheckURL(raw)
		u, err := c.CheckURL(raw)
		if err != nil {
			if !errors.Is(err, ErrURL) && !errors.Is(err, ErrRefused) {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		if laxly != nil {
			t.Errorf("%q passes, but not where more is allowed: %v", raw, laxly)
		}
		if u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(raw) > MaxURL {
			t.Errorf("%q passes as %q", raw, u)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && !public(a) {
			t.Errorf("%q passes to %s", raw, a)
		}
		if again, err := c.CheckURL(u.String()); err != nil || again.Host != u.Host {
			t.Errorf("%q passes as %q, and then: %v, %v", raw, u, again, err)
		}
	})
}
