package graph

import (
	"strings"
	"testing"
	"time"

	"latchkey/idp/admin"
)

// TestApproval goes the whole way of a pass that two people must want.
func TestApproval(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		d.policy(admin.PassPolicyChange{Approval: new(true)})
		reader, requests := d.users["reader"], at+requestsPath
		passes := at + "/users/" + reader.UserID + "/authentication/temporaryAccessPassMethods"
		const body = `{"lifetimeInMinutes":90}`
		pass := object{
			"@odata.context":      base + at + "/$metadata#users('" + reader.UserID + "')/authentication/temporaryAccessPassMethods/$entity",
			"temporaryAccessPass": nil, "createdDateTime": "2026-11-24T09:00:00Z", "startDateTime": nil, "lifetimeInMinutes": 90, "isUsableOnce": nil,
			"isUsable": false, "methodUsabilityReason": "PendingApproval",
		}
		if at == "/beta" {
			pass["lastUsedDateTime"] = nil
		}
		a := d.as("global", "POST", passes, body)
		id, _ := a.json()["id"].(string)
		pass["id"] = id
		a.same(202, pass)
		if a.Header().Get("Location") != base+requests+"/"+id {
			t.Errorf("Location %s", a.Header().Get("Location"))
		}
		d.now = epoch.Add(time.Minute)
		d.as("global", "POST", passes, body).same(202, pass) // the same one still waits
		if n := len(d.as("global", "GET", passes, "").ids()); n != 0 {
			t.Errorf("%d passes", n)
		}

		global, second := d.users["global"], d.users["second"]
		want := object{
			"id": id, "userId": reader.UserID, "userPrincipalName": "reader@contoso.example", "userDisplayName": "READER", "status": "pendingApproval",
			"requestedBy": object{"type": "user", "id": global.UserID, "displayName": "global@contoso.example"}, "requestedDateTime": "2026-11-24T09:00:00Z",
			"approvedBy": nil, "approvedDateTime": nil, "expirationDateTime": "2026-11-25T09:00:00Z",
			"startDateTime": nil, "lifetimeInMinutes": 90, "isUsableOnce": nil,
		}
		context := base + at + "/$metadata#temporaryAccessPassRequests"
		d.as("second", "GET", requests, "").same(200, object{"@odata.context": context, "value": []object{want}})
		if a := d.as("second", "GET", requests+"/$count", ""); a.Body.String() != "1" {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		if n := len(d.as("auth", "GET", requests, "").ids()); n != 0 { // not about the powerful
			t.Errorf("%d requests", n)
		}
		want["@odata.context"] = context + "/$entity"
		d.as("second", "GET", requests+"/"+strings.ToUpper(id), "").same(200, want)

		one := requests + "/" + id
		for _, act := range []string{"/approve", "/deny"} {
			for _, who := range []string{"anna", "auth", "bare", "app"} {
				d.nothing(who, "POST", one+act, "", 403, "accessDenied", "Request Authorization failed")
			}
			d.nothing("second", "POST", requests+"/"+noID+act, "", 404, "Request_ResourceNotFound",
				"Resource '"+noID+"' does not exist or one of its queried reference-property objects are not present.")
		}
		d.nothing("global", "POST", one+"/approve", "", 403, "accessDenied",
			"A pass for a privileged user is approved by a second administrator, not by the one who asked for it.")
		want["status"], want["approvedDateTime"] = "approved", "2026-11-24T09:01:00Z"
		want["approvedBy"] = object{"type": "user", "id": second.UserID, "displayName": "second@contoso.example"}
		d.as("second", "POST", one+"/approve", "").same(200, want)
		d.as("global", "GET", one, "").same(200, want)
		d.nothing("second", "POST", one+"/approve", "{}", 400, "badRequest", "The pass was approved already, by second@contoso.example.")

		o := d.as("global", "POST", passes, body).json()
		if secret, _ := o["temporaryAccessPass"].(string); len(secret) != 9 || o["methodUsabilityReason"] != "EnabledByPolicy" {
			t.Errorf("%v", o)
		}
		if n := len(d.as("second", "GET", requests, "").ids()); n != 0 {
			t.Errorf("%d requests", n)
		}

		denied, _ := d.as("global", "POST", passes, `{"isUsableOnce":true,"startDateTime":"2026-11-24T12:00:00Z"}`).json()["id"].(string)
		o = d.as("second", "GET", requests+"/"+denied, "").json()
		if o["isUsableOnce"] != true || o["startDateTime"] != "2026-11-24T12:00:00Z" || o["lifetimeInMinutes"] != nil {
			t.Errorf("%v", o)
		}
		if a := d.as("second", "POST", requests+"/"+denied+"/deny", ""); a.Code != 204 || a.Body.Len() != 0 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		d.nothing("second", "GET", requests+"/"+denied, "", 404, "Request_ResourceNotFound",
			"Resource '"+denied+"' does not exist or one of its queried reference-property objects are not present.")
		d.nothing("anna", "GET", requests, "", 403, "accessDenied", "Request Authorization failed")
	})
}
