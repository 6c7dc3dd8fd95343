package idp

import (
	"regexp"
	"slices"
	"testing"
)

// TestRulesNameWhatExists reads the rules themselves, which no other package sees.
func TestRulesNameWhatExists(t *testing.T) {
	t.Parallel()
	own := []Action{WritePassword, ReadOwnSignIns} // nobody does these for somebody else
	for action, r := range rules {
		switch others := len(r.permissions) > 0 && len(r.roles) > 0; {
		case slices.Contains(own, action):
			if len(r.permissions) > 0 || len(r.roles) > 0 || r.own == nil {
				t.Errorf("%s: %+v is not for people themselves alone", action, r)
			}
		case !others:
			t.Errorf("%s: no permission or no role is enough", action)
		}
		if r.strong && r.own == nil {
			t.Errorf("%s: nobody does it to themselves, but for that it takes a strong proof", action)
		}
		for name, reach := range r.roles {
			if role, known := FindRole(name); !known || role.Name != name {
				t.Errorf("%s: there is no role %q", action, name)
			}
			if reach != ordinary && reach != anyone {
				t.Errorf("%s: %s reaches %d", action, name, reach)
			}
		}
		if r.notSelf && r.own != nil {
			t.Errorf("%s: nobody does it to themselves, but for that there are permissions", action)
		}
		for _, list := range [][]string{r.permissions, r.own} {
			if sorted := slices.Sorted(slices.Values(list)); len(slices.Compact(sorted)) != len(list) {
				t.Errorf("%s: %q names one twice", action, list)
			}
		}
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[A-Z][A-Za-z]+(-TAP|-Passkey|-Password|-MicrosoftAuthApp)?\.(Read|ReadWrite|Invite|RevokeSessions)(\.(All|Directory|AuthenticationMethod|Authorization|CrossTenantAccess))?$`)
	all, app := Permissions(), AppPermissions()
	for name, list := range map[string][]string{"all": all, "app": app} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("%s: not sorted, or one is there twice: %q", name, list)
		}
		for _, p := range list {
			if !form.MatchString(p) {
				t.Errorf("%s: %q is not of the form that Microsoft's have", name, p)
			}
		}
	}
	var personal []string
	for _, p := range all {
		if !slices.Contains(app, p) {
			personal = append(personal, p)
		}
	}
	// Microsoft's permissions for what is one's own name no reach at their end.
	if want := []string{
		"User.Read", "User.ReadWrite", "UserAuthMethod-MicrosoftAuthApp.Read", "UserAuthMethod-MicrosoftAuthApp.ReadWrite",
		"UserAuthMethod-Passkey.Read", "UserAuthMethod-Passkey.ReadWrite",
		"UserAuthMethod-Password.Read", "UserAuthMethod-Password.ReadWrite", "UserAuthMethod-TAP.Read", "UserAuthMethod-TAP.ReadWrite",
		"UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite",
	}; !slices.Equal(personal, want) {
		t.Errorf("for a person's own: %q\nwant %q", personal, want)
	}
	if len(all) != len(app)+len(personal) {
		t.Error("an app may have for itself what nobody can be permitted")
	}
	if api := GraphAPI(); api.APIID != "00000003-0000-0000-c000-000000000000" || api.ID() != GraphID || !slices.Equal(api.Scopes, all) {
		t.Errorf("%+v", api)
	}
	Permissions()[0] = "changed"
	if !slices.Equal(Permissions(), all) {
		t.Error("who is given the list can change it")
	}
}
