package ui

import "strings"

// appsStates has the page of apps, and that where an organization is chosen by whoever
// cannot type its domain.
func appsStates() []state {
	rows := []AppRow{
		{ID: "wiki", Name: "Contoso Wiki", Host: "wiki.contoso.example", URL: "/t/apps/wiki"},
		{ID: "ledger", Name: strings.Repeat("Donaudampfschifffahrt", 4), Host: strings.Repeat("a-long-name.", 8) + "example:8443", URL: "/t/apps/ledger"},
		{ID: "payroll", Name: "كشوف المرتبات", Host: "pay.contoso.example", URL: "/t/apps/payroll"},
	}
	apps := Apps{SecurityInfoURL: "/t/security-info", Username: anna, DisplayName: "Anna Novak", Rows: rows}
	more, none := apps, apps
	more.Rows, more.More, more.DisplayName = rows[:1], true, ""
	none.Rows = nil
	recent := []OrganizationLink{
		{ID: contoso, Name: "Contoso", URL: "https://id.example/contoso.example/security-info"},
		{ID: "f1", Name: "Fabrikam & Daughters" + strings.Repeat(" of the wide world", 4), URL: "https://id.example/fabrikam.example/security-info"},
	}
	guest := Organizations{Action: "/organizations", Problem: Problem{ID: "guest.elsewhere"}}
	guestRecent := guest
	guestRecent.Recent = recent
	return []state{
		{"apps", apps},
		{"apps-more", more},
		{"apps-none", none},
		{"organizations-recent", Organizations{Action: "/organizations", Recent: recent}},
		{"organizations-guest", guest},
		{"organizations-guest-recent", guestRecent},
		{"organizations-unreadable", Organizations{Action: "/organizations", Problem: Problem{ID: "tenant.unreadable"}}},
	}
}
