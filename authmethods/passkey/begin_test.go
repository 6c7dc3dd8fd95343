package passkey_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"latchkey/authmethods/passkey"
	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
)

// withoutChallenge are options as they are but for their challenge.
func withoutChallenge(t *testing.T, q idp.Prompt) string {
	t.Helper()
	options, c := q.Fields[passkey.OptionsField], base64.RawURLEncoding.EncodeToString(q.Secret)
	if len(q.Secret) != 32 || strings.Count(options, c) != 1 {
		t.Fatalf("challenge %q in %s", c, options)
	}
	return strings.Replace(options, c, "", 1)
}

// TestBeginTellsNothing is F4: to a browser that has not signed them in before, who holds
// passkeys looks like nobody.
func TestBeginTellsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	keys := []*passkeytest.Key{passkeytest.New(passkeytest.ES256), passkeytest.New(passkeytest.EdDSA)}
	for _, k := range keys {
		b.holds(k)
	}
	holder, nobody := b.question(), b.subject
	nobody.User, nobody.Credentials = nil, nil
	q, err := b.m.Begin(t.Context(), nobody)
	if err != nil {
		t.Fatal(err)
	}
	if h, n := withoutChallenge(t, holder), withoutChallenge(t, q); h != n || strings.Contains(h, "allowCredentials") || q.Page != holder.Page || len(q.Fields) != len(holder.Fields) {
		t.Errorf("somebody: %s\nnobody:   %s", h, n)
	}

	b.subject.Known = true
	b.subject.Credentials[1].(*idp.Passkey).Suspend(epoch)
	known := b.question()
	var o struct {
		AllowCredentials []struct {
			ID         string
			Transports []string
		}
		UserVerification, RPID string
	}
	if err := json.Unmarshal([]byte(known.Fields[passkey.OptionsField]), &o); err != nil {
		t.Fatal(err)
	}
	if len(o.AllowCredentials) != 1 || o.AllowCredentials[0].ID != base64.RawURLEncoding.EncodeToString(keys[0].ID) || len(o.AllowCredentials[0].Transports) != 1 || o.UserVerification != "required" || o.RPID != "login.example" {
		t.Errorf("a known browser: %+v", o)
	}
	keys[0].Handle = nil // authenticators may leave it out of what was asked for by id
	if _, err := b.verify(known, keys[0].Get(known.Fields[passkey.OptionsField])); err != nil {
		t.Errorf("%#v", err)
	}
}

// TestNew: which base URLs can have passkeys, and where those work.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ base, id, origin string }{
		{"https://login.example", "login.example", "https://login.example"},
		{"https://login.example/", "login.example", "https://login.example"},
		{"https://login.example/tenants/", "login.example", "https://login.example"},
		{"https://login.example:443", "login.example", "https://login.example"},
		{"https://login.example:8443", "login.example", "https://login.example:8443"},
		{"http://localhost:8080", "localhost", "http://localhost:8080"},
		{"https://LOGIN.Example", "login.example", "https://login.example"},
		{"HTTPS://LOGIN.Example:8443/x", "login.example", "https://login.example:8443"},
		{"https://192.0.2.1", "", ""},
		{"https://192.0.2.1:8443", "", ""},
		{"https://[2001:db8::1]:8443/", "", ""},
		{"https://", "", ""},
	} {
		m, err := passkey.New(c.base, nil)
		if err != nil || m.ID() != c.id {
			t.Errorf("%s: %q, %v", c.base, m.ID(), err)
			continue
		}
		b := newBench(t, nil)
		b.m = m
		if c.id == "" {
			none(b)
			continue
		}
		k := passkeytest.New(passkeytest.ES256)
		k.RPID, k.Origin = c.id, c.origin
		b.holds(k)
		q := b.question()
		if _, err := b.verify(q, k.Get(q.Fields[passkey.OptionsField])); err != nil {
			t.Errorf("%s: %v", c.base, err)
		}
	}
	if _, err := passkey.New("https://login.example:port", nil); err == nil {
		t.Error("an address that is none")
	}
}

// none: without a host name there is nothing to offer, and answers are refused.
func none(b *bench) {
	b.Helper()
	if why := b.m.Offer(b.subject); why != idp.Unavailable {
		b.Errorf("offered: %q", why)
	}
	if why := b.m.Registrable(b.subject, true); why != idp.Unavailable {
		b.Errorf("registrable: %q", why)
	}
	_, err := b.verify(b.question(), "{}")
	wantRefusal(b.TB, err, "passkey.wrong", string(idp.Unavailable), "{}")
}
