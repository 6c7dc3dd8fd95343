package signin

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Explanation is what a person would be asked at sign-in, and why nothing else.
type Explanation struct {
	User     *idp.User
	Client   *idp.Client // nil: one of Latchkey's own pages
	Decision idp.Decision
	// Redemption is which way somebody from outside signs in; nil for the tenant's own.
	Redemption *idp.Redemption
}

// Explain decides about somebody who opens a sign-in in a browser nobody has signed in
// with, by the very function that decides when they do. name is a GUID or a user name, or the
// mail address of somebody from outside; client the id of the app they come from, "" for none.
func (s *Service) Explain(ctx context.Context, actor idp.Actor, t *idp.Tenant, name, client string, now time.Time) (x Explanation, err error) {
	v, err := s.located(ctx, Visit{Now: now, Tenant: t}, Flow{Username: s.signInName(ctx, t, name)})
	if err != nil {
		return x, err
	}
	err = s.store.View(ctx, t.TenantID, func(tx *storage.Tx) error {
		id, err := signerID(tx, name)
		if err != nil {
			return err
		}
		if x.User, err = idp.FindFor(tx, actor, idp.ExplainSignIn, t, id); err != nil {
			return err
		}
		if t.Disabled {
			return idp.Errorf(idp.Conflict, "The tenant %s is disabled: nobody can sign in there.", t.Name)
		}
		facts := idp.Facts{Now: now, StartedAt: now, Identifier: x.User.PrincipalName, User: x.User}
		if client != "" {
			if x.Client, err = explainedClient(tx, client); err != nil {
				return err
			}
			facts.Client = x.Client
			facts.Request = &idp.AuthRequest{ClientID: client, Scopes: []string{idp.ScopeOpenID}, MaxAge: -1, ACRValues: x.Client.Request.DefaultACR}
		}
		if err := s.explainGuest(tx, v, &x, &facts); err != nil {
			return err
		}
		if err := s.addUser(tx, v, &facts); err != nil {
			return err
		}
		x.Decision = idp.Next(facts)
		return nil
	})
	return x, err
}

// signInName is the name by which a user signs in who is named in some way, else that.
func (s *Service) signInName(ctx context.Context, t *idp.Tenant, name string) string {
	_ = s.store.View(ctx, t.TenantID, func(tx *storage.Tx) error { // whoever explains hears of a fault
		id, err := signerID(tx, name)
		if err != nil {
			return err
		}
		u, err := idp.FindUser(tx, id)
		if err == nil {
			name = u.SignInName()
		}
		return err
	})
	return name
}

// signerID is the id of who signs in by a name, else the name.
func signerID(tx *storage.Tx, name string) (string, error) {
	u, err := idp.Optional(idp.FindSigner(tx, name))
	if u == nil || err != nil {
		return name, err
	}
	return u.UserID, nil
}

func explainedClient(tx *storage.Tx, id string) (*idp.Client, error) {
	c, err := idp.Optional(storage.Get[idp.Client](tx, id))
	switch {
	case err != nil:
		return nil, err
	case c == nil:
		return nil, idp.NoSuch(idp.ActorClient, id, "There is no client %q.", id)
	case c.Disabled:
		return nil, idp.Errorf(idp.Conflict, "The client %s is disabled: nobody can sign in to it.", c.Name)
	}
	return c, nil
}

// explainGuest tells which way somebody from outside signs in, and by which name.
func (s *Service) explainGuest(tx *storage.Tx, v Visit, x *Explanation, facts *idp.Facts) error {
	if !x.User.Type.External() {
		return nil
	}
	if m, err := idp.MailboxOf(tx, x.User.UserID); err != nil {
		return err
	} else if m != nil {
		facts.Identifier = m.Address
	}
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return err
	}
	codes := idp.Offered
	if m := s.method(idp.EmailCode); m == nil || m.Offer(idp.Subject{Policy: policy}) == idp.NoMail {
		codes = idp.NoMail
	}
	d, err := s.doors(tx, v, facts.Identifier)
	if err != nil {
		return err
	}
	r := idp.RedemptionOf(policy, x.User, d, codes)
	x.Redemption = &r
	return nil
}
