package main

import (
	"regexp"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// TestDeviceInvite: an operator is told a link whose secret reaches no server by itself, and
// a code for those who have no camera.
func TestDeviceInvite(t *testing.T) {
	s := opened(t)
	d := desk{s.deps, demoActor}
	tenant := must(d.Admin.CreateTenant(t.Context(), demoActor, "Contoso", "contoso.example"))
	must(d.Admin.CreateUser(t.Context(), demoActor, tenant.TenantID, idp.User{PrincipalName: "anna@contoso.example", DisplayName: "Anna"}))
	who := userArgs{User: "anna@contoso.example"}
	if _, err := deviceInvite.do(t.Context(), d, who); idp.ErrorCode(err) != idp.Invalid {
		t.Errorf("with the method turned off: %v", err)
	}
	must(d.Admin.UpdateAuthenticatorPolicy(t.Context(), demoActor, tenant.TenantID, admin.AuthenticatorPolicyChange{Enabled: new(true)}))
	v, err := deviceInvite.do(t.Context(), d, who)
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.QuoteMeta(d.Config.BaseURL + "/authenticator#e=" + tenant.TenantID + "." + string(idp.EnrolmentToken))
	if !regexp.MustCompile("^"+link+`[\w-]{20,}$`).MatchString(v.Link) || v.User != who.User || v.Ends == nil {
		t.Errorf("%+v", v)
	}
	if !regexp.MustCompile(`^[0-9A-Z]{10}$`).MatchString(v.Code) {
		t.Errorf("code %q", v.Code)
	}
	p := &printer{now: s.Clock.Now()}
	showDeviceInvited(p, v)
	for _, want := range []string{v.Link, v.Code[:5] + "-" + v.Code[5:], who.User} {
		if !strings.Contains(p.String(), want) {
			t.Errorf("%q is not told in\n%s", want, p)
		}
	}
}
