package graph

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/microsoftgraph/msgraph-sdk-go/auditlogs"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/reports"
)

func (d *day) auditsWhere(t *testing.T, filter string) []models.DirectoryAuditable {
	t.Helper()
	return must(d.AuditLogs().DirectoryAudits().Get(t.Context(), &auditlogs.DirectoryAuditsRequestBuilderGetRequestConfiguration{
		QueryParameters: &auditlogs.DirectoryAuditsRequestBuilderGetQueryParameters{
			Filter: &filter, Orderby: []string{"activityDateTime desc"}, Top: new(int32(50)),
		},
	}))(t).GetValue()
}

// audits: what others' detection rules look for is said in exactly their words.
func (d *day) audits(t *testing.T) {
	made := d.auditsWhere(t, "activityDisplayName eq 'Admin registered security info'")
	if len(made) == 0 {
		t.Fatal("nobody has made a pass")
	}
	for _, e := range made {
		for what, v := range map[string][2]string{
			"activity": {of(e.GetActivityDisplayName()), "Admin registered security info"},
			"reason":   {of(e.GetResultReason()), "Admin registered temporary access pass method for user"},
			"category": {of(e.GetCategory()), "UserManagement"},
			"service":  {of(e.GetLoggedByService()), "Authentication Methods"},
			"result":   {of(e.GetResult()).String(), "success"},
		} {
			wantEqual(t, what, v[0], v[1])
		}
	}
	newest := made[0] // Mira's, made by the app
	if by := newest.GetInitiatedBy().GetApp(); by == nil || of(by.GetAppId()) != contoso.app(t, "graph").ID {
		t.Errorf("the newest pass was not made by the app: %s", wire.last())
	}
	target := only(t, "targets", newest.GetTargetResources())
	wantEqual(t, "target", of(target.GetId()), d.mira)
	wantEqual(t, "target's name", of(target.GetUserPrincipalName()), "mira@"+contoso.Domain)
	wantEqual(t, "target's type", of(target.GetTypeEscaped()), "User")

	admin := contoso.person(t, "authentication-administrator").ID
	var byPerson int
	for _, e := range made {
		if u := e.GetInitiatedBy().GetUser(); u != nil && of(u.GetId()) == admin {
			byPerson++
		}
	}
	wantEqual(t, "passes made by the Authentication Administrator", byPerson, 1)
	for _, activity := range []string{"Admin deleted security info", "User deleted security info", "Invite external user", "Add user", "Update user", "Add group", "Add member to group", "Add member to role"} {
		if len(d.auditsWhere(t, "activityDisplayName eq '"+activity+"'")) == 0 {
			t.Errorf("nothing is logged as %q", activity)
		}
	}
}

func (d *day) signIns(t *testing.T) {
	filter := "userId eq '" + d.mira + "'"
	all := must(d.AuditLogs().SignIns().Get(t.Context(), &auditlogs.SignInsRequestBuilderGetRequestConfiguration{
		QueryParameters: &auditlogs.SignInsRequestBuilderGetQueryParameters{Filter: &filter, Top: new(int32(10))},
	}))(t).GetValue()
	if len(all) == 0 {
		t.Fatal("Mira has not signed in")
	}
	newest := all[0]
	wantEqual(t, "user name", of(newest.GetUserPrincipalName()), "mira@"+contoso.Domain)
	if s := newest.GetStatus(); s == nil || of(s.GetErrorCode()) != 0 {
		t.Errorf("the sign-in ended with %v: %s", s, wire.last())
	}
	wantEqual(t, "app", of(newest.GetAppDisplayName()), "Console")
	item := must(d.AuditLogs().SignIns().BySignInId(of(newest.GetId())).Get(t.Context(), nil))(t)
	wantEqual(t, "id", of(item.GetId()), of(newest.GetId()))

	// How somebody signed in is in the beta alone, of which this SDK knows nothing.
	must(d.AuditLogs().SignIns().WithUrl(contoso.base+"/beta/auditLogs/signIns?$filter="+url.QueryEscape(filter)).Get(t.Context(), nil))(t)
	var beta struct {
		Value []struct {
			AuthenticationDetails []struct {
				AuthenticationMethod string
				Succeeded            bool
			}
		}
	}
	wantNone(t, json.Unmarshal(wire.last().reply, &beta))
	if len(beta.Value) != len(all) || len(beta.Value[0].AuthenticationDetails) == 0 {
		t.Fatalf("beta has %s", wire.last())
	}
	how := beta.Value[0].AuthenticationDetails[0]
	wantEqual(t, "method", how.AuthenticationMethod, "Temporary Access Pass")
	wantEqual(t, "succeeded", how.Succeeded, true)
}

func (d *day) reports(t *testing.T) {
	methods := d.Reports().AuthenticationMethods()
	details := must(methods.UserRegistrationDetails().Get(t.Context(), &reports.AuthenticationMethodsUserRegistrationDetailsRequestBuilderGetRequestConfiguration{
		QueryParameters: &reports.AuthenticationMethodsUserRegistrationDetailsRequestBuilderGetQueryParameters{Filter: new("isAdmin eq true")},
	}))(t).GetValue()
	admin := contoso.person(t, "admin")
	wantContains(t, "administrators", idsOf(details), admin.ID)
	one := must(methods.UserRegistrationDetails().ByUserRegistrationDetailsId(admin.ID).Get(t.Context(), nil))(t)
	wantEqual(t, "user name", of(one.GetUserPrincipalName()), admin.Name)
	wantContains(t, "methods", one.GetMethodsRegistered(), "temporaryAccessPass")
	guests := must(methods.UserRegistrationDetails().Get(t.Context(), &reports.AuthenticationMethodsUserRegistrationDetailsRequestBuilderGetRequestConfiguration{
		QueryParameters: &reports.AuthenticationMethodsUserRegistrationDetailsRequestBuilderGetQueryParameters{Filter: new("userType eq 'guest'")},
	}))(t).GetValue()
	wantContains(t, "guests", idsOf(guests), d.guest)

	summary := must(methods.UsersRegisteredByMethodWithIncludedUserTypesWithIncludedUserRoles(new("all"), new("all")).Get(t.Context(), nil))(t)
	counts := map[string]int64{}
	for _, c := range summary.GetUserRegistrationMethodCounts() {
		counts[of(c.GetAuthenticationMethod())] = of(c.GetUserCount())
	}
	if of(summary.GetTotalUserCount()) < 10 || counts["temporaryAccessPass"] < 5 {
		t.Errorf("of %d users %v", of(summary.GetTotalUserCount()), counts)
	}
	if !strings.HasPrefix(wire.last().endpoint(), "/reports/authenticationMethods/usersRegisteredByMethod()") {
		t.Errorf("the SDK asked for %s", wire.last().endpoint())
	}
}
