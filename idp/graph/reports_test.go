package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
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

// TestRegisteredPasskeys: what is registered counts as such whether it is accepted or not;
// a password does not count.
func TestRegisteredPasskeys(t *testing.T) {
	a := newArchive(t)
	hold := func(name string, synced bool) {
		u := a.person(name)
		a.must(a.store.Update(a.ctx, tenantID, func(tx *storage.Tx) error {
			if name == "words" {
				return tx.Insert(&idp.Password{PasswordID: idp.NewID(), UserID: u.UserID, CreatedAt: epoch})
			}
			return tx.Insert(&idp.Passkey{PasskeyID: idp.NewID(), UserID: u.UserID, Name: "Key", Credential: []byte(idp.NewID()), Synced: synced, CreatedAt: epoch})
		}))
	}
	hold("bound", false)
	hold("both", true)
	hold("both", false)
	hold("words", false)
	const path = "/v1.0/reports/authenticationMethods/"
	details := func(name string, want ...any) {
		t.Helper()
		o := a.read(path + "userRegistrationDetails/" + name + "@contoso.example").json()
		got := []any{o["methodsRegistered"], o["systemPreferredAuthenticationMethods"], o["isPasswordlessCapable"], o["isMfaCapable"], o["isMfaRegistered"]}
		differ(t, name, any(got), any(want))
	}
	counted := func(names ...any) {
		t.Helper()
		counts := a.read(path + "usersRegisteredByMethod").json()["userRegistrationMethodCounts"].([]any)
		features := a.read(path + "usersRegisteredByFeature").json()["userRegistrationFeatureCounts"].([]any)
		got := []any{dig(counts[1], "userCount"), dig(counts[2], "userCount"), dig(features[3], "userCount"), dig(features[4], "userCount")}
		differ(t, "counts", any(got), any(names))
	}
	bound, synced := any("passKeyDeviceBound"), any("passKeySynced")
	details("bound", []any{bound}, []any{bound}, true, true, true)
	details("both", []any{bound, synced}, []any{bound, synced}, true, true, true)
	details("words", []any{}, []any{}, false, false, false)
	counted(2.0, 1.0, 2.0, 2.0)
	_, err := a.admin.UpdatePasskeyPolicy(a.ctx, clerk, tenantID, admin.PasskeyPolicyChange{Synced: new(false)})
	a.must(err)
	details("both", []any{bound, synced}, []any{bound}, true, true, true)
	_, err = a.admin.UpdatePasskeyPolicy(a.ctx, clerk, tenantID, admin.PasskeyPolicyChange{Enabled: new(false)})
	a.must(err)
	details("bound", []any{bound}, []any{}, false, false, true)
	counted(2.0, 1.0, 0.0, 0.0)
}

// TestRegisteredDevices: a device counts as passwordless as long as somebody can sign in by it.
func TestRegisteredDevices(t *testing.T) {
	a := newArchive(t)
	u := a.person("phone")
	policy := func(c admin.AuthenticatorPolicyChange) {
		t.Helper()
		_, err := a.admin.UpdateAuthenticatorPolicy(a.ctx, clerk, tenantID, c)
		a.must(err)
	}
	policy(admin.AuthenticatorPolicyChange{Enabled: new(true)})
	a.must(a.store.Update(a.ctx, tenantID, func(tx *storage.Tx) error {
		return tx.Insert(&idp.Authenticator{AuthenticatorID: idp.NewID(), UserID: u.UserID, Name: "Phone", App: "web/1", Thumbprint: "t", CreatedAt: a.now, SeenAt: a.now})
	}))
	const path = "/v1.0/reports/authenticationMethods/"
	name := any("microsoftAuthenticatorPasswordless")
	details := func(preferred []any, passwordless, capable bool) {
		t.Helper()
		o := a.read(path + "userRegistrationDetails/phone@contoso.example").json()
		got := []any{o["methodsRegistered"], o["systemPreferredAuthenticationMethods"], o["isPasswordlessCapable"], o["isMfaCapable"], o["isMfaRegistered"]}
		differ(t, "", any(got), any([]any{[]any{name}, preferred, passwordless, capable, true}))
	}
	details([]any{name}, true, true)
	counts := a.read(path + "usersRegisteredByMethod").json()["userRegistrationMethodCounts"].([]any)
	differ(t, "counts", counts[3], any(object{"authenticationMethod": name, "userCount": 1.0}))
	policy(admin.AuthenticatorPolicyChange{Include: &[]idp.Target{{Type: "group", ID: idp.AllUsers, Mode: idp.AuthenticatePush}}})
	details([]any{}, false, true)
	policy(admin.AuthenticatorPolicyChange{Enabled: new(false)})
	details([]any{}, false, false)
}

func TestRecoveryReadiness(t *testing.T) {
	a := registered(t)
	const path = "/beta/reports/authenticationMethods/recoveryReadiness"
	want := fmt.Sprintf(`"id": %q, "userPrincipalName": "anna@contoso.example", "userDisplayName": "The anna", "userType": "member", "isAdmin": false,
		"level": "passOnly", "credentialCount": 1, "ways": ["a pass until 2026-11-24 10:00 UTC"]`, a.anna.UserID)
	missing := a.read(path + "/anna@contoso.example").json()["missing"].(string)
	want += fmt.Sprintf(`, "missing": %q`, missing)
	if !strings.HasPrefix(missing, "A passkey, before the pass ends at 2026-11-24 10:00 UTC") {
		t.Error(missing)
	}
	a.read(path+"/"+a.anna.UserID).is(200, `{"@odata.context": "`+base+`/beta/$metadata#reports/authenticationMethods/recoveryReadiness/$entity", `+want+`}`)
	a.read(path+"?$filter=level eq 'passOnly' and isAdmin eq false").is(200, `{"@odata.context": "`+base+`/beta/$metadata#reports/authenticationMethods/recoveryReadiness", "value": [{`+want+`}]}`)
	for filter, n := range map[string]string{"": "11", "?$filter=level eq 'external'": "1", "?$filter=credentialCount gt 0": "2", "?$filter=missing eq null": "1"} {
		if r := a.read(path + "/$count" + filter); r.Body.String() != n {
			t.Errorf("%s: %s, want %s", filter, r.Body, n)
		}
	}
	a.read(path+"/"+elsewhereID).refused(404, "Request_ResourceNotFound")
	if r := a.read("/v1.0/reports/authenticationMethods/recoveryReadiness"); r.Code != 404 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	for _, who := range []string{"auth", "inviter", "plain", "weak", "bare"} {
		for _, one := range []string{"", "/" + a.anna.UserID} {
			a.as(who, "GET", path+one, "").refused(403, "Authorization_RequestDenied")
		}
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
				fmt.Sprintf(`"userRegistrationMethodCounts": [{"authenticationMethod": "temporaryAccessPass", "userCount": %d}, {"authenticationMethod": "passKeyDeviceBound", "userCount": 0},
					{"authenticationMethod": "passKeySynced", "userCount": 0},
					{"authenticationMethod": "microsoftAuthenticatorPasswordless", "userCount": 0}]}`, want[3]))
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
