package ui

import (
	"strings"
	"time"
)

// NumberSend offers to ask somebody on their own device: buttons send=type and send=scan. Others
// are ways that can be taken at once, buttons method=KIND: somebody else is asking already.
type NumberSend struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	StepUp        bool // who is signed in proves it anew, to change how they sign in
	Scan          bool // a QR code can be asked for
	Others        []string
	Problem       Problem
}

// PageName implements View.
func (NumberSend) PageName() string { return "number-send" }

// Number shows what is to be answered on the device, and waits: buttons approved=1, send=type and
// send=scan. Without scripts PollURL holds its answer until there is news.
type Number struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	StepUp        bool
	Mode          string // "type", "scan" or "pick"
	Number        string // empty: in a QR code
	Scan          string // text of the QR code, empty: a number
	CanScan       bool
	Phase         string // state of the request
	Missed        int    // wrong answers so far
	Left          int    // answers left
	Ends          time.Time
	EventsURL     string
	PollURL       string
	Problem       Problem
}

// PageName implements View.
func (Number) PageName() string { return "number" }

// Spoken is the number digit by digit.
func (v Number) Spoken() string { return strings.Join(strings.Split(v.Number, ""), " ") }

// QR is the code that is scanned.
func (v Number) QR() (shape, error) { return drawQR(v.Scan) }

// AddDevice has a device of the person added: a link to scan or to open, a code to type, and once
// it has come, a value to compare: confirm=same or confirm=other.
type AddDevice struct {
	Action    string
	BackURL   string
	State     string // of the sign-in that goes on afterwards, empty for none
	Username  string
	Link      string
	Code      string // in groups; empty: it is shown no longer
	Came      bool
	Name      string // of the device
	App       string // what it says to be
	Soft      bool
	Check     string // what both screens show
	Passkey   bool   // it becomes a passkey too
	Ends      time.Time
	EventsURL string
	PollURL   string
}

// PageName implements View.
func (AddDevice) PageName() string { return "add-device" }

// QR is the link.
func (v AddDevice) QR() (shape, error) { return drawQR(v.Link) }

// AddDeviceHere leads on to add a device, or, with Here, this very browser as one: one button.
type AddDeviceHere struct {
	Action   string
	BackURL  string
	Username string
	Here     bool
}

// PageName implements View.
func (AddDeviceHere) PageName() string { return "add-device-here" }
