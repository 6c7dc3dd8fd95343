package idp

import (
	"crypto/subtle"
	"regexp"
	"slices"
	"time"

	"latchkey/storage"
)

// Client is a relying party of one tenant. Field names follow RFC 7591.
type Client struct {
	ClientID               string
	Name                   string
	AuthMethod             string // token_endpoint_auth_method: one of AuthMethods
	SecretHash             string `json:",omitzero"` // HashToken of a ClientSecret
	SecretSealed           string `json:",omitzero"` // of AuthSecretJWT, which needs the secret itself
	RedirectURIs           []string
	PostLogoutRedirectURIs []string `json:",omitzero"`
	GrantTypes             []string
	ResponseTypes          []string      `json:",omitzero"` // each a sorted set; code when empty
	Origins                []string      `json:",omitzero"` // browser origins that may call token, userinfo and revocation
	Native                 bool          `json:",omitzero"` // loopback redirect ports are free (RFC 8252 7.3)
	Trusted                bool          `json:",omitzero"` // the tenant has consented for everybody, at the admin API to Permissions
	Introspect             bool          `json:",omitzero"` // may introspect tokens of other clients
	Permissions            []string      `json:",omitzero"` // scopes of APIs it may have for itself, each after its API's identifier
	Disabled               bool          `json:",omitzero"`
	Keys                   ClientKeys    `json:",omitzero"`
	Subject                ClientSubject `json:",omitzero"`
	Request                ClientRequest `json:",omitzero"`
	Logout                 ClientLogout  `json:",omitzero"`
	About                  ClientAbout   `json:",omitzero"`
	IDTokenAlg             string        `json:",omitzero"` // RS256 when empty
	UserInfoAlg            string        `json:",omitzero"` // of signed userinfo; JSON when empty
	DPoPBound              bool          `json:",omitzero"` // every access token is bound to a key (RFC 9449 5.2)
	Profile                string        `json:",omitzero"` // "" or ProfileFAPI
	ClaimsProfile          string        `json:",omitzero"` // "" or ClaimsEntra
	CreatedAt              time.Time
	// TokensValidFrom: what this client got for itself before is void.
	TokensValidFrom time.Time `json:",omitzero"`
	// Registration is the HashToken of the registration access token of a client
	// that registered itself (RFC 7592).
	Registration string `json:",omitzero"`
	// Counted: it registered without being asked for anything (SelfRegistered).
	Counted bool `json:",omitzero"`
}

// ClientKeys are the keys a client signs with; at most one of Set and URI is there.
type ClientKeys struct {
	Set string `json:",omitzero"` // jwks, as JSON
	URI string `json:",omitzero"` // jwks_uri
	Alg string `json:",omitzero"` // token_endpoint_auth_signing_alg; any that fits the key when empty
}

// ClientSubject is how users are named to a client (OIDC Core 8).
type ClientSubject struct {
	Type      string `json:",omitzero"` // "" (public) or SubjectPairwise
	Sector    string `json:",omitzero"` // host of the sector; derived by Validate
	SectorURI string `json:",omitzero"` // sector_identifier_uri
}

// ClientRequest is what a client's authorization requests must be, and defaults
// for what they leave out.
type ClientRequest struct {
	Alg           string   `json:",omitzero"` // request_object_signing_alg; any asymmetric one when empty
	Signed        bool     `json:",omitzero"` // require_signed_request_object (RFC 9101 10.5)
	Pushed        bool     `json:",omitzero"` // require_pushed_authorization_requests (RFC 9126 6)
	URIs          []string `json:",omitzero"` // request_uris
	DefaultMaxAge int      `json:",omitzero"` // seconds; 0: none
	DefaultACR    []string `json:",omitzero"`
}

// ClientLogout is where a client hears that a session has ended.
type ClientLogout struct {
	Back  string `json:",omitzero"` // backchannel_logout_uri
	Front string `json:",omitzero"` // frontchannel_logout_uri
}

// ClientAbout is what people may want to know about a client.
type ClientAbout struct {
	LogoURI          string   `json:",omitzero"`
	HomeURI          string   `json:",omitzero"` // client_uri
	PolicyURI        string   `json:",omitzero"`
	TermsURI         string   `json:",omitzero"` // tos_uri
	InitiateLoginURI string   `json:",omitzero"`
	Contacts         []string `json:",omitzero"`
}

// The grant types a client may be registered for.
const (
	GrantCode        = "authorization_code"
	GrantRefresh     = "refresh_token"
	GrantClient      = "client_credentials"
	GrantImplicit    = "implicit"
	GrantDevice      = "urn:ietf:params:oauth:grant-type:device_code"
	GrantDeviceShort = "device_code" // how MSAL spells GrantDevice
	GrantExchange    = "urn:ietf:params:oauth:grant-type:token-exchange"
)

// GrantTypes are those a client may be registered for.
var GrantTypes = []string{GrantCode, GrantImplicit, GrantRefresh, GrantClient, GrantDevice, GrantExchange}

// ResponseTypes are those a client may be registered for, each a sorted set.
var ResponseTypes = []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}

// The ways a client authenticates at the token endpoint.
const (
	AuthBasic     = "client_secret_basic"
	AuthPost      = "client_secret_post"
	AuthSecretJWT = "client_secret_jwt"
	AuthKeyJWT    = "private_key_jwt"
	AuthNone      = "none"
)

// AuthMethods are those a client may be registered with.
var AuthMethods = []string{AuthBasic, AuthPost, AuthSecretJWT, AuthKeyJWT, AuthNone}

// IDTokenAlgs are the algorithms we sign with: ID tokens, userinfo, logout tokens,
// access tokens.
var IDTokenAlgs = []string{"RS256", "ES256"}

// ClientAlgs are the algorithms clients may sign with by their own keys.
var ClientAlgs = []string{"RS256", "PS256", "ES256", "EdDSA"}

// SecretAlgs are those of AuthSecretJWT. Our secrets are as long as the hash of this
// one, and no longer (RFC 7518 3.2).
var SecretAlgs = []string{"HS256"}

// What a client may be set to beside the defaults.
const (
	SubjectPairwise = "pairwise"
	ProfileFAPI     = "fapi2" // FAPI 2.0 Security Profile is enforced
	ClaimsEntra     = "entra" // tokens carry what Microsoft's libraries read
)

// Kind names the record.
func (*Client) Kind() string { return "client" }

// ID is the client_id.
func (c *Client) ID() string { return c.ClientID }

// Indexes finds clients by the browser origins that may call for them.
func (c *Client) Indexes() []storage.Index {
	var x []storage.Index
	for _, o := range c.Origins {
		x = append(x, storage.Index{Name: "origin", Value: o})
	}
	return x
}

// Public tells whether the client has no secret (RFC 6749 2.1).
func (c *Client) Public() bool { return c.AuthMethod == AuthNone }

// UsesSecret tells whether the client authenticates with a shared secret.
func (c *Client) UsesSecret() bool {
	return slices.Contains([]string{AuthBasic, AuthPost, AuthSecretJWT}, c.AuthMethod)
}

// Answers tells whether the client is registered for a response type, a sorted set.
func (c *Client) Answers(responseType string) bool {
	if len(c.ResponseTypes) == 0 {
		return responseType == "code"
	}
	return slices.Contains(c.ResponseTypes, responseType)
}

// FAPI tells whether FAPI 2.0 is enforced for the client.
func (c *Client) FAPI() bool { return c.Profile == ProfileFAPI }

// Entra tells whether the client gets the claims that Microsoft's libraries read.
func (c *Client) Entra() bool { return c.ClaimsProfile == ClaimsEntra }

// Allows tells whether the client is registered for a grant type.
func (c *Client) Allows(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }

// SecretMatches compares in constant time.
func (c *Client) SecretMatches(secret string) bool {
	return sameHash(HashToken(ClientSecret, secret), c.SecretHash)
}

// Registers tells whether access is the client's registration access token.
func (c *Client) Registers(access string) bool {
	return sameHash(HashToken(RegistrationAuth, access), c.Registration)
}

// sameHash compares in constant time; an empty one is like none.
func sameHash(a, b string) bool {
	return a != "" && b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

const secretPurpose = "client-secret"

// SealSecret keeps the secret itself, for a client of AuthSecretJWT.
func (c *Client) SealSecret(keys *Keyring, tenant, secret string) {
	c.SecretSealed = keys.Seal(secretPurpose, tenant, c.ClientID, []byte(secret))
}

// OpenSecret reverses SealSecret, or answers ErrSealed.
func (c *Client) OpenSecret(keys *Keyring, tenant string) ([]byte, error) {
	return keys.Open(secretPurpose, tenant, c.ClientID, c.SecretSealed)
}

// Signing is the algorithm of the client's ID tokens.
func (c *Client) Signing() string {
	if c.IDTokenAlg == "" {
		return "RS256" // OIDC Dynamic Registration 2, id_token_signed_response_alg
	}
	return c.IDTokenAlg
}

// RedirectAllowed compares byte for byte (RFC 9700 2.1); only the port of a
// native client's loopback redirect is free (RFC 8252 7.3).
func (c *Client) RedirectAllowed(uri string) bool {
	for _, registered := range c.RedirectURIs {
		if uri == registered || c.Native && sameLoopback(uri, registered) {
			return true
		}
	}
	return false
}

var loopbackPattern = regexp.MustCompile(`^(http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::([0-9]{1,5}))?((?:/[^#]*)?)$`)

func sameLoopback(uri, registered string) bool {
	a, b := loopbackPattern.FindStringSubmatch(uri), loopbackPattern.FindStringSubmatch(registered)
	return a != nil && b != nil && a[1] == b[1] && a[3] == b[3] && (b[2] == "" || a[2] != "")
}
