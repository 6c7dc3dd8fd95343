package admin

import (
	"context"
	"errors"

	"latchkey/idp"
	"latchkey/storage"
)

// Identities are who a user is elsewhere, at most one person a provider.
func (s *Service) Identities(ctx context.Context, actor idp.Actor, tenant, name string) (ids []*idp.Identity, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.ReadMethods, name)
		if err != nil {
			return err
		}
		ids, err = idp.IdentitiesOf(w.Tx, u.UserID)
		return err
	})
	return ids, err
}

// IdentitiesOf are the identities of users elsewhere, by the users' ids. The actor must be able to
// read each of them.
func (s *Service) IdentitiesOf(ctx context.Context, actor idp.Actor, tenant string, us []*idp.User) (ids map[string][]*idp.Identity, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		w.asked, ids = true, map[string][]*idp.Identity{} // of nobody, there is nothing to tell
		for _, u := range us {
			if err := w.mayTo(idp.ReadUser, u); err != nil {
				return err
			}
			if ids[u.UserID], err = idp.IdentitiesOf(w.Tx, u.UserID); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}

// LinkIdentity says who a user is at a provider: from then on, whoever the provider calls by
// this subject signs in as them.
func (s *Service) LinkIdentity(ctx context.Context, actor idp.Actor, tenant, name, federation, subject string) (id *idp.Identity, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.LinkIdentities, name)
		if err != nil {
			return err
		}
		f, err := w.federation(federation)
		if err != nil {
			return err
		}
		if !idp.IsSubject(subject) {
			return idp.Errorf(idp.Invalid, "A subject has between 1 and 255 characters of ASCII: it is the id of the person at the provider (sub).")
		}
		if !f.Has(idp.DomainOf(u.SignInName())) {
			return idp.Errorf(idp.Invalid, "%s is not in a domain of %s.", u.SignInName(), f.Name)
		}
		id = idp.NewIdentity(u.UserID, &idp.Outside{Provider: f.FederationID, Issuer: f.Issuer, Subject: subject, Address: u.SignInName()}, w.now)
		if id.Ordinary, err = w.linksOrdinary(u); err != nil {
			return err
		}
		return errors.Join(w.Insert(id), w.tellIdentity(idp.IdentityLinked, idp.MailIdentityLinked, u, id))
	})
	return id, taken(err, "Either the user is linked with another account at that provider already, or that account with another user.")
}

// linksOrdinary tells whether the actor may say who somebody is only of people who are not
// privileged, and refuses it of others: as with a pass, it may take two for those.
func (w *work) linksOrdinary(u *idp.User) (bool, error) {
	policy, err := idp.LoadMethodsPolicy(w.Tx)
	if err != nil {
		return false, err
	}
	o, err := idp.ObjectOf(w.Tx, w.tenant, u)
	if err != nil {
		return false, err
	}
	two := policy.TemporaryAccessPass.Approval && w.actor.Type != idp.ActorOperator
	if two && o.Privileged() {
		return false, idp.Errorf(idp.Forbidden, "The policy wants two administrators for a privileged user. Give them a Temporary Access Pass instead, or have the operator of the server link them.")
	}
	anyone := idp.Object{Tenant: w.tenant.TenantID, User: u, Guarded: true}
	return two || idp.May(w.actor, idp.LinkIdentities, anyone) != nil, nil
}

// takeIdentities takes back what was said of a user by who may not say it of privileged people.
func (w *work) takeIdentities(u *idp.User) error {
	ids, err := idp.IdentitiesOf(w.Tx, u.UserID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !id.Ordinary {
			continue
		}
		if err := errors.Join(id.Remove(w.Tx, w.now), w.tellIdentity(idp.IdentityUnlinked, idp.MailIdentityUnlinked, u, id)); err != nil {
			return err
		}
	}
	return nil
}

// UnlinkIdentity takes that back, and ends what came from it.
func (s *Service) UnlinkIdentity(ctx context.Context, actor idp.Actor, tenant, name, identity string) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.LinkIdentities, name)
		if err != nil {
			return err
		}
		id, err := idp.Optional(storage.Get[idp.Identity](w.Tx, identity))
		if err != nil {
			return err
		}
		if id == nil || id.UserID != u.UserID {
			return idp.NoSuch("identity", identity, "%s has no identity %q.", u.PrincipalName, identity)
		}
		return errors.Join(id.Remove(w.Tx, w.now), w.tellIdentity(idp.IdentityUnlinked, idp.MailIdentityUnlinked, u, id))
	})
}

// tellIdentity tells the log and the user of it.
func (w *work) tellIdentity(what idp.Activity, about idp.MailAbout, u *idp.User, id *idp.Identity) error {
	kind, name, err := w.provider(u, id)
	if err != nil {
		return err
	}
	e := w.event(what, idp.PartyOf(u), "")
	e.Details = map[string]string{"identity": id.IdentityID, "provider": id.Provider, "issuer": id.Issuer, "subject": id.Subject}
	return errors.Join(w.tell(e), w.notify(u, about, kind, name))
}

// provider is by which method a user signs in with an identity, and what people call the
// provider, "" for a home tenant.
func (w *work) provider(u *idp.User, id *idp.Identity) (kind idp.Kind, name string, err error) {
	f, err := idp.Optional(storage.Get[idp.Federation](w.Tx, id.Provider))
	switch {
	case f == nil:
		return idp.HomeTenant, "", err
	case w.tenant.Owns(idp.DomainOf(u.SignInName())):
		return idp.FederatedDomain, f.Name, nil
	}
	return idp.GuestProvider, f.Name, nil
}

// removeIdentities removes who a user is elsewhere, and ends what came from it.
func (w *work) removeIdentities(u *idp.User) error {
	ids, err := idp.IdentitiesOf(w.Tx, u.UserID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := id.Remove(w.Tx, w.now); err != nil {
			return err
		}
	}
	return nil
}
