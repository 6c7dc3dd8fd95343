package graph

import (
	"context"
	"maps"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

const annasDevices = "/users/anna@contoso.example/authentication/microsoftAuthenticatorMethods"

// device gives somebody one by which they sign in.
func (d *desk) device(who, name, app string) *idp.Authenticator {
	d.t.Helper()
	a := &idp.Authenticator{
		AuthenticatorID: idp.NewID(), UserID: d.users[who].UserID, Name: name, Thumbprint: idp.NewID(), App: app, CreatedAt: d.now, SeenAt: d.now,
	}
	d.must(d.store.Update(context.Background(), tenantID, func(tx *storage.Tx) error { return tx.Insert(a) }))
	return a
}

func TestAuthenticatorLife(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		phone, program := d.device("anna", "Anna's phone", "web/1"), d.device("anna", "A program", "cli")
		d.device("reader", "Reader's phone", "web/1")
		shown := func(a *idp.Authenticator, version any) object {
			o := object{
				"id": a.AuthenticatorID, "displayName": a.Name, "deviceTag": "SoftwareTokenActivated", "phoneAppVersion": version, "createdDateTime": "2026-11-24T09:00:00Z",
			}
			if at == "/beta" {
				o["clientAppName"], o["lastUsedDateTime"] = "microsoftAuthenticator", nil
			}
			return o
		}
		one := func(context string, more object) object {
			o := shown(phone, "1")
			o["@odata.context"] = base + at + "/$metadata#users('" + context + "/$entity"
			maps.Copy(o, more)
			return o
		}
		typed := object{"@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod"}
		anna, id := d.users["anna"].UserID, phone.AuthenticatorID
		d.as("reader", "GET", at+annasDevices+"/"+strings.ToUpper(id), "").same(200, one("anna@contoso.example')/authentication/microsoftAuthenticatorMethods", nil))
		d.as("anna", "GET", at+"/me/authentication/microsoftAuthenticatorMethods/"+id, "").same(200, one(anna+"')/authentication/microsoftAuthenticatorMethods", nil))
		d.as("anna", "GET", at+"/me/authentication/methods/"+id, "").same(200, one(anna+"')/authentication/methods", typed))
		d.as("viewer", "GET", at+annasDevices+"?$orderby=displayName", "").same(200, object{
			"@odata.context": base + at + "/$metadata#users('anna@contoso.example')/authentication/microsoftAuthenticatorMethods",
			"value":          []object{shown(program, nil), shown(phone, "1")},
		})
		if a := d.as("viewer", "GET", at+annasDevices+"/$count", ""); a.Body.String() != "2" {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		if ids := d.as("app", "GET", at+"/users/"+anna+"/authentication/methods?$filter=displayName%20eq%20'A%20program'", "").ids(); len(ids) != 1 || ids[0] != program.AuthenticatorID {
			t.Errorf("%v", ids)
		}

		d.nothing("anna", "DELETE", at+"/me/authentication/microsoftAuthenticatorMethods/"+id, "", 403, "accessDenied", stepUpText)
		d.nothing("reader", "DELETE", at+annasDevices+"/"+id, "", 403, "accessDenied", "Request Authorization failed")
		d.nothing("keys", "DELETE", at+annasDevices+"/"+id, "", 403, "accessDenied", "Request Authorization failed")
		for _, unknown := range []string{noID, "x"} {
			d.nothing("auth", "GET", at+annasDevices+"/"+unknown, "", 404, "resourceNotFound", "The user has no authentication method '"+unknown+"'.")
		}
		for who, path := range map[string]string{"auth": annasDevices + "/" + strings.ToUpper(id), "anna": "/me/authentication/microsoftAuthenticatorMethods/" + program.AuthenticatorID} {
			d.fresh("anna")
			if a := d.as(who, "DELETE", at+path, ""); a.Code != 204 || a.Body.Len() != 0 {
				t.Errorf("%s: %d %s", who, a.Code, a.Body)
			}
			if a := d.as(who, "DELETE", at+path, ""); a.Code != 404 {
				t.Errorf("%s again: %d %s", who, a.Code, a.Body)
			}
		}
		if n := len(d.as("viewer", "GET", at+annasDevices, "").ids()); n != 0 {
			t.Errorf("%d left", n)
		}
	})
}
