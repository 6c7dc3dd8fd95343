package idp

import (
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode"

	"latchkey/storage"
)

// Invitation asks somebody outside the organization in, as an external user of the
// tenant.
type Invitation struct {
	InvitationID string
	UserID       string
	Email        string
	RedirectURL  string            // where the person goes after redemption
	Ticket       string            // HashToken of the InvitationTicket in the link
	Message      InvitationMessage `json:",omitzero"`
	Send         bool              `json:",omitzero"` // the person is to be told by mail
	CreatedAt    time.Time
	CreatedBy    Party
	Ends         time.Time // it can be accepted before
	RedeemedAt   time.Time `json:",omitzero"`
}

// InvitationMessage is what the mail says.
type InvitationMessage struct {
	Language string   `json:",omitzero"`
	Body     string   `json:",omitzero"`
	Copies   []string `json:",omitzero"` // addresses
}

// NewInvitation makes an invitation and the secret of its link.
func NewInvitation(u *User, redirect string, by Party, now, ends time.Time) (*Invitation, string) {
	ticket := NewToken(InvitationTicket)
	return &Invitation{
		InvitationID: NewID(), UserID: u.UserID, Email: u.Profile.Email, RedirectURL: redirect,
		Ticket: HashToken(InvitationTicket, ticket), CreatedAt: now, CreatedBy: by, Ends: ends,
	}, ticket
}

// RedeemPath is where the link of the invitation leads, below the deployment's base URL.
func (i *Invitation) RedeemPath(tenant, ticket string) string {
	return "/" + tenant + "/redeem?user=" + url.QueryEscape(i.InvitationID) + "&ticket=" + url.QueryEscape(ticket) + "&ver=2.0"
}

// Kind names the record.
func (*Invitation) Kind() string { return "invitation" }

// ID is the invitation's GUID.
func (i *Invitation) ID() string { return i.InvitationID }

// Indexes finds the one invitation of a user.
func (i *Invitation) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: i.UserID, Unique: true}}
}

// InvitationOf is the last invitation of a user, nil if there is none.
func InvitationOf(tx *storage.Tx, userID string) (*Invitation, error) {
	return Optional(storage.Lookup[Invitation](tx, "user", userID))
}

// Validate checks what the person who invites has given.
func (i *Invitation) Validate() error {
	at, err := url.Parse(i.RedirectURL)
	switch {
	case err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || len(i.RedirectURL) > 2000 || strings.ContainsFunc(i.RedirectURL, notPrintable):
		return Errorf(Invalid, "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL.")
	case len(i.Message.Body) > 4096 || strings.ContainsFunc(i.Message.Body, isControlInText):
		return Errorf(Invalid, "The message body may have at most 4,096 bytes, without control characters.")
	case len(i.Message.Language) > 35 || strings.ContainsFunc(i.Message.Language, notPrintable):
		return Errorf(Invalid, "The message language %q is no language tag.", clipped(i.Message.Language))
	case len(i.Message.Copies) > 1:
		return Errorf(Invalid, "An invitation has at most one ccRecipient.")
	}
	for _, a := range append([]string{i.Email}, i.Message.Copies...) {
		if _, err := NormalEmail(a); err != nil {
			return err
		}
	}
	return nil
}

func isControlInText(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }

// NormalEmail is the one spelling of a mail address: bare, trimmed, in lower case, its domain
// in ASCII, without quotes that nothing needs. What is looked at is the normal form, which
// may have other characters than what was typed. What stands behind a plus sign stays: whose
// mailbox that is, only the domain knows (RFC 5321 2.3.11).
func NormalEmail(s string) (string, error) {
	if typed, err := mail.ParseAddress(s); err == nil && typed.Name == "" && strings.HasPrefix(strings.TrimSpace(s), `"`) && !strings.Contains(s, "<") {
		s = typed.Address
	}
	n, err := NormalName(s)
	a, malformed := mail.ParseAddress(n)
	if err != nil || malformed != nil || a.Address != n || len(n) > 254 {
		return "", Errorf(Invalid, "%q is not an e-mail address.", clipped(s))
	}
	return n, nil
}

func clipped(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}

// Why an invitation cannot be accepted: the keys of texts.
const (
	InvitationUnknown = "invitation.unknown"
	InvitationUsed    = "invitation.used"
	InvitationEnded   = "invitation.ended"
)

// Refuses tells why the invitation cannot be accepted; "" if it can.
func (i *Invitation) Refuses(now time.Time) string {
	switch {
	case !i.RedeemedAt.IsZero():
		return InvitationUsed
	case !now.Before(i.Ends):
		return InvitationEnded
	}
	return ""
}

// External is what is known of a user who came by invitation.
type External struct {
	State     ExternalState `json:",omitzero"`
	ChangedAt time.Time     `json:",omitzero"` // of the state
	InvitedBy Party         `json:",omitzero"`
	Source    Source        `json:",omitzero"` // by which they have redeemed, and sign in since
	Sponsors  []string      `json:",omitzero"` // ids of users or groups that answer for them
}

// Pending tells whether the user was invited and has not accepted.
func (x External) Pending() bool { return x.State == PendingAcceptance }

// Accept makes the user one of the tenant's, who signs in by the source from now on.
func (x *External) Accept(by Source, now time.Time) {
	x.State, x.ChangedAt, x.Source = Accepted, now, by
}

// ExternalState is how far an invited user has come.
type ExternalState string

// The states.
const (
	PendingAcceptance ExternalState = "PendingAcceptance"
	Accepted          ExternalState = "Accepted"
)

// GuestName is the user name of somebody who is invited by mail address: made of the
// address where that gives a name, which one that is long or written from right to left
// does not.
func GuestName(email string, t *Tenant) string {
	name := strings.ReplaceAll(email, "@", "_") + "#ext#@" + t.Domains[0]
	if n, err := NormalName(name); err != nil || n != name {
		name = DerivedID(t.TenantID, email) + "#ext#@" + t.Domains[0]
	}
	return name
}
