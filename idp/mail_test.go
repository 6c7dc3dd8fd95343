package idp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// withMail is anna, who has an address.
func withMail() *idp.User {
	u := anna()
	u.Profile.Email, u.Profile.Locale = "anna@contoso.example", "sv"
	return u
}

func mails(tx *storage.Tx) []*idp.Mail {
	all, _, err := storage.All[idp.Mail](tx, storage.Page{})
	if err != nil {
		panic(err)
	}
	return all
}

// owe is a store with one mail to anna, of t0.
func owe(t *testing.T) *storage.Store {
	t.Helper()
	return update(t, func(tx *storage.Tx) error {
		return idp.Notify(tx, withMail(), idp.MailMethodAdded, map[string]string{"Method": "passkey", "Name": "Blue key"}, t0)
	})
}

// on runs a closure on the first mail of a store.
func on(t *testing.T, st *storage.Store, fn func(*storage.Tx, *idp.Mail) error) {
	t.Helper()
	if err := st.Update(context.Background(), tenantID, func(tx *storage.Tx) error {
		m, err := idp.FirstMail(tx)
		if err != nil {
			return err
		}
		return fn(tx, m)
	}); err != nil {
		t.Fatal(err)
	}
}

// TestNotifyAddress: a mail goes to the person's first address that is one.
func TestNotifyAddress(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		email  string
		others []string
		want   string
	}{
		"the one":               {"anna@contoso.example", []string{"b@fabrikam.example"}, "anna@contoso.example"},
		"another":               {"", []string{"b@fabrikam.example", "c@fabrikam.example"}, "b@fabrikam.example"},
		"in its normal form":    {" Anna@Contoso.example ", nil, "anna@contoso.example"},
		"none":                  {"", nil, ""},
		"no address":            {"anna", []string{"a@b@c"}, ""},
		"with a header in it":   {"a@contoso.example\r\nBcc: eve@evil.example", []string{"b@fabrikam.example"}, "b@fabrikam.example"},
		"with another after it": {"a@contoso.example,eve@evil.example", nil, ""},
	} {
		update(t, func(tx *storage.Tx) error {
			u := anna()
			u.Profile.Email, u.OtherMails = test.email, test.others
			if err := idp.Notify(tx, u, idp.MailSignedOut, nil, t0); err != nil {
				return err
			}
			got := ""
			for _, m := range mails(tx) {
				got += m.To
			}
			if got != test.want {
				t.Errorf("%s: to %q, want %q", name, got, test.want)
			}
			return nil
		})
	}
}

// TestNotifyMail: what is kept of it, and that it is due at once.
func TestNotifyMail(t *testing.T) {
	t.Parallel()
	update(t, func(tx *storage.Tx) error {
		u := withMail()
		u.DisplayName = "Anna\u202e\u2066 Novak"
		details := map[string]string{"Name": "Blue\r\nBcc: eve@evil.example", "Browser": "Mozilla\xff\x00" + strings.Repeat("ö", 300), "Address": ""}
		if err := idp.Notify(tx, u, idp.MailMethodAdded, details, t0); err != nil {
			return err
		}
		m := mails(tx)[0]
		if m.ToName != "Anna Novak" || m.Lang != "sv" || m.UserID != annaID || m.About != idp.MailMethodAdded {
			t.Errorf("%+v", m)
		}
		if !m.NextTry.Equal(t0) || !m.CreatedAt.Equal(t0) || !m.Ends.Equal(t0.Add(48*time.Hour)) || !m.ExpiresAt().Equal(m.Ends) {
			t.Errorf("%+v", m)
		}
		if m.Details["Name"] != "Blue  Bcc: eve@evil.example" || len(m.Details["Browser"]) > 256 || len(m.Details) != 2 {
			t.Errorf("%q", m.Details)
		}
		if !idp.IsID(m.Name()) {
			t.Errorf("the name of %q is %q", m.MailID, m.Name())
		}
		return nil
	})
}

// TestNotifyBound: a person is owed twenty mails about the same and no more, whoever else is
// owed some.
func TestNotifyBound(t *testing.T) {
	t.Parallel()
	st := update(t, func(tx *storage.Tx) error {
		bob := withMail()
		bob.UserID = bobID
		for range 30 {
			for _, u := range []*idp.User{withMail(), bob} {
				if err := idp.Notify(tx, u, idp.MailMethodRenamed, nil, t0); err != nil {
					return err
				}
			}
		}
		if got := len(mails(tx)); got != 40 {
			t.Errorf("%d mails", got)
		}
		return nil
	})
	on(t, st, func(tx *storage.Tx, m *idp.Mail) error { return m.Sent(tx) })
	on(t, st, func(tx *storage.Tx, _ *idp.Mail) error {
		if err := idp.Notify(tx, withMail(), idp.MailMethodRenamed, nil, t0); err != nil {
			return err
		}
		if got := len(mails(tx)); got < 39 || got > 40 { // it was anna's that was sent, or bob's
			t.Errorf("%d mails", got)
		}
		return nil
	})
}

// TestNotifyHidesNothing: who renames something without end, so that no more mails of that are
// owed, does not keep what they do then from being told.
func TestNotifyHidesNothing(t *testing.T) {
	t.Parallel()
	update(t, func(tx *storage.Tx) error {
		for range 30 {
			if err := idp.Notify(tx, withMail(), idp.MailMethodRenamed, nil, t0); err != nil {
				return err
			}
		}
		if err := idp.Notify(tx, withMail(), idp.MailMethodAdded, nil, t0); err != nil {
			return err
		}
		told := slices.ContainsFunc(mails(tx), func(m *idp.Mail) bool { return m.About == idp.MailMethodAdded })
		if n := len(mails(tx)); n != 21 || !told {
			t.Errorf("%d mails; the new method is told of: %t", n, told)
		}
		return nil
	})
}

// TestMailTries: when a mail is tried that never gets through, until its end.
func TestMailTries(t *testing.T) {
	t.Parallel()
	st := owe(t)
	now, name := t0, ""
	const h = time.Hour
	for i, wait := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * h, 6 * h, 6 * h, 6 * h, 6 * h, 6 * h, 6 * h, 6 * h, 6 * h} {
		on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
			if name == "" {
				name = m.Name()
			}
			send, err := m.Claim(tx, now)
			if want := now.Add(wait); !send || err != nil || !m.NextTry.Equal(earlier(want, m.Ends)) || m.Tries != i+1 || m.Name() != name {
				t.Errorf("try %d: send %v, %v, %+v", i+1, send, err, m)
			}
			if m.Last() != (i == 11) {
				t.Errorf("try %d: last %v", i+1, m.Last())
			}
			now = m.NextTry
			return m.Failed(tx, "450 4.2.1\r\nbusy \xff", false)
		})
	}
	on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
		if m.LastError != "450 4.2.1  busy" || len(mails(tx)) != 1 || !now.Equal(m.Ends) {
			t.Errorf("%s: %+v", now, m)
		}
		if send, err := m.Claim(tx, now); send || err != nil || len(mails(tx)) != 0 {
			t.Errorf("at its end: send %v, %v, %d mails", send, err, len(mails(tx)))
		}
		return nil
	})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// TestMailEnds: what becomes of a mail that is claimed.
func TestMailEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(*storage.Tx, *idp.Mail) error
		left int
		next time.Duration
	}{
		"sent":             {func(tx *storage.Tx, m *idp.Mail) error { return m.Sent(tx) }, 0, 0},
		"a crash":          {func(*storage.Tx, *idp.Mail) error { return nil }, 1, time.Minute},
		"failed":           {func(tx *storage.Tx, m *idp.Mail) error { return m.Failed(tx, "421", false) }, 1, time.Minute},
		"failed for good":  {func(tx *storage.Tx, m *idp.Mail) error { return m.Failed(tx, "550", true) }, 1, 48 * time.Hour},
		"removed meantime": {func(tx *storage.Tx, m *idp.Mail) error { return errors.Join(tx.Delete(m), m.Failed(tx, "550", true)) }, 0, 0},
		"claimed anew": {func(tx *storage.Tx, m *idp.Mail) error {
			late := *m
			_, err := m.Claim(tx, t0.Add(time.Minute))
			return errors.Join(err, late.Failed(tx, "550", true), late.Sent(tx))
		}, 1, 6 * time.Minute},
	} {
		st := owe(t)
		on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
			if _, err := m.Claim(tx, t0); err != nil {
				return err
			}
			return test.end(tx, m)
		})
		on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
			if left := len(mails(tx)); left != test.left || m != nil && !m.NextTry.Equal(t0.Add(test.next)) {
				t.Errorf("%s: %d left, %+v", name, left, m)
			}
			return nil
		})
	}
}

// TestMailSweep: a mail goes with its end, whether it was refused or never tried.
func TestMailSweep(t *testing.T) {
	t.Parallel()
	st := owe(t)
	for _, test := range []struct {
		at   time.Duration
		want int
	}{{48 * time.Hour, 0}, {48*time.Hour + time.Millisecond, 1}} {
		if n, err := st.Sweep(context.Background(), tenantID, t0.Add(test.at), 10); n != test.want || err != nil {
			t.Errorf("at %s: %d, %v", test.at, n, err)
		}
	}
}

// TestOneLine: what strangers wrote stays on its line and turns nothing around.
func TestOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                           "",
		"Blue key":                   "Blue key",
		"  Zoë 🔑 ":                   "Zoë 🔑",
		"a\r\nBcc: b@c":              "a  Bcc: b@c",
		"a\u0085b\u2028c\u2029d\x00": "a b c d",
		"\u202egnp.exe\u2066\u061c":  "gnp.exe",
		"می\u200cخواهم":              "می\u200cخواهم", // a joiner is part of the word
		"a\xff\xfeb":                 "ab",
		strings.Repeat("ö", 200):     strings.Repeat("ö", 128),
		strings.Repeat("x", 300):     strings.Repeat("x", 256),
	} {
		if got := idp.OneLine(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
