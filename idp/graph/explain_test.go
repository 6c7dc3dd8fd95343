package graph

import (
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

func TestExplainSignIn(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		d.must(d.store.Update(t.Context(), tenantID, func(tx *storage.Tx) error {
			if err := tx.Put(&idp.Client{ClientID: "off", Name: "Off", Disabled: true}); err != nil {
				return err
			}
			return tx.Put(&idp.Client{ClientID: "payroll", Name: "Payroll"})
		}))
		const path = "/users/anna@contoso.example/authentication/explainSignIn"
		method := object{
			"method": "temporaryAccessPass", "displayName": "Temporary Access Pass", "isOffered": false, "reason": "the user has none",
			"isPhishingResistant": false, "satisfiesMultiFactor": true,
		}
		others := []object{
			{
				"method": "passkey", "displayName": "Passkey", "isOffered": false, "isPhishingResistant": true, "satisfiesMultiFactor": true,
				"reason": "the user has none",
			},
			{
				"method": "authenticator", "displayName": "Passwordless phone sign-in", "isOffered": false, "isPhishingResistant": false, "satisfiesMultiFactor": true,
				"reason": "the method is disabled by policy",
			},
			{
				"method": "homeTenant", "displayName": "Home organization", "isOffered": false, "isPhishingResistant": false, "satisfiesMultiFactor": false,
				"reason": "the address belongs to no organization that guests can sign in through here",
			},
			{
				"method": "guestProvider", "displayName": "Federated guest", "isOffered": false, "isPhishingResistant": false, "satisfiesMultiFactor": false,
				"reason": "only people from outside sign in this way",
			},
			{
				"method": "emailCode", "displayName": "Email one-time passcode", "isOffered": false, "isPhishingResistant": false, "satisfiesMultiFactor": false,
				"reason": "only people from outside sign in this way",
			},
			{
				"method": "federation", "displayName": "Federated", "isOffered": false, "isPhishingResistant": false, "satisfiesMultiFactor": false,
				"reason": "the domain is not federated with a provider",
			},
			{
				"method": "password", "displayName": "Password", "isOffered": false, "isPhishingResistant": false, "satisfiesMultiFactor": false,
				"reason": "the user has none",
			},
		}
		want := object{
			"@odata.context": base + at + "/$metadata#microsoft.graph.signInExplanation", "step": "ask", "method": "passkey",
			"userId": d.users["anna"].UserID, "userPrincipalName": "anna@contoso.example", "clientId": nil, "clientDisplayName": nil, "redemption": nil, "methods": append([]object{method}, others...),
		}
		for _, body := range []string{``, `{}`, `{"clientId":null}`, `{"clientId":""}`} {
			d.as("auth", "POST", at+path, body).same(200, want)
		}
		d.give(at, "")
		method["isOffered"], method["reason"] = true, nil
		want["method"] = "temporaryAccessPass"
		want["clientId"], want["clientDisplayName"] = "payroll", "Payroll"
		d.as("viewer", "POST", at+path, `{"ClientId":"payroll"}`).same(200, want)

		d.nothing("viewer", "POST", at+path, `{"clientId":"nothing"}`, 404, "Request_ResourceNotFound",
			"Resource 'nothing' does not exist or one of its queried reference-property objects are not present.")
		d.nothing("viewer", "POST", at+path, `{"clientId":"off"}`, 400, "badRequest", "The client Off is disabled: nobody can sign in to it.")
		d.nothing("viewer", "POST", at+path, `{"clientId":7}`, 400, "badRequest", "Invalid value specified for property 'clientId': expected String.")
		d.nothing("viewer", "POST", at+"/users/nobody@contoso.example/authentication/explainSignIn", "", 404, "Request_ResourceNotFound",
			"Resource 'nobody@contoso.example' does not exist or one of its queried reference-property objects are not present.")
		for _, who := range []string{"anna", "policy", "bare", "taps"} {
			d.nothing(who, "POST", at+path, "", 403, "accessDenied", "Request Authorization failed")
		}
		d.nothing("auth", "POST", at+"/users/global@contoso.example/authentication/explainSignIn", "", 403, "accessDenied", "Request Authorization failed")
	})
}
