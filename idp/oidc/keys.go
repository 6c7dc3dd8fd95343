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
	signing  map[string]jose.SigningKey  // by alg
	signers  sync.Map                    // jose.Signer by alg and typ
	public   map[string]crypto.PublicKey // by kid; those no longer published too, for hints
	gone     map[string]bool             // by kid: no longer published
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
	set := &keySet{signing: map[string]jose.SigningKey{}, public: map[string]crypto.PublicKey{}, gone: map[string]bool{}}
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
			set.gone[k.KeyID] = true
			continue
		}
		jwks.Keys = append(jwks.Keys, jose.JSONWebKey{Key: private.Public(), KeyID: k.KeyID, Algorithm: k.Alg, Use: "sig"})
		if current := signing[k.Alg]; !now.Before(k.SignsFrom) && (current == nil || k.SignsFrom.After(current.SignsFrom)) {
			signing[k.Alg] = k
		}
	}
	for alg, k := range signing {
		set.signing[alg] = jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: jose.JSONWebKey{Key: parsed[k.KeyID], KeyID: k.KeyID}}
	}
	body, err := json.Marshal(jwks)
	if err != nil {
		return nil, err
	}
	c.keys[tenant] = parsed
	set.document = newDocument(body, now.Add(keySetLife))
	return set, nil
}

// signer is the key that signs with alg now, for JWTs of one type.
func (s *keySet) signer(alg, typ string) (jose.Signer, error) {
	name := alg + " " + typ
	if known, ok := s.signers.Load(name); ok {
		return known.(jose.Signer), nil
	}
	key, ok := s.signing[alg]
	if !ok {
		return nil, idp.Errorf(idp.Internal, "no key signs with %s", alg)
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err == nil {
		s.signers.Store(name, signer)
	}
	return signer, err
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
