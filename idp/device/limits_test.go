package device_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

func TestStrangersMakeAPhoneRingSeldom(t *testing.T) {
	for _, name := range []string{anna, "nobody@contoso.example"} {
		w := newWorld(t)
		w.phone()
		rang := 0
		for i := range 24 * 60 {
			if out := w.browser(fmt.Sprintf("198.51.%d.%d", i/250, i%250)).ask(name, ""); out.Problem == nil {
				rang++
			} else if text(out.Problem) != "number.toomany" {
				t.Fatalf("%s, minute %d: %s", name, i, text(out.Problem))
			}
			if i == 8 && rang != 3 {
				t.Errorf("%s: asked %d times in ten minutes", name, rang)
			}
			w.pass(time.Minute)
		}
		if rang != 10 {
			t.Errorf("%s: asked %d times in a day", name, rang)
		}
	}
}

func TestStrangersTogetherMakeAPhoneRingSeldom(t *testing.T) {
	w := newWorld(t)
	w.phone()
	browsers := make([]*browser, 50)
	for i := range browsers {
		browsers[i] = w.browser(fmt.Sprintf("198.51.100.%d", i))
	}
	flows := make([]func() string, len(browsers))
	for i, b := range browsers {
		f := b.at(anna).Flow
		flows[i] = func() string {
			out, err := w.signin.Send(context.Background(), b.visit(), f, "")
			if err != nil {
				t.Error(err)
			}
			return text(out.Problem)
		}
	}
	said := make([]string, len(flows))
	parallel(len(flows), func(i int) { said[i] = flows[i]() })
	asked := 0
	for _, s := range said {
		if s == "" {
			asked++
		}
	}
	if asked != 1 {
		t.Errorf("%d of them ask at once, want one", asked)
	}
}

func TestAKnownBrowserGetsThroughAnAttack(t *testing.T) {
	w := newWorld(t)
	p := w.phone()
	known := w.knownBrowser("192.0.2.1", p)
	for i := range 20 {
		w.browser(fmt.Sprintf("198.51.100.%d", i)).ask(anna, "")
		w.browser("192.0.2.1").ask(anna, "")
		w.browser("192.0.2.1").ask("nobody@contoso.example", "")
		page := known.ask(anna, "")
		if page.Problem != nil {
			t.Fatalf("round %d: %+v", i, page.Problem)
		}
		w.reads(w.respond(p.answering(p.fetch()[0], number(page))), http.StatusOK, nil)
		if out := known.finish(page.Flow); out.NewSession == "" {
			t.Fatalf("round %d: %+v", i, out.Problem)
		}
		known.session = ""
		w.pass(10 * time.Second)
	}
}

func TestNotMeStopsABrowserAndANetwork(t *testing.T) {
	w := newWorld(t)
	p := w.phone()
	stranger := w.browser("198.51.100.1")
	stranger.ask(anna, "")
	w.reads(w.respond(p.answering(p.fetch()[0], "", deny(idp.DeniedNotMe))), http.StatusOK, nil)
	stranger.address = "203.0.113.9"
	for range 59 {
		if out := stranger.ask(anna, ""); text(out.Problem) != "number.blocked" {
			t.Fatalf("the browser, elsewhere: %+v", out.Problem)
		}
		if out := w.browser("198.51.100.1").ask(anna, ""); text(out.Problem) != "number.blocked" {
			t.Fatalf("the network, another browser: %+v", out.Problem)
		}
		w.pass(time.Minute)
	}
	w.pass(time.Minute)
	if out := stranger.ask(anna, ""); out.Problem != nil {
		t.Errorf("after an hour: %+v", out.Problem)
	}
}

func TestWrongNumbersEndARequestAndThenPause(t *testing.T) {
	w := newWorld(t)
	w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Tries = 5 })
	p, b := w.phone(), w.browser("192.0.2.1")
	for round := range 2 {
		page := b.ask(anna, "")
		for left := 4; left >= 0; left-- {
			jws := p.fetch()[0]
			rec := w.respond(p.answering(jws, "x"))
			if want := map[bool]string{true: "403 pending", false: "403 locked"}[left > 0]; w.state(rec) != want {
				t.Errorf("round %d, %d left: %s", round, left, w.state(rec))
			}
			if rec := w.respond(p.answering(jws, number(page))); rec.Code == http.StatusOK {
				t.Error("the number of before is right")
			}
		}
		if out := b.look(page.Flow); text(out.Problem) != "number.locked" {
			t.Errorf("the page: %+v", out.Problem)
		}
	}
	if out := b.ask(anna, ""); text(out.Problem) != "number.blocked" {
		t.Errorf("after ten wrong numbers: %+v", out.Problem)
	}
	w.pass(idp.WrongNumbersPause)
	if out := b.ask(anna, ""); out.Problem != nil {
		t.Errorf("after the pause: %+v", out.Problem)
	}
}

// What a stranger makes is bounded, and goes away by itself.
func TestStrangersLeaveNothingBehind(t *testing.T) {
	w := newWorld(t)
	sweep := func() {
		_, err := w.store.Sweep(context.Background(), w.tenant.TenantID, w.now(), 10_000)
		w.must(err)
	}
	sweep()
	before := w.dump()
	for i := range 200 {
		w.browser("198.51.100.1").ask(fmt.Sprintf("nobody%d@contoso.example", i), "")
	}
	if got, want := len(all[idp.SignInRequest](w)), idp.NetworkPrompts[0].Most; got != want {
		t.Errorf("one network makes %d requests, want %d", got, want)
	}
	w.pass(25 * time.Hour)
	sweep()
	if after := w.dump(); after != before {
		t.Errorf("left behind:\n%s", added(before, after))
	}
}

// A stranger's browser sees the same of everybody.
func TestStrangersSeeTheSameOfEverybody(t *testing.T) {
	setups := map[string]func(w *world){
		"nobody": func(w *world) {
			w.must(w.admin.DeleteUser(w.Context(), admin.Operator("test"), w.tenant.TenantID, anna))
		},
		"no device":            func(*world) {},
		"a device":             func(w *world) { w.phone() },
		"disabled":             func(w *world) { w.phone(); w.disable(w.user) },
		"disabled, no device":  func(w *world) { w.disable(w.user) },
		"a device out of date": func(w *world) { w.phone(); w.pass(idp.AuthenticatorUnused) },
		"out of the policy": func(w *world) {
			w.phone()
			w.policy(func(p *idp.MethodsPolicy) {
				p.Authenticator.Targets.Exclude = []idp.Target{{Type: "user", ID: w.user.UserID}}
			})
		},
		"second factor only": func(w *world) {
			w.phone()
			w.policy(func(p *idp.MethodsPolicy) {
				p.Authenticator.Targets.Include = append(p.Authenticator.Targets.Include, idp.Target{Type: "user", ID: w.user.UserID, Mode: idp.AuthenticatePush})
				p.Authenticator.Targets.Include[0].Mode = idp.AuthenticatePush
			})
		},
		"a copied device": func(w *world) {
			d := w.phone().record()
			d.CopiedAt = w.now()
			w.put(d)
		},
		"an administrator": func(w *world) {
			w.phone()
			u := only(w, w.user)
			u.Roles = []string{idp.GlobalAdministrator}
			w.put(u)
		},
	}
	want := ""
	for _, name := range append([]string{"nobody"}, keysOf(setups)...) {
		w := newWorld(t)
		setups[name](w)
		got := w.tour()
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s:\n%s\nnobody:\n%s", name, got, want)
		}
	}
}

func keysOf(m map[string]func(*world)) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// tour is all that strangers see who ask for anna, again and again.
func (w *world) tour() (seen string) {
	note := func(what string, f map[string]string, problem string) {
		seen += fmt.Sprintf("%s: mode %s, %d characters, state %s, %s tries, %s left, scan %s; problem %q\n",
			what, f["mode"], len(f["secret"]), f["state"], f["tries"], f["left"], f["scan"], problem)
	}
	first, second := w.browser("198.51.100.1"), w.browser("198.51.100.2")
	at := first.at(anna)
	note("the question", at.Prompt.Fields, text(at.Problem))
	page := first.ask(anna, "")
	note("asked", page.Prompt.Fields, text(page.Problem))
	early, err := w.signin.Answer(context.Background(), first.visit(), page.Flow, idp.Answer{})
	w.must(err)
	note("too early", early.Prompt.Fields, text(early.Problem))
	other := second.ask(anna, "")
	note("another browser", other.Prompt.Fields, text(other.Problem))
	page = first.again(page.Flow, idp.AskScan)
	note("anew", page.Prompt.Fields, text(page.Problem))
	page = first.again(page.Flow, idp.AskPick)
	note("not open to anybody", page.Prompt.Fields, text(page.Problem))
	more := first.again(page.Flow, "")
	note("once more", more.Prompt.Fields, text(more.Problem))
	state, changes, ends, err := w.signin.Await(context.Background(), first.visit(), page.Flow)
	w.must(err)
	seen += fmt.Sprint(state, changes, ends.Sub(w.now()), "\n")
	w.pass(time.Minute)
	over := first.look(page.Flow)
	note("over", over.Prompt.Fields, text(over.Problem))
	w.pass(9 * time.Minute)
	next := second.ask(anna, "")
	note("ten minutes later", next.Prompt.Fields, text(next.Problem))
	_, err = w.store.Sweep(context.Background(), w.tenant.TenantID, w.now(), 1000)
	w.must(err)
	gone := first.look(page.Flow)
	note("swept", gone.Prompt.Fields, text(gone.Problem))
	return seen
}

// Two tenants have nothing to do with each other, even where one key is a device at both.
func TestAnAnswerIsGoodAtOneTenant(t *testing.T) {
	w := newWorld(t)
	p := w.phone()
	home := w.tenant
	page := w.browser("192.0.2.1").ask(anna, "")
	jws := p.fetch()[0]
	good := p.answering(jws, number(page))
	w.tenant = &idp.Tenant{TenantID: idp.NewID(), Name: "Fabrikam", Domains: []string{"fabrikam.example"}, CreatedAt: epoch}
	w.must(w.storeTenant())
	w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Enabled, p.TemporaryAccessPass.Enabled = true, true })
	w.newUser("anna@fabrikam.example")
	twin := *p
	twin.enrol("anna@fabrikam.example")
	if rec := w.respond(good); rec.Code != http.StatusBadRequest {
		t.Errorf("the answer at another tenant: %d %s", rec.Code, rec.Body)
	}
	there := w.url("/challenges")
	w.tenant = home
	if rec := w.call("GET", there, p.proof("GET", w.url("/challenges"), nil), nil); rec.Code != http.StatusBadRequest {
		t.Errorf("the proof at another tenant: %d", rec.Code)
	}
	w.reads(w.respond(good), http.StatusOK, nil)
}

// What a known browser is asked counts for no network, so nothing is given back to one either:
// whoever has an account could else ask for others without end.
func TestOnesOwnSignInsGiveANetworkNothingBack(t *testing.T) {
	w := newWorld(t)
	p := w.phone()
	known := w.knownBrowser("192.0.2.1", p)
	asked := 0
	for i := range 2 * idp.NetworkPrompts[0].Most {
		page := known.ask(anna, "")
		if w.browser("192.0.2.1").ask(fmt.Sprintf("nobody%d@contoso.example", i), "").Problem == nil {
			asked++
		}
		w.reads(w.respond(p.answering(p.fetch()[0], number(page))), http.StatusOK, nil)
		known.finish(page.Flow)
		known.session = ""
		w.pass(time.Second)
	}
	if want := idp.NetworkPrompts[0].Most; asked > want {
		t.Errorf("asked %d times from one network, want %d at most", asked, want)
	}
}
