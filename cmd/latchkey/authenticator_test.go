package main

import (
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"

	"latchkey/ui/chromiumtest"
)

// authenticator is a virtual one of Chromium's, in the device that the tab is on.
type authenticator struct {
	tab *tab
	id  webauthn.AuthenticatorID
}

// newAuthenticator plugs one in. Its owner touches it at once, and has been recognised.
func newAuthenticator(b *tab) *authenticator {
	b.t.Helper()
	evaluate(b, chromiumtest.Call(webauthn.Enable, webauthn.EnableParams{}))
	added := evaluate(b, chromiumtest.Call(webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	}))
	return &authenticator{b, added.AuthenticatorID}
}

// touched says whether its owner touches it when it asks.
func (a *authenticator) touched(yes bool) {
	a.tab.t.Helper()
	evaluate(a.tab, chromiumtest.Call(webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: a.id, Enabled: yes}))
}

// recognises says whether it recognises its owner.
func (a *authenticator) recognises(yes bool) {
	a.tab.t.Helper()
	evaluate(a.tab, chromiumtest.Call(webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: yes}))
}

func (a *authenticator) overrides(p webauthn.SetResponseOverrideBitsParams) {
	a.tab.t.Helper()
	p.AuthenticatorID = a.id
	evaluate(a.tab, chromiumtest.Call(webauthn.SetResponseOverrideBits, p))
}

// passkeys are those it holds.
func (a *authenticator) passkeys() []*webauthn.Credential {
	a.tab.t.Helper()
	return evaluate(a.tab, chromiumtest.Call(webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})).Credentials
}

// holds puts a passkey in, as if it had been copied there.
func (a *authenticator) holds(c *webauthn.Credential) {
	a.tab.t.Helper()
	// Not by the package's own type, which sends members that this Chromium refuses.
	add := cdp.Command[map[string]any, cdp.Empty]{Method: webauthn.CommandAddCredential}
	evaluate(a.tab, chromiumtest.Call(add, map[string]any{"authenticatorId": a.id, "credential": map[string]any{
		"credentialId": c.CredentialID, "isResidentCredential": c.IsResidentCredential, "rpId": c.RpID, "privateKey": c.PrivateKey,
		"userHandle": c.UserHandle, "signCount": c.SignCount,
	}}))
}

// forgets throws a passkey away.
func (a *authenticator) forgets(c *webauthn.Credential) {
	a.tab.t.Helper()
	evaluate(a.tab, chromiumtest.Call(webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: a.id, CredentialID: c.CredentialID}))
}
