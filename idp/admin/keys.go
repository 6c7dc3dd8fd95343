package admin

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Keys lists a tenant's signing keys.
func (s *Service) Keys(ctx context.Context, actor idp.Actor, tenant string) (ks []*idp.SigningKey, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadOrganization, func(w *work) error {
		ks, _, err = storage.All[idp.SigningKey](w.Tx, storage.Page{})
		return err
	})
	return ks, err
}

// RotateKeys publishes a new key for every algorithm. It signs once every relying
// party has had time to fetch it, and the old one stays until the last token
// it signed has ended. Another rotation has to wait until then.
func (s *Service) RotateKeys(ctx context.Context, actor idp.Actor, tenant string) ([]*idp.SigningKey, error) {
	t, err := s.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := idp.May(actor, idp.Operate, idp.Object{Tenant: t.TenantID}); err != nil {
		return nil, err
	}
	now := s.now()
	signs := now.Add(idp.KeyCacheTime)
	fresh, err := s.newKeys(t.TenantID, now, signs)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, t.TenantID, func(tx *storage.Tx) error {
		old, _, err := storage.All[idp.SigningKey](tx, storage.Page{})
		if err != nil {
			return err
		}
		for _, k := range old {
			if now.Before(k.SignsFrom) {
				return idp.Errorf(idp.Conflict, "A new key is published already and signs from %s.", k.SignsFrom.Format(time.RFC3339))
			}
			if k.GoneAt.IsZero() {
				k.GoneAt = signs.Add(idp.KeyOverlap)
				if err := tx.Put(k); err != nil {
					return err
				}
			}
		}
		for _, k := range fresh {
			if err := tx.Insert(k); err != nil {
				return err
			}
		}
		return s.work(tx, t, actor, now).audit(idp.KeysRotated, tenantParty(t), "")
	})
	return fresh, err
}

func (s *Service) newKeys(tenant string, now, signsFrom time.Time) ([]*idp.SigningKey, error) {
	var keys []*idp.SigningKey
	for _, alg := range idp.IDTokenAlgs {
		k, err := idp.NewSigningKey(s.keys, tenant, alg, now, signsFrom)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}
