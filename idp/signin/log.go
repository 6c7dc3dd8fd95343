package signin

import (
	"context"
	"errors"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// log is the log of the visit's tenant.
func (s *Service) log(v Visit) idp.AuditLog {
	return idp.AuditLog{Keys: s.keys, Tenant: v.Tenant.TenantID}
}

// event is a line about a visit.
func (v Visit) event(log string) *idp.AuditEvent {
	e := idp.NewEvent(log, v.Now)
	e.Address, e.UserAgent, e.RequestID = v.Address, idp.Clip(v.UserAgent, 256), v.RequestID
	return e
}

// logSignIn writes the sign-in log's line for an answer; r is nil for a success.
func (s *Service) logSignIn(tx *storage.Tx, a *attempt, sessionID string, r *idp.Refusal) error {
	e := a.v.event(idp.SignIns)
	e.Method, e.SessionID = a.m.Info().Name, sessionID
	e.Actor = idp.Party{Type: idp.ActorUser, Name: idp.Clip(a.f.Username, 320)}
	if u := a.subject.User; u != nil {
		e.Actor = idp.PartyOf(u)
		e.Target = e.Actor
	}
	if a.f.Request != nil {
		e.ClientID = a.f.Request.ClientID
	}
	if q := a.subject.Request; q != nil { // which has the evidence
		e.Details = map[string]string{"request": q.RequestID, "device": q.AuthenticatorID}
	}
	if r != nil {
		e.Result, e.Error, e.Reason = "failure", r.Logged, r.Logged.Text()
		if e.Reason == "" {
			e.Reason = r.Detail
		}
		if r.Detail != "" {
			e.Details = map[string]string{"reason": r.Detail}
		}
	}
	return s.log(a.v).Append(tx, e)
}

// previously is the method of who was signed in already.
const previously = "Previously satisfied"

// logEntered tells that somebody who is signed in already entered an app.
func (s *Service) logEntered(tx *storage.Tx, v Visit, out Outcome) error {
	return s.logOnce(tx, v, out, out.Flow.entrance(), v.about(out))
}

// entrance is what is told of once: an app, or one device, which may be a stranger's.
func (f Flow) entrance() string {
	if f.Device != "" {
		return "device " + f.Device
	}
	return f.Request.ClientID
}

// logDeclined tells that somebody did not allow an app what it wants.
func (s *Service) logDeclined(tx *storage.Tx, v Visit, out Outcome) error {
	e := v.about(out)
	e.Result, e.Error, e.Reason = "failure", idp.ConsentDeclined, idp.ConsentDeclined.Text()
	return s.logOnce(tx, v, out, "declined "+e.ClientID, e)
}

// logOnce writes a line that one session can cause again and again.
func (s *Service) logOnce(tx *storage.Tx, v Visit, out Outcome, what string, e *idp.AuditEvent) error {
	if !out.Session.See(what, v.Now) {
		return nil
	}
	return errors.Join(tx.Put(out.Session), s.log(v).Append(tx, e))
}

// about is a line of the sign-in log about the session's user and the app they enter.
func (v Visit) about(out Outcome) *idp.AuditEvent {
	e := v.event(idp.SignIns)
	e.Method, e.SessionID, e.ClientID = previously, out.Session.SessionID, out.Flow.Request.ClientID
	e.Actor = idp.PartyOf(out.User)
	e.Target = e.Actor
	return e
}

// logConsent tells that somebody allowed an app something, which anybody may do for
// themselves.
func (s *Service) logConsent(tx *storage.Tx, v Visit, out Outcome, scopes []string) error {
	e := v.event(idp.Directory)
	e.Tell(idp.ConsentGiven)
	e.Actor, e.Target = idp.PartyOf(out.User), idp.Party{Type: idp.ActorClient, ID: out.Client.ClientID, Name: out.Client.Name}
	e.Details = map[string]string{"scope": idp.Clip(strings.Join(scopes, " "), 1024)}
	e.Passing = true
	return s.log(v).Append(tx, e)
}

// TooLarge logs that somebody who is signed in sent more than any registration takes. Of a
// browser in which nobody is, it keeps nothing.
func (s *Service) TooLarge(ctx context.Context, v Visit) error {
	return s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		session, err := findSession(tx, v.Session)
		if session == nil || err != nil {
			return err
		}
		u, err := idp.Optional(storage.Get[idp.User](tx, session.UserID))
		if u == nil || err != nil || !session.Live(u, v.Now) {
			return err
		}
		e := v.event(idp.Directory)
		e.Tell(idp.MethodRegistered)
		e.Actor, e.Target, e.SessionID = idp.PartyOf(u), idp.PartyOf(u), session.SessionID
		e.Result, e.Reason, e.Passing = "failure", "more was sent than a registration takes", true
		return s.log(v).Append(tx, e)
	})
}
