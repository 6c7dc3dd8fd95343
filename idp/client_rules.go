package idp

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var clientIDPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)

// Limits on a registration.
const (
	maxClientURIs = 100
	maxClientKeys = 100
	// MaxClientJWKS is the most of an inline key set, in bytes.
	MaxClientJWKS = 32 << 10
)

// Validate checks the registration whole and derives Subject.Sector, unless
// Subject.SectorURI gives it.
func (c *Client) Validate() error {
	for _, check := range []func() error{c.checkIdentity, c.checkGrants, c.checkAlgs, c.checkURIs, c.checkAbout, c.checkSubject, c.checkFAPI} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) checkIdentity() error {
	switch {
	case !clientIDPattern.MatchString(c.ClientID):
		return Errorf(Invalid, "The client id %q may have 1 to 128 letters, digits, and . _ ~ - only.", c.ClientID)
	case !isName(c.Name):
		return Errorf(Invalid, "A client needs a name of at most 256 bytes, without control characters: people see it when they sign in.")
	case !slices.Contains(AuthMethods, c.AuthMethod):
		return unlisted("authentication method", c.AuthMethod, AuthMethods)
	case c.UsesSecret() && c.SecretHash == "":
		return Errorf(Invalid, "A client that authenticates with a secret needs one.")
	case c.AuthMethod == AuthSecretJWT && c.SecretSealed == "":
		return Errorf(Invalid, "A client of client_secret_jwt needs a sealed secret.")
	case c.AuthMethod == AuthKeyJWT && c.Keys.Set == "" && c.Keys.URI == "":
		return Errorf(Invalid, "A client of private_key_jwt needs a key set (jwks) or its address (jwks_uri).")
	case c.Request.Signed && c.Keys.Set == "" && c.Keys.URI == "":
		return Errorf(Invalid, "A client that must sign its requests needs a key set (jwks) or its address (jwks_uri).")
	case c.Keys.Set != "" && c.Keys.URI != "": // RFC 7591 2
		return Errorf(Invalid, "A client has a key set (jwks) or its address (jwks_uri), not both.")
	}
	return c.checkKeySet()
}

// checkKeySet refuses what is no set of public keys: whoever could read a private one
// here could sign as the client.
func (c *Client) checkKeySet() error {
	if c.Keys.Set == "" {
		return nil
	}
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	if err := json.Unmarshal([]byte(c.Keys.Set), &set); err != nil || len(set.Keys) == 0 || len(set.Keys) > maxClientKeys || len(c.Keys.Set) > MaxClientJWKS {
		return Errorf(Invalid, "The key set (jwks) is not a JSON object with 1 to 100 keys, of at most 32 KiB (RFC 7517 5).")
	}
	for _, k := range set.Keys {
		_, private := k["d"] // RFC 7518 6.2.2, 6.3.2; RFC 8037 2
		if kind := k["kty"]; private || kind != "RSA" && kind != "EC" && kind != "OKP" {
			return Errorf(Invalid, "The key set (jwks) may hold public keys only, of the kinds RSA, EC and OKP.")
		}
	}
	return nil
}

func (c *Client) checkGrants() error {
	switch {
	case len(c.GrantTypes) == 0:
		return Errorf(Invalid, "A client needs a grant type: one of %s.", strings.Join(GrantTypes, ", "))
	case c.Public() && (c.Allows(GrantClient) || c.Allows(GrantExchange)):
		return Errorf(Invalid, "A public client cannot use client_credentials or token exchange (RFC 6749 4.4, RFC 8693 5).")
	case (c.Allows(GrantCode) || c.Allows(GrantImplicit)) && len(c.RedirectURIs) == 0:
		return Errorf(Invalid, "A client of authorization_code or implicit needs a redirect URI.")
	}
	for _, g := range c.GrantTypes {
		if !slices.Contains(GrantTypes, g) {
			return unlisted("grant type", g, GrantTypes)
		}
	}
	for _, t := range c.ResponseTypes { // RFC 7591 2.1
		code, front := strings.Contains(t, "code"), strings.Contains(t, "token")
		switch {
		case !slices.Contains(ResponseTypes, t):
			return unlisted("response type", t, ResponseTypes)
		case code && !c.Allows(GrantCode), front && !c.Allows(GrantImplicit):
			return Errorf(Invalid, "The response type %q needs the grant types authorization_code for code and implicit for tokens.", t)
		}
	}
	return nil
}

func (c *Client) checkAlgs() error {
	asserting := ClientAlgs
	if c.AuthMethod == AuthSecretJWT {
		asserting = SecretAlgs
	}
	for _, a := range []struct {
		what, alg string
		of        []string
	}{
		{"ID token algorithm", c.IDTokenAlg, IDTokenAlgs},
		{"userinfo algorithm", c.UserInfoAlg, IDTokenAlgs},
		{"request object algorithm", c.Request.Alg, ClientAlgs},
		{"client assertion algorithm", c.Keys.Alg, asserting},
		{"subject type", c.Subject.Type, []string{SubjectPairwise}},
		{"profile", c.Profile, []string{ProfileFAPI}},
		{"claims profile", c.ClaimsProfile, []string{ClaimsEntra}},
	} {
		if a.alg != "" && !slices.Contains(a.of, a.alg) {
			return unlisted(a.what, a.alg, a.of)
		}
	}
	return nil
}

func unlisted[T ~string](what string, given T, of []T) error {
	words := make([]string, len(of))
	for i, one := range of {
		words[i] = string(one)
	}
	return Errorf(Invalid, "The %s %q is none of %s.", what, given, strings.Join(words, ", "))
}

func (c *Client) checkURIs() error {
	if len(c.RedirectURIs)+len(c.PostLogoutRedirectURIs)+len(c.Origins)+len(c.Request.URIs)+len(c.Permissions) > maxClientURIs {
		return Errorf(Invalid, "A client has at most 100 URIs and permissions.")
	}
	for _, u := range append(slices.Clone(c.RedirectURIs), c.PostLogoutRedirectURIs...) {
		if err := CheckRedirectURI(u); err != nil {
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
	for _, s := range c.Permissions {
		if cut := strings.LastIndexByte(s, '/'); cut < 1 || !scopePattern.MatchString(s[cut+1:]) {
			return Errorf(Invalid, "The permission %q is not a scope after its API's identifier, such as https://api.contoso.example/read.", s)
		}
	}
	for _, u := range c.Request.URIs { // their fragment is a hash of the content (OIDC Core 6.2)
		before, _, _ := strings.Cut(u, "#")
		if err := checkWebURI("request URI", before, false); err != nil {
			return err
		}
	}
	return nil
}

// checkAbout checks the URIs that we call, or that people may follow.
func (c *Client) checkAbout() error {
	for _, u := range []struct {
		what, uri string
		local     bool // http on this machine will do: a browser goes there, or the operator allows it
	}{
		{"jwks_uri", c.Keys.URI, true},
		{"sector_identifier_uri", c.Subject.SectorURI, false},
		{"back-channel logout URI", c.Logout.Back, true},
		{"front-channel logout URI", c.Logout.Front, true},
		{"initiate_login_uri", c.About.InitiateLoginURI, false},
		{"logo URI", c.About.LogoURI, false},
		{"client URI", c.About.HomeURI, true},
		{"policy URI", c.About.PolicyURI, true},
		{"terms of service URI", c.About.TermsURI, true},
	} {
		if u.uri == "" {
			continue
		}
		if err := checkWebURI(u.what, u.uri, u.local); err != nil {
			return err
		}
	}
	if len(c.About.Contacts) > 10 || slices.ContainsFunc(c.About.Contacts, func(s string) bool { return !isName(s) }) {
		return Errorf(Invalid, "A client has at most 10 contacts, without control characters.")
	}
	if c.Request.DefaultMaxAge < 0 || len(c.Request.DefaultACR) > 20 {
		return Errorf(Invalid, "default_max_age is a number of seconds above 0, and there are at most 20 default_acr_values.")
	}
	if c.Logout.Front != "" && !c.sharesOrigin(c.Logout.Front) { // OIDC Front-Channel Logout 2
		return Errorf(Invalid, "The front-channel logout URI %q has another scheme, host and port than every redirect URI.", c.Logout.Front)
	}
	return nil
}

// checkFAPI keeps the registration to what FAPI 2.0 Security Profile 5.3.2 and 5.4
// allow.
func (c *Client) checkFAPI() error {
	weak := func(alg string) bool { return alg != "" && !slices.Contains(FAPIAlgs, alg) }
	switch {
	case !c.FAPI():
		return nil
	case c.AuthMethod != AuthKeyJWT:
		return Errorf(Invalid, "A client of the profile fapi2 authenticates with private_key_jwt.")
	case slices.ContainsFunc(c.ResponseTypes, func(t string) bool { return t != "code" }) || c.Allows(GrantImplicit):
		return Errorf(Invalid, "A client of the profile fapi2 has the response type code only.")
	case c.Signing() != "ES256" || weak(c.UserInfoAlg) || weak(c.Keys.Alg) || weak(c.Request.Alg):
		return Errorf(Invalid, "A client of the profile fapi2 uses ES256 for its ID tokens, and else %s.", strings.Join(FAPIAlgs, ", "))
	case slices.ContainsFunc(c.RedirectURIs, func(u string) bool { return !c.Native && !strings.HasPrefix(u, "https:") }):
		return Errorf(Invalid, "A client of the profile fapi2 has redirect URIs of https, or of loopback if it is native.")
	}
	return nil
}

// FAPIAlgs are the algorithms of FAPI 2.0 Security Profile 5.4.1.
var FAPIAlgs = []string{"PS256", "ES256", "EdDSA"}
