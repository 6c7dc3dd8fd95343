package idp

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"latchkey/storage"
)

// Mail is a message that a person is owed. It is written in the transaction of what it
// tells of and sent later, so that neither is there without the other. It holds facts and
// no text. Its key begins with its row and the time of the next try, so that the next one of
// a row is the first.
//
// What only the recipient may read is sealed, and gone with the mail.
type Mail struct {
	MailID  string // row, the time of the next try, and a name that stays
	UserID  string
	To      string // address
	ToName  string `json:",omitzero"`
	Lang    string `json:",omitzero"` // the person's
	About   MailAbout
	Details map[string]string `json:",omitzero"` // such as Method, Name, Address, Browser
	Sealed  string            `json:",omitzero"` // see Seal
	Body    string            `json:",omitzero"` // what somebody wrote to them
	Copies  []string          `json:",omitzero"` // addresses that get the same
	// Decoy: it is owed to nobody and never sent. It is there so that asking for a mail takes
	// as long for a name that nobody has.
	Decoy     bool `json:",omitzero"`
	CreatedAt time.Time
	NextTry   time.Time
	Tries     int    `json:",omitzero"` // begun
	LastError string `json:",omitzero"`
	Ends      time.Time
}

// MailAbout is what a mail tells.
type MailAbout string

// What people are told by mail.
const (
	MailMethodAdded      MailAbout = "method-added"
	MailMethodRemoved    MailAbout = "method-removed"
	MailMethodRenamed    MailAbout = "method-renamed"
	MailPasswordSet      MailAbout = "password-set"
	MailSignedOut        MailAbout = "signed-out-everywhere"
	MailPasskeyCopied    MailAbout = "passkey-copied"
	MailPassGiven        MailAbout = "pass-given"
	MailIdentityLinked   MailAbout = "identity-linked"
	MailIdentityUnlinked MailAbout = "identity-unlinked"
	MailRequestReported  MailAbout = "request-reported"
	MailCode             MailAbout = "code"
	MailInvitation       MailAbout = "invitation"
)

// MailAbouts are all there are.
var MailAbouts = []MailAbout{
	MailMethodAdded, MailMethodRemoved, MailMethodRenamed, MailPasswordSet, MailSignedOut, MailPasskeyCopied, MailPassGiven,
	MailIdentityLinked, MailIdentityUnlinked, MailRequestReported, MailCode, MailInvitation,
}

const (
	// MailLife is how long a mail is tried at most. What is older is no news.
	MailLife = 48 * time.Hour
	// mailKept is how long after its end a mail may wait to be told of as lost.
	mailKept = time.Hour
	// maxMails is how many unsent mails about the same a person may be owed: whoever does
	// something a thousand times does not fill the store or the mailbox, and does not hide
	// behind it what they do once.
	maxMails = 20
	// maxDetail is how much of a name or a fact is kept, in bytes.
	maxDetail = 256
	// maxMailBody is how much somebody may write to whom they invite, in bytes.
	maxMailBody = 4096
)

// mailWaits is how long after each try the next one comes, if the mail is still there
// then; after the last wait, always that. The first also bounds how long sending may take
// before somebody else sends it again. A code is news for half an hour at most.
var (
	mailWaits = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}
	codeWaits = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}
)

// Kind names the record.
func (*Mail) Kind() string { return "mail" }

// ID begins with the row and the time of the next try.
func (m *Mail) ID() string { return m.MailID }

// Indexes finds the mails that a person is owed.
func (m *Mail) Indexes() []storage.Index { return []storage.Index{{Name: "user", Value: m.UserID}} }

// ExpiresAt lets the sweeper remove what nothing sends.
func (m *Mail) ExpiresAt() time.Time { return m.Ends.Add(mailKept) }

// Name is the part of the id that stays whenever it is tried.
func (m *Mail) Name() string { return m.MailID[strings.LastIndex(m.MailID, " ")+1:] }

// Notify owes a person a mail about what was done, if they have an address. Details are
// facts about it, such as the Kind of a "Method" or the "Name" of a credential.
func Notify(tx *storage.Tx, u *User, about MailAbout, details map[string]string, now time.Time) error {
	to := mailAddress(u)
	if to == "" {
		return nil
	}
	owed, _, err := storage.List[Mail](tx, "user", u.UserID, storage.Page{})
	owed = slices.DeleteFunc(owed, func(m *Mail) bool { return m.About != about })
	if err != nil || len(owed) >= maxMails {
		return err
	}
	return tx.Insert(NewMail(u, to, about, details, now, MailLife))
}

// NewMail is a mail to an address of a user, which is tried for some time.
func NewMail(u *User, to string, about MailAbout, details map[string]string, now time.Time, life time.Duration) *Mail {
	m := &Mail{
		MailID: mailID(about, now, NewID()), UserID: u.UserID, To: to, ToName: OneLine(u.DisplayName), Lang: OneLine(u.Profile.Locale), About: about,
		CreatedAt: now, NextTry: now, Ends: now.Add(life),
	}
	for name, value := range details {
		if value = OneLine(value); value != "" {
			if m.Details == nil {
				m.Details = map[string]string{}
			}
			m.Details[name] = value
		}
	}
	return m
}

const mailPurpose = "mail"

// Seal keeps what only the recipient may read: a code, the secret of a link.
func (m *Mail) Seal(keys *Keyring, tenant, secret string) {
	m.Sealed = keys.Seal(mailPurpose, tenant, m.Name(), []byte(secret))
}

// Secret is what Seal keeps, "" where there is nothing.
func (m *Mail) Secret(keys *Keyring, tenant string) (string, error) {
	if m.Sealed == "" {
		return "", nil
	}
	plain, err := keys.Open(mailPurpose, tenant, m.Name(), m.Sealed)
	return string(plain), err
}

// mailAddress is where a person gets mail, "" if nowhere.
func mailAddress(u *User) string {
	for _, a := range append([]string{u.Profile.Email}, u.OtherMails...) {
		if a, err := NormalEmail(a); err == nil {
			return a
		}
	}
	return ""
}

// Mails wait in two rows, so that somebody who waits for a code does not wait behind a
// thousand invitations. The row of codes comes first, and the keys of all others are greater
// than afterCodes.
const (
	rowOfCodes = "0 "
	afterCodes = "1"
)

func mailID(about MailAbout, next time.Time, name string) string {
	id := next.UTC().Format(noticeTime) + " " + name
	if about == MailCode {
		return rowOfCodes + id
	}
	return id
}

// FirstMail is the one of a row that is to be tried first, nil if there is none: of codes, or
// of all other mails.
func FirstMail(tx *storage.Tx, codes bool) (*Mail, error) {
	page := storage.Page{Limit: 1}
	if !codes {
		page.After = afterCodes
	}
	first, _, err := storage.All[Mail](tx, page)
	if len(first) == 0 || err != nil || codes != (first[0].About == MailCode) {
		return nil, err
	}
	return first[0], nil
}

// Claim begins a try. The mail is put off first, so that nobody else sends it at the same
// time, and a crash loses nothing. One whose time is over is told of as lost, and not to be
// sent.
func (m *Mail) Claim(tx *storage.Tx, log AuditLog, now time.Time) (send bool, err error) {
	switch {
	case m.Decoy:
		return false, tx.Delete(m)
	case !now.Before(m.Ends):
		return false, m.settle(tx, log, DeliveryExpired, m.LastError, now)
	}
	waits := mailWaits
	if m.About == MailCode {
		waits = codeWaits
	}
	wait := waits[min(m.Tries, len(waits)-1)]
	m.Tries++
	return true, m.move(tx, now.Add(wait))
}

// Sent removes a claimed mail, and keeps that it was taken.
func (m *Mail) Sent(tx *storage.Tx, log AuditLog, now time.Time) error {
	return m.settle(tx, log, DeliverySent, "", now)
}

// Failed keeps why the try that was claimed came to nothing. For good: another one would,
// too, so that none comes.
func (m *Mail) Failed(tx *storage.Tx, log AuditLog, why string, forGood bool, now time.Time) error {
	current, err := Optional(storage.Get[Mail](tx, m.MailID))
	if current == nil || err != nil { // its time is over, or somebody else has claimed it
		return err
	}
	current.LastError = OneLine(why)
	if forGood || current.Last() {
		return current.settle(tx, log, DeliveryFailed, current.LastError, now)
	}
	return tx.Put(current)
}

// settle ends a mail with what became of it. That of a code is told in the sign-in log, too,
// when it never came.
func (m *Mail) settle(tx *storage.Tx, log AuditLog, result, why string, now time.Time) error {
	if err := errors.Join(tx.Delete(m), tx.Put(newDelivery(m, result, why, now))); err != nil || result == DeliverySent || m.About != MailCode {
		return err
	}
	e := NewEvent(SignIns, now)
	e.Result, e.Error, e.Reason = "failure", EmailCodeUnsent, EmailCodeUnsent.Text()
	e.Target = Party{Type: ActorUser, ID: m.UserID}
	u, err := Optional(storage.Get[User](tx, m.UserID))
	if err != nil {
		return err
	}
	if u != nil {
		e.Target = PartyOf(u)
	}
	e.Actor, e.Method, e.ClientID = e.Target, EmailCodeName, m.Details["Client"]
	e.Details = map[string]string{"reason": why, "mail": m.Name()}
	return log.Append(tx, e)
}

// Last tells whether no try comes after the one that was claimed.
func (m *Mail) Last() bool { return !m.NextTry.Before(m.Ends) }

// move sets the next try, which is never later than the end.
func (m *Mail) move(tx *storage.Tx, next time.Time) error {
	if err := tx.Delete(m); err != nil {
		return err
	}
	if next.After(m.Ends) {
		next = m.Ends
	}
	m.MailID, m.NextTry = mailID(m.About, next, m.Name()), next
	return tx.Insert(m)
}

// OneLine makes of what strangers wrote something that stays where it is put, in a header
// or in a sentence: one line of sound text, of bounded length, that turns nothing around.
func OneLine(s string) string {
	s = sound(s)
	if len(s) > maxDetail {
		s = strings.TrimSpace(strings.ToValidUTF8(s[:maxDetail], ""))
	}
	return s
}

// Lines is what strangers wrote line by line, each of them as sound as OneLine makes it.
func Lines(s string) []string {
	if len(s) > maxMailBody {
		s = strings.ToValidUTF8(s[:maxMailBody], "")
	}
	lines := strings.Split(strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)), "\n")
	for i, line := range lines {
		lines[i] = sound(line)
	}
	return lines
}

// sound is text of one line that turns nothing around.
func sound(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029': // separators of lines and paragraphs
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "")))
}
