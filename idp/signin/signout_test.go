package signin_test

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// heard lets an app hear of logouts, by back channel and front channel.
func (w *world) heard(id string) {
	w.Helper()
	w.put(&idp.Client{ClientID: id, Name: id, Trusted: true, Logout: idp.ClientLogout{Back: "https://" + id + ".example/back", Front: "https://" + id + ".example/front"}})
}

// in signs in to the app, by the code if that is asked for.
func (b *browser) in(app, code string, scopes ...string) signin.Outcome {
	b.w.Helper()
	r := b.w.request(app, func(r *idp.AuthRequest) { r.Scopes = append(r.Scopes, scopes...) })
	out := b.look(b.start(r))
	if out.Decision.Step != idp.Issue {
		out = b.answer(b.asked(r, name), code)
	}
	b.wantStep(out, idp.Issue)
	return out
}

func (b *browser) signOut() signin.SignedOut {
	b.w.Helper()
	out, err := b.w.signin.SignOut(context.Background(), b.visit())
	b.w.must(err)
	return out
}

// TestNoticeWithGrant: the notice is written with the grant, due at the session's end,
// and for an app that wants one only.
func TestNoticeWithGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.heard("a")
	_, code := w.givePass(name, idp.PassRequest{Lifetime: 60})
	b := w.browser()
	first := b.in("a", code)
	notices := all[idp.LogoutNotice](w)
	if len(notices) != 1 || notices[0].ClientID != "a" || notices[0].SessionID != first.Session.SessionID || notices[0].UserID != w.user.UserID || !notices[0].Due.Equal(first.Session.NotAfter) {
		t.Fatalf("%+v", notices)
	}
	if !slices.Equal(notices[0].Credentials, first.Session.Credentials()) {
		t.Errorf("rests on %v, the session on %v", notices[0].Credentials, first.Session.Credentials())
	}
	w.pass(time.Minute)
	for range 2 {
		b.in("a", code)
		b.in("own", code)
	}
	if again := all[idp.LogoutNotice](w); len(again) != 1 || again[0].NoticeID != notices[0].NoticeID {
		t.Errorf("%d notices, %+v", len(again), again[0])
	}
}

// TestNoticeIsHastened: whatever ends a session sooner brings its notices forward, and
// leaves others.
func TestNoticeIsHastened(t *testing.T) {
	t.Parallel()
	disabled := true
	op := admin.Operator("test")
	for what, do := range map[string]func(w *world, b *browser){
		"sign-out":     func(_ *world, b *browser) { b.signOut() },
		"pass deleted": func(w *world, _ *browser) { w.must(w.admin.DeletePass(context.Background(), op, tenantID, name, "")) },
		"pass replaced": func(w *world, _ *browser) {
			w.givePass(name, idp.PassRequest{})
		},
		"another person": func(w *world, b *browser) {
			w.newUser("bob@contoso.example")
			_, code := w.givePass("bob@contoso.example", idp.PassRequest{})
			b.wantStep(b.answer(b.asked(w.request("own"), "bob@contoso.example"), code), idp.Issue)
		},
		"disabled": func(w *world, _ *browser) {
			_, err := w.admin.UpdateUser(context.Background(), op, tenantID, name, admin.UserChange{Disabled: &disabled})
			w.must(err)
		},
		"everywhere": func(w *world, _ *browser) {
			_, err := w.admin.RevokeSessions(context.Background(), op, tenantID, name)
			w.must(err)
		},
		"deleted": func(w *world, _ *browser) { w.must(w.admin.DeleteUser(context.Background(), op, tenantID, name)) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.heard("a")
			w.newUser("carla@contoso.example")
			_, carlas := w.givePass("carla@contoso.example", idp.PassRequest{})
			other := w.browser()
			other.wantStep(other.answer(other.asked(w.request("a"), "carla@contoso.example"), carlas), idp.Issue)
			_, code := w.givePass(name, idp.PassRequest{Lifetime: 60})
			b := w.browser()
			b.in("a", code)
			w.pass(time.Minute)
			do(w, b)
			due := 0
			for _, n := range all[idp.LogoutNotice](w) {
				if hers := n.UserID == w.user.UserID; hers != !n.Due.After(w.now()) {
					t.Errorf("%+v at %v", n, w.now())
				} else if hers {
					due++
				}
			}
			if due != 1 {
				t.Errorf("%d notices are due", due)
			}
		})
	}
}

// TestSignedOut: a sign-out names each app with a part in the session once, and ends what
// lasts no longer than it; what is offline goes on.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"a", "b", "c"} {
		w.heard(id)
	}
	_, code := w.givePass(name, idp.PassRequest{Lifetime: 60})
	b := w.browser()
	first := b.in("a", code)
	w.pass(time.Second)
	for range 2 {
		b.in("a", code)
		b.in("b", code, idp.ScopeOffline)
		b.in("own", code)
	}
	w.pass(time.Second)
	out := b.signOut()
	var ids []string
	for _, c := range out.Clients {
		ids = append(ids, c.ClientID)
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []string{"a", "b", "own"}) || out.Session.SessionID != first.Session.SessionID {
		t.Errorf("%v, %+v", ids, out.Session)
	}
	for _, g := range all[idp.Grant](w) {
		if over := !g.RevokedAt.IsZero(); over == g.Offline() || over && g.RevokedAs != idp.NoSession {
			t.Errorf("%s, offline %v, revoked %v", g.ClientID, g.Offline(), g.RevokedAt)
		}
	}
	var frames []string
	for _, f := range out.Frames("https://issuer.example") {
		u, err := url.Parse(f)
		w.must(err)
		if q := u.Query(); q.Get("iss") != "https://issuer.example" || q.Get("sid") != out.Session.SessionID || len(q) != 2 {
			t.Errorf("%s", f)
		}
		frames = append(frames, u.Host)
	}
	slices.Sort(frames)
	if !slices.Equal(frames, []string{"a.example", "b.example"}) {
		t.Errorf("frames at %v", frames)
	}
	if again := b.signOut(); again.Session != nil || len(again.Clients) > 0 || len(again.Frames("x")) > 0 {
		t.Errorf("once more: %+v", again)
	}
	stranger := w.browser()
	if n := w.commits(func() { stranger.signOut() }); n != 0 {
		t.Errorf("nobody signs out with %d commits", n)
	}
}

// TestSignOutIsOneCommit: a sign-out and the notices that it brings forward are one
// transaction.
func TestSignOutIsOneCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.heard("a")
	_, code := w.givePass(name, idp.PassRequest{Lifetime: 60})
	b := w.browser()
	b.in("a", code)
	w.pass(time.Second)
	if n := w.commits(func() { b.signOut() }); n != 1 {
		t.Errorf("%d commits", n)
	}
	w.view(func(tx *storage.Tx) error {
		notices, _, err := storage.All[idp.LogoutNotice](tx, storage.Page{})
		if len(notices) != 1 || !notices[0].Due.Equal(w.now()) {
			t.Errorf("%+v", notices)
		}
		return err
	})
}
