package oidc_test

import (
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
)

// inwards are URLs that lead to this machine, to its network or to a cloud's metadata,
// or try to look as if they did not. PORT is where somebody listens here.
var inwards = strings.Fields(`
	https://127.0.0.1:PORT/x https://127.1:PORT/x https://127.0.1:PORT/x https://127.255.255.254:PORT/x https://2130706433:PORT/x
	https://0x7f000001:PORT/x https://0x7f.0.0.1:PORT/x https://0177.0.0.1:PORT/x https://017700000001:PORT/x https://127.0.0.1.:PORT/x
	https://localhost:PORT/x https://LOCALHOST:PORT/x https://localhost.:PORT/x https://ip6-localhost:PORT/x https://foo.localhost:PORT/x
	https://0.0.0.0:PORT/x https://0:PORT/x https://[::]:PORT/x https://[::1]:PORT/x https://[0:0:0:0:0:0:0:1]:PORT/x
	https://[::ffff:127.0.0.1]:PORT/x https://[::ffff:7f00:1]:PORT/x https://[::127.0.0.1]:PORT/x https://[64:ff9b::7f00:1]:PORT/x
	https://[2002:7f00:1::]:PORT/x https://[fe80::1%25lo]:PORT/x https://[fd00::1]:PORT/x https://10.0.0.1:PORT/x https://172.16.0.1:PORT/x
	https://192.168.0.1:PORT/x https://100.64.0.1:PORT/x https://169.254.169.254/latest/meta-data https://168.63.129.16/x https://224.0.0.1:PORT/x
	https://255.255.255.255:PORT/x https://240.0.0.1:PORT/x https://192.0.2.1:PORT/x https://198.18.0.1:PORT/x
	https://public.example@127.0.0.1:PORT/x https://127.0.0.1:PORT#@public.example/x https://127.0.0.1:PORT\@public.example/x
	http://127.0.0.1:PORT/x http://localhost:PORT/x http://[::1]:PORT/x ftp://127.0.0.1:PORT/x gopher://127.0.0.1:PORT/x
	file:///etc/passwd data:application/json,[] unix:///tmp/x //127.0.0.1:PORT/x https:127.0.0.1:PORT/x https://①②⑦.⓪.⓪.①:PORT/x
	https://127。0。0。1:PORT/x https://%31%32%37.0.0.1:PORT/x https://public.example:25/x`)

// TestNothingIsCalledInwards registers each URL at each place that names one, by a
// client itself and by an administrator, and lets the server use what was taken: nobody
// here hears of it.
func TestNothingIsCalledInwards(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			calls.Add(1)
			c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	v := newVisitor(t, options{})
	v.signIn(v.who)
	v.registration(idp.RegistrationToken)
	token := v.initial(idp.MaxInitialUses, time.Hour)
	if got := v.register(metadataOf(t, map[string]any{"jwks_uri": "https://public.example/keys", "logo_uri": "https://public.example/logo"}), token); got.Status != 201 {
		t.Fatalf("not even a public one is taken: %s", got.Body)
	}
	taken := 0
	for _, shape := range inwards {
		to := strings.ReplaceAll(shape, "PORT", port)
		for place, value := range map[string]any{
			"jwks_uri": to, "request_uris": []string{to}, "sector_identifier_uri": to, "backchannel_logout_uri": to, "logo_uri": to,
		} {
			got := v.register(metadataOf(t, map[string]any{place: value}), token)
			if got.Status == 201 {
				taken++
			}
			if place != "logo_uri" && got.Status == 201 && !strings.Contains(to, "ip6-localhost") { // a name may lead anywhere by then
				t.Errorf("%s took %s", place, to)
			}
		}
		v.useInwards(to)
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("%d connections", n)
	}
	t.Logf("%d URLs at 5 places, %d logos taken, which the server never fetches", len(inwards), taken)
}

// useInwards lets a client have the URL that no registration would take, as if the rule
// had been another when it registered, and has the server call it in every way.
func (v *visitor) useInwards(to string) {
	v.t.Helper()
	id := idp.NewID()
	a := v.relying(id, func(c *idp.Client) { c.Trusted = true })
	v.change(a, func(c *idp.Client) {
		c.AuthMethod, c.Keys, c.Request.URIs, c.Logout.Back = idp.AuthKeyJWT, idp.ClientKeys{URI: to}, []string{to}, to
	})
	v.asks(a, esKey())
	v.authorize(a, one("request_uri", to))
	v.authorize(a, url.Values{"prompt": {"none"}, "response_type": {"code"}})
	v.must(v.provider.DeliverNotices(v.ctx(), v.clock.Now().Add(25*time.Hour)))
}
