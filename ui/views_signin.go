package ui

import "time"

// Signin asks who is signing in: field username. With an Account it first offers
// that one: buttons account=continue and account=other. With Options a passkey answers
// instead, by script: field assertion.
type Signin struct {
	leaves
	AppLinks
	Action, State string
	Username      string // what was typed before
	AppName       string // empty when the sign-in began here
	Account       string // the account that is signed in already
	Options       string // for navigator.credentials.get, as JSON; empty: no passkeys here
	Tap           bool   // a QR code leads here: its pass may wait in the browser
	Problem       Problem
}

// PageName implements View.
func (Signin) PageName() string { return "signin" }

// Ways are the ways on from a page that asks for one method: buttons other=1,
// method=temporaryAccessPass and change=1.
type Ways struct {
	OtherWays  bool // offer "Other ways to sign in"
	UsePass    bool // offer "Use your Temporary Access Pass instead"
	ChangeUser bool // offer "Use another account"
}

// Pass asks for a Temporary Access Pass: field code.
type Pass struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	StepUp        bool // who is signed in proves it anew, to change how they sign in
	Problem       Problem
}

// PageName implements View.
func (Pass) PageName() string { return "pass" }

// Passkey asks for a passkey, which only a script can: field assertion.
type Passkey struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	StepUp        bool   // who is signed in proves it anew, to change how they sign in
	Options       string // for navigator.credentials.get, as JSON
	Voluntary     bool   // offer to go on without it: button onward=1
	Problem       Problem
}

// PageName implements View.
func (Passkey) PageName() string { return "passkey" }

// Password asks for a password: field password. The field username is for password
// managers.
type Password struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	StepUp        bool // who is signed in proves it anew, to change how they sign in
	Problem       Problem
}

// PageName implements View.
func (Password) PageName() string { return "password" }

// Federated leads to where somebody signs in elsewhere: a link, or the button method=KIND to
// try it again.
type Federated struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	Provider      string // its name
	AwayURL       string // empty: the provider cannot be asked now
	Kind          string // of the method
	Problem       Problem
}

// PageName implements View.
func (Federated) PageName() string { return "federated" }

// OtherWays lists methods, each a button method=KIND. Kinds are those of
// idp.Info; the catalogue has a title and a text for each.
type OtherWays struct {
	leaves
	Action, State string
	Username      string
	Kinds         []string
}

// PageName implements View.
func (OtherWays) PageName() string { return "other-ways" }

// AddMethod has a passkey registered, which only a script can: fields attestation and
// name. Button later=1; who must register gets decision=sign-out to SignOutAction instead.
type AddMethod struct {
	leaves
	AppLinks
	Action, State string
	SignOutAction string
	Username      string
	AppName       string
	Options       string // for navigator.credentials.create, as JSON
	Name          string // what the passkey will be called unless the person changes it
	Must          bool
	Device        bool      // a device can be added instead: button enrol=authenticator
	Ends          time.Time // when the session ends because of the pass; zero: no pass bounds it
	Window        time.Time // when the window closes that a one-time pass opened; zero: none
	By            time.Time // when this registration must be finished
	Problem       Problem
}

// PageName implements View.
func (AddMethod) PageName() string { return "add-method" }

// MethodAdded says that a passkey is ready, and that the session still ends with the pass:
// buttons use-new=1 and onward=1.
type MethodAdded struct {
	leaves
	AppLinks
	Action, State string
	Username      string
	AppName       string
	Name          string // what the passkey is called
	Ends          time.Time
}

// PageName implements View.
func (MethodAdded) PageName() string { return "method-added" }
