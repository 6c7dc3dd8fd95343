package device_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/device"
	"latchkey/idp/outbound"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
	"latchkey/storage/mem"
)

const (
	base = "https://login.example"
	anna = "anna@contoso.example"
)

var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// world is a deployment with a tenant and a user, at a time the test sets.
type world struct {
	testing.TB
	driver  storage.Driver
	store   *storage.Store
	keys    *idp.Keyring
	admin   *admin.Service
	signin  *signin.Service
	handler http.Handler
	service *device.Service
	waker   *idp.Waker
	tenant  *idp.Tenant
	user    *idp.User
	mu      sync.Mutex
	at      time.Time
	said    bytes.Buffer // the log
}

// Write takes a line of the log.
func (w *world) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.Write(line)
}

// log is what was logged since the last look.
func (w *world) log() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.said.Reset()
	return w.said.String()
}

func newWorld(t testing.TB) *world {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	driver := mem.New()
	w := &world{TB: t, driver: driver, store: storage.New(driver), keys: keys.WithCost(idp.Cost{Passes: 1, Memory: 8}), at: epoch, waker: idp.NewWaker()}
	passkeys, err := passkey.New(base, nil)
	w.must(err)
	w.admin = admin.New(w.store, w.keys, w.now)
	methods := authmethods.All(authmethods.Config{Keys: w.keys, Passkeys: passkeys, Base: base})
	w.signin = signin.New(w.store, w.keys, methods)
	w.service = device.New(device.Config{
		Base: base, Store: w.store, Keys: w.keys, Verifier: passkeys, Passkeys: passkeys, Waker: w.waker,
		Calls: outbound.New(outbound.Config{}), Now: w.now, Log: slog.New(slog.NewJSONHandler(w, nil)),
	})
	w.signin.WithRequests(w.waker, w.service.Notify)
	w.handler = w.route()
	w.tenant = &idp.Tenant{TenantID: idp.NewID(), Name: "Contoso", Domains: []string{"contoso.example"}, CreatedAt: epoch}
	w.must(w.storeTenant())
	key, err := idp.NewSigningKey(w.keys, w.tenant.TenantID, "ES256", epoch, epoch) // one of RSA would take its time
	w.must(err)
	w.put(key)
	w.put(&idp.Client{ClientID: "web", Name: "Payroll", Trusted: true})
	w.policy(func(p *idp.MethodsPolicy) {
		p.Authenticator.Enabled, p.TemporaryAccessPass.Enabled = true, true
	})
	w.user = w.newUser(anna)
	return w
}

// route is the endpoints as the server has them.
func (w *world) route() http.Handler {
	root := mux.NewRouter().SkipClean(true)
	tenants := web.NewTenants(w.store)
	root.Use(tenants.Enter(func(r *http.Request) string { return mux.Vars(r)["tenant"] }, w.service.Refuse, w.service.Failed))
	root.NotFoundHandler = http.HandlerFunc(w.service.Refuse)
	w.service.Routes(root)
	return web.Entry{Now: w.now, Log: slog.New(slog.DiscardHandler), Panicked: func(_ http.ResponseWriter, r *http.Request) {
		w.Errorf("%s %s panicked", r.Method, r.URL.Path)
	}, TooLarge: w.service.Refuse}.Enter(root)
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) put(records ...storage.Record) {
	w.Helper()
	w.must(w.store.Update(context.Background(), w.tenant.TenantID, func(tx *storage.Tx) (err error) {
		for _, r := range records {
			err = errors.Join(err, tx.Put(r))
		}
		return err
	}))
}

// policy changes the policy.
func (w *world) policy(change func(*idp.MethodsPolicy)) {
	w.Helper()
	w.must(w.store.Update(context.Background(), w.tenant.TenantID, func(tx *storage.Tx) error {
		p, err := idp.LoadMethodsPolicy(tx)
		if err != nil {
			return err
		}
		change(p)
		return tx.Put(p)
	}))
}

// storeTenant stores the tenant as it is.
func (w *world) storeTenant() error {
	return w.store.Update(context.Background(), storage.System, func(tx *storage.Tx) error { return tx.Put(w.tenant) })
}

func (w *world) newUser(name string) *idp.User {
	w.Helper()
	u, err := w.admin.CreateUser(context.Background(), admin.Operator("test"), w.tenant.TenantID, idp.User{PrincipalName: name, DisplayName: "Somebody"})
	w.must(err)
	return u
}

func (w *world) disable(u *idp.User) {
	w.Helper()
	u = only(w, u)
	u.Disabled = true
	w.put(u)
}

// only reads a record anew.
func only[T any, P interface {
	*T
	storage.Record
}](w *world, r P) (now P) {
	w.Helper()
	w.must(w.store.View(context.Background(), w.tenant.TenantID, func(tx *storage.Tx) (err error) {
		now, err = storage.Get[T, P](tx, r.ID())
		return err
	}))
	return now
}

// all reads every record of a kind.
func all[T any, P interface {
	*T
	storage.Record
}](w *world) (records []P) {
	w.Helper()
	w.must(w.store.View(context.Background(), w.tenant.TenantID, func(tx *storage.Tx) (err error) {
		records, _, err = storage.All[T, P](tx, storage.Page{})
		return err
	}))
	return records
}

// dump is everything that is stored.
func (w *world) dump() string {
	w.Helper()
	var all strings.Builder
	partitions, err := w.driver.Tenants(context.Background())
	w.must(err)
	slices.Sort(partitions)
	for _, one := range partitions {
		w.must(w.driver.View(context.Background(), one, func(kv storage.KV) error {
			return kv.Scan(storage.Range{}, func(key, value []byte) bool {
				fmt.Fprintf(&all, "%s %q %q\n", one, key, value)
				return true
			})
		}))
	}
	return all.String()
}

// invited is a browser in which anna is signed in, and the invitation of a device that she
// has begun there.
func (w *world) invited() (b *browser, e *idp.AuthenticatorEnrolment, token string) {
	w.Helper()
	b = w.browser("192.0.2.1")
	b.signInByPass(anna, idp.PassRequest{})
	e, token, _, err := w.signin.InviteDevice(context.Background(), b.visit())
	w.must(err)
	return b, e, token
}

// url is an endpoint of the tenant.
func (w *world) url(path string) string { return base + "/" + w.tenant.TenantID + "/device/v1" + path }

// call sends a request with a proof of a device, "" for none.
func (w *world) call(method, url, proof string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, bytes.NewReader(body))
	if len(body) == 0 {
		r = httptest.NewRequest(method, url, nil)
	}
	if proof != "" {
		r.Header.Set("Device-Proof", proof)
	}
	r.RemoteAddr = "203.0.113.7:40000"
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// claims are those of a JWT.
type claims map[string]any

// phone is a device in somebody's hand, which can say anything.
type phone struct {
	w        *world
	key      *ecdsa.PrivateKey
	verifier *passkeytest.Key
	count    uint32 // of the verifier; 0: it does not count
	app      string
	id       string
}

func (w *world) newPhone() *phone {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	return &phone{w: w, key: key, verifier: passkeytest.New(passkeytest.ES256), app: "web/1"}
}

func (p *phone) thumbprint() string {
	print, err := device.Thumbprint(&p.key.PublicKey)
	p.w.must(err)
	return print
}

// jwk is the public key.
func (p *phone) jwk() map[string]any {
	point, err := p.key.PublicKey.Bytes()
	p.w.must(err)
	return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func hash(raw []byte) string {
	sum := sha256.Sum256(raw)
	return b64(sum[:])
}

// sign makes a JWS with any header.
func (p *phone) sign(header map[string]any, payload any) string {
	h, err := json.Marshal(header)
	p.w.must(err)
	c, err := json.Marshal(payload)
	p.w.must(err)
	over := b64(h) + "." + b64(c)
	sum := sha256.Sum256([]byte(over))
	r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:])
	p.w.must(err)
	sig := make([]byte, 64)
	return over + "." + b64(append(r.FillBytes(sig[:32]), s.FillBytes(sig[32:])...)[:64])
}

func (p *phone) header(typ string) map[string]any {
	return map[string]any{"alg": "ES256", "typ": typ, "kid": p.thumbprint()}
}

func random() string {
	b := make([]byte, 16)
	rand.Read(b)
	return b64(b)
}

// proof is a Device-Proof.
func (p *phone) proof(method, url string, body []byte, change ...func(claims)) string {
	url, _, _ = strings.Cut(url, "?")
	c := claims{"htm": method, "htu": url, "jti": random(), "iat": p.w.now().Unix()}
	if len(body) > 0 {
		c["bh"] = hash(body)
	}
	for _, f := range change {
		f(c)
	}
	return p.sign(p.header("oda-proof+jwt"), c)
}

// send makes a proved request.
func (p *phone) send(method, path string, body []byte) *httptest.ResponseRecorder {
	return p.w.call(method, p.w.url(path), p.proof(method, p.w.url(path), body), body)
}

// offered is the answer to who begins an enrolment.
type offered struct {
	ID       string          `json:"enrol_id"`
	Nonce    string          `json:"nonce"`
	Issuer   string          `json:"issuer"`
	WebAuthn json.RawMessage `json:"webauthn"`
	Passkey  json.RawMessage `json:"passkey"`
}

// begin begins to enrol by a token.
func (w *world) begin(token string) (o offered) {
	w.Helper()
	w.reads(w.call("POST", w.url("/enrolments"), "", encode(claims{"token": token})), http.StatusOK, &o)
	return o
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// reads reads an answer of a status.
func (w *world) reads(rec *httptest.ResponseRecorder, status int, into any) {
	w.Helper()
	if rec.Code != status {
		w.Fatalf("%d %s, want %d; log: %s", rec.Code, rec.Body, status, w.log())
	}
	if into != nil {
		w.must(json.Unmarshal(rec.Body.Bytes(), into))
	}
}

// show is what a device sends to be added.
func (p *phone) show(o offered, change ...func(header map[string]any, c claims, out claims)) []byte {
	options, isPasskey := o.WebAuthn, false
	uv := p.verifier.Create(string(options))
	var made struct {
		Response struct {
			Object string `json:"attestationObject"`
		} `json:"response"`
	}
	p.w.must(json.Unmarshal([]byte(uv), &made))
	object, err := base64.RawURLEncoding.DecodeString(made.Response.Object)
	p.w.must(err)
	now := p.w.now().Unix()
	h := map[string]any{"alg": "ES256", "typ": "oda-enrol+jwt", "jwk": p.jwk()}
	c := claims{
		"iss": p.thumbprint(), "aud": o.Issuer, "enrol_id": o.ID, "nonce": o.Nonce, "iat": now, "exp": now + 300,
		"name": "Anna's phone", "app": p.app, "platform": "Android", "uvh": hash(object),
	}
	out := claims{"uv": json.RawMessage(uv), "passkey": isPasskey}
	for _, f := range change {
		f(h, c, out)
	}
	out["proof"] = p.sign(h, c)
	return encode(out)
}

// enrol adds the phone to somebody by an operator's invitation.
func (p *phone) enrol(name string) *phone {
	p.w.Helper()
	in, err := p.w.admin.InviteAuthenticator(context.Background(), admin.Operator("test"), p.w.tenant.TenantID, name)
	p.w.must(err)
	o := p.w.begin(in.Token)
	var done struct {
		ID string `json:"device_id"`
	}
	p.w.reads(p.w.call("POST", p.w.url("/enrolments/"+o.ID), "", p.show(o)), http.StatusAccepted, &done)
	p.id = done.ID
	return p
}

// phone is one that the user holds.
func (w *world) phone() *phone {
	w.Helper()
	return w.newPhone().enrol(anna)
}

// fetch is what waits for the phone.
func (p *phone) fetch() []string {
	p.w.Helper()
	var out struct {
		Challenges []string `json:"challenges"`
	}
	p.w.reads(p.send("GET", "/challenges", nil), http.StatusOK, &out)
	return out.Challenges
}

// challenge is what a device reads of a challenge.
type challenge struct {
	Issuer   string          `json:"iss"`
	ID       string          `json:"jti"`
	Nonce    string          `json:"nonce"`
	WebAuthn json.RawMessage `json:"webauthn"`
	App      struct {
		Name string `json:"name"`
	} `json:"app"`
	Ask struct {
		Mode    string   `json:"mode"`
		Choices []string `json:"choices"`
	} `json:"ask"`
}

func (w *world) read(jws string) (c challenge) {
	w.Helper()
	parts := strings.Split(jws, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	w.must(err)
	w.must(json.Unmarshal(raw, &c))
	return c
}

// answering is the response to a challenge; change edits its parts before they are signed.
func (p *phone) answering(jws, number string, change ...func(header map[string]any, c claims)) []byte {
	q, now := p.w.read(jws), p.w.now().Unix()
	h := p.header("oda-response+jwt")
	c := claims{
		"iss": p.thumbprint(), "aud": q.Issuer, "jti": random(), "iat": now, "exp": now + 60, "txn": q.ID, "ch": hash([]byte(jws)),
		"nonce": q.Nonce, "app": q.App.Name, "decision": "approve", "uv": map[string]string{"method": "webauthn"},
	}
	c[map[string]string{"type": "number", "pick": "choice", "scan": "scan"}[q.Ask.Mode]] = number
	for _, f := range change {
		f(h, c)
	}
	response := p.sign(h, c)
	return encode(claims{"response": response, "uv": json.RawMessage(p.verify(response))})
}

// verify has the holder verified over what was signed.
func (p *phone) verify(signed string) string {
	sum := sha256.Sum256([]byte(signed))
	if p.count > 0 {
		p.count++
	}
	return p.verifier.Get(string(encode(claims{"challenge": b64(sum[:])})), passkeytest.Counted(p.count))
}

// respond sends a response.
func (w *world) respond(body []byte) *httptest.ResponseRecorder {
	return w.call("POST", w.url("/responses"), "", body)
}

func deny(reason string) func(map[string]any, claims) {
	return func(_ map[string]any, c claims) {
		c["decision"], c["reason"] = "deny", reason
		delete(c, "number")
	}
}

// state is the state that an answer tells of.
func (w *world) state(rec *httptest.ResponseRecorder) string {
	w.Helper()
	var out struct {
		State string `json:"state"`
	}
	w.must(json.Unmarshal(rec.Body.Bytes(), &out))
	return fmt.Sprintf("%d %s", rec.Code, out.State)
}

// browser keeps cookies.
type browser struct {
	w                           *world
	id, session, known, address string
}

func (w *world) browser(address string) *browser {
	return &browser{w: w, id: idp.NewID(), address: address}
}

func (b *browser) visit() signin.Visit {
	return signin.Visit{
		Now: b.w.now(), Tenant: b.w.tenant, Browser: b.id, Session: b.session, Known: b.known,
		Address: b.address, UserAgent: "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", RequestID: "r1",
	}
}

// look follows a flow.
func (b *browser) look(f signin.Flow) signin.Outcome {
	b.w.Helper()
	out, err := b.w.signin.Look(context.Background(), b.visit(), f)
	b.w.must(err)
	return out
}

// at is a flow up to the page from which a request is sent.
func (b *browser) at(name string) signin.Outcome {
	b.w.Helper()
	f := signin.Start(&idp.AuthRequest{ClientID: "web", RedirectURI: "https://app.example/", ResponseType: []string{"code"}, Scopes: []string{"openid"}, MaxAge: -1}, "", b.w.now())
	return b.look(f.WithUser(name).WithMethod(idp.AuthenticatorMethod))
}

// ask has somebody asked on their devices; the outcome is that of the page.
func (b *browser) ask(name string, mode idp.AskMode) signin.Outcome {
	b.w.Helper()
	return b.again(b.at(name).Flow, mode)
}

// again is ask from where a flow stands.
func (b *browser) again(f signin.Flow, mode idp.AskMode) signin.Outcome {
	b.w.Helper()
	out, err := b.w.signin.Send(context.Background(), b.visit(), f, mode)
	b.w.must(err)
	if out.Problem != nil {
		return out
	}
	return b.look(out.Flow)
}

// number is what the page shows.
func number(out signin.Outcome) string { return out.Prompt.Fields["secret"] }

// finish goes on from the page.
func (b *browser) finish(f signin.Flow) signin.Outcome {
	b.w.Helper()
	out, err := b.w.signin.Answer(context.Background(), b.visit(), f, idp.Answer{})
	b.w.must(err)
	b.keep(out)
	return out
}

func (b *browser) keep(out signin.Outcome) {
	if out.NewSession != "" {
		b.session = out.NewSession
	}
	if out.NewKnown != "" {
		b.known = out.NewKnown
	}
}

// signIn signs in by a phone.
func (b *browser) signIn(p *phone) signin.Outcome {
	b.w.Helper()
	page := b.ask(anna, "")
	b.w.reads(b.w.respond(p.answering(p.fetch()[0], number(page))), http.StatusOK, nil)
	return b.finish(page.Flow)
}

// signInByPass signs in by a pass, which is a proof of more than one factor.
func (b *browser) signInByPass(name string, req idp.PassRequest) {
	b.w.Helper()
	_, code, err := b.w.admin.CreatePass(context.Background(), admin.Operator("test"), b.w.tenant.TenantID, name, req)
	b.w.must(err)
	f := signin.Start(nil, "/security-info", b.w.now()).WithUser(name).WithMethod(idp.TemporaryAccessPass)
	out, err := b.w.signin.Answer(context.Background(), b.visit(), b.look(f).Flow, idp.Answer{"code": code})
	b.w.must(err)
	b.keep(out)
	if b.session == "" {
		b.w.Fatalf("no session: %+v", out.Problem)
	}
}

// text is what a problem tells, "" for none.
func text(p *signin.Problem) string {
	if p == nil {
		return ""
	}
	return p.Text
}

func decode(from []byte, into any) error { return json.Unmarshal(from, into) }

func raw(text string) json.RawMessage { return json.RawMessage(text) }

func unb64(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }
