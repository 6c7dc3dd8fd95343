package ui

import "time"

// guest is somebody from outside.
const guest = "guadalupe@partner.example"

// emailStates has the pages of codes by mail and of invitations.
func emailStates() []state {
	change := Ways{ChangeUser: true}
	send := func(name string, edit func(*EmailSend)) state {
		v := EmailSend{Action: "/t/signin", State: sealed, Username: guest, AppName: "Intranet", To: "g•••@partner.example", Ways: change}
		edit(&v)
		return state{name, v}
	}
	code := func(name string, edit func(*EmailCode)) state {
		v := EmailCode{
			Action: "/t/signin", State: sealed, Username: guest, AppName: "Intranet", To: "g•••@partner.example", Ways: change,
			Ends: noon.Add(30 * time.Minute), Again: noon.Add(30 * time.Second),
		}
		edit(&v)
		return state{name, v}
	}
	redeem := func(name string, edit func(*Redeem)) state {
		v := Redeem{Action: "/t/signin", State: sealed, Username: guest, Inviter: "anna@contoso.example", OntoHost: "wiki.contoso.example"}
		edit(&v)
		return state{name, v}
	}
	list := []state{
		send("email-send", func(*EmailSend) {}),
		send("email-send-invited", func(v *EmailSend) { v.Username, v.AppName, v.Invited = "", "", true }),
		send("email-send-app", func(v *EmailSend) { v.AppName, v.AppLinks = "Contoso Wiki", wiki }),
		send("email-send-toomany", func(v *EmailSend) { v.Problem = Problem{ID: "code.toomany", Minutes: 23*60 + 1} }),
		send("email-send-tries", func(v *EmailSend) { v.Problem = Problem{ID: "pass.toomany", Minutes: 12} }),

		code("email-code", func(*EmailCode) {}),
		code("email-code-invited", func(v *EmailCode) { v.Username, v.AppName = "", "" }),
		code("email-code-app", func(v *EmailCode) { v.AppName, v.AppLinks, v.Again = "Contoso Wiki", wiki, noon }),
		code("email-code-over", func(v *EmailCode) {
			v.Ends, v.Again, v.Problem.ID = noon.Add(-time.Minute), noon.Add(-20*time.Minute), "code.expired"
		}),
		code("email-code-soon", func(v *EmailCode) {
			v.Again, v.Problem = noon.Add(time.Second), Problem{ID: "code.soon", Seconds: 1, Minutes: 1}
		}),
		code("email-code-toomany", func(v *EmailCode) { v.Problem = Problem{ID: "code.toomany", Minutes: 60} }),

		{"email-off", EmailOff{Action: "/t/signin", State: sealed, Username: guest, AppName: "Intranet", Ways: change, Problem: Problem{ID: "code.off"}}},
		{"email-off-app", EmailOff{AppLinks: wiki, Action: "/t/signin", State: sealed, Username: guest, AppName: "Contoso Wiki", Ways: change, Problem: Problem{ID: "code.off"}}},
		{"email-off-invited", EmailOff{Action: "/t/signin", State: sealed, Ways: change, Problem: Problem{ID: "code.off"}}},
		{"other-ways-guest", OtherWays{Action: "/t/signin", State: sealed, Username: guest, Kinds: []string{"emailCode"}}},

		redeem("redeem", func(*Redeem) {}),
		redeem("redeem-nobody", func(v *Redeem) { v.Inviter = "" }),
		redeem("redeem-app", func(v *Redeem) { v.AppName, v.AppLinks, v.OntoHost = "Contoso Wiki", wiki, "" }),

		{"report-code", ReportCode{Action: "/t/report-code", Token: "t1"}},
		{"report-code-done", ReportCode{Done: true}},
		{"block-invitations", BlockInvitations{Action: "/t/block-invitations", Token: "t1", Address: guest}},
		{"block-invitations-done", BlockInvitations{Action: "/t/block-invitations", Token: "t1", Address: guest, Done: true}},
		{"error-invitation-used", Error{Problem: Problem{ID: "invitation.used"}, Time: noon, TryAgainURL: "https://wiki.contoso.example/start?x=1", Onward: true}},
	}
	for _, id := range []string{"code.used", "code.newer", "code.gone", "code.soon"} {
		list = append(list, send("email-send-"+id, func(v *EmailSend) { v.Problem = Problem{ID: id, Seconds: 12} }))
	}
	for _, id := range []string{"code.empty", "code.malformed", "code.wrong"} {
		list = append(list, code("email-code-"+id, func(v *EmailCode) { v.Problem.ID = id }))
	}
	return list
}
