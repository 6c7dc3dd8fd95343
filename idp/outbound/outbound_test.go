package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestGet(t *testing.T) {
	var got *http.Request
	s := secure(t, allowedHost, func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("Content-Type", "Application/JWK-set+json; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=600")
		w.Header().Set("Set-Cookie", "a=b; Path=/")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "body")
	})
	c := s.client(names(nil))
	for range 2 {
		a, err := c.Get(t.Context(), s.url("/a%0d%0ab?c=d#secret"), "application/json")
		if err != nil {
			t.Fatal(err)
		}
		if a.Status != 404 || a.ContentType != "application/jwk-set+json" || string(a.Body) != "body" || a.CacheFor != 10*time.Minute {
			t.Errorf("answer %+v", a)
		}
		if got.Method != "GET" || got.RequestURI != "/a%0d%0ab?c=d" || got.Host != "good.example.com:"+s.port() || got.ProtoMajor != 1 {
			t.Errorf("asked %s %s of %s", got.Method, got.RequestURI, got.Host)
		}
		header := fmt.Sprint(got.Header)
		if header != "map[Accept:[application/json] Accept-Encoding:[identity] Connection:[close] User-Agent:[latchkey]]" {
			t.Errorf("header %s", header)
		}
	}
}

func TestPostForm(t *testing.T) {
	var got *http.Request
	var body []byte
	s := secure(t, allowedHost, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	status, err := s.client(names(nil)).PostForm(t.Context(), s.url("/out"), url.Values{"logout_token": {"a+b&c"}})
	if status != 204 || err != nil {
		t.Errorf("%d, %v", status, err)
	}
	if got.Method != "POST" || string(body) != "logout_token=a%2Bb%26c" || got.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%s %v %q", got.Method, got.Header, body)
	}
}

// TestPostFormEndless: the status is known, the body is nobody's business.
func TestPostFormEndless(t *testing.T) {
	s := secure(t, allowedHost, endless)
	if status, err := s.client(names(nil)).PostForm(t.Context(), s.url("/"), nil); status != 200 || err != nil {
		t.Errorf("%d, %v", status, err)
	}
}

func TestPlain(t *testing.T) {
	s := unstarted(t, listen(t, allowedHost), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "plain") })
	s.Start()
	c := New(Config{Allow: allowed, resolver: names(nil).resolver()})
	for _, host := range []string{allowedHost, "good.example.com"} {
		if a, err := c.Get(t.Context(), "http://"+host+":"+s.port(), ""); err != nil || string(a.Body) != "plain" {
			t.Errorf("%s: %v, %v", host, a, err)
		}
	}
}

// endless writes until nobody listens.
func endless(w http.ResponseWriter, _ *http.Request) {
	for block := make([]byte, 64<<10); ; {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// raw answers with bytes of its own making.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, text)
	}
}

func TestAnswers(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 8*MaxBody)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		handler http.HandlerFunc
		want    error
		size    int
	}{
		"full": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, MaxBody)) }, nil, MaxBody},
		"over": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, MaxBody+1)) }, ErrTooLarge, 0},
		"announced over": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(1<<40))
			_, _ = w.Write(make([]byte, MaxBody+1))
		}, ErrTooLarge, 0},
		"endless": {endless, ErrTooLarge, 0},
		"gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}, nil, bomb.Len()},
		"big header":      {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("A", strings.Repeat("a", MaxHeader/2)) }, nil, 0},
		"huge header":     {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("A", strings.Repeat("a", MaxHeader)) }, ErrFailed, 0},
		"many headers":    {raw("HTTP/1.1 200 OK\r\n" + strings.Repeat("secret: b\r\n", MaxHeader)), ErrFailed, 0},
		"endless line":    {raw(strings.Repeat("secret", MaxHeader)), ErrFailed, 0},
		"endless 1xx":     {raw(strings.Repeat("HTTP/1.1 103 secret\r\n\r\n", MaxHeader)), ErrFailed, 0},
		"no HTTP":         {raw("SSH-2.0-secret\r\n"), ErrFailed, 0},
		"bad header":      {raw("HTTP/1.1 200 OK\r\nsecret\r\n\r\n"), ErrFailed, 0},
		"bad status":      {raw("HTTP/1.1 secret\r\n\r\n"), ErrFailed, 0},
		"other protocol":  {raw("HTTP/1.1 101 secret\r\nConnection: upgrade\r\nUpgrade: secret\r\n\r\n"), ErrFailed, 0},
		"bad chunks":      {raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n"), ErrFailed, 0},
		"endless trailer": {raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("secret: b\r\n", MaxHeader)), ErrFailed, 0},
		"broken off":      {raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsecret"), ErrFailed, 0},
		"nothing":         {raw(""), ErrFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := secure(t, allowedHost, row.handler)
			a, err := s.client(names(nil)).Get(t.Context(), s.url("/secret"), "")
			if !errors.Is(err, row.want) || err == nil && len(a.Body) != row.size {
				t.Errorf("%v, want %v and %d bytes", err, row.want, row.size)
			}
			if err != nil && (a != nil || strings.Contains(err.Error(), "secret")) {
				t.Errorf("answer %v, error %v", a, err)
			}
		})
	}
}

// TestSlow has the other side stop at each stage. It sees the connection closed,
// so nothing goes on after the call.
func TestSlow(t *testing.T) {
	for name, said := range map[string]string{
		"header": "HTTP/1.1 200 OK\r\nA: b\r\n",
		"body":   "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na",
		"chunk":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na",
		"answer": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed := make(chan struct{})
			s := secure(t, allowedHost, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					return
				}
				defer conn.Close()
				_, _ = io.WriteString(conn, said)
				_, _ = io.Copy(io.Discard, conn)
				close(closed)
			})
			c := s.client(names(nil))
			c.timeout = 2 * time.Second
			if _, err := c.Get(t.Context(), s.url("/"), ""); !errors.Is(err, ErrTimeout) {
				t.Errorf("error %v", err)
			}
			<-closed
		})
	}
}

// TestDripping has a byte come again and again: only the whole counts.
func TestDripping(t *testing.T) {
	t.Parallel()
	s := secure(t, allowedHost, func(w http.ResponseWriter, r *http.Request) {
		for tick := time.NewTicker(time.Millisecond); r.Context().Err() == nil; <-tick.C {
			_, _ = io.WriteString(w, "a")
			w.(http.Flusher).Flush()
		}
		panic(http.ErrAbortHandler) // else the answer would end well in the last moment
	})
	c := s.client(names(nil))
	c.timeout = 2 * time.Second
	if _, err := c.Get(t.Context(), s.url("/"), ""); !errors.Is(err, ErrTimeout) {
		t.Errorf("error %v", err)
	}
}

func TestSlowHandshake(t *testing.T) {
	t.Parallel()
	l := listen(t, allowedHost)
	defer l.Close()
	closed := make(chan error)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, err = io.Copy(io.Discard, conn)
			conn.Close()
		}
		closed <- err
	}()
	c := New(Config{Allow: allowed, timeout: 200 * time.Millisecond})
	if _, err := c.Get(t.Context(), "https://"+l.Addr().String(), ""); !errors.Is(err, ErrTimeout) {
		t.Errorf("error %v", err)
	}
	if err := <-closed; err != nil && !errors.Is(err, net.ErrClosed) {
		t.Logf("closed: %v", err)
	}
}

func TestSlowResolver(t *testing.T) {
	t.Parallel()
	z := names(nil)
	z.silent = true
	c := New(Config{resolver: z.resolver(), timeout: 200 * time.Millisecond})
	if _, err := c.Get(t.Context(), "https://good.example.com", ""); !errors.Is(err, ErrTimeout) {
		t.Errorf("error %v", err)
	}
}

func TestFailures(t *testing.T) {
	s := secure(t, allowedHost, func(http.ResponseWriter, *http.Request) {})
	old := unstarted(t, listen(t, allowedHost), func(http.ResponseWriter, *http.Request) {})
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	shut := listen(t, allowedHost)
	shut.Close()
	trusting, names := s.client(names(nil)), names(map[string][]string{"good.example.org": {allowedHost}})
	for _, row := range []struct {
		c         *Client
		url, want string
	}{
		{New(Config{Allow: allowed, Roots: x509.NewCertPool(), resolver: names.resolver()}), s.url("/secret"), "the certificate is not trusted"},
		{s.client(names), "https://good.example.org:" + s.port(), "the certificate is not trusted"},
		{trusting, old.url("/secret"), "no proper answer"},
		{trusting, "https://good.example.com:" + shut.Addr().String()[len(allowedHost)+1:], "cannot connect"},
		{trusting, "https://unknown.example.com/secret", "the name does not resolve"},
	} {
		_, err := row.c.Get(t.Context(), row.url, "")
		if !errors.Is(err, ErrFailed) || !strings.HasSuffix(err.Error(), row.want) {
			t.Errorf("%s: %v, want %s", row.url, err, row.want)
		}
	}
	if _, err := trusting.Get(t.Context(), s.url("/"), "a\r\nb: c"); !errors.Is(err, ErrFailed) {
		t.Errorf("two headers in one: %v", err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := secure(t, allowedHost, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
	c := s.client(names(nil))
	if _, err := c.Get(ctx, s.url("/"), ""); !errors.Is(err, ErrTimeout) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestBounds fills the slots of a host and then all of them: the next call waits in
// vain, and what has a slot is served.
func TestBounds(t *testing.T) {
	arrived, leave := make(chan struct{}), make(chan struct{})
	s := secure(t, allowedHost, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-leave
	})
	hosts := map[string][]string{}
	for i := range MaxCalls/MaxPerHost + 1 {
		hosts[numbered(i)] = []string{allowedHost}
	}
	c := s.client(names(hosts))
	done := make(chan error)
	call := func(ctx context.Context, i int) error {
		_, err := c.Get(ctx, "https://"+numbered(i)+":"+s.port(), "")
		return err
	}
	inVain := func(i int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := call(ctx, i); !errors.Is(err, ErrBusy) {
			t.Errorf("one more to host %d: %v", i, err)
		}
	}
	for i := range MaxCalls / MaxPerHost {
		for range MaxPerHost {
			go func() { done <- call(t.Context(), i) }()
			<-arrived
		}
		inVain(i)
	}
	inVain(MaxCalls / MaxPerHost)
	close(leave)
	for range MaxCalls {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	go func() { done <- call(t.Context(), 0) }()
	<-arrived
	if err := <-done; err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if n := s.reached(t); n != MaxCalls+1 {
		t.Errorf("%d connections", n)
	}
	if len(c.slots.hosts) != 0 || len(c.slots.all) != 0 {
		t.Errorf("slots are left: %d hosts, %d calls", len(c.slots.hosts), len(c.slots.all))
	}
}

// TestGivingUp: who gives up leaves nothing taken, also at a host that others use.
func TestGivingUp(t *testing.T) {
	s := newSlots(1, 2)
	release, err := s.take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if _, err := s.take(ended, "a"); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v", err)
		}
	}
	if n, users := len(s.hosts["a"].slots), s.hosts["a"].users; n != 1 || users != 1 {
		t.Errorf("%d slots taken by %d users", n, users)
	}
	release()
}

func numbered(i int) string { return fmt.Sprintf("h%d.example.com", i) }

func TestCacheFor(t *testing.T) {
	for _, row := range []struct {
		lines []string
		want  time.Duration
	}{
		{nil, 0},
		{[]string{"max-age=60"}, time.Minute},
		{[]string{"public,Max-Age=60 , must-revalidate"}, time.Minute},
		{[]string{`max-age="60"`}, time.Minute},
		{[]string{"public", "max-age=60"}, time.Minute},
		{[]string{"max-age=60", "no-store"}, 0},
		{[]string{"no-cache, max-age=60"}, 0},
		{[]string{"max-age=86401"}, MaxCache},
		{[]string{"max-age=99999999999999999999"}, 0},
		{[]string{"max-age=-1"}, 0},
		{[]string{"max-age"}, 0},
		{[]string{"s-maxage=60"}, 0},
	} {
		if got := cacheFor(http.Header{"Cache-Control": row.lines}); got != row.want {
			t.Errorf("%q: %v, want %v", row.lines, got, row.want)
		}
	}
}
