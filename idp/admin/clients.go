package admin

import (
	"context"
	"errors"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// CreateClient registers a relying party. secret is its only copy; "" for a
// public client. An empty id is drawn.
func (s *Service) CreateClient(ctx context.Context, actor idp.Actor, tenant string, c idp.Client) (client *idp.Client, secret string, err error) {
	if c.ClientID == "" {
		c.ClientID = idp.NewID()
	}
	err = s.change(ctx, actor, tenant, idp.WriteApplications, func(w *work) error {
		secret, c.CreatedAt = s.giveSecret(w.tenant, &c), w.now
		if err := c.Validate(); err != nil {
			return err
		}
		if err := checkPermissions(w.Tx, &c, nil); err != nil {
			return err
		}
		if err := w.mayHandle(&c); err != nil {
			return err
		}
		if err := w.Insert(&c); err != nil {
			return err
		}
		return w.auditClient(idp.ClientAdded, nil, &c)
	})
	if err != nil {
		return nil, "", taken(err, "There is a client %q already.", c.ClientID)
	}
	return &c, secret, nil
}

// giveSecret draws a client's secret, "" for one that authenticates otherwise. Only
// who checks signatures made with it needs the secret itself, and that is sealed.
func (s *Service) giveSecret(t *idp.Tenant, c *idp.Client) (secret string) {
	if !c.UsesSecret() {
		return ""
	}
	secret = idp.NewToken(idp.ClientSecret)
	c.SecretHash = idp.HashToken(idp.ClientSecret, secret)
	if c.AuthMethod == idp.AuthSecretJWT {
		c.SealSecret(s.keys, t.TenantID, secret)
	}
	return secret
}

// Client finds a client by its id.
func (s *Service) Client(ctx context.Context, actor idp.Actor, tenant, id string) (c *idp.Client, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadApplications, func(w *work) error {
		c, err = findClient(w.Tx, id)
		return err
	})
	return c, err
}

// Clients lists a tenant's clients by id.
func (s *Service) Clients(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (cs []*idp.Client, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadApplications, func(w *work) (err error) {
		cs, next, err = storage.All[idp.Client](w.Tx, page)
		return err
	})
	return cs, next, err
}

// UpdateClient changes a registration: edit gets it as it is, and may run more than
// once. Who the client is and what it authenticates with stay.
func (s *Service) UpdateClient(ctx context.Context, actor idp.Actor, tenant, id string, edit func(*idp.Client)) (*idp.Client, error) {
	return s.updateClient(ctx, actor, tenant, id, idp.ClientUpdated, func(_ *work, c *idp.Client) {
		kept := *c
		edit(c)
		c.ClientID, c.CreatedAt, c.TokensValidFrom = kept.ClientID, kept.CreatedAt, kept.TokensValidFrom
		c.AuthMethod, c.SecretHash, c.SecretSealed = kept.AuthMethod, kept.SecretHash, kept.SecretSealed
		c.Registration, c.Counted = kept.Registration, kept.Counted
	})
}

// NewClientSecret replaces a client's secret; the old one ends at once, and with
// it what the client got for itself.
func (s *Service) NewClientSecret(ctx context.Context, actor idp.Actor, tenant, id string) (*idp.Client, string, error) {
	c, err := s.Client(ctx, actor, tenant, id)
	if err == nil && !c.UsesSecret() { // for good: the authentication method never changes
		err = idp.Errorf(idp.Invalid, "The client %q does not authenticate with a secret.", id)
	}
	if err != nil {
		return nil, "", err
	}
	var secret string
	c, err = s.updateClient(ctx, actor, tenant, id, idp.ClientSecretNew, func(w *work, c *idp.Client) {
		secret, c.TokensValidFrom = s.giveSecret(w.tenant, c), w.now
	})
	if err != nil {
		return nil, "", err
	}
	return c, secret, nil
}

func (s *Service) updateClient(ctx context.Context, actor idp.Actor, tenant, id string, activity idp.Activity, fn func(*work, *idp.Client)) (c *idp.Client, err error) {
	err = s.change(ctx, actor, tenant, idp.WriteApplications, func(w *work) error {
		if c, err = findClient(w.Tx, id); err != nil {
			return err
		}
		before := *c
		before.Permissions, before.RedirectURIs = slices.Clone(c.Permissions), slices.Clone(c.RedirectURIs)
		fn(w, c)
		if err := c.Validate(); err != nil {
			return err
		}
		if err := checkPermissions(w.Tx, c, before.Permissions); err != nil {
			return err
		}
		if err := w.mayHandle(&before, c); err != nil {
			return err
		}
		if err := w.Put(c); err != nil {
			return err
		}
		return w.auditClient(activity, &before, c)
	})
	return c, err
}

// mayHandle asks for the right to give roles where a client may something at the admin
// API: whoever has a hand in it could use that.
func (w *work) mayHandle(states ...*idp.Client) error {
	for _, c := range states {
		if slices.ContainsFunc(c.Permissions, idp.GraphAPI().Owns) {
			return w.may(idp.AssignRoles)
		}
	}
	return nil
}

// clientFacts are what the log tells of a client: no secret, and no key.
type clientFacts struct {
	Name              string
	Disabled, Trusted bool
	RedirectURIs      []string
	GrantTypes        []string
	Permissions       []string
}

func factsOf(c *idp.Client) any {
	if c == nil {
		return nil
	}
	return clientFacts{c.Name, c.Disabled, c.Trusted, c.RedirectURIs, c.GrantTypes, c.Permissions}
}

func (w *work) auditClient(what idp.Activity, before, after *idp.Client) error {
	return w.auditChange(what, clientParty(after), factsOf(before), factsOf(after))
}

// DeleteClient removes a client; its tokens are refused from then on.
func (s *Service) DeleteClient(ctx context.Context, actor idp.Actor, tenant, id string) error {
	return s.change(ctx, actor, tenant, idp.WriteApplications, func(w *work) error {
		c, err := findClient(w.Tx, id)
		if err != nil {
			return err
		}
		if err := forget(w.Tx, c); err != nil {
			return err
		}
		return w.audit(idp.ClientRemoved, clientParty(c), "")
	})
}

// forget removes a client with all that is its own.
func forget(tx *storage.Tx, c *idp.Client) error {
	return errors.Join(tx.Delete(c), uncount(tx, c), leaveAPIs(tx, c))
}

func findClient(tx *storage.Tx, id string) (*idp.Client, error) {
	c, err := storage.Get[idp.Client](tx, id)
	return c, missing(err, idp.ActorClient, id, "There is no client %q.", id)
}

func clientParty(c *idp.Client) idp.Party {
	return idp.Party{Type: idp.ActorClient, ID: c.ClientID, Name: c.Name}
}
