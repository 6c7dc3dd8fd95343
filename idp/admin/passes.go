package admin

import (
	"context"
	"reflect"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// PassInfo is a pass as administrators and its holder see it, without the secret.
type PassInfo struct {
	Pass   *idp.Pass
	User   *idp.User
	Reason idp.Usability
}

// CreatePass gives a user a new pass and returns its secret, which is not kept.
// A pass the user has is replaced, and what came from it ends.
func (s *Service) CreatePass(ctx context.Context, actor idp.Party, tenant, name string, req idp.PassRequest) (info PassInfo, secret string, err error) {
	t, err := s.tenant(ctx, tenant)
	if err != nil {
		return info, "", err
	}
	// The verifier is made outside the transaction, as it takes some 15 ms; the
	// transaction checks that what the pass rests on still stands.
	now := s.now()
	var u *idp.User
	var policy idp.PassPolicy
	err = s.store.View(ctx, t.TenantID, func(tx *storage.Tx) error {
		u, policy, err = passInputs(tx, name)
		return err
	})
	if err != nil {
		return info, "", err
	}
	if req.Actor == "" {
		req.Actor = actor.Name
	}
	if actor.Type == "user" && actor.ID == u.UserID {
		return info, "", idp.Errorf(idp.Forbidden, "Self-service operations are currently not supported for user %s.", u.UserID)
	}
	p, secret, err := idp.NewPass(s.keys, t.TenantID, policy, u, req, now)
	if err != nil {
		return info, "", err
	}
	err = s.store.Update(ctx, t.TenantID, func(tx *storage.Tx) error {
		var current idp.PassPolicy
		if u, current, err = passInputs(tx, p.UserID); err != nil {
			return err
		}
		if !reflect.DeepEqual(current, policy) { // the pass is as long, and lasts, as the policy said
			return idp.Errorf(idp.Conflict, "The policy was changed meanwhile. Try again.")
		}
		if err := req.Check(policy, u, now); err != nil {
			return err
		}
		if err := replacePass(tx, p, now); err != nil {
			return err
		}
		return tx.Put(registered(p, u, actor, now))
	})
	if err != nil {
		return info, "", err
	}
	return PassInfo{p, u, p.Usability(policy, u, now)}, secret, nil
}

// registered tells that the pass was given, and why if that was said.
func registered(p *idp.Pass, u *idp.User, actor idp.Party, now time.Time) *idp.AuditEvent {
	e := idp.NewEvent(idp.Directory, now)
	e.Actor, e.Target, e.Activity, e.Reason = actor, user(u), idp.AdminRegistered, idp.PassRegisteredReason
	e.Category, e.Service = idp.UserManagement, idp.AuthenticationService
	if p.Reason != "" {
		e.Details = map[string]string{"reason": p.Reason}
	}
	return e
}

func passInputs(tx *storage.Tx, name string) (*idp.User, idp.PassPolicy, error) {
	u, err := findUser(tx, name)
	if err != nil {
		return nil, idp.PassPolicy{}, err
	}
	all, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return nil, idp.PassPolicy{}, err
	}
	return u, all.TemporaryAccessPass, nil
}

func replacePass(tx *storage.Tx, p *idp.Pass, now time.Time) error {
	old, err := idp.Optional(storage.Lookup[idp.Pass](tx, "user", p.UserID))
	if err != nil {
		return err
	}
	if old != nil {
		if err := old.Remove(tx, now); err != nil {
			return err
		}
	}
	return tx.Insert(p)
}

// Pass reads the pass of a user.
func (s *Service) Pass(ctx context.Context, tenant, name string) (info PassInfo, err error) {
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, now time.Time) error {
		u, err := findUser(tx, name)
		if err != nil {
			return err
		}
		p, err := findPass(tx, u)
		if err != nil {
			return err
		}
		info, err = inform(tx, p, u, now)
		return err
	})
	return info, err
}

// Passes lists the passes of a tenant by id.
func (s *Service) Passes(ctx context.Context, tenant string, page storage.Page) (infos []PassInfo, next string, err error) {
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, now time.Time) error {
		ps, after, err := storage.All[idp.Pass](tx, page)
		if err != nil {
			return err
		}
		next = after
		for _, p := range ps {
			u, err := storage.Get[idp.User](tx, p.UserID)
			if err != nil {
				return err
			}
			info, err := inform(tx, p, u, now)
			if err != nil {
				return err
			}
			infos = append(infos, info)
		}
		return nil
	})
	return infos, next, err
}

// DeletePass removes a user's pass and ends what came from it, and nothing else.
// With an id it removes only the pass of that id. A person may delete the own
// pass, which is what actor.ID tells.
func (s *Service) DeletePass(ctx context.Context, actor idp.Party, tenant, name, id string) error {
	return s.change(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, now time.Time) error {
		u, err := findUser(tx, name)
		if err != nil {
			return err
		}
		p, err := findPass(tx, u)
		if err != nil {
			return err
		}
		if id != "" && p.PassID != id {
			return idp.Errorf(idp.NotFound, "%s has no pass %q; it was replaced.", u.PrincipalName, id)
		}
		if err := p.Remove(tx, now); err != nil {
			return err
		}
		activity, reason := idp.AdminDeleted, idp.PassDeletedReason
		if actor.Type == "user" && actor.ID == u.UserID {
			activity, reason = idp.UserDeleted, idp.PassDeletedByUser
		}
		return audit(tx, now, actor, user(u), activity, idp.UserManagement, idp.AuthenticationService, reason)
	})
}

func findPass(tx *storage.Tx, u *idp.User) (*idp.Pass, error) {
	p, err := storage.Lookup[idp.Pass](tx, "user", u.UserID)
	return p, missing(err, "%s has no Temporary Access Pass.", u.PrincipalName)
}

func inform(tx *storage.Tx, p *idp.Pass, u *idp.User, now time.Time) (PassInfo, error) {
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return PassInfo{}, err
	}
	return PassInfo{p, u, p.Usability(policy.TemporaryAccessPass, u, now)}, nil
}
