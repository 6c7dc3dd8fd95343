package ui

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/gorilla/mux"
	"rsc.io/qr"

	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/jwt"
)

// phones is a server that speaks the device protocol with the app, for as many tenants as it is
// asked for, and holds the app to docs/device-protocol.md: what is not as it says there fails
// the test.
type phones struct {
	*testing.T
	url    string
	key    *ecdsa.PrivateKey // signs challenges
	method passkey.Method
	waker  *idp.Waker

	mu      sync.Mutex
	offers  map[string]*phoneOffer // by token, by code and by id
	devices map[string]*phone      // by thumbprint
	asks    []*phoneAsk
	proofs  map[string]bool   // the jti of each
	broken  func() int        // status to answer those who ask for challenges, if there is one
	forge   *ecdsa.PrivateKey // signs challenges in place of the tenant
}

type phoneOffer struct {
	id, tenant, user, nonce string
	handle                  []byte
	passkey, invited        bool
	swapped                 bool // the server has the key of somebody else
}

type phone struct {
	offer            *phoneOffer
	key              jose.JSONWebKey
	id, name, app    string
	active, passkey  bool
	verifier         idp.AuthenticatorVerifier
	endpoint, former string
}

type phoneAsk struct {
	id, thumbprint, nonce, jws, state, reason string
	mode, right                               string
	tries                                     int
}

func newPhones(t *testing.T) *phones {
	t.Helper()
	p := &phones{T: t, waker: idp.NewWaker(), offers: map[string]*phoneOffer{}, devices: map[string]*phone{}, proofs: map[string]bool{}}
	var err error
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	p.url = strings.Replace("http://"+server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	if p.method, err = passkey.New(p.url, nil); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = p.routes()
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(p.waker.Close) // before the server, which waits for those that it holds
	return p
}

func (p *phones) routes() http.Handler {
	root := mux.NewRouter()
	protocol := root.PathPrefix("/{tenant}").Subrouter()
	for _, route := range []struct {
		method, path string
		answer       func(r *http.Request) (int, any)
	}{
		{"GET", "/v2.0/.well-known/open-authenticator", p.discovery},
		{"GET", "/keys", p.keys},
		{"POST", "/device/enrolments", p.begin},
		{"POST", "/device/enrolments/{id}", p.enrol},
		{"GET", "/device/challenges", p.challenges},
		{"POST", "/device/responses", p.respond},
		{"PUT", "/device/subscription", p.subscribe},
		{"DELETE", "/device/subscription", p.subscribe},
		{"GET", "/device/self", p.self},
		{"DELETE", "/device/self", p.remove},
		{"POST", "/device/rekey", p.rekey},
	} {
		protocol.HandleFunc(route.path, func(w http.ResponseWriter, r *http.Request) {
			status, body := route.answer(r)
			w.Header().Set("Content-Type", "application/json")
			if status == http.StatusServiceUnavailable {
				w.Header().Set("Retry-After", "3600")
			}
			w.WriteHeader(status)
			if status != http.StatusNoContent {
				_ = json.NewEncoder(w).Encode(body) // a reader who has gone away is no fault
			}
		}).Methods(route.method)
	}
	protocol.PathPrefix("/security-info/").HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>Sign in</title><p id="arrived">Enter your pass`)
	})
	protocol.HandleFunc("/qr.png", p.qr)
	site := NewSite(Config{Base: p.url, Renderer: newRenderer(p.T), Log: slog.New(slog.DiscardHandler)})
	site.Routes(root.MatcherFunc(Shared).Subrouter(), mux.NewRouter()) // what belongs to tenants leads nowhere
	return root
}

// qr is a QR code of the text in the query, for the camera.
func (p *phones) qr(w http.ResponseWriter, r *http.Request) {
	code, err := qr.Encode(r.URL.Query().Get("text"), qr.M)
	if err != nil {
		p.Error(err)
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(code.PNG())
}

func (p *phones) issuer(tenant string) string { return p.url + "/" + tenant + "/v2.0" }

func (p *phones) discovery(r *http.Request) (int, any) {
	tenant := mux.Vars(r)["tenant"]
	if tenant == "nowhere.example" {
		return http.StatusNotFound, map[string]any{}
	}
	base := p.url + "/" + tenant
	point, err := p.key.PublicKey.ECDH()
	if err != nil {
		p.Error(err)
	}
	return http.StatusOK, map[string]any{
		"issuer": p.issuer(tenant), "version": 1, "jwks_uri": base + "/keys",
		"enrolment_endpoint": base + "/device/enrolments", "challenge_endpoint": base + "/device/challenges",
		"response_endpoint": base + "/device/responses", "subscription_endpoint": base + "/device/subscription",
		"self_endpoint": base + "/device/self", "rekey_endpoint": base + "/device/rekey",
		"algs": []string{"ES256"}, "uv_methods": []string{"webauthn"}, "modes": []string{"type", "scan", "pick"},
		"rp_id": "localhost", "max_wait": 25,
		"vapid_key": base64.RawURLEncoding.EncodeToString(point.Bytes()),
	}
}

func (p *phones) keys(*http.Request) (int, any) {
	return http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &p.key.PublicKey, KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}
}

// refused is the one answer to all that is not accepted.
func refused() (int, any) {
	return http.StatusBadRequest, map[string]any{"type": "urn:latchkey:device:refused", "title": "The request was not accepted.", "status": 400}
}

// fault is something that the app must not do.
func (p *phones) fault(format string, args ...any) (int, any) {
	p.Errorf("the app: "+format, args...)
	return refused()
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func secret() string { return rand.Text() }

// offer lets a user add a device, by a token or a code.
func (p *phones) offer(secret, tenant, user string) *phoneOffer {
	p.mu.Lock()
	defer p.mu.Unlock()
	nonce := sha256.Sum256([]byte("nonce of " + secret))
	o := &phoneOffer{id: "e-" + secret, tenant: tenant, user: user, nonce: base64.RawURLEncoding.EncodeToString(nonce[:]), handle: []byte("handle of " + user)}
	p.offers[secret], p.offers[o.id] = o, o
	return o
}

func (p *phones) begin(r *http.Request) (int, any) {
	var body struct{ Token, Code, User string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || (body.Token == "") == (body.Code == "") {
		return p.fault("begins with %+v, %v", body, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.offers[body.Token+body.Code]
	if o == nil || body.Code != "" && body.User != o.user {
		return refused()
	}
	delete(p.offers, body.Token+body.Code)
	challenge, _ := base64.RawURLEncoding.DecodeString(o.nonce)
	options, err := p.method.BindingOptions(o.handle, challenge, o.tenant, o.user)
	if err != nil {
		p.Error(err)
	}
	answer := map[string]any{
		"enrol_id": o.id, "nonce": o.nonce, "issuer": p.issuer(o.tenant), "tenant": map[string]string{"id": o.tenant, "name": "Org " + o.tenant},
		"user": map[string]string{"name": o.user, "display_name": "Lee"}, "exp": time.Now().Unix() + 600, "webauthn": json.RawMessage(options),
	}
	if o.passkey {
		answer["passkey"] = json.RawMessage(options)
	}
	return http.StatusOK, answer
}

// verify checks a JWS by the key that there is for its header, and reads it.
func verify(token, typ string, key func(kid string) any, into any) error {
	var claims map[string]any
	h, err := jwt.Verify(token, []string{"ES256"}, func(h jwt.Header) ([]any, error) { return []any{key(h.KeyID)}, nil }, &claims)
	if err != nil {
		return err
	}
	if !h.HasType(typ) {
		return fmt.Errorf("its type is not %s", typ)
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// by is one key for whatever header.
func by(key any) func(string) any { return func(string) any { return key } }

// keyIn is the key that stands in the header of a JWS itself.
func keyIn(token string) (key jose.JSONWebKey, thumbprint string, err error) {
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return key, "", err
	}
	header := parsed.Signatures[0].Protected
	if header.JSONWebKey == nil {
		return key, "", fmt.Errorf("there is no key in %s", token)
	}
	raw, err := header.JSONWebKey.Thumbprint(crypto.SHA256)
	return *header.JSONWebKey, base64.RawURLEncoding.EncodeToString(raw), err
}

func (p *phones) enrol(r *http.Request) (int, any) {
	var body struct {
		Proof   string
		UV      json.RawMessage
		Passkey bool
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return p.fault("enrols with %v", err)
	}
	key, thumbprint, err := keyIn(body.Proof)
	if err != nil {
		return p.fault("%v", err)
	}
	var claims struct {
		Iss, Aud, Nonce, Name, App, Platform, UVH string
		EnrolID                                   string `json:"enrol_id"`
		Iat, Exp                                  int64
	}
	err = verify(body.Proof, "oda-enrol+jwt", by(key.Key), &claims)
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.offers[mux.Vars(r)["id"]]
	if o == nil || err != nil || claims.Iss != thumbprint || claims.Aud != p.issuer(o.tenant) || claims.Nonce != o.nonce || claims.EnrolID != o.id || claims.Exp-claims.Iat > 600 || claims.App != "web/1" {
		return p.fault("the proof of an enrolment: %+v, %v", claims, err)
	}
	var uv struct {
		Response struct {
			AttestationObject string `json:"attestationObject"`
		}
	}
	if err := json.Unmarshal(body.UV, &uv); err != nil {
		return p.fault("%v", err)
	}
	attestation, _ := base64.RawURLEncoding.DecodeString(uv.Response.AttestationObject)
	if claims.UVH != hashOf(attestation) {
		return p.fault("uvh is not the hash of the attestation")
	}
	challenge, _ := base64.RawURLEncoding.DecodeString(o.nonce)
	verifier, err := p.method.Bind(o.handle, challenge, string(body.UV))
	if err != nil {
		return p.fault("%v", err)
	}
	d := &phone{offer: o, key: key, id: "d-" + o.id, name: claims.Name, app: claims.App, active: o.invited, passkey: body.Passkey, verifier: verifier}
	p.devices[thumbprint] = d
	state := "shown"
	if d.active {
		state = "added"
	}
	if o.swapped {
		thumbprint = "another"
	}
	return http.StatusAccepted, map[string]any{"device_id": d.id, "sas": sasOf(o.nonce, thumbprint), "state": state}
}

func sasOf(nonce, thumbprint string) string {
	sum := sha256.Sum256([]byte(nonce + "." + thumbprint))
	return fmt.Sprintf("%04d", binary.BigEndian.Uint32(sum[:4])%10000)
}

// proven is the device that a request has a proof of, and its thumbprint.
func (p *phones) proven(r *http.Request) (*phone, string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.Error(err)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	proof := r.Header.Get("Device-Proof")
	parsed, err := jose.ParseSignedCompact(proof, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		p.Errorf("the app's proof: %v", err)
		return nil, ""
	}
	thumbprint := parsed.Signatures[0].Protected.KeyID
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.devices[thumbprint]
	if d == nil {
		return nil, ""
	}
	var claims struct {
		Htm, Htu, Jti, Bh string
		Iat               int64
	}
	err = verify(proof, "oda-proof+jwt", by(d.key.Key), &claims)
	want := ""
	if len(body) > 0 {
		want = hashOf(body)
	}
	if err != nil || claims.Htm != r.Method || claims.Htu != p.url+r.URL.Path || claims.Bh != want || len(claims.Jti) < 16 || p.proofs[claims.Jti] {
		p.Errorf("the app's proof to %s %s: %+v, %v", r.Method, r.URL, claims, err)
		return nil, ""
	}
	p.proofs[claims.Jti] = true
	return d, thumbprint
}

func (p *phones) self(r *http.Request) (int, any) {
	d, _ := p.proven(r)
	if d == nil {
		return refused()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	state := map[bool]string{true: "active", false: "shown"}[d.active]
	return http.StatusOK, map[string]any{"device_id": d.id, "name": d.name, "state": state}
}

func (p *phones) remove(r *http.Request) (int, any) {
	d, thumbprint := p.proven(r)
	if d == nil {
		return refused()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.devices, thumbprint)
	return http.StatusNoContent, nil
}

func (p *phones) subscribe(r *http.Request) (int, any) {
	d, _ := p.proven(r)
	if d == nil {
		return refused()
	}
	var body struct {
		Endpoint string
		Keys     struct{ P256dh, Auth string }
	}
	if r.Method == http.MethodPut {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Endpoint == "" || body.Keys.Auth == "" {
			return p.fault("subscribes with %+v, %v", body, err)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	d.endpoint = body.Endpoint
	return http.StatusNoContent, nil
}

func (p *phones) rekey(r *http.Request) (int, any) {
	d, thumbprint := p.proven(r)
	if d == nil {
		return refused()
	}
	var body struct {
		Proof string
		UV    json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return p.fault("%v", err)
	}
	key, next, err := keyIn(body.Proof)
	if err != nil {
		return p.fault("%v", err)
	}
	var claims struct{ Iss, Aud, Jti, Old string }
	err = verify(body.Proof, "oda-rekey+jwt", by(key.Key), &claims)
	if err != nil || claims.Iss != next || claims.Old != thumbprint || claims.Aud != p.issuer(mux.Vars(r)["tenant"]) {
		return p.fault("the proof of a new key: %+v, %v", claims, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.holder(d, body.Proof, body.UV); err != nil {
		return p.fault("%v", err)
	}
	delete(p.devices, thumbprint)
	d.key, d.former = key, thumbprint
	p.devices[next] = d
	return http.StatusOK, map[string]any{"device_id": d.id, "thumbprint": next}
}

// holder checks that the holder was verified over exactly what the device has signed.
func (p *phones) holder(d *phone, signed string, assertion json.RawMessage) error {
	challenge := sha256.Sum256([]byte(signed))
	count, _, err := p.method.Verified(d.verifier, challenge[:], string(assertion))
	d.verifier.SignCount = count
	return err
}

// ask sends a request to every active device of a user.
func (p *phones) ask(user, mode, right string) *phoneAsk {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for thumbprint, d := range p.devices {
		if d.offer.user != user || !d.active {
			continue
		}
		a := &phoneAsk{id: secret(), thumbprint: thumbprint, state: "pending", mode: mode, right: right, tries: 3}
		p.challenge(a)
		p.asks = append(p.asks, a)
		p.waker.Wake(thumbprint)
		return a
	}
	p.Fatalf("%s has no device", user)
	return nil
}

// challenge makes the challenge of a request, anew after a wrong answer.
func (p *phones) challenge(a *phoneAsk) {
	d := p.devices[a.thumbprint]
	a.nonce = secret()
	options, err := p.method.AssertionOptions(d.verifier)
	if err != nil {
		p.Error(err)
	}
	ask := map[string]any{"mode": a.mode, "digits": 2, "uv": "required"}
	if a.mode == "pick" {
		ask["choices"] = []string{"07", "41", "93"}
	}
	raw, err := json.Marshal(map[string]any{
		"iss": p.issuer(d.offer.tenant), "aud": a.thumbprint, "sub": d.id, "jti": a.id, "nonce": a.nonce,
		"iat": time.Now().Unix(), "exp": time.Now().Unix() + 120, "purpose": "signin",
		"app":  map[string]string{"name": "Payroll", "origin": "https://payroll.example"},
		"from": map[string]any{"ip": "198.51.100.7", "browser": "Firefox", "os": "Windows", "known_browser": false, "same_network": true},
		"ask":  ask, "tries_left": a.tries, "webauthn": json.RawMessage(options),
	})
	if err != nil {
		p.Error(err)
	}
	key := p.key
	if p.forge != nil {
		key = p.forge
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, (&jose.SignerOptions{}).WithType("oda-challenge+jwt"))
	if err != nil {
		p.Error(err)
		return
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		p.Error(err)
		return
	}
	if a.jws, err = signed.CompactSerialize(); err != nil {
		p.Error(err)
	}
}

func (p *phones) breaks(status func() int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = status
}

func (p *phones) challenges(r *http.Request) (int, any) {
	d, thumbprint := p.proven(r)
	p.mu.Lock()
	broken := p.broken
	p.mu.Unlock()
	if broken != nil {
		return broken(), map[string]any{}
	}
	if d == nil {
		return refused()
	}
	woken, stop := p.waker.Wait(thumbprint)
	defer stop()
	seconds, _ := strconv.Atoi(r.URL.Query().Get("wait"))
	held, cancel := context.WithTimeout(r.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	list := p.pending(thumbprint)
	for len(list) == 0 && held.Err() == nil && !p.waker.Closed() {
		select {
		case <-woken:
		case <-held.Done():
		}
		if list = p.pending(thumbprint); list == nil {
			return refused()
		}
	}
	return http.StatusOK, map[string]any{"challenges": list, "server_time": time.Now().Unix()}
}

// pending are the challenges that wait for a device; nil: it has been removed.
func (p *phones) pending(thumbprint string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.devices[thumbprint] == nil {
		return nil
	}
	list := []string{}
	for _, a := range p.asks {
		if a.thumbprint == thumbprint && a.state == "pending" {
			list = append(list, a.jws)
		}
	}
	return list
}

func (p *phones) respond(r *http.Request) (int, any) {
	var body struct {
		Response string
		UV       json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return p.fault("%v", err)
	}
	var claims struct {
		Iss, Aud, Jti, Txn, Ch, Nonce, App, Decision, Reason, Number, Choice, Scan string
		Iat, Exp                                                                   int64
	}
	var d *phone
	p.mu.Lock()
	defer p.mu.Unlock()
	err := verify(body.Response, "oda-response+jwt", func(kid string) any {
		if d = p.devices[kid]; d == nil {
			return nil
		}
		return d.key.Key
	}, &claims)
	if err != nil || claims.Aud != p.issuer(d.offer.tenant) || claims.Exp-claims.Iat > 60 || claims.Jti == "" {
		return p.fault("a response: %+v, %v", claims, err)
	}
	for _, a := range p.asks {
		if a.id == claims.Txn && a.thumbprint == claims.Iss {
			if a.state != "pending" {
				return http.StatusConflict, map[string]any{"type": "urn:latchkey:device:ended", "state": a.state}
			}
			if claims.Ch != hashOf([]byte(a.jws)) || claims.Nonce != a.nonce || claims.App != "Payroll" {
				return p.fault("answers another challenge: %+v", claims)
			}
			return p.decide(a, d, claims.Decision, claims.Reason, claims.Number+claims.Choice+claims.Scan, body.Response, body.UV)
		}
	}
	return p.fault("answers what nobody asked: %+v", claims)
}

func (p *phones) decide(a *phoneAsk, d *phone, decision, reason, answer, response string, uv json.RawMessage) (int, any) {
	if decision == "deny" {
		if len(uv) > 0 || answer != "" {
			return p.fault("denies with %s %q", uv, answer)
		}
		a.state, a.reason = "denied", reason
		return http.StatusOK, map[string]any{"state": a.state}
	}
	if err := p.holder(d, response, uv); err != nil {
		return p.fault("%v", err)
	}
	if answer == a.right {
		a.state = "approved"
		return http.StatusOK, map[string]any{"state": a.state}
	}
	if a.tries--; a.tries == 0 || a.mode == "pick" {
		a.state = "locked"
	} else {
		p.challenge(a)
	}
	return http.StatusForbidden, map[string]any{"type": "urn:latchkey:device:wrong-number", "state": a.state, "tries_left": a.tries}
}

// confirm has the person confirm the number, on the screen where they began.
func (p *phones) confirm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.devices {
		d.active = true
	}
}

// look reads something of what the server knows.
func look[T any](p *phones, what func() T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return what()
}
