package oidc_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
)

// parser is one place where JWTs of strangers are read: how a genuine one of its kind
// is made, and how any is shown.
type parser struct {
	typ, kid string
	key      *signing // that it believes
	embedded bool     // the key comes with the JWT
	payload  func() claims
	show     func(token string) *reply
	accepted func(*reply) bool
	refused  func(*reply) bool
}

// oauthError tells whether a reply is an error of a JSON endpoint as it should be.
func oauthError(got *reply, statuses ...int) bool {
	for _, status := range statuses {
		if got.Status == status && got.str("error") != "" && got.Header.Get("Cache-Control") == "no-store" && descriptionRule.MatchString(got.str("error_description")) {
			return true
		}
	}
	return false
}

// parsers are all of them, in one world with one site that must hear nothing.
func parsers(v *visitor) map[string]parser {
	t, client := v.t, v.keyed("signer", nil)
	exchanger := v.keyed("exchanger", func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantExchange) })
	v.jwtAPI("https://api.example", "exchanger", "read")
	access := v.do(v.ask(client, "token", client.redemption(v.code(client, v.who, one("scope", "openid https://api.example/read"))))).str("access_token")
	said := v.world.claims(access)
	ours := &signing{ecKey().KeyID, "ES256", tenantKey(t)}
	sent := func(got *reply) bool { return got.code() != "" }
	ok := func(got *reply) bool { return got.Status == http.StatusOK }
	told := func(code string) func(*reply) bool {
		return func(got *reply) bool {
			return got.Fields.Get("error") == code && v.strays(got) == "" || got.Status == http.StatusRequestURITooLong && got.Page.Page == "refused"
		}
	}
	token := parser{
		typ: "at+jwt", kid: ours.kid, key: ours, payload: func() claims { return claims(said).but(claims{"jti": idp.NewID()}) },
		refused: func(got *reply) bool { return oauthError(got, 400, 401) },
	}
	introspected, shown, exchanged := token, token, token
	introspected.show = func(s string) *reply { return v.introspect(v.apps["worker"], s) }
	introspected.accepted = func(got *reply) bool { return got.JSON["active"] != false && got.Status == 200 }
	introspected.refused = func(got *reply) bool {
		return string(got.Body) == `{"active":false}` || oauthError(got, 400) || got.Status == 413
	}
	shown.show = func(s string) *reply { return v.userinfo(strings.Map(printing, s)) }
	shown.accepted = func(got *reply) bool { return got.Status == 403 } // it is for an API, and no more than that is wrong with it
	exchanged.show = func(s string) *reply {
		return v.do(v.ask(exchanger, "token", url.Values{"grant_type": {idp.GrantExchange}, "subject_token": {s}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}}))
	}
	exchanged.accepted = ok
	exchanged.refused = func(got *reply) bool { return oauthError(got, 400) || got.Status == 413 }
	return map[string]parser{
		"id_token_hint": {
			typ: "JWT", kid: ours.kid, key: ours,
			payload: func() claims { return claims{"iss": issuer(), "sub": v.users["anna"].UserID, "aud": "web"} },
			show: func(s string) *reply {
				return v.authorize(v.apps["web"], url.Values{"prompt": {"none"}, "id_token_hint": {s}})
			},
			accepted: sent, refused: told("invalid_request"),
		},
		"request object": {
			typ: "oauth-authz-req+jwt", kid: "es", key: esKey(), payload: func() claims { return v.inside(client, nil) },
			show: func(s string) *reply {
				change := bare("request", s)
				change.Set("redirect_uri", client.redirect())
				return v.authorize(client, change)
			},
			accepted: sent, refused: told("invalid_request_object"),
		},
		"client assertion": {
			typ: "JWT", kid: "es", key: esKey(),
			payload: func() claims {
				return claims{"iss": "signer", "sub": "signer", "aud": issuer(), "jti": idp.NewID(), "exp": v.unix(time.Minute)}
			},
			show: func(s string) *reply {
				return v.asserting("token", url.Values{"grant_type": {idp.GrantClient}, "client_id": {"signer"}}, s)
			},
			accepted: ok, refused: func(got *reply) bool { return oauthError(got, 400, 401) || got.Status == 413 },
		},
		"DPoP proof": {
			typ: "dpop+jwt", key: esKey(), embedded: true,
			payload: func() claims {
				return claims{"jti": idp.NewID(), "htm": "POST", "htu": endpoint("token"), "iat": v.unix(0)}
			},
			show: func(s string) *reply {
				r := v.ask(client, "token", own)
				r.Header.Set("DPoP", strings.Map(printing, s))
				return v.do(r)
			},
			accepted: ok, refused: func(got *reply) bool { return oauthError(got, 400) },
		},
		"access token at introspection": introspected, "access token at userinfo": shown, "access token at exchange": exchanged,
	}
}

// printing leaves out what no HTTP header can hold.
func printing(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// attacks are what looks like a JWT that the parser believes and is not; site is where
// some of them would have their keys fetched.
func (p parser) attacks(t testing.TB, site string) map[string]string {
	theirs := strangerKey()
	public := jose.JSONWebKey{Key: theirs.Public(), KeyID: p.kid}
	der, err := x509.MarshalPKIXPublicKey(p.key.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	jwk := p.key.public()
	payload := toJSON(t, p.payload())
	head := func(change claims) string {
		h := claims{"alg": "ES256", "typ": p.typ, "kid": p.kid}
		if p.embedded {
			h["jwk"] = jwk
			delete(h, "kid")
		}
		return toJSON(t, h.but(change))
	}
	ours := func(change claims, payload string) string { return signRaw(t, p.key.ec(), head(change), payload) }
	stolen := func(change claims) string { return signRaw(t, theirs, head(change), payload) }
	good := ours(nil, payload)
	parts := strings.Split(good, ".")
	again := strings.Replace(payload, "{", `{"iss":"evil","htm":"evil","aud":"evil",`, 1)
	out := map[string]string{
		"none":                        b64.EncodeToString([]byte(head(claims{"alg": "none"}))) + "." + parts[1] + ".",
		"none with a signature":       b64.EncodeToString([]byte(head(claims{"alg": "none"}))) + "." + parts[1] + "." + parts[2],
		"nOnE":                        b64.EncodeToString([]byte(head(claims{"alg": "nOnE"}))) + "." + parts[1] + ".",
		"no alg":                      ours(claims{"alg": nil}, payload),
		"no signature":                parts[0] + "." + parts[1] + ".",
		"HS256 with the public PEM":   mac(head(claims{"alg": "HS256"}), payload, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"HS256 with the public DER":   mac(head(claims{"alg": "HS256"}), payload, der),
		"HS256 with the public JWK":   mac(head(claims{"alg": "HS256"}), payload, []byte(toJSON(t, jwk))),
		"HS256 with nothing":          mac(head(claims{"alg": "HS256"}), payload, nil),
		"a stranger's key":            stolen(nil),
		"RS256 named for an EC key":   ours(claims{"alg": "RS256"}, payload),
		"ES512 named":                 ours(claims{"alg": "ES512"}, payload),
		"alg a list":                  ours(claims{"alg": []string{"ES256"}}, payload),
		"jku":                         stolen(claims{"jku": site + "/jku"}),
		"jku over its own key":        stolen(claims{"jku": site + "/jku", "kid": "attacker"}),
		"x5u":                         stolen(claims{"x5u": site + "/x5u"}),
		"x5c":                         stolen(claims{"x5c": []string{base64.StdEncoding.EncodeToString(der)}}),
		"unknown crit":                ours(claims{"crit": []string{"exp"}, "exp": 1}, payload),
		"crit empty":                  ours(claims{"crit": []string{}}, payload),
		"crit a text":                 ours(claims{"crit": "exp"}, payload),
		"crit b64":                    ours(claims{"crit": []string{"b64"}, "b64": false}, payload),
		"kid that climbs":             stolen(claims{"kid": "../../../../dev/null"}),
		"kid of SQL":                  stolen(claims{"kid": "x' UNION SELECT 'AA"}),
		"kid with a NUL":              stolen(claims{"kid": p.kid + "\x00"}),
		"kid a URL":                   stolen(claims{"kid": site + "/kid"}),
		"kid a number":                stolen(claims{"kid": 7}),
		"kid an object":               stolen(claims{"kid": claims{}}),
		"kid of 6 KB":                 stolen(claims{"kid": strings.Repeat("k", 6<<10)}),
		"claims twice":                ours(nil, again),
		"a header member twice":       signRaw(t, theirs, `{"alg":"none",`+head(nil)[1:], payload),
		"null":                        ours(nil, "null"),
		"a list":                      ours(nil, "["+payload+"]"),
		"a text":                      ours(nil, `"`+parts[1]+`"`),
		"a number":                    ours(nil, "1e999"),
		"nothing":                     ours(nil, ""),
		"two objects":                 ours(nil, payload+payload),
		"no UTF-8":                    ours(nil, strings.Replace(payload, "{", "{\"x\":\"\xff\",", 1)),
		"deep":                        ours(nil, strings.Repeat(`{"a":`, 1000)),
		"aud [1]":                     ours(nil, toJSON(t, p.payload().but(claims{"aud": []int{1}, "iss": 1, "htu": []int{1}}))),
		"aud null, iss null":          ours(nil, `{"aud":null,"iss":null,"sub":null,"jti":null,"htm":null,"htu":null,"client_id":7}`),
		"exp in words":                ours(nil, toJSON(t, p.payload().but(claims{"exp": "x", "iat": "x", "sub": 7}))),
		"JSON serialization":          `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"several signatures":          `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"AA"},{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"an encrypted token":          b64.EncodeToString([]byte(`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`)) + "..AAAA." + strings.Repeat("A", 4000) + ".AAAA",
		"PBES2 with a billion rounds": b64.EncodeToString([]byte(`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":1000000000,"p2s":"AAAA"}`)) + ".AAAA.AAAA.AAAA.AAAA",
		"four parts":                  good + ".",
		"two parts":                   parts[0] + "." + parts[1],
		"dots":                        "..",
		"thousands of dots":           strings.Repeat(".", 3000),
		"padding":                     parts[0] + "." + parts[1] + "==." + parts[2],
		"white space":                 parts[0] + ". " + parts[1] + "." + parts[2],
		"a signature of zeros":        parts[0] + "." + parts[1] + "." + b64.EncodeToString(make([]byte, 64)),
		"r and s of the order":        parts[0] + "." + parts[1] + "." + b64.EncodeToString(append(order(), order()...)),
		"a signature in DER":          parts[0] + "." + parts[1] + "." + b64.EncodeToString(derSignature(t, p.key.ec(), parts)),
		"a payload changed":           parts[0] + "." + b64.EncodeToString([]byte(payload+" ")) + "." + parts[2],
		"20 KB":                       ours(nil, toJSON(t, p.payload().but(claims{"x": strings.Repeat("x", 20<<10)}))),
		"50 KB of header":             strings.Repeat("A", 50<<10) + "." + parts[1] + "." + parts[2],
		"another kind":                ours(claims{"typ": "logout+jwt"}, payload),
	}
	if !p.embedded {
		out["an embedded jwk"] = stolen(claims{"jwk": public})
		out["an embedded jwk and no kid"] = stolen(claims{"jwk": public, "kid": nil})
		out["an embedded symmetric jwk"] = mac(head(claims{"alg": "HS256", "jwk": claims{"kty": "oct", "k": "AAAA"}}), payload, []byte{0, 0, 0})
	}
	return out
}

// TestJWTAttackMatrix: every parser against every attack: none is believed, each is
// answered with a proper error, nothing panics, and nobody is called for a key
// (docs/security.md, H6).
func TestJWTAttackMatrix(t *testing.T) {
	v := newVisitor(t, options{})
	s := v.site()
	v.in(v.apps["web"])
	n := 0
	for name, p := range parsers(v) {
		for attack, token := range p.attacks(t, s.URL) {
			n++
			got := p.show(token)
			if p.accepted(got) {
				t.Errorf("%s believes %s: %d %v %s", name, attack, got.Status, got.Fields, got.Body)
			} else if !p.refused(got) {
				t.Errorf("%s, %s: %d %q %v %.300s", name, attack, got.Status, got.Header.Get("Location"), got.Fields, got.Body)
			}
		}
		genuine := p.key.sign(t, p.typ, toJSON(t, p.payload()), p.embedded)
		if got := p.show(genuine); !p.accepted(got) {
			t.Errorf("%s does not believe a genuine one: %d %v %s", name, got.Status, got.Fields, got.Body)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) > 0 {
		t.Errorf("somebody was called: %v", s.asked)
	}
	if n < 400 {
		t.Errorf("only %d attacks", n)
	}
}

// TestJWTConfusion: a JWT of one kind is worth nothing as another, though the same
// key has signed it (RFC 8725 2.8, 3.11).
func TestJWTConfusion(t *testing.T) {
	v := newVisitor(t, options{})
	v.in(v.apps["web"])
	all := parsers(v)
	for from, a := range all {
		for to, b := range all {
			same := a.typ == b.typ && a.kid == b.kid
			if same || from == "client assertion" && to == "request object" { // which may be without a type (OIDC Core 6.1)
				continue
			}
			said := b.payload().but(a.payload()) // all that both ask for
			for name, value := range b.payload() {
				said[name] = value
			}
			token := a.key.sign(t, a.typ, toJSON(t, said), a.embedded)
			if got := b.show(token); b.accepted(got) {
				t.Errorf("%s passes for %s: %d %s", from, to, got.Status, got.Body)
			}
		}
	}
}
