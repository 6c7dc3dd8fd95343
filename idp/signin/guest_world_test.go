package signin_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

const guest = "gia@partner.example"

// guests is a world in which all methods are, with people from outside.
type guests struct {
	*world
	looked atomic.Int64 // codes that were looked at
}

func newGuests(t *testing.T) *guests {
	t.Helper()
	return guestsOn(t, mem.New())
}

func guestsOn(t *testing.T, d storage.Driver) *guests {
	t.Helper()
	g := &guests{world: worldOn(t, d)}
	g.signin = signin.New(g.store, g.keys, authmethods.All(authmethods.Config{Keys: g.keys, Passkeys: passkey.Method{}, Mails: true}))
	g.signin.Observe(func(k idp.Kind, _ error) {
		if k == idp.EmailCode {
			g.looked.Add(1)
		}
	})
	return g
}

// invite invites an address and answers the ticket of the link.
func (g *guests) invite(address string) admin.InvitationInfo {
	g.Helper()
	info, err := g.admin.Invite(context.Background(), admin.Operator("test"), tenantID, admin.InvitationRequest{
		Email: address, RedirectURL: "https://app.example/welcome",
	})
	g.must(err)
	return info
}

// accepted is a guest who has accepted by a code, and the browser they did it in.
func (g *guests) accepted(address string) *browser {
	g.Helper()
	info := g.invite(address)
	b := g.browser()
	out := b.code(b.opened(info))
	b.wantStep(out, idp.RedeemStep)
	out, err := g.signin.Redeem(context.Background(), b.visit(), out.Flow, true)
	g.must(err)
	b.wantStep(out, idp.Issue)
	g.pass(time.Second) // so that the newest mail is the newest
	return b
}

// opened is the flow of who opens the link of an invitation.
func (b *browser) opened(info admin.InvitationInfo) signin.Flow {
	b.w.Helper()
	f, err := b.w.signin.Invited(context.Background(), b.visit(), info.Invitation.InvitationID, info.Ticket)
	b.w.must(err)
	return f
}

// asks is the flow up to the page that says that a code will be sent.
func (b *browser) asks(f signin.Flow) signin.Flow {
	b.w.Helper()
	out := b.look(f)
	b.wantStep(out, idp.Ask)
	if out.Prompt.Page != "email-send" || out.Flow.Challenge == "" {
		b.w.Fatalf("asked %+v", out)
	}
	return out.Flow
}

// sent has a code sent and answers the flow that takes it.
func (b *browser) sent(f signin.Flow) signin.Flow {
	b.w.Helper()
	out := b.send(f)
	if out.Problem != nil || out.Prompt.Page != "email-code" {
		b.w.Fatalf("sent %+v %+v", out.Prompt, out.Problem)
	}
	return out.Flow
}

func (b *browser) send(f signin.Flow) signin.Outcome {
	b.w.Helper()
	out, err := b.w.signin.Send(context.Background(), b.visit(), f, "")
	b.w.must(err)
	out.Problem = out.Flow.Problem
	return out
}

// code asks for a code, reads the mail and types it.
func (b *browser) code(f signin.Flow) signin.Outcome {
	b.w.Helper()
	f = b.sent(b.asks(f))
	return b.answer(f, b.w.newestCode())
}

// toApp is the flow of a guest who comes from the trusted client.
func (b *browser) toApp(address string) signin.Flow {
	return b.start(b.w.request("own")).WithUser(address)
}

// mails are all that are owed, in the order in which they were.
func (w *world) mails() []*idp.Mail {
	w.Helper()
	mails := all[idp.Mail](w)
	slices.SortStableFunc(mails, func(a, b *idp.Mail) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return slices.DeleteFunc(mails, func(m *idp.Mail) bool { return m.About != idp.MailCode })
}

// owed are those that somebody gets.
func (w *world) owed() []*idp.Mail {
	w.Helper()
	return slices.DeleteFunc(w.mails(), func(m *idp.Mail) bool { return m.Decoy })
}

// newestCode is the code in the mail that was owed last, be it a decoy.
func (w *world) newestCode() string {
	w.Helper()
	mails := w.mails()
	if len(mails) == 0 {
		w.Fatal("no mail is owed")
	}
	return w.codeIn(mails[len(mails)-1])
}

func (w *world) codeIn(m *idp.Mail) string {
	w.Helper()
	code, err := m.Secret(w.keys, tenantID)
	w.must(err)
	return code
}

// userOf is somebody as they are now.
func (w *world) userOf(address string) (u *idp.User) {
	w.Helper()
	w.view(func(tx *storage.Tx) (err error) {
		u, err = idp.FindSigner(tx, address)
		return err
	})
	return u
}

// another is a code that is not the one.
func another(code string) string {
	if code == "00000000" {
		return "11111111"
	}
	return "00000000"
}

const day = 24 * time.Hour
