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

// Signin asks who is signing in: field username. With an Account it first offers
// that one: buttons account=continue and account=other.
type Signin struct {
	leaves
	AppLinks
	Action, State string
	Username      string // what was typed before
	AppName       string // empty when the sign-in began here
	Account       string // the account that is signed in already
	Problem       Problem
}

// PageName implements View.
func (Signin) PageName() string { return "signin" }

// Pass asks for a Temporary Access Pass: field code; buttons other=1 and change=1.
type Pass struct {
	leaves
	AppLinks
	Action, State string
	Username      string
	AppName       string
	OtherWays     bool // offer "Other ways to sign in"
	ChangeUser    bool // offer "Use another account"
	Problem       Problem
}

// PageName implements View.
func (Pass) PageName() string { return "pass" }

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
	NoticeID string // what ended the session: "pass-deleted"
	AgainURL string // where to sign in again
}

// PageName implements View.
func (SignedOut) PageName() string { return "signed-out" }

// SignedOutOf tells the apps of a session that it is over, each in a hidden frame,
// and goes on to the app that asked (OIDC Front-Channel Logout 1.0). It may run in a
// window that this app opened and watches.
type SignedOutOf struct {
	leaves
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
}

// PageName implements View.
func (Error) PageName() string { return "error" }

// SecurityInfo shows a person's own sign-in methods. The button delete=ID leads
// to DeletePass; sign-out posts decision=sign-out to SignOutAction.
type SecurityInfo struct {
	Action        string
	SignOutAction string
	Username      string
	DisplayName   string
	Pass          *PassRow // the only way in; nil: none
	NoticeID      string   // what was just done: "pass-deleted"
	SessionEnds   time.Time
}

// Usability is that of the pass, empty without one.
func (v SecurityInfo) Usability() string {
	if v.Pass == nil {
		return ""
	}
	return v.Pass.Usability
}

// PassRow is a pass as its holder sees it; the secret is never shown.
type PassRow struct {
	ID         string
	ValidFrom  time.Time
	ValidUntil time.Time
	Once       bool
	Usability  string // an idp.Usability
}

// PageName implements View.
func (SecurityInfo) PageName() string { return "security-info" }

// DeletePass asks before a pass is deleted: hidden field delete=ID and
// decision=delete or keep.
type DeletePass struct {
	Action      string
	Pass        *PassRow
	EndsSession bool // the session that asks came from this pass
}

// PageName implements View.
func (DeletePass) PageName() string { return "delete-pass" }

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

// Organizations asks for the organization: field tenant, a domain or an id.
type Organizations struct {
	Action  string
	Value   string
	Problem Problem
}

// PageName implements View.
func (Organizations) PageName() string { return "organizations" }

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
