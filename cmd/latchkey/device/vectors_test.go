package device

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

var update = flag.Bool("update", false, "write docs/device-protocol-vectors.json anew, with the keys that it has")

const vectorsFile = "../../../docs/device-protocol-vectors.json"

// vectors is the file: keys, and what comes of them.
type vectors struct {
	About   []string        `json:"about"`
	Keys    map[string]*Key `json:"keys"`
	Vectors []*vector       `json:"vectors"`
}

// vector is one of a kind, of which the file tells.
type vector struct {
	Name   string         `json:"name"`
	Kind   string         `json:"kind"`
	Valid  bool           `json:"valid"`
	Input  map[string]any `json:"input"`
	Expect *expect        `json:"expect,omitempty"` // of a JWS, by who reads it
	Output map[string]any `json:"output,omitempty"`
}

// expect is what the reader of a JWS knows before.
type expect struct {
	Key    string         `json:"key"` // whose signature
	Typ    string         `json:"typ"`
	At     int64          `json:"at"` // the time it is read
	Claims map[string]any `json:"claims"`
}

var about = []string{
	"Test vectors of docs/device-protocol.md. The keys are private JWKs and known to everybody: use them nowhere else.",
	"thumbprint: of input.jwk.  check-value: of input.nonce and input.thumbprint.  hash: H of input.text.",
	"jws: input.header and input.claims signed by keys[expect.key]. Your JSON may be written otherwise; output.signing_input is what was signed here, output.jws with its signature.",
	"A jws is accepted if its alg is ES256, its typ is expect.typ, the signature is by expect.key, each of expect.claims is there, and at expect.at it holds: before exp, where there is one, and at most 60 seconds from iat otherwise. Those that are not valid have input.jws alone and must be refused.",
	"attestation: the bytes that keys.verifier says of itself.  assertion: those that it says over input.jws, whose SHA-256 is the challenge. Other client data will do as well; the signature is over authenticator_data and SHA-256 of client_data_json, in DER.",
}

func readVectors(t *testing.T) *vectors {
	t.Helper()
	v := &vectors{Keys: map[string]*Key{}}
	raw, err := os.ReadFile(vectorsFile)
	if err != nil && *update {
		return v
	}
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *vectors) bytes(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestVectorsMade: this client says what the file has, but for the signatures, which differ each
// time: those of the file are kept where they are over the same.
func TestVectorsMade(t *testing.T) {
	stored := readVectors(t)
	fresh := makeVectors(t, stored)
	if *update {
		if err := os.WriteFile(vectorsFile, fresh.bytes(t), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fresh.bytes(t), raw) {
		t.Errorf("%s is not what this client says; look at it with go test ./device -run Vectors -update and git diff", vectorsFile)
	}
}

// TestVectors reads the file as anybody would: whatever is in it holds, or must be refused.
func TestVectors(t *testing.T) {
	all := readVectors(t)
	count := map[string]int{}
	for _, v := range all.Vectors {
		count[v.Kind]++
		if !v.Valid {
			count["refused"]++
		}
		t.Run(v.Name, func(t *testing.T) { v.check(t, all.Keys) })
	}
	for kind, least := range map[string]int{"thumbprint": 2, "check-value": 1, "hash": 3, "jws": 20, "attestation": 1, "assertion": 2, "refused": 10} {
		if count[kind] < least {
			t.Errorf("%d vectors %s", count[kind], kind)
		}
	}
}

func (v *vector) in(name string) string { s, _ := v.Input[name].(string); return s }

func (v *vector) out(name string) string { s, _ := v.Output[name].(string); return s }

func (v *vector) check(t *testing.T, keys map[string]*Key) {
	t.Helper()
	want, got := "", ""
	switch v.Kind {
	case "thumbprint":
		want, got = v.out("thumbprint"), thumbprintOf(t, v.Input["jwk"])
	case "check-value":
		want, got = v.out("sas"), CheckValue(v.in("nonce"), v.in("thumbprint"))
	case "hash":
		want, got = v.out("hash"), Hash([]byte(v.in("text")))
	case "jws":
		v.checkJWS(t, keys)
		return
	case "attestation":
		want, got = v.out("uvh"), Hash(unbase64(t, v.out("attestation_object")))
	case "assertion":
		v.checkAssertion(t, keys["verifier"])
		want, got = v.out("challenge"), Hash([]byte(v.in("jws")))
	default:
		t.Fatalf("a kind %q", v.Kind)
	}
	if got != want || want == "" {
		t.Errorf("%q, want %q", got, want)
	}
}

func thumbprintOf(t *testing.T, jwk any) string {
	t.Helper()
	raw, err := json.Marshal(jwk)
	if err != nil {
		t.Fatal(err)
	}
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return thumbprint(t, key)
}

func (v *vector) checkJWS(t *testing.T, keys map[string]*Key) {
	t.Helper()
	raw := v.out("jws")
	if !v.Valid {
		raw = v.in("jws")
	}
	if err := v.Expect.read(raw, keys); (err == nil) != v.Valid {
		t.Errorf("valid is %v: %v", v.Valid, err)
	}
	if !v.Valid {
		return
	}
	parts := strings.Split(raw, ".")
	if got := strings.Join(parts[:2], "."); got != v.out("signing_input") {
		t.Errorf("signed is %s", got)
	}
	for i, name := range []string{"header", "claims"} {
		var part any
		if err := json.Unmarshal(unbase64(t, parts[i]), &part); err != nil || canonical(t, part) != canonical(t, v.Input[name]) {
			t.Errorf("%s: %v, %v", name, part, err)
		}
	}
}

// read accepts a JWS as the file says.
func (e *expect) read(raw string, keys map[string]*Key) error {
	claims := map[string]any{}
	err := open(raw, e.Typ, func(string) ([]jose.JSONWebKey, error) { return []jose.JSONWebKey{keys[e.Key].Public()}, nil }, &claims)
	if err != nil {
		return err
	}
	for name, want := range e.Claims {
		if claims[name] != want {
			return errMessage
		}
	}
	iat, _ := claims["iat"].(float64)
	exp, ends := claims["exp"].(float64)
	if at := float64(e.At); ends && at >= exp || !ends && (at < iat-60 || at > iat+60) {
		return errMessage
	}
	return nil
}

func (v *vector) checkAssertion(t *testing.T, k *Key) {
	t.Helper()
	data, client := unbase64(t, v.out("authenticator_data")), []byte(v.out("client_data_json"))
	sum := sha256.Sum256(client)
	over := sha256.Sum256(slices.Concat(data, sum[:]))
	if !ecdsa.VerifyASN1(&k.private.PublicKey, over[:], unbase64(t, v.out("signature"))) {
		t.Error("the signature does not hold")
	}
	var said struct{ Challenge string }
	if err := json.Unmarshal(client, &said); err != nil || said.Challenge != v.out("challenge") {
		t.Errorf("the client data has %q, %v", said.Challenge, err)
	}
	if len(data) != 37 || data[32] != flagUP|flagUV || float64(binary.BigEndian.Uint32(data[33:])) != v.Input["counter"] {
		t.Errorf("authenticator data %x", data)
	}
}

func canonical(t *testing.T, value any) string {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func thumbprint(t *testing.T, key jose.JSONWebKey) string {
	t.Helper()
	k := &Key{}
	public, ok := key.Key.(*ecdsa.PublicKey)
	if !ok || !key.IsPublic() {
		t.Fatal("not a public key of P-256")
	}
	k.private = &ecdsa.PrivateKey{PublicKey: *public}
	return k.Thumbprint()
}
