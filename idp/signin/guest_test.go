package signin_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// TestGuestJourney: invited, a code, accepted, on to where the invitation leads; and with
// another code to an app, for a day.
func TestGuestJourney(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	info := g.invite(guest)
	b := g.browser()
	f := b.asks(b.opened(info))
	if len(g.mails()) != 0 {
		t.Error("a mail is owed before anybody asked for one")
	}
	f = b.sent(f)
	owed := g.owed()
	if len(owed) != 1 || owed[0].To != guest || owed[0].UserID != info.User.UserID || owed[0].Ends.Sub(g.now()) != 30*time.Minute {
		t.Fatalf("owed %+v", owed)
	}
	g.pass(2 * time.Minute)
	out := b.answer(f, g.newestCode())
	b.wantStep(out, idp.RedeemStep)
	if out.Invitation == nil || out.Invitation.InvitationID != info.Invitation.InvitationID {
		t.Errorf("about the invitation %+v", out.Invitation)
	}
	if session, user, err := g.signin.Current(context.Background(), b.visit()); session != nil || user != nil || err != nil {
		t.Error("who has not accepted is signed in")
	}
	out, err := g.signin.Redeem(context.Background(), b.visit(), out.Flow, true)
	if err != nil || out.Flow.Onto != "https://app.example/welcome" {
		t.Fatalf("%+v, %v", out.Flow, err)
	}
	b.wantStep(out, idp.Issue)
	u := g.userOf(guest)
	if x := u.External; x.State != idp.Accepted || x.Source != idp.SourceMail || !x.ChangedAt.Equal(g.now()) || !u.Profile.EmailVerified || !u.SignedInAt.Equal(g.now()) {
		t.Errorf("the guest is %+v", u)
	}
	if e := g.audited(idp.InviteRedeemed); len(e) != 1 || e[0].Result != "success" || e[0].Details["Source"] != "mail" || e[0].Actor.ID != u.UserID {
		t.Errorf("audited %+v", e)
	}

	g.pass(time.Hour)
	b = g.browser()
	out = b.code(b.toApp("Gia@Partner.Example"))
	b.wantStep(out, idp.Issue)
	end := g.now().Add(day)
	if s := out.Session; !s.NotAfter.Equal(end) || s.EndsAs != idp.EmailCodeExpired || s.MFA() || !slices.Equal(s.Latest().AMR, []string{"otp"}) || s.Latest().ACR != idp.ACREmail {
		t.Errorf("session %+v", s)
	}
	if !out.Grant.NotAfter.Equal(end) {
		t.Errorf("the grant ends %s, want %s", out.Grant.NotAfter, end)
	}
	if e := g.last(); e.Method != idp.EmailCodeName || e.Result != "success" || e.ClientID != "own" {
		t.Errorf("logged %+v", e)
	}
	g.pass(day - time.Second)
	b.wantStep(b.look(b.start(g.request("own"))), idp.Issue)
	g.pass(time.Second)
	b.wantStep(b.look(b.start(g.request("own"))), idp.Identify)
}

// audited are the directory audit's lines of an activity.
func (w *world) audited(activity string) []*idp.AuditEvent {
	w.Helper()
	events, _, err := w.admin.Events(context.Background(), admin.Operator("test"), tenantID, idp.Directory, storage.Page{})
	w.must(err)
	return slices.DeleteFunc(events, func(e *idp.AuditEvent) bool { return e.Activity != activity })
}

// TestAnotherCodeGivesAnotherDay: a session's end does not move, and a new code begins a
// new session.
func TestAnotherCodeGivesAnotherDay(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	b := g.accepted(guest)
	first := b.session
	g.pass(20 * time.Hour)
	out := b.code(b.start(g.request("own", prompt("login"))).WithUser(guest))
	b.wantStep(out, idp.Issue)
	if first == b.session || !out.Session.NotAfter.Equal(g.now().Add(day)) {
		t.Errorf("the session ends %s", out.Session.NotAfter)
	}
	ended := 0
	for _, s := range all[idp.Session](g.world) {
		if !s.EndedAt.IsZero() {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("%d sessions have ended, want the one before", ended)
	}
}

// TestRedeemOnTheWayToAnApp: who comes to an app before they have accepted is asked then.
func TestRedeemOnTheWayToAnApp(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	info := g.invite(guest)
	b := g.browser()
	out := b.code(b.start(g.request("web")).WithUser(guest))
	b.wantStep(out, idp.RedeemStep)
	silent := b.look(b.start(g.request("web", prompt("none"))))
	if b.wantStep(silent, idp.Refuse); silent.Decision.Error != "interaction_required" || silent.Decision.STS != idp.GuestPending {
		t.Errorf("silently %+v", silent.Decision)
	}
	out, err := g.signin.Redeem(context.Background(), b.visit(), out.Flow, true)
	g.must(err)
	b.wantStep(out, idp.ConsentStep)
	if _, err := g.signin.Invited(context.Background(), b.visit(), info.Invitation.InvitationID, info.Ticket); refusedAs(err) != idp.InvitationUsed {
		t.Errorf("the link afterwards: %v", err)
	}
}

// TestDeclined: nothing is kept of who declines, and they may think better of it.
func TestDeclined(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	info := g.invite(guest)
	b := g.browser()
	out := b.code(b.toApp(guest))
	out, err := g.signin.Redeem(context.Background(), b.visit(), out.Flow, false)
	g.must(err)
	if b.wantStep(out, idp.Refuse); out.Decision.Error != "access_denied" {
		t.Errorf("%+v", out.Decision)
	}
	if u := g.userOf(guest); !u.External.Pending() || u.Profile.EmailVerified {
		t.Errorf("the guest is %+v", u)
	}
	if s := all[idp.Session](g.world); len(s) != 1 || s[0].EndedAt.IsZero() {
		t.Error("the session goes on")
	}
	if e := g.audited(idp.InviteRedeemed); len(e) != 1 || e[0].Result != "failure" {
		t.Errorf("audited %+v", e)
	}
	b.opened(info)
}

func refusedAs(err error) string {
	if e, ok := errors.AsType[*signin.RefusedInvitation](err); ok {
		return e.Text
	}
	return ""
}

// TestInvitationLinks: of each link that is not good, the page can tell what is wrong.
func TestInvitationLinks(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	first := g.invite(guest)
	again := g.invite(guest)
	if first.User.UserID != again.User.UserID || first.Ticket == again.Ticket {
		t.Fatal("invited again, somebody is somebody else, or has the same link")
	}
	used := g.invite("used@partner.example")
	b := g.browser()
	out := b.code(b.opened(used))
	_, err := g.signin.Redeem(context.Background(), b.visit(), out.Flow, true)
	g.must(err)
	elsewhere := b.visit()
	elsewhere.Tenant = &idp.Tenant{TenantID: otherID, Name: "Other", Domains: []string{"other.example"}}
	for name, c := range map[string]struct {
		visit      signin.Visit
		id, ticket string
		want       string
	}{
		"good":              {b.visit(), again.Invitation.InvitationID, again.Ticket, ""},
		"replaced":          {b.visit(), first.Invitation.InvitationID, first.Ticket, idp.InvitationUnknown},
		"of the other":      {b.visit(), again.Invitation.InvitationID, first.Ticket, idp.InvitationUnknown},
		"no ticket":         {b.visit(), again.Invitation.InvitationID, "", idp.InvitationUnknown},
		"cut":               {b.visit(), again.Invitation.InvitationID, again.Ticket[:20], idp.InvitationUnknown},
		"the hash":          {b.visit(), again.Invitation.InvitationID, again.Invitation.Ticket, idp.InvitationUnknown},
		"nothing":           {b.visit(), "", "", idp.InvitationUnknown},
		"a strange id":      {b.visit(), "\xff\x00", again.Ticket, idp.InvitationUnknown},
		"used":              {b.visit(), used.Invitation.InvitationID, used.Ticket, idp.InvitationUsed},
		"of another tenant": {elsewhere, again.Invitation.InvitationID, again.Ticket, idp.InvitationUnknown},
	} {
		if _, err := g.signin.Invited(context.Background(), c.visit, c.id, c.ticket); refusedAs(err) != c.want || c.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for at, want := range map[time.Duration]string{-1: "", 0: idp.InvitationEnded, 1: idp.InvitationEnded} {
		v := b.visit()
		v.Now = again.Invitation.Ends.Add(at)
		if _, err := g.signin.Invited(context.Background(), v, again.Invitation.InvitationID, again.Ticket); refusedAs(err) != want {
			t.Errorf("at its end%+d: %v", at, err)
		}
	}
}

// TestInvitationEndsWhileAsked: the end counts when the guest accepts, not when they came.
func TestInvitationEndsWhileAsked(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	info := g.invite(guest)
	g.pass(info.Invitation.Ends.Sub(g.now()) - 5*time.Minute)
	b := g.browser()
	out := b.code(b.opened(info))
	b.wantStep(out, idp.RedeemStep)
	g.pass(5 * time.Minute)
	if _, err := g.signin.Redeem(context.Background(), b.visit(), out.Flow, true); refusedAs(err) != idp.InvitationEnded {
		t.Errorf("accepted at the end: %v", err)
	}
	if u := g.userOf(guest); !u.External.Pending() {
		t.Error("the guest is in")
	}
}

// TestLinkIsForOne: whoever has the link of an invitation is no stranger for its own address
// alone.
func TestLinkIsForOne(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	b := g.browser()
	f := b.opened(g.invite(guest)).WithUser("other@partner.example")
	if f.Invited != "" || f.Onto != "" {
		t.Errorf("somebody else goes on with %q to %q", f.Invited, f.Onto)
	}
}

// TestCodeRefused: what is no right answer to the newest code is told as what it is.
func TestCodeRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(*guests, *browser, signin.Flow) (signin.Flow, string)
		want string // problem
	}{
		"wrong": {func(g *guests, _ *browser, f signin.Flow) (signin.Flow, string) {
			return f, another(g.newestCode())
		}, "50184"},
		"nothing like one": {func(_ *guests, _ *browser, f signin.Flow) (signin.Flow, string) { return f, "hello" }, "50184"},
		"before one was sent": {func(g *guests, b *browser, f signin.Flow) (signin.Flow, string) {
			return b.asks(b.toApp(guest)), g.newestCode()
		}, "code.gone"},
		"at its end": {func(g *guests, _ *browser, f signin.Flow) (signin.Flow, string) {
			g.pass(30 * time.Minute)
			return f, g.newestCode()
		}, "50182"},
		"long after": {func(g *guests, _ *browser, f signin.Flow) (signin.Flow, string) {
			code := g.newestCode()
			g.pass(45 * time.Minute)
			return f, code
		}, "50053"},
		"older": {func(g *guests, b *browser, f signin.Flow) (signin.Flow, string) {
			code := g.newestCode()
			g.pass(time.Minute)
			b.sent(f)
			return f, code
		}, "code.newer"},
		"older, to the newer question": {func(g *guests, b *browser, f signin.Flow) (signin.Flow, string) {
			code := g.newestCode()
			g.pass(time.Minute)
			return b.sent(f), code
		}, "50184"},
		"newer, to the older question": {func(g *guests, b *browser, f signin.Flow) (signin.Flow, string) {
			g.pass(time.Minute)
			b.sent(f)
			return f, g.newestCode()
		}, "code.newer"},
		"used": {func(g *guests, b *browser, f signin.Flow) (signin.Flow, string) {
			code := g.newestCode()
			b.answer(f, code)
			return f, code
		}, "code.used"},
		"reported": {func(g *guests, b *browser, f signin.Flow) (signin.Flow, string) {
			token := g.owed()[1].Details["Report"]
			closed, err := g.signin.ReportCode(context.Background(), b.visit(), token)
			if again, _ := g.signin.ReportCode(context.Background(), b.visit(), token); !closed || err != nil || again {
				g.Errorf("reported %v, %v, again %v", closed, err, again)
			}
			told := g.audited("Report unrequested one-time passcode")
			if len(told) != 1 || told[0].Actor.Type != idp.ActorSystem || told[0].Target != idp.PartyOf(g.userOf(guest)) {
				g.Errorf("told as %+v", told)
			}
			return f, g.newestCode()
		}, "code.gone"},
		"of a mailbox that was replaced": {func(g *guests, b *browser, f signin.Flow) (signin.Flow, string) {
			code := g.newestCode()
			_, err := g.admin.ResetRedemption(context.Background(), admin.Operator("test"), tenantID, guest, "new@partner.example")
			g.must(err)
			return f, code
		}, "50184"},
		"turned off meanwhile": {func(g *guests, b *browser, f signin.Flow) (signin.Flow, string) {
			off := idp.SwitchDisabled
			_, err := g.admin.UpdateEmailPolicy(context.Background(), admin.Operator("test"), tenantID, admin.EmailPolicyChange{Guests: &off})
			g.must(err)
			return f, g.newestCode()
		}, "500346"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuests(t)
			g.accepted(guest)
			g.pass(time.Hour)
			b := g.browser()
			f, code := c.do(g, b, b.sent(b.asks(b.toApp(guest))))
			b.session = ""
			out := b.answer(f, code)
			if got := problemIn(out); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if b.session != "" {
				t.Error("somebody is signed in")
			}
		})
	}
}

// problemIn is the text or the number that a person is told.
func problemIn(out signin.Outcome) string {
	switch p := out.Problem; {
	case p == nil:
		return ""
	case p.Text != "":
		return p.Text
	default:
		return p.Told.String()[len("AADSTS"):][:len(itoa(int(p.Told)))]
	}
}

func itoa(n int) string {
	digits := ""
	for ; n > 0; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
	}
	return digits
}

// TestCodeInAnotherBrowser: a code is good in the browser that asked for it alone.
func TestCodeInAnotherBrowser(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	a, b := g.browser(), g.browser()
	f := a.sent(a.asks(a.toApp(guest)))
	code := g.newestCode()
	state, err := g.signin.Seal(a.visit(), f)
	g.must(err)
	if _, err := g.signin.Open(b.visit(), state); !errors.Is(err, idp.ErrSealed) {
		t.Errorf("another browser opens the question: %v", err)
	}
	g.pass(time.Minute)
	own := b.sent(b.asks(b.toApp(guest)))
	if out := b.answer(own, code); told(out) != idp.EmailCodeWrong {
		t.Errorf("the code of another browser: %+v", out.Problem)
	}
	b.wantStep(a.answer(f, code), idp.Issue) // which asking elsewhere has not made void
}

// TestDecoys: whoever gets no code is asked like everybody, and the code that nobody got lets
// nobody in.
func TestDecoys(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	for _, address := range []string{"disabled@partner.example", "provider@partner.example", "excluded@partner.example"} {
		g.accepted(address)
		u := g.userOf(address)
		switch address {
		case "disabled@partner.example":
			u.Disabled = true
		case "provider@partner.example":
			u.External.Source = idp.SourceProvider
		default:
			policy := idp.DefaultMethodsPolicy()
			policy.Email.Targets.Exclude = []idp.Target{{Type: "user", ID: u.UserID}}
			g.put(policy)
		}
		g.put(u)
	}
	before := len(g.owed())
	for _, address := range []string{"disabled@partner.example", "provider@partner.example", "excluded@partner.example", "nobody@partner.example"} {
		b := g.browser()
		out := b.code(b.toApp(address))
		if n := told(out); n != idp.EmailCodeWrong && n != idp.UserDisabled || b.session != "" {
			t.Errorf("%s: %+v", address, out.Problem)
		}
		g.pass(time.Minute)
	}
	if mails := g.mails(); len(g.owed()) != before || len(mails) != before+4 {
		t.Errorf("%d of %d mails are owed, want %d", len(g.owed()), len(mails), before)
	}
}

// TestInsidersGetNoCode: a name of the tenant's own is never asked for one, and gets none.
func TestInsidersGetNoCode(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	for _, who := range []string{name, "nobody@contoso.example", "gia_partner.example#ext#@contoso.example"} {
		g.Run(who, func(t *testing.T) {
			if out := g.browser().look(signin.Start(nil, "", g.now()).WithUser(who)); out.Decision.Method == idp.EmailCode {
				t.Error("is asked for a code")
			}
		})
		b := g.browser()
		f := b.look(signin.Start(nil, "", g.now()).WithUser(who).WithMethod(idp.EmailCode)).Flow
		b.sent(f)
		g.pass(time.Minute)
	}
	if owed := g.owed(); len(owed) != 0 {
		t.Errorf("owed %+v", owed)
	}
}

// TestCodesOff: names from outside are told that there are no codes, whoever they are; and
// guests are let in again when there are.
func TestCodesOff(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	set := func(s idp.Switch) {
		_, err := g.admin.UpdateEmailPolicy(context.Background(), admin.Operator("test"), tenantID, admin.EmailPolicyChange{Guests: &s})
		g.must(err)
	}
	set(idp.SwitchDisabled)
	for _, address := range []string{guest, "nobody@partner.example"} {
		b := g.browser()
		if out := b.look(b.toApp(address)); out.Prompt.Page != "email-off" {
			t.Errorf("%s is shown %s", address, out.Prompt.Page)
		}
	}
	set(idp.SwitchEnabled)
	b := g.browser()
	b.wantStep(b.code(b.toApp(guest)), idp.Issue)
}

// TestResetEndsEverything: who is put back to the beginning is signed in nowhere.
func TestResetEndsEverything(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	b := g.accepted(guest)
	out := b.look(b.start(g.request("own")))
	b.wantStep(out, idp.Issue)
	g.pass(time.Second)
	_, err := g.admin.ResetRedemption(context.Background(), admin.Operator("test"), tenantID, guest, "")
	g.must(err)
	b.wantStep(b.look(b.start(g.request("own"))), idp.Identify)
	for _, grant := range all[idp.Grant](g.world) {
		if grant.GrantID == out.Grant.GrantID && grant.RevokedAt.IsZero() {
			t.Error("the grant goes on")
		}
	}
	out = b.code(b.toApp(guest))
	b.wantStep(out, idp.RedeemStep)
}

// TestBlock: the owner of an address ends the invitation and keeps out the next one.
func TestBlock(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	info := g.invite(guest)
	b := g.browser()
	token := idp.BlockToken(g.keys, tenantID, guest)
	for range 2 {
		g.must(g.signin.BlockInvitations(context.Background(), b.visit(), token))
	}
	if _, err := g.signin.Invited(context.Background(), b.visit(), info.Invitation.InvitationID, info.Ticket); refusedAs(err) != idp.InvitationEnded {
		t.Errorf("the link: %v", err)
	}
	if _, err := g.admin.Invite(context.Background(), admin.Operator("test"), tenantID, admin.InvitationRequest{Email: guest, RedirectURL: "https://app.example/"}); idp.ErrorCode(err) != idp.Conflict {
		t.Errorf("invited again: %v", err)
	}
	if err := g.signin.BlockInvitations(context.Background(), b.visit(), token+"A"); !errors.Is(err, idp.ErrSealed) {
		t.Errorf("another token: %v", err)
	}
	if e := g.audited(idp.InvitesBlocked.Name); len(e) != 1 {
		t.Errorf("audited %d times", len(e))
	}
}

// TestExplainGuest: the explanation names the way and why no other.
func TestExplainGuest(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	g.accepted(guest)
	x, err := g.signin.Explain(context.Background(), admin.Operator("test"), g.tenant, g.userOf(guest).UserID, "", g.now())
	if err != nil || x.Redemption == nil || x.Redemption.Source != idp.SourceMail || !x.Redemption.Sticky || x.Decision.Method != idp.EmailCode {
		t.Errorf("%+v, %v", x, err)
	}
	x, err = g.signin.Explain(context.Background(), admin.Operator("test"), g.tenant, name, "", g.now())
	if err != nil || x.Redemption != nil {
		t.Errorf("of one of the tenant's own: %+v, %v", x.Redemption, err)
	}
}
