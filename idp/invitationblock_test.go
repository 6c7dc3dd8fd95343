package idp_test

import (
	"strings"
	"testing"

	"latchkey/idp"
)

// TestBlockToken: it is about one address at one tenant, says so to nobody, and is always
// the same, so that the one in an old mail is as good.
func TestBlockToken(t *testing.T) {
	t.Parallel()
	const address = "anna@fabrikam.example"
	keys := keyring(t, 1)
	token := idp.BlockToken(keys, tenantID, address)
	if token != idp.BlockToken(keys, tenantID, address) || strings.Contains(token, "fabrikam") {
		t.Errorf("%q", token)
	}
	if got := idp.BlockedAddress(keys, tenantID, token); got != address {
		t.Errorf("%q", got)
	}
	for name, got := range map[string]string{
		"another tenant":  idp.BlockedAddress(keys, annaID, token),
		"another pepper":  idp.BlockedAddress(keyring(t, 2), tenantID, token),
		"another purpose": idp.BlockedAddress(keys, tenantID, keys.SealFixed("flow", tenantID, "", []byte(address))),
		"changed":         idp.BlockedAddress(keys, tenantID, strings.ToLower(token)),
		"cut":             idp.BlockedAddress(keys, tenantID, token[:len(token)-1]),
		"the address":     idp.BlockedAddress(keys, tenantID, address),
		"nothing":         idp.BlockedAddress(keys, tenantID, ""),
	} {
		if got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	block := idp.InvitationBlock{Address: address, CreatedAt: t0}
	if block.ID() != address || block.Indexes() != nil {
		t.Errorf("%+v", block)
	}
}
