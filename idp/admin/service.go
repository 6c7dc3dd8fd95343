// Package admin holds the use cases of administrators. Every surface (command
// line, Graph API, admin pages, and security info for a person's own things)
// calls these and holds no rule itself: who may do what to whom is asked of idp.May
// here, within the transaction that reads whom it is about. A change and the audit
// event that tells of it are one transaction.
package admin

import (
	"context"
	"errors"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Service administers all tenants of a deployment.
type Service struct {
	store *storage.Store
	keys  *idp.Keyring
	now   func() time.Time
	// places bound how many passes are made at a time, each of which takes 19 MiB and a
	// core for a moment.
	places   chan struct{}
	breached Breached // nil: no list
	// noPasskeys: the deployment's host can have none, so that those that were made before
	// are good for nothing.
	noPasskeys bool
	noMail     bool // the deployment sends none
	providers  Providers
	resolver   Resolver
}

// New makes the service; now must never run backwards.
func New(store *storage.Store, keys *idp.Keyring, now func() time.Time) *Service {
	return &Service{store: store, keys: keys, now: now, places: make(chan struct{}, 2)}
}

// WithPasskeyHost tells for which host passkeys are made, "" when it can have none.
func (s *Service) WithPasskeyHost(host string) *Service {
	s.noPasskeys = host == ""
	return s
}

// WithMail tells whether the deployment sends mail.
func (s *Service) WithMail(on bool) *Service {
	s.noMail = !on
	return s
}

// Operator is who holds the server's socket: allowed everything.
func Operator(name string) idp.Actor {
	return idp.Actor{Party: idp.Party{Type: idp.ActorOperator, Name: name}}
}

// tenant finds a tenant by GUID or domain.
func (s *Service) tenant(ctx context.Context, name string) (*idp.Tenant, error) {
	var t *idp.Tenant
	err := s.store.View(ctx, storage.System, func(tx *storage.Tx) (err error) {
		t, err = idp.FindTenant(tx, name)
		return err
	})
	return t, missing(err, idp.PartyTenant, name, "There is no tenant %q.", name)
}

// In place of an action: asksItself where fn asks, since it depends on whom it is about,
// and open for what anybody may, such as to register a client.
const (
	asksItself idp.Action = ""
	open       idp.Action = "open"
)

// errNobodyAsked is a fault of ours: a use case that would be open to everybody.
var errNobodyAsked = errors.New("admin: a use case did not ask whether the actor may")

// change runs fn in the tenant's partition, if the actor may do the action.
func (s *Service) change(ctx context.Context, actor idp.Actor, tenant string, action idp.Action, fn func(*work) error) error {
	return s.in(ctx, actor, tenant, action, s.store.Update, fn)
}

// read is change for what writes nothing.
func (s *Service) read(ctx context.Context, actor idp.Actor, tenant string, action idp.Action, fn func(*work) error) error {
	return s.in(ctx, actor, tenant, action, s.store.View, fn)
}

func (s *Service) in(ctx context.Context, actor idp.Actor, tenant string, action idp.Action, run func(context.Context, string, func(*storage.Tx) error) error, fn func(*work) error) error {
	t, err := s.tenant(ctx, tenant)
	if err != nil {
		return err
	}
	now := s.now()
	return run(ctx, t.TenantID, func(tx *storage.Tx) error {
		actor, err := actor.Current(tx)
		if err != nil {
			return err
		}
		w := s.work(tx, t, actor, now)
		if action != asksItself && action != open {
			if err := w.may(action); err != nil {
				return err
			}
		}
		if err := fn(w); err != nil {
			return err
		}
		if action != open && !w.asked {
			return errNobodyAsked
		}
		return nil
	})
}

func (s *Service) work(tx *storage.Tx, t *idp.Tenant, actor idp.Actor, now time.Time) *work {
	return &work{Tx: tx, log: idp.AuditLog{Keys: s.keys, Tenant: t.TenantID}, tenant: t, actor: actor, now: now, keys: s.keys, noPasskeys: s.noPasskeys, noMail: s.noMail}
}

// missing turns storage.ErrNotFound into an error for people.
func missing(err error, kind, name, format string, args ...any) error {
	if errors.Is(err, storage.ErrNotFound) {
		return idp.NoSuch(kind, name, format, args...)
	}
	return err
}

// taken turns a clash of keys into an error for people.
func taken(err error, format string, args ...any) error {
	if errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrExists) {
		return idp.Errorf(idp.Conflict, format, args...)
	}
	return err
}
