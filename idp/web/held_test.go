package web_test

import (
	"testing"

	"latchkey/idp/web"
)

// TestHeld: one network does not take all, and what has left makes room.
func TestHeld(t *testing.T) {
	t.Parallel()
	h := web.NewHeld(3, 2)
	enter := func(address string) func() {
		leave, ok := h.Enter(address)
		if !ok {
			return nil
		}
		return leave
	}
	first := enter("2001:db8::1")
	if first == nil || enter("2001:db8::2") == nil {
		t.Fatal("two of one network are not held")
	}
	if enter("2001:db8::3") != nil {
		t.Error("three of one network are held")
	}
	other := enter("192.0.2.7")
	if other == nil {
		t.Error("another network is not held")
	}
	if enter("192.0.2.8") != nil {
		t.Error("four are held of three")
	}
	first()
	if enter("2001:db8::3") == nil || enter("192.0.2.8") != nil {
		t.Error("what has left makes room for one")
	}
}
