package signin

import (
	"context"
	"encoding/hex"
	"errors"
	"net/url"

	"latchkey/idp"
	"latchkey/storage"
)

// Asking somebody on a device of theirs. Whoever types a name can have somebody asked, so what is
// asked is bounded, and looks the same for names that nobody has: a decoy is asked then, which
// nobody answers.

// requested tells whether somebody was asked on a device by the method.
func (f Flow) requested(m idp.Method) bool {
	_, ok := m.(idp.Requester)
	return ok && f.Sent != 0 && f.Chosen == m.Info().Kind && f.requestID() != ""
}

func (f Flow) requestID() string { return f.Prompt.Fields["request"] }

// browser is what a request keeps of the browser that asked.
func (s *Service) browser(v Visit) string {
	return hex.EncodeToString(s.keys.MAC("request-browser", v.Tenant.TenantID, v.Browser))
}

// request has the person of the flow asked on their devices, or pretends to. The outcome is the
// page that waits, or carries a Problem.
func (s *Service) request(ctx context.Context, a *attempt, m idp.Requester, mode idp.AskMode) (Outcome, error) {
	var made *idp.SignInRequest
	var problem *Problem
	quiet := false
	err := s.store.Update(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		made, problem, a.aside, a.dropped = nil, nil, false, nil
		if err := s.loadSubject(tx, a); err != nil {
			return err
		}
		quiet = a.subject.Policy.Authenticator.Quiet && !a.subject.Known
		if problem, err = s.barred(tx, a); problem != nil || err != nil {
			return err
		}
		made, err = s.ask(tx, a, m, mode)
		return err
	})
	if err != nil {
		return s.refused(ctx, a, err)
	}
	if problem != nil {
		a.waits = a.f.requestID() != ""
		return a.again(*problem), nil
	}
	for _, id := range a.dropped { // their pages tell so at once
		s.waker.Wake(id)
	}
	s.notify(a.v.Tenant.TenantID, made, quiet)
	f := a.f
	f.Challenge, f.Problem, f.Sent = made.RequestID, nil, a.v.Now.UnixNano()
	f.Prompt = idp.Prompt{Page: "number", Fields: map[string]string{"request": made.RequestID}}
	return Outcome{Decision: idp.Decision{Step: idp.Ask, Method: f.Chosen}, Flow: f, Prompt: f.Prompt}, nil
}

// asked is whose devices a request is for: of names that nobody has, those that share a throttle.
func (a *attempt) asked() string {
	if u := a.subject.User; u != nil {
		return u.UserID
	}
	return a.key
}

// ask stores the request. Who has no device that the policy accepts is a decoy; so is, in a
// browser that does not know them, who has one and is outside the policy, or is being asked by a
// browser that does. The log tells.
func (s *Service) ask(tx *storage.Tx, a *attempt, m idp.Requester, want idp.AskMode) (*idp.SignInRequest, error) {
	why := idp.UnknownUser
	u := a.subject.User
	if u != nil {
		why = m.Offer(a.subject)
	}
	if u != nil && u.Disabled {
		why = idp.DisabledUser
	}
	if r := outsidePolicy(a, why); r != nil {
		if a.subject.Known {
			return nil, r
		}
		if err := s.logSignIn(tx, a, "", r); err != nil {
			return nil, err
		}
	}
	mode, page, err := s.modes(tx, a, m, want)
	if err != nil {
		return nil, err
	}
	r := idp.NewSignInRequest(s.keys, a.v.Tenant.TenantID, a.asked(), a.subject.Policy.Authenticator, mode, a.v.Now)
	r.Decoy, r.Browser, r.Known, r.Throttle, r.Page = why != idp.Offered || a.aside, s.browser(a.v), a.subject.Known, a.key, page
	if a.subject.Again {
		r.Purpose = idp.PurposeStepUp
	}
	if r.Context, err = s.context(tx, a); err != nil {
		return nil, err
	}
	question := &idp.Challenge{ChallengeID: r.RequestID, Ends: r.Ends.Add(idp.ChallengeLifetime)}
	return r, errors.Join(tx.Insert(r), tx.Insert(question))
}

// outsidePolicy is the refusal of who holds a device and is not allowed to sign in by it, nil
// for everybody else.
func outsidePolicy(a *attempt, why idp.Reason) *idp.Refusal {
	if len(a.subject.Credentials) == 0 || why != idp.OutOfScope && why != idp.OutOfMode && why != idp.MethodDisabled {
		return nil
	}
	return &idp.Refusal{Told: idp.PhoneBlocked, Logged: idp.PhoneBlocked, Detail: string(why)}
}

// modes are how devices ask, and how the page says that they do: the same, but that strangers
// are not told who is privileged and therefore does not pick.
func (s *Service) modes(tx *storage.Tx, a *attempt, m idp.Requester, want idp.AskMode) (asked, page idp.AskMode, err error) {
	careful, err := s.careful(tx, a)
	asked = m.Mode(a.subject, want, careful)
	page = m.Mode(a.subject, want, false)
	if !careful || page != idp.AskPick || a.subject.Known {
		return asked, asked, err
	}
	return idp.AskType, page, err
}

// careful tells whether a guess among a few must not be enough: of the privileged, and of who
// steps up.
func (s *Service) careful(tx *storage.Tx, a *attempt) (bool, error) {
	if a.subject.User == nil || a.subject.Again {
		return a.subject.Again, nil
	}
	o, err := idp.ObjectOf(tx, a.v.Tenant, a.subject.User)
	return err == nil && o.Privileged(), err
}

// context is what the device shows of who asks.
func (s *Service) context(tx *storage.Tx, a *attempt) (c idp.RequestContext, err error) {
	c = idp.RequestContext{App: idp.OneLine(a.v.Tenant.Name), Address: a.v.Address}
	c.Browser, c.System = idp.UserAgent(a.v.UserAgent)
	if a.f.Request == nil {
		return c, nil
	}
	client, err := liveClient(tx, a.f)
	if err != nil {
		return c, err
	}
	c.App = idp.OneLine(client.Name)
	if u, err := url.Parse(a.f.Request.RedirectURI); err == nil && u.Host != "" {
		c.Origin = u.Scheme + "://" + u.Host
	}
	return c, nil
}
