package admin_test

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

func TestCreatePass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	info, secret, err := w.admin.CreatePass(w.ctx, op, "CONTOSO.example", "Anna@contoso.example", idp.PassRequest{Lifetime: 90, Reason: "first day"})
	w.must(err)
	p := info.Pass
	if info.User.UserID != w.user.UserID || info.Reason != idp.EnabledByPolicy || p.Lifetime != 90*time.Minute || p.CreatedBy != "otto" || p.Reason != "first day" || !p.StartsAt.Equal(w.now()) {
		t.Errorf("%+v", info)
	}
	if len(secret) != 9 || !w.keys.Verify(get[idp.Pass](w, p.PassID).Verifier, tenantID, w.user.UserID, "pass", p.PassID, idp.CanonicalPassCode(secret)) {
		t.Errorf("the stored pass does not take %q", secret)
	}
	w.wantEvent(op.Party, userParty(w.user), "Admin registered security info", "UserManagement", "Authentication Methods", "Admin registered temporary access pass method for user")

	read, err := w.admin.Pass(w.ctx, op, tenantID, name)
	w.must(err)
	if read.Pass.PassID != p.PassID || read.Reason != idp.EnabledByPolicy || read.User.UserID != w.user.UserID {
		t.Errorf("%+v", read)
	}
	w.pass(90*time.Minute - 1)
	if read, _ = w.admin.Pass(w.ctx, op, tenantID, name); read.Reason != idp.EnabledByPolicy {
		t.Errorf("a moment before its end: %s", read.Reason)
	}
	w.pass(1)
	if read, _ = w.admin.Pass(w.ctx, op, tenantID, name); read.Reason != idp.Expired {
		t.Errorf("at its end: %s", read.Reason)
	}
	w.wantMails()
	w.hasMail(w.user)
	later, _ := w.givePass(name, idp.PassRequest{StartsAt: w.now().Add(time.Hour), Actor: "Graph"})
	if read, _ = w.admin.Pass(w.ctx, op, tenantID, name); read.Reason != idp.NotYetValid || read.Pass.PassID != later.PassID || later.CreatedBy != "Graph" {
		t.Errorf("%+v", read)
	}
	w.wantMails("private@mail.example: pass-given temporaryAccessPass ")
}

func TestPassErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "gast@fabrikam.example", DisplayName: "Gast", Type: idp.ExternalGuest})
	w.must(err)
	internal, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "lea@contoso.example", DisplayName: "Lea", Type: idp.InternalGuest})
	w.must(err)
	create := func(actor idp.Actor, tenant, name string, req idp.PassRequest) func() error {
		return func() error {
			info, secret, err := w.admin.CreatePass(w.ctx, actor, tenant, name, req)
			if err != nil && (secret != "" || info.Pass != nil) {
				t.Errorf("%q comes with %v", secret, err)
			}
			return err
		}
	}
	self := idp.Person(tenantID, w.user)
	w.wantError("tenant", idp.NotFound, `There is no tenant "fabrikam.example".`, create(op, "fabrikam.example", name, idp.PassRequest{}))
	w.wantError("user", idp.NotFound, `There is no user "bob@contoso.example".`, create(op, tenantID, "bob@contoso.example", idp.PassRequest{}))
	w.wantError("self", idp.Forbidden, "Self-service operations are currently not supported for user "+w.user.UserID+".", create(self, tenantID, name, idp.PassRequest{}))
	w.wantError("external guest", idp.Invalid, "Temporary Access Pass cannot be added to an external guest user.", create(op, tenantID, guest.UserID, idp.PassRequest{}))
	w.wantError("lifetime", idp.Invalid, "Invalid LifetimeInMinutes specified. The valid range between 60 and 480.", create(op, tenantID, name, idp.PassRequest{Lifetime: 59}))
	w.wantError("lifetime", idp.Invalid, "Invalid LifetimeInMinutes specified. The valid range between 60 and 480.", create(op, tenantID, name, idp.PassRequest{Lifetime: 481}))
	w.wantError("no pass", idp.NotFound, name+" has no Temporary Access Pass.", func() error { _, err := w.admin.Pass(w.ctx, op, tenantID, name); return err })
	w.wantError("no pass", idp.NotFound, name+" has no Temporary Access Pass.", func() error { return w.admin.DeletePass(w.ctx, op, tenantID, name, "") })
	w.wantError("no user", idp.NotFound, `There is no user "x".`, func() error { return w.admin.DeletePass(w.ctx, op, tenantID, "x", "") })

	w.must(create(op, tenantID, internal.PrincipalName, idp.PassRequest{})())
	internal.Roles = []string{idp.AuthenticationAdministrator}
	w.put(internal)
	w.must(create(idp.Person(tenantID, internal), tenantID, name, idp.PassRequest{})()) // an administrator, not oneself
	no := false
	w.change(admin.PassPolicyChange{Enabled: &no})
	w.wantError("policy off", idp.Invalid, "Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass].", create(op, tenantID, name, idp.PassRequest{}))
	info, err := w.admin.Pass(w.ctx, op, tenantID, name)
	if err != nil || info.Reason != idp.DisabledByPolicy {
		t.Errorf("%+v, %v", info, err)
	}
	w.wantError("another pass", idp.NotFound, name+` has no pass "x".`, func() error { return w.admin.DeletePass(w.ctx, op, tenantID, name, "x") })
}

// TestCreatePassParallel is A5: of 50 passes created at once for one user exactly one
// is left, and only its secret is right.
func TestCreatePassParallel(t *testing.T) {
	t.Parallel()
	for store, open := range map[string]func(*testing.T) storage.Driver{"mem": func(*testing.T) storage.Driver { return mem.New() }, "bolt": onBolt} {
		t.Run(store, func(t *testing.T) {
			w := worldOn(t, open(t))
			var secrets sync.Map
			var all50 sync.WaitGroup
			for range 50 {
				all50.Go(func() {
					info, secret, err := w.admin.CreatePass(w.ctx, op, tenantID, name, idp.PassRequest{})
					if err != nil {
						t.Error(err)
						return
					}
					secrets.Store(secret, info.Pass.PassID)
				})
			}
			all50.Wait()
			passes := all[idp.Pass](w)
			if len(passes) != 1 {
				t.Fatalf("%d passes", len(passes))
			}
			live, given := 0, 0
			secrets.Range(func(secret, id any) bool {
				given++
				p := passes[0]
				if w.keys.Verify(p.Verifier, tenantID, w.user.UserID, p.Kind(), p.PassID, idp.CanonicalPassCode(secret.(string))) {
					live++
					if id != p.PassID {
						t.Errorf("the secret of %s opens %s", id, p.PassID)
					}
				}
				return true
			})
			if live != 1 || given != 50 {
				t.Errorf("%d secrets given, %d are right", given, live)
			}
			t.Logf("A5: 50 passes at once: %d live", live)
		})
	}
}

// resting stores a session on the credentials and a grant of it.
func (w *world) resting(user string, credentials ...string) (*idp.Session, *idp.Grant) {
	w.Helper()
	s := &idp.Session{SessionID: idp.NewID(), UserID: user, Secret: idp.NewID(), CreatedAt: w.now(), NotAfter: w.now().Add(time.Hour)}
	for _, id := range credentials {
		s.Proofs = append(s.Proofs, idp.Proof{Method: idp.TemporaryAccessPass, Credential: id, At: w.now()})
	}
	g := idp.NewGrant(s, &idp.AuthRequest{ClientID: "web", Scopes: []string{idp.ScopeOffline}}, w.now())
	w.put(s, g)
	return s, g
}

// TestPassEnds: replacing and deleting a pass, and deleting its user, end what came
// from it at once, and nothing else.
func TestPassEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		end  func(w *world)
		gone bool // the user is
	}{
		{"replaced", func(w *world) { w.givePass(name, idp.PassRequest{}) }, false},
		{"deleted", func(w *world) { w.must(w.admin.DeletePass(w.ctx, op, tenantID, name, "")) }, false},
		{"replaced after its end", func(w *world) { w.pass(59 * time.Minute); w.givePass(name, idp.PassRequest{}) }, false},
		{"user deleted", func(w *world) { w.must(w.admin.DeleteUser(w.ctx, op, tenantID, name)) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			p, _ := w.givePass(name, idp.PassRequest{})
			bob := w.newUser("bob@contoso.example")
			bobs, _ := w.givePass(bob.PrincipalName, idp.PassRequest{})
			s, g := w.resting(w.user.UserID, p.PassID)
			both, bothGrant := w.resting(w.user.UserID, "passkey", p.PassID)
			other, otherGrant := w.resting(w.user.UserID, "passkey")
			bobSession, bobGrant := w.resting(bob.UserID, bobs.PassID)
			w.pass(time.Minute)
			c.end(w)
			u := w.user
			if c.gone {
				u = nil
			}
			for i, x := range []struct {
				s    *idp.Session
				g    *idp.Grant
				u    *idp.User
				ends bool
			}{{s, g, u, true}, {both, bothGrant, u, true}, {other, otherGrant, u, false}, {bobSession, bobGrant, bob, false}} {
				s, g := get[idp.Session](w, x.s.SessionID), get[idp.Grant](w, x.g.GrantID)
				if s.EndedAt.IsZero() == x.ends || g.RevokedAt.IsZero() == x.ends || x.ends && (s.EndedAs != idp.PassNotFound || g.RevokedAs != idp.PassNotFound) {
					t.Errorf("%d: session %+v\ngrant %+v", i, s, g)
				}
				if live := s.Live(x.u, w.now()) || g.Check(x.u, w.now()) == 0; live != (x.u != nil && !x.ends) {
					t.Errorf("%d: live %t", i, live)
				}
			}
			if slices.ContainsFunc(all[idp.Pass](w), func(q *idp.Pass) bool { return q.PassID == p.PassID }) {
				t.Error("the pass is still there")
			}
		})
	}
}

func TestDeletePass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, _ := w.givePass(name, idp.PassRequest{})
	w.pass(time.Minute)
	w.must(w.admin.DeletePass(w.ctx, op, tenantID, name, p.PassID))
	w.wantEvent(op.Party, userParty(w.user), "Admin deleted security info", "UserManagement", "Authentication Methods", "Admin deleted temporary access pass method for user")
	w.givePass(name, idp.PassRequest{})
	w.pass(time.Minute)
	self := userParty(w.user)
	w.must(w.admin.DeletePass(w.ctx, idp.Person(tenantID, w.user), tenantID, w.user.UserID, ""))
	w.wantEvent(self, self, "User deleted security info", "UserManagement", "Authentication Methods", "User deleted temporary access pass method")
	if n := len(all[idp.Pass](w)); n != 0 {
		t.Errorf("%d passes", n)
	}
}

// TestPassOfUserWhoIsGone: what a new pass rests on may change while its verifier is
// made; then it is not stored.
func TestPassOfUserWhoIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := 0
	w.admin = admin.New(w.store, w.keys, func() time.Time { // read once the tenant is found
		if asked++; asked == 1 {
			other := admin.New(w.store, w.keys, w.now)
			w.must(other.DeleteUser(w.ctx, op, tenantID, name))
		}
		return w.now()
	})
	_, secret, err := w.admin.CreatePass(w.ctx, op, tenantID, name, idp.PassRequest{})
	if idp.ErrorCode(err) != idp.NotFound || secret != "" || len(all[idp.Pass](w)) != 0 {
		t.Errorf("%q, %v", secret, err)
	}
}

// TestPassOfPolicyThatIsGone: a pass is like the policy that holds when it is stored,
// or it is not stored.
func TestPassOfPolicyThatIsGone(t *testing.T) {
	t.Parallel()
	d := &storetest.Interrupted{Driver: mem.New()}
	w := worldOn(t, d)
	w.change(admin.PassPolicyChange{DefaultLifetime: new(480)})
	d.First = func() {
		w.change(admin.PassPolicyChange{DefaultLifetime: new(60), MaximumLifetime: new(60), Once: new(true), Length: new(20)})
	}
	_, secret, err := w.admin.CreatePass(w.ctx, op, tenantID, name, idp.PassRequest{})
	if idp.ErrorCode(err) != idp.Conflict || err.Error() != "The policy was changed, or the approval used, meanwhile. Try again." || secret != "" || len(all[idp.Pass](w)) != 0 {
		t.Errorf("%q, %v, stored %d", secret, err, len(all[idp.Pass](w)))
	}
	p, secret := w.givePass(name, idp.PassRequest{})
	if p.Lifetime != time.Hour || !p.Once || len(idp.CanonicalPassCode(secret)) != 20 {
		t.Errorf("tried again: %+v, %q", p, secret)
	}
}

// TestPassReasonIsAudited: why a pass was given stands in the audit log, and the
// code does not.
func TestPassReasonIsAudited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, reason := range []string{"lost her phone, ticket 4711", ""} {
		w.givePass(name, idp.PassRequest{Reason: reason})
		events, _, err := w.admin.Events(w.ctx, op, tenantID, idp.Directory, storage.Page{Limit: 1})
		w.must(err)
		if got := events[0].Details; got["reason"] != reason || len(got) != len(strings.Fields(reason))/5 {
			t.Errorf("%q: %v", reason, got)
		}
	}
}

func TestPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		w.newUser(n + "@contoso.example")
		w.givePass(n+"@contoso.example", idp.PassRequest{})
	}
	seen := map[string]bool{}
	page := storage.Page{Limit: 2}
	for range 3 {
		infos, next, err := w.admin.Passes(w.ctx, op, tenantID, page)
		w.must(err)
		for _, i := range infos {
			if i.Pass.UserID != i.User.UserID || i.Reason != idp.EnabledByPolicy {
				t.Errorf("%+v", i)
			}
			seen[i.User.PrincipalName[:1]] = true
		}
		page.After = next
	}
	if page.After != "" || len(seen) != 5 {
		t.Errorf("saw %v, next %q", seen, page.After)
	}
	if _, _, err := w.admin.Passes(w.ctx, op, "x", storage.Page{}); idp.ErrorCode(err) != idp.NotFound {
		t.Error(err)
	}
}

// traces are what text that holds the secret contains: as it is in capitals, in
// hexadecimal, and in base64 at each of its three alignments.
func traces(secret string) (capitals, exact []string) {
	for _, s := range []string{secret, idp.CanonicalPassCode(secret)} {
		capitals = append(capitals, s)
		for _, s := range []string{s, strings.ToLower(s)} {
			capitals = append(capitals, strings.ToUpper(hex.EncodeToString([]byte(s))))
			for before := range 3 {
				raw := append(make([]byte, before), s...)
				coded := base64.RawStdEncoding.EncodeToString(raw[:len(raw)/3*3])[(before*8+5)/6:]
				exact = append(exact, coded, strings.NewReplacer("+", "-", "/", "_").Replace(coded))
			}
		}
	}
	return capitals, exact
}

// holds tells whether the text holds the secret in any form.
func holds(text, secret string) bool {
	capitals, exact := traces(secret)
	in := func(text string) func(string) bool {
		return func(trace string) bool { return strings.Contains(text, trace) }
	}
	return slices.ContainsFunc(capitals, in(strings.ToUpper(text))) || slices.ContainsFunc(exact, in(text))
}

// TestTraces: the search finds what it is made to find.
func TestTraces(t *testing.T) {
	t.Parallel()
	const secret, code = "7K3M-9QXZ", "7K3M9QXZ"
	for _, s := range []string{secret, code, strings.ToLower(secret)} {
		for _, around := range []string{"", "a", "ab", "abc", "\xff\xfe"} {
			b := []byte(around + s + around)
			for _, text := range []string{
				string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
				base64.StdEncoding.EncodeToString(b), base64.URLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
			} {
				if !holds(`{"Salt":"`+text+`"}`, secret) {
					t.Errorf("not found in %q", text)
				}
			}
		}
	}
	if holds(`{"Salt":"7K3M8QXZ","Hash":"N0s0TTlRWFo="}`, secret) {
		t.Error("found in something else")
	}
}

// TestSecretIsNotKept looks for a pass in everything the store holds.
func TestSecretIsNotKept(t *testing.T) {
	t.Parallel()
	d := mem.New()
	w := worldOn(t, d)
	_, secret := w.givePass(name, idp.PassRequest{Reason: "new phone"})
	held := 0
	w.must(d.View(w.ctx, tenantID, func(kv storage.KV) error {
		return kv.Scan(storage.Range{}, func(k, v []byte) bool {
			held++
			if holds(string(k)+string(v), secret) {
				t.Errorf("%q holds the secret", k)
			}
			return true
		})
	}))
	if held == 0 {
		t.Error("nothing was looked at")
	}
}

// TestGuestMeanwhile: what the policy says of the user is asked again with the write.
func TestGuestMeanwhile(t *testing.T) {
	t.Parallel()
	d := &storetest.Interrupted{Driver: mem.New()}
	w := worldOn(t, d)
	d.First = func() {
		_, err := w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{Type: new(idp.ExternalGuest)})
		w.must(err)
	}
	_, secret, err := w.admin.CreatePass(w.ctx, op, tenantID, name, idp.PassRequest{})
	if idp.ErrorCode(err) != idp.Invalid || secret != "" || len(all[idp.Pass](w)) != 0 {
		t.Errorf("%q, %v", secret, err)
	}
}
