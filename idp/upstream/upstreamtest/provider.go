// Package upstreamtest is an OpenID Provider elsewhere, for tests: a stranger that speaks the
// protocol over HTTP, signs with keys of its own, and can be made to do anything wrong.
package upstreamtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"io"

	"github.com/go-jose/go-jose/v4"
)

// The one client of a provider.
const (
	ClientID     = "tenant"
	ClientSecret = "a secret: with+signs/"
)

// Provider is one. Its fields are set before it is asked; Lock guards changes while it is.
type Provider struct {
	*httptest.Server
	mu     sync.Mutex
	Person map[string]any // claims of who signs in, without being asked
	Now    func() time.Time
	// What is done wrong; nil for right.
	Discovery func(doc map[string]any) any             // what the document is instead
	Claims    func(claims map[string]any)              // of ID tokens
	Sign      func(claims map[string]any) (jwt string) // in place of the key's signature
	Answer    func(q url.Values)                       // of the authorization response
	Handle    map[string]http.HandlerFunc              // by path, in place of what is there
	Scoped    bool                                     // the ID token has sub alone; the rest is userinfo's
	key       *ecdsa.PrivateKey
	kid       string
	codes     map[string]grant
	asked     map[string]int
}

// grant is what a code stands for.
type grant struct {
	redirect, challenge, nonce string
	maxAge                     bool
}

// Start begins to serve on loopback.
func Start() *Provider {
	p := &Provider{
		Person: map[string]any{"sub": "sam-1", "email": "sam@branch.example", "email_verified": true, "name": "Sam Lindgren", "given_name": "Sam", "family_name": "Lindgren"},
		Now:    time.Now, Handle: map[string]http.HandlerFunc{}, codes: map[string]grant{}, asked: map[string]int{},
	}
	p.Rotate()
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.Server.Start()
	return p
}

// Rotate signs with another key from now on, and forgets the one before.
func (p *Provider) Rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // never: crypto/rand ends the process instead
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.kid = key, random()
}

// Set changes the provider while it is asked.
func (p *Provider) Set(change func(*Provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// Asked is how often a path was asked for since it was asked about last.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.asked[path]
	delete(p.asked, path)
	return n
}

func random() string {
	b := make([]byte, 16)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// ServeHTTP answers everything.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	instead := p.Handle[r.URL.Path]
	p.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		p.discovery(w)
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	case "/keys":
		p.keys(w)
	case "/userinfo":
		p.mu.Lock()
		defer p.mu.Unlock()
		reply(w, p.Person)
	case "/end":
		back := r.URL.Query()
		http.Redirect(w, r, back.Get("post_logout_redirect_uri")+"?state="+url.QueryEscape(back.Get("state")), http.StatusSeeOther)
	default:
		http.NotFound(w, r)
	}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a reader who has gone away is no error
}

func (p *Provider) discovery(w http.ResponseWriter) {
	doc := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"userinfo_endpoint": p.URL + "/userinfo", "end_session_endpoint": p.URL + "/end",
		"authorization_response_iss_parameter_supported": true, "code_challenge_methods_supported": []string{"S256"},
		"claims_parameter_supported": true, "claims_supported": []string{"sub", "session_expiry"},
		"backchannel_logout_supported": true,
	}
	p.mu.Lock()
	wrong := p.Discovery
	p.mu.Unlock()
	if wrong == nil {
		reply(w, doc)
		return
	}
	reply(w, wrong(doc))
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	code := random()
	p.mu.Lock()
	p.codes[code] = grant{q.Get("redirect_uri"), q.Get("code_challenge"), q.Get("nonce"), q.Has("max_age")}
	answer := p.Answer
	p.mu.Unlock()
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}
	if answer != nil {
		answer(back)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
}

// token redeems a code once, for the client and the verifier alone.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	if id == "" {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	p.mu.Lock()
	g, known := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case id != ClientID || secret != ClientSecret:
		w.WriteHeader(http.StatusUnauthorized)
		reply(w, map[string]any{"error": "invalid_client"})
	case !known || g.redirect != r.FormValue("redirect_uri") || g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]):
		w.WriteHeader(http.StatusBadRequest)
		reply(w, map[string]any{"error": "invalid_grant"})
	default:
		reply(w, map[string]any{"access_token": random(), "token_type": "Bearer", "expires_in": 60, "id_token": p.IDToken(g.nonce, g.maxAge)})
	}
}

// IDToken is one about the person, as the provider would sign it.
func (p *Provider) IDToken(nonce string, authTime bool) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.Now().Unix()
	claims := map[string]any{"iss": p.URL, "aud": ClientID, "iat": now, "exp": now + 300, "nonce": nonce, "sid": "sid-of-" + str(p.Person["sub"])}
	if authTime {
		claims["auth_time"] = now
	}
	for name, value := range p.Person {
		if !p.Scoped || name == "sub" {
			claims[name] = value
		}
	}
	if p.Claims != nil {
		p.Claims(claims)
	}
	return p.signed("JWT", claims)
}

func str(v any) string { s, _ := v.(string); return s }

// LogoutToken is one about a session, as the provider would sign it.
func (p *Provider) LogoutToken(change func(claims map[string]any)) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	claims := map[string]any{
		"iss": p.URL, "aud": ClientID, "iat": p.Now().Unix(), "exp": p.Now().Unix() + 120, "jti": random(), "sid": "sid-of-" + str(p.Person["sub"]),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if change != nil {
		change(claims)
	}
	return p.signed("logout+jwt", claims)
}

func (p *Provider) signed(typ string, claims map[string]any) string {
	if p.Sign != nil {
		return p.Sign(claims)
	}
	return SignBy(p.key, p.kid, typ, claims)
}

// SignBy makes a JWT by any key.
func SignBy(key *ecdsa.PrivateKey, kid, typ string, claims map[string]any) string {
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", kid)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		panic(err) // of a key of the right kind: never
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err) // of claims that tests make: never
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return compact
}

// Key is what the provider signs by now. The caller holds no lock.
func (p *Provider) Key() (*ecdsa.PrivateKey, string) { return p.key, p.kid }

func (p *Provider) keys(w http.ResponseWriter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	reply(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: p.kid, Algorithm: "ES256", Use: "sig"}}})
}

// Unsigned is a JWT of the algorithm none.
func Unsigned(claims map[string]any) string {
	payload, _ := json.Marshal(claims)
	part := base64.RawURLEncoding.EncodeToString
	return strings.Join([]string{part([]byte(`{"alg":"none"}`)), part(payload), ""}, ".")
}
