package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
	"latchkey/idp/outbound"
	"latchkey/idp/web"
)

// How long the keys at a jwks_uri are kept, whatever their headers say, and how soon
// they are looked at again for a key that is not among them. The second bounds what
// somebody can make us fetch by naming keys that nobody has.
const (
	leastKeysLife  = time.Minute
	longestKeys    = time.Hour
	keysRefresh    = 10 * time.Second
	maxKeySets     = 1000
	maxKeysInASet  = 100
	maxKeySet      = 64 << 10 // bytes
	maxKeysPerTest = 10       // keys without a kid that are tried for one signature
)

// clientKeys are the key sets of clients, fetched once for all that wait.
type clientKeys struct {
	calls *outbound.Client
	// fetches holds back, tenant by tenant, what clients that nobody vouches for make us
	// fetch: 50 at once and two a second.
	fetches *web.Limiter
	mu      sync.Mutex
	kept    map[string]*keptKeys // by jwks_uri
}

type keptKeys struct {
	mu      sync.Mutex // held while fetching
	set     *jose.JSONWebKeySet
	fetched time.Time
	until   time.Time
}

func newClientKeys(calls *outbound.Client) *clientKeys {
	return &clientKeys{calls: calls, fetches: web.NewLimiter(500*time.Millisecond, 50), kept: map[string]*keptKeys{}}
}

// parseKeys reads a key set and keeps the public signing keys in it. A private or
// symmetric key is a leak, and refused.
func parseKeys(raw []byte) (*jose.JSONWebKeySet, error) {
	var outer struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &outer); err != nil || outer.Keys == nil || len(outer.Keys) > maxKeysInASet {
		return nil, errors.New("oidc: not a JWK set of at most 100 keys")
	}
	set := &jose.JSONWebKeySet{}
	for _, one := range outer.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(one); err != nil {
			continue // of a kind that is not known here (RFC 7517 5)
		}
		if !key.IsPublic() {
			return nil, errors.New("oidc: the JWK set holds a key that is not public")
		}
		if key.Use != "enc" {
			set.Keys = append(set.Keys, key)
		}
	}
	return set, nil
}

// keysOf are the keys of a client that may have made a signature with the header. An
// unknown kid makes us look at the jwks_uri again (OIDC Core 10.1.1).
func (k *clientKeys) keysOf(ctx context.Context, tenant string, c *idp.Client, h jwtHeader, now time.Time) ([]any, error) {
	if c.Keys.URI == "" {
		set, err := parseKeys([]byte(c.Keys.Set))
		if err != nil {
			return nil, errJWT
		}
		return candidates(set, h), nil
	}
	kept := k.entry(c.Keys.URI)
	kept.mu.Lock()
	defer kept.mu.Unlock()
	keys, stale := candidates(kept.set, h), !now.Before(kept.until)
	if (len(keys) == 0 || stale) && now.Sub(kept.fetched) >= keysRefresh && (!c.Counted || k.fetches.Allow(tenant, now)) {
		k.fetch(ctx, c.Keys.URI, kept, now)
		keys = candidates(kept.set, h)
	}
	if !now.Before(kept.until.Add(longestKeys)) { // it has been out of reach for too long
		return nil, nil
	}
	return keys, nil
}

func (k *clientKeys) entry(uri string) *keptKeys {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.kept[uri]
	if e == nil {
		if len(k.kept) >= maxKeySets {
			clear(k.kept)
		}
		e = &keptKeys{}
		k.kept[uri] = e
	}
	return e
}

// fetch leaves the old keys where the new ones cannot be had.
func (k *clientKeys) fetch(ctx context.Context, uri string, kept *keptKeys, now time.Time) {
	kept.fetched = now
	answer, err := k.calls.Get(context.WithoutCancel(ctx), uri, "application/jwk-set+json, application/json")
	if err != nil || answer.Status != 200 || len(answer.Body) > maxKeySet {
		return
	}
	if set, err := parseKeys(answer.Body); err == nil {
		kept.set, kept.until = set, now.Add(min(max(answer.CacheFor, leastKeysLife), longestKeys))
	}
}

// candidates are the keys with the kid of a header, or, when it names none, all that
// fit its algorithm.
func candidates(set *jose.JSONWebKeySet, h jwtHeader) []any {
	if set == nil {
		return nil
	}
	var out []any
	for _, key := range set.Keys {
		if (h.kid == "" || key.KeyID == h.kid) && (key.Algorithm == "" || key.Algorithm == h.alg) && signsWith(key, h.alg) && len(out) < maxKeysPerTest {
			out = append(out, key.Key)
		}
	}
	return out
}

// signsWith tells whether a key is of the kind that an algorithm uses.
func signsWith(key jose.JSONWebKey, alg string) bool {
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		return (alg == "RS256" || alg == "PS256") && k.N.BitLen() >= 2048 && k.N.BitLen() <= 8192 // RFC 7518 3.3; larger ones only cost time
	case *ecdsa.PublicKey:
		return alg == "ES256" && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// verifyByClient reads a JWT that a client has signed with one of its keys.
func (p *Provider) verifyByClient(ctx context.Context, q *web.Request, c *idp.Client, token string, algs []string, into any) (jwtHeader, error) {
	return verifyJWT(token, algs, func(h jwtHeader) ([]any, error) { return p.clientKeys.keysOf(ctx, q.Tenant.TenantID, c, h, q.Now) }, into)
}
