package signin_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// most is how many of the times lie within any span of a length, at most.
func most(times []time.Time, span time.Duration) (n int) {
	slices.SortFunc(times, time.Time.Compare)
	first := 0
	for last, at := range times {
		for at.Sub(times[first]) >= span {
			first++
		}
		n = max(n, last-first+1)
	}
	return n
}

// attack has somebody ask for codes for an address and guess, whenever it is their turn, in a
// new browser each time, for as long as it takes.
func (g *guests) attack(lasts, pause time.Duration, address func(turn int) string, from func(turn int) string) {
	for turn, until := 0, g.now().Add(lasts); g.now().Before(until); turn++ {
		b := g.browser()
		b.address = from(turn)
		out := b.send(b.asks(signin.Start(nil, "", g.now()).WithUser(address(turn))))
		for i := 0; i < 6 && out.Prompt.Page == "email-code" && out.Flow.Challenge != ""; i++ {
			out = b.answer(out.Flow, fmt.Sprintf("%08d", i))
		}
		g.pass(pause)
	}
}

func (g *guests) sentAt(to string) (times []time.Time) {
	for _, m := range g.owed() {
		if m.To == to {
			times = append(times, m.CreatedAt)
		}
	}
	return times
}

// TestGuessingOneGuest (E2, E4, E9): a day and a half of asking for codes and guessing at one
// mailbox, each time from another address, stays within the budget and floods no mailbox.
func TestGuessingOneGuest(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	g.pass(2 * day)
	g.looked.Store(0)
	var answers []time.Time
	g.signin.Observe(func(k idp.Kind, _ error) { answers = append(answers, g.now()) })
	g.attack(36*time.Hour, time.Minute, func(int) string { return guest }, func(turn int) string {
		return fmt.Sprintf("198.51.%d.%d", turn/250%250, turn%250)
	})
	sent := g.sentAt(guest)
	t.Logf("asked 2,160 times: %d codes sent (%d an hour, %d a day at most), %d answers a day looked at: P = %.1e",
		len(sent), most(sent, time.Hour), most(sent, day), most(answers, day), float64(most(answers, day))/1e8)
	if most(sent, time.Hour) > 5 || most(sent, day) > 20 || len(sent) < 10 {
		t.Errorf("%d codes an hour, %d a day", most(sent, time.Hour), most(sent, day))
	}
	if n := most(answers, day); n > 100 || n < 10 {
		t.Errorf("%d answers a day were looked at", n)
	}
}

// TestOwnerUnderAttack (E6): while strangers ask for all codes there are, the guest gets one
// in the browser that they have signed in with before, and by the link of an invitation.
func TestOwnerUnderAttack(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	own := g.accepted(guest)
	own.session = ""
	g.pass(2 * day)
	many := func(turn int) string { return fmt.Sprintf("198.51.%d.%d", turn/250%250, turn%250) }
	g.attack(12*time.Hour, 2*time.Minute, func(int) string { return guest }, many)
	if out := g.browser().send(g.browser().asks(signin.Start(nil, "", g.now()).WithUser(guest))); out.Problem == nil || out.Problem.Text != "code.toomany" {
		t.Errorf("a stranger: %+v", out.Problem)
	}
	for range 3 { // of the five that strangers leave a day
		own.session = ""
		own.wantStep(own.code(own.toApp(guest)), idp.Issue)
		g.pass(time.Hour)
	}
}

// TestSpraying (E5): one address gets thirty codes an hour for whomever, and all strangers
// together three hundred of a tenant; administrators hear of it once an hour.
func TestSpraying(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from   func(turn int) string
		bound  int
		alerts int
	}{
		"one address":    {func(int) string { return "203.0.113.9" }, 30, 0},
		"one network":    {func(turn int) string { return fmt.Sprintf("2001:db8::%x", turn) }, 30, 0},
		"many addresses": {func(turn int) string { return fmt.Sprintf("198.51.%d.%d", turn/250%250, turn%250) }, 300, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuests(t)
			g.attack(2*time.Hour, 2*time.Second, func(turn int) string { return fmt.Sprintf("somebody%d@partner.example", turn) }, c.from)
			var times []time.Time
			for _, m := range g.mails() {
				times = append(times, m.CreatedAt)
			}
			alerts := g.audited(idp.CodesExhausted.Name)
			t.Logf("3,600 accounts in two hours: %d codes an hour, %d answers looked at, %d alerts", most(times, time.Hour), g.looked.Load(), len(alerts))
			if n := most(times, time.Hour); n != c.bound {
				t.Errorf("%d codes an hour, want %d", n, c.bound)
			}
			if len(alerts) == 0 != (c.alerts == 0) || len(alerts) > c.alerts {
				t.Errorf("%d alerts, want at most %d", len(alerts), c.alerts)
			}
		})
	}
}

// TestAnotherCodeResetsNothing (E3): another code, another browser and another sign-in leave
// the count of wrong answers as it is.
func TestAnotherCodeResetsNothing(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	g.pass(2 * day)
	guess := func(n int) (looked int64) {
		b := g.browser()
		f := b.sent(b.asks(b.toApp(guest)))
		before := g.looked.Load()
		for range n {
			f = b.answer(f, another(g.newestCode())).Flow
		}
		return g.looked.Load() - before
	}
	if n := guess(3); n != 3 {
		t.Fatalf("%d answers were looked at, want 3", n)
	}
	g.pass(31 * time.Second)
	if n := guess(5); n != 2 { // what is left of the burst
		t.Errorf("%d answers were looked at after another code, want 2", n)
	}
}

// TestTries: a code takes five answers, then it is over and another one is needed.
func TestTries(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	b := g.browser()
	f := b.sent(b.asks(b.toApp(guest)))
	code := g.newestCode()
	for i := range 5 {
		g.pass(6 * time.Minute) // so that it is not the throttle that holds it back
		if i == 4 {
			g.pass(-time.Minute)
		}
		out := b.answer(f, another(code))
		if told(out) != idp.EmailCodeWrong {
			t.Fatalf("try %d: %+v", i+1, out.Problem)
		}
		f = out.Flow
	}
	out := b.answer(f, code)
	if b.session != "" || out.Flow.Challenge != "" {
		t.Errorf("the sixth answer: %+v", out)
	}
	b.asks(out.Flow)
}

// TestOneCodeParallel (A1): of 200 who type one code at once, one is signed in.
func TestOneCodeParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, rounds int, open func(*testing.T) storage.Driver) {
		g := guestsOn(t, open(t))
		g.accepted(guest)
		for range rounds {
			g.pass(day)
			b := g.browser()
			f, sessions := b.sent(b.asks(b.toApp(guest))), len(all[idp.Session](g.world))
			code, v := g.newestCode(), b.visit()
			ends := atOnce(crowd, func(int) string {
				out, err := g.signin.Answer(context.Background(), v, f, idp.Answer{"code": code})
				return end(out, err)
			})
			if n := len(all[idp.Session](g.world)) - sessions; n != 1 || ends[string(idp.Issue)] != 1 || ends["code.used"]+ends[signin.ErrBusy.Error()] == 0 {
				t.Errorf("%d sessions, %v", n, ends)
			}
		}
	})
}

// TestOneInvitationParallel (A1): of 200 who accept one invitation at once, one does.
func TestOneInvitationParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, rounds int, open func(*testing.T) storage.Driver) {
		g := guestsOn(t, open(t))
		for i := range rounds {
			info := g.invite(fmt.Sprintf("guest%d@partner.example", i))
			b := g.browser()
			out := b.code(b.opened(info))
			b.wantStep(out, idp.RedeemStep)
			v := b.visit()
			ends := atOnce(crowd, func(int) string {
				return end(g.signin.Redeem(context.Background(), v, out.Flow, true))
			})
			if n := len(g.audited(idp.InviteRedeemed)); n != i+1 || ends[string(idp.Issue)] != 1 || ends["signin: "+idp.InvitationUsed] != crowd-1 {
				t.Errorf("%d lines tell of it, %v", n, ends)
			}
			g.pass(time.Hour)
		}
	})
}

// TestSendsParallel (E9): of 200 who ask for codes for one mailbox at once, no more get one
// than may.
func TestSendsParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, _ int, open func(*testing.T) storage.Driver) {
		g := guestsOn(t, open(t))
		g.accepted(guest)
		g.pass(2 * day)
		before := len(g.owed())
		ends := atOnce(crowd, func(int) string {
			b := g.browser()
			f := b.look(b.toApp(guest)).Flow
			return end(g.signin.Send(context.Background(), b.visit(), f, ""))
		})
		if n := len(g.owed()) - before; n != 4 || ends["code.toomany"] != crowd-4 {
			t.Errorf("%d codes were sent, want the 4 of an hour: %v", n, ends)
		}
	})
}
