package signin

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// The keys of texts for codes that are not sent, or take no answer any more.
const (
	codeSoon    = "code.soon"
	codeTooMany = "code.toomany"
	codeNewer   = "code.newer"
	codeGone    = "code.gone"
)

// Send has something sent that answers the question in the flow, whether there is anybody
// who gets it or not. The outcome is the question for it, or carries a Problem.
// mode is how they want to be asked, where they can choose.
func (s *Service) Send(ctx context.Context, v Visit, f Flow, mode idp.AskMode) (Outcome, error) {
	v, err := s.located(ctx, v, f)
	if err != nil {
		return Outcome{}, err
	}
	a := &attempt{v: v, f: f, m: s.method(f.Chosen), known: s.openKnown(v)}
	if m, ok := a.m.(idp.Requester); ok && f.Challenge != "" && f.Begun == 0 {
		return s.request(ctx, a, m, mode)
	}
	d, ok := a.m.(idp.Deliverer)
	if !ok || f.Challenge == "" || f.Begun != 0 {
		return Outcome{}, idp.ErrSealed
	}
	if next := time.Unix(0, f.Sent).Add(idp.ResendAfter); f.Sent != 0 && v.Now.Before(next) {
		return a.again(Problem{Text: codeSoon, Until: next.UnixNano()}), nil
	}
	var client *idp.Client
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		if err = s.loadSubject(tx, a); err == nil && f.Request != nil {
			client, err = liveClient(tx, f)
		}
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	wait, err := s.spendSending(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	if wait > 0 {
		return a.again(Problem{Text: codeTooMany, Until: v.Now.Add(wait).UnixNano()}), nil
	}
	return s.deliver(ctx, a, d, client)
}

// mailbox is the address that a code is to reach, as far as anybody can tell from outside.
func (a *attempt) mailbox() string {
	if a.f.Username == "" && len(a.subject.Credentials) > 0 {
		if m, ok := a.subject.Credentials[0].(*idp.Mailbox); ok {
			return m.Address
		}
	}
	if address, err := idp.NormalEmail(a.f.Username); err == nil {
		return address
	}
	return a.f.Username
}

// spendSending counts the code, in a transaction of its own since it is the deployment's.
// Who has the link of an invitation is no stranger. A browser that knows a guest who has not
// accepted was there with another mailbox, or with no proof that they want to come.
func (s *Service) spendSending(ctx context.Context, a *attempt) (wait time.Duration, err error) {
	sending := idp.Sending{
		Tenant: a.v.Tenant.TenantID, Mailbox: a.mailbox(), Address: a.v.Address,
		Known: a.subject.User != nil && a.subject.Known && !a.subject.User.External.Pending(), Invited: a.invited,
	}
	full := false
	err = s.store.Update(ctx, storage.System, func(tx *storage.Tx) (err error) {
		wait, full, err = idp.SpendSending(tx, s.keys, sending, a.v.Now)
		return err
	})
	if err == nil && full {
		err = s.warnFull(ctx, a.v)
	}
	return wait, err
}

// warnFull tells administrators, once an hour, that strangers have used up what codes may
// be sent.
func (s *Service) warnFull(ctx context.Context, v Visit) error {
	hour := v.Now.Truncate(time.Hour)
	return s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		first, err := idp.Spend(tx, hour.Add(time.Hour), "codes exhausted", hour.Format(time.RFC3339))
		if !first || err != nil {
			return err
		}
		e := v.event(idp.Directory)
		e.Tell(idp.CodesExhausted)
		e.Actor, e.Passing = idp.Party{Type: idp.ActorSystem}, true
		e.Result, e.Reason = "failure", "so many codes were asked for by unknown browsers that they get none for now; known ones do"
		return s.log(v).Append(tx, e)
	})
}

// deliver draws the code and owes the mail. For who gets none, all is done alike, and the
// mail is a decoy.
func (s *Service) deliver(ctx context.Context, a *attempt, d idp.Deliverer, client *idp.Client) (Outcome, error) {
	challenge := idp.NewID()
	code, prompt := d.Deliver(a.subject, challenge)
	ends := a.subject.Policy.Email.CodeEnds(a.v.Now)
	asked := &idp.Challenge{ChallengeID: challenge, Asker: s.asker(a), Ends: ends.Add(idp.CodeRemembered)}
	err := s.store.Update(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) error {
		if err := voidAsked(tx, asked.Asker, a.v.Now); err != nil {
			return err
		}
		return errors.Join(tx.Insert(asked), tx.Insert(s.codeMail(a, client, challenge, code, ends)))
	})
	if err != nil {
		return Outcome{}, err
	}
	f := a.f
	f.Challenge, f.Prompt, f.Problem = challenge, prompt, nil
	f.Sent, f.Stands = a.v.Now.UnixNano(), asked.Ends.UnixNano()
	return Outcome{Decision: idp.Decision{Step: idp.Ask, Method: f.Chosen}, Flow: f, Prompt: prompt}, nil
}

// asker is who is asked in which browser.
func (s *Service) asker(a *attempt) string {
	return hex.EncodeToString(s.keys.MAC("asker", a.v.Tenant.TenantID, a.mailbox(), a.v.Browser))
}

// voidAsked closes what the same person was asked before in the same browser.
func voidAsked(tx *storage.Tx, asker string, now time.Time) error {
	before, _, err := storage.List[idp.Challenge](tx, "asker", asker, storage.Page{})
	if err != nil {
		return err
	}
	for _, c := range before {
		if c.Void(now, codeNewer) {
			if err := tx.Put(c); err != nil {
				return err
			}
		}
	}
	return nil
}

const reportPurpose = "code-report"

// codeMail is the mail with the code. It tells from where the code was asked for, and has
// what it takes to say that it was somebody else.
func (s *Service) codeMail(a *attempt, client *idp.Client, challenge, code string, ends time.Time) *idp.Mail {
	v, u := a.v, a.subject.User
	details := map[string]string{
		"Address": v.Address, "Browser": idp.Clip(v.UserAgent, 256), "Minutes": strconv.Itoa(a.subject.Policy.Email.CodeLifetime),
	}
	if a.subject.Policy.Email.CodeInSubject {
		details["InSubject"] = "true"
	}
	if client != nil {
		details["Client"] = client.ClientID
	}
	if client != nil && client.Launchable() { // else its name is what a stranger wants to tell guests
		details["App"] = client.Name
	}
	gets := u != nil && !u.Disabled && a.m.Offer(a.subject) == idp.Offered
	if u == nil {
		u = &idp.User{UserID: idp.NewID(), DisplayName: a.mailbox()}
	}
	details["Report"] = s.keys.Seal(reportPurpose, v.Tenant.TenantID, "", []byte(challenge+" "+u.UserID))
	m := idp.NewMail(u, a.mailbox(), idp.MailCode, details, v.Now, ends.Sub(v.Now))
	if m.Decoy = !gets; gets {
		m.To = a.subject.Credentials[0].(*idp.Mailbox).Address
	}
	m.Seal(s.keys, v.Tenant.TenantID, code)
	return m
}

// ReportCode closes the question that a mailed code answers, for who did not ask for it. The
// token is from that mail. false: there is no such question any more.
func (s *Service) ReportCode(ctx context.Context, v Visit, token string) (closed bool, err error) {
	told, err := s.keys.Open(reportPurpose, v.Tenant.TenantID, "", token)
	if err != nil {
		return false, nil
	}
	challenge, user, _ := strings.Cut(string(told), " ")
	err = s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		closed = false
		c, err := idp.Optional(storage.Get[idp.Challenge](tx, challenge))
		if c == nil || err != nil || !c.Void(v.Now, codeGone) {
			return err
		}
		closed = true
		u, err := idp.Optional(storage.Get[idp.User](tx, user))
		if err != nil {
			return err
		}
		e := v.event(idp.Directory)
		if u != nil { // whose mailbox it is; who pressed the button is not known
			e.Target = idp.PartyOf(u)
		}
		e.Tell(idp.CodeReported)
		e.Actor, e.Passing = idp.Party{Type: idp.ActorSystem}, true
		e.Details = map[string]string{"challenge": c.ChallengeID}
		return errors.Join(tx.Put(c), s.log(v).Append(tx, e))
	})
	return closed, err
}
