package oidc_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/oidc"
)

// TestBackchannelOffline: an app that goes on without the session is told of the
// session's end, and once more when what it still has ends, too.
func TestBackchannelOffline(t *testing.T) {
	t.Parallel()
	const anna = "anna@contoso.example"
	disabled := true
	for name, test := range map[string]struct {
		do    func(v *visitor, refresh string)
		again bool // it hears of that
	}{
		"pass deleted":          {func(v *visitor, _ string) { v.must(v.admin.DeletePass(v.ctx(), operator, tenantID, anna, "")) }, true},
		"pass replaced":         {func(v *visitor, _ string) { v.pass("anna", idp.PassRequest{}) }, true},
		"the pass's end":        {func(v *visitor, _ string) { v.advance(epoch.Add(30 * 24 * time.Hour).Sub(v.clock.Now())) }, true},
		"signed out everywhere": {func(v *visitor, _ string) { v.must2(v.admin.RevokeSessions(v.ctx(), operator, tenantID, anna)) }, true},
		"person disabled": {func(v *visitor, _ string) {
			v.must2(v.admin.UpdateUser(v.ctx(), operator, tenantID, anna, userOff(&disabled)))
		}, true},
		"person deleted":        {func(v *visitor, _ string) { v.must(v.admin.DeleteUser(v.ctx(), operator, tenantID, anna)) }, true},
		"given back by the app": {func(v *visitor, refresh string) { v.revoke(v.apps["first"], refresh) }, false},
		"an hour":               {func(v *visitor, _ string) { v.advance(time.Hour) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisitor(t, options{})
			e := v.listen()
			got := v.tokens(v.hearing(e, "first"), v.who, nil)
			v.advance(time.Minute)
			v.logout(one("id_token_hint", got.str("id_token")))
			if calls := v.tell(e); len(calls) != 1 {
				t.Fatalf("at the sign-out: %d calls", len(calls))
			}
			if again := v.refresh(v.apps["first"], got.str("refresh_token"), ""); again.Status != 200 {
				t.Fatalf("offline access is over: %s", again.Body)
			}
			v.advance(time.Minute)
			test.do(v, got.str("refresh_token"))
			calls := v.tell(e)
			if (len(calls) == 1) != test.again || len(calls) > 1 {
				t.Fatalf("%d calls, want one: %v", len(calls), test.again)
			}
			for _, c := range calls {
				checkLogoutToken(t, v.world, c.token, got.str("id_token"))
			}
			if !test.again {
				return
			}
			v.advance(31 * 24 * time.Hour)
			if calls := v.tell(e); len(calls) > 0 || len(v.owed()) > 0 {
				t.Errorf("told again when nothing was left: %d calls, %d owed", len(calls), len(v.owed()))
			}
		})
	}
}

// TestBackchannelAllEndsAtOnce: an app whose offline access ends with the session hears
// of both at once.
func TestBackchannelAllEndsAtOnce(t *testing.T) {
	t.Parallel()
	const anna = "anna@contoso.example"
	disabled := true
	for name, do := range map[string]func(v *visitor){
		"pass deleted":          func(v *visitor) { v.must(v.admin.DeletePass(v.ctx(), operator, tenantID, anna, "")) },
		"signed out everywhere": func(v *visitor) { v.must2(v.admin.RevokeSessions(v.ctx(), operator, tenantID, anna)) },
		"person disabled":       func(v *visitor) { v.must2(v.admin.UpdateUser(v.ctx(), operator, tenantID, anna, userOff(&disabled))) },
		"person deleted":        func(v *visitor) { v.must(v.admin.DeleteUser(v.ctx(), operator, tenantID, anna)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisitor(t, options{})
			e := v.listen()
			v.tokens(v.hearing(e, "first"), v.who, nil)
			v.advance(time.Minute)
			do(v)
			if calls := v.tell(e); len(calls) != 1 {
				t.Errorf("%d calls", len(calls))
			}
			v.advance(31 * 24 * time.Hour)
			if calls := v.tell(e); len(calls) > 0 || len(v.owed()) > 0 {
				t.Errorf("told again when nothing was left: %d calls, %d owed", len(calls), len(v.owed()))
			}
		})
	}
}

// TestBackchannelExpired: nobody is told again of a session that ended by itself when its
// browser signs out, or somebody else signs in there.
func TestBackchannelExpired(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(v *visitor){
		"sign-out":                func(v *visitor) { v.logout(nil) },
		"signed in again":         func(v *visitor) { v.in(v.apps["web"]) },
		"somebody else signed in": func(v *visitor) { v.other() },
	} {
		v := newVisitor(t, options{})
		e := v.listen()
		v.tokens(v.hearing(e, "first"), v.who, nil)
		v.advance(24 * time.Hour)
		if calls := v.tell(e); len(calls) != 1 {
			t.Errorf("%s: at the end: %d calls", name, len(calls))
		}
		if do(v); len(v.tell(e)) > 0 {
			t.Errorf("%s: told again, with no news", name)
		}
	}
}

// TestBackchannelDevice: an app on a device hears of the session that approved it.
func TestBackchannelDevice(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	e := v.listen()
	a := v.hearing(e, "tv", func(c *idp.Client) { c.AuthMethod, c.GrantTypes = idp.AuthNone, append(c.GrantTypes, idp.GrantDevice) })
	started := v.device(a, "openid")
	v.approve(started.str("user_code"), v.who)
	got := v.poll(a, started.str("device_code"))
	v.logout(one("id_token_hint", got.str("id_token")))
	calls := v.tell(e)
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	checkLogoutToken(t, v.world, calls[0].token, got.str("id_token"))
}

// TestBackchannelRetries: an app that does not answer well is called again after longer
// and longer waits, each time with a token of its own, and given up in the end.
func TestBackchannelRetries(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"error": 500, "refusal": 400, "redirect": 302, "no answer": -1, "not found": 404} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisitor(t, options{})
			e := v.listen()
			e.answers(status, nil)
			got := v.tokens(v.hearing(e, "first"), v.who, one("scope", "openid")) // no offline access, whose end it would hear of
			v.logout(one("id_token_hint", got.str("id_token")))
			var at []time.Duration
			seen := map[any]bool{}
			begin := v.clock.Now()
			for range 24 * 60 * 6 { // a day, ten seconds at a time
				for _, c := range v.tell(e) {
					at = append(at, v.clock.Now().Sub(begin))
					checkLogoutToken(t, v.world, c.token, got.str("id_token"))
					seen[v.claims(c.token)["jti"]] = true
				}
				v.advance(10 * time.Second)
			}
			want := []time.Duration{0, 10 * time.Second, 40 * time.Second, 160 * time.Second, 760 * time.Second, 4360 * time.Second, 18760 * time.Second}
			if !slices.Equal(at, want) || len(seen) != len(at) || len(v.owed()) > 0 {
				t.Errorf("called after %v with %d tokens, still owed %d; want calls after %v", at, len(seen), len(v.owed()), want)
			}
		})
	}
}

// TestBackchannelRecovers: an app that is back in time hears of it, and is then left in
// peace; 204 is as good as 200.
func TestBackchannelRecovers(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	e := v.listen()
	got := v.tokens(v.hearing(e, "first"), v.who, one("scope", "openid"))
	v.logout(one("id_token_hint", got.str("id_token")))
	for _, status := range []int{503, -1, 204} {
		e.answers(status, nil)
		if calls := v.tell(e); len(calls) != 1 {
			t.Errorf("%d: %d calls", status, len(calls))
		}
		if calls := v.tell(e); len(calls) > 0 {
			t.Errorf("%d: called again at once", status)
		}
		v.advance(time.Minute)
	}
	if len(v.owed()) > 0 {
		t.Error("still owed")
	}
}

// TestBackchannelTwoNodes: of two servers over one store, however often and at the same
// time they look, one calls each app.
func TestBackchannelTwoNodes(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{"mem": {}, "bolt": {bolt: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisitor(t, o)
			e := v.listen()
			const apps = 12
			var hint string
			for i := range apps {
				hint = v.tokens(v.hearing(e, fmt.Sprint("app", i)), v.who, one("scope", "openid")).str("id_token")
			}
			nodes := []*oidc.Provider{v.provider, nil}
			v.start()
			nodes[1] = v.provider
			v.logout(one("id_token_hint", hint))
			var failed atomic.Int64
			rush(16, func(i int) string {
				if err := nodes[i%2].DeliverNotices(v.ctx(), v.clock.Now()); err != nil {
					failed.Add(1)
				}
				return ""
			})
			count := heardBy(e.taken())
			for i := range apps {
				if id := fmt.Sprint("app", i); count[id] != 1 {
					t.Errorf("%s is called %d times", id, count[id])
				}
			}
			if failed.Load() > 0 || len(v.owed()) > 0 {
				t.Errorf("%d runs failed, still owed %d", failed.Load(), len(v.owed()))
			}
		})
	}
}

// TestBackchannelCrash: a server that stops while an app is being called leaves the
// notice to be delivered again, by any node.
func TestBackchannelCrash(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	e := v.listen()
	got := v.tokens(v.hearing(e, "first"), v.who, one("scope", "openid"))
	v.logout(one("id_token_hint", got.str("id_token")))
	ctx, stop := context.WithCancel(v.ctx())
	e.answers(0, func(string) { stop(); <-ctx.Done() })
	v.must(v.provider.DeliverNotices(ctx, v.clock.Now()))
	e.answers(0, nil)
	e.taken()
	v.start()
	if calls := v.tell(e); len(calls) > 0 { // the call may still be under way
		t.Errorf("called again at once")
	}
	v.advance(10 * time.Second)
	if calls := v.tell(e); len(calls) != 1 || len(v.owed()) > 0 {
		t.Errorf("after ten seconds: %d calls, %d owed", len(calls), len(v.owed()))
	}
}

// TestBackchannelHastened: what ends while an app is being told of something else is not
// lost.
func TestBackchannelHastened(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	e := v.listen()
	got := v.tokens(v.hearing(e, "first"), v.who, nil)
	v.logout(one("id_token_hint", got.str("id_token")))
	var once sync.Once
	e.answers(0, func(string) {
		once.Do(func() { v.must(v.admin.DeletePass(v.ctx(), operator, tenantID, "anna@contoso.example", "")) })
	})
	v.tell(e)
	v.tell(e)
	v.advance(10 * time.Second)
	v.tell(e)
	if active := v.introspect(v.apps["first"], got.str("refresh_token")).JSON["active"]; active != false || len(v.owed()) > 0 {
		t.Errorf("offline access: %v, still owed %d", active, len(v.owed()))
	}
}

// TestBackchannelNews: an app that could not be reached about one end is called about the
// next as if nothing had been.
func TestBackchannelNews(t *testing.T) {
	t.Parallel()
	for _, failed := range []int{1, 6, 7} {
		v := newVisitor(t, options{})
		e := v.listen()
		got := v.tokens(v.hearing(e, "first"), v.who, nil)
		v.logout(one("id_token_hint", got.str("id_token")))
		e.answers(500, nil)
		for i := range failed {
			if calls := v.tell(e); len(calls) != 1 {
				t.Fatalf("%d calls", len(calls))
			}
			if wait := v.owed()[0].Due.Sub(v.clock.Now()); i < failed-1 {
				v.advance(wait)
			} else {
				v.advance(wait / 2) // the next call is not due yet
			}
		}
		v.must(v.admin.DeletePass(v.ctx(), operator, tenantID, "anna@contoso.example", ""))
		e.answers(0, nil)
		if calls := v.tell(e); len(calls) != 1 || len(v.owed()) > 0 {
			t.Errorf("after %d calls in vain: %d calls, still owed %d", failed, len(calls), len(v.owed()))
		}
	}
}

// TestBackchannelMany: a crowd of apps is told in a few goes, each once, beside apps that
// are gone.
func TestBackchannelMany(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	e := v.listen()
	const apps, gone = 64, 10
	var got *reply
	for i := range apps {
		got = v.tokens(v.hearing(e, fmt.Sprint("app", i)), v.who, one("scope", "openid"))
	}
	for i := range gone {
		v.must(v.admin.DeleteClient(v.ctx(), operator, tenantID, fmt.Sprint("app", 3*i)))
	}
	v.logout(url.Values{"id_token_hint": {got.str("id_token")}})
	var calls []heard
	for range 3 {
		calls = append(calls, v.tell(e)...)
		v.advance(time.Second)
	}
	if len(calls) != apps-gone || len(heardBy(calls)) != apps-gone || len(v.owed()) > 0 {
		t.Errorf("%d calls to %d apps, still owed %d", len(calls), len(heardBy(calls)), len(v.owed()))
	}
}

// TestBackchannelSideBySide: an app that takes its time keeps no other waiting.
func TestBackchannelSideBySide(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	e := v.listen()
	for _, id := range []string{"first", "second", "third"} {
		v.hearing(e, id)
		v.in(v.apps[id])
	}
	v.confirmLogout(v.logout(nil).Page.State)
	var all sync.WaitGroup
	all.Add(3)
	e.answers(0, func(string) { // each answers once all have been called
		all.Done()
		all.Wait()
	})
	if calls := v.tell(e); len(calls) != 3 {
		t.Errorf("%d calls", len(calls))
	}
}

// TestBackchannelGivenUp: an app that was given up about the end of a session hears of
// the end of its offline access all the same.
func TestBackchannelGivenUp(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	e := v.listen()
	e.answers(500, nil)
	got := v.tokens(v.hearing(e, "first"), v.who, nil)
	v.logout(one("id_token_hint", got.str("id_token")))
	for range 9 {
		v.tell(e)
		v.advance(13 * time.Hour)
	}
	if owed := v.owed(); len(owed) != 1 || owed[0].Tries != 0 {
		t.Fatalf("%+v", owed)
	}
	e.answers(200, nil)
	v.advance(v.owed()[0].Due.Sub(v.clock.Now()))
	if calls := v.tell(e); len(calls) != 1 || len(v.owed()) != 0 {
		t.Errorf("%d calls, %d owed", len(calls), len(v.owed()))
	}
}
