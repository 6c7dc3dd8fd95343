// Package devicetest is a provider that asks devices, for tests: a stranger that speaks the
// device protocol over HTTP, looks at everything that a device signs with eyes of its own, and
// can be made to do anything wrong.
package devicetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The one tenant of a server.
const (
	TenantID = "5f9d1c3e-2b7a-4e80-9c41-7d6a0b1e2f33"
	Domain   = "contoso.example"
)

// Server is one. What it does wrong is set by Set; nil or empty is right.
type Server struct {
	*httptest.Server
	mu          sync.Mutex
	Now         func() time.Time
	Handle      map[string]http.HandlerFunc        // by path, in place of what is there
	Discovery   func(doc map[string]any)           // changes the document
	Invitation  func(answer map[string]any)        // changes what an invitation is answered
	Challenge   func(claims map[string]any)        // changes a challenge before it is signed
	Sign        func(claims map[string]any) string // in place of the key's signature
	SAS         string                             // in place of the right one
	key         *ecdsa.PrivateKey
	kid         string
	invitations []*invitation
	devices     map[string]*device // by thumbprint
	requests    []*request
	used        map[string]bool // jti
	asked       map[string]int  // by path
	changed     chan struct{}   // closed and made anew when something happens
}

// Start begins to serve on loopback.
func Start() *Server {
	s := &Server{
		Now: time.Now, Handle: map[string]http.HandlerFunc{}, devices: map[string]*device{}, used: map[string]bool{}, asked: map[string]int{},
		changed: make(chan struct{}),
	}
	s.Rotate()
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Server.Start()
	return s
}

// Set changes the server while it is asked.
func (s *Server) Set(change func(*Server)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// Rotate signs with another key from now on, and forgets the one before.
func (s *Server) Rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // never: crypto/rand ends the process instead
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key, s.kid = key, random()
}

// Asked is how often a path was asked for.
func (s *Server) Asked(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

// Issuer is the tenant's.
func (s *Server) Issuer() string { return s.URL + "/" + TenantID + "/v2.0" }

// Path is that of an endpoint, by its last part.
func Path(name string) string { return "/" + TenantID + "/device/v1/" + name }

// ServeHTTP answers as the protocol says.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	instead := s.Handle[r.URL.Path]
	w.Header()["Date"] = []string{s.Now().UTC().Format(http.TimeFormat)}
	s.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	s.routes().ServeHTTP(w, r)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, tenant := range []string{TenantID, Domain} {
		mux.HandleFunc("GET /"+tenant+"/v2.0/.well-known/open-authenticator", s.discovery)
	}
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/open-authenticator", func(w http.ResponseWriter, _ *http.Request) { refuse(w) })
	mux.HandleFunc("GET "+Path("keys"), s.keys)
	mux.HandleFunc("POST "+Path("enrolments"), s.begin)
	mux.HandleFunc("POST "+Path("enrolments/{id}"), s.show)
	mux.HandleFunc("GET "+Path("challenges"), s.proved(s.challenges))
	mux.HandleFunc("POST "+Path("responses"), s.respond)
	mux.HandleFunc("GET "+Path("self"), s.proved(s.self))
	mux.HandleFunc("DELETE "+Path("self"), s.proved(s.remove))
	mux.HandleFunc("POST "+Path("rekey"), s.proved(s.rekey))
	return mux
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	at := func(name string) string { return s.URL + Path(name) }
	doc := map[string]any{
		"issuer": s.Issuer(), "version": 1, "jwks_uri": at("keys"), "enrolment_endpoint": at("enrolments"), "challenge_endpoint": at("challenges"),
		"response_endpoint": at("responses"), "subscription_endpoint": at("subscription"), "self_endpoint": at("self"), "rekey_endpoint": at("rekey"),
		"algs": []string{"ES256"}, "uv_methods": []string{"webauthn"}, "modes": []string{"type", "scan", "pick"}, "rp_id": s.host(), "max_wait": 25,
	}
	s.Set(func(s *Server) {
		if s.Discovery != nil {
			s.Discovery(doc)
		}
	})
	answer(w, http.StatusOK, doc)
}

func (s *Server) host() string {
	u, err := url.Parse(s.URL)
	if err != nil {
		panic(err) // never: httptest made it
	}
	return u.Hostname()
}

func (s *Server) keys(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: s.kid, Algorithm: "ES256", Use: "sig"}}}
	s.mu.Unlock()
	answer(w, http.StatusOK, set)
}

// signed is a challenge by the tenant's key. The caller holds the lock.
func (s *Server) signed(claims map[string]any) string {
	if s.Sign != nil {
		return s.Sign(claims)
	}
	return Sign(s.key, s.kid, "oda-challenge+jwt", claims)
}

// Sign makes a JWS by ES256.
func Sign(key *ecdsa.PrivateKey, kid, typ string, claims any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	must(err)
	payload, err := json.Marshal(claims)
	must(err)
	jws, err := signer.Sign(payload)
	must(err)
	text, err := jws.CompactSerialize()
	must(err)
	return text
}

func answer(w http.ResponseWriter, status int, body any) {
	kind := "application/json"
	if status >= 400 {
		kind = "application/problem+json"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who has gone misses it
}

// refuse is the one answer for all that is not accepted.
func refuse(w http.ResponseWriter) {
	answer(w, http.StatusBadRequest, map[string]any{"type": "urn:latchkey:device:refused", "title": "The request was not accepted.", "status": 400})
}

func random() string { return strings.ReplaceAll(rand.Text(), "=", "") }

func text(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// bytes is what base64url stands for; nil for what is none.
func bytes(of string) []byte {
	raw, err := base64.RawURLEncoding.DecodeString(of)
	if err != nil {
		return nil
	}
	return raw
}

// must: what a test hands in wrongly is the test's fault.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
