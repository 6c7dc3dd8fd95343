package admin

import (
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// TestNobodyAsked: a use case that forgets to ask whether the actor may fails for
// everybody, and writes nothing.
func TestNobodyAsked(t *testing.T) {
	t.Parallel()
	keys, err := idp.NewKeyring([]byte(strings.Repeat("pepper ", 5)))
	if err != nil {
		t.Fatal(err)
	}
	s := New(storage.New(mem.New()), keys, func() time.Time { return time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) })
	made, err := s.CreateTenant(t.Context(), Operator("test"), "Contoso", "contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	forgets := func(w *work) error { return w.Put(&idp.Group{GroupID: idp.NewID(), Name: "Stray"}) }
	if err := s.change(t.Context(), Operator("test"), made.TenantID, asksItself, forgets); !errors.Is(err, errNobodyAsked) {
		t.Errorf("%v", err)
	}
	if gs, _, err := s.Groups(t.Context(), Operator("test"), made.TenantID, storage.Page{}); err != nil || len(gs) != 0 {
		t.Errorf("%v, %v", gs, err)
	}
}
