package upstream_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/upstream"
)

const fuzzIssuer = "https://login.example"

var fuzzFederation = &idp.Federation{FederationID: "f", Issuer: fuzzIssuer, ClientID: "contoso"}

// FuzzDiscovery: a document that passes is of the issuer that was asked, whatever it is.
func FuzzDiscovery(f *testing.F) {
	for _, s := range []string{
		``, `null`, `{}`, `[]`, `{"issuer":7}`, `{"issuer":"https://login.example","jwks_uri":"http://127.0.0.1:1"}`, `{"claims_supported":[null]}`,
		`{"issuer":"https://login.example","authorization_endpoint":"https://login.example/a","token_endpoint":"https://login.example/t","jwks_uri":"https://login.example/k"}`,
	} {
		f.Add([]byte(s))
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if w.client.Parse(raw, fuzzIssuer) != nil {
			return
		}
		var d map[string]any
		if err := json.Unmarshal(raw, &d); err != nil || d["issuer"] != fuzzIssuer {
			t.Errorf("%q passes", raw)
		}
	})
}

// FuzzClaims: who is believed has a subject that may be one, and an address only if it was
// verified by nothing less than true.
func FuzzClaims(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	for _, s := range []string{
		``, `null`, `{"sub":7}`, `{"iss":"https://login.example","sub":"s","aud":["contoso"],"iat":1800000000,"exp":1800000300,"email":"a@b.example","email_verified":true,"amr":["mfa"]}`,
		`{"iss":"https://login.example","sub":"s","aud":"contoso","iat":1.8e9,"exp":1e400}`, `{"aud":[1]}`, `{"email_verified":"true"}`, `{"exp":null,"session_expiry":-1}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := upstream.ReadClaims(raw, fuzzFederation, now)
		if err != nil {
			return
		}
		var c map[string]any
		if json.Unmarshal(raw, &c) != nil || o.Subject == "" || len(o.Subject) > 255 || o.Issuer != fuzzIssuer || o.Address != "" && c["email_verified"] != true {
			t.Errorf("%q is believed: %+v", raw, o)
		}
	})
}

// FuzzUserInfo: what userinfo says is of the subject of the ID token, and verified.
func FuzzUserInfo(f *testing.F) {
	for _, s := range []string{``, `null`, `{}`, `{"sub":"s","email":"a@b.example","email_verified":true}`, `{"sub":"s","sub":"t"}`, `{"sub":["s"]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		address, err := upstream.ReadUserInfo(raw, "s", fuzzFederation)
		if err != nil {
			return
		}
		var c map[string]any
		if json.Unmarshal(raw, &c) != nil || c["sub"] != "s" || address != "" && c["email_verified"] != true {
			t.Errorf("%q is believed: %q", raw, address)
		}
	})
}

// FuzzLogoutToken: what nobody has signed ends nothing.
func FuzzLogoutToken(f *testing.F) {
	for _, s := range []string{``, `a.b.c`, `eyJhbGciOiJub25lIn0.e30.`, `..`} {
		f.Add(s)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, token string) {
		if e, err := w.client.LogoutToken(context.Background(), w.now, w.f, token); err == nil {
			t.Errorf("%q ends %+v", token, e)
		}
	})
}
