package graph

import (
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

const annasPasswords = "/users/anna@contoso.example/authentication/passwordMethods"

// withPassword gives somebody a password that nobody knows.
func (d *desk) withPassword(who string) {
	d.t.Helper()
	d.must(d.store.Update(d.t.Context(), tenantID, func(tx *storage.Tx) error {
		return tx.Insert(&idp.Password{PasswordID: idp.NewID(), UserID: d.users[who].UserID, CreatedAt: epoch})
	}))
}

func TestPasswordLife(t *testing.T) {
	t.Parallel()
	const denied = "Request Authorization failed"
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		context := base + at + "/$metadata#users('anna@contoso.example')/authentication/passwordMethods"
		d.as("words", "GET", at+annasPasswords, "").same(200, object{"@odata.context": context, "value": []object{}})
		d.nothing("words", "DELETE", at+annasPasswords+"/"+passwordID, "", 404, "resourceNotFound", "anna@contoso.example has no password.")
		d.withPassword("anna")
		want := object{"id": passwordID, "password": nil, "createdDateTime": "2026-11-24T09:00:00Z"}
		if at == "/beta" {
			want["lastUsedDateTime"] = nil
		}
		d.as("viewer", "GET", at+annasPasswords, "").same(200, object{"@odata.context": context, "value": []object{want}})
		if a := d.as("anna", "GET", at+"/me/authentication/passwordMethods/$count", ""); a.Body.String() != "1" {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		want["@odata.context"] = context + "/$entity"
		for _, id := range []string{passwordID, strings.ToUpper(passwordID)} {
			d.as("reader", "GET", at+annasPasswords+"/"+id, "").same(200, want)
		}
		want["@odata.type"] = "#microsoft.graph.passwordAuthenticationMethod"
		want["@odata.context"] = strings.Replace(context, "passwordMethods", "methods", 1) + "/$entity"
		d.as("viewer", "GET", at+strings.Replace(annasPasswords, "passwordMethods", "methods", 1)+"/"+passwordID, "").same(200, want)

		reset := "/authentication/methods/" + passwordID + "/resetPassword"
		for _, who := range []string{"app", "viewer", "global"} {
			d.nothing(who, "POST", at+"/users/anna@contoso.example"+reset, `{"newPassword":"x"}`, 400, "badRequest",
				"Passwords cannot be reset here: nobody but its holder knows a password. Delete it, or give the user a Temporary Access Pass.")
		}
		d.nothing("bare", "POST", at+"/users/anna@contoso.example"+reset, "", 403, "accessDenied", denied)

		d.nothing("app", "GET", at+annasPasswords+"/"+noID, "", 404, "resourceNotFound", "The user has no authentication method '"+noID+"'.")
		d.nothing("app", "DELETE", at+annasPasswords+"/"+noID, "", 404, "resourceNotFound", "The user has no authentication method '"+noID+"'.")
		for _, who := range []string{"keys", "taps", "bare", "policy"} {
			d.nothing(who, "GET", at+annasPasswords, "", 403, "accessDenied", denied)
			d.nothing(who, "DELETE", at+annasPasswords+"/"+passwordID, "", 403, "accessDenied", denied)
		}
		d.nothing("reader", "DELETE", at+annasPasswords+"/"+passwordID, "", 403, "accessDenied", denied)
		d.nothing("anna", "DELETE", at+"/me/authentication/passwordMethods/"+passwordID, "", 403, "accessDenied", stepUpText)
		d.fresh("anna")
		if a := d.as("anna", "DELETE", at+"/me/authentication/passwordMethods/"+passwordID, ""); a.Code != 204 || a.Body.Len() != 0 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		d.withPassword("anna")
		if a := d.as("words", "DELETE", at+annasPasswords+"/"+passwordID, ""); a.Code != 204 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	})
}
