package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Tenants finds the tenant that a path names. What it finds it keeps for a second,
// which is how soon every node follows a change.
type Tenants struct {
	store *storage.Store
	mu    sync.Mutex
	kept  map[string]keptTenant
}

type keptTenant struct {
	tenant *idp.Tenant
	until  time.Time
}

const (
	keepFor = time.Second
	maxKept = 10_000
)

// NewTenants finds tenants in the store.
func NewTenants(store *storage.Store) *Tenants {
	return &Tenants{store: store, kept: map[string]keptTenant{}}
}

// Find finds an enabled tenant by GUID or domain; nil, nil if there is none.
func (t *Tenants) Find(ctx context.Context, name string, now time.Time) (*idp.Tenant, error) {
	t.mu.Lock()
	k, ok := t.kept[name]
	t.mu.Unlock()
	if ok && now.Before(k.until) {
		return k.tenant, nil
	}
	var found *idp.Tenant
	err := t.store.View(ctx, storage.System, func(tx *storage.Tx) (err error) {
		found, err = idp.FindTenant(tx, name)
		return err
	})
	if errors.Is(err, storage.ErrNotFound) || err == nil && found.Disabled {
		return nil, nil // not kept: names that strangers make up need no memory
	}
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) >= maxKept {
		clear(t.kept)
	}
	t.kept[name] = keptTenant{found, now.Add(keepFor)}
	return found, nil
}

// Enter puts the tenant that name picks out of a request into it, or calls
// unknown.
func (t *Tenants) Enter(name func(*http.Request) string, unknown http.HandlerFunc, failed func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := From(r)
			tenant, err := t.Find(r.Context(), name(r), q.Now)
			switch {
			case err != nil:
				failed(w, r, err)
			case tenant == nil:
				unknown(w, r)
			default:
				q.Tenant = tenant
				next.ServeHTTP(w, r)
			}
		})
	}
}
