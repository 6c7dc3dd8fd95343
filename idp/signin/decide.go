package signin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// decide gathers the facts within a transaction and asks idp.Next. fresh, if not
// nil, is the session that this very transaction makes; allowed tells that the
// person has just given consent.
func (s *Service) decide(tx *storage.Tx, v Visit, f Flow, fresh *idp.Session, allowed bool) (Outcome, error) {
	out := Outcome{Flow: f, Session: fresh}
	facts := idp.Facts{Now: v.Now, Request: f.Request, StartedAt: f.StartedAt(), Identifier: f.Username, Chosen: f.Chosen, Account: f.Account, Allowed: allowed, Another: f.Another}
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
	if out.Decision = idp.Next(facts); out.Decision.Step == idp.ConsentStep {
		out.Flow.Asked = out.User.UserID
		out.APIs, err = apisOf(tx, f.Request)
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
	subject := facts.SessionUser
	if facts.Identifier != "" {
		facts.User, err = idp.Optional(idp.FindUser(tx, facts.Identifier))
		subject = facts.User
	}
	if err != nil {
		return err
	}
	facts.Offers, err = s.offers(tx, v, subject)
	return err
}

func (s *Service) offers(tx *storage.Tx, v Visit, u *idp.User) ([]idp.Offer, error) {
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return nil, err
	}
	subject := idp.Subject{Now: v.Now, Tenant: v.Tenant, Policy: policy, User: u}
	return idp.Offers(s.methods, subject, func(i idp.Info) ([]idp.Credential, error) {
		return i.Held(tx, u.UserID)
	})
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

// begin puts the question of the method decided on, keeping one that stands.
func (s *Service) begin(ctx context.Context, v Visit, out *Outcome) error {
	if out.Flow.Challenge != "" && out.Flow.Chosen == out.Decision.Method {
		out.Prompt = out.Flow.Prompt
		return nil
	}
	m := s.method(out.Decision.Method)
	var who idp.Subject
	err := s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		who, err = subject(tx, v, out.Flow, m)
		return err
	})
	if err != nil {
		return err
	}
	prompt, err := m.Begin(ctx, who)
	if err != nil {
		return err
	}
	out.Prompt = prompt
	out.Flow.Prompt, out.Flow.Challenge, out.Flow.Chosen = prompt, idp.NewID(), out.Decision.Method
	return nil
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
