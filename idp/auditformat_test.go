package idp_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// TestChainFormatStands: the MAC of an event is over its JSON, so that a field that is
// renamed, moved, or added without omitzero voids every log there is. A field that is
// new and empty changes nothing.
func TestChainFormatStands(t *testing.T) {
	t.Parallel()
	keys, err := idp.NewKeyring([]byte(strings.Repeat("pepper ", 5)))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 9, 0, 0, 1, time.UTC)
	party := func(kind string) idp.Party { return idp.Party{Type: kind, ID: kind + "-id", Name: kind + " name"} }
	e := &idp.AuditEvent{
		EventID: "1", At: at, Log: idp.Directory, Activity: "a", Category: "c", Service: "s", Result: "success", Reason: "r", Error: 50057,
		Actor: party("user"), App: party("client"), Target: party("group"), Tenant: "t", ClientID: "client", Method: "m", SessionID: "session",
		Address: "192.0.2.1", UserAgent: "browser", RequestID: "request", Details: map[string]string{"b": "2", "a": "1"},
		Modified: []idp.Modified{{Name: "n", Old: "o", New: "w"}}, Passing: true,
	}
	log := idp.AuditLog{Keys: keys, Tenant: "tenant"}
	store := storage.New(mem.New())
	if err := store.Update(t.Context(), "tenant", func(tx *storage.Tx) error { return log.Append(tx, e) }); err != nil {
		t.Fatal(err)
	}
	const want = "d2990fbe9e15ca0466cdcd403300c7f9473baa31c9be2c0f0b5335dc75b3c854"
	if e.Link.MAC != want {
		t.Errorf("the MAC is %s, want %s: events written before this change would count as altered", e.Link.MAC, want)
	}
}
