package admin

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// maxFederations is how many a tenant has at most.
const maxFederations = 100

// Federations lists a tenant's federations, the oldest first.
func (s *Service) Federations(ctx context.Context, actor idp.Actor, tenant string) (all []*idp.Federation, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadFederations, func(w *work) error {
		all, err = w.federations()
		return err
	})
	return all, err
}

func (w *work) federations() ([]*idp.Federation, error) {
	all, _, err := storage.All[idp.Federation](w.Tx, storage.Page{})
	slices.SortFunc(all, func(a, b *idp.Federation) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.FederationID, b.FederationID))
	})
	return all, err
}

// Federation is the one of an id, or of a domain.
func (s *Service) Federation(ctx context.Context, actor idp.Actor, tenant, name string) (f *idp.Federation, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadFederations, func(w *work) error {
		f, err = w.federation(name)
		return err
	})
	return f, err
}

func (w *work) federation(name string) (f *idp.Federation, err error) {
	if idp.IsID(name) {
		f, err = idp.Optional(storage.Get[idp.Federation](w.Tx, name))
	} else if domain, bad := idp.NormalDomain(name); bad == nil {
		f, err = idp.FindFederation(w.Tx, domain)
	}
	if f == nil && err == nil {
		err = idp.NoSuch("federation", name, "%s has no federation %q.", w.tenant.Name, name)
	}
	return f, err
}

// CreateFederation makes a provider elsewhere the one that signs in the people of some domains.
// What is left empty gets its default.
func (s *Service) CreateFederation(ctx context.Context, actor idp.Actor, tenant string, f idp.Federation, secret string) (*idp.Federation, error) {
	here, err := s.tenantFor(ctx, actor, tenant, idp.WriteFederations)
	if err != nil {
		return nil, err
	}
	withDefaults(&f, secret)
	f.FederationID = cmp.Or(f.FederationID, idp.NewID())
	if err := f.SetSecret(s.keys, here.TenantID, secret); err != nil {
		return nil, err
	}
	if err := f.Validate(); err != nil {
		return nil, err
	}
	if err := s.domainsElsewhere(ctx, here, f.Domains); err != nil {
		return nil, err
	}
	err = s.change(ctx, actor, tenant, idp.WriteFederations, func(w *work) error {
		there, err := w.federations()
		if err != nil {
			return err
		}
		if len(there) >= maxFederations {
			return idp.Errorf(idp.Conflict, "A tenant has at most %d federations.", maxFederations)
		}
		f.CreatedAt = w.now
		return errors.Join(w.Insert(&f), w.auditFederation(idp.FederationAdded, nil, &f))
	})
	if err != nil {
		return nil, taken(err, takenFederation)
	}
	return &f, nil
}

const takenFederation = "One of these domains is federated with another provider: remove it there first."

func withDefaults(f *idp.Federation, secret string) {
	method := idp.AuthBasic
	if secret == "" {
		method = idp.AuthNone
	}
	f.AuthMethod = cmp.Or(f.AuthMethod, method)
	if len(f.Scopes) == 0 {
		f.Scopes = []string{idp.ScopeOpenID, idp.ScopeProfile, idp.ScopeEmail}
	}
	f.MFA = cmp.Or(f.MFA, idp.MFAAccepted)
	f.PromptLogin = cmp.Or(f.PromptLogin, idp.PromptNative)
	f.Linking = cmp.Or(f.Linking, idp.LinkByAddress)
}

// domainsElsewhere refuses domains of other tenants of the deployment, whose people come by
// their own sign-in.
func (s *Service) domainsElsewhere(ctx context.Context, here *idp.Tenant, domains []string) error {
	for _, d := range domains {
		switch there, err := s.tenant(ctx, d); {
		case err == nil && there.TenantID != here.TenantID:
			return idp.Errorf(idp.Conflict, "%s belongs to another organization of this deployment, and its people sign in there.", d)
		case err != nil && idp.ErrorCode(err) != idp.NotFound:
			return err
		}
	}
	return nil
}

// UpdateFederation changes a federation, but for its issuer: whom its subjects mean, only that
// issuer knows. secret is a new one, nil to leave it; change may run more than once. What came
// through it ends where it must not go on.
func (s *Service) UpdateFederation(ctx context.Context, actor idp.Actor, tenant, name string, secret *string, change func(*idp.Federation) error) (f *idp.Federation, err error) {
	id, err := s.plan(ctx, actor, tenant, name, secret, change)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, actor, tenant, idp.WriteFederations, func(w *work) error {
		if f, err = w.federation(id); err != nil {
			return err
		}
		before := copied(f)
		if err := w.editFederation(f, secret, change); err != nil {
			return err
		}
		if tightened(before, f) {
			if err := idp.EndCredential(w.Tx, f.FederationID, idp.GrantRevoked, w.now); err != nil {
				return err
			}
		}
		return errors.Join(w.Put(f), w.auditFederation(idp.FederationChanged, before, f))
	})
	if err != nil {
		return nil, taken(err, takenFederation)
	}
	return f, nil
}

// plan tries a change out, and looks at the domains that come with it: those of other tenants
// are in no transaction of this one. Domains that were there before stay, whoever has them now.
func (s *Service) plan(ctx context.Context, actor idp.Actor, tenant, name string, secret *string, change func(*idp.Federation) error) (id string, err error) {
	var here *idp.Tenant
	var more []string
	err = s.read(ctx, actor, tenant, idp.WriteFederations, func(w *work) error {
		f, err := w.federation(name)
		if err != nil {
			return err
		}
		before := copied(f)
		err = w.editFederation(f, secret, change)
		here, id, more = w.tenant, f.FederationID, idp.Without(f.Domains, before.Domains)
		return err
	})
	if err != nil {
		return "", err
	}
	return id, s.domainsElsewhere(ctx, here, more)
}

// copied is a federation that no change of the other changes.
func copied(f *idp.Federation) *idp.Federation {
	c := *f
	c.Domains, c.Scopes, c.MFAClasses = slices.Clone(f.Domains), slices.Clone(f.Scopes), slices.Clone(f.MFAClasses)
	return &c
}

// editFederation applies a change.
func (w *work) editFederation(f *idp.Federation, secret *string, change func(*idp.Federation) error) error {
	before := *f
	if err := change(f); err != nil {
		return err
	}
	if f.Issuer != before.Issuer || f.FederationID != before.FederationID {
		return idp.Errorf(idp.Invalid, "The issuer cannot be changed: add another federation.")
	}
	f.Secret, f.CreatedAt = before.Secret, before.CreatedAt
	if secret != nil {
		if err := f.SetSecret(w.keys, w.tenant.TenantID, *secret); err != nil {
			return err
		}
	}
	return f.Validate()
}

// tightened: what came through the federation before may not have come now.
func tightened(before, f *idp.Federation) bool {
	return f.Disabled && !before.Disabled || f.MFA == idp.MFARejected && before.MFA != idp.MFARejected ||
		len(idp.Without(before.MFAClasses, f.MFAClasses)) > 0 || len(idp.Without(before.Domains, f.Domains)) > 0
}

// DeleteFederation removes a federation with who is who there, and ends what came through it.
func (s *Service) DeleteFederation(ctx context.Context, actor idp.Actor, tenant, name string) error {
	return s.change(ctx, actor, tenant, idp.WriteFederations, func(w *work) error {
		f, err := w.federation(name)
		if err != nil {
			return err
		}
		ids, _, err := storage.List[idp.Identity](w.Tx, "provider", f.FederationID, storage.Page{})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := w.Delete(id); err != nil {
				return err
			}
		}
		return errors.Join(
			idp.EndCredential(w.Tx, f.FederationID, idp.GrantRevoked, w.now), w.Delete(f), w.auditFederation(idp.FederationRemoved, f, nil))
	})
}

// auditFederation tells of a change, and nothing of the secret but that it is another.
func (w *work) auditFederation(what idp.Activity, before, after *idp.Federation) error {
	f := after
	if f == nil {
		f = before
	}
	e := w.event(what, idp.Party{Type: idp.PartyFederation, ID: f.FederationID, Name: f.Name}, "")
	e.Modified = modified(before, after)
	for i, m := range e.Modified {
		if m.Name == "Secret" {
			e.Modified[i].Old, e.Modified[i].New = "", "(changed)"
		}
	}
	return w.tell(e)
}
