package signin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
)

const wrong = "ZZZZ-ZZZZ"

// TestToldExactly: who types a wrong code learns only that; who types the right code
// of a pass that cannot be used learns why. The log always has the exact reason.
func TestToldExactly(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	once := idp.PassRequest{Once: &yes}
	later := idp.PassRequest{StartsAt: epoch.Add(2 * time.Hour)}
	nothing := func(*world, string) {}
	over := func(w *world, _ string) { w.pass(time.Hour) }
	used := func(w *world, code string) { w.browser().signIn(code); w.pass(time.Millisecond) }
	for _, c := range []struct {
		name   string
		req    *idp.PassRequest // nil: no pass
		before func(w *world, code string)
		user   string
		wrong  bool
		told   idp.STS
		logged idp.STS
		detail string
	}{
		{"wrong code", &idp.PassRequest{}, nothing, name, true, 130503, 130503, "wrong code"},
		{"wrong code, expired", &idp.PassRequest{}, over, name, true, 130503, 130503, "wrong code"},
		{"wrong code, used", &once, used, name, true, 130503, 130503, "wrong code"},
		{"wrong code, not yet valid", &later, nothing, name, true, 130503, 130503, "wrong code"},
		{"wrong code, disabled user", &idp.PassRequest{}, disable, name, true, 130503, 130503, "wrong code"},
		{"no pass", nil, nothing, name, true, 130503, 130507, "the user has none"},
		{"no pass, disabled user", nil, disable, name, true, 130503, 130507, "the user has none"},
		{"unknown user", &idp.PassRequest{}, nothing, "bob@contoso.example", false, 130503, 130507, "there is no such user"},
		{"no user name at all", &idp.PassRequest{}, nothing, "no name", false, 130503, 130507, "there is no such user"},
		{"expired", &idp.PassRequest{}, over, name, false, 130504, 130504, "Expired"},
		{"used", &once, used, name, false, 130505, 130505, "OneTimeUsed"},
		{"used and expired", &once, func(w *world, code string) { used(w, code); over(w, code) }, name, false, 130504, 130504, "Expired"},
		{"not yet valid", &later, nothing, name, false, 130502, 130502, "NotYetValid"},
		{"policy off", &idp.PassRequest{}, func(w *world, _ string) { w.change(admin.PassPolicyChange{Enabled: &no}) }, name, false, 130502, 130502, "DisabledByPolicy"},
		{"out of scope", &idp.PassRequest{}, func(w *world, _ string) {
			w.change(admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "user", ID: w.user.UserID}}})
		}, name, false, 130502, 130502, "DisabledByPolicy"},
		{"multi-use under a one-time policy", &idp.PassRequest{}, func(w *world, _ string) { w.change(admin.PassPolicyChange{Once: &yes}) }, name, false, 130502, 130502, "DisabledByPolicy"},
		{"disabled user", &idp.PassRequest{}, disable, name, false, 50057, 50057, ""},
		{"disabled user, expired", &idp.PassRequest{}, func(w *world, code string) { disable(w, code); over(w, code) }, name, false, 130504, 130504, "Expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			code := wrong
			var p *idp.Pass
			if c.req != nil {
				p, code = w.givePass(name, *c.req)
			}
			c.before(w, code)
			if c.wrong {
				code = wrong
			}
			sessions := len(all[idp.Session](w))
			b := w.browser()
			f := b.asked(w.request("web"), c.user)
			var out signin.Outcome
			if n := w.commits(func() { out = b.answer(f, code) }); n != 2 {
				t.Errorf("%d commits, want 2", n)
			}
			b.wantStep(out, idp.Ask)
			if told(out) != c.told || out.Problem.Left(w.now()) != 0 {
				t.Errorf("told %+v, want %d", out.Problem, c.told)
			}
			if start := c.detail == "NotYetValid"; start != !out.Problem.Start.IsZero() || start && !out.Problem.Start.Equal(p.StartsAt) {
				t.Errorf("told the start %s", out.Problem.Start)
			}
			if b.session != "" || b.known != "" || len(all[idp.Session](w)) != sessions {
				t.Error("signed in")
			}
			e := w.last()
			if e.Result != "failure" || e.Error != c.logged || e.Reason != c.logged.Text() || e.Details["reason"] != c.detail || e.Method != "Temporary Access Pass" {
				t.Errorf("log: %+v\nwant %d %q", e, c.logged, c.detail)
			}
			if known := c.user == name; known != (e.Actor.ID == w.user.UserID) || known != (e.Target.ID == w.user.UserID) || e.Actor.Name != c.user || e.SessionID != "" {
				t.Errorf("log: %+v", e)
			}
		})
	}
}

func disable(w *world, _ string) {
	yes := true
	_, err := w.admin.UpdateUser(context.Background(), admin.Operator("test"), tenantID, name, admin.UserChange{Disabled: &yes})
	w.must(err)
}

func TestSuccessIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	b.address = "2001:db8::1"
	out := b.signIn(code)
	e := w.last()
	if e.Result != "success" || e.Error != 0 || e.Reason != "" || e.Method != "Temporary Access Pass" || e.SessionID != out.Session.SessionID || e.ClientID != "own" {
		t.Errorf("%+v", e)
	}
	if e.Actor.ID != w.user.UserID || e.Actor.Name != name || e.Address != "2001:db8::1" || e.UserAgent != "test" || e.RequestID != "r1" || !e.At.Equal(epoch) {
		t.Errorf("%+v", e)
	}
}

// TestLogTakesAnything: what strangers send goes into the log clipped and without
// control characters.
func TestLogTakesAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.browser().visit()
	v.UserAgent = strings.Repeat("ä", 200) + "\x00"
	f := signin.Flow{Request: w.request("web"), Username: "a\x00\r\n\x1b[2J\xff" + strings.Repeat("x", 400), Chosen: idp.TemporaryAccessPass, Challenge: idp.NewID(), Started: epoch.UnixNano()}
	if _, err := w.signin.Answer(context.Background(), v, f, idp.Answer{"code": wrong}); err != nil {
		t.Fatal(err)
	}
	e := w.last()
	if e.UserAgent != strings.Repeat("ä", 128) || len(e.Actor.Name) > 320 || !strings.HasPrefix(e.Actor.Name, "a[2J\ufffdxx") {
		t.Errorf("%+v", e)
	}
}

// TestSessions: the same pass in the same browser renews the session; any other
// proof makes a new one, whose end is its own.
func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, code := w.givePass(name, idp.PassRequest{Lifetime: 60})
	b := w.browser()
	first := b.signIn(code)
	cookie := b.session

	w.pass(time.Minute)
	again := b.answer(b.asked(w.request("own", prompt("login")), name), code)
	b.wantStep(again, idp.Issue)
	if s := again.Session; s.SessionID != first.Session.SessionID || b.session == cookie || len(s.Proofs) != 1 || !s.NotAfter.Equal(epoch.Add(time.Hour)) || again.NewKnown != "" {
		t.Errorf("renewed: %+v", s)
	}
	stale := *b
	stale.session = cookie
	b.wantStep(stale.look(stale.start(w.request("own"))), idp.Identify)

	w.pass(time.Minute)
	_, code = w.givePass(name, idp.PassRequest{Lifetime: 120})
	b.wantStep(b.look(b.start(w.request("own"))), idp.Identify) // the session ended with the old pass
	renewed := b.signIn(code)
	if s := renewed.Session; s.SessionID == first.Session.SessionID || s.Credentials()[0] == p.PassID || !s.NotAfter.Equal(w.now().Add(2*time.Hour)) {
		t.Errorf("after a new pass: %+v", s)
	}

	bob := w.newUser("bob@contoso.example")
	_, bobs := w.givePass(bob.PrincipalName, idp.PassRequest{})
	bs := b.answer(b.asked(w.request("own"), bob.PrincipalName), bobs)
	b.wantStep(bs, idp.Issue)
	w.view(func(tx *storage.Tx) error {
		old, err := storage.Get[idp.Session](tx, renewed.Session.SessionID)
		if err == nil && (!old.EndedAt.Equal(w.now()) || old.EndedAs != idp.NoSession) {
			t.Errorf("Anna's session in Bob's browser: %+v", old)
		}
		g, err := storage.Get[idp.Grant](tx, renewed.Grant.GrantID)
		if err == nil && g.RevokedAs != idp.NoSession {
			t.Errorf("Anna's grant: %+v", g)
		}
		return err
	})
}

// TestSignOut ends the session and what was to last no longer, and nothing else.
func TestSignOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b, elsewhere := w.browser(), w.browser()
	offline := func(r *idp.AuthRequest) { r.Scopes = []string{"openid", idp.ScopeOffline} }
	online := b.signIn(code).Grant
	kept := b.look(b.start(w.request("own", offline))).Grant
	other := elsewhere.signIn(code).Grant
	if s, err := w.signin.SignOut(context.Background(), b.visit()); err != nil || s.Session == nil || s.Session.SessionID != online.SessionID {
		t.Fatalf("%v, %v", s, err)
	}
	for what, v := range map[string]signin.Visit{"again": b.visit(), "nobody": w.browser().visit()} {
		if s, err := w.signin.SignOut(context.Background(), v); s.Session != nil || err != nil {
			t.Errorf("%s: %v, %v", what, s, err)
		}
	}
	b.wantStep(b.look(b.start(w.request("own"))), idp.Identify)
	elsewhere.wantStep(elsewhere.look(elsewhere.start(w.request("own"))), idp.Issue)
	w.view(func(tx *storage.Tx) error {
		for _, c := range []struct {
			g    *idp.Grant
			want idp.STS
		}{{online, idp.NoSession}, {kept, 0}, {other, 0}} {
			g, err := storage.Get[idp.Grant](tx, c.g.GrantID)
			if err != nil || g.Check(w.user, w.now()) != c.want {
				t.Errorf("%v: %d, want %d, %v", g.Scopes, g.Check(w.user, w.now()), c.want, err)
			}
		}
		return nil
	})
}

// TestBound: session, code and grant end no later than the pass (C4), to the
// nanosecond (C3), online and offline; less than a second before the end nothing
// is issued.
func TestBound(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, once := range []*bool{&yes, &no} {
		for _, scopes := range [][]string{{"openid"}, {"openid", idp.ScopeOffline}} {
			for _, left := range []time.Duration{time.Hour, time.Minute, time.Second, time.Second - 1, 1} {
				w := newWorld(t)
				p, code := w.givePass(name, idp.PassRequest{Once: once})
				w.pass(time.Hour - left)
				b := w.browser()
				out := b.answer(b.asked(w.request("own", func(r *idp.AuthRequest) { r.Scopes = scopes }), name), code)
				if !out.Session.NotAfter.Equal(p.EndsAt()) {
					t.Errorf("%s left: session ends %s", left, out.Session.NotAfter)
				}
				if left < time.Second {
					if b.wantStep(out, idp.Refuse); out.Decision.STS != idp.PassExpired || out.Code != "" || len(all[idp.Grant](w)) != 0 {
						t.Errorf("%s left: %+v", left, out.Decision)
					}
					continue
				}
				b.wantStep(out, idp.Issue)
				if g := out.Grant; !g.NotAfter.Equal(p.EndsAt()) || g.Code.Ends.After(p.EndsAt()) || g.EndsAs != idp.PassExpired {
					t.Errorf("%s left: grant %+v", left, g)
				}
				w.pass(left - 1)
				if left > 2*time.Second {
					b.wantStep(b.look(b.start(w.request("own"))), idp.Refuse) // a nanosecond is less than a second
				}
				w.pass(1)
				b.wantStep(b.look(b.start(w.request("own"))), idp.Identify)
				if got := out.Grant.Check(w.user, w.now()); got != idp.PassExpired {
					t.Errorf("grant at the end: %d", got)
				}
			}
		}
	}
}

// TestMeanwhile: what changes while an answer is looked at still counts.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	ctx, op := context.Background(), admin.Operator("test")
	for _, c := range []struct {
		name   string
		change func(w *world)
		told   idp.STS
		logged idp.STS
	}{
		{"pass deleted", func(w *world) { w.must(w.admin.DeletePass(ctx, op, tenantID, name, "")) }, idp.PassWrong, idp.PassNotFound},
		{"pass replaced", func(w *world) { w.givePass(name, idp.PassRequest{}) }, idp.PassWrong, idp.PassNotFound},
		{"user disabled", func(w *world) { disable(w, "") }, idp.UserDisabled, idp.UserDisabled},
		{"user deleted", func(w *world) { w.must(w.admin.DeleteUser(ctx, op, tenantID, name)) }, idp.PassWrong, idp.PassNotFound},
	} {
		w := newWorld(t)
		_, code := w.oneTime()
		b := w.browser()
		f := b.asked(w.request("own"), name)
		w.tap.first = func() { c.change(w) }
		out := b.answer(f, code)
		if told(out) != c.told || b.session != "" || len(all[idp.Session](w)) != 0 || len(all[idp.Grant](w)) != 0 {
			t.Errorf("%s: %+v", c.name, out.Problem)
		}
		if e := w.last(); e.Error != c.logged || e.Result != "failure" {
			t.Errorf("%s: log %+v", c.name, e)
		}
		for _, p := range all[idp.Pass](w) {
			if !p.UsedAt.IsZero() {
				t.Errorf("%s: the pass counts as used", c.name)
			}
		}
	}
}

// TestRevokedMeanwhile: signing out everywhere ends a sign-in that is on its way.
func TestRevokedMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	f := b.asked(w.request("own"), name)
	w.tap.first = func() {
		w.pass(time.Millisecond)
		_, err := w.admin.RevokeSessions(context.Background(), admin.Operator("test"), tenantID, name)
		w.must(err)
	}
	out, err := b.w.signin.Answer(context.Background(), b.visit(), f, idp.Answer{"code": code})
	if err != nil || out.Code != "" || out.Decision.Step == idp.Issue {
		t.Errorf("%+v, %v", out.Decision, err)
	}
	b.session = out.NewSession
	if s, _, err := w.signin.Current(context.Background(), b.visit()); s != nil || err != nil {
		t.Errorf("signed in: %+v, %v", s, err)
	}
}

// TestPolicyMeanwhile: a policy that is changed while an answer is looked at holds
// for that answer already.
func TestPolicyMeanwhile(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for what, change := range map[string]func(w *world){
		"policy off":    func(w *world) { w.change(admin.PassPolicyChange{Enabled: &no}) },
		"one-time only": func(w *world) { w.change(admin.PassPolicyChange{Once: &yes}) },
		"excluded": func(w *world) {
			w.change(admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "user", ID: w.user.UserID}}})
		},
		"a guest": func(w *world) {
			_, err := w.admin.UpdateUser(t.Context(), admin.Operator("test"), tenantID, name, admin.UserChange{Type: new(idp.ExternalGuest)})
			w.must(err)
		},
	} {
		w := newWorld(t)
		_, code := w.givePass(name, idp.PassRequest{})
		b := w.browser()
		f := b.asked(w.request("own"), name)
		w.tap.first = func() { change(w) }
		out := b.answer(f, code)
		if told(out) != idp.PassBlocked || len(all[idp.Session](w)) != 0 || w.last().Error != idp.PassBlocked {
			t.Errorf("%s: %s, told %d, %d sessions", what, out.Decision.Step, told(out), len(all[idp.Session](w)))
		}
	}
}
