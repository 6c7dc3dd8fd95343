package main

import (
	"strings"

	"latchkey/idp"
)

// Names for the people of the roles. No two of one organization share one, and the
// organizations share few.
var (
	demoGivenNames = []string{
		"Priya", "Tomás", "Wanjiru", "Lena", "Hiro", "Zainab", "Mateo", "Freya", "Dmitri", "Aroha",
		"Samir", "Chloé", "Kwame", "Ingrid", "Rafael", "Mei", "Yusuf", "Nadia", "Elias", "Thandi",
	}
	demoFamilyNames = []string{
		"Nair", "Vidal", "Kamau", "Brandt", "Sato", "Bello", "Rojas", "Lindqvist", "Volkov", "Ngata",
		"Khoury", "Laurent", "Mensah", "Berg", "Costa", "Chen", "Demir", "Petrova", "Fischer", "Dlamini",
	}
)

// demoAdministrators are one person for each administrative role, but for the Global
// Administrator, whom each organization has as admin@. shift tells apart who they are in
// one organization and in the other.
func demoAdministrators(domain string, shift int) []demoUser {
	var all []demoUser
	for i, r := range idp.Roles {
		if r.Name == idp.GlobalAdministrator {
			continue
		}
		name := strings.ReplaceAll(strings.ToLower(r.Name), " ", "-")
		given, family := demoGivenNames[(i+shift)%len(demoGivenNames)], demoFamilyNames[i%len(demoFamilyNames)]
		p := demoPerson(name, given, family, domain, idp.Member, r.Name)
		p.DisplayName += ", " + r.Name
		all = append(all, demoUser{p, dayOfPass, false, ""})
	}
	return all
}

// demoPermissions are all that an app may have for itself at the admin API.
func demoPermissions() []string {
	all := idp.AppPermissions()
	for i, name := range all {
		all[i] = idp.ScopeOf(idp.GraphID, name)
	}
	return all
}
