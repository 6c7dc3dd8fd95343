package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// enrolment is one registration on its way through, by the session's person themselves.
type enrolment struct {
	v       Visit
	f       Flow
	m       idp.Enroller
	subject idp.Subject
	session *idp.Session
}

func (s *Service) enroller(k idp.Kind) idp.Enroller {
	e, _ := s.method(k).(idp.Enroller)
	return e
}

// challengeBytes is the length of what an authenticator signs over.
const challengeBytes = 32

// beginEnrol puts the question of the method to register. Nothing is kept of it.
func (s *Service) beginEnrol(ctx context.Context, v Visit, out *Outcome) error {
	e := &enrolment{v: v, f: out.Flow.unasked(), m: s.enroller(out.Decision.Method)}
	if e.m == nil {
		return idp.Errorf(idp.Invalid, "Nobody can register a method of the kind %q.", out.Decision.Method)
	}
	if err := s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		if err := s.loadEnrolment(tx, e); err != nil {
			return err
		}
		held, err := idp.Authenticators(tx, e.subject.User.UserID)
		out.Device = err == nil && s.method(idp.AuthenticatorMethod) != nil && e.subject.Policy.Authenticator.Registrable(e.subject.User, len(held)) == idp.Offered
		return err
	}); err != nil {
		return err
	}
	if r := e.refusal(v.Now); r != nil {
		p := problemOf(r)
		out.Flow.Problem = &p
		return nil
	}
	challenge := make([]byte, challengeBytes)
	rand.Read(challenge) // never fails: crypto/rand ends the process instead
	prompt, err := e.m.BeginEnroll(ctx, e.subject, challenge)
	if err != nil {
		return err
	}
	prompt.Secret = challenge
	out.Prompt, out.By = prompt, e.session.EnrolBy(v.Now)
	out.Flow.Prompt, out.Flow.Challenge, out.Flow.Chosen = kept(e.m, prompt), idp.NewID(), e.m.Info().Kind
	out.Flow.Begun, out.Flow.BegunFor = v.Now.UnixNano(), e.session.UserID
	return nil
}

// loadEnrolment reads the session, whose it is, and what they hold.
func (s *Service) loadEnrolment(tx *storage.Tx, e *enrolment) (err error) {
	if e.session, err = findSession(tx, e.v.Session); err != nil {
		return err
	}
	if e.session == nil {
		return idp.ErrSealed
	}
	e.subject = idp.Subject{Now: e.v.Now, Tenant: e.v.Tenant, Known: true}
	if e.subject.User, err = idp.Optional(storage.Get[idp.User](tx, e.session.UserID)); err != nil {
		return err
	}
	if e.subject.User == nil {
		return idp.ErrSealed
	}
	if e.subject.Policy, err = idp.LoadMethodsPolicy(tx); err != nil {
		return err
	}
	e.subject.Credentials, err = e.m.Info().Held(tx, e.subject.User.UserID)
	return err
}

// reloadEnrolment is loadEnrolment of one that was begun: the log tells of it even when the
// user was deleted meanwhile.
func (s *Service) reloadEnrolment(tx *storage.Tx, e *enrolment) error {
	err := s.loadEnrolment(tx, e)
	if errors.Is(err, idp.ErrSealed) && e.session != nil {
		return &idp.Refusal{Problem: "enrol.ended", Detail: string(idp.UnknownUser)}
	}
	return err
}

// refusal is why nothing can be registered that was begun at a time, nil if it can.
func (e *enrolment) refusal(begun time.Time) *idp.Refusal {
	by := e.session.EnrolBy(begun)
	why := e.m.Registrable(e.subject, true)
	switch {
	case !e.session.Live(e.subject.User, e.v.Now):
		return &idp.Refusal{Problem: "enrol.ended", Detail: "the session has ended, or the pass it came from"}
	case !e.v.Now.Before(by) && !e.session.Window().IsZero() && !e.v.Now.Before(e.session.Window()):
		return &idp.Refusal{Problem: "enrol.window", Detail: "the window after a one-time pass has closed"}
	case !e.v.Now.Before(by):
		return &idp.Refusal{Problem: "enrol.late", Detail: "the registration took too long"}
	case e.f.Begun != 0 && e.f.BegunFor != e.session.UserID: // signed in as somebody else meanwhile
		return &idp.Refusal{Problem: "enrol.ended", Detail: "the registration was begun for somebody else"}
	case why == idp.MaxHeld:
		return &idp.Refusal{Problem: "enrol.full", Detail: string(why)}
	case why != idp.Offered:
		return &idp.Refusal{Problem: "enrol.policy", Detail: string(why)}
	}
	return nil
}

// Register judges what the person's browser made, and keeps it. Whatever is wrong with it,
// nothing is kept but a line of the log.
func (s *Service) Register(ctx context.Context, v Visit, f Flow, answer idp.Answer) (Outcome, error) {
	v, err := s.located(ctx, v, f)
	if err != nil {
		return Outcome{}, err
	}
	e := &enrolment{v: v, f: f, m: s.enroller(f.Chosen)}
	if e.m == nil || f.Challenge == "" || f.Begun == 0 {
		return Outcome{}, idp.ErrSealed
	}
	out, err := s.enrol(ctx, e, answer)
	r, refused := errors.AsType[*idp.Refusal](err)
	if !refused {
		return out, err
	}
	return s.notRegistered(ctx, e, r)
}

func (s *Service) enrol(ctx context.Context, e *enrolment, answer idp.Answer) (out Outcome, err error) {
	begun := time.Unix(0, e.f.Begun).UTC()
	if err := s.store.View(ctx, e.v.Tenant.TenantID, func(tx *storage.Tx) error { return s.reloadEnrolment(tx, e) }); err != nil {
		return out, err
	}
	if r := e.refusal(begun); r != nil { // before anything is looked at
		return out, r
	}
	c, err := e.m.Enroll(ctx, e.subject, e.f.Prompt.Secret, answer)
	if err != nil {
		return out, err
	}
	err = s.store.Update(ctx, e.v.Tenant.TenantID, func(tx *storage.Tx) error {
		if err := s.reloadEnrolment(tx, e); err != nil {
			return err
		}
		if r := e.refusal(begun); r != nil { // meanwhile
			return r
		}
		if r := forbidden(e.subject.Policy, c); r != nil {
			return r
		}
		if err := spendEnrolment(tx, e); err != nil {
			return err
		}
		if err := keep(tx, c); err != nil {
			return err
		}
		if err := s.tellRegistered(tx, e, c); err != nil {
			return err
		}
		f := e.f.unasked()
		f.Enrol, f.Strong, f.New = "", false, c.ID()
		out, err = s.decide(tx, e.v, f, nil, false)
		return err
	})
	if err != nil {
		return out, err
	}
	return out, s.question(ctx, e.v, &out)
}

// forbidden is why the policy, as it is when a new credential is stored, does not accept it.
func forbidden(policy *idp.MethodsPolicy, c idp.Credential) *idp.Refusal {
	if p, ok := c.(*idp.Passkey); ok {
		return policy.Passkey.Accepts(p)
	}
	return nil
}

// spendEnrolment lets each question be answered rightly once.
func spendEnrolment(tx *storage.Tx, e *enrolment) error {
	c, err := loadChallenge(tx, e.f)
	if err != nil {
		return err
	}
	c.Ends = e.v.Now.Add(idp.ChallengeLifetime) // longer than the question stands
	if !c.Close(e.v.Now) {
		return &idp.Refusal{Problem: "enrol.again", Detail: "the question was answered before"}
	}
	return tx.Put(c)
}

// keep stores a new credential; one that somebody holds already is refused.
func keep(tx *storage.Tx, c idp.Credential) error {
	err := tx.Insert(c)
	if errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrExists) {
		return &idp.Refusal{Problem: "enrol.taken", Detail: "the credential is registered already"}
	}
	return err
}

func (s *Service) tellRegistered(tx *storage.Tx, e *enrolment, c idp.Credential) error {
	x := e.event()
	x.Reason = idp.Did(true, "registered", e.m.Info().Kind)
	p, _ := c.(*idp.Passkey)
	if p != nil {
		x.Details = map[string]string{"method": p.PasskeyID, "name": p.Name, "aaguid": p.AAGUID}
	}
	return errors.Join(s.log(e.v).Append(tx, x), e.v.notify(tx, e.subject.User, idp.MailMethodAdded, p))
}

// event is about the person's registering of something.
func (e *enrolment) event() *idp.AuditEvent {
	x := e.v.event(idp.Directory)
	x.Tell(idp.MethodRegistered)
	who := idp.Party{Type: idp.ActorUser, ID: e.session.UserID}
	if u := e.subject.User; u != nil { // not deleted meanwhile
		who = idp.PartyOf(u)
	}
	x.Actor, x.Target, x.SessionID = who, who, e.session.SessionID
	return x
}

// notRegistered logs why nothing was kept, and shows the person what to do.
func (s *Service) notRegistered(ctx context.Context, e *enrolment, r *idp.Refusal) (Outcome, error) {
	p := problemOf(r)
	f := e.f.unasked()
	f.Problem = &p
	out := Outcome{Decision: idp.Decision{Step: idp.EnrolStep, Method: e.m.Info().Kind}, Flow: f, User: e.subject.User, Session: e.session, Problem: &p}
	if e.v.Quiet {
		return out, nil
	}
	err := s.store.Update(ctx, e.v.Tenant.TenantID, func(tx *storage.Tx) error {
		x := e.event()
		x.Result, x.Reason, x.Passing = "failure", r.Detail, true
		return s.log(e.v).Append(tx, x)
	})
	return out, err
}

// notify tells a person by mail of what happened to a method of theirs.
func (v Visit) notify(tx *storage.Tx, u *idp.User, about idp.MailAbout, p *idp.Passkey) error {
	details := map[string]string{"Method": string(idp.PasskeyMethod), "Address": v.Address, "Browser": idp.Clip(v.UserAgent, 256)}
	if p != nil {
		details["Name"] = p.Name
	}
	return idp.Notify(tx, u, about, details, v.Now)
}

// snoozeAgain is how soon "not now" is written again, where the policy would ask at once.
const snoozeAgain = time.Minute

// Later goes on without registering, where the person may, and keeps in mind that they were
// asked.
func (s *Service) Later(ctx context.Context, v Visit, f Flow) (Flow, error) {
	f = f.unasked()
	err := s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		out, err := s.decide(tx, v, f, nil, false)
		if err != nil || out.Decision.Step != idp.EnrolStep || f.Request == nil || out.Decision.Must || v.Now.Sub(out.User.SnoozedAt) < snoozeAgain {
			return err
		}
		out.User.SnoozedAt = v.Now
		e := v.event(idp.Directory)
		e.Tell(idp.RegistrationSnoozed)
		e.Actor, e.Target, e.Passing = idp.PartyOf(out.User), idp.PartyOf(out.User), true
		return errors.Join(tx.Put(out.User), s.log(v).Append(tx, e))
	})
	f.Later, f.Enrol, f.Strong = true, "", false
	return f, err
}
