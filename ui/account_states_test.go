package ui

import (
	"fmt"
	"strings"
	"time"
)

// daysAgo is some days before all test pages are drawn.
func daysAgo(n int) time.Time { return noon.AddDate(0, 0, -n) }

func passOf(usability string) *PassRow {
	return &PassRow{ID: "5b1f", ValidFrom: noon.Add(-time.Hour), ValidUntil: noon.Add(7*time.Hour + 20*time.Minute), Usability: usability}
}

func passkeyOf(id, name string) PasskeyRow {
	return PasskeyRow{
		ID: id, Name: name, Copies: "synced", State: "usable", AddedAt: daysAgo(40), UsedAt: daysAgo(1),
		RenameURL: "/t/security-info/passkeys/" + id + "/rename", RemoveURL: "/t/security-info/passkeys/" + id + "/remove",
	}
}

func deviceOf(id, name string) DeviceRow {
	return DeviceRow{
		ID: id, Name: name, App: "web/1", State: "usable", AddedAt: daysAgo(40), UsedAt: daysAgo(1),
		RenameURL: "/t/security-info/authenticators/" + id + "/rename", RemoveURL: "/t/security-info/authenticators/" + id + "/remove",
	}
}

// devices are five of every sort.
func devices() []DeviceRow {
	rows := []DeviceRow{deviceOf("d1", "Pixel"), deviceOf("d2", "هاتف العمل"), deviceOf("d3", "Night shift"), deviceOf("d4", "Old phone"), deviceOf("d5", "Tablet in the drawer")}
	rows[0].Current = true
	rows[1].State, rows[1].UsedAt = "second", time.Time{}
	rows[2].Soft, rows[2].App, rows[2].State = true, "cli/1", "blocked"
	rows[3].State, rows[3].SuspendedAt = "suspended", daysAgo(3)
	rows[4].State = "unused"
	return rows
}

func passwordOf() *PasswordRow {
	return &PasswordRow{
		ID: "d0", State: "usable", SetAt: daysAgo(400), UsedAt: daysAgo(30),
		SetURL: "/t/security-info/password", RemoveURL: "/t/security-info/password/remove",
	}
}

// drawer is ten passkeys of every sort.
func drawer() []PasskeyRow {
	names := []string{
		"MacBook", "iPhone 18 Pro", strings.Repeat("Donaudampfschifffahrtsgesellschaft", 3), "مفتاح العمل", "Passkey", "YubiKey 5C",
		"Security key in the safe on the third floor, behind the blue binder with the leases", "Pixel", "Windows Hello", "Old phone",
	}
	rows := make([]PasskeyRow, len(names))
	for i, name := range names {
		rows[i] = passkeyOf(fmt.Sprintf("k%d", i), name)
		rows[i].AddedAt = daysAgo(100 - 10*i)
	}
	rows[1].Copies, rows[1].Current = "syncable", true
	rows[4].Copies, rows[4].GivenBy, rows[4].UsedAt = "single", "admin@contoso.example", time.Time{}
	rows[5].Copies, rows[5].Model = "single", "YubiKey 5 Series with NFC"
	rows[7].State = "blocked"
	rows[8].State, rows[8].SuspendedAt, rows[8].Copies = "suspended", daysAgo(3), "single"
	return rows
}

var someSignals = Signals{Host: "id.example", Handle: "AAECAwQ", Credentials: "a2V5MQ a2V5Mg"}

// securityStates has the pages of one's own methods.
func securityStates() []state {
	info := func(name string, change func(*SecurityInfo)) state {
		v := SecurityInfo{
			Action: "/t/security-info", Username: anna, DisplayName: "Anna Novak", Pass: passOf("EnabledByPolicy"),
			Banner: Banner{"pass", noon.Add(7*time.Hour + 20*time.Minute)}, First: "temporaryAccessPass", Add: "banner",
			Session:    SessionRow{Ends: noon.Add(7*time.Hour + 20*time.Minute), Bounded: true, EverywhereURL: "/t/security-info/sign-out-everywhere"},
			SignInsURL: "/t/security-info/sign-ins", AppsURL: "/t/apps", Signals: someSignals,
		}
		change(&v)
		return state{name, v}
	}
	unable := func(why string) func(*SecurityInfo) {
		return func(v *SecurityInfo) { v.Add, v.Unable = "", why }
	}
	nothing := func(usability string) func(*SecurityInfo) {
		return func(v *SecurityInfo) {
			v.Pass.Usability, v.First, v.Banner, v.Add, v.Unable, v.Session.Bounded = usability, "", Banner{Why: "none"}, "", "prove", false
		}
	}
	withPasskey := func(v *SecurityInfo) {
		v.Pass, v.Banner, v.First, v.Add, v.Session.Bounded = nil, Banner{}, "passkey", "list", false
		v.Passkeys = []PasskeyRow{passkeyOf("k1", "MacBook")}
		v.Passkeys[0].Current = true
	}
	notice := func(id string) state {
		return info("security-info-"+id, func(v *SecurityInfo) { withPasskey(v); v.NoticeID = id })
	}
	list := []state{
		info("security-info-administrator", func(v *SecurityInfo) { v.GivePassURL = "/t/admin/passes/new" }),
		info("security-info", func(*SecurityInfo) {}),
		info("security-info-unused", func(v *SecurityInfo) { v.Pass.Once = true }),
		info("security-info-soon", func(v *SecurityInfo) { v.Session.Ends = noon.Add(9 * time.Minute) }),
		info("security-info-window", func(v *SecurityInfo) {
			v.Pass.Once, v.Pass.Usability, v.First, v.Banner = true, "OneTimeUsed", "", Banner{"window", noon.Add(9*time.Minute + 20*time.Second)}
		}),
		info("security-info-closed", func(v *SecurityInfo) {
			v.Pass.Once, v.Pass.Usability, v.First, v.Banner, v.Add, v.Unable = true, "OneTimeUsed", "", Banner{"closed", v.Session.Ends}, "", "prove"
		}),
		info("security-info-expired", nothing("Expired")),
		info("security-info-notyet", nothing("NotYetValid")),
		info("security-info-disabled", nothing("DisabledByPolicy")),
		info("security-info-none", func(v *SecurityInfo) { nothing("Expired")(v); v.Pass, v.NoticeID = nil, "pass-deleted" }),
		info("security-info-passkey", withPasskey),
		info("security-info-bound", func(v *SecurityInfo) {
			v.Passkeys = []PasskeyRow{passkeyOf("k1", "MacBook")}
			v.Passkeys[0].UsedAt, v.Passkeys[0].AddedAt, v.NoticeID = time.Time{}, noon, "passkey-added"
			v.Banner, v.Add, v.Session.UsePasskey = Banner{}, "list", true
		}),
		info("security-info-lost", func(v *SecurityInfo) {
			v.Passkeys = []PasskeyRow{passkeyOf("k1", "MacBook"), passkeyOf("k2", "Old phone")}
			v.Banner, v.Add, v.Session.UsePasskey, v.CleanUpURL = Banner{}, "list", true, "/t/security-info/clean-up"
		}),
		info("security-info-password", func(v *SecurityInfo) {
			v.Pass, v.First, v.Banner, v.Password, v.Session.Bounded = nil, "password", Banner{Why: "password"}, passwordOf(), false
			v.Add, v.Unable = "", "prove"
		}),
		info("security-info-prefer", func(v *SecurityInfo) {
			withPasskey(v)
			v.Password, v.Prefer, v.First = passwordOf(), []string{"password"}, "passkey"
		}),
		info("security-info-may-have-password", func(v *SecurityInfo) {
			withPasskey(v)
			v.Password = &PasswordRow{State: "usable", SetURL: "/t/security-info/password"}
		}),
		info("security-info-many", func(v *SecurityInfo) {
			withPasskey(v)
			v.Passkeys, v.Add, v.Unable, v.Password = drawer(), "", "full", passwordOf()
			v.Password.State, v.Password.SetURL = "blocked", ""
			v.DisplayName = strings.Repeat("Wolfeschlegelsteinhausenbergerdorff", 2)
		}),
		info("security-info-devices", func(v *SecurityInfo) {
			withPasskey(v)
			v.Passkeys, v.Devices, v.First, v.Prefer, v.Password, v.AddDevice = nil, devices(), "password", []string{"authenticator"}, passwordOf(), true
		}),
		info("security-info-device-only", func(v *SecurityInfo) {
			withPasskey(v)
			unable("scope")(v)
			v.Passkeys, v.Devices, v.First, v.AddDevice = nil, []DeviceRow{deviceOf("d1", "Pixel")}, "authenticator", true
		}),
		info("security-info-add-device", func(v *SecurityInfo) { v.AddDevice = true }),
		info("security-info-guest", func(v *SecurityInfo) {
			v.Username, v.DisplayName, v.Codes, v.First, v.Signals = guest, "Guadalupe Ortiz", "g•••@partner.example", "", Signals{Host: "id.example", Handle: "AAECAwQ"}
			v.Pass, v.Banner, v.Add, v.Session.Bounded, v.Session.Ends = nil, Banner{}, "", false, noon.Add(23*time.Hour+40*time.Minute)
		}),
		info("security-info-no-host", func(v *SecurityInfo) { unable("host")(v); v.Signals = Signals{} }),
	}
	for _, why := range []string{"disabled", "scope", "self-service", "external"} {
		list = append(list, info("security-info-unable-"+why, unable(why)))
	}
	for _, id := range []string{
		"passkey-renamed", "passkey-removed", "device-added", "device-renamed", "device-removed", "password-set", "password-removed", "methods-removed", "methods-kept", "method-preferred",
	} {
		list = append(list, notice(id))
	}
	return append(list, changeStates()...)
}

// changeStates has the pages on which one's own methods are changed.
func changeStates() []state {
	const back = "/t/security-info"
	key, odd, phones := passkeyOf("k0", "MacBook"), drawer(), devices()
	password := SetPassword{Action: "/t/security-info/password", BackURL: back, Username: anna, Length: 12}
	change, short := password, password
	change.Changes, change.Ends = true, true
	short.Refusal = "The password has 5 characters; it needs at least 12."
	cleanUp := CleanUp{Action: "/t/security-info/clean-up", BackURL: back, Passkeys: []PasskeyRow{key, odd[2], odd[1]}, Password: passwordOf(), EverywhereURL: "/t/security-info/sign-out-everywhere"}
	cleanUp.Devices = phones[:2]
	unchosen := cleanUp
	unchosen.Problem = Problem{ID: "cleanup.empty"}
	again := "/contoso.example/security-info"
	return []state{
		{"delete-pass", DeletePass{Action: back, Pass: passOf("EnabledByPolicy"), OnlyWay: true}},
		{"delete-pass-session", DeletePass{Action: back, Pass: passOf("EnabledByPolicy"), EndsSession: true, OnlyWay: true}},
		{"delete-pass-used", DeletePass{Action: back, Pass: passOf("OneTimeUsed"), EndsSession: true}},
		{"rename-method", RenameMethod{Action: key.RenameURL, BackURL: back, Name: "MacBook"}},
		{"rename-method-refused", RenameMethod{Action: key.RenameURL, BackURL: back, Refusal: "A passkey needs a name of at most 256 bytes, without control characters."}},
		{"remove-method", RemoveMethod{Action: key.RemoveURL, Passkey: &key}},
		{"remove-method-only", RemoveMethod{Action: odd[5].RemoveURL, Passkey: &odd[5], OnlyWay: true, EndsSession: true}},
		{"remove-method-long", RemoveMethod{Action: odd[2].RemoveURL, Passkey: &odd[2]}},
		{"rename-device", RenameMethod{Action: phones[0].RenameURL, BackURL: back, Name: "Pixel", Device: true}},
		{"remove-device", RemoveMethod{Action: phones[0].RemoveURL, Device: &phones[0], OnlyWay: true, EndsSession: true}},
		{"remove-password", RemoveMethod{Action: "/t/security-info/password/remove"}},
		{"set-password", password},
		{"set-password-change", change},
		{"set-password-short", short},
		{"clean-up", cleanUp},
		{"clean-up-unchosen", unchosen},
		{"clean-up-none", CleanUp{Action: cleanUp.Action, BackURL: back, EverywhereURL: cleanUp.EverywhereURL}},
		{"sign-out-everywhere", SignOutEverywhere{Action: cleanUp.EverywhereURL}},
		{"signed-out-pass-deleted", SignedOut{NoticeID: "pass-deleted", AgainURL: again}},
		{"signed-out-everywhere", SignedOut{NoticeID: "signed-out-everywhere", AgainURL: again}},
		{"signed-out-of-everywhere", SignedOutOf{NoticeID: "signed-out-everywhere", Frames: frames[:1], AgainURL: again}},
		{"sign-ins", SignInsView{BackURL: back, Rows: signIns()}},
		{"sign-ins-none", SignInsView{BackURL: back}},
	}
}

// signIns has every sort of row.
func signIns() []SignInRow {
	rows := []SignInRow{
		{At: noon.Add(-10 * time.Minute), Kind: "temporaryAccessPass", Address: "192.0.2.7", Browser: "Firefox, Windows", Current: true},
		{At: noon.Add(-20 * time.Minute), App: "Intranet", Kind: "previously", Address: "2001:db8:85a3::8a2e:370:7334", Browser: "Safari, iPhone"},
		{At: daysAgo(1), App: strings.Repeat("Donaudampfschifffahrt", 4), Kind: "passkey", Browser: "Chrome, Android"},
		{At: daysAgo(1), App: "Intranet", Kind: "authenticator", Address: "192.0.2.7", Browser: "Firefox, Windows"},
		{At: daysAgo(2), Kind: "password", Address: "192.0.2.7"},
		{At: daysAgo(3), Method: "Smoke signals"},
		{At: daysAgo(3), Kind: "emailCode", Address: "198.51.100.9"},
	}
	for i, why := range []string{
		"pass-wrong", "pass-expired", "pass-used", "pass-blocked", "pass-none", "phone-blocked", "password-wrong", "disabled", "locked", "declined", "unknown",
		"code-wrong", "code-expired", "code-off", "code-unsent",
	} {
		rows = append(rows, SignInRow{At: daysAgo(4 + i), App: "Wiki", Kind: "temporaryAccessPass", Why: why, Address: "198.51.100.9", Browser: "curl/8.14.1"})
	}
	return rows
}

// accountTexts are the texts that the pages ask for by what they show.
var accountTexts = strings.Fields(`
	notice.pass-deleted notice.device-added notice.device-renamed notice.device-removed notice.passkey-added notice.passkey-renamed notice.passkey-removed notice.password-set
	notice.password-removed notice.methods-removed notice.methods-kept notice.method-preferred prefer.passkey prefer.authenticator prefer.password notice.signed-out-everywhere
	banner.pass banner.password banner.closed banner.none copies.synced copies.syncable copies.single
	first.temporaryAccessPass first.passkey first.authenticator first.password
	unable.disabled unable.scope unable.self-service unable.external unable.host unable.full unable.prove
	why.pass-wrong why.pass-expired why.pass-used why.pass-blocked why.pass-none why.phone-blocked why.password-wrong why.disabled
	why.locked why.declined why.unknown why.code-wrong why.code-expired why.code-off why.code-unsent
	security-info.used security-info.unused method.passkey.title method.passkey.text method.authenticator.title method.authenticator.text method.password.title method.password.text
	method.emailCode.title method.emailCode.text method.federation.title method.federation.text
	method.guestProvider.title method.guestProvider.text method.homeTenant.title method.homeTenant.text`)
