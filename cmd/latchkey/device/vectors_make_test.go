package device

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// What the vectors are about.
const (
	vectorServer = "https://login.example"
	vectorIssuer = vectorServer + "/5f9d1c3e-2b7a-4e80-9c41-7d6a0b1e2f33/v2.0"
	vectorPath   = "/5f9d1c3e-2b7a-4e80-9c41-7d6a0b1e2f33/device/v1/"
	vectorDevice = "0b4e8c1d-7a52-4f36-9e10-6c2d5a8f3b71"
	vectorKid    = "2026-11"
)

var vectorTime = time.Unix(1764290000, 0)

// maker makes vectors, and keeps the signatures of the ones that are stored.
type maker struct {
	*testing.T
	stored *vectors
	made   vectors
	a      *Account
}

func makeVectors(t *testing.T, stored *vectors) *vectors {
	t.Helper()
	m := &maker{T: t, stored: stored, made: vectors{About: about, Keys: map[string]*Key{}}}
	for _, name := range []string{"device", "next", "verifier", "tenant", "stranger"} {
		m.made.Keys[name] = stored.Keys[name]
		if stored.Keys[name] == nil {
			m.made.Keys[name] = NewKey()
		}
	}
	m.a = m.account()
	m.keys()
	m.enrolment()
	m.proofs()
	for _, mode := range []string{ModeType, ModeScan, ModePick} {
		m.exchange(mode)
	}
	m.rekeying()
	m.refused()
	return &m.made
}

func (m *maker) key(name string) *Key { return m.made.Keys[name] }

func (m *maker) account() *Account {
	return &Account{
		Server: vectorServer, DeviceID: vectorDevice, Key: m.key("device"), Next: m.key("next"), Discovery: Discovery{Issuer: vectorIssuer},
		Verifier: &Verifier{
			Key: m.key("verifier"), CredentialID: encode([]byte("a credential id of 32 bytes.....")), Handle: encode([]byte("a user handle, also of 32 bytes.")),
			RPID: "login.example", Origin: vectorServer,
		},
	}
}

func (m *maker) add(v *vector) { m.made.Vectors = append(m.made.Vectors, v) }

func (m *maker) before(name string) *vector {
	i := slices.IndexFunc(m.stored.Vectors, func(v *vector) bool { return v.Name == name })
	if i < 0 {
		return &vector{}
	}
	return m.stored.Vectors[i]
}

// same is a JWS, or the stored one if that is over the same.
func (m *maker) same(jws, stored string) string {
	over := func(s string) string { return s[:max(strings.LastIndexByte(s, '.'), 0)] }
	if over(jws) == over(stored) {
		return stored
	}
	return jws
}

func (m *maker) sign(by, typ string, embed bool, claims any) string {
	m.Helper()
	jws, err := m.key(by).sign(typ, embed, claims)
	if err != nil {
		m.Fatal(err)
	}
	return jws
}

// message adds a JWS that a device signs.
func (m *maker) message(name, by, typ string, embed bool, claims any, expected map[string]any) string {
	m.Helper()
	return m.signed(name, by, typ, m.sign(by, typ, embed, claims), expected)
}

// signed adds a JWS.
func (m *maker) signed(name, by, typ, jws string, expected map[string]any) string {
	m.Helper()
	jws = m.same(jws, m.before(name).out("jws"))
	parts := strings.Split(jws, ".")
	m.add(&vector{
		Name: name, Kind: "jws", Valid: true, Expect: &expect{by, typ, vectorTime.Unix(), expected},
		Input:  map[string]any{"header": m.part(parts[0]), "claims": m.part(parts[1])},
		Output: map[string]any{"signing_input": parts[0] + "." + parts[1], "jws": jws},
	})
	return jws
}

func (m *maker) part(text string) any {
	m.Helper()
	var part any
	if err := json.Unmarshal(unbase64(m.T, text), &part); err != nil {
		m.Fatal(err)
	}
	return part
}

func (m *maker) keys() {
	for _, name := range []string{"device", "next", "tenant"} {
		public := m.key(name).Public()
		m.add(&vector{Name: "thumbprint of " + name, Kind: "thumbprint", Valid: true, Input: map[string]any{"jwk": public}, Output: map[string]any{"thumbprint": m.key(name).Thumbprint()}})
	}
	m.hash("hash of a text", "abc")
}

func (m *maker) hash(name, text string) {
	m.add(&vector{Name: name, Kind: "hash", Valid: true, Input: map[string]any{"text": text}, Output: map[string]any{"hash": Hash([]byte(text))}})
}

var vectorNonce = encode([]byte("a nonce of 32 bytes, from server"))

func (m *maker) enrolment() {
	v := m.a.Verifier
	said, object, err := v.attest(vectorNonce)
	if err != nil {
		m.Fatal(err)
	}
	m.add(&vector{
		Name: "attestation", Kind: "attestation", Valid: true,
		Input: map[string]any{"credential_id": v.CredentialID, "rp_id": v.RPID, "origin": v.Origin, "challenge": vectorNonce},
		Output: map[string]any{
			"client_data_json": string(unbase64(m.T, said.Response["clientDataJSON"].(string))), "attestation_object": encode(object), "uvh": Hash(object),
		},
	})
	got := invited{EnrolID: "7c1f0a52-3d8e-4b96-8a07-e5d4c3b2a190", Nonce: vectorNonce}
	claims := m.a.enrolmentClaims(got, Description{"Lee's phone", "cli/1", "linux"}, object, vectorTime)
	jkt := m.key("device").Thumbprint()
	m.message("enrolment proof", "device", typeEnrolment, true, claims, map[string]any{"iss": jkt, "aud": vectorIssuer, "nonce": vectorNonce, "uvh": Hash(object)})
	m.add(&vector{
		Name: "check value", Kind: "check-value", Valid: true, Input: map[string]any{"nonce": vectorNonce, "thumbprint": jkt},
		Output: map[string]any{"sas": CheckValue(vectorNonce, jkt)},
	})
}

func (m *maker) proofs() {
	at := func(name string) *url.URL {
		u, err := url.Parse(vectorServer + vectorPath + name)
		if err != nil {
			m.Fatal(err)
		}
		return u
	}
	get := newProof("GET", at("challenges?wait=25"), nil, "proof-without-body-01", vectorTime)
	m.message("device proof without a body", "device", typeProof, false, get, map[string]any{"htm": "GET", "htu": get.URL})
	const body = `{"endpoint":"https://push.example/1","keys":{"p256dh":"BA","auth":"AA"}}`
	m.hash("hash of a body", body)
	put := newProof("PUT", at("subscription"), []byte(body), "proof-with-body-0001", vectorTime)
	m.message("device proof with a body", "device", typeProof, false, put, map[string]any{"htm": "PUT", "htu": put.URL, "bh": Hash([]byte(body))})
}

// challengeClaims are those of a mode.
func (m *maker) challengeClaims(mode string) map[string]any {
	ask := map[string]any{"mode": mode, "uv": "required"}
	switch mode {
	case ModeType:
		ask["digits"] = 2
	case ModePick:
		ask["choices"] = []string{"07", "41", "93"}
	}
	return map[string]any{
		"iss": vectorIssuer, "aud": m.key("device").Thumbprint(), "sub": vectorDevice, "jti": "a9d3c5e7-1b20-4f68-9c4a-7e60d2b8f114",
		"nonce": Hash([]byte("a nonce, as random as it gets: " + mode)), "iat": vectorTime.Unix() - 10, "exp": vectorTime.Unix() + 50, "purpose": "signin",
		"app":  map[string]any{"name": "Payroll & Müller", "origin": "https://payroll.example"},
		"from": map[string]any{"ip": "192.0.2.7", "browser": "Firefox", "os": "Windows", "known_browser": true, "same_network": false},
		"ask":  ask, "tries_left": 3,
		"webauthn": map[string]any{
			"rpId": "login.example", "userVerification": "required", "timeout": 300000,
			"allowCredentials": []any{map[string]any{"type": "public-key", "id": m.a.Verifier.CredentialID}},
		},
	}
}

// challenge is one by the tenant's key, or another.
func (m *maker) challenge(by, typ string, claims map[string]any) string {
	m.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		m.Fatal(err)
	}
	key := jose.JSONWebKey{Key: m.key(by).private, KeyID: vectorKid}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		m.Fatal(err)
	}
	return m.compact(signer, payload)
}

func (m *maker) compact(signer jose.Signer, payload []byte) string {
	m.Helper()
	jws, err := signer.Sign(payload)
	if err != nil {
		m.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		m.Fatal(err)
	}
	return text
}

// exchange is a challenge of a mode, and an approval of it; one of them is denied, too.
func (m *maker) exchange(mode string) {
	jws := m.signed("challenge "+mode, "tenant", typeChallenge, m.challenge("tenant", typeChallenge, m.challengeClaims(mode)),
		map[string]any{"iss": vectorIssuer, "aud": m.key("device").Thumbprint()})
	m.hash("hash of challenge "+mode, jws)
	ch := &Challenge{raw: jws}
	keys := func(string) ([]jose.JSONWebKey, error) { return []jose.JSONWebKey{m.key("tenant").Public()}, nil }
	if err := open(jws, typeChallenge, keys, ch); err != nil {
		m.Fatal(err)
	}
	expected := map[string]any{"iss": m.key("device").Thumbprint(), "aud": vectorIssuer, "txn": ch.ID, "ch": Hash([]byte(jws)), "nonce": ch.Nonce, "app": ch.App.Name}
	an := Answer{Decision: Approve, Number: "47", Choice: "41", Scan: encode([]byte("a secret of sixteen"))}
	approval := m.message("response approve "+mode, "device", typeResponse, false, m.a.responseClaims(ch, an, "response-approve-"+mode, vectorTime), expected)
	m.assertion("assertion over response approve "+mode, approval)
	if mode == ModeType {
		no := Answer{Decision: Deny, Reason: NotMe}
		m.message("response deny", "device", typeResponse, false, m.a.responseClaims(ch, no, "response-deny-0001", vectorTime), expected)
	}
}

// assertion is what the verifier says over a JWS.
func (m *maker) assertion(name, jws string) {
	v := m.a.Verifier
	said := v.assert(Hash([]byte(jws)))
	data, client := unbase64(m.T, said.Response["authenticatorData"].(string)), unbase64(m.T, said.Response["clientDataJSON"].(string))
	signature := said.Response["signature"].(string)
	// The stored one is kept if it is over the same.
	sum := sha256.Sum256(client)
	over := sha256.Sum256(slices.Concat(data, sum[:]))
	if stored, err := decode(m.before(name).out("signature")); err == nil && ecdsa.VerifyASN1(&v.Key.private.PublicKey, over[:], stored) {
		signature = encode(stored)
	}
	m.add(&vector{
		Name: name, Kind: "assertion", Valid: true, Input: map[string]any{"jws": jws, "counter": v.Counter, "rp_id": v.RPID, "origin": v.Origin},
		Output: map[string]any{"challenge": Hash([]byte(jws)), "client_data_json": string(client), "authenticator_data": encode(data), "signature": signature},
	})
}

func (m *maker) rekeying() {
	jws := m.message("rekey proof", "next", typeRekey, true, m.a.rekeyClaims("rekey-proof-000001", vectorTime),
		map[string]any{"iss": m.key("next").Thumbprint(), "aud": vectorIssuer, "old": m.key("device").Thumbprint()})
	m.assertion("assertion over rekey proof", jws)
}

// refused are messages that must not be accepted.
func (m *maker) refused() {
	jkt := m.key("device").Thumbprint()
	claims := m.challengeClaims(ModeType)
	with := func(name string, value any) map[string]any {
		changed := m.challengeClaims(ModeType)
		changed[name] = value
		return changed
	}
	good := strings.Split(m.challenge("tenant", typeChallenge, claims), ".")
	altered := strings.Split(m.challenge("stranger", typeChallenge, with("app", map[string]any{"name": "Bank"})), ".")
	signed := strings.Split(m.before("challenge type").out("jws")+"..", ".")[2] // a signature that holds, over another payload
	if signed == "" {
		signed = good[2]
	}
	ofTenant := map[string]any{"iss": vectorIssuer, "aud": jkt}
	for _, c := range []struct{ name, jws string }{
		{"of another type", m.challenge("tenant", "oda-response+jwt", claims)},
		{"of the usual type", m.challenge("tenant", "JWT", claims)},
		{"of no algorithm", encode([]byte(`{"alg":"none","kid":"`+vectorKid+`","typ":"`+typeChallenge+`"}`)) + "." + good[1] + "."},
		{"by HS256 with the public key", m.hmac(claims)},
		{"with an altered payload", good[0] + "." + altered[1] + "." + signed},
		{"by another key", m.challenge("stranger", typeChallenge, claims)},
		{"by the key in its header", m.sign("stranger", typeChallenge, true, claims)},
		{"that has expired", m.challenge("tenant", typeChallenge, with("exp", vectorTime.Unix()))},
		{"for another device", m.challenge("tenant", typeChallenge, with("aud", m.key("stranger").Thumbprint()))},
		{"of another issuer", m.challenge("tenant", typeChallenge, with("iss", vectorServer+"/another/v2.0"))},
		{"with an extension", m.critical(claims)},
	} {
		m.refuse("challenge "+c.name, c.jws, &expect{"tenant", typeChallenge, vectorTime.Unix(), ofTenant})
	}
	old := newProof("GET", &url.URL{Scheme: "https", Host: "login.example", Path: vectorPath + "challenges"}, nil, "proof-that-is-old-01", vectorTime.Add(-61*time.Second))
	m.refuse("device proof that is old", m.sign("device", typeProof, false, old), &expect{"device", typeProof, vectorTime.Unix(), map[string]any{"htm": "GET", "htu": old.URL}})
	other := newProof("PUT", &url.URL{Scheme: "https", Host: "login.example", Path: vectorPath + "subscription"}, []byte("{}"), "proof-of-another-01", vectorTime)
	m.refuse("device proof of another body", m.sign("device", typeProof, false, other), &expect{"device", typeProof, vectorTime.Unix(), map[string]any{"bh": Hash([]byte(`{"endpoint":""}`))}})
}

func (m *maker) refuse(name, jws string, e *expect) {
	m.add(&vector{Name: name, Kind: "jws", Input: map[string]any{"jws": m.same(jws, m.before(name).in("jws"))}, Expect: e})
}

// hmac takes the public key, as PEM, for a secret.
func (m *maker) hmac(claims map[string]any) string {
	m.Helper()
	der, err := x509.MarshalPKIXPublicKey(m.key("tenant").private.Public())
	if err != nil {
		m.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return m.special(jose.HS256, secret, claims, map[jose.HeaderKey]any{"typ": typeChallenge, "kid": vectorKid})
}

func (m *maker) critical(claims map[string]any) string {
	m.Helper()
	return m.special(jose.ES256, m.key("tenant").private, claims, map[jose.HeaderKey]any{"typ": typeChallenge, "kid": vectorKid, "crit": []string{"x"}, "x": 1})
}

func (m *maker) special(alg jose.SignatureAlgorithm, key any, claims map[string]any, header map[jose.HeaderKey]any) string {
	m.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		m.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		m.Fatal(err)
	}
	return m.compact(signer, payload)
}
