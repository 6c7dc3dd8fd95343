package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// registered is a world in which anna and the boss have a pass.
func registered(t *testing.T) *archive {
	a := newArchive(t)
	_, err := a.admin.UpdatePassPolicy(a.ctx, clerk, tenantID, admin.PassPolicyChange{Enabled: new(true)})
	a.must(err)
	boss, guest, helper := a.person("boss", idp.GlobalAdministrator), a.person("guest"), a.person("visitor")
	guest.Type, helper.Type = idp.InternalGuest, idp.ExternalGuest
	a.put(tenantID, guest, helper)
	for _, u := range []*idp.User{a.anna, boss} {
		_, _, err := a.admin.CreatePass(a.ctx, clerk, tenantID, u.UserID, idp.PassRequest{})
		a.must(err)
	}
	return a
}

const registration = `"id": %q, "userPrincipalName": "%[2]s@contoso.example", "userDisplayName": "The %[2]s", "userType": %[3]q, "isAdmin": %[4]t,
	"isMfaCapable": %[5]t, "isMfaRegistered": %[5]t, "isPasswordlessCapable": false, "isSsprCapable": false, "isSsprEnabled": false, "isSsprRegistered": false,
	"isSystemPreferredAuthenticationMethodEnabled": true, "methodsRegistered": %[6]s, "systemPreferredAuthenticationMethods": %[6]s,
	"userPreferredMethodForSecondaryAuthentication": "none", "lastUpdatedDateTime": "2026-11-24T09:00:00Z"`

func TestRegistrationDetails(t *testing.T) {
	a := registered(t)
	const path = "/reports/authenticationMethods/userRegistrationDetails"
	for name, more := range map[string][]any{
		"anna": {"member", false, true, `["temporaryAccessPass"]`}, "boss": {"member", true, true, `["temporaryAccessPass"]`},
		"guest": {"guest", false, false, `[]`}, "visitor": {"guest", false, false, `[]`}, "reports": {"member", true, false, `[]`},
	} {
		id := idp.DerivedID(tenantID, name)
		want := fmt.Sprintf(registration, append([]any{id, name}, more...)...)
		for _, version := range []string{"v1.0", "beta"} {
			a.read("/"+version+path+"/"+id).is(200, `{"@odata.context": "`+base+`/`+version+`/$metadata#reports/authenticationMethods/userRegistrationDetails/$entity", `+want+`}`)
			a.read("/"+version+path+"?$filter=id eq '"+id+"'").is(200, `{"@odata.context": "`+base+`/`+version+`/$metadata#reports/authenticationMethods/userRegistrationDetails", "value": [{`+want+`}]}`)
		}
	}
	for filter, want := range map[string][]string{
		"isMfaCapable eq true": {"anna", "boss"}, "isAdmin eq true and isMfaRegistered eq false": {"auth", "global", "helper", "inviter", "reports", "weak"},
		"methodsRegistered/any(x:x eq 'temporaryAccessPass')": {"anna", "boss"}, "methodsRegistered/any(x:x eq 'fido2')": {}, "userType eq 'guest'": {"guest", "visitor"},
		"startswith(userDisplayName,'the an')": {"anna"}, "startsWith(userPrincipalName,'PLAIN')": {"plain"}, "isPasswordlessCapable eq true": {},
	} {
		got := []string{}
		for _, v := range a.read("/v1.0" + path + "?$orderby=userPrincipalName&$filter=" + filter).json()["value"].([]any) {
			name, _, _ := strings.Cut(v.(object)["userPrincipalName"].(string), "@")
			got = append(got, name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", filter, got, want)
		}
	}
	if r := a.read("/v1.0" + path + "/$count?$filter=isMfaCapable eq true"); r.Body.String() != "2" {
		t.Errorf("%s", r.Body)
	}
	a.read("/v1.0"+path+"/"+elsewhereID).refused(404, "Request_ResourceNotFound")
	if ids := a.as("elsewhere", "GET", "/v1.0"+path, "").ids(); len(ids) != 0 {
		t.Errorf("another tenant sees %v", ids)
	}
}

// TestRegistrationNow: only what can be used as things are counts.
func TestRegistrationNow(t *testing.T) {
	a := registered(t)
	capable := func() any {
		return a.read("/v1.0/reports/authenticationMethods/userRegistrationDetails/anna@contoso.example").json()["isMfaCapable"]
	}
	for _, c := range []struct {
		do   func()
		want bool
	}{
		{func() {}, true},
		{func() {
			_, err := a.admin.UpdatePassPolicy(a.ctx, clerk, tenantID, admin.PassPolicyChange{Enabled: new(false)})
			a.must(err)
		}, false},
		{func() {
			_, err := a.admin.UpdatePassPolicy(a.ctx, clerk, tenantID, admin.PassPolicyChange{Enabled: new(true)})
			a.must(err)
		}, true},
		{func() { a.now = a.now.Add(time.Hour) }, false},
	} {
		c.do()
		if got := capable(); got != c.want {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

// TestRegistrationPages: a long directory is read to its end, each user once.
func TestRegistrationPages(t *testing.T) {
	a := newArchive(t)
	for i := range 1200 {
		a.person(fmt.Sprintf("p%04d", i))
	}
	ids, pages := a.everything("/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=500")
	if slices.Sort(ids); len(slices.Compact(ids)) != 1208 || pages != 3 {
		t.Errorf("%d users on %d pages", len(ids), pages)
	}
	if n := a.read("/v1.0/reports/authenticationMethods/usersRegisteredByMethod()").json()["totalUserCount"]; n != 1208.0 {
		t.Error(n)
	}
}

func TestSummaries(t *testing.T) {
	a := registered(t)
	const path = "/reports/authenticationMethods/"
	for arguments, want := range map[string][]any{ // all who are counted, and who of them has a pass
		"": {"all", "all", 11, 2}, "()": {"all", "all", 11, 2}, "(includedUserTypes='all',includedUserRoles='all')": {"all", "all", 11, 2},
		"(includedUserTypes='Member', includedUserRoles='all')":         {"member", "all", 9, 2},
		"(includedUserTypes='guest',includedUserRoles='all')":           {"guest", "all", 2, 0},
		"(includedUserTypes='all',includedUserRoles='admin')":           {"all", "admin", 7, 1},
		"(includedUserTypes='all',includedUserRoles='privilegedAdmin')": {"all", "privilegedAdmin", 4, 1},
		"(includedUserTypes='member',includedUserRoles='user')":         {"member", "user", 2, 1},
	} {
		common := fmt.Sprintf(`"userTypes": %q, "userRoles": %q, "totalUserCount": %d, `, want[:3]...)
		for _, prefix := range []string{"", "microsoft.graph."} {
			a.read("/v1.0"+path+prefix+"usersRegisteredByMethod"+arguments).is(200, `{"@odata.context": "`+base+`/v1.0/$metadata#microsoft.graph.userRegistrationMethodSummary", `+common+
				fmt.Sprintf(`"userRegistrationMethodCounts": [{"authenticationMethod": "temporaryAccessPass", "userCount": %d}]}`, want[3]))
		}
		a.read("/beta"+path+"usersRegisteredByFeature"+arguments).is(200, `{"@odata.context": "`+base+`/beta/$metadata#microsoft.graph.userRegistrationFeatureSummary", `+common+
			fmt.Sprintf(`"userRegistrationFeatureCounts": [{"feature": "ssprRegistered", "userCount": 0}, {"feature": "ssprEnabled", "userCount": 0}, {"feature": "ssprCapable", "userCount": 0},
				{"feature": "passwordlessCapable", "userCount": 0}, {"feature": "mfaCapable", "userCount": %d}]}`, want[3]))
	}
	for _, arguments := range []string{"(includedUserTypes='robot',includedUserRoles='all')", "(includedUserTypes='all',includedUserRoles='owner')"} {
		a.read("/v1.0"+path+"usersRegisteredByMethod"+arguments).refused(400, "BadRequest")
	}
}

func TestReportRights(t *testing.T) {
	a := registered(t)
	for _, url := range []string{
		"/userRegistrationDetails", "/userRegistrationDetails/" + a.anna.UserID, "/usersRegisteredByMethod", "/usersRegisteredByFeature(includedUserTypes='all',includedUserRoles='all')",
	} {
		url = "/v1.0/reports/authenticationMethods" + url
		for _, who := range []string{"reports", "global", "app"} {
			if r := a.as(who, "GET", url, ""); r.Code != 200 {
				t.Errorf("%s by %s: %d %s", url, who, r.Code, r.Body)
			}
		}
		for _, who := range []string{"auth", "inviter", "plain", "weak", "bare"} {
			a.as(who, "GET", url, "").refused(403, "Authorization_RequestDenied")
		}
	}
}
