package admin

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// CreateInitialToken makes a token that registers so many clients within lifetime.
// secret is its only copy.
func (s *Service) CreateInitialToken(ctx context.Context, actor idp.Actor, tenant, name string, uses int, lifetime time.Duration) (t *idp.InitialToken, secret string, err error) {
	secret = idp.NewToken(idp.InitialAccess)
	err = s.change(ctx, actor, tenant, idp.WriteApplications, func(w *work) error {
		t = &idp.InitialToken{
			TokenID: idp.NewID(), Name: name, Hash: idp.HashToken(idp.InitialAccess, secret),
			Left: uses, CreatedAt: w.now, Ends: w.now.Add(lifetime),
		}
		if err := t.Validate(w.now); err != nil {
			return err
		}
		if err := w.Insert(t); err != nil {
			return err
		}
		return w.audit(idp.TokenAdded, tokenParty(t), "")
	})
	if err != nil {
		return nil, "", err
	}
	return t, secret, nil
}

// InitialTokens lists a tenant's registration tokens by id.
func (s *Service) InitialTokens(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (ts []*idp.InitialToken, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadApplications, func(w *work) (err error) {
		ts, next, err = storage.All[idp.InitialToken](w.Tx, page)
		return err
	})
	return ts, next, err
}

// DeleteInitialToken ends a registration token; what it registered stays.
func (s *Service) DeleteInitialToken(ctx context.Context, actor idp.Actor, tenant, id string) error {
	return s.change(ctx, actor, tenant, idp.WriteApplications, func(w *work) error {
		t, err := storage.Get[idp.InitialToken](w.Tx, id)
		if err != nil {
			return missing(err, idp.PartyToken, id, "There is no registration token %q.", id)
		}
		if err := w.Delete(t); err != nil {
			return err
		}
		return w.audit(idp.TokenRemoved, tokenParty(t), "")
	})
}

func tokenParty(t *idp.InitialToken) idp.Party {
	return idp.Party{Type: idp.PartyToken, ID: t.TokenID, Name: t.Name}
}

// Registered is a client that registered itself, with the only copies of what it
// authenticates with; a secret is there only when it is new.
type Registered struct {
	Client *idp.Client
	Secret string
	Access string // its registration access token
}

// RegisterClient lets a client register itself (RFC 7591), as far as the tenant lets
// it: initial is the initial access token it shows, "" for none. Forbidden: it may
// not.
func (s *Service) RegisterClient(ctx context.Context, tenant string, c idp.Client, initial string) (r Registered, err error) {
	c.ClientID = idp.NewID()
	r.Access = idp.NewToken(idp.RegistrationAuth)
	c.Registration = idp.HashToken(idp.RegistrationAuth, r.Access)
	err = s.change(ctx, idp.Actor{}, tenant, open, func(w *work) error {
		let, err := admit(w.Tx, w.tenant, &c, initial, w.now)
		if err != nil {
			return err
		}
		r.Secret, c.CreatedAt = s.giveSecret(w.tenant, &c), w.now
		if err := c.Validate(); err != nil {
			return err
		}
		if err := w.Insert(&c); err != nil {
			return err
		}
		return w.auditOwn(idp.ClientRegistered, let, &c)
	})
	r.Client = &c
	return r, err
}

// MayRegister is RegisterClient's first answer, before anybody looks at what is to be
// registered.
func (s *Service) MayRegister(ctx context.Context, tenant, initial string) error {
	return s.read(ctx, idp.Actor{}, tenant, open, func(w *work) error {
		_, err := letIn(w.Tx, w.tenant, initial, w.now)
		return err
	})
}

// ErrClosed: no client may register itself.
var ErrClosed = idp.Errorf(idp.Forbidden, "Clients cannot register themselves with this organization.")

// letIn is the token that a client may register by; nil where it needs none.
func letIn(tx *storage.Tx, t *idp.Tenant, initial string, now time.Time) (*idp.InitialToken, error) {
	switch open := t.Registration == idp.RegistrationOpen; {
	case open && initial == "":
		return nil, nil
	case open || t.Registration == idp.RegistrationToken:
		return findInitial(tx, initial, now)
	}
	return nil, ErrClosed
}

// admit spends what a client is let in by, and says who let it in.
func admit(tx *storage.Tx, t *idp.Tenant, c *idp.Client, initial string, now time.Time) (idp.Party, error) {
	token, err := letIn(tx, t, initial, now)
	switch {
	case err != nil:
		return idp.Party{}, err
	case token == nil:
		c.Counted = true
		return clientParty(c), count(tx, 1)
	}
	token.Left--
	return tokenParty(token), tx.Put(token)
}

func findInitial(tx *storage.Tx, initial string, now time.Time) (*idp.InitialToken, error) {
	refused := idp.Errorf(idp.Forbidden, "The initial access token is missing, has expired, is used up, or is not known.")
	hash := idp.HashToken(idp.InitialAccess, initial)
	if hash == "" {
		return nil, refused
	}
	token, err := idp.Optional(storage.Lookup[idp.InitialToken](tx, "hash", hash))
	if err != nil {
		return nil, err
	}
	if token == nil || token.Left < 1 || !now.Before(token.Ends) {
		return nil, refused
	}
	return token, nil
}

// count keeps the number of clients that registered without being asked for
// anything.
func count(tx *storage.Tx, by int) error {
	n, err := idp.Optional(storage.Get[idp.SelfRegistered](tx, (*idp.SelfRegistered)(nil).ID()))
	if err != nil {
		return err
	}
	if n == nil {
		n = &idp.SelfRegistered{}
	}
	if n.Count += by; by > 0 && n.Count > idp.MaxSelfRegistered {
		return idp.Errorf(idp.TooMany, "This organization takes no more than %d clients that register themselves.", idp.MaxSelfRegistered)
	}
	return tx.Put(n)
}

// uncount makes room for another when a client goes.
func uncount(tx *storage.Tx, c *idp.Client) error {
	if !c.Counted {
		return nil
	}
	return count(tx, -1)
}

var errRegistration = idp.Errorf(idp.Forbidden, "The registration access token is not that of the client.")

// OwnClient is the client whose registration access token is shown (RFC 7592 2.1).
func (s *Service) OwnClient(ctx context.Context, tenant, id, access string) (c *idp.Client, err error) {
	err = s.read(ctx, idp.Actor{}, tenant, open, func(w *work) error {
		c, err = ownClient(w.Tx, id, access)
		return err
	})
	return c, err
}

func ownClient(tx *storage.Tx, id, access string) (*idp.Client, error) {
	c, err := idp.Optional(storage.Get[idp.Client](tx, id))
	if err != nil {
		return nil, err
	}
	if c == nil || c.Disabled || !c.Registers(access) {
		return nil, errRegistration
	}
	return c, nil
}

// ReplaceOwnClient lets a client replace its registration (RFC 7592 2.2). What only an
// administrator may set stays as it is; edit gets the client with the rest.
func (s *Service) ReplaceOwnClient(ctx context.Context, tenant, id, access string, edit func(*idp.Client) error) (r Registered, err error) {
	err = s.change(ctx, idp.Actor{}, tenant, open, func(w *work) error {
		r = Registered{}
		c, err := ownClient(w.Tx, id, access)
		if err != nil {
			return err
		}
		before := c.AuthMethod
		if err := edit(c); err != nil {
			return err
		}
		if c.AuthMethod != before { // another way to authenticate begins with a secret of its own
			c.SecretHash, c.SecretSealed = "", ""
			r.Secret, c.TokensValidFrom = s.giveSecret(w.tenant, c), w.now
		}
		if err := c.Validate(); err != nil {
			return err
		}
		if err := w.Put(c); err != nil {
			return err
		}
		r.Client = c
		return w.auditOwn(idp.ClientUpdated, clientParty(c), c)
	})
	return r, err
}

// DeleteOwnClient lets a client end its registration (RFC 7592 2.3).
func (s *Service) DeleteOwnClient(ctx context.Context, tenant, id, access string) error {
	return s.change(ctx, idp.Actor{}, tenant, open, func(w *work) error {
		c, err := ownClient(w.Tx, id, access)
		if err != nil {
			return err
		}
		if err := forget(w.Tx, c); err != nil {
			return err
		}
		return w.auditOwn(idp.ClientRemoved, clientParty(c), c)
	})
}

// auditOwn tells what a client did to its own registration, which any client can.
func (w *work) auditOwn(what idp.Activity, by idp.Party, c *idp.Client) error {
	e := w.event(what, clientParty(c), "")
	e.Actor, e.Passing = by, by.Type == idp.ActorClient
	return w.tell(e)
}
