// Package upstream speaks with OpenID Providers elsewhere, as their relying party: where
// somebody is sent, what the answer proves, and when a session there is over.
//
// A provider may be down, slow, wrong or hostile. Whatever it does, the way there and the
// way back take at most Budget each, a provider that does not answer is asked once in ten
// seconds, nothing but its own keys and our own secrets decide whether an answer is believed,
// and no error tells a person what it said. Who that person is here is not decided in this package.
package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/idp/outbound"
)

// Budget is how long a call of a Client's method takes at most, whatever it has to ask.
const Budget = 4 * time.Second

// Client speaks with all providers of a deployment. It is safe for concurrent use.
type Client struct {
	calls *outbound.Client
	keys  *idp.Keyring
	docs  *documents
	sets  *jwt.KeySets
}

// New makes a Client. keys open client secrets; what providers do wrong goes to the log.
func New(calls *outbound.Client, keys *idp.Keyring, log *slog.Logger) *Client {
	return &Client{calls: calls, keys: keys, docs: newDocuments(calls, log), sets: jwt.NewKeySets(calls)}
}

// fault makes an error, for people to be told by its kind and for the log.
func fault(kind idp.UpstreamFault, detail string) error {
	return &idp.UpstreamError{Kind: kind, Detail: detail}
}

// derived is what is made of the secret of a sign-in for one purpose.
func derived(secret []byte, purpose string) string {
	sum := sha256.Sum256(append([]byte(purpose+"\x00"), secret...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func nonceOf(secret []byte) string    { return derived(secret, "nonce") }
func verifierOf(secret []byte) string { return derived(secret, "pkce") }

// challengeOf is the S256 challenge of a verifier (RFC 7636 4.2).
func challengeOf(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Authorize is the address, without a state, at which somebody signs in (OIDC Core 3.1.2.1). It
// is an error if the provider has not been there in the last ten seconds.
func (c *Client) Authorize(ctx context.Context, now time.Time, f *idp.Federation, r idp.UpstreamRequest) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	doc, err := c.docs.live(ctx, f.Issuer, now)
	if err != nil {
		return "", err
	}
	q := url.Values{
		"response_type": {"code"}, "client_id": {f.ClientID}, "redirect_uri": {r.RedirectURI}, "scope": {strings.Join(f.Scopes, " ")},
		"nonce": {nonceOf(r.Secret)}, "code_challenge": {challengeOf(verifierOf(r.Secret))}, "code_challenge_method": {"S256"},
	}
	if r.LoginHint != "" {
		q.Set("login_hint", r.LoginHint)
	}
	if len(r.ACRValues) > 0 {
		q.Set("acr_values", strings.Join(r.ACRValues, " "))
	}
	if f.PromptLogin != idp.PromptDisabled && !r.Since.IsZero() {
		q.Set("max_age", strconv.FormatInt(max(0, int64(now.Sub(r.Since)/time.Second)), 10))
	}
	if f.PromptLogin == idp.PromptNative && r.Anew {
		q.Set("prompt", "login")
	}
	if doc.tellsExpiry() {
		q.Set("claims", `{"id_token":{"session_expiry":null}}`)
	}
	return idp.WithQuery(doc.Authorization, q), nil
}

// document is what a discovery document tells that matters here (OIDC Discovery 3).
type document struct {
	Issuer          string   `json:"issuer"`
	Authorization   string   `json:"authorization_endpoint"`
	Token           string   `json:"token_endpoint"`
	Keys            string   `json:"jwks_uri"`
	UserInfo        string   `json:"userinfo_endpoint"`
	EndSession      string   `json:"end_session_endpoint"`
	NamesItself     bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 3
	ClaimsParameter bool     `json:"claims_parameter_supported"`
	Claims          []string `json:"claims_supported"`
	Challenges      []string `json:"code_challenge_methods_supported"`
	BackLogout      bool     `json:"backchannel_logout_supported"`
	FrontLogout     bool     `json:"frontchannel_logout_supported"`
}

// tellsExpiry: the provider can say until when a session may rest on its word (OpenID Connect
// Enterprise Extensions 1.0).
func (d *document) tellsExpiry() bool {
	return d.ClaimsParameter && slices.Contains(d.Claims, "session_expiry")
}

// clip makes a piece of what a provider sent fit for the log.
func clip(s string) string {
	quoted, err := json.Marshal(s[:min(len(s), 80)])
	if err != nil {
		return "?"
	}
	return string(quoted)
}
