package ui

import (
	"html/template"
	"time"
)

// View is the data of one page.
type View interface {
	// PageName is the name of the page's template and its data-page attribute.
	PageName() string
}

// leaver marks the pages whose form may be answered by a redirect to another
// site, or is sent there. Chromium applies form-action to such redirects too,
// and the places a relying party sends people on to cannot be listed, so these
// pages carry no form-action.
type leaver interface{ leavesSite() }

// leaves is embedded by the views that are leavers.
type leaves struct{}

func (leaves) leavesSite() {}

// borrower marks the pages that show something of other sites. Their policy lets in
// the origins it comes from and no other.
type borrower interface {
	borrows() (images, frames []string)
}

// AppLinks are the addresses that an app registered to be shown to people.
type AppLinks struct{ LogoURI, HomeURI, PolicyURI, TermsURI string }

func (a AppLinks) borrows() (images, _ []string) { return []string{a.LogoURI}, nil }

// Consent asks whether an app may have what it asks for: decision=allow or deny.
type Consent struct {
	leaves
	AppLinks
	Action, State string
	AppName       string
	AppHost       string // where the person is sent on to
	Username      string
	Scopes        []string
	APIs          map[string]string // names of the APIs that scopes are of, by identifier
}

// PageName implements View.
func (Consent) PageName() string { return "consent" }

// SignOut confirms a sign-out asked for by an app: decision=sign-out or stay.
type SignOut struct {
	leaves
	Action, State string
	AppName       string // empty when no app could be recognised
	Username      string
}

// PageName implements View.
func (SignOut) PageName() string { return "sign-out" }

// SignedOut says that the session is over.
type SignedOut struct {
	NoticeID string // what ended the session: "pass-deleted" and the like
	AgainURL string // where to sign in again
}

// PageName implements View.
func (SignedOut) PageName() string { return "signed-out" }

// SignedOutOf tells the apps of a session that it is over, each in a hidden frame,
// and goes on to the app that asked (OIDC Front-Channel Logout 1.0). It may run in a
// window that this app opened and watches.
type SignedOutOf struct {
	leaves
	NoticeID string   // likewise
	Frames   []string // front-channel logout URIs
	Next     string   // where to go on; empty: nowhere, the session is just over
	NextHost string   // how that is told
	AgainURL string   // without Next: where to sign in again
}

// PageName implements View.
func (SignedOutOf) PageName() string { return "signed-out-of" }

// Onward is Next, if it is an address that may be registered.
func (v SignedOutOf) Onward() template.URL { return onward(v.Next) }

func (v SignedOutOf) borrows() (_, frames []string) { return nil, v.Frames }

// Error tells what happened and what to do.
type Error struct {
	Problem     Problem
	Code        string // AADSTS number or OAuth code; empty: that of the Problem
	Detail      string // a name or address the problem is about, for whoever mends it
	Time        time.Time
	TryAgainURL string
	Onward      bool // that leads on, and trying again would not help
	Back        bool // or leads back to security info
}

// PageName implements View.
func (Error) PageName() string { return "error" }

// Device asks for the code another device shows: field code (RFC 8628 section 3.3).
type Device struct {
	Action   string
	UserCode string // what was typed before, or prefilled from verification_uri_complete
	Problem  Problem
}

// PageName implements View.
func (Device) PageName() string { return "device" }

// DeviceConfirm asks whether that device may go on: decision=allow or deny.
type DeviceConfirm struct {
	AppLinks
	Action, State string
	AppName       string
	UserCode      string
	Username      string
	Scopes        []string
	APIs          map[string]string // names of the APIs that scopes are of, by identifier
}

// PageName implements View.
func (DeviceConfirm) PageName() string { return "device-confirm" }

// DeviceDone says that the person can go back to the device.
type DeviceDone struct{ Allowed bool }

// PageName implements View.
func (DeviceDone) PageName() string { return "device-done" }

// Organizations asks for the organization: field tenant, a domain, an id or one's address.
type Organizations struct {
	Action  string
	Value   string
	Problem Problem
	Recent  []OrganizationLink // where somebody signed in in this browser before
}

// PageName implements View.
func (Organizations) PageName() string { return "organizations" }

// OfGuest tells whether it seems to be a guest who is asked.
func (v Organizations) OfGuest() bool { return v.Problem.ID == "guest.elsewhere" }

// FormPost sends an authorization response on to the app (OAuth 2.0 Form Post
// Response Mode section 2): by script, or by the person's own press.
type FormPost struct {
	leaves
	Action string
	Fields []Field
}

// Field is one name and value of a FormPost.
type Field struct{ Name, Value string }

// PageName implements View.
func (FormPost) PageName() string { return "form-post" }

// Home is the front page of the deployment.
type Home struct {
	OrganizationsURL string
}

// PageName implements View.
func (Home) PageName() string { return "home" }
