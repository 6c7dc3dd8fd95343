package signin_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// TestAnswersToNothing (E6): who was sent no code cannot answer, so that whoever types codes
// for a name without asking for any keeps nobody from typing theirs.
func TestAnswersToNothing(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	g.pass(2 * day)
	before := g.looked.Load()
	for turn := range 200 {
		b := g.browser()
		b.address = fmt.Sprintf("198.51.100.%d", turn)
		out := b.answer(b.asks(b.toApp(guest)), "12345678")
		if out.Problem == nil || out.Problem.Text != "code.gone" {
			t.Fatalf("told %+v", out.Problem)
		}
		b.asks(out.Flow)
		g.pass(time.Minute)
	}
	if n := g.looked.Load() - before; n != 0 {
		t.Errorf("%d answers were looked at", n)
	}
	b := g.browser()
	b.wantStep(b.code(b.toApp(guest)), idp.Issue)
}

// TestNobodyIsGuessedOut (E6): days of guessing at codes that strangers had sent keep nobody
// from redeeming an invitation, and from a new browser only for as long as they go on.
func TestNobodyIsGuessedOut(t *testing.T) {
	t.Parallel()
	many := func(turn int) string { return fmt.Sprintf("198.51.%d.%d", turn/250%250, turn%250) }
	g := newGuests(t)
	const invited = "ira@partner.example"
	info := g.invite(invited)
	g.accepted(guest)
	g.attack(3*day, 15*time.Minute, func(turn int) string { return []string{guest, invited}[turn%2] }, many)
	b := g.browser()
	b.wantStep(b.code(b.opened(info)), idp.RedeemStep)
	if n := g.looked.Load(); n < 200 {
		t.Fatalf("only %d answers were looked at", n)
	}
	g.pass(day + time.Second)
	b = g.browser()
	b.wantStep(b.code(b.toApp(guest)), idp.Issue)
}

// TestCodeIsOneMailboxs: a code that one guest was sent signs in no other, whose session has
// come to be in the same browser meanwhile, and does not prolong it.
func TestCodeIsOneMailboxs(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	b, other := g.accepted(guest), g.accepted("ira@partner.example")
	f := b.sent(b.asks(b.start(g.request("own", prompt("login"))).WithAccount()))
	code, own := g.newestCode(), b.session
	b.session = other.session
	out := b.answer(f, code)
	if told(out) != idp.EmailCodeWrong || out.NewSession != "" {
		t.Fatalf("the other is told %+v and gets the session %q", out.Problem, out.NewSession)
	}
	b.session = own
	b.wantStep(b.answer(f, code), idp.Issue)
}

// TestCodeOfAnEarlierMailbox: nor does a code that was sent before the redemption was reset,
// though the address is the same.
func TestCodeOfAnEarlierMailbox(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	b := g.browser()
	f := b.sent(b.asks(b.toApp(guest)))
	code := g.newestCode()
	_, err := g.admin.ResetRedemption(context.Background(), admin.Operator("test"), tenantID, guest, "")
	g.must(err)
	if out := b.answer(f, code); told(out) != idp.EmailCodeWrong {
		t.Errorf("told %+v", out.Problem)
	}
}

// codesFor is how many codes are sent to who goes on asking by a flow.
func (b *browser) codesFor(f signin.Flow) (n int) {
	b.w.Helper()
	for ; n < 100; n++ {
		again := b.look(f.Restarted(b.w.now())).Flow
		if out := b.send(again); out.Problem != nil {
			return n
		}
	}
	return n
}

// TestLinkOfLongAgo (E9): the link of an invitation leaves the limits of strangers behind
// while it is good, however long ago it was opened.
func TestLinkOfLongAgo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(g *guests, info admin.InvitationInfo)
		want      int
	}{
		"good": {func(*guests, admin.InvitationInfo) {}, 5},
		"over": {func(g *guests, _ admin.InvitationInfo) { g.pass(31 * day) }, 4},
		"sent again": {func(g *guests, _ admin.InvitationInfo) {
			_, err := g.admin.Resend(context.Background(), admin.Operator("test"), tenantID, guest)
			g.must(err)
		}, 4},
		"reset to another address": {func(g *guests, info admin.InvitationInfo) {
			_, err := g.admin.ResetRedemption(context.Background(), admin.Operator("test"), tenantID, guest, "new@partner.example")
			g.must(err)
		}, 4},
		"deleted": {func(g *guests, info admin.InvitationInfo) {
			g.must(g.admin.DeleteUser(context.Background(), admin.Operator("test"), tenantID, info.User.UserID))
		}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuests(t)
			info := g.invite(guest)
			b := g.browser()
			f := b.opened(info)
			c.meanwhile(g, info)
			if n := b.codesFor(f); n != c.want {
				t.Errorf("%d codes, want %d", n, c.want)
			}
		})
	}
}

// TestKnownByAnotherMailbox (E9): a browser that knows a guest does not know the mailbox that
// the guest was given since.
func TestKnownByAnotherMailbox(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	b := g.accepted(guest)
	g.pass(2 * day)
	if n := b.codesFor(b.toApp(guest)); n != 5 {
		t.Fatalf("%d codes to who is known, want 5", n)
	}
	_, err := g.admin.ResetRedemption(context.Background(), admin.Operator("test"), tenantID, guest, "victim@partner.example")
	g.must(err)
	if n := b.codesFor(b.toApp("victim@partner.example")); n != 4 {
		t.Errorf("%d codes to the new mailbox, want the 4 of strangers", n)
	}
}

// TestInvitedSparesTheKnown (E6): whoever has the link of an invitation leaves some of a day's
// codes to the browsers that know the guest.
func TestInvitedSparesTheKnown(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	info, n := g.invite(guest), 0
	for range 24 {
		b := g.browser()
		n += b.codesFor(b.opened(info))
		g.pass(time.Hour - time.Second)
	}
	if n != 17 {
		t.Errorf("%d codes of a day by the link, want 17", n)
	}
}

// TestCodeMailNamesNoStranger: an app that registered itself without being asked for anything
// does not get its name, which it chose, into the mails that its sign-ins cause.
func TestCodeMailNamesNoStranger(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	var c *idp.Client
	g.view(func(tx *storage.Tx) (err error) {
		c, err = storage.Get[idp.Client](tx, "own")
		return err
	})
	named := c.Name
	for name, change := range map[string]func(){
		named: func() {},
		"":    func() { c.Counted, c.Trusted = true, false },
	} {
		change()
		g.put(c)
		b := g.browser()
		b.sent(b.asks(b.toApp(guest)))
		mails := g.owed()
		if m := mails[len(mails)-1]; m.Details["App"] != name || m.Details["Client"] != "own" || named == "" {
			t.Errorf("the mail names %q, want %q", m.Details["App"], name)
		}
		c.Counted, c.Trusted = false, true
		g.pass(time.Minute)
	}
}
