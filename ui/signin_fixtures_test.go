package ui

import "time"

// Options as the core makes them, in short.
const (
	getOptions    = `{"challenge":"Y2hhbGxlbmdl","timeout":300000,"rpId":"id.example","userVerification":"required"}`
	createOptions = `{"rp":{"name":"Contoso","id":"id.example"},"user":{"name":"anna@contoso.example","displayName":"Anna Novak","id":"dXNlcg"},"challenge":"Y2hhbGxlbmdl","pubKeyCredParams":[{"type":"public-key","alg":-7}],"timeout":300000,"authenticatorSelection":{"residentKey":"required","userVerification":"required"},"attestation":"none"}`
)

// signinStates has the pages of passkeys and passwords, and those that have one added.
func signinStates() []state {
	every := Ways{OtherWays: true, UsePass: true, ChangeUser: true}
	unknown := Problem{ID: "passkey.unknown", Unknown: "a2V5"}
	signin := func(name string, change func(*Signin)) state {
		v := Signin{Action: "/t/signin", State: sealed, AppName: "Intranet", Options: getOptions}
		change(&v)
		return state{name, v}
	}
	passkey := func(name string, change func(*Passkey)) state {
		v := Passkey{Action: "/t/signin", State: sealed, Username: anna, Ways: every, Options: getOptions}
		change(&v)
		return state{name, v}
	}
	password := func(name string, change func(*Password)) state {
		v := Password{Action: "/t/signin", State: sealed, Username: anna, AppName: "Intranet", Ways: every}
		change(&v)
		return state{name, v}
	}
	waits := func(name string, change func(*Number)) state {
		v := Number{
			Action: "/t/signin", State: sealed, Username: anna, Ways: Ways{OtherWays: true}, Mode: "type", Number: "47", CanScan: true, Phase: "pending", Left: 3,
			Ends: noon.Add(time.Minute), EventsURL: "/t/signin/events?state=" + sealed, PollURL: "/t/signin/poll?state=" + sealed,
		}
		change(&v)
		return state{name, v}
	}
	device := func(name string, change func(*AddDevice)) state {
		v := AddDevice{
			Action: "/t/security-info/authenticators/invited/1", BackURL: "/t/security-info", Username: anna, Link: "https://id.example/authenticator#e=t.en_secret",
			Code: "XKQF-7M2P-9R", Ends: noon.Add(10 * time.Minute), EventsURL: "/t/events", PollURL: "/t/poll",
		}
		change(&v)
		return state{name, v}
	}
	add := func(name string, change func(*AddMethod)) state {
		v := AddMethod{
			Action: "/t/signin", State: sealed, SignOutAction: "/t/security-info", Username: anna, Options: createOptions,
			Name: "Chrome on Windows", By: noon.Add(5 * time.Minute),
		}
		change(&v)
		return state{name, v}
	}
	return []state{
		signin("signin-passkey", func(*Signin) {}),
		signin("signin-passkey-app", func(v *Signin) { v.AppName, v.AppLinks = "Contoso Wiki", wiki }),
		signin("signin-passkey-unknown", func(v *Signin) { v.Problem = unknown }),
		signin("signin-passkey-invalid", func(v *Signin) { v.Username, v.Problem.ID = "anna", "username.invalid" }),

		passkey("passkey", func(*Passkey) {}),
		passkey("passkey-step-up", func(v *Passkey) { v.StepUp = true }),
		passkey("passkey-app", func(v *Passkey) { v.AppName, v.AppLinks = "Contoso Wiki", wiki }),
		passkey("passkey-unknown", func(v *Passkey) { v.Problem = unknown }),
		passkey("passkey-wrong", func(v *Passkey) { v.Problem.ID = "passkey.wrong" }),
		passkey("passkey-no-name", func(v *Passkey) { v.Username, v.Ways = "", Ways{} }),
		passkey("passkey-new", func(v *Passkey) { v.AppName, v.Voluntary, v.Ways = "Intranet", true, Ways{} }),

		password("password", func(*Password) {}),
		password("password-wrong", func(v *Password) { v.Problem.ID = "password.wrong" }),
		password("password-empty", func(v *Password) { v.Ways, v.Problem.ID = Ways{ChangeUser: true}, "password.empty" }),
		password("password-toomany", func(v *Password) { v.Problem = Problem{ID: "pass.toomany", Minutes: 3} }),
		password("password-no-name", func(v *Password) { v.Username, v.Ways = "", Ways{UsePass: true} }),
		password("password-app", func(v *Password) { v.AppName, v.AppLinks = "Contoso Wiki", wiki }),

		{"number-send", NumberSend{Action: "/t/signin", State: sealed, Username: anna, AppName: "Contoso Wiki", AppLinks: wiki, Ways: every, Scan: true}},
		{"number-send-step-up", NumberSend{Action: "/t/signin", State: sealed, Username: anna, Ways: Ways{OtherWays: true}, StepUp: true, Problem: Problem{ID: "number.denied"}}},
		{"number-send-open", NumberSend{Action: "/t/signin", State: sealed, Username: anna, Ways: Ways{ChangeUser: true}, Others: []string{"temporaryAccessPass", "passkey"}, Problem: Problem{ID: "number.open", Seconds: 42}}},
		waits("number", func(*Number) {}),
		waits("number-missed", func(v *Number) { v.Number, v.Missed, v.Left = "407", 1, 2 }),
		waits("number-last", func(v *Number) { v.Number, v.Missed, v.Left = "913", 2, 1 }),
		waits("number-pick", func(v *Number) { v.Mode = "pick" }),
		waits("number-scan", func(v *Number) {
			v.Mode, v.Number, v.Scan = "scan", "", "https://id.example/authenticator#s=bm90LWEtc2VjcmV0LWF0LWFsbA"
		}),
		waits("number-waiting", func(v *Number) {
			v.AppName, v.AppLinks, v.Problem = "Contoso Wiki", wiki, Problem{ID: "number.waiting"}
		}),
		device("add-device", func(*AddDevice) {}),
		device("add-device-shown-no-more", func(v *AddDevice) { v.Link, v.Code = "", "" }),
		device("add-device-compare", func(v *AddDevice) {
			v.Came, v.Name, v.App, v.Check, v.Passkey = true, "Lee's phone", "web/1", "4217", true
		}),
		device("add-device-soft", func(v *AddDevice) { v.Came, v.Name, v.App, v.Check, v.Soft = true, "build-7", "cli/1.0", "0042", true }),
		{"add-device-new", AddDeviceHere{Action: "/t/security-info/authenticators/new", BackURL: "/t/security-info", Username: anna}},
		{"add-device-here", AddDeviceHere{Action: "/t/security-info/authenticators/new?here=1", BackURL: "/t/security-info", Username: anna, Here: true}},
		{"other-ways-all", OtherWays{Action: "/t/signin", State: sealed, Username: anna, Kinds: []string{"temporaryAccessPass", "passkey", "password"}}},

		add("add-method", func(*AddMethod) {}),
		add("add-method-pass", func(v *AddMethod) { v.Ends = noon.Add(7 * time.Hour) }),
		add("add-method-window", func(v *AddMethod) { v.Ends, v.Window = noon.Add(time.Hour), noon.Add(9*time.Minute+30*time.Second) }),
		add("add-method-device", func(v *AddMethod) { v.Device = true }),
		add("add-method-must", func(v *AddMethod) {
			v.AppName, v.Must, v.Ends, v.Window = "Intranet", true, noon.Add(time.Hour), noon.Add(10*time.Minute)
		}),
		add("add-method-app", func(v *AddMethod) { v.AppName, v.AppLinks, v.Ends = "Contoso Wiki", wiki, noon.Add(time.Hour) }),
		add("add-method-wrong", func(v *AddMethod) { v.Name, v.Problem.ID = "", "enrol.wrong" }),
		add("add-method-toomany", func(v *AddMethod) { v.Problem = Problem{ID: "pass.toomany", Minutes: 1} }),

		{"error-step-up", Error{Problem: Problem{ID: "stepup.none"}, Time: noon, TryAgainURL: "/t/security-info", Back: true}},
		{"error-enrol", Error{Problem: Problem{ID: "enrol.window"}, Time: noon, TryAgainURL: "/t/signin?state=" + sealed, Onward: true}},

		{"method-added", MethodAdded{Action: "/t/signin", State: sealed, Username: anna, AppName: "Intranet", Name: "Chrome on Windows", Ends: noon.Add(7 * time.Hour)}},
		{"method-added-app", MethodAdded{AppLinks: wiki, Action: "/t/signin", State: sealed, Username: anna, AppName: "Contoso Wiki", Name: "Chrome on Windows", Ends: noon.Add(26 * time.Hour)}},
		{"method-added-gone", MethodAdded{Action: "/t/signin", State: sealed, Username: anna, Ends: noon.Add(7 * time.Hour)}},
	}
}
