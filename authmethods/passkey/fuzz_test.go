package passkey_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"latchkey/authmethods/passkey"
	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
)

// The parts of a right answer that fuzzing changes, before they are signed.
const (
	asIs = iota // the answer is what was made up
	data
	client
	object
	parts
)

// spliced is raw with some of its bytes replaced by others.
func spliced(part, want uint8, at, cut uint16, with []byte) func([]byte) []byte {
	if part%parts != want {
		return nil
	}
	return func(raw []byte) []byte {
		from := int(at) % (len(raw) + 1)
		to := min(len(raw), from+int(cut)%64)
		return slices.Concat(raw[:from], with, raw[to:])
	}
}

func splicing(part uint8, at, cut uint16, with []byte) func(*say) {
	return func(s *say) {
		s.Data, s.Client, s.Object = spliced(part, data, at, cut, with), spliced(part, client, at, cut, with), spliced(part, object, at, cut, with)
	}
}

// seeds are answers that are none, and ways to spoil right ones.
func seeds(f *testing.F, right string) {
	for _, answer := range []string{right, "", "{}", "null", "[]", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`, right[:len(right)/2]} {
		f.Add(answer, uint8(asIs), uint16(0), uint16(0), []byte(nil))
	}
	for part := uint8(data); part < parts; part++ {
		for _, at := range []uint16{0, 20, 32, 33, 53, 54, 60, 87, 100} {
			f.Add("", part, at, uint16(1), []byte{0xff})
			f.Add("", part, at, uint16(2), []byte{0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
			f.Add("", part, at, uint16(63), []byte(nil))
		}
	}
}

// checkFuzzed: whatever comes in, either it is refused for a reason that quotes nothing of
// it, or it says what every right answer says.
func checkFuzzed(t *testing.T, err error, answer string, authData []byte) {
	t.Helper()
	if err != nil {
		r, ok := errors.AsType[*idp.Refusal](err)
		if !ok || r.Problem == "" || r.Detail == "" || len(r.Detail) > 200 {
			t.Fatalf("%#v", err)
		}
		if q := quoted(r.Detail, answer); q != "" {
			t.Fatalf("the reason %q quotes %q", r.Detail, q)
		}
		return
	}
	host := sha256.Sum256([]byte("login.example"))
	if len(authData) < 37 || !bytes.Equal(authData[:32], host[:]) || authData[32]&(passkeytest.UP|passkeytest.UV) != passkeytest.UP|passkeytest.UV {
		t.Fatalf("accepted: %s", answer)
	}
}

func FuzzAssertion(f *testing.F) {
	b, k := newBench(f, nil), passkeytest.New(passkeytest.ES256)
	b.holds(k)
	q := b.question()
	seeds(f, k.Get(q.Fields[passkey.OptionsField]))
	f.Fuzz(func(t *testing.T, answer string, part uint8, at, cut uint16, with []byte) {
		if part%parts != asIs {
			answer = k.Get(q.Fields[passkey.OptionsField], splicing(part, at, cut, with))
		}
		a := idp.Answer{passkey.AssertionField: answer}
		_, err := b.m.Verify(t.Context(), b.subject, q, a)
		var authData []byte
		if parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer)); err == nil {
			authData = parsed.Raw.AssertionResponse.AuthenticatorData
		}
		checkFuzzed(t, err, answer, authData)
	})
}

func FuzzAttestation(f *testing.F) {
	b, k, maker := newBench(f, nil), passkeytest.New(passkeytest.ES256), passkeytest.NewAuthority("Maker")
	ways := []passkeytest.Attest{nil, passkeytest.Self, maker.Attests(k.AAGUID)}
	options, challenge := b.creation()
	for _, way := range ways {
		seeds(f, k.Create(options, func(s *say) { s.Attest = way }))
	}
	f.Fuzz(func(t *testing.T, answer string, part uint8, at, cut uint16, with []byte) {
		if part%parts != asIs {
			answer = k.Create(options, splicing(part, at, cut, with), func(s *say) { s.Attest = ways[int(part/parts)%len(ways)] })
		}
		c, err := b.m.Enroll(t.Context(), b.subject, challenge, idp.Answer{passkey.AttestationField: answer, passkey.NameField: "k"})
		var authData []byte
		if parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer)); err == nil {
			authData = parsed.Response.AttestationObject.RawAuthData
		}
		checkFuzzed(t, err, answer, authData)
		if err == nil && c.(*idp.Passkey).Validate() != nil {
			t.Fatalf("%+v", c)
		}
	})
}
