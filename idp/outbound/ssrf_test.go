package outbound

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// hostile are URLs that must reach nothing. {port} is one that listens on loopback;
// every name is one of loopbackNames, so that none is refused for not existing.
func hostile() []string {
	return []string{
		// IPv4 loopback as such, and as resolvers and browsers also read it
		"https://127.0.0.1:{port}/", "http://127.0.0.1:{port}/", "HTTPS://127.0.0.1:{port}/", "https://127.0.0.1/",
		"https://127.1.2.3:{port}/", "https://127.1:{port}/", "https://127.0.1:{port}/", "https://2130706433:{port}/",
		"https://017700000001:{port}/", "https://0177.0.0.1:{port}/", "https://127.0.0.01:{port}/", "https://0x7f000001:{port}/",
		"https://0x7F.0.0.1:{port}/", "https://0x7f.1:{port}/", "https://127.0.0.0x1:{port}/", "https://127.0.0.1.:{port}/",
		"https://127.0.0.1:{port}?/", "https://127.0.0.1:{port}#@example.com/", "https://383.256.256.257:{port}/",
		"https://0.0.0.0:{port}/", "http://0.0.0.0:{port}/", "https://0:{port}/", "https://0.1.2.3:{port}/",
		// IPv6 loopback, and IPv4 inside IPv6
		"https://[::]:{port}/", "https://[::1]:{port}/", "http://[::1]:{port}/", "https://[0:0:0:0:0:0:0:1]:{port}/",
		"https://[::ffff:127.0.0.1]:{port}/", "https://[::ffff:7f00:1]:{port}/", "https://[::ffff:0:127.0.0.1]:{port}/",
		"https://[::ffff:8.8.8.8]:{port}/", "https://[::127.0.0.1]:{port}/", "https://[64:ff9b::127.0.0.1]:{port}/",
		"https://[64:ff9b:1::7f00:1]:{port}/", "https://[2002:7f00:1::]:{port}/", "https://[2001:0:7f00:1::]:{port}/",
		"https://[::1%25lo]:{port}/", "https://[fe80::1%25lo]:{port}/", "https://[::1%lo]:{port}/", "https://[2606:4700::1%25lo]:{port}/",
		"https://[127.0.0.1]:{port}/", "https://[::1:{port}/", "https://::1:{port}/", "https://[v1.a]:{port}/", "https://[]:{port}/",
		// other networks that are not public
		"https://169.254.169.254/latest/meta-data/", "http://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/",
		"https://100.100.100.200/", "https://168.63.129.16/", "https://192.0.0.192/", "https://10.0.0.1/", "https://172.31.0.1/",
		"https://192.168.0.1/", "https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://240.0.0.1/",
		"https://[fe80::1]/", "https://[fec0::1]/", "https://[ff02::1]/", "https://[100::1]/", "https://[2001:db8::1]/", "https://[5f00::1]/",
		// names, which end at loopback whatever they look like
		"https://localhost:{port}/", "http://localhost:{port}/", "https://LOCALHOST:{port}/", "https://localhost.:{port}/",
		"https://a.localhost:{port}/", "https://localhost.localdomain:{port}/", "https://rebind.example.com:{port}/",
		"https://REBIND.Example.COM:{port}/", "https://rebind.example.com.:{port}/", "http://rebind.example.com:{port}/",
		"https://127.0.0.1.nip.example:{port}/", "https://127-0-0-1.nip.example:{port}/", "https://v6.example.com:{port}/",
		"https://both.example.com:{port}/", "https://mapped.example.com:{port}/", "https://zero.example.com:{port}/",
		"https://intranet:{port}/", "https://example..com:{port}/", "https://.example.com:{port}/", "https://-a.example.com:{port}/",
		// userinfo, fragment, backslash: whose host is it
		"https://example.com@127.0.0.1:{port}/", "https://example.com:443@127.0.0.1:{port}/", "https://127.0.0.1:{port}@example.com/",
		"https://@127.0.0.1:{port}/", "https://a:b@rebind.example.com:{port}/", "https://example.com#@127.0.0.1:{port}/",
		"https://example.com?@127.0.0.1:{port}/", `https://127.0.0.1:{port}\@example.com/`, `https://example.com\@127.0.0.1:{port}/`,
		`https:\\127.0.0.1:{port}/`, `https:/\127.0.0.1:{port}/`, "https://example.com%2f@127.0.0.1:{port}/", "https://example.com&@127.0.0.1:{port}/",
		// no or another scheme
		"", "/", "//127.0.0.1:{port}/", "127.0.0.1:{port}", "://127.0.0.1:{port}/", "https:127.0.0.1:{port}/", "https:/127.0.0.1:{port}/",
		"https:///127.0.0.1:{port}/", "https://", "https://:{port}/", "file:///etc/passwd", "file://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/_x",
		"ftp://127.0.0.1:{port}/", "dict://127.0.0.1:{port}/x", "ldap://127.0.0.1:{port}/", "data:text/plain,x", "javascript:alert(1)",
		"jar:https://127.0.0.1:{port}/!/", "ws://127.0.0.1:{port}/", "wss://127.0.0.1:{port}/", "unix:/run/x.sock", "http+unix://x/", "urn:x:y",
		// characters
		" https://127.0.0.1:{port}/", "https://127.0.0.1:{port}/ ", "\thttps://127.0.0.1:{port}/", "https://127.0.0.1:{port}/\r\nX-A: b",
		"https://example.com\r\n@127.0.0.1:{port}/", "https://example.com/%0d%0aHost:%20127.0.0.1", "https://rebind.example.com:{port}/\x00",
		"https://127.0.0.1%00.example.com:{port}/", "https://127.0.0.1#\n", "https://127。0。0。1:{port}/", "https://127．0．0．1:{port}/",
		"https://127%E3%80%820%E3%80%820%E3%80%821:{port}/", "https://①②⑦.⓪.⓪.①:{port}/", "https://１２７.0.0.1:{port}/", "https://١٢٧.0.0.1:{port}/",
		"https://%31%32%37.0.0.1:{port}/", "https://ⓛocalhost:{port}/", "https://loc\u00adalhost:{port}/", "https://localhost\u200b:{port}/",
		"https://\xff127.0.0.1:{port}/",
		// ports, of others too
		"https://127.0.0.1:22/", "https://rebind.example.com:22/", "https://example.com:25/", "https://8.8.8.8:25/", "https://8.8.8.8:80/",
		"http://8.8.8.8/", "http://8.8.8.8:8080/", "http://example.com/", "https://example.com:0/", "https://example.com:/", "https://example.com:65536/",
		"https://example.com:-1/", "https://example.com:99999999999999999999/", "https://example.com:443:{port}/", "https://127.0.0.1:{port}:443/",
		"https://example.com:0x1bb/", "https://example.com: 443/", "https://rebind.example.com:{port}/" + strings.Repeat("a", MaxURL),
	}
}

func loopbackNames() map[string][]string {
	return map[string][]string{
		"localhost": {forbiddenHost}, "localhost.localdomain": {forbiddenHost}, "a.localhost": {forbiddenHost}, "intranet": {forbiddenHost},
		"example.com": {forbiddenHost}, "rebind.example.com": {forbiddenHost}, "127.0.0.1.nip.example": {forbiddenHost},
		"127-0-0-1.nip.example": {forbiddenHost}, "v6.example.com": {"::1"}, "both.example.com": {"::1 127.0.0.1"},
		"mapped.example.com": {"::ffff:127.0.0.1"}, "zero.example.com": {"0.0.0.0 ::"},
	}
}

// TestHostileURLs calls each of them, with nothing allowed, where the URL itself is
// refused, and with some network allowed, where names are judged when dialled.
func TestHostileURLs(t *testing.T) {
	answer := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "inside") }
	tls := secure(t, forbiddenHost, answer)
	plain := unstarted(t, listen(t, forbiddenHost), answer)
	plain.Start()
	for _, allow := range [][]netip.Prefix{nil, {netip.MustParsePrefix("10.99.0.0/16"), netip.MustParsePrefix("::ffff:127.0.0.0/104")}} {
		c := New(Config{Allow: allow, Roots: tls.roots(), resolver: names(loopbackNames()).resolver()})
		for _, shape := range hostile() {
			for _, s := range []*site{tls, plain} {
				raw := strings.ReplaceAll(shape, "{port}", s.port())
				_, err := c.Get(t.Context(), raw, "")
				if !errors.Is(err, ErrURL) && !errors.Is(err, ErrRefused) {
					t.Errorf("Get %q: %v", raw, err)
				}
				_, err = c.PostForm(t.Context(), raw, url.Values{"a": {"b"}})
				if !errors.Is(err, ErrURL) && !errors.Is(err, ErrRefused) {
					t.Errorf("PostForm %q: %v", raw, err)
				}
			}
		}
	}
	if n := tls.reached(t) + plain.reached(t); n != 0 {
		t.Errorf("%d connections arrived", n)
	}
	t.Logf("%d shapes", len(hostile()))
}

// TestHostileURLsBite shows that only the rule stands between such a URL and the server.
func TestHostileURLsBite(t *testing.T) {
	s := secure(t, forbiddenHost, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "inside") })
	c := New(Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: s.roots(),
		resolver: names(loopbackNames()).resolver(),
	})
	for i, raw := range []string{"https://127.0.0.1:" + s.port(), "https://rebind.example.com:" + s.port(), "https://mapped.example.com:" + s.port()} {
		a, err := c.Get(t.Context(), raw, "")
		if err != nil || string(a.Body) != "inside" || s.reached(t) != i+1 {
			t.Errorf("%s: %v, %v", raw, a, err)
		}
	}
}

// TestResolvedAddresses has a harmless name lead to each kind of address.
func TestResolvedAddresses(t *testing.T) {
	for _, address := range append(notPublic(), "127.0.0.1 10.0.0.1", "::1 127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1") {
		z := names(map[string][]string{"other.example.com": {address}})
		c := New(Config{Allow: allowed, resolver: z.resolver()})
		for _, raw := range []string{"https://other.example.com/", "https://other.example.com:8443/", "http://other.example.com/"} {
			if _, err := c.Get(t.Context(), raw, ""); !errors.Is(err, ErrRefused) {
				t.Errorf("%s at %s: %v", raw, address, err)
			}
		}
	}
}

// TestResolvedPorts: a name passes CheckURL where networks are allowed. At a public
// address it has to keep to https and the ports for it; no packet is sent.
func TestResolvedPorts(t *testing.T) {
	z := names(map[string][]string{"public.example.com": {"223.255.255.255"}})
	c := New(Config{Allow: allowed, resolver: z.resolver()})
	for _, raw := range []string{"http://public.example.com/", "http://public.example.com:8080/", "https://public.example.com:25/"} {
		if _, err := c.Get(t.Context(), raw, ""); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// TestRebinding has a name change its address between two lookups, and give a good
// and a bad one in the same answer.
func TestRebinding(t *testing.T) {
	good, bad := twins(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Context().Value(http.LocalAddrContextKey))
	})
	z := names(map[string][]string{
		"rebind.example.com": {allowedHost, forbiddenHost},
		"mixed.example.com":  {forbiddenHost + " " + allowedHost + " ::1"},
	})
	c := good.client(z)
	rebind := "https://rebind.example.com:" + good.port() + "/"
	if a, err := c.Get(t.Context(), rebind, ""); err != nil || !strings.HasPrefix(string(a.Body), allowedHost) {
		t.Fatalf("at first: %v, %v", a, err)
	}
	for range 3 {
		if a, err := c.Get(t.Context(), rebind, ""); !errors.Is(err, ErrRefused) {
			t.Errorf("then: %v, %v", a, err)
		}
	}
	if a, err := c.Get(t.Context(), "https://mixed.example.com:"+good.port()+"/", ""); err == nil && !strings.HasPrefix(string(a.Body), allowedHost) {
		t.Errorf("mixed: %s", a.Body)
	}
	if n := bad.reached(t); n != 0 {
		t.Errorf("%d connections arrived", n)
	}
}

func TestRedirects(t *testing.T) {
	bad := secure(t, forbiddenHost, func(http.ResponseWriter, *http.Request) {})
	target := "https://" + forbiddenHost + ":" + bad.port() + "/"
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
		good := secure(t, allowedHost, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", target)
			w.Header().Set("Refresh", "0;url="+target)
			w.WriteHeader(status)
		})
		c := good.client(names(nil))
		if _, err := c.Get(t.Context(), good.url("/"), ""); !errors.Is(err, ErrRedirect) || strings.Contains(err.Error(), forbiddenHost) {
			t.Errorf("Get, %d: %v", status, err)
		}
		if _, err := c.PostForm(t.Context(), good.url("/"), nil); !errors.Is(err, ErrRedirect) {
			t.Errorf("PostForm, %d: %v", status, err)
		}
		if n := good.reached(t); n != 2 {
			t.Errorf("%d: %d connections to the first server", status, n)
		}
	}
	if n := bad.reached(t); n != 0 {
		t.Errorf("%d connections arrived", n)
	}
}
