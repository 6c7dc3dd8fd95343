package jwt

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

	"latchkey/idp/outbound"
)

// How long the keys at an address are kept, whatever its headers say, and how soon
// they are looked at again for a key that is not among them. The second bounds what
// somebody can make us fetch by naming keys that nobody has.
const (
	leastLife      = time.Minute
	longestLife    = time.Hour
	refetch        = 10 * time.Second
	maxSets        = 1000
	maxKeysInASet  = 100
	maxSet         = 64 << 10 // bytes
	maxKeysPerTest = 10       // keys without a kid that are tried for one signature
)

// ParseKeys reads a key set and keeps the public signing keys in it. A private or
// symmetric key is a leak, and refused.
func ParseKeys(raw []byte) (*jose.JSONWebKeySet, error) {
	var outer struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &outer); err != nil || outer.Keys == nil || len(outer.Keys) > maxKeysInASet {
		return nil, errors.New("jwt: not a JWK set of at most 100 keys")
	}
	set := &jose.JSONWebKeySet{}
	for _, one := range outer.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(one); err != nil {
			continue // of a kind that is not known here (RFC 7517 5)
		}
		if !key.IsPublic() {
			return nil, errors.New("jwt: the JWK set holds a key that is not public")
		}
		if key.Use != "enc" {
			set.Keys = append(set.Keys, key)
		}
	}
	return set, nil
}

// Candidates are the keys with the kid of a header, or, when it names none, all that
// fit its algorithm.
func Candidates(set *jose.JSONWebKeySet, h Header) []any {
	if set == nil {
		return nil
	}
	var out []any
	for _, key := range set.Keys {
		if (h.KeyID == "" || key.KeyID == h.KeyID) && (key.Algorithm == "" || key.Algorithm == h.Alg) && SignsWith(key, h.Alg) && len(out) < maxKeysPerTest {
			out = append(out, key.Key)
		}
	}
	return out
}

// SignsWith tells whether a key is of the kind that an algorithm uses.
func SignsWith(key jose.JSONWebKey, alg string) bool {
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

// KeySets are key sets at addresses elsewhere, each fetched once for all that wait. It is safe
// for concurrent use.
type KeySets struct {
	calls *outbound.Client
	mu    sync.Mutex
	kept  map[string]*keySet // by address
}

// keySet is what is known of one address.
type keySet struct {
	mu       sync.Mutex
	set      *jose.JSONWebKeySet
	fetched  time.Time
	until    time.Time
	fetching chan struct{} // closed once the fetch that runs is over; nil: none does
}

// NewKeySets fetches by a client.
func NewKeySets(calls *outbound.Client) *KeySets {
	return &KeySets{calls: calls, kept: map[string]*keySet{}}
}

// Find are the keys at an address that may have made a signature with the header. An unknown
// kid makes us look at it again (OIDC Core 10.1.1), at most once in 10 s, and only if may
// allows it. Who makes the fetch begin waits for it, as does whoever's key is not known, and
// none of them longer than their context. Keys that have been out of reach for too long count
// no more.
func (k *KeySets) Find(ctx context.Context, uri string, h Header, now time.Time, may func() bool) []any {
	e := k.entry(uri)
	e.mu.Lock()
	keys, stale := Candidates(e.set, h), !now.Before(e.until)
	known := len(keys) > 0 && now.Before(e.until.Add(longestLife))
	if len(keys) == 0 || stale {
		fetching, wait := e.fetching, !known
		if fetching == nil && now.Sub(e.fetched) >= refetch && may() {
			fetching, wait = make(chan struct{}), true
			e.fetching, e.fetched = fetching, now
			go k.fetch(context.WithoutCancel(ctx), uri, e, now)
		}
		e.mu.Unlock()
		if fetching != nil && wait {
			select {
			case <-fetching:
			case <-ctx.Done():
			}
		}
		e.mu.Lock()
		keys = Candidates(e.set, h)
	}
	defer e.mu.Unlock()
	if !now.Before(e.until.Add(longestLife)) {
		return nil
	}
	return keys
}

func (k *KeySets) entry(uri string) *keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.kept[uri]
	if e == nil {
		if len(k.kept) >= maxSets {
			clear(k.kept)
		}
		e = &keySet{}
		k.kept[uri] = e
	}
	return e
}

// fetch leaves the old keys where the new ones cannot be had. Its context is not that of whoever
// made it begin, since others wait for it.
func (k *KeySets) fetch(ctx context.Context, uri string, e *keySet, now time.Time) {
	answer, err := k.calls.Get(ctx, uri, "application/jwk-set+json, application/json")
	var set *jose.JSONWebKeySet
	if err == nil && answer.Status == 200 && len(answer.Body) <= maxSet {
		set, err = ParseKeys(answer.Body)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil && set != nil {
		e.set, e.until = set, now.Add(min(max(answer.CacheFor, leastLife), longestLife))
	}
	close(e.fetching)
	e.fetching = nil
}
