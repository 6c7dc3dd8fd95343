package passkey_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/authmethods/passkey"
	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
)

const base = "https://login.example"

var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// bench is the method and one user of a tenant.
type bench struct {
	testing.TB
	m       passkey.Method
	subject idp.Subject
}

func newBench(t testing.TB, models *passkey.Models) *bench {
	t.Helper()
	m, err := passkey.New(base, models)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, m, idp.Subject{
		Now: epoch, Tenant: &idp.Tenant{TenantID: idp.NewID(), Name: "Contoso"}, Policy: idp.DefaultMethodsPolicy(),
		User: &idp.User{UserID: idp.NewID(), PrincipalName: "anna@contoso.example", DisplayName: "Anna", Type: idp.Member},
	}}
}

// creation are the options for a new passkey, and their challenge.
func (b *bench) creation() (options string, challenge []byte) {
	b.Helper()
	challenge = make([]byte, 32)
	rand.Read(challenge)
	p, err := b.m.BeginEnroll(b.Context(), b.subject, challenge)
	if err != nil || p.Page != "add-method" {
		b.Fatalf("%+v, %v", p, err)
	}
	return p.Fields[passkey.OptionsField], challenge
}

// enroll registers what a key says about new options.
func (b *bench) enroll(k *passkeytest.Key, change ...func(*passkeytest.Say)) (*idp.Passkey, error) {
	b.Helper()
	options, challenge := b.creation()
	return b.finish(challenge, k.Create(options, change...))
}

func (b *bench) finish(challenge []byte, attestation string) (*idp.Passkey, error) {
	c, err := b.m.Enroll(b.Context(), b.subject, challenge, idp.Answer{passkey.AttestationField: attestation, passkey.NameField: "My key"})
	if err != nil {
		return nil, err
	}
	return c.(*idp.Passkey), nil
}

// holds has the user hold what a key says.
func (b *bench) holds(k *passkeytest.Key, change ...func(*passkeytest.Say)) *idp.Passkey {
	b.Helper()
	p, err := b.enroll(k, change...)
	if err != nil {
		b.Fatalf("%#v", err)
	}
	b.subject.Credentials = append(b.subject.Credentials, p)
	return p
}

func (b *bench) question() idp.Prompt {
	b.Helper()
	q, err := b.m.Begin(b.Context(), b.subject)
	if err != nil || q.Page != "passkey" {
		b.Fatalf("%+v, %v", q, err)
	}
	return q
}

func (b *bench) verify(q idp.Prompt, assertion string) (idp.Verdict, error) {
	return b.m.Verify(b.Context(), b.subject, q, idp.Answer{passkey.AssertionField: assertion})
}

// wantRefusal checks a refusal, and that its reason quotes nothing of the answer.
func wantRefusal(t testing.TB, err error, problem, detail, answer string) *idp.Refusal {
	t.Helper()
	r, ok := errors.AsType[*idp.Refusal](err)
	if !ok || r.Problem != problem || r.Detail != detail {
		t.Fatalf("%v: %+v\nwant %s: %s", err, r, problem, detail)
	}
	if q := quoted(r.Detail, answer); q != "" {
		t.Errorf("the reason %q quotes %q", r.Detail, q)
	}
	return r
}

// quoted is a string of the answer that a reason has, "" for none.
func quoted(detail, answer string) string {
	var v any
	if json.Unmarshal([]byte(answer), &v) != nil {
		if len(answer) > 8 && strings.Contains(detail, answer) {
			return answer
		}
		return ""
	}
	return quotedIn(detail, v)
}

func quotedIn(detail string, v any) string {
	switch v := v.(type) {
	case map[string]any:
		for _, inner := range v {
			if q := quotedIn(detail, inner); q != "" {
				return q
			}
		}
	case string:
		if len(v) > 8 && strings.Contains(detail, v) { // shorter ones are words like "usb"
			return v
		}
		raw, err := base64.RawURLEncoding.DecodeString(v)
		if err == nil && len(raw) > 1 && raw[0] == '{' {
			return quoted(detail, string(raw))
		}
	}
	return ""
}
