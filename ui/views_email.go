package ui

import "time"

// EmailSend says that a code will be sent to a mailbox: button send=1.
type EmailSend struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	To            string // the address, masked
	Invited       bool   // the link of an invitation led here
	Problem       Problem
}

// PageName implements View.
func (EmailSend) PageName() string { return "email-send" }

// EmailCode asks for the code that was sent: field code; button send=1 for another one.
type EmailCode struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	To            string    // the address, masked
	Ends          time.Time // of the code
	Again         time.Time // when another one may be sent
	Problem       Problem
}

// PageName implements View.
func (EmailCode) PageName() string { return "email-code" }

// EmailOff says that nobody signs in with codes by mail here, and what to do.
type EmailOff struct {
	leaves
	AppLinks
	Ways
	Action, State string
	Username      string
	AppName       string
	Problem       Problem
}

// PageName implements View.
func (EmailOff) PageName() string { return "email-off" }

// Redeem asks a guest to accept an invitation: invitation=accept or decline.
type Redeem struct {
	leaves
	AppLinks
	Action, State string
	Username      string
	AppName       string
	Inviter       string // empty: not known
	OntoHost      string // where the invitation leads; empty: the app it is for
	Problem       Problem
}

// PageName implements View.
func (Redeem) PageName() string { return "redeem" }

// ReportCode takes the word of somebody who got a code without asking for one: field token.
type ReportCode struct {
	Action, Token string
	Done          bool
}

// PageName implements View.
func (ReportCode) PageName() string { return "report-code" }

// BlockInvitations keeps the organization from inviting an address again: field token.
type BlockInvitations struct {
	Action, Token string
	Address       string
	Done          bool
}

// PageName implements View.
func (BlockInvitations) PageName() string { return "block-invitations" }
