package oidc

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"latchkey/idp"
)

// clientMetadata is what a client says of itself (RFC 7591 2, OIDC Dynamic
// Registration 2, and the specifications of what else may be registered). Members that
// are not here are ignored.
type clientMetadata struct {
	ClientID        string          `json:"-"`
	Secret          string          `json:"-"`
	RedirectURIs    []string        `json:"redirect_uris,omitempty"`
	ResponseTypes   []string        `json:"response_types,omitempty"`
	GrantTypes      []string        `json:"grant_types,omitempty"`
	ApplicationType string          `json:"application_type,omitempty"`
	Contacts        []string        `json:"contacts,omitempty"`
	Name            string          `json:"client_name,omitempty"`
	LogoURI         string          `json:"logo_uri,omitempty"`
	HomeURI         string          `json:"client_uri,omitempty"`
	PolicyURI       string          `json:"policy_uri,omitempty"`
	TermsURI        string          `json:"tos_uri,omitempty"`
	JWKSURI         string          `json:"jwks_uri,omitempty"`
	JWKS            json.RawMessage `json:"jwks,omitempty"`
	SectorURI       string          `json:"sector_identifier_uri,omitempty"`
	SubjectType     string          `json:"subject_type,omitempty"`
	IDTokenAlg      string          `json:"id_token_signed_response_alg,omitempty"`
	UserInfoAlg     string          `json:"userinfo_signed_response_alg,omitempty"`
	RequestAlg      string          `json:"request_object_signing_alg,omitempty"`
	AuthMethod      string          `json:"token_endpoint_auth_method,omitempty"`
	AuthAlg         string          `json:"token_endpoint_auth_signing_alg,omitempty"`
	DefaultMaxAge   *int            `json:"default_max_age,omitempty"`
	RequireAuthTime bool            `json:"require_auth_time,omitempty"` // it is always there
	DefaultACR      []string        `json:"default_acr_values,omitempty"`
	InitiateLogin   string          `json:"initiate_login_uri,omitempty"`
	RequestURIs     []string        `json:"request_uris,omitempty"`
	PostLogoutURIs  []string        `json:"post_logout_redirect_uris,omitempty"`
	BackLogoutURI   string          `json:"backchannel_logout_uri,omitempty"`
	BackSession     bool            `json:"backchannel_logout_session_required,omitempty"` // likewise
	FrontLogoutURI  string          `json:"frontchannel_logout_uri,omitempty"`
	FrontSession    bool            `json:"frontchannel_logout_session_required,omitempty"` // likewise
	RequirePAR      bool            `json:"require_pushed_authorization_requests,omitempty"`
	RequireSigned   bool            `json:"require_signed_request_object,omitempty"`
	DPoPBound       bool            `json:"dpop_bound_access_tokens,omitempty"`
}

// encrypted are the members that ask for what is not done here. To leave them out of
// account would send in clear what a client wants nobody to read.
type encrypted struct {
	IDToken  string `json:"id_token_encrypted_response_alg"`
	UserInfo string `json:"userinfo_encrypted_response_alg"`
	Request  string `json:"request_object_encryption_alg"`
	ClientID string `json:"client_id"`
	Secret   string `json:"client_secret"`
}

// UnmarshalJSON refuses encryption.
func (m *clientMetadata) UnmarshalJSON(raw []byte) error {
	type plain clientMetadata
	if err := json.Unmarshal(raw, (*plain)(m)); err != nil {
		return err
	}
	var e encrypted
	if err := json.Unmarshal(raw, &e); err != nil {
		return err
	}
	if e.IDToken != "" || e.UserInfo != "" || e.Request != "" {
		return badMetadata("Encryption is not supported.")
	}
	m.ClientID, m.Secret = e.ClientID, e.Secret
	return nil
}

// selfGrants are the grant types a client may give itself. The others rest on what only
// an administrator can say.
var selfGrants = []string{idp.GrantCode, idp.GrantImplicit, idp.GrantRefresh}

// apply puts the metadata into a client, with the defaults of OIDC Dynamic Registration
// 2 for what is left out.
func (m *clientMetadata) apply(c *idp.Client) error {
	for _, u := range append(slices.Clone(m.RedirectURIs), m.PostLogoutURIs...) {
		if err := idp.CheckRedirectURI(u); err != nil {
			return bad("invalid_redirect_uri", err.Error())
		}
	}
	if len(m.RedirectURIs) == 0 {
		return bad("invalid_redirect_uri", "The metadata has no redirect_uris.")
	}
	c.ResponseTypes = nil
	for _, t := range m.ResponseTypes {
		c.ResponseTypes = append(c.ResponseTypes, strings.Join(asSet(t), " "))
	}
	c.GrantTypes = m.grantTypes(c)
	if wrong := idp.Without(c.GrantTypes, selfGrants); len(wrong) > 0 {
		return badMetadata("A client cannot register itself for the grant type " + clip(wrong[0]) + ".")
	}
	if !slices.Contains([]string{"", "web", "native"}, m.ApplicationType) {
		return badMetadata("The application_type is web or native.")
	}
	maxAge := 0
	if m.DefaultMaxAge != nil {
		if maxAge = *m.DefaultMaxAge; maxAge < 1 {
			return badMetadata("The default_max_age is a number of seconds above 0.")
		}
	}
	c.Name = cmp.Or(m.Name, "Application "+clip(idp.OriginOf(m.RedirectURIs[0])))
	c.AuthMethod = cmp.Or(m.AuthMethod, idp.AuthBasic)
	c.RedirectURIs, c.PostLogoutRedirectURIs, c.Native = m.RedirectURIs, m.PostLogoutURIs, m.ApplicationType == "native"
	c.Keys = idp.ClientKeys{Set: string(m.JWKS), URI: m.JWKSURI, Alg: m.AuthAlg}
	c.Subject = idp.ClientSubject{SectorURI: m.SectorURI}
	if m.SubjectType != "public" {
		c.Subject.Type = m.SubjectType
	}
	c.Request = idp.ClientRequest{
		Alg: m.RequestAlg, Signed: m.RequireSigned, Pushed: m.RequirePAR, URIs: m.RequestURIs,
		DefaultMaxAge: maxAge, DefaultACR: m.DefaultACR,
	}
	c.Logout = idp.ClientLogout{Back: m.BackLogoutURI, Front: m.FrontLogoutURI}
	c.About = idp.ClientAbout{
		LogoURI: m.LogoURI, HomeURI: m.HomeURI, PolicyURI: m.PolicyURI, TermsURI: m.TermsURI,
		InitiateLoginURI: m.InitiateLogin, Contacts: m.Contacts,
	}
	c.IDTokenAlg, c.UserInfoAlg, c.DPoPBound = m.IDTokenAlg, m.UserInfoAlg, m.DPoPBound
	return nil
}

// grantTypes are those given, or those that the response types need.
func (m *clientMetadata) grantTypes(c *idp.Client) []string {
	if len(m.GrantTypes) > 0 {
		return m.GrantTypes
	}
	types := c.ResponseTypes
	if len(types) == 0 {
		types = []string{"code"}
	}
	var out []string
	for part, grant := range map[string]string{"code": idp.GrantCode, "token": idp.GrantImplicit} {
		if slices.ContainsFunc(types, func(t string) bool { return strings.Contains(t, part) }) {
			out = append(out, grant)
		}
	}
	return out
}

// describeClient is the metadata of a client as it is registered.
func describeClient(c *idp.Client) clientMetadata {
	m := clientMetadata{
		RedirectURIs: c.RedirectURIs, ResponseTypes: c.ResponseTypes, GrantTypes: c.GrantTypes, ApplicationType: "web",
		Contacts: c.About.Contacts, Name: c.Name, LogoURI: c.About.LogoURI, HomeURI: c.About.HomeURI,
		PolicyURI: c.About.PolicyURI, TermsURI: c.About.TermsURI, JWKSURI: c.Keys.URI, SectorURI: c.Subject.SectorURI,
		SubjectType: cmp.Or(c.Subject.Type, "public"), IDTokenAlg: c.Signing(), UserInfoAlg: c.UserInfoAlg,
		RequestAlg: c.Request.Alg, AuthMethod: c.AuthMethod, AuthAlg: c.Keys.Alg, DefaultACR: c.Request.DefaultACR,
		InitiateLogin: c.About.InitiateLoginURI, RequestURIs: c.Request.URIs, PostLogoutURIs: c.PostLogoutRedirectURIs,
		BackLogoutURI: c.Logout.Back, BackSession: true, FrontLogoutURI: c.Logout.Front,
		FrontSession: true, RequireAuthTime: true, RequirePAR: c.Request.Pushed, RequireSigned: c.Request.Signed, DPoPBound: c.DPoPBound,
	}
	if len(m.ResponseTypes) == 0 {
		m.ResponseTypes = []string{"code"}
	}
	if c.Keys.Set != "" {
		m.JWKS = json.RawMessage(c.Keys.Set)
	}
	if c.Native {
		m.ApplicationType = "native"
	}
	if c.Request.DefaultMaxAge > 0 {
		m.DefaultMaxAge = &c.Request.DefaultMaxAge
	}
	return m
}
