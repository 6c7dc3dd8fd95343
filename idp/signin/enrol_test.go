package signin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

// keyWorld is a world with every method, over a driver that the test can look into.
type keyWorld struct {
	*world
	driver storage.Driver
}

func keyWorldOn(t *testing.T, d storage.Driver) *keyWorld {
	t.Helper()
	w := &keyWorld{worldOn(t, d), d}
	w.user.OtherMails = []string{"anna@home.example"}
	w.put(w.user)
	w.serve()
	return w
}

// serve makes another service over the same store.
func (w *keyWorld) serve() {
	w.Helper()
	m, err := passkey.New("https://login.example", nil)
	w.must(err)
	w.signin = signin.New(w.store, w.keys, authmethods.All(authmethods.Config{Keys: w.keys, Passkeys: m, Mails: true}))
}

// kinds counts the records of each kind, but those that a sign-in or a refusal leaves too.
func (w *keyWorld) kinds() map[string]int {
	w.Helper()
	n := map[string]int{}
	w.must(w.driver.View(context.Background(), tenantID, func(kv storage.KV) error {
		return kv.Scan(storage.Range{Prefix: []byte("r\x00")}, func(key, _ []byte) bool {
			n[strings.Split(string(key), "\x00")[1]]++
			return true
		})
	}))
	for _, r := range []storage.Record{(*idp.Session)(nil), (*idp.AuditEvent)(nil), (*idp.AuditHead)(nil)} {
		delete(n, r.Kind())
	}
	return n
}

// audited is the newest line of the directory audit that tells of an activity; many are of
// one moment of the fake clock.
func (w *keyWorld) audited(activity string) *idp.AuditEvent {
	w.Helper()
	newest := &idp.AuditEvent{}
	for _, e := range all[idp.AuditEvent](w.world) {
		if e.Log == idp.Directory && e.Activity == activity && e.Link.At.After(newest.Link.At) {
			newest = e
		}
	}
	return newest
}

// registered is the activity of who registers a method for themselves.
const registered = "User registered security info"

func (w *keyWorld) passkeyPolicy(c admin.PasskeyPolicyChange) {
	w.Helper()
	_, err := w.admin.UpdatePasskeyPolicy(context.Background(), admin.Operator("test"), tenantID, c)
	w.must(err)
}

// entered is a browser that has signed in on our own pages, and the registration that
// these lead to.
func (w *keyWorld) entered(name, code string) (*browser, signin.Outcome) {
	w.Helper()
	b := w.browser()
	out := b.answer(b.asked(nil, name), code)
	b.wantEnrolment(out)
	return b, out
}

// enrolling begins a registration on our own pages.
func (b *browser) enrolling() signin.Outcome {
	b.w.Helper()
	out := b.look(b.start(nil).Enrolling(idp.PasskeyMethod))
	b.wantEnrolment(out)
	return out
}

func (b *browser) wantEnrolment(out signin.Outcome) {
	b.w.Helper()
	b.wantStep(out, idp.EnrolStep)
	if out.Decision.Method != idp.PasskeyMethod || out.Prompt.Page != "add-method" || out.Problem != nil || out.Flow.Challenge == "" || len(out.Flow.Prompt.Secret) != 32 {
		b.w.Fatalf("%+v", out)
	}
}

// register finishes a registration.
func (b *browser) register(f signin.Flow, attestation string) (signin.Outcome, error) {
	return b.w.signin.Register(context.Background(), b.visit(), f, idp.Answer{passkey.AttestationField: attestation, passkey.NameField: "My key"})
}

// make has a key made for a registration that was begun, and finishes it.
func (b *browser) make(out signin.Outcome, k *passkeytest.Key, change ...func(*passkeytest.Say)) signin.Outcome {
	b.w.Helper()
	out, err := b.register(out.Flow, k.Create(out.Prompt.Fields[passkey.OptionsField], change...))
	b.w.must(err)
	return out
}

// shown is the text that a person is shown of a problem, "" for none.
func shown(out signin.Outcome) string {
	if out.Problem == nil {
		return ""
	}
	return out.Problem.Text
}

// wantNothingKept checks that a registration was refused and left a line of the log alone.
func (w *keyWorld) wantNothingKept(out signin.Outcome, before map[string]int, problem, reason string) {
	w.Helper()
	e := w.audited(registered)
	if shown(out) != problem || out.New != nil || out.Code != "" || out.Decision.Step != idp.EnrolStep {
		w.Errorf("%+v %+v, want %s", out.Decision, out.Problem, problem)
	}
	if after := w.kinds(); !maps.Equal(before, after) {
		w.Errorf("there was %v, and is %v", before, after)
	}
	if e.Result != "failure" || e.Reason != reason || e.Actor.ID != w.user.UserID || e.Target != e.Actor || !e.Passing || e.SessionID == "" {
		w.Errorf("%+v, want %q", e, reason)
	}
	if n := len(all[idp.Passkey](w.world)); n != before["passkey"] {
		w.Errorf("%d passkeys", n)
	}
}

// TestRegister: what is stored of a passkey, what is told of it, and where it leads.
func TestRegister(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, _ int, open func(*testing.T) storage.Driver) {
		w := keyWorldOn(t, open(t))
		_, code := w.oneTime()
		b, asked := w.entered(name, code)
		w.pass(time.Minute)
		out := b.make(asked, passkeytest.New(passkeytest.ES256))
		if b.wantStep(out, idp.Issue); out.Flow.New == "" || out.Flow.Enrol != "" || out.Flow.Begun != 0 || out.Problem != nil {
			t.Errorf("%+v", out)
		}
		keys := all[idp.Passkey](w.world)
		if len(keys) != 1 || keys[0].UserID != w.user.UserID || keys[0].Name != "My key" || !keys[0].CreatedAt.Equal(w.now()) || keys[0].GivenBy != "" || keys[0].PasskeyID != out.Flow.New {
			t.Fatalf("%+v", keys)
		}
		e := w.audited(registered)
		if e.Result != "success" || e.Reason != "User registered passkey method" || e.Actor != idp.PartyOf(w.user) || e.Target != e.Actor || e.Passing || e.SessionID != out.Session.SessionID ||
			e.Details["method"] != keys[0].PasskeyID || e.Details["name"] != "My key" || e.Details["aaguid"] != keys[0].AAGUID {
			t.Errorf("%+v", e)
		}
		w.wantMail(idp.MailMethodAdded, "My key", 1)
	})
}

// TestRegisterOnTheWay: on the way to an app, whoever registers is told what that is good
// for and goes on; what they do next by the passkey has its own end, and what the app
// got by the pass keeps that of the pass.
func TestRegisterOnTheWay(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	p, code := w.oneTime()
	b := w.browser()
	first := b.signIn(code)
	k := passkeytest.New(passkeytest.ES256)
	f := b.start(w.request("own", func(r *idp.AuthRequest) { r.Scopes = append(r.Scopes, idp.ScopeOffline) }))
	asked := b.look(f.Enrolling(idp.PasskeyMethod))
	b.wantEnrolment(asked)
	out := b.make(asked, k)
	if b.wantStep(out, idp.Enrolled); out.New == nil || out.New.Name != "My key" || out.Code != "" || out.Grant != nil {
		t.Fatalf("%+v", out)
	}
	on := b.look(out.Flow.Onward())
	if b.wantStep(on, idp.Issue); on.Code == "" || !on.Grant.NotAfter.Equal(p.EndsAt()) || on.Session.SessionID != first.Session.SessionID {
		t.Errorf("on by the pass: %+v", on)
	}

	proving := b.look(out.Flow.Proving(idp.PasskeyMethod))
	if b.wantStep(proving, idp.Ask); proving.Prompt.Page != "passkey" || proving.Flow.Username != "" {
		t.Fatalf("%+v", proving)
	}
	w.pass(time.Minute)
	proved := b.show(proving, k)
	b.wantStep(proved, idp.Issue)
	s, g := proved.Session, proved.Grant
	if s.SessionID == first.Session.SessionID || s.Bounded() || !s.NotAfter.Equal(w.now().Add(idp.DefaultSessionLifetime)) || g.ACR != idp.ACRPhishing || !g.NotAfter.Equal(w.now().Add(idp.OfflineLifetime)) || proved.Code == "" {
		t.Errorf("%+v\n%+v", s, g)
	}
	if g := w.grant(first.Grant.GrantID); g.RevokedAt.IsZero() || !g.NotAfter.Equal(p.EndsAt()) {
		t.Errorf("the grant that was to last no longer than the pass's session: %+v", g)
	}
	if g := w.grant(on.Grant.GrantID); !g.RevokedAt.IsZero() || !g.NotAfter.Equal(p.EndsAt()) || g.SessionID != first.Session.SessionID {
		t.Errorf("the offline grant of the pass: %+v", g)
	}
	if old := w.session(first.Session.SessionID); old.EndedAt.IsZero() || !old.NotAfter.Equal(p.EndsAt()) {
		t.Errorf("the pass's session: %+v", old)
	}
}

func (w *world) session(id string) (s *idp.Session) {
	w.Helper()
	w.view(func(tx *storage.Tx) (err error) {
		s, err = storage.Get[idp.Session](tx, id)
		return err
	})
	return s
}

// show answers the question for a passkey and keeps the cookies that come back.
func (b *browser) show(out signin.Outcome, k *passkeytest.Key, change ...func(*passkeytest.Say)) signin.Outcome {
	b.w.Helper()
	out, err := b.tryKey(out.Flow, k.Get(out.Prompt.Fields[passkey.OptionsField], change...))
	b.w.must(err)
	return out
}

func (b *browser) tryKey(f signin.Flow, assertion string) (signin.Outcome, error) {
	out, err := b.w.signin.Answer(context.Background(), b.visit(), f, idp.Answer{passkey.AssertionField: assertion})
	if out.NewSession != "" {
		b.session = out.NewSession
	}
	if out.NewKnown != "" {
		b.known = out.NewKnown
	}
	return out, err
}

// wantMail counts the mails about the passkey that the user is owed.
func (w *keyWorld) wantMail(about idp.MailAbout, key string, want int) {
	w.Helper()
	n := 0
	for _, m := range all[idp.Mail](w.world) {
		if m.About == about && m.UserID == w.user.UserID && m.Details["Name"] == key && m.Details["Method"] == string(idp.PasskeyMethod) {
			n++
		}
	}
	if n != want {
		w.Errorf("%d mails about %s, want %d", n, about, want)
	}
}

// fileWorld is a keyWorld on a file that can be closed and opened again.
type fileWorld struct {
	*keyWorld
	file string
}

func newFileWorld(t *testing.T) *fileWorld {
	t.Helper()
	file := filepath.Join(t.TempDir(), "latchkey.db")
	d, err := bolt.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &fileWorld{keyWorldOn(t, d), file}
	t.Cleanup(func() { w.must(w.store.Close()) })
	return w
}

// restart is what a server does that ends and starts anew.
func (w *fileWorld) restart() {
	w.Helper()
	w.must(w.store.Close())
	d, err := bolt.Open(w.file)
	w.must(err)
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	w.must(err)
	w.driver, w.store, w.keys = d, storage.New(d), keys.WithCost(idp.Cost{Passes: 1, Memory: 8})
	w.admin = admin.New(w.store, w.keys, w.now)
	w.serve()
}

// TestWindow: after a sign-in by one-time pass there are ten minutes for a registration,
// which nothing prolongs: no second server, no restart, no other beginning.
func TestWindow(t *testing.T) {
	t.Parallel()
	for how, change := range map[string]func(*fileWorld){
		"one server": func(*fileWorld) {}, "restarted": (*fileWorld).restart, "second server": func(w *fileWorld) { w.serve() },
	} {
		for _, c := range []struct {
			begun, done time.Duration // after the sign-in
			problem     string
		}{
			{9 * time.Minute, 9*time.Minute + 59*time.Second, ""},
			{9 * time.Minute, 10*time.Minute - 1, ""},
			{9 * time.Minute, 10 * time.Minute, "enrol.window"},
			{9*time.Minute + 30*time.Second, 10 * time.Minute, "enrol.window"},
			{9*time.Minute + 30*time.Second, 10*time.Minute + time.Second, "enrol.window"},
			{5 * time.Minute, 10*time.Minute - 1, ""},
			{5*time.Minute - 1, 10*time.Minute - 1, "enrol.late"},
			{0, 5*time.Minute - 1, ""},
			{0, 5 * time.Minute, "enrol.late"},
		} {
			t.Run(how+" "+c.begun.String()+" "+c.done.String(), func(t *testing.T) {
				t.Parallel()
				w := newFileWorld(t)
				_, code := w.oneTime()
				b, _ := w.entered(name, code)
				w.pass(c.begun)
				change(w)
				asked := b.enrolling()
				want := epoch.Add(c.begun + 5*time.Minute)
				if end := epoch.Add(10 * time.Minute); end.Before(want) {
					want = end
				}
				if !asked.By.Equal(want) {
					t.Errorf("begun at %s: until %s, want %s", c.begun, asked.By, want)
				}
				before := w.kinds()
				attestation := passkeytest.New(passkeytest.ES256).Create(asked.Prompt.Fields[passkey.OptionsField])
				w.pass(c.done - c.begun)
				change(w)
				out, err := b.register(asked.Flow, attestation)
				w.must(err)
				if c.problem == "" {
					if b.wantStep(out, idp.Issue); len(all[idp.Passkey](w.world)) != 1 {
						t.Error("nothing was stored")
					}
					return
				}
				reason := map[string]string{"enrol.window": "the window after a one-time pass has closed", "enrol.late": "the registration took too long"}
				w.wantNothingKept(out, before, c.problem, reason[c.problem])
			})
		}
	}
}

// TestWindowClosed: after the window nothing can be begun, and a passkey that was
// registered within it does not open it again.
func TestWindowClosed(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	_, code := w.oneTime()
	b, asked := w.entered(name, code)
	w.pass(5*time.Minute - 1)
	b.wantStep(b.make(asked, passkeytest.New(passkeytest.ES256)), idp.Issue)
	w.pass(5 * time.Minute)
	late := b.enrolling()
	if want := epoch.Add(10 * time.Minute); !late.By.Equal(want) {
		t.Errorf("until %s", late.By)
	}
	w.pass(1)
	before := w.kinds()
	w.wantNothingKept(b.make(late, passkeytest.New(passkeytest.ES256)), before, "enrol.window", "the window after a one-time pass has closed")
	if out := b.look(b.start(nil).Enrolling(idp.PasskeyMethod)); out.Decision.Step == idp.EnrolStep {
		t.Errorf("begun at the end of the window: %+v", out)
	}
}

// TestUnfinished: a registration that is begun leaves nothing.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	_, code := w.oneTime()
	b, _ := w.entered(name, code)
	before := w.kinds()
	if n := w.commits(func() { b.enrolling() }); n != 0 || !maps.Equal(before, w.kinds()) {
		t.Errorf("%d commits, %v, before %v", n, w.kinds(), before)
	}
	out, err := b.register(b.enrolling().Flow, "")
	w.must(err)
	w.wantNothingKept(out, before, "enrol.cancelled", "nothing was registered")
}

// TestMultiUsePass: it opens no window, but makes strong for five minutes each time it is
// proved.
func TestMultiUsePass(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	_, code := w.givePass(name, idp.PassRequest{})
	b, _ := w.entered(name, code)
	w.pass(5*time.Minute - 1)
	asked := b.enrolling()
	if want := w.now().Add(5 * time.Minute); !asked.By.Equal(want) {
		t.Errorf("until %s", asked.By)
	}
	w.pass(5*time.Minute - 1)
	b.wantStep(b.make(asked, passkeytest.New(passkeytest.ES256)), idp.Issue)

	up := b.look(b.start(nil).Enrolling(idp.PasskeyMethod))
	if b.wantStep(up, idp.Ask); up.Prompt.Page != "pass" && up.Prompt.Page != "passkey" {
		t.Fatalf("%+v", up)
	}
	up = b.look(up.Flow.WithMethod(idp.TemporaryAccessPass))
	again := b.answer(up.Flow, code)
	b.wantEnrolment(again)
	before := w.kinds()
	w.pass(5 * time.Minute)
	w.wantNothingKept(b.make(again, passkeytest.New(passkeytest.ES256)), before, "enrol.late", "the registration took too long")
}

// TestPasswordAlone: one factor registers nothing.
func TestPasswordAlone(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	const secret = "correct horse battery staple"
	w.put(idp.NewPassword(w.keys, tenantID, w.user.UserID, idp.CanonicalPassword(secret), epoch))
	policy := idp.DefaultMethodsPolicy()
	policy.TemporaryAccessPass.Enabled, policy.Password.Enabled = true, true
	w.put(policy)
	b := w.browser()
	asked := b.look(b.start(nil).WithUser(name).WithMethod(idp.PasswordMethod))
	out, err := w.signin.Answer(t.Context(), b.visit(), asked.Flow, idp.Answer{"password": secret})
	w.must(err)
	b.session = out.NewSession
	if b.session == "" || out.Decision.Step == idp.EnrolStep {
		t.Fatalf("%+v", out)
	}
	b.wantRefusal(b.look(b.start(nil).Enrolling(idp.PasskeyMethod)), "unmet_authentication_requirements", idp.StrongerNeeded)

	other := keyWorldOn(t, mem.New()) // a state of another sign-in, with this session
	_, code := other.oneTime()
	_, begun := other.entered(name, code)
	before := w.kinds()
	w.wantNothingKept(b.make(begun, passkeytest.New(passkeytest.ES256)), before, "enrol.late", "the registration took too long")
}

// TestRegisterNeedsItsQuestion: no other state registers anything, and that of a
// registration answers no question.
func TestRegisterNeedsItsQuestion(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	_, code := w.oneTime()
	b, begun := w.entered(name, code)
	for what, change := range map[string]func(*signin.Flow){
		"not begun": func(f *signin.Flow) { f.Begun = 0 }, "no challenge": func(f *signin.Flow) { f.Challenge = "" },
		"no method": func(f *signin.Flow) { f.Chosen = "" }, "a pass": func(f *signin.Flow) { f.Chosen = idp.TemporaryAccessPass },
	} {
		f := begun.Flow
		change(&f)
		if _, err := b.register(f, "{}"); err != idp.ErrSealed {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := b.tryKey(begun.Flow, "{}"); err != idp.ErrSealed {
		t.Errorf("the question of a registration, answered as one of a sign-in: %v", err)
	}
	if _, err := w.browser().register(begun.Flow, "{}"); err != idp.ErrSealed {
		t.Errorf("nobody signed in: %v", err)
	}
}

// TestRegisterAsAnother: what was begun for one person is not finished for who has signed in
// in the same browser since; the same page, opened again, asks them.
func TestRegisterAsAnother(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	bob := w.newUser("bob@contoso.example")
	_, code := w.oneTime()
	b, _ := w.entered(name, code)
	annas := b.enrolling()
	_, bobs := w.givePass(bob.PrincipalName, idp.PassRequest{})
	b.wantEnrolment(b.answer(b.asked(nil, bob.PrincipalName), bobs))
	before, k := w.kinds(), passkeytest.New(passkeytest.ES256)
	out := b.make(annas, k)
	w.user = bob // whose session the log tells of
	w.wantNothingKept(out, before, "enrol.ended", "the registration was begun for somebody else")
	again := b.look(annas.Flow)
	b.wantEnrolment(again)
	b.wantStep(b.make(again, k), idp.Issue)
}

// TestRegistrationMeanwhile: what a registration rests on can go while it is under way, before it is
// judged and before it is stored.
func TestRegistrationMeanwhile(t *testing.T) {
	t.Parallel()
	yes, no, op := true, false, admin.Operator("test")
	const ended = "the session has ended, or the pass it came from"
	for what, c := range map[string]struct {
		change          func(*keyWorld)
		problem, reason string
	}{
		"pass deleted":     {func(w *keyWorld) { w.must(w.admin.DeletePass(w.Context(), op, tenantID, name, "")) }, "enrol.ended", ended},
		"user disabled":    {func(w *keyWorld) { w.updateUser(admin.UserChange{Disabled: &yes}) }, "enrol.ended", ended},
		"user deleted":     {func(w *keyWorld) { w.must(w.admin.DeleteUser(w.Context(), op, tenantID, name)) }, "enrol.ended", "there is no such user"},
		"sessions revoked": {func(w *keyWorld) { w.pass(1); w.revoke() }, "enrol.ended", ended},
		"method disabled":  {func(w *keyWorld) { w.passkeyPolicy(admin.PasskeyPolicyChange{Enabled: &no}) }, "enrol.policy", "the method is disabled by policy"},
		"out of scope": {func(w *keyWorld) {
			w.passkeyPolicy(admin.PasskeyPolicyChange{Exclude: &[]idp.Target{{Type: "user", ID: w.user.UserID}}})
		}, "enrol.policy", "the user is outside the policy's targets"},
		"not by oneself":   {func(w *keyWorld) { w.passkeyPolicy(admin.PasskeyPolicyChange{SelfService: &no}) }, "enrol.policy", "the policy does not let people register their own"},
		"synced forbidden": {func(w *keyWorld) { w.passkeyPolicy(admin.PasskeyPolicyChange{Synced: &no}) }, "enrol.synced", "the policy accepts device-bound passkeys only"},
		"model blocked": {func(w *keyWorld) {
			w.passkeyPolicy(admin.PasskeyPolicyChange{Models: &idp.ModelRestriction{Enforced: true, AAGUIDs: []string{model}}})
		}, "enrol.model", "the policy does not accept authenticators of model " + model},
		"attestation": {func(w *keyWorld) { w.passkeyPolicy(admin.PasskeyPolicyChange{Attestation: &yes}) }, "enrol.attestation", ""},
		"full": {func(w *keyWorld) {
			for range idp.MaxPasskeys {
				w.put(&idp.Passkey{PasskeyID: idp.NewID(), UserID: w.user.UserID, Credential: []byte(idp.NewID())})
			}
		}, "enrol.full", "the user holds as many as one may"},
	} {
		for _, judged := range []bool{false, true} {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				d := &storetest.Interrupted{Driver: mem.New()}
				w := keyWorldOn(t, d)
				_, code := w.oneTime()
				b, asked := w.entered(name, code)
				k := passkeytest.New(passkeytest.ES256)
				k.Flags |= passkeytest.BE
				var before map[string]int
				change := func() { c.change(w); before = w.kinds() }
				if judged {
					d.First = change
				} else {
					change()
				}
				out := b.make(asked, k)
				reason := c.reason
				if reason == "" { // before it is judged, it is told which attestation is missing
					reason = w.audited(registered).Reason
				}
				w.wantNothingKept(out, before, c.problem, reason)
				if reason == "" {
					t.Error("no reason")
				}
			})
		}
	}
}

// model is that of the software authenticator.
const model = "01020304-0506-0708-0102-030405060708"

func (w *keyWorld) updateUser(c admin.UserChange) {
	w.Helper()
	_, err := w.admin.UpdateUser(context.Background(), admin.Operator("test"), tenantID, name, c)
	w.must(err)
}

func (w *keyWorld) revoke() {
	w.Helper()
	_, err := w.admin.RevokeSessions(context.Background(), admin.Operator("test"), tenantID, name)
	w.must(err)
}

// TestBadAttestations: whatever is wrong with what the browser made, nothing is kept and
// the log says what it was.
func TestBadAttestations(t *testing.T) {
	t.Parallel()
	for what, c := range passkeytest.Spoilings() {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := keyWorldOn(t, mem.New())
			_, code := w.oneTime()
			b, asked := w.entered(name, code)
			before := w.kinds()
			w.wantNothingKept(b.make(asked, passkeytest.New(passkeytest.ES256), c.Change), before, "enrol.wrong", c.Detail)
			if out := b.make(asked, passkeytest.New(passkeytest.ES256)); out.Decision.Step != idp.Issue {
				t.Errorf("the right one after it: %+v", out)
			}
		})
	}
}

// TestQuietRegistration: where so much wrong comes from that it is not logged, it is
// refused all the same.
func TestQuietRegistration(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	_, code := w.oneTime()
	b, asked := w.entered(name, code)
	v := b.visit()
	v.Quiet = true
	n := w.commits(func() {
		out, err := w.signin.Register(t.Context(), v, asked.Flow, idp.Answer{passkey.AttestationField: "{}"})
		if w.must(err); shown(out) != "enrol.wrong" {
			t.Errorf("%+v", out)
		}
	})
	if n != 0 || len(all[idp.Passkey](w.world)) != 0 {
		t.Errorf("%d commits", n)
	}
}

// TestTaken: a credential belongs to one person. What they hold is not asked for again.
func TestTaken(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	k := passkeytest.New(passkeytest.ES256)
	_, code := w.oneTime()
	b, asked := w.entered(name, code)
	b.wantStep(b.make(asked, k), idp.Issue)
	w.pass(time.Second)
	again := b.enrolling()
	var o struct{ ExcludeCredentials []struct{ ID []byte } }
	if json.Unmarshal([]byte(again.Prompt.Fields[passkey.OptionsField]), &o); len(o.ExcludeCredentials) != 1 {
		t.Errorf("%s", again.Prompt.Fields[passkey.OptionsField])
	}
	before := w.kinds()
	w.wantNothingKept(b.make(again, k), before, "enrol.taken", "the credential is registered already")

	mallory := w.newUser("mallory@contoso.example")
	_, code = w.givePass(mallory.PrincipalName, idp.PassRequest{})
	m, asked := w.entered(mallory.PrincipalName, code)
	before = w.kinds()
	out := m.make(asked, k)
	w.user = mallory
	w.wantNothingKept(out, before, "enrol.taken", "the credential is registered already")
	if keys := all[idp.Passkey](w.world); len(keys) != 1 || keys[0].UserID == mallory.UserID {
		t.Errorf("%+v", keys)
	}
}

// TestMaxPasskeys: nobody holds more than they may.
func TestMaxPasskeys(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	_, code := w.givePass(name, idp.PassRequest{})
	b, out := w.entered(name, code)
	for range idp.MaxPasskeys {
		b.wantStep(b.make(out, passkeytest.New(passkeytest.ES256)), idp.Issue)
		if out = b.look(b.start(nil).Enrolling(idp.PasskeyMethod)); out.Decision.Step != idp.EnrolStep {
			t.Fatalf("%+v", out)
		}
	}
	if shown(out) != "enrol.full" || out.Prompt.Page != "" || out.Flow.Challenge != "" {
		t.Errorf("%+v", out)
	}
}
