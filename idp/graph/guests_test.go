package graph

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// keep stores records as they are.
func (d *desk) keep(records ...storage.Record) {
	d.t.Helper()
	d.must(d.store.Update(context.Background(), tenantID, func(tx *storage.Tx) error {
		for _, r := range records {
			if err := tx.Put(r); err != nil {
				return err
			}
		}
		return nil
	}))
}

// TestGuestIdentities: the identity of a guest is the address at which codes reach them,
// whatever their profile says, and wherever they are shown.
func TestGuestIdentities(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	guest := d.invited("eva@mail.example", true)
	other := d.invited("kim@mail.example", true)
	other.External.Source = idp.SourceProvider
	d.keep(other)
	group := d.newGroup("Partners", guest.UserID, other.UserID)
	d.done("PATCH", "/v1.0/users/"+guest.UserID, `{"mail":"new@mail.example"}`)
	d.done("PATCH", "/v1.0/users/"+guest.UserID, `{"userType":"Member"}`)
	byCode := object{"signInType": "federated", "issuer": "mail", "issuerAssignedId": "eva@mail.example"}
	want := map[string][]any{
		guest.UserID: {byCode, object{"signInType": "userPrincipalName", "issuer": "contoso.example", "issuerAssignedId": "eva_mail.example#EXT#@contoso.example"}},
		other.UserID: {object{"signInType": "userPrincipalName", "issuer": "contoso.example", "issuerAssignedId": "kim_mail.example#EXT#@contoso.example"}},
	}
	for id, identities := range want {
		for _, path := range []string{"/v1.0/users/" + id, "/v1.0/directoryObjects/" + id} {
			differ(t, path, d.as("all", "GET", path+"?$select=identities", "").json()["identities"], any(identities))
		}
	}
	for _, path := range []string{"/v1.0/users?$select=id,identities&$top=999", "/beta/groups/" + group.GroupID + "/members?$select=id,identities", "/beta/users?$select=id,identities&$orderby=displayName"} {
		seen := 0
		for _, item := range d.as("all", "GET", path, "").json()["value"].([]any) {
			if identities, asked := want[item.(object)["id"].(string)]; asked {
				differ(t, path, item.(object)["identities"], any(identities))
				seen++
			}
		}
		if seen != 2 {
			t.Errorf("%s: %d of 2", path, seen)
		}
	}
	for filter, ids := range map[string][]string{
		"identities/any(i:i/issuer eq 'mail')":                                                  {guest.UserID},
		"identities/any(i:i/issuer eq 'mail' and i/issuerAssignedId eq 'eva@mail.example')":     {guest.UserID},
		"identities/any(i:i/issuer eq 'mail' and i/issuerAssignedId eq 'new@mail.example')":     {},
		"identities/any(i:i/issuer eq 'mail' and i/issuerAssignedId eq 'kim@mail.example')":     {},
		"identities/any(i:i/signInType eq 'federated') and externalUserState eq 'Accepted'":     {guest.UserID},
		"creationType eq 'Invitation' and userType eq 'Guest' and externalUserState ne 'Other'": {other.UserID},
	} {
		sameIDs(t, filter, d.filtered("/v1.0/users", filter), ids...)
	}
}

// TestOtherOrganizations: the users from other organizations come in pages, each with what
// was asked for, however few they are among the others.
func TestOtherOrganizations(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	var guests, accepted []string
	for i := range 7 {
		id := d.invited(fmt.Sprintf("g%d@mail.example", i), i%2 == 0).UserID
		guests = append(guests, id)
		if i%2 == 0 {
			accepted = append(accepted, id)
		}
		d.newUser(fmt.Sprintf("colleague%d", i), idp.Member)
	}
	const columns = "&$select=id,identities,externalUserState,userType"
	for filter, want := range map[string][]string{
		"creationType eq 'Invitation'":                                 guests,
		"userType eq 'Guest' and creationType eq 'Invitation'":         guests,
		"externalUserState eq 'Accepted'":                              accepted,
		"identities/any(i:i/issuer eq 'mail')":                         accepted,
		"externalUserState in ('Accepted','PendingAcceptance')":        guests,
		"externalUserState eq 'PendingAcceptance' or userType eq 'no'": idp.Without(guests, accepted),
	} {
		for _, order := range []string{"", "&$orderby=displayName%20desc"} {
			ids, pages := d.all("/v1.0/users?$top=2&$filter="+url.PathEscape(filter)+columns+order, "Authorization: Bearer all")
			sameIDs(t, filter+order, ids, want...)
			if pages < (len(want)+1)/2 {
				t.Errorf("%s%s: %d pages for %d", filter, order, pages, len(want))
			}
		}
	}
	link := base + "/v1.0/users?$top=2&$filter=" + url.PathEscape("identities/any(i:i/issuer eq 'mail')") + columns
	for n := 0; link != ""; n++ {
		page := d.as("all", "GET", link[len(base):], "").json()
		for _, item := range page["value"].([]any) {
			if first := item.(object)["identities"].([]any)[0].(object); first["issuer"] != "mail" || first["issuerAssignedId"] == "" {
				t.Errorf("page %d: %v", n, item)
			}
		}
		link, _ = page["@odata.nextLink"].(string)
	}
}

// TestSignInActivity: it is told to who may read the log too, and where it is asked for.
func TestSignInActivity(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	guest := d.invited("eva@mail.example", true)
	guest.SignedInAt = epoch.Add(time.Hour)
	d.keep(guest)
	d.callers["logs"] = Caller{d.callers["app"].Tenant, idp.Actor{
		Party: idp.Party{Type: idp.ActorClient, ID: "logs", Name: "logs"}, Tenant: tenantID, Permissions: []string{"User.Read.All", "AuditLog.Read.All"},
	}}
	const at = "2026-11-24T10:00:00Z"
	want := object{
		"lastSignInDateTime": at, "lastSignInRequestId": nil, "lastNonInteractiveSignInDateTime": nil, "lastNonInteractiveSignInRequestId": nil,
		"lastSuccessfulSignInDateTime": at, "lastSuccessfulSignInRequestId": nil,
	}
	for _, who := range []string{"logs", "all", "chief"} {
		differ(t, who, d.as(who, "GET", "/v1.0/users/"+guest.UserID+"?$select=signInActivity", "").json()["signInActivity"], any(want))
		for _, item := range d.as(who, "GET", "/beta/users?$select=id,SignInActivity", "").json()["value"].([]any) {
			if o := item.(object); (o["signInActivity"] != nil) != (o["id"] == guest.UserID) {
				t.Errorf("%v", o)
			}
		}
	}
	if _, there := d.as("all", "GET", "/v1.0/users/"+guest.UserID, "").json()["signInActivity"]; there {
		t.Error("nobody asked for it")
	}
	for _, path := range []string{"/users?$select=id,signInActivity", "/users?$select=id,%C5%BFignInActivity", "/users/" + guest.UserID + "?$select=signInActivity", "/directoryObjects/" + guest.UserID + "?$select=signInActivity"} {
		d.wants("users", "GET", "/v1.0"+path, "", 403, "Authorization_RequestDenied", deniedText)
	}
	d.wants("plain", "GET", "/v1.0/me?$select=signInActivity", "", 403, "Authorization_RequestDenied", deniedText)
	d.as("all", "GET", "/v1.0/users?$orderby=signInActivity", "").refused(400, "Request_UnsupportedQuery")
}

// TestSponsors: who answers for a guest is listed, of whom the caller may know no more by id.
func TestSponsors(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		group, anna, bob := d.newGroup("Hosts"), d.users["anna"].UserID, d.newUser("bob", idp.Member).UserID
		info, err := d.admin.Invite(context.Background(), operator, tenantID, admin.InvitationRequest{
			Email: "eva@mail.example", RedirectURL: "https://app.example/", Sponsors: []string{anna, group.GroupID, bob},
		})
		d.must(err)
		guest := info.User
		path := at + "/users/" + guest.UserID + "/sponsors"
		a := d.as("all", "GET", path, "")
		if got := a.types(); len(got) != 3 || got[anna] != "user" || got[bob] != "user" || got[group.GroupID] != "group" || a.json()["@odata.context"] != base+at+"/$metadata#directoryObjects" {
			t.Errorf("%s", a.Body)
		}
		if n := d.as("all", "GET", path+"/$count", "", "ConsistencyLevel: eventual"); n.Body.String() != "3" {
			t.Errorf("%s", n.Body)
		}
		d.done("DELETE", at+"/users/"+bob, "")
		sameIDs(t, "without who is gone", d.as("all", "GET", path+"?$select=id", "").ids(), anna, group.GroupID)

		// The guest knows who answers for them, and no more.
		actor := idp.Person(tenantID, guest)
		actor.App, actor.Permissions = idp.Party{Type: idp.ActorClient, ID: "portal", Name: "Portal"}, []string{"User.Read"}
		d.callers["guest"] = Caller{d.callers["app"].Tenant, actor}
		own := d.as("guest", "GET", at+"/me/sponsors", "")
		sameIDs(t, "the guest's own", own.ids(), anna, group.GroupID, bob)
		for _, item := range own.json()["value"].([]any) {
			if o := item.(object); o["@odata.type"] != "#microsoft.graph.directoryObject" || len(o) != 2 {
				t.Errorf("%v", o)
			}
		}
		if got := d.as("all", "GET", at+"/users/anna@contoso.example/sponsors", "").ids(); len(got) != 0 {
			t.Errorf("%v", got)
		}
		for _, id := range []string{guest.UserID, noID} { // whether there is such a guest or not
			d.wants("plain", "GET", at+"/users/"+id+"/sponsors", "", 403, "Authorization_RequestDenied", deniedText)
		}
		d.wants("all", "GET", at+"/users/"+noID+"/sponsors", "", 404, "Request_ResourceNotFound", noResource(noID))
	}
}

// TestGuestMethods: people from outside hold nothing here, and are given no pass; guests of
// the house are.
func TestGuestMethods(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		inside := d.newUser("visitor", idp.InternalGuest)
		pending, guest, member := d.invited("p@mail.example", false), d.invited("g@mail.example", true), d.invited("m@mail.example", true)
		member.Type = idp.ExternalMember
		d.keep(member)
		path := func(u *idp.User, below string) string {
			return at + "/users/" + u.UserID + "/authentication/" + below
		}
		for _, u := range []*idp.User{pending, guest, member} {
			for _, below := range []string{"methods", "emailMethods", "temporaryAccessPassMethods"} {
				if got := d.as("app", "GET", path(u, below), "").ids(); len(got) != 0 {
					t.Errorf("%s of %s: %v", below, u.PrincipalName, got)
				}
			}
			d.nothing("app", "POST", path(u, "temporaryAccessPassMethods"), `{}`, 400, "badRequest", "Temporary Access Pass cannot be added to an external guest user.")
		}
		made := d.as("app", "POST", path(inside, "temporaryAccessPassMethods"), `{}`)
		if made.Code != 201 || made.json()["temporaryAccessPass"] == nil {
			t.Fatalf("%d %s", made.Code, made.Body)
		}
		if got := d.as("app", "GET", path(inside, "methods"), "").ids(); !slices.Equal(got, []string{made.json()["id"].(string)}) {
			t.Errorf("%v", got)
		}
	})
}

// TestExplainGuest: of people from outside it is told which way they sign in, and why no other.
func TestExplainGuest(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		pending, accepted := d.invited("p@mail.example", false), d.invited("a@mail.example", true)
		explain := func(u *idp.User) object {
			t.Helper()
			return d.as("viewer", "POST", at+"/users/"+u.UserID+"/authentication/explainSignIn", "").json()
		}
		wanted := func(u *idp.User, source any, why, other idp.Reason) {
			t.Helper()
			r, _ := explain(u)["redemption"].(object)
			ways, _ := r["ways"].([]any)
			if len(ways) != 3 || r["source"] != source || r["reason"] != nonEmpty(string(why)) || ways[0].(object)["reason"] != string(other) || ways[2].(object)["isOffered"] != (source == "mail") {
				t.Errorf("%s: %v", u.PrincipalName, r)
			}
		}
		wanted(pending, "mail", idp.Offered, idp.NoHomeTenant)
		wanted(accepted, "mail", idp.Offered, idp.RedeemedOtherway)
		if o := explain(pending); o["step"] != "ask" || o["method"] != "emailCode" {
			t.Errorf("%v", o)
		}
		_, err := d.admin.UpdateEmailPolicy(context.Background(), operator, tenantID, admin.EmailPolicyChange{Enabled: new(false)})
		d.must(err)
		wanted(pending, nil, idp.MethodDisabled, idp.NoHomeTenant)
		wanted(accepted, nil, idp.MethodDisabled, idp.RedeemedOtherway)
		for _, id := range []string{pending.UserID, noID} { // whether there is such a guest or not
			d.nothing("anna", "POST", at+"/users/"+id+"/authentication/explainSignIn", "", 403, "accessDenied", "Request Authorization failed")
		}
	})
}
