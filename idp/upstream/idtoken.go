package upstream

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	strict "github.com/go-json-experiment/json"

	"latchkey/idp"
	"latchkey/idp/jwt"
)

// algs are the signatures that are believed: never none, and never one whose key both sides
// know.
var algs = []string{"RS256", "PS256", "ES256", "EdDSA"}

// The bounds of times in what a provider signs.
const (
	leeway = idp.Skew
	maxAge = 10 * time.Minute
)

// idToken are the claims of an ID token (OIDC Core 2) that are looked at; the rest stands in
// Others, where the names of the person's claims are found.
type idToken struct {
	Issuer    string                     `json:"iss"`
	Subject   string                     `json:"sub"`
	Audience  jwt.Audience               `json:"aud"`
	Party     string                     `json:"azp"`
	Expires   *float64                   `json:"exp"`
	IssuedAt  *float64                   `json:"iat"`
	NotBefore *float64                   `json:"nbf"`
	AuthTime  *float64                   `json:"auth_time"`
	Nonce     string                     `json:"nonce"`
	AtHash    string                     `json:"at_hash"`
	ACR       string                     `json:"acr"`
	AMR       []string                   `json:"amr"`
	SessionID string                     `json:"sid"`
	Expiry    *float64                   `json:"session_expiry"`
	Verified  bool                       `json:"email_verified"`
	Others    map[string]json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the claims and keeps them by name, too. The caller's reader has refused
// names that are there twice.
func (t *idToken) UnmarshalJSON(raw []byte) error {
	type plain idToken
	if err := strict.Unmarshal(raw, (*plain)(t)); err != nil {
		return err
	}
	return strict.Unmarshal(raw, &t.Others)
}

// text is a claim that is a text, "" for any other.
func (t *idToken) text(name string) (s string) {
	if raw, ok := t.Others[name]; ok && json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// moment is a NumericDate (RFC 7519 2); the zero time for what can be none.
func moment(seconds *float64) time.Time {
	if seconds == nil || *seconds < 1 || *seconds > 253402300799 {
		return time.Time{}
	}
	return time.Unix(int64(*seconds), 0).UTC()
}

// readIDToken verifies an ID token (OIDC Core 3.1.3.7).
func (c *Client) readIDToken(ctx context.Context, now time.Time, doc *document, f *idp.Federation, r idp.UpstreamReturn, got tokens) (*idToken, error) {
	var t idToken
	h, err := c.verify(ctx, now, doc, got.IDToken, &t)
	if err != nil {
		return nil, err
	}
	if !h.MayBe("id_token+jwt") {
		return nil, refused("the token is of another type: " + clip(h.Type))
	}
	if err := t.isForUs(now, f); err != nil {
		return nil, err
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(nonceOf(r.Secret))) != 1:
		return nil, refused("nonce is another than was asked with")
	case t.AtHash != "" && t.AtHash != atHash(h.Alg, got.AccessToken): // OIDC Core 3.1.3.8
		return nil, refused("at_hash is not of the access token")
	case t.Others["events"] != nil:
		return nil, refused("a logout token in place of an ID token")
	}
	return &t, t.isRecent(r.Since)
}

func refused(detail string) error { return fault(idp.UpstreamRefused, "ID token: "+detail) }

// verify checks the signature by the provider's keys, and reads the claims.
func (c *Client) verify(ctx context.Context, now time.Time, doc *document, token string, into any) (jwt.Header, error) {
	none := false
	h, err := jwt.Verify(token, algs, func(h jwt.Header) ([]any, error) {
		keys := c.sets.Find(ctx, doc.Keys, h, now, func() bool { return true })
		if none = len(keys) == 0; none {
			return nil, jwt.Err
		}
		return keys, nil
	}, into)
	switch {
	case none && ctx.Err() != nil:
		return h, fault(idp.UpstreamDown, "the keys did not come in time")
	case none:
		return h, refused("the provider publishes no key that fits: " + clip(h.KeyID))
	case errors.Is(err, jwt.Err):
		return h, refused("its signature does not hold, or a claim is of another kind than it has to be")
	}
	return h, err
}

// isForUs checks who says it, about whom, to whom, and when.
func (t *idToken) isForUs(now time.Time, f *idp.Federation) error {
	expires, issued := moment(t.Expires), moment(t.IssuedAt)
	switch {
	case t.Issuer != f.Issuer:
		return refused("iss is of another provider: " + clip(t.Issuer))
	case len(t.Audience.Names) != 1 || t.Audience.Names[0] != f.ClientID:
		return refused("aud is not this client, and nobody else")
	case t.Party != "" && t.Party != f.ClientID:
		return refused("azp is another client")
	case !idp.IsSubject(t.Subject):
		return refused("sub is missing, or not what it has to be")
	case expires.IsZero() || issued.IsZero():
		return refused("exp or iat is missing, or no time")
	case !now.Before(expires.Add(leeway)):
		return refused("exp has passed")
	case issued.After(now.Add(leeway)):
		return refused("iat is in the future")
	case issued.Before(now.Add(-maxAge)):
		return refused("iat is long ago")
	case t.Expiry != nil && !now.Before(moment(t.Expiry)):
		return refused("session_expiry has passed, or is no time")
	case t.NotBefore != nil && moment(t.NotBefore).After(now.Add(leeway)):
		return refused("nbf is in the future")
	}
	return nil
}

// isRecent checks that the person authenticated since a time, where that was asked for.
func (t *idToken) isRecent(since time.Time) error {
	if since.IsZero() {
		return nil
	}
	switch at := moment(t.AuthTime); {
	case at.IsZero():
		return fault(idp.UpstreamStale, "ID token: auth_time is missing, which was asked for (OIDC Core 3.1.2.1)")
	case at.Before(since.Add(-leeway)):
		return fault(idp.UpstreamStale, "ID token: auth_time is earlier than was asked for")
	}
	return nil
}

// atHash is the left half of the hash that belongs to the algorithm (OIDC Core 3.1.3.6).
func atHash(alg, accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	half := sum[:len(sum)/2]
	if alg == "EdDSA" {
		long := sha512.Sum512([]byte(accessToken))
		half = long[:len(long)/2]
	}
	return base64.RawURLEncoding.EncodeToString(half)
}

// outsideOf is what the claims say about the person.
func outsideOf(f *idp.Federation, t *idToken) *idp.Outside {
	o := &idp.Outside{
		Provider: f.FederationID, Issuer: f.Issuer, Subject: t.Subject, SessionID: t.SessionID,
		AuthTime: moment(t.AuthTime), Expires: moment(t.Expiry), AMR: t.AMR, ACR: t.ACR,
	}
	o.Address = t.address(f)
	t.addNames(f, o)
	return o
}
