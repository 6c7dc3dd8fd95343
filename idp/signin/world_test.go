package signin_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/mem"
)

const (
	tenantID = "11111111-1111-4111-8111-111111111111"
	otherID  = "22222222-2222-4222-8222-222222222222"
	name     = "anna@contoso.example"
)

var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// world is a tenant with clients and a user, at a time the test sets.
type world struct {
	*testing.T
	store  *storage.Store
	keys   *idp.Keyring
	admin  *admin.Service
	signin *signin.Service
	tap    *watched
	tenant *idp.Tenant
	user   *idp.User
	mu     sync.Mutex
	at     time.Time
}

// watched is the pass method with a look at its calls.
type watched struct {
	idp.Method
	calls atomic.Int64 // answers looked at
	mu    sync.Mutex
	first func() // runs within the next Verify
}

func (m *watched) Verify(ctx context.Context, s idp.Subject, p idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	m.calls.Add(1)
	m.mu.Lock()
	first := m.first
	m.first = nil
	m.mu.Unlock()
	if first != nil {
		first()
	}
	return m.Method.Verify(ctx, s, p, a)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOn(t, mem.New())
}

func onBolt(t *testing.T) storage.Driver {
	t.Helper()
	d, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func worldOn(t *testing.T, d storage.Driver) *world {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	keys = keys.WithCost(idp.Cost{Passes: 1, Memory: 8})
	w := &world{T: t, store: storage.New(d), keys: keys, at: epoch}
	w.tap = &watched{Method: authmethods.All(authmethods.Config{Keys: keys, Passkeys: passkey.Method{}, Mails: true})[0]}
	w.admin = admin.New(w.store, keys, w.now)
	w.signin = signin.New(w.store, keys, []idp.Method{w.tap})
	w.tenant = &idp.Tenant{TenantID: tenantID, Name: "Contoso", Domains: []string{"contoso.example"}, CreatedAt: epoch}
	w.must(w.store.Update(context.Background(), storage.System, func(tx *storage.Tx) error { return tx.Put(w.tenant) }))
	policy := idp.DefaultMethodsPolicy()
	policy.TemporaryAccessPass.Enabled = true
	web := &idp.Client{ClientID: "web", Name: "Web"}
	own := &idp.Client{ClientID: "own", Name: "Own", Trusted: true}
	w.put(policy, web, own)
	w.user = w.newUser(name)
	return w
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
	w.must(w.store.Update(context.Background(), tenantID, func(tx *storage.Tx) (err error) {
		for _, r := range records {
			err = errors.Join(err, tx.Put(r))
		}
		return err
	}))
}

func (w *world) newUser(name string) *idp.User {
	w.Helper()
	u, err := w.admin.CreateUser(context.Background(), admin.Operator("test"), tenantID, idp.User{PrincipalName: name, DisplayName: "Somebody"})
	w.must(err)
	return u
}

// givePass gives a user a pass and answers its code.
func (w *world) givePass(name string, req idp.PassRequest) (*idp.Pass, string) {
	w.Helper()
	info, code, err := w.admin.CreatePass(context.Background(), admin.Operator("test"), tenantID, name, req)
	w.must(err)
	return info.Pass, code
}

func (w *world) oneTime() (*idp.Pass, string) {
	once := true
	return w.givePass(name, idp.PassRequest{Once: &once})
}

func (w *world) change(c admin.PassPolicyChange) {
	w.Helper()
	_, err := w.admin.UpdatePassPolicy(context.Background(), admin.Operator("test"), tenantID, c)
	w.must(err)
}

// view reads from the tenant.
func (w *world) view(fn func(tx *storage.Tx) error) {
	w.Helper()
	w.must(w.store.View(context.Background(), tenantID, fn))
}

func all[T any, P interface {
	*T
	storage.Record
}](w *world) (records []P) {
	w.Helper()
	w.view(func(tx *storage.Tx) (err error) {
		records, _, err = storage.All[T, P](tx, storage.Page{})
		return err
	})
	return records
}

// last is the newest line of the sign-in log.
func (w *world) last() *idp.AuditEvent {
	w.Helper()
	events, _, err := w.admin.Events(context.Background(), admin.Operator("test"), tenantID, idp.SignIns, storage.Page{Limit: 1})
	w.must(err)
	if len(events) == 0 {
		return &idp.AuditEvent{}
	}
	return events[0]
}

// commits is how many commits fn makes.
func (w *world) commits(fn func()) uint64 {
	before := w.store.Commits()
	fn()
	return w.store.Commits() - before
}

// browser keeps cookies.
type browser struct {
	w       *world
	id      string
	session string
	known   string
	address string
}

func (w *world) browser() *browser { return &browser{w: w, id: idp.NewID(), address: "192.0.2.1"} }

func (b *browser) visit() signin.Visit {
	return signin.Visit{
		Now: b.w.now(), Tenant: b.w.tenant, Browser: b.id, Session: b.session, Known: b.known,
		Address: b.address, UserAgent: "test", RequestID: "r1",
	}
}

// request is what a client asks for.
func (w *world) request(client string, change ...func(*idp.AuthRequest)) *idp.AuthRequest {
	r := &idp.AuthRequest{ClientID: client, RedirectURI: "https://app.example/", ResponseType: []string{"code"}, Scopes: []string{"openid", "profile"}, MaxAge: -1}
	for _, c := range change {
		c(r)
	}
	return r
}

func prompt(values ...string) func(*idp.AuthRequest) {
	return func(r *idp.AuthRequest) { r.Prompt = values }
}

func (b *browser) start(r *idp.AuthRequest) signin.Flow {
	return signin.Start(r, "/security-info", b.w.now())
}

// look follows a flow, through its sealed form, as pages do.
func (b *browser) look(f signin.Flow) signin.Outcome {
	b.w.Helper()
	state, err := b.w.signin.Seal(b.visit(), f)
	b.w.must(err)
	f, err = b.w.signin.Open(b.visit(), state)
	b.w.must(err)
	out, err := b.w.signin.Look(context.Background(), b.visit(), f)
	b.w.must(err)
	return out
}

// asked is the flow of a sign-in up to the question for a pass.
func (b *browser) asked(r *idp.AuthRequest, name string) signin.Flow {
	b.w.Helper()
	out := b.look(b.start(r).WithUser(name))
	b.wantStep(out, idp.Ask)
	if out.Prompt.Page != "pass" || out.Flow.Challenge == "" {
		b.w.Fatalf("asked %+v", out)
	}
	return out.Flow
}

// answer sends a code and keeps the cookies that come back.
func (b *browser) answer(f signin.Flow, code string) signin.Outcome {
	b.w.Helper()
	out, err := b.try(f, code)
	b.w.must(err)
	return out
}

func (b *browser) try(f signin.Flow, code string) (signin.Outcome, error) {
	out, err := b.w.signin.Answer(context.Background(), b.visit(), f, idp.Answer{"code": code})
	if out.NewSession != "" {
		b.session = out.NewSession
	}
	if out.NewKnown != "" {
		b.known = out.NewKnown
	}
	return out, err
}

// signIn signs in to the trusted client.
func (b *browser) signIn(code string) signin.Outcome {
	b.w.Helper()
	out := b.answer(b.asked(b.w.request("own"), name), code)
	b.wantStep(out, idp.Issue)
	return out
}

func (b *browser) wantStep(out signin.Outcome, want idp.Step) {
	b.w.Helper()
	if out.Decision.Step != want {
		b.w.Fatalf("step %s %s %d %+v, want %s", out.Decision.Step, out.Decision.Error, out.Decision.STS, out.Problem, want)
	}
}

// told is the number a person is told, 0 for none.
func told(out signin.Outcome) idp.STS {
	if out.Problem == nil {
		return 0
	}
	return out.Problem.Told
}
