package admin

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// CreateAPI registers a resource server.
func (s *Service) CreateAPI(ctx context.Context, actor idp.Actor, tenant string, a idp.API) (*idp.API, error) {
	a.APIID = idp.NewID()
	err := s.change(ctx, actor, tenant, idp.WriteApplications, func(w *work) error {
		a.CreatedAt = w.now
		if err := checkAPI(w.Tx, &a); err != nil {
			return err
		}
		twin := a.Identifier + "/" // whose scopes are kept alike
		if strings.HasSuffix(a.Identifier, "/") {
			twin = strings.TrimSuffix(a.Identifier, "/")
		}
		if other, err := idp.FindAPI(w.Tx, twin); other != nil || err != nil {
			return cmp.Or(err, error(idp.Errorf(idp.Conflict, "There is an API %q already.", twin)))
		}
		if err := w.Insert(&a); err != nil {
			return err
		}
		return w.audit(idp.APIAdded, apiParty(&a), "")
	})
	if err != nil {
		return nil, taken(err, "There is an API %q already.", a.Identifier)
	}
	return &a, nil
}

// API finds an API by its identifier or id.
func (s *Service) API(ctx context.Context, actor idp.Actor, tenant, name string) (a *idp.API, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadApplications, func(w *work) error {
		a, err = findAPI(w.Tx, name)
		return err
	})
	return a, err
}

// APIs lists a tenant's APIs by id.
func (s *Service) APIs(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (as []*idp.API, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadApplications, func(w *work) (err error) {
		as, next, err = storage.All[idp.API](w.Tx, page)
		return err
	})
	return as, next, err
}

// APIChange is what may be changed; nil leaves a field as it is. The identifier
// stays: tokens carry it.
type APIChange struct {
	Name     *string
	Scopes   *[]string
	JWT      *bool
	ClientID *string
}

// UpdateAPI changes an API.
func (s *Service) UpdateAPI(ctx context.Context, actor idp.Actor, tenant, name string, ch APIChange) (a *idp.API, err error) {
	err = s.change(ctx, actor, tenant, idp.WriteApplications, func(w *work) error {
		if a, err = ownAPI(w.Tx, name); err != nil {
			return err
		}
		set(&a.Name, ch.Name)
		set(&a.Scopes, ch.Scopes)
		set(&a.JWT, ch.JWT)
		set(&a.ClientID, ch.ClientID)
		if err := checkAPI(w.Tx, a); err != nil {
			return err
		}
		if err := w.Put(a); err != nil {
			return err
		}
		return w.audit(idp.APIUpdated, apiParty(a), "")
	})
	return a, err
}

// DeleteAPI removes an API. Opaque tokens for it are refused from then on; JWTs end
// within idp.JWTLifetime.
func (s *Service) DeleteAPI(ctx context.Context, actor idp.Actor, tenant, name string) error {
	return s.change(ctx, actor, tenant, idp.WriteApplications, func(w *work) error {
		a, err := ownAPI(w.Tx, name)
		if err != nil {
			return err
		}
		if err := errors.Join(w.Delete(a), unpermit(w.Tx, a), unconsent(w.Tx, a)); err != nil {
			return err
		}
		return w.audit(idp.APIRemoved, apiParty(a), "")
	})
}

// unpermit takes from every client what it was permitted at an API that goes: another
// of its name must not be open to them.
func unpermit(tx *storage.Tx, a *idp.API) error {
	clients, _, err := storage.All[idp.Client](tx, storage.Page{})
	if err != nil {
		return err
	}
	for _, c := range clients {
		kept := slices.DeleteFunc(slices.Clone(c.Permissions), a.Owns)
		if len(kept) == len(c.Permissions) {
			continue
		}
		c.Permissions = kept
		if err := tx.Put(c); err != nil {
			return err
		}
	}
	return nil
}

// unconsent is unpermit for what people have allowed.
func unconsent(tx *storage.Tx, a *idp.API) error {
	consents, _, err := storage.All[idp.Consent](tx, storage.Page{})
	if err != nil {
		return err
	}
	for _, c := range consents {
		kept := slices.DeleteFunc(slices.Clone(c.Scopes), a.Owns)
		if len(kept) == len(c.Scopes) {
			continue
		}
		c.Scopes = kept
		if err := tx.Put(c); err != nil {
			return err
		}
	}
	return nil
}

// leaveAPIs takes a client that goes from the APIs that call on with it: another of its
// id must not inherit that.
func leaveAPIs(tx *storage.Tx, c *idp.Client) error {
	apis, _, err := storage.List[idp.API](tx, "client", c.ClientID, storage.Page{})
	if err != nil {
		return err
	}
	for _, a := range apis {
		a.ClientID = ""
		if err := tx.Put(a); err != nil {
			return err
		}
	}
	return nil
}

func checkAPI(tx *storage.Tx, a *idp.API) error {
	if err := a.Validate(); err != nil || a.ClientID == "" {
		return err
	}
	_, err := findClient(tx, a.ClientID)
	return err
}

// ownAPI is findAPI for one that the tenant may change.
func ownAPI(tx *storage.Tx, name string) (*idp.API, error) {
	a, err := findAPI(tx, name)
	if err == nil && a.APIID == idp.GraphID {
		return nil, idp.Errorf(idp.Invalid, "The administration API is part of every tenant and stays as it is.")
	}
	return a, err
}

func findAPI(tx *storage.Tx, name string) (*idp.API, error) {
	a, err := idp.FindAPI(tx, name)
	if a == nil && err == nil {
		a, err = storage.Get[idp.API](tx, name)
	}
	return a, missing(err, idp.PartyAPI, name, "There is no API %q.", name)
}

func apiParty(a *idp.API) idp.Party {
	return idp.Party{Type: idp.PartyAPI, ID: a.APIID, Name: a.Identifier}
}
