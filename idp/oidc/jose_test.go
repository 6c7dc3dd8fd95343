package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
	"latchkey/idp/outbound"
)

// signing is a key of a client's, with the algorithm it is used with.
type signing struct {
	kid, alg string
	private  crypto.Signer
}

// The keys of clients are made once a process, since RSA keys take their time.
var (
	esKey  = sync.OnceValue(func() *signing { return &signing{"es", "ES256", strangerKey()} })
	esKey2 = sync.OnceValue(func() *signing { return &signing{"es2", "ES256", strangerKey()} })
	rsKey  = sync.OnceValue(func() *signing { return &signing{"rs", "RS256", newRSA(2048)} })
	edKey  = sync.OnceValue(func() *signing {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		return &signing{"ed", "EdDSA", private}
	})
)

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// with is the same key for another algorithm.
func (s *signing) with(alg string) *signing { return &signing{s.kid, alg, s.private} }

// allKeys are one key for each algorithm of idp.ClientAlgs.
func allKeys() []*signing { return []*signing{rsKey(), rsKey().with("PS256"), esKey(), edKey()} }

// claims are what a JWT says. A nil removes a claim where one map changes another.
type claims map[string]any

// but is c with some claims replaced.
func (c claims) but(change claims) claims {
	out := maps.Clone(c)
	for name, value := range change {
		if out[name] = value; value == nil {
			delete(out, name)
		}
	}
	return out
}

// sign makes a compact JWS of any payload.
func (s *signing) sign(t testing.TB, typ, payload string, embed bool) string {
	t.Helper()
	options := (&jose.SignerOptions{EmbedJWK: embed}).WithType(jose.ContentType(typ))
	var key any = s.private
	if !embed {
		key = jose.JSONWebKey{Key: s.private, KeyID: s.kid}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.alg), Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// ec is the key for signRaw.
func (s *signing) ec() *ecdsa.PrivateKey { return s.private.(*ecdsa.PrivateKey) }

func (s *signing) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.private.Public(), KeyID: s.kid}
}

func (s *signing) thumb(t testing.TB) string {
	t.Helper()
	key := s.public()
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return b64.EncodeToString(sum)
}

// jwks is the key set of the keys' public halves.
func jwks(t testing.TB, keys ...*signing) string {
	t.Helper()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	seen := map[string]bool{}
	for _, k := range keys {
		if !seen[k.kid] {
			set.Keys = append(set.Keys, k.public())
		}
		seen[k.kid] = true
	}
	return toJSON(t, set)
}

func issuer() string { return baseURL + "/" + tenantID + "/v2.0" }

func endpoint(name string) string { return baseURL + "/" + tenantID + "/oauth2/v2.0/" + name }

// unix is a time from now, as JWTs write it.
func (w *world) unix(d time.Duration) int64 { return w.clock.Now().Add(d).Unix() }

// keyed registers a client of private_key_jwt that holds all keys and is trusted,
// so that whoever is signed in gets its code at once.
func (w *world) keyed(id string, change func(*idp.Client)) *app {
	w.t.Helper()
	c := idp.Client{
		ClientID: id, Name: "The " + id, AuthMethod: idp.AuthKeyJWT, IDTokenAlg: "ES256", Trusted: true,
		GrantTypes:   []string{idp.GrantCode, idp.GrantRefresh, idp.GrantClient, idp.GrantDevice},
		RedirectURIs: []string{"https://" + id + ".example/callback", "https://" + id + ".example/other"},
		Keys:         idp.ClientKeys{Set: jwks(w.t, allKeys()...)},
	}
	if change != nil {
		change(&c)
	}
	return w.client(c)
}

// assertion is one that holds, but for the change.
func (w *world) assertion(a *app, key *signing, change claims) string {
	w.t.Helper()
	c := claims{"iss": a.ClientID, "sub": a.ClientID, "aud": issuer(), "jti": idp.NewID(), "exp": w.unix(time.Minute), "iat": w.unix(0)}
	return key.sign(w.t, "JWT", toJSON(w.t, c.but(change)), false)
}

// asserted adds a client assertion to a form.
func asserted(form url.Values, assertion string) url.Values {
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", assertion)
	return form
}

// ask is a request to an endpoint with the app's authentication; one of
// private_key_jwt signs with esKey.
func (w *world) ask(a *app, name string, form url.Values) *http.Request {
	form = maps.Clone(form)
	form.Set("client_id", a.ClientID)
	switch a.AuthMethod {
	case idp.AuthKeyJWT:
		form = asserted(form, w.assertion(a, esKey(), nil))
	case idp.AuthPost:
		form.Set("client_secret", a.secret)
	}
	r := w.request("/oauth2/v2.0/"+name, form)
	if a.AuthMethod == idp.AuthBasic {
		r.SetBasicAuth(a.ClientID, a.secret)
	}
	return r
}

// proof is a DPoP proof for an endpoint that holds, but for the change.
func (w *world) proof(key *signing, method, name string, change claims) string {
	w.t.Helper()
	c := claims{"jti": idp.NewID(), "htm": method, "htu": endpoint(name), "iat": w.unix(0)}
	return key.sign(w.t, "dpop+jwt", toJSON(w.t, c.but(change)), true)
}

// proved is ask with a DPoP proof by the key; nil sends none.
func (w *world) proved(a *app, name string, form url.Values, key *signing) *reply {
	w.t.Helper()
	r := w.ask(a, name, form)
	if key != nil {
		r.Header.Set("DPoP", w.proof(key, "POST", name, nil))
	}
	return w.do(r)
}

// redemption is the form that redeems a code.
func (a *app) redemption(code string) url.Values {
	return url.Values{"grant_type": {idp.GrantCode}, "code": {code}, "redirect_uri": {a.redirect()}}
}

// challenged adds PKCE to a change of an authorization request.
func challenged(change url.Values) url.Values {
	out := url.Values{"code_challenge": {challengeOf(verifier)}, "code_challenge_method": {"S256"}}
	maps.Copy(out, change)
	return out
}

// push sends the app's authorization request beforehand.
func (w *world) push(a *app, change url.Values) *reply {
	return w.do(w.ask(a, "par", a.params(change)))
}

// follow opens a pushed request in the browser.
func (b *browser) follow(a *app, requestURI string) *reply {
	v := url.Values{"client_id": {a.ClientID}, "request_uri": {requestURI}}
	return b.do(b.w.request("/oauth2/v2.0/authorize?"+v.Encode(), nil))
}

// jwtAPI registers an API whose tokens are JWTs.
func (w *world) jwtAPI(identifier, client string, scopes ...string) *idp.API {
	w.t.Helper()
	a, err := w.admin.CreateAPI(w.ctx(), operator, tenantID, idp.API{Identifier: identifier, Name: identifier, Scopes: scopes, JWT: true, ClientID: client})
	w.must(err)
	return a
}

// unstored holds that fn leaves nothing in the store.
func (w *world) unstored(name string, fn func() *reply) *reply {
	w.t.Helper()
	before := w.store.Commits()
	got := fn()
	if n := w.store.Commits() - before; n > 0 {
		w.t.Errorf("%s: %d transactions wrote something: %d %s", name, n, got.Status, got.Body)
	}
	return got
}

// site is an HTTPS server of a client's that counts what it is asked for.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	files map[string]http.HandlerFunc
	asked map[string]int
}

// site starts one, and lets the world call it.
func (w *world) site() *site {
	s := &site{files: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	w.t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	w.calls = outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots})
	w.start()
	return s
}

// ServeHTTP answers what was put there.
func (s *site) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	file := s.files[r.URL.Path]
	s.mu.Unlock()
	if file == nil {
		http.NotFound(rw, r)
		return
	}
	file(rw, r)
}

// put lets the site answer at a path; nil takes it down.
func (s *site) put(path string, file http.HandlerFunc) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = file
	return s.URL + path
}

// count is how often the path was asked for since the last time.
func (s *site) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.asked[path]
	s.asked[path] = 0
	return n
}

// static answers with a body.
func static(body string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, body) }
}

// endless answers as long as somebody reads.
func endless(begin string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		if _, err := io.WriteString(rw, begin); err != nil {
			return
		}
		for block := strings.Repeat(" ", 64<<10); ; {
			if _, err := io.WriteString(rw, block); err != nil {
				return
			}
		}
	}
}

// elsewhere answers with a redirect.
func elsewhere(to string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, to, http.StatusFound) }
}

// kinds of keys that no client may sign with.
var (
	smallRSA = sync.OnceValue(func() *signing { return &signing{"small", "RS256", newRSA(1024)} })
	p384     = sync.OnceValue(func() *signing {
		key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return &signing{"p384", "ES384", key}
	})
)
