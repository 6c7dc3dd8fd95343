package idp_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// TestSignInLogIsSwept: lines that strangers cause by typing anything go after a
// month; what administrators did stays.
func TestSignInLogIsSwept(t *testing.T) {
	t.Parallel()
	const month = 30 * 24 * time.Hour
	signIn, change := idp.NewEvent(idp.SignIns, t0), idp.NewEvent(idp.Directory, t0)
	log := idp.AuditLog{Keys: keyring(t, 1), Tenant: tenantID}
	st := update(t, func(tx *storage.Tx) error { return errors.Join(log.Append(tx, signIn), log.Append(tx, change)) })
	for _, c := range []struct {
		after time.Duration
		left  []string
	}{
		{month, []string{idp.Directory, idp.SignIns}},
		{month + time.Second, []string{idp.Directory}},
		{100 * month, []string{idp.Directory}},
	} {
		if _, err := st.Sweep(context.Background(), tenantID, t0.Add(c.after), 9); err != nil {
			t.Fatal(err)
		}
		var left []string
		err := st.View(context.Background(), tenantID, func(tx *storage.Tx) error {
			events, _, err := storage.All[idp.AuditEvent](tx, storage.Page{})
			for _, e := range events {
				left = append(left, e.Log)
			}
			return err
		})
		if slices.Sort(left); err != nil || !slices.Equal(left, c.left) {
			t.Errorf("after %s: %v, want %v, %v", c.after, left, c.left, err)
		}
	}
}
