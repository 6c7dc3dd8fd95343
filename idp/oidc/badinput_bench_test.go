package oidc_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"latchkey/idp"
)

// BenchmarkBadInput is what each kind of malformed input costs in CPU time of the whole
// process, both ends of its connections included; none may cost 100 ms.
func BenchmarkBadInput(b *testing.B) {
	w, a, s := fetched(b)
	w.registration(idp.RegistrationToken)
	token := w.initial(idp.MaxInitialUses, time.Hour)
	uris := func(n int) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf("https://a.example/%d", i)
		}
		return metadataOf(b, map[string]any{"redirect_uris": all})
	}
	object := func(payload string) *http.Request {
		return w.request("/oauth2/v2.0/authorize?"+a.params(one("request", esKey().sign(b, "JWT", payload, false))).Encode(), nil)
	}
	keysOf := func(file http.HandlerFunc) func() *reply {
		return func() *reply {
			s.put("/keys", file)
			w.advance(11 * time.Second) // it may be asked again
			return w.asserting("token", own, w.assertion(a, esKey2(), nil))
		}
	}
	many, most := uris(10_000), uris(2_000)
	for _, test := range []struct {
		name string
		do   func() *reply
	}{
		{"request object null", func() *reply { return w.do(object("null")) }},
		{"request object aud [1]", func() *reply { return w.do(object(`{"aud":[1]}`)) }},
		{"assertion null", func() *reply { return w.asserting("token", own, esKey().sign(b, "JWT", "null", false)) }},
		{"assertion deep", func() *reply {
			return w.asserting("token", own, esKey().sign(b, "JWT", strings.Repeat("[", 4000), false))
		}},
		{"hint null", func() *reply {
			return w.do(w.request("/oauth2/v2.0/logout?id_token_hint="+esKey().sign(b, "JWT", "null", false), nil))
		}},
		{"10,000 redirect URIs", func() *reply { return w.register(many, token) }},
		{"2,000 redirect URIs", func() *reply { return w.register(most, token) }},
		{"JWKS of 5 MB", keysOf(static(`{"keys":["` + strings.Repeat("x", 5<<20) + `"]}`))},
		{"JWKS of 900 KB", keysOf(static(`{"keys":[` + strings.Repeat(`{"kty":"RSA","n":"AQAB","e":"AQAB"},`, 25_000) + `{}]}`))},
		{"JWKS without end", keysOf(endless(`{"keys":[`))},
	} {
		b.Run(test.name, func(b *testing.B) {
			begin := processTime(b)
			for range b.N {
				if got := test.do(); got.Status < 300 {
					b.Fatalf("%d %s", got.Status, got.Body)
				}
			}
			b.ReportMetric(float64((processTime(b)-begin).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
}

func processTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
