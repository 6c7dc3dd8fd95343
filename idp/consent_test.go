package idp_test

import (
	"context"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// TestConsentIsForTheClientOfItsTime: what somebody allowed a client that is gone is
// not allowed to another that was given the same id.
func TestConsentIsForTheClientOfItsTime(t *testing.T) {
	t.Parallel()
	stored := &idp.Consent{UserID: annaID, ClientID: "web"}
	stored.Add([]string{"openid", "email"}, t0)
	st := update(t, func(tx *storage.Tx) error { return putAll(tx, stored) })
	for _, c := range []struct {
		name, user, client string
		made               time.Time
		want               int
	}{
		{"the client of then", annaID, "web", t0.Add(-1), 2},
		{"made in the same moment", annaID, "web", t0, 2},
		{"registered again since", annaID, "web", t0.Add(1), 0},
		{"another client", annaID, "spa", t0.Add(-1), 0},
		{"another user", bobID, "web", t0.Add(-1), 0},
	} {
		_ = st.View(context.Background(), tenantID, func(tx *storage.Tx) error {
			got, err := idp.LoadConsent(tx, c.user, &idp.Client{ClientID: c.client, CreatedAt: c.made})
			if err != nil || len(got.Scopes) != c.want || got.ID() != idp.ConsentID(c.user, c.client) {
				t.Errorf("%s: %+v, %v; want %d scopes", c.name, got, err, c.want)
			}
			return nil
		})
	}
}
