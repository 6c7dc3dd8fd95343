package device

import (
	"encoding/json"
	"testing"

	"latchkey/authmethods/passkey"
)

// TestVerifier: the library that the provider uses takes what the software verifier says.
func TestVerifier(t *testing.T) {
	m, err := passkey.New("https://login.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	handle, challenge := []byte("a handle of sixteen bytes or more"), []byte("a challenge of 32 random bytes or so")
	raw, err := m.BindingOptions(handle, challenge, "Contoso", lee)
	if err != nil {
		t.Fatal(err)
	}
	var options creation
	if err := json.Unmarshal([]byte(raw), &options); err != nil {
		t.Fatal(err)
	}
	v, err := newVerifier(options, "https://login.example")
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := v.attest(options.Challenge)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := m.Bind(handle, challenge, text(t, made))
	if err != nil {
		t.Fatal(err)
	}
	for n := range uint32(3) {
		over := []byte("another challenge of 32 bytes or so")
		count, _, err := m.Verified(bound, over, text(t, v.assert(encode(over))))
		if err != nil || count != n+1 {
			t.Errorf("assertion %d: a counter of %d, %v", n, count, err)
		}
		bound.SignCount = count
	}
	if _, _, err := m.Verified(bound, []byte("what nobody has signed"), text(t, v.assert(encode(challenge)))); err == nil {
		t.Error("an assertion over something else is taken")
	}
	if _, err := newVerifier(options, "https://login.example.evil.example"); err == nil {
		t.Error("a credential of another host")
	}
}

func text(t *testing.T, c credential) string {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
