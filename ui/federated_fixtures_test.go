package ui

import "latchkey/idp"

// federatedStates are those of the page that leads to a provider elsewhere.
func federatedStates() []state {
	const away = "https://login.branch.example/authorize?client_id=contoso&state=s"
	page := func(name string, change func(*Federated)) state {
		v := Federated{
			Action: "/t/signin", State: sealed, Username: "sam@branch.example", Provider: "Branch & Sons", AwayURL: away, Kind: string(idp.FederatedDomain),
			Ways: Ways{OtherWays: true, UsePass: true, ChangeUser: true},
		}
		change(&v)
		v.Problem.Provider = v.Provider
		return state{name, v}
	}
	return []state{
		page("federated", func(v *Federated) { v.Username, v.ChangeUser = "", false }),
		page("federated-app", func(v *Federated) { v.AppName, v.AppLinks = "Contoso Wiki", wiki }),
		page("federated-down", func(v *Federated) { v.AwayURL, v.Problem.ID = "", "federation.down" }),
		page("federated-other", func(v *Federated) { v.Problem.ID = "federation.other" }),
		page("federated-guest", func(v *Federated) {
			v.Username, v.Provider, v.Kind, v.Ways, v.Problem.ID = guest, "Fabrikam", string(idp.HomeTenant), Ways{ChangeUser: true}, "federation.off"
		}),
		page("federated-gone", func(v *Federated) { v.Provider, v.AwayURL, v.Problem.ID = "", "", "federation.off" }),
		{"other-ways-federated", OtherWays{Action: "/t/signin", State: sealed, Username: "sam@branch.example", Kinds: []string{"temporaryAccessPass", "passkey", string(idp.FederatedDomain)}}},
	}
}
