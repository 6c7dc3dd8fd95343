package ui

import "time"

// SecurityInfo shows a person's own sign-in methods. Its buttons: add=passkey,
// add=authenticator, use=passkey, delete=ID, which leads to DeletePass, and decision=sign-out. All that is
// changed otherwise has pages of its own.
type SecurityInfo struct {
	Action      string
	Username    string
	DisplayName string
	NoticeID    string // what was just done
	Banner      Banner
	CleanUpURL  string // empty: nothing to clean up
	Pass        *PassRow
	Passkeys    []PasskeyRow
	Devices     []DeviceRow
	Password    *PasswordRow // nil: none, and none to be had
	Codes       string       // where codes by mail go, masked; empty: they sign in in another way
	First       string       // the kind that is asked for first; empty: none works
	Prefer      []string     // the kinds that can be made the default instead
	Add         string       // where the button to add a passkey is: "banner", "list", or nowhere
	Unable      string       // why there is none, a text
	AddDevice   bool         // they can add a phone or another device
	Session     SessionRow
	SignInsURL  string
	AppsURL     string
	GivePassURL string // empty: they may give nobody a pass
	Signals     Signals
}

// PageName implements View.
func (SecurityInfo) PageName() string { return "security-info" }

// Banner asks to add a sign-in method.
type Banner struct {
	Why   string    // a text; empty: there is a passwordless one
	Until time.Time // what the text tells of: an end of the pass, of the window or of the session
}

// PassRow is a pass as its holder sees it; the secret is never shown.
type PassRow struct {
	ID         string
	ValidFrom  time.Time
	ValidUntil time.Time
	Once       bool
	Usability  string // an idp.Usability
}

// PasskeyRow is a passkey as its holder sees it.
type PasskeyRow struct {
	ID, Name, Model string
	GivenBy         string // the administrator who registered it, or nobody
	Copies          string // "synced", "syncable", "single"
	State           string // "usable", "blocked", "suspended"
	AddedAt         time.Time
	UsedAt          time.Time // zero: not yet
	SuspendedAt     time.Time
	Current         bool // the session rests on it
	RenameURL       string
	RemoveURL       string
}

// DeviceRow is a phone, another device or a program as its holder sees it.
type DeviceRow struct {
	ID, Name, App string
	Soft          bool   // a program answers for them
	State         string // "usable", "second", "blocked", "suspended", "unused"
	AddedAt       time.Time
	UsedAt        time.Time // zero: not yet
	SuspendedAt   time.Time
	Current       bool // the session rests on it
	RenameURL     string
	RemoveURL     string
}

// PasswordRow is a password, or that one can be had.
type PasswordRow struct {
	ID        string // empty: there is none
	State     string // "usable", "blocked"
	SetAt     time.Time
	UsedAt    time.Time
	SetURL    string // empty: it cannot be changed
	RemoveURL string
}

// SessionRow is the session that the page is looked at with.
type SessionRow struct {
	Ends          time.Time
	Bounded       bool // it ends with the pass
	UsePasskey    bool // a passkey would leave that behind
	EverywhereURL string
}

// Signals is what authenticators are told of the user's passkeys (WebAuthn 5.1.10).
type Signals struct {
	Host        string // empty: there are no passkeys
	Handle      string // base64url, as the credential ids are
	Credentials string // separated by spaces
}

// DeletePass asks before a pass is deleted: hidden field delete=ID and
// decision=delete or keep.
type DeletePass struct {
	Action      string
	Pass        *PassRow
	EndsSession bool // the session that asks came from this pass
	OnlyWay     bool
}

// PageName implements View.
func (DeletePass) PageName() string { return "delete-pass" }

// RenameMethod asks for another name of a passkey: field name.
type RenameMethod struct {
	Action  string
	BackURL string
	Name    string // as it is, or as it was typed
	Refusal string
	Device  bool // no passkey
}

// PageName implements View.
func (RenameMethod) PageName() string { return "rename-method" }

// RemoveMethod asks before a passkey or the password is removed: decision=remove or keep.
type RemoveMethod struct {
	Action      string
	Passkey     *PasskeyRow
	Device      *DeviceRow // without either, the password
	OnlyWay     bool
	EndsSession bool
}

// PageName implements View.
func (RemoveMethod) PageName() string { return "remove-method" }

// SetPassword asks for a new password: field new-password.
type SetPassword struct {
	Action   string
	BackURL  string
	Username string
	Changes  bool // there is one already
	Ends     bool // the session rests on that one
	Length   int  // characters at least
	Refusal  string
}

// PageName implements View.
func (SetPassword) PageName() string { return "set-password" }

// CleanUp lists what was there before the session began: fields remove=ID, and
// decision=remove or keep.
type CleanUp struct {
	Action        string
	BackURL       string
	Passkeys      []PasskeyRow
	Devices       []DeviceRow
	Password      *PasswordRow
	EverywhereURL string
	Problem       Problem
}

// PageName implements View.
func (CleanUp) PageName() string { return "clean-up" }

// SignOutEverywhere asks before every session of the person ends: decision=sign-out or stay.
type SignOutEverywhere struct{ Action string }

// PageName implements View.
func (SignOutEverywhere) PageName() string { return "sign-out-everywhere" }

// SignInsView shows a person's own latest sign-ins, and tries at that.
type SignInsView struct {
	BackURL string
	Rows    []SignInRow
}

// PageName implements View.
func (SignInsView) PageName() string { return "sign-ins" }

// SignInRow is one of them.
type SignInRow struct {
	At      time.Time
	App     string // empty: our own pages
	Kind    string // of the method, or "previously"; empty: Method is its name
	Method  string
	Why     string // a text: why it failed; empty: it did not
	Address string
	Browser string
	Current bool // the session the page is looked at with began or went on so
}
