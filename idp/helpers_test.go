package idp_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// t0 is when most tests begin.
var t0 = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

const (
	tenantID = "11111111-1111-4111-8111-111111111111"
	annaID   = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	bobID    = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
	staffID  = "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
)

// keyring hashes cheaply: what argon2id costs is tested once, in keyring_test.go.
func keyring(t testing.TB, seed byte) *idp.Keyring {
	t.Helper()
	k, err := idp.NewKeyring(bytes.Repeat([]byte{seed}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	return k.WithCost(idp.Cost{Passes: 1, Memory: 8})
}

func anna() *idp.User {
	return &idp.User{UserID: annaID, PrincipalName: "anna@contoso.example", DisplayName: "Anna", Type: idp.Member, CreatedAt: t0}
}

func contoso() *idp.Tenant {
	return &idp.Tenant{TenantID: tenantID, Name: "Contoso", Domains: []string{"contoso.example"}, CreatedAt: t0}
}

// random is a source that a failing test can be repeated with.
func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// wantError compares kind and text of an error for people; "" means none.
func wantError(t *testing.T, err error, code idp.Code, text string) {
	t.Helper()
	switch {
	case text == "" && err == nil:
	case text == "" || err == nil:
		t.Errorf("got error %v, want %q", err, text)
	case idp.ErrorCode(err) != code || err.Error() != text:
		t.Errorf("got %s %q\nwant %s %q", idp.ErrorCode(err), err, code, text)
	}
}

// update runs a closure on a fresh store.
func update(t *testing.T, fn func(*storage.Tx) error) *storage.Store {
	t.Helper()
	st := storage.New(mem.New())
	if err := st.Update(context.Background(), tenantID, fn); err != nil {
		t.Fatal(err)
	}
	return st
}

func putAll(tx *storage.Tx, records ...storage.Record) (err error) {
	for _, r := range records {
		err = errors.Join(err, tx.Put(r))
	}
	return err
}
