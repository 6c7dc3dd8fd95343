package passkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/authmethods/passkey"
	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
)

// The models of authenticators that the metadata of the tests knows, and one it does not.
var (
	good    = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}
	revoked = [16]byte{9}
	soft    = [16]byte{8, 8}
	unheard = [16]byte{7, 7}
)

// load is the metadata of the good and the revoked model, as an operator supplies it.
func load(t *testing.T, maker *passkeytest.Authority) *passkey.Models {
	t.Helper()
	m, err := passkey.LoadModels(passkeytest.Metadata(t,
		passkeytest.Model{AAGUID: good, Name: "Good Key 5", Maker: maker, Status: "FIDO_CERTIFIED", Keys: "hardware"},
		passkeytest.Model{AAGUID: revoked, Name: "Bad Key 1", Maker: maker, Status: "REVOKED"},
		passkeytest.Model{AAGUID: soft, Name: "Good App", Maker: maker, Status: "FIDO_CERTIFIED", Keys: "software"}))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// attested is a key of a model with a maker's attestation.
func attested(model [16]byte, maker *passkeytest.Authority) func(*say) {
	attest := maker.Attests(model)
	return func(s *say) { s.AAGUID, s.Attest = model, attest }
}

// TestCreationOptions: what is asked of authenticators, and of whom.
func TestCreationOptions(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.holds(passkeytest.New(passkeytest.ES256))
	options, challenge := b.creation()
	var o struct {
		RP                     struct{ ID, Name string }
		User                   struct{ ID, Name, DisplayName string }
		Challenge, Attestation string
		PubKeyCredParams       []struct{ Alg int }
		AuthenticatorSelection struct {
			ResidentKey, UserVerification string
			RequireResidentKey            bool
		}
		ExcludeCredentials []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString
	switch sel := o.AuthenticatorSelection; {
	case o.RP.ID != "login.example" || o.RP.Name != "Contoso" || o.Attestation != "none" || o.Challenge != text(challenge):
		t.Error(options)
	case o.User.ID != text(idp.UserHandle(b.subject.Tenant.TenantID, b.subject.User.UserID)) || o.User.Name != "anna@contoso.example" || o.User.DisplayName != "Anna":
		t.Error(options)
	case sel.ResidentKey != "required" || !sel.RequireResidentKey || sel.UserVerification != "required" || len(o.PubKeyCredParams) != 3:
		t.Error(options)
	case len(o.ExcludeCredentials) != 1 || o.ExcludeCredentials[0].ID != text(p.Credential):
		t.Error(options)
	}
	for what, change := range map[string]func(*bench){
		"metadata":    func(b *bench) { *b = *newBench(t, load(t, passkeytest.NewAuthority("Maker"))) },
		"attestation": func(b *bench) { b.subject.Policy.Passkey.Attestation = true },
		"models":      func(b *bench) { b.subject.Policy.Passkey.Models.Enforced = true },
	} {
		b := newBench(t, nil)
		change(b)
		if options, _ := b.creation(); !strings.Contains(options, `"attestation":"direct"`) {
			t.Errorf("%s: %s", what, options)
		}
	}
}

// TestAttestationRefused has all that a new credential can have wrong, with the reason
// that the log gives for each.
func TestAttestationRefused(t *testing.T) {
	t.Parallel()
	for name, c := range passkeytest.Spoilings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
			options, challenge := b.creation()
			answer := k.Create(options, c.Change)
			_, err := b.finish(challenge, answer)
			if r := wantRefusal(t, err, "enrol.wrong", c.Detail, answer); strings.Contains(r.Detail, "browser") {
				t.Error(r.Detail)
			}
		})
	}
}

// TestNewCredentialRefused: what is right in itself, and not what was asked for.
func TestNewCredentialRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for name, alg := range map[string]int{"unheard of": passkeytest.Unheard, "not offered": -35, "SHA-1": -65535} {
		options, challenge := b.creation()
		answer := passkeytest.New(alg).Create(options)
		_, err := b.finish(challenge, answer)
		t.Log(name)
		wantRefusal(t, err, "enrol.wrong", "an algorithm that was not offered", answer)
	}
	k := passkeytest.New(passkeytest.ES256)
	options, challenge := b.creation()
	right := k.Create(options)
	_, another := b.creation()
	_, err := b.finish(another, right)
	wantRefusal(t, err, "enrol.wrong", "Error validating challenge", right)
	for name, c := range map[string]struct{ answer, problem, detail string }{
		"nothing":      {"", "enrol.cancelled", "nothing was registered"},
		"no JSON":      {"<secret-of-the-browser>", "enrol.wrong", "Parse error for Registration"},
		"null":         {"null", "enrol.wrong", "Parse error for Registration"},
		"twice":        {right + right, "enrol.wrong", "Parse error for Registration"},
		"an assertion": {k.Get(b.question().Fields[passkey.OptionsField]), "enrol.wrong", "Error parsing attestation response"},
		"another id":   {strings.ReplaceAll(right, base64.RawURLEncoding.EncodeToString(k.ID), base64.RawURLEncoding.EncodeToString(make([]byte, 32))), "enrol.wrong", "Error validating the attested credential id"},
	} {
		_, err := b.finish(challenge, c.answer)
		t.Log(name)
		wantRefusal(t, err, c.problem, c.detail, c.answer)
	}
	for _, name := range []string{strings.Repeat("n", 257), "a\nb", " ", "\xff"} {
		_, err := b.m.Enroll(t.Context(), b.subject, challenge, idp.Answer{passkey.AttestationField: right, passkey.NameField: name})
		wantRefusal(t, err, "enrol.wrong", "A passkey needs a name of at most 256 bytes, without control characters.", right)
	}
	c, err := b.m.Enroll(t.Context(), b.subject, challenge, idp.Answer{passkey.AttestationField: right})
	if err != nil || c.(*idp.Passkey).Name != "Passkey" {
		t.Errorf("without a name: %+v, %v", c, err)
	}
}

// TestBulky: a key, a certificate or a statement that would keep a core busy for seconds with
// each answer is refused before anything is computed with it; what makers use is not.
func TestBulky(t *testing.T) {
	t.Parallel()
	rsa := func(size int) func(*say) { // a modulus of so many bytes
		modulus := bytes.Repeat([]byte{0xf1}, size)
		cose := slices.Concat([]byte{0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59, byte(size >> 8), byte(size)}, modulus, []byte{0x21, 0x43, 0x01, 0x00, 0x01})
		return func(s *say) {
			head := 55 + len(s.ID)
			s.Data = func(raw []byte) []byte { return append(raw[:head:head], cose...) }
		}
	}
	packed := func(sig, cert int) func(*say) {
		return func(s *say) {
			s.Attest = func(*passkeytest.Key, []byte) (string, map[string]any) {
				return "packed", map[string]any{"alg": passkeytest.ES256, "sig": make([]byte, sig), "x5c": [][]byte{make([]byte, cert)}}
			}
		}
	}
	for what, change := range map[string]func(*say){
		"a key": rsa(30 << 10), "a key just too large": rsa(1 << 10), "a certificate": packed(64, 4<<10+1), "a signature": packed(16<<10, 64),
	} {
		_, err := newBench(t, nil).enroll(passkeytest.New(passkeytest.RS256), change)
		if r, ok := errors.AsType[*idp.Refusal](err); !ok || r.Problem != "enrol.wrong" || r.Detail != "a key or an attestation that is larger than any authenticator's" {
			t.Errorf("%s: %v %+v", what, err, r)
		}
	}
	if _, err := newBench(t, nil).enroll(passkeytest.New(passkeytest.RS256), rsa(512)); err != nil {
		t.Errorf("RSA of 4,096 bits: %v", err)
	}
}

// TestTransports: what goes back to browsers later is what the specification knows.
func TestTransports(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.holds(passkeytest.New(passkeytest.ES256), func(s *say) { s.Transports = []string{"usb", "<script>", "usb", "cable", "hybrid"} })
	if !slices.Equal(p.Transports, []string{"usb", "hybrid"}) {
		t.Errorf("%q", p.Transports)
	}
}

// TestMaxHeld: who holds as many as one may can register no other.
func TestMaxHeld(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for range idp.MaxPasskeys - 1 {
		b.holds(passkeytest.New(passkeytest.ES256))
	}
	if why := b.m.Registrable(b.subject, true); why != idp.Offered {
		t.Errorf("%q", why)
	}
	b.holds(passkeytest.New(passkeytest.ES256))
	if why := b.m.Registrable(b.subject, true); why != idp.MaxHeld {
		t.Errorf("%q", why)
	}
}

// TestPolicyOfModels: models that may not be, and synced ones where they may not.
func TestPolicyOfModels(t *testing.T) {
	t.Parallel()
	guid := passkeytest.GUID(good)
	for name, c := range map[string]struct {
		policy          func(*idp.PasskeyPolicy)
		flags           byte
		problem, detail string
	}{
		"any":          {func(*idp.PasskeyPolicy) {}, passkeytest.BE | passkeytest.BS, "", ""},
		"synced":       {func(p *idp.PasskeyPolicy) { p.Synced = false }, passkeytest.BE, "enrol.synced", "the policy accepts device-bound passkeys only"},
		"device-bound": {func(p *idp.PasskeyPolicy) { p.Synced = false }, 0, "", ""},
		"blocked":      {func(p *idp.PasskeyPolicy) { p.Models = idp.ModelRestriction{Enforced: true, AAGUIDs: []string{guid}} }, 0, "enrol.model", "the policy does not accept authenticators of model " + guid},
		"others": {func(p *idp.PasskeyPolicy) {
			p.Models = idp.ModelRestriction{Enforced: true, AAGUIDs: []string{idp.NewID()}}
		}, 0, "", ""},
		"not allowed": {func(p *idp.PasskeyPolicy) {
			p.Models = idp.ModelRestriction{Enforced: true, Allow: true, AAGUIDs: []string{idp.NewID()}}
		}, 0, "enrol.model", "the policy does not accept authenticators of model " + guid},
		"allowed": {func(p *idp.PasskeyPolicy) {
			p.Models = idp.ModelRestriction{Enforced: true, Allow: true, AAGUIDs: []string{guid}}
		}, 0, "", ""},
		"not enforced": {func(p *idp.PasskeyPolicy) { p.Models = idp.ModelRestriction{AAGUIDs: []string{guid}} }, 0, "", ""},
		"no metadata":  {func(p *idp.PasskeyPolicy) { p.Attestation = true }, 0, "enrol.attestation", "the policy wants attested models, and the operator has supplied no metadata to check one by"},
	} {
		b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
		c.policy(&b.subject.Policy.Passkey)
		options, challenge := b.creation()
		answer := k.Create(options, func(s *say) { s.Flags |= c.flags })
		p, err := b.finish(challenge, answer)
		t.Log(name)
		if c.problem != "" {
			wantRefusal(t, err, c.problem, c.detail, answer)
		} else if err != nil || p.Synced != (c.flags&passkeytest.BE != 0) || p.BackedUp != (c.flags&passkeytest.BS != 0) {
			t.Errorf("%+v, %#v", p, err)
		}
	}
}

// TestAttestationEnforced: where the policy wants models that the metadata vouches for,
// nothing else is registered; where it does not, nothing else counts as attested.
func TestAttestationEnforced(t *testing.T) {
	t.Parallel()
	maker, another := passkeytest.NewAuthority("Maker"), passkeytest.NewAuthority("Maker")
	models := load(t, maker)
	for name, c := range map[string]struct {
		change func(*say)
		detail string
	}{
		"none":         {func(*say) {}, "the authenticator did not attest its model"},
		"self":         {func(s *say) { s.Attest = passkeytest.Self }, "the authenticator did not attest its model"},
		"another root": {attested(good, another), "the metadata does not vouch for this authenticator of model " + passkeytest.GUID(good)},
		"unknown":      {attested(unheard, maker), "the metadata does not know model " + passkeytest.GUID(unheard)},
		"revoked":      {attested(revoked, maker), "the metadata warns of model " + passkeytest.GUID(revoked)},
		"vouched for":  {attested(good, maker), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, k := newBench(t, models), passkeytest.New(passkeytest.ES256)
			p := b.holds(k, c.change) // not enforced
			q := b.question()
			verdict, err := b.verify(q, k.Get(q.Fields[passkey.OptionsField]))
			if err != nil {
				t.Fatal(err)
			}
			vouched := c.detail == ""
			if x := verdict.Proof; p.Attested != vouched || (p.Model == "Good Key 5") != vouched || (p.Model != "") != vouched || (x.ACR == idp.ACRHardware) != vouched || slices.Contains(x.AMR, "hwk") != vouched {
				t.Errorf("%+v\n%+v", p, x)
			}
			b.subject.Policy.Passkey.Attestation = true
			options, challenge := b.creation()
			answer := k.Create(options, c.change)
			if _, err = b.finish(challenge, answer); vouched && err != nil {
				t.Errorf("%#v", err)
			} else if !vouched {
				wantRefusal(t, err, "enrol.attestation", c.detail, answer)
			}
		})
	}
}

// TestOtherModelsCertificate: a certificate is for one model and no other of the maker's.
func TestOtherModelsCertificate(t *testing.T) {
	t.Parallel()
	maker := passkeytest.NewAuthority("Maker")
	b := newBench(t, load(t, maker))
	options, challenge := b.creation()
	answer := passkeytest.New(passkeytest.ES256).Create(options, attested(revoked, maker), func(s *say) { s.AAGUID = good })
	_, err := b.finish(challenge, answer)
	wantRefusal(t, err, "enrol.wrong", "Certificate AAGUID does not match Auth Data certificate", answer)
}

// TestHardware: hardware is claimed of what is attested and stays on its device.
func TestHardware(t *testing.T) {
	t.Parallel()
	maker := passkeytest.NewAuthority("Maker")
	models := load(t, maker)
	for _, synced := range []byte{0, passkeytest.BE} {
		b, k := newBench(t, models), passkeytest.New(passkeytest.ES256)
		k.Flags |= synced
		p := b.holds(k, attested(good, maker))
		q := b.question()
		verdict, err := b.verify(q, k.Get(q.Fields[passkey.OptionsField]))
		if err != nil {
			t.Fatal(err)
		}
		x, want, amr := verdict.Proof, idp.ACRHardware, []string{"fido", "mfa", "pop", "user", "hwk"}
		if synced != 0 {
			want, amr = idp.ACRPhishing, amr[:4]
		}
		if x.ACR != want || !slices.Equal(x.AMR, amr) || p.Model != "Good Key 5" || p.Format != "packed" || len(p.Certificates) != 1 {
			t.Errorf("%+v %+v", p, x)
		}
	}
}

// TestSoftware: nor of a model that keeps its keys in software, attested as it is.
func TestSoftware(t *testing.T) {
	t.Parallel()
	maker := passkeytest.NewAuthority("Maker")
	b, k := newBench(t, load(t, maker)), passkeytest.New(passkeytest.ES256)
	p := b.holds(k, attested(soft, maker))
	q := b.question()
	verdict, err := b.verify(q, k.Get(q.Fields[passkey.OptionsField]))
	if err != nil {
		t.Fatal(err)
	}
	if x := verdict.Proof; !p.Attested || p.Model != "Good App" || x.ACR != idp.ACRPhishing || slices.Contains(x.AMR, "hwk") {
		t.Errorf("%+v %+v", p, x)
	}
}

// TestLoadModels: metadata is taken from who signed it, and nobody else.
func TestLoadModels(t *testing.T) {
	t.Parallel()
	maker := passkeytest.NewAuthority("Maker")
	blob, root := passkeytest.Metadata(t, passkeytest.Model{AAGUID: good, Name: "Good", Maker: maker, Status: "FIDO_CERTIFIED"})
	_, another := passkeytest.Metadata(t)
	raw, err := os.ReadFile(blob)
	if err != nil {
		t.Fatal(err)
	}
	cut := func(name, text string) string {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	parts := strings.Split(string(raw), ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for name, c := range map[string]struct{ blob, root string }{
		"another root":  {blob, another},
		"FIDO's root":   {blob, ""},
		"no root":       {blob, filepath.Join(t.TempDir(), "none")},
		"root no PEM":   {blob, blob},
		"no file":       {filepath.Join(t.TempDir(), "none"), root},
		"empty":         {cut("empty", ""), root},
		"cut":           {cut("cut", string(raw[:len(raw)-4])), root},
		"other payload": {cut("other", parts[0]+"."+base64.RawURLEncoding.EncodeToString([]byte(`{"no":2}`))+"."+parts[2]), root},
		"unsigned":      {cut("unsigned", unsigned), root},
	} {
		if m, err := passkey.LoadModels(c.blob, c.root); err == nil || m != nil {
			t.Errorf("%s: %v", name, m)
		}
	}
	if _, err := passkey.LoadModels(blob, root); err != nil {
		t.Error(err)
	}
}
