package oidc

import (
	"context"
	"crypto"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// keySet is a tenant's keys at one moment.
type keySet struct {
	document *document
	signers  map[string]jose.Signer      // by alg
	public   map[string]crypto.PublicKey // by kid; those no longer published too, for hints
}

// keyCache keeps key sets for a second and parsed keys for as long as the store has
// them.
type keyCache struct {
	store *storage.Store
	ring  *idp.Keyring
	mu    sync.Mutex
	sets  map[string]*keySet                  // by tenant
	keys  map[string]map[string]crypto.Signer // by tenant, kid
}

func newKeyCache(store *storage.Store, ring *idp.Keyring) *keyCache {
	return &keyCache{store: store, ring: ring, sets: map[string]*keySet{}, keys: map[string]map[string]crypto.Signer{}}
}

const keySetLife = time.Second

func (c *keyCache) get(ctx context.Context, tenant string, now time.Time) (*keySet, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.sets[tenant]; s != nil && now.Before(s.document.until) {
		return s, nil
	}
	var records []*idp.SigningKey
	err := c.store.View(ctx, tenant, func(tx *storage.Tx) (err error) {
		records, _, err = storage.All[idp.SigningKey](tx, storage.Page{})
		return err
	})
	if err != nil {
		return nil, err
	}
	s, err := c.build(tenant, records, now)
	if err == nil {
		c.sets[tenant] = s
	}
	return s, err
}

func (c *keyCache) build(tenant string, records []*idp.SigningKey, now time.Time) (*keySet, error) {
	parsed := map[string]crypto.Signer{}
	set := &keySet{signers: map[string]jose.Signer{}, public: map[string]crypto.PublicKey{}}
	jwks := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	signing := map[string]*idp.SigningKey{}
	for _, k := range records {
		private := c.keys[tenant][k.KeyID]
		if private == nil {
			var err error
			if private, err = k.Private(c.ring, tenant); err != nil {
				return nil, err
			}
		}
		parsed[k.KeyID], set.public[k.KeyID] = private, private.Public()
		if !k.Published(now) {
			continue
		}
		jwks.Keys = append(jwks.Keys, jose.JSONWebKey{Key: private.Public(), KeyID: k.KeyID, Algorithm: k.Alg, Use: "sig"})
		if current := signing[k.Alg]; !now.Before(k.SignsFrom) && (current == nil || k.SignsFrom.After(current.SignsFrom)) {
			signing[k.Alg] = k
		}
	}
	for alg, k := range signing {
		signer, err := newSigner(k, parsed[k.KeyID])
		if err != nil {
			return nil, err
		}
		set.signers[alg] = signer
	}
	body, err := json.Marshal(jwks)
	if err != nil {
		return nil, err
	}
	c.keys[tenant] = parsed
	set.document = newDocument(body, now.Add(keySetLife))
	return set, nil
}

func newSigner(k *idp.SigningKey, private crypto.Signer) (jose.Signer, error) {
	key := jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Alg), Key: jose.JSONWebKey{Key: private, KeyID: k.KeyID}}
	return jose.NewSigner(key, (&jose.SignerOptions{}).WithType(tokenType))
}

func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) {
	q := web.From(r)
	set, err := p.keys.get(r.Context(), q.Tenant.TenantID, q.Now)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	set.document.serve(w, r)
}
