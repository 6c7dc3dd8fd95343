package signin

import (
	"context"
	"errors"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// ErrBusy: too many answers are being looked at; try again in a moment.
var ErrBusy = errors.New("signin: too many answers at once")

// attempt is one answer on its way through.
type attempt struct {
	v       Visit
	f       Flow
	m       idp.Method
	subject idp.Subject
	key     string // of the throttle
	other   bool   // the answer is of somebody else than it was asked of
	invited bool   // the browser has opened the link of an invitation of theirs that is good now
	known   known
	waits   bool     // nobody has answered yet what was asked on a device
	aside   bool     // a browser that knows the user asks, too, so that this one asks nobody
	dropped []string // ids of requests that a newer one takes the place of
	answer  idp.Answer
}

// Answer judges what the person sent to the question in the flow. The outcome
// either leads on or carries a Problem with the flow to try again.
func (s *Service) Answer(ctx context.Context, v Visit, f Flow, answer idp.Answer) (Outcome, error) {
	v, err := s.located(ctx, v, f)
	if err != nil {
		return Outcome{}, err
	}
	a := &attempt{v: v, f: f, m: s.method(f.Chosen), known: s.openKnown(v), answer: answer}
	if a.m == nil || f.Challenge == "" || f.Begun != 0 {
		return Outcome{}, idp.ErrSealed
	}
	if a.sends() && f.Sent == 0 { // nothing was sent: to count that would let anybody hold back who was sent something
		return a.again(Problem{Text: codeGone}), nil
	}
	judge := s.judge
	if a.m.Info().Unguessable {
		judge = s.check
	}
	out, err := judge(ctx, a)
	if err != nil {
		return s.refused(ctx, a, err)
	}
	return out, nil
}

// sends tells whether the question is answered with something that is sent.
func (a *attempt) sends() bool {
	_, ok := a.m.(idp.Deliverer)
	return ok
}

// check judges an answer that cannot be found by trying: none is counted, and nobody can
// be kept from giving the right one by wrong ones.
func (s *Service) check(ctx context.Context, a *attempt) (Outcome, error) {
	err := s.store.View(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) error {
		if err := s.loadSubject(tx, a); err != nil {
			return err
		}
		if err := s.loadRequest(tx, a); err != nil {
			return err
		}
		c, err := loadChallenge(tx, a.f)
		if err == nil && !c.ClosedAt.IsZero() { // or the same answer sent twice would look like one of a copy
			return &idp.Refusal{Problem: a.m.Info().Again, Detail: "the question was answered before"}
		}
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	verdict, err := s.verify(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	return s.accept(ctx, a, verdict)
}

// judge holds one of the places from before the answer is reserved until what
// follows from it is stored: right answers that are on their way at the same time
// then never look like wrong ones to the throttle. Who is held back anyway is so
// before waiting for a place.
func (s *Service) judge(ctx context.Context, a *attempt) (Outcome, error) {
	err := s.store.View(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) error {
		_, err := s.spend(tx, a)
		return err
	})
	if err != nil {
		return Outcome{}, err
	}
	release, err := s.slots.take(ctx)
	if err != nil {
		return Outcome{}, err
	}
	defer release()
	if err := s.reserve(ctx, a); err != nil {
		return Outcome{}, err
	}
	verdict, err := s.verify(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	return s.accept(ctx, a, verdict)
}

// held is a refusal before the answer was looked at: it costs a flood nothing
// but a read, and is not logged one by one.
type held struct {
	Problem
	spent bool // the challenge takes no more answers: the next try is a new one
}

func (*held) Error() string { return "signin: answer not looked at" }

// reserve spends one try of the challenge and one answer of the throttle before
// anything is verified, so that parallel guesses cannot overshoot either.
func (s *Service) reserve(ctx context.Context, a *attempt) error {
	return s.store.Update(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) error {
		spent, err := s.spend(tx, a)
		if err != nil {
			return err
		}
		return errors.Join(tx.Put(spent.challenge), tx.Put(spent.throttle))
	})
}

// reserved is what an answer has spent.
type reserved struct {
	challenge *idp.Challenge
	throttle  *idp.Throttle
}

// spend counts the answer, or says why it is not looked at. The caller stores
// what it returns.
func (s *Service) spend(tx *storage.Tx, a *attempt) (r reserved, err error) {
	if err := s.loadSubject(tx, a); err != nil {
		return r, err
	}
	if r.throttle, err = idp.Optional(storage.Get[idp.Throttle](tx, a.key)); err != nil {
		return r, err
	}
	if r.throttle == nil {
		r.throttle = &idp.Throttle{Key: a.key}
	}
	if ok, wait := r.throttle.Spend(a.v.Now, a.f.Chosen, a.held()); !ok {
		return r, &held{Problem: Pause(a.v.Now, wait)}
	}
	if r.challenge, err = loadChallenge(tx, a.f); err != nil {
		return r, err
	}
	if !r.challenge.Try(a.v.Now) {
		return r, a.closed(r.challenge)
	}
	return r, nil
}

// closed is why a question takes no answer any more.
func (a *attempt) closed(c *idp.Challenge) *held {
	p := Problem{Told: idp.UserLocked}
	switch again := a.m.Info().Again; {
	case c.Why != "":
		p = Problem{Text: c.Why}
	case !c.ClosedAt.IsZero() && again != "":
		p = Problem{Text: again}
	}
	return &held{Problem: p, spent: true}
}

// verify looks at the answer outside of any transaction.
func (s *Service) verify(ctx context.Context, a *attempt) (idp.Verdict, error) {
	verdict, err := a.m.Verify(ctx, a.subject, a.f.Prompt, a.answer)
	s.observe(a.f.Chosen, err)
	if err == nil && a.other {
		err = &idp.Refusal{Problem: a.m.Info().Other, Detail: "the credential is another user's"}
	}
	if err == nil && a.subject.User != nil && a.subject.User.Disabled {
		// Only who holds the credential learns that the account is disabled.
		err = &idp.Refusal{Told: idp.UserDisabled, Logged: idp.UserDisabled}
	}
	return verdict, err
}

// accept stores all that follows from a right answer in one transaction: the
// challenge closed, the credential settled, session, log, and the grant if
// nothing is left to ask.
func (s *Service) accept(ctx context.Context, a *attempt, verdict idp.Verdict) (Outcome, error) {
	secret := idp.NewToken(idp.SessionSecret)
	var out Outcome
	before := a.subject
	err := s.store.Update(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) error {
		a.subject = before
		verdict, err := s.whose(tx, a, verdict)
		if err != nil {
			return err
		}
		if err := s.close(tx, a, verdict); err != nil {
			return err
		}
		session, err := s.establish(tx, a, verdict.Proof, secret)
		if err != nil {
			return err
		}
		f := a.f.unasked()
		f.Another = f.Another && !a.f.Unnamed // they have said who they are
		if out, err = s.decide(tx, a.v, f, session, false); err != nil {
			return err
		}
		if out.Decision.Step == idp.Issue {
			if err := s.finish(tx, a.v, &out); err != nil {
				return err
			}
		}
		if a.f.Request != nil && session.See(a.f.entrance(), a.v.Now) { // leave that is given next is no other entry
			if err := tx.Put(session); err != nil {
				return err
			}
		}
		return s.logSignIn(tx, a, session.SessionID, nil)
	})
	if err != nil {
		return Outcome{}, err
	}
	out.NewSession, out.NewKnown = secret, s.sealKnown(a)
	a.v.Session = secret
	return out, s.question(ctx, a.v, &out)
}

// close ends the challenge, gives the throttle back, and settles the credential
// as it stands now, for the user and under the policy as they are now.
func (s *Service) close(tx *storage.Tx, a *attempt, verdict idp.Verdict) error {
	c, err := loadChallenge(tx, a.f)
	if err != nil {
		return err
	}
	counted := !a.m.Info().Unguessable
	switch first := c.Close(a.v.Now); {
	case !first && counted:
		return a.closed(c)
	case !first:
		return &idp.Refusal{Problem: a.m.Info().Again, Detail: "the question was answered before"}
	}
	if err := tx.Put(c); err != nil {
		return err
	}
	if counted {
		t, err := storage.Get[idp.Throttle](tx, a.key)
		if err != nil {
			return err
		}
		t.Refund(a.f.Chosen)
		if err := tx.Put(t); err != nil {
			return err
		}
	}
	if err := consume(tx, a); err != nil {
		return err
	}
	if verdict.Settle == nil {
		return nil
	}
	return settle(tx, a, verdict)
}

// loadChallenge is the question of a flow as it is kept, or as it is before it is.
func loadChallenge(tx *storage.Tx, f Flow) (*idp.Challenge, error) {
	c, err := idp.Optional(storage.Get[idp.Challenge](tx, f.Challenge))
	if c == nil {
		c = &idp.Challenge{ChallengeID: f.Challenge, Ends: f.Ends()}
		if f.Sent != 0 { // it was kept, and is so no longer
			c.Void(f.StartedAt(), codeGone)
		}
	}
	return c, err
}

// settle finds the credential again: one that is gone was deleted or replaced
// while the answer was looked at.
func settle(tx *storage.Tx, a *attempt, verdict idp.Verdict) error {
	now, id := a.subject, a.subject.User.UserID
	var err error
	if now.Credentials, err = a.m.Info().Held(tx, id); err != nil {
		return err
	}
	i := slices.IndexFunc(now.Credentials, func(c idp.Credential) bool { return c.ID() == verdict.Proof.Credential })
	if i < 0 {
		return verdict.Gone
	}
	if now.User, err = storage.Get[idp.User](tx, id); err != nil {
		return err
	}
	if now.Policy, err = idp.LoadMethodsPolicy(tx); err != nil {
		return err
	}
	if err := verdict.Settle(now, now.Credentials[i]); err != nil {
		return err
	}
	return tx.Put(now.Credentials[i])
}
