package device

import (
	"crypto"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
	"latchkey/storage"
)

// signers keep the keys opened that tenants sign challenges with.
type signers struct {
	ring *idp.Keyring
	open sync.Map // crypto.Signer by kid
}

func newSigners(ring *idp.Keyring) *signers { return &signers{ring: ring} }

// of is what signs for a tenant now: the newest of its keys for ES256 that has begun to.
func (s *signers) of(tx *storage.Tx, tenant string, now time.Time) (jose.Signer, error) {
	all, _, err := storage.All[idp.SigningKey](tx, storage.Page{})
	if err != nil {
		return nil, err
	}
	var newest *idp.SigningKey
	for _, k := range all {
		if k.Alg == algs[0] && k.Published(now) && !now.Before(k.SignsFrom) && (newest == nil || k.SignsFrom.After(newest.SignsFrom)) {
			newest = k
		}
	}
	if newest == nil {
		return nil, idp.Errorf(idp.Internal, "no key signs with %s", algs[0])
	}
	private, ok := s.open.Load(newest.KeyID)
	if !ok {
		if private, err = newest.Private(s.ring, tenant); err != nil {
			return nil, err
		}
		s.open.Store(newest.KeyID, private)
	}
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private.(crypto.Signer), KeyID: newest.KeyID}}
	return jose.NewSigner(key, (&jose.SignerOptions{}).WithType(typeChallenge))
}
