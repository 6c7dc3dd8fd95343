package signin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// TestSignIn: a first sign-in with its code takes two commits, a silent one takes
// one, and looking at pages takes none.
func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, code := w.givePass(name, idp.PassRequest{Lifetime: 90})
	b := w.browser()
	var f signin.Flow
	if n := w.commits(func() {
		b.wantStep(b.look(b.start(w.request("own"))), idp.Identify)
		f = b.asked(w.request("own"), name)
	}); n != 0 {
		t.Errorf("%d commits before an answer", n)
	}
	var out signin.Outcome
	if n := w.commits(func() { out = b.answer(f, strings.ToLower(code)) }); n != 2 {
		t.Errorf("a sign-in takes %d commits, want 2", n)
	}
	b.wantStep(out, idp.Issue)
	end := epoch.Add(90 * time.Minute)
	switch s, g := out.Session, out.Grant; {
	case out.NewSession == "" || out.NewKnown == "" || s.Secret != idp.HashToken(idp.SessionSecret, out.NewSession):
		t.Errorf("cookies: %+v", out)
	case !s.NotAfter.Equal(end) || s.EndsAs != idp.PassExpired || s.UserID != w.user.UserID || s.Credentials()[0] != p.PassID:
		t.Errorf("session: %+v", s)
	case g.Code.Hash != idp.HashToken(idp.AuthorizationCode, out.Code) || !g.NotAfter.Equal(end) || g.SessionID != s.SessionID || g.ClientID != "own":
		t.Errorf("grant: %+v", g)
	case strings.Join(g.AMR, " ") != "otp mfa" || g.ACR != idp.ACRBootstrap || !g.AuthTime.Equal(epoch):
		t.Errorf("grant: %+v", g)
	}
	w.view(func(tx *storage.Tx) error {
		_, err := storage.Lookup[idp.Grant](tx, "code", out.Grant.Code.Hash)
		return err
	})
	if used := all[idp.Pass](w)[0]; !used.LastUsedAt.Equal(epoch) || !used.UsedAt.IsZero() {
		t.Errorf("pass: %+v", used)
	}

	w.pass(time.Minute)
	var silent signin.Outcome
	if n := w.commits(func() { silent = b.look(b.start(w.request("own", prompt("none")))) }); n != 1 {
		t.Errorf("a silent sign-in takes %d commits, want 1", n)
	}
	b.wantStep(silent, idp.Issue)
	if g := silent.Grant; g.GrantID == out.Grant.GrantID || !g.AuthTime.Equal(epoch) || !g.NotAfter.Equal(end) || silent.NewSession != "" || silent.Code == "" {
		t.Errorf("silent: %+v", silent)
	}
	if n := w.commits(func() { b.wantStep(b.look(b.start(nil)), idp.Issue) }); n != 0 {
		t.Errorf("an own page takes %d commits", n)
	}
	stranger := w.browser()
	stranger.session = "ss_made-up"
	if n := w.commits(func() {
		out := stranger.look(stranger.start(w.request("own", prompt("none"))))
		if stranger.wantStep(out, idp.Refuse); out.Decision.Error != "login_required" {
			t.Errorf("%+v", out.Decision)
		}
	}); n != 0 {
		t.Errorf("a made-up session takes %d commits", n)
	}
}

func TestOwnPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.oneTime()
	b := w.browser()
	out := b.answer(b.asked(nil, name), code)
	b.wantStep(out, idp.Issue)
	if out.Grant != nil || out.Code != "" || out.Flow.Return != "/security-info" {
		t.Errorf("%+v", out)
	}
	if p := out.Session.Latest(); !p.RegisterBy.Equal(epoch.Add(10 * time.Minute)) {
		t.Errorf("a method must be registered by %s", p.RegisterBy)
	}
	s, u, err := w.signin.Current(context.Background(), b.visit())
	if err != nil || s.SessionID != out.Session.SessionID || u.UserID != w.user.UserID {
		t.Errorf("current: %v, %v, %v", s, u, err)
	}
	if s, u, err := w.signin.Current(context.Background(), w.browser().visit()); s != nil || u != nil || err != nil {
		t.Errorf("a stranger is %v, %v, %v", s, u, err)
	}
	out, err = w.signin.Decide(context.Background(), b.visit(), b.start(nil), true) // a consent nobody asked for
	if err != nil || out.Grant != nil {
		t.Errorf("%+v, %v", out, err)
	}
	w.pass(time.Hour)
	if s, _, err := w.signin.Current(context.Background(), b.visit()); s != nil || err != nil {
		t.Errorf("after the pass: %v, %v", s, err)
	}
}

func TestSealedState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	state, err := w.signin.Seal(b.visit(), b.asked(w.request("web"), name))
	w.must(err)
	foreign := b.visit()
	foreign.Tenant = &idp.Tenant{TenantID: otherID}
	for what, v := range map[string]signin.Visit{"another browser": w.browser().visit(), "another tenant": foreign} {
		if _, err := w.signin.Open(v, state); !errors.Is(err, idp.ErrSealed) {
			t.Errorf("%s opens it: %v", what, err)
		}
	}
	for _, forged := range []string{"", "x", state + "A", state[1:], w.keys.Seal("flow", tenantID, b.id, []byte("no JSON"))} {
		if _, err := w.signin.Open(b.visit(), forged); !errors.Is(err, idp.ErrSealed) {
			t.Errorf("%.20q: %v", forged, err)
		}
	}
	w.pass(idp.ChallengeLifetime - 1)
	if _, err := w.signin.Open(b.visit(), state); err != nil {
		t.Errorf("a moment before its end: %v", err)
	}
	w.pass(1)
	f, err := w.signin.Open(b.visit(), state)
	if !errors.Is(err, signin.ErrStale) {
		t.Errorf("at its end: %v", err)
	}
	if f = f.Restarted(w.now()); f.Challenge != "" || f.Username != name || f.Request == nil {
		t.Errorf("begun anew: %+v", f)
	}
	b.wantStep(b.look(f), idp.Ask)
	for what, f := range map[string]signin.Flow{"no question": b.start(w.request("web")), "no such method": {Chosen: "fax", Challenge: "x"}} {
		if _, err := b.try(f, "code"); !errors.Is(err, idp.ErrSealed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestQuestionStands: looking again keeps the question, and with it its tries.
func TestQuestionStands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	f := b.asked(w.request("web"), name)
	if again := b.look(f); again.Flow.Challenge != f.Challenge {
		t.Error("looking again makes a new question")
	}
	out := b.answer(f, "wrong")
	if out.Flow.Challenge != f.Challenge || out.Flow.Problem == nil || b.look(out.Flow).Problem.Told != idp.PassWrong {
		t.Errorf("after a wrong answer: %+v", out)
	}
	for what, g := range map[string]signin.Flow{"name": f.WithUser("bob@contoso.example"), "method": f.WithMethod(idp.TemporaryAccessPass)} {
		if out := b.look(g); out.Flow.Challenge == f.Challenge || out.Decision.Step != idp.Ask {
			t.Errorf("another %s keeps the question: %+v", what, out.Flow)
		}
	}
	if out := b.look(f.WithUser("")); out.Decision.Step != idp.Identify || out.Decision.Account {
		t.Errorf("no name: %+v", out.Decision)
	}
	if p := f.WithProblem(signin.Problem{Told: idp.UserLocked}).Problem; p.Told != idp.UserLocked || f.Problem != nil {
		t.Error("WithProblem")
	}
}

// TestAccounts: whoever is signed in is offered, can be gone on with, and can be
// left for another; nothing of it goes in circles.
func TestAccounts(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"login", "select_account"} {
		w := newWorld(t)
		w.newUser("bob@contoso.example")
		_, code := w.givePass(name, idp.PassRequest{})
		_, bobs := w.givePass("bob@contoso.example", idp.PassRequest{})
		b := w.browser()
		first := b.signIn(code)
		w.pass(time.Minute)
		out := b.look(b.start(w.request("own", prompt(p))))
		if b.wantStep(out, idp.Identify); !out.Decision.Account || out.User.UserID != w.user.UserID {
			t.Errorf("%s: %+v", p, out)
		}
		chosen := b.look(out.Flow.WithAccount())
		if p == "login" {
			b.wantStep(chosen, idp.Ask)
			chosen = b.answer(chosen.Flow, code)
		}
		b.wantStep(chosen, idp.Issue)
		if chosen.Session.SessionID != first.Session.SessionID || chosen.Session.AuthTime().After(epoch) != (p == "login") {
			t.Errorf("%s: went on with %+v", p, chosen.Session)
		}
		w.pass(time.Minute)
		other := b.look(b.look(b.start(w.request("own", prompt(p)))).Flow.WithUser(""))
		if b.wantStep(other, idp.Identify); other.Decision.Account {
			t.Errorf("%s: the account is offered again to who wants another", p)
		}
		named := b.look(other.Flow.WithUser("bob@contoso.example"))
		b.wantStep(named, idp.Ask)
		bob := b.answer(named.Flow, bobs)
		b.wantStep(bob, idp.Issue)
		if bob.Session.UserID == w.user.UserID {
			t.Errorf("%s: still Anna", p)
		}
	}
}

func TestPromptLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	b.signIn(code)
	for _, change := range []func(*idp.AuthRequest){prompt("login"), func(r *idp.AuthRequest) { r.MaxAge = 0 }} {
		w.pass(time.Minute)
		out := b.answer(b.asked(w.request("own", change), name), code)
		b.wantStep(out, idp.Issue)
		if !out.Grant.AuthTime.Equal(w.now()) {
			t.Errorf("signed in at %s", out.Grant.AuthTime)
		}
	}
}

func TestIDTokenHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	_, code := w.givePass(name, idp.PassRequest{})
	_, bobs := w.givePass(bob.PrincipalName, idp.PassRequest{})
	hint := func(r *idp.AuthRequest) { r.Subject = bob.UserID }
	b := w.browser()
	out := b.answer(b.asked(w.request("own", hint), name), code)
	if b.wantStep(out, idp.Refuse); out.Decision.Error != "login_required" || out.Code != "" {
		t.Errorf("Anna for Bob: %+v", out.Decision)
	}
	out = b.answer(b.asked(w.request("own", hint), bob.PrincipalName), bobs)
	if b.wantStep(out, idp.Issue); out.Grant.UserID != bob.UserID {
		t.Errorf("%+v", out.Grant)
	}
}

func TestClientGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	f := b.asked(w.request("web"), name)
	w.put(&idp.Client{ClientID: "web", Name: "Web", Disabled: true})
	if _, err := b.try(f, code); !errors.Is(err, signin.ErrClient) || b.session != "" {
		t.Errorf("disabled meanwhile: %v", err)
	}
	if n := len(all[idp.Session](w)); n != 0 {
		t.Errorf("%d sessions", n)
	}
	_, err := w.signin.Look(context.Background(), b.visit(), b.start(w.request("none-such")))
	if !errors.Is(err, signin.ErrClient) {
		t.Errorf("unknown: %v", err)
	}
}

// TestStateIsAsLongAtAnyTime: otherwise pages of two users, or of a user and
// nobody, would differ in length by chance.
func TestStateIsAsLongAtAnyTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	length := func() int {
		state, err := w.signin.Seal(b.visit(), signin.Start(nil, "/", w.now()))
		if err != nil {
			t.Fatal(err)
		}
		return len(state)
	}
	want := length()
	for _, d := range []time.Duration{time.Nanosecond, 9 * time.Nanosecond, 990 * time.Microsecond, 500 * time.Millisecond} {
		w.pass(d)
		if got := length(); got != want {
			t.Errorf("after %v a state has %d characters, and %d before", d, got, want)
		}
	}
}
