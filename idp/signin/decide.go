package signin

import (
	"context"
	"errors"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// decide gathers the facts within a transaction and asks idp.Next. fresh, if not
// nil, is the session that this very transaction makes; allowed tells that the
// person has just given consent.
func (s *Service) decide(tx *storage.Tx, v Visit, f Flow, fresh *idp.Session, allowed bool) (Outcome, error) {
	out := Outcome{Tenant: v.Tenant, Flow: f, Session: fresh, Outside: idp.FromOutside(v.Tenant, f.Username)}
	facts := idp.Facts{Now: v.Now, Request: f.Request, StartedAt: f.StartedAt(), Identifier: f.Username, Chosen: f.Chosen, Account: f.Account, Allowed: allowed, Another: f.Another,
		Strong: f.Strong, Prove: f.Prove, Enrol: f.Enrol, Later: f.Later, Registered: f.New != "", Hint: f.Hint}
	if f.Visiting != nil {
		facts.Since, facts.MFA, facts.Visiting = f.Visiting.Since, f.Visiting.MFA, true
	}
	var err error
	if f.Request != nil {
		if out.Client, err = liveClient(tx, f); err != nil {
			return out, err
		}
		facts.Client = out.Client
	}
	if fresh == nil {
		if out.Session, err = findSession(tx, v.Session); err != nil {
			return out, err
		}
	}
	if facts.Session = out.Session; out.Session != nil {
		if out.User, err = idp.Optional(storage.Get[idp.User](tx, out.Session.UserID)); err != nil {
			return out, err
		}
		facts.SessionUser = out.User
	}
	if err := s.addUser(tx, v, &facts); err != nil {
		return out, err
	}
	if err := addConsent(tx, &facts); err != nil {
		return out, err
	}
	switch out.Decision = idp.Next(facts); out.Decision.Step {
	case idp.RedeemStep:
		out.Flow.Asked = out.User.UserID
		out.Invitation, err = idp.InvitationOf(tx, out.User.UserID)
	case idp.ConsentStep:
		out.Flow.Asked = out.User.UserID
		out.APIs, err = apisOf(tx, f.Request)
	case idp.Enrolled:
		out.New, err = idp.Optional(storage.Get[idp.Passkey](tx, f.New))
	}
	return out, err
}

// apisOf are the APIs a request names, as people know them.
func apisOf(tx *storage.Tx, req *idp.AuthRequest) (apis []*idp.API, err error) {
	for _, identifier := range req.Resources {
		api, err := idp.FindAPI(tx, identifier)
		if err != nil {
			return nil, err
		}
		if api != nil {
			apis = append(apis, api)
		}
	}
	return apis, nil
}

// addUser finds whom the identifier names and what each method says about them.
func (s *Service) addUser(tx *storage.Tx, v Visit, facts *idp.Facts) (err error) {
	subject, standIn := facts.SessionUser, (*idp.User)(nil)
	name := facts.Identifier
	if name == "" && subject != nil {
		name = subject.SignInName()
	}
	if err := s.addDoors(tx, v, facts, name); err != nil {
		return err
	}
	if facts.Identifier != "" {
		if facts.User == nil {
			facts.User, standIn, err = s.signer(tx, v, facts.Identifier)
		}
		subject = facts.User
	}
	if err != nil {
		return err
	}
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return err
	}
	who := idp.Subject{Now: v.Now, Tenant: v.Tenant, Policy: policy, User: subject, Doors: facts.Doors, Again: again(facts.Session, subject, v.Now)}
	if facts.Offers, err = s.offers(tx, who, standIn); err != nil {
		return err
	}
	facts.Pretended = s.pretended(v, facts, facts.Identifier)
	return s.addInterrupt(tx, v, policy, facts)
}

// again tells whether somebody is signed in as the user already.
func again(session *idp.Session, u *idp.User, now time.Time) bool {
	return u != nil && session != nil && session.UserID == u.UserID && session.Live(u, now)
}

// addInterrupt finds whether the session's user is asked to register a method: who holds
// no passwordless one, and can have one.
func (s *Service) addInterrupt(tx *storage.Tx, v Visit, policy *idp.MethodsPolicy, facts *idp.Facts) error {
	u := facts.SessionUser
	if u == nil || facts.Enrol != "" {
		return nil
	}
	who := idp.Subject{Now: v.Now, Tenant: v.Tenant, Policy: policy, User: u}
	able, devices := idp.Kind(""), false
	for _, m := range s.methods {
		if !m.Info().Passwordless {
			continue
		}
		held, err := m.Info().Held(tx, u.UserID)
		if err != nil {
			return err
		}
		if _, ok := m.(idp.Requester); ok && len(held) > 0 {
			devices = true
			continue
		}
		if len(held) > 0 {
			return nil
		}
		if e, ok := m.(idp.Enroller); ok && able == "" && e.Registrable(who, true) == idp.Offered {
			able = e.Info().Kind
		}
	}
	switch {
	case able == "":
	case devices:
		if s.leadsOn(v, policy, facts) {
			facts.Interrupt, facts.Enrolable = idp.MayRegister, able
		}
	default:
		facts.Interrupt, facts.Enrolable = policy.Registration.Interrupts(u, s.settlesHere(facts), v.Now), able
	}
	return nil
}

// leadsOn tells whether somebody who has just signed in by a device is offered a passkey, which is
// better: in a browser of their own, which has signed them in before, and not too often.
func (s *Service) leadsOn(v Visit, policy *idp.MethodsPolicy, facts *idp.Facts) bool {
	u, k := facts.SessionUser, s.openKnown(v)
	before := slices.Contains(k.Users, u.UserID) && k.Since < facts.StartedAt.Unix()
	return before && facts.Session != nil && facts.Session.Latest().Method == idp.AuthenticatorMethod && policy.Registration.Campaign.Rested(u, v.Now)
}

// settlesHere tells whether the person came to a page of ours, and has no other place to sign in
// at that would do.
func (s *Service) settlesHere(facts *idp.Facts) bool {
	if facts.Request != nil || facts.Visiting || facts.Session == nil {
		return false
	}
	m := s.method(facts.Session.Latest().Method)
	return m == nil || !m.Info().Elsewhere
}

func addConsent(tx *storage.Tx, facts *idp.Facts) error {
	if facts.Client == nil || facts.SessionUser == nil {
		return nil
	}
	c, err := idp.LoadConsent(tx, facts.SessionUser.UserID, facts.Client)
	if err == nil {
		facts.Consented = c.Scopes
	}
	return err
}

// question puts the question that the decision calls for, if it calls for one.
func (s *Service) question(ctx context.Context, v Visit, out *Outcome) error {
	switch out.Decision.Step {
	case idp.Ask:
		return s.begin(ctx, v, out, out.Decision.Unnamed)
	case idp.Identify:
		return s.beginUnnamed(ctx, v, out)
	case idp.EnrolStep:
		return s.beginEnrol(ctx, v, out)
	}
	return nil
}

// beginUnnamed puts the question of the method that needs no name beside that for the
// name, so that whoever holds such a credential does not have to type one.
func (s *Service) beginUnnamed(ctx context.Context, v Visit, out *Outcome) error {
	for _, m := range s.methods {
		if i := m.Info(); i.Identifies {
			out.Decision.Method = i.Kind
			return s.begin(ctx, v, out, true)
		}
	}
	return nil
}

// begin puts the question of the method decided on, keeping one that stands and counts the
// answers to it. unnamed: whoever answers it says who they are.
func (s *Service) begin(ctx context.Context, v Visit, out *Outcome, unnamed bool) error {
	m := s.method(out.Decision.Method)
	if out.Flow.requested(m) {
		asked, err := s.showRequest(ctx, v, out)
		if asked || err != nil {
			return err
		}
	}
	if out.Flow.Challenge != "" && out.Flow.Chosen == out.Decision.Method && !m.Info().Unguessable {
		out.Prompt = out.Flow.Prompt
		return nil
	}
	var who idp.Subject
	err := s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		f := out.Flow
		f.Unnamed = unnamed
		who, err = s.subject(tx, v, f, m)
		return err
	})
	if err != nil {
		return err
	}
	if unnamed && m.Offer(who) != idp.Offered {
		out.Decision.Method = "" // it is off here
		return nil
	}
	prompt, err := m.Begin(ctx, who)
	if r, refused := errors.AsType[*idp.Refusal](err); refused { // it cannot be asked now
		p := problemOf(r)
		out.Flow.Problem = &p
	} else if err != nil {
		return err
	}
	out.Prompt = prompt
	out.Flow.Prompt, out.Flow.Challenge, out.Flow.Chosen = kept(m, prompt), idp.NewID(), out.Decision.Method
	out.Flow.Unnamed, out.Flow.Begun = unnamed, 0
	return nil
}

// kept is what of a prompt goes on with the flow, through addresses: what is only shown,
// and made anew each time, does not.
func kept(m idp.Method, p idp.Prompt) idp.Prompt {
	if m.Info().Unguessable {
		p.Fields = nil
	}
	return p
}

// liveClient is the client the flow began for. One that was disabled, removed, or
// removed and registered again since then is none: the request was checked against
// a registration that is gone.
func liveClient(tx *storage.Tx, f Flow) (*idp.Client, error) {
	c, err := idp.Optional(storage.Get[idp.Client](tx, f.Request.ClientID))
	if err == nil && (c == nil || c.Disabled || f.StartedAt().Before(c.CreatedAt)) {
		return nil, ErrClient
	}
	return c, err
}

func findSession(tx *storage.Tx, secret string) (*idp.Session, error) {
	h := idp.HashToken(idp.SessionSecret, secret)
	if h == "" {
		return nil, nil
	}
	return idp.Optional(storage.Lookup[idp.Session](tx, "secret", h))
}
