// Package admin holds the use cases of administrators. Every surface (command
// line, Graph API, admin pages, and security info for a person's own things)
// calls these and holds no rule itself. A change and the audit event that tells
// of it are one transaction.
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
}

// New makes the service; now must never run backwards.
func New(store *storage.Store, keys *idp.Keyring, now func() time.Time) *Service {
	return &Service{store: store, keys: keys, now: now}
}

// Operator is who holds the server's socket: allowed everything.
func Operator(name string) idp.Party { return idp.Party{Type: "operator", Name: name} }

// tenant finds a tenant by GUID or domain.
func (s *Service) tenant(ctx context.Context, name string) (*idp.Tenant, error) {
	var t *idp.Tenant
	err := s.store.View(ctx, storage.System, func(tx *storage.Tx) (err error) {
		t, err = idp.FindTenant(tx, name)
		return err
	})
	return t, missing(err, "There is no tenant %q.", name)
}

// change runs fn in the tenant's partition.
func (s *Service) change(ctx context.Context, tenant string, fn func(tx *storage.Tx, t *idp.Tenant, now time.Time) error) error {
	return s.in(ctx, tenant, s.store.Update, fn)
}

// read is change for what writes nothing.
func (s *Service) read(ctx context.Context, tenant string, fn func(tx *storage.Tx, t *idp.Tenant, now time.Time) error) error {
	return s.in(ctx, tenant, s.store.View, fn)
}

func (s *Service) in(ctx context.Context, tenant string, run func(context.Context, string, func(*storage.Tx) error) error, fn func(*storage.Tx, *idp.Tenant, time.Time) error) error {
	t, err := s.tenant(ctx, tenant)
	if err != nil {
		return err
	}
	now := s.now()
	return run(ctx, t.TenantID, func(tx *storage.Tx) error { return fn(tx, t, now) })
}

// audit writes a directory event.
func audit(tx *storage.Tx, now time.Time, actor, target idp.Party, activity, category, service, reason string) error {
	e := idp.NewEvent(idp.Directory, now)
	e.Actor, e.Target, e.Activity, e.Category, e.Service, e.Reason = actor, target, activity, category, service, reason
	return tx.Put(e)
}

// missing turns storage.ErrNotFound into an error for people.
func missing(err error, format string, args ...any) error {
	if errors.Is(err, storage.ErrNotFound) {
		return idp.Errorf(idp.NotFound, format, args...)
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

func user(u *idp.User) idp.Party {
	return idp.Party{Type: "user", ID: u.UserID, Name: u.PrincipalName}
}
