package idp

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"latchkey/storage"
)

// Mail is a message that a person is owed. It is written in the transaction of what it
// tells of and sent later, so that neither is there without the other. It holds facts and
// no text, and never a secret. Its key begins with the time of the next try, so that the
// next one is the first.
type Mail struct {
	MailID    string // the time of the next try, and a name that stays
	UserID    string
	To        string // address
	ToName    string `json:",omitzero"`
	Lang      string `json:",omitzero"` // the person's
	About     MailAbout
	Details   map[string]string `json:",omitzero"` // such as Method, Name, Address, Browser
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
	MailMethodAdded   MailAbout = "method-added"
	MailMethodRemoved MailAbout = "method-removed"
	MailMethodRenamed MailAbout = "method-renamed"
	MailPasswordSet   MailAbout = "password-set"
	MailSignedOut     MailAbout = "signed-out-everywhere"
	MailPasskeyCopied MailAbout = "passkey-copied"
	MailPassGiven     MailAbout = "pass-given"
)

// MailAbouts are all there are.
var MailAbouts = []MailAbout{
	MailMethodAdded, MailMethodRemoved, MailMethodRenamed, MailPasswordSet, MailSignedOut, MailPasskeyCopied, MailPassGiven,
}

const (
	// mailLife is how long a mail is tried. What is older is no news.
	mailLife = 48 * time.Hour
	// maxMails is how many unsent mails about the same a person may be owed: whoever does
	// something a thousand times does not fill the store or the mailbox, and does not hide
	// behind it what they do once.
	maxMails = 20
	// maxDetail is how much of a name or a fact is kept, in bytes.
	maxDetail = 256
)

// mailWaits is how long after each try the next one comes, if the mail is still there
// then; after the last wait, always that. The first also bounds how long sending may take
// before somebody else sends it again.
var mailWaits = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour}

// Kind names the record.
func (*Mail) Kind() string { return "mail" }

// ID begins with the time of the next try.
func (m *Mail) ID() string { return m.MailID }

// Indexes finds the mails that a person is owed.
func (m *Mail) Indexes() []storage.Index { return []storage.Index{{Name: "user", Value: m.UserID}} }

// ExpiresAt is when it is given up.
func (m *Mail) ExpiresAt() time.Time { return m.Ends }

// Name is the part of the id that stays whenever it is tried.
func (m *Mail) Name() string {
	_, name, _ := strings.Cut(m.MailID, " ")
	return name
}

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
	m := &Mail{
		MailID: mailID(now, NewID()), UserID: u.UserID, To: to, ToName: OneLine(u.DisplayName), Lang: OneLine(u.Profile.Locale), About: about,
		CreatedAt: now, NextTry: now, Ends: now.Add(mailLife),
	}
	for name, value := range details {
		if value = OneLine(value); value != "" {
			if m.Details == nil {
				m.Details = map[string]string{}
			}
			m.Details[name] = value
		}
	}
	return tx.Insert(m)
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

func mailID(next time.Time, name string) string { return next.UTC().Format(noticeTime) + " " + name }

// FirstMail is the one to be tried first, nil if there is none.
func FirstMail(tx *storage.Tx) (*Mail, error) {
	first, _, err := storage.All[Mail](tx, storage.Page{Limit: 1})
	if len(first) == 0 || err != nil {
		return nil, err
	}
	return first[0], nil
}

// Claim begins a try. The mail is put off first, so that nobody else sends it at the same
// time, and a crash loses nothing. One whose time is over is removed, and not to be sent.
func (m *Mail) Claim(tx *storage.Tx, now time.Time) (send bool, err error) {
	if !now.Before(m.Ends) {
		return false, tx.Delete(m)
	}
	wait := mailWaits[min(m.Tries, len(mailWaits)-1)]
	m.Tries++
	return true, m.move(tx, now.Add(wait))
}

// Sent removes a claimed mail.
func (m *Mail) Sent(tx *storage.Tx) error { return tx.Delete(m) }

// Failed keeps why the try that was claimed came to nothing. For good: another one would,
// too, so that none comes, and the mail is kept until its end for whoever looks for it.
func (m *Mail) Failed(tx *storage.Tx, why string, forGood bool) error {
	current, err := Optional(storage.Get[Mail](tx, m.MailID))
	if current == nil || err != nil { // its time is over, or somebody else has claimed it
		return err
	}
	current.LastError = OneLine(why)
	if forGood {
		return current.move(tx, current.Ends)
	}
	return tx.Put(current)
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
	m.MailID, m.NextTry = mailID(next, m.Name()), next
	return tx.Insert(m)
}

// OneLine makes of what strangers wrote something that stays where it is put, in a header
// or in a sentence: one line of sound text, of bounded length, that turns nothing around.
func OneLine(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029': // separators of lines and paragraphs
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "")))
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "")
	}
	return s
}
