package idp

import (
	"crypto/subtle"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// Client is a relying party of one tenant. Field names follow RFC 7591.
type Client struct {
	ClientID               string
	Name                   string
	AuthMethod             string // token_endpoint_auth_method: one of AuthMethods
	SecretHash             string `json:",omitzero"` // HashToken of a ClientSecret
	RedirectURIs           []string
	PostLogoutRedirectURIs []string `json:",omitzero"`
	GrantTypes             []string
	Origins                []string `json:",omitzero"` // browser origins that may call token, userinfo and revocation
	Native                 bool     `json:",omitzero"` // loopback redirect ports are free (RFC 8252 7.3)
	Trusted                bool     `json:",omitzero"` // the tenant has consented for everybody
	Introspect             bool     `json:",omitzero"` // may introspect tokens of other clients
	Disabled               bool     `json:",omitzero"`
	IDTokenAlg             string   `json:",omitzero"` // RS256 when empty
	CreatedAt              time.Time
	// TokensValidFrom: what this client got for itself before is void.
	TokensValidFrom time.Time `json:",omitzero"`
}

// The grant types a client may be registered for.
const (
	GrantCode        = "authorization_code"
	GrantRefresh     = "refresh_token"
	GrantClient      = "client_credentials"
	GrantDevice      = "urn:ietf:params:oauth:grant-type:device_code"
	GrantDeviceShort = "device_code" // how MSAL spells GrantDevice
)

// GrantTypes are those a client may be registered for.
var GrantTypes = []string{GrantCode, GrantRefresh, GrantClient, GrantDevice}

// The ways a client authenticates at the token endpoint.
const (
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthNone  = "none"
)

// AuthMethods are those a client may be registered with.
var AuthMethods = []string{AuthBasic, AuthPost, AuthNone}

// IDTokenAlgs are the signature algorithms a client may choose for its ID tokens.
var IDTokenAlgs = []string{"RS256", "ES256"}

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

// Allows tells whether the client is registered for a grant type.
func (c *Client) Allows(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }

// SecretMatches compares in constant time.
func (c *Client) SecretMatches(secret string) bool {
	h := HashToken(ClientSecret, secret)
	return h != "" && c.SecretHash != "" && subtle.ConstantTimeCompare([]byte(h), []byte(c.SecretHash)) == 1
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

var clientIDPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)

// Validate checks the registration whole.
func (c *Client) Validate() error {
	switch {
	case !clientIDPattern.MatchString(c.ClientID):
		return Errorf(Invalid, "The client id %q may have 1 to 128 letters, digits, and . _ ~ - only.", c.ClientID)
	case !isName(c.Name):
		return Errorf(Invalid, "A client needs a name of at most 256 bytes, without control characters: people see it when they sign in.")
	case !slices.Contains(AuthMethods, c.AuthMethod):
		return Errorf(Invalid, "The authentication method %q is none of %s.", c.AuthMethod, strings.Join(AuthMethods, ", "))
	case !c.Public() && c.SecretHash == "":
		return Errorf(Invalid, "A client that authenticates needs a secret.")
	case len(c.GrantTypes) == 0:
		return Errorf(Invalid, "A client needs a grant type: one of %s.", strings.Join(GrantTypes, ", "))
	case c.Public() && c.Allows(GrantClient):
		return Errorf(Invalid, "A public client cannot use client_credentials (RFC 6749 4.4).")
	case c.Allows(GrantCode) && len(c.RedirectURIs) == 0:
		return Errorf(Invalid, "A client of authorization_code needs a redirect URI.")
	case c.IDTokenAlg != "" && !slices.Contains(IDTokenAlgs, c.IDTokenAlg):
		return Errorf(Invalid, "The ID token algorithm %q is none of %s.", c.IDTokenAlg, strings.Join(IDTokenAlgs, ", "))
	case len(c.RedirectURIs)+len(c.PostLogoutRedirectURIs)+len(c.Origins) > 100:
		return Errorf(Invalid, "A client has at most 100 URIs.")
	}
	for _, g := range c.GrantTypes {
		if !slices.Contains(GrantTypes, g) {
			return Errorf(Invalid, "The grant type %q is none of %s.", g, strings.Join(GrantTypes, ", "))
		}
	}
	return c.validateURIs()
}

func (c *Client) validateURIs() error {
	for _, u := range append(slices.Clone(c.RedirectURIs), c.PostLogoutRedirectURIs...) {
		if err := checkRedirectURI(u); err != nil {
			return err
		}
	}
	for _, o := range c.Origins {
		u, err := url.Parse(o)
		// Browsers write origins in lower case (RFC 6454 4).
		if err != nil || u.Hostname() == "" || u.Scheme+"://"+u.Host != o || u.Scheme != "https" && u.Scheme != "http" || o != strings.ToLower(o) || len(o) > 300 {
			return Errorf(Invalid, "The origin %q is not of the form https://app.example.", o)
		}
	}
	return nil
}

// checkRedirectURI accepts what may be registered: absolute, without fragment
// (RFC 6749 3.1.2), https, http on loopback, or a private-use scheme with a dot
// in its name (RFC 8252 7.1).
func checkRedirectURI(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || !u.IsAbs() || len(s) > 2000:
		return Errorf(Invalid, "The redirect URI %q is not an absolute URI of at most 2,000 bytes.", s)
	case strings.Contains(s, "#"):
		return Errorf(Invalid, "The redirect URI %q must not have a fragment.", s)
	case u.User != nil:
		return Errorf(Invalid, "The redirect URI %q must not carry a user name.", s)
	case u.Scheme == "https" && u.Hostname() != "", strings.Contains(u.Scheme, "."):
		return nil
	case u.Scheme == "http" && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()):
		return nil
	}
	return Errorf(Invalid, "The redirect URI %q must be https, http on localhost, or a private-use scheme such as com.example.app:/callback.", s)
}
