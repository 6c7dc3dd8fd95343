package idp_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
)

// documentedRoles are the roles of Microsoft Entra ID by its documents, with their
// template ids, and whether who holds only such ones counts as a member without an
// administrative role ("Who can perform sensitive actions").
var documentedRoles = []struct {
	name, id string
	limited  bool
}{
	{"Global Administrator", "62e90394-69f5-4237-9190-012177145e10", false},
	{"Privileged Authentication Administrator", "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", false},
	{"Authentication Administrator", "c4e39bd9-1100-46d3-8c65-fb160da0071f", true},
	{"Authentication Policy Administrator", "0526716b-113d-4c15-b2c8-68e3c22b9f80", false},
	{"Global Reader", "f2ef992c-3afb-46b9-b7cf-a126ee74c451", false},
	{"Security Administrator", "194ae4cb-b126-40b2-bd5b-6091b380977d", false},
	{"Security Reader", "5d6b6bb7-de71-4623-b4af-96380a352509", false},
	{"User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1", false},
	{"Helpdesk Administrator", "729827e3-9c14-49f7-bb1b-9608f156bbb8", false},
	{"Password Administrator", "966707d0-3269-4727-9be2-8c3a10f19b9d", true},
	{"Privileged Role Administrator", "e8611ab8-c189-46e8-94e1-60213ab1f814", false},
	{"Conditional Access Administrator", "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", false},
	{"External Identity Provider Administrator", "be2f45a1-457d-42af-a067-6ec1fa63bc45", false},
	{"Application Administrator", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", false},
	{"Cloud Application Administrator", "158c047a-c907-4556-b7ef-446551a6b5f7", false},
	{"Hybrid Identity Administrator", "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", false},
	{"Guest Inviter", "95e79109-95c0-4d8e-aee3-d01accf2d47b", true},
	{"Reports Reader", "4a5d8f65-41da-4de4-8968-e035b65339cf", true},
	{"Domain Name Administrator", "8329153b-31d0-4727-b945-745eb3bc5f31", false},
	{"Directory Readers", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", true},
}

func TestRolesAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	var names []string
	for _, want := range documentedRoles {
		names = append(names, want.name)
		r, known := idp.FindRole(want.name)
		if !known || r.Name != want.name || r.TemplateID != want.id || r.Limited != want.limited {
			t.Errorf("%s: got %+v, %t", want.name, r, known)
		}
		if len(r.Description) < 10 || !strings.HasSuffix(r.Description, ".") {
			t.Errorf("%s: described as %q", want.name, r.Description)
		}
		if !idp.IsID(r.TemplateID) {
			t.Errorf("%s: %q is no GUID", want.name, r.TemplateID)
		}
	}
	have := idp.RoleNames()
	slices.Sort(have)
	slices.Sort(names)
	if !slices.Equal(have, names) {
		t.Errorf("roles %q\nwant  %q", have, names)
	}
}

func TestFindRole(t *testing.T) {
	t.Parallel()
	for _, want := range documentedRoles {
		for _, asked := range []string{want.name, strings.ToLower(want.name), strings.ToUpper(want.name), want.id, strings.ToUpper(want.id)} {
			if r, known := idp.FindRole(asked); !known || r.Name != want.name {
				t.Errorf("%q: got %q, %t", asked, r.Name, known)
			}
		}
	}
	for _, asked := range []string{
		"", " ", "Global", "Global Administrator ", "Global  Administrator", "GlobalAdministrator", "Company Administrator",
		"{62e90394-69f5-4237-9190-012177145e10}", "62e9039469f542379190012177145e10", "00000000-0000-0000-0000-000000000000",
	} {
		if r, known := idp.FindRole(asked); known || r != (idp.Role{}) {
			t.Errorf("%q: got %+v", asked, r)
		}
	}
}
