package oidc

import (
	"slices"

	"latchkey/idp"
)

// addEntra adds what Microsoft's libraries read of a token, for a client of that claims
// profile: tid and oid find the account again, preferred_username names it.
func (p *Provider) addEntra(claims map[string]any, m minting) {
	claims["tid"], claims["ver"] = m.Tenant.TenantID, "2.0"
	if m.user == nil {
		claims["idtyp"] = "app"
		claims["oid"] = m.client.ClientID
		return
	}
	claims["oid"], claims["preferred_username"], claims["upn"] = m.user.UserID, m.user.SignInName(), m.user.PrincipalName
	claims["name"] = m.user.DisplayName
	claims["acct"] = 0
	if m.user.Type.Guest() {
		claims["acct"] = 1
	}
	switch by := m.grant.Issuer; { // who says so, where that is not us
	case idp.IsID(by):
		claims["idp"] = p.issuer(&idp.Tenant{TenantID: by})
	case by != "":
		claims["idp"] = by
	case m.user.Type.External():
		claims["idp"] = "mail"
	}
	if m.user.Type.External() && m.user.Profile.EmailVerified {
		claims["xms_edov"] = true
	}
	if m.user.Profile.Email != "" && (m.user.Type.Guest() || slices.Contains(m.grant.Scopes, idp.ScopeEmail)) {
		claims["email"] = m.user.Profile.Email
	}
}

// entraStrength is how the client authenticated: 0 not at all, 1 by a secret, 2 by a key.
func entraStrength(c *idp.Client) string {
	switch c.AuthMethod {
	case idp.AuthNone:
		return "0"
	case idp.AuthKeyJWT:
		return "2"
	}
	return "1"
}
