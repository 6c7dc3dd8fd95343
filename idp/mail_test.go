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

// mailLog is the log that lost codes are told in.
func mailLog(t *testing.T) idp.AuditLog {
	t.Helper()
	return idp.AuditLog{Keys: keyring(t, 1), Tenant: tenantID}
}

// on runs a closure on the first mail of a store that is no code.
func on(t *testing.T, st *storage.Store, fn func(*storage.Tx, *idp.Mail) error) {
	t.Helper()
	if err := st.Update(context.Background(), tenantID, func(tx *storage.Tx) error {
		m, err := idp.FirstMail(tx, false)
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
		if !m.NextTry.Equal(t0) || !m.CreatedAt.Equal(t0) || !m.Ends.Equal(t0.Add(48*time.Hour)) || !m.ExpiresAt().Equal(m.Ends.Add(time.Hour)) {
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
	on(t, st, func(tx *storage.Tx, m *idp.Mail) error { return m.Sent(tx, mailLog(t), t0) })
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
			send, err := m.Claim(tx, mailLog(t), now)
			if want := now.Add(wait); !send || err != nil || !m.NextTry.Equal(earlier(want, m.Ends)) || m.Tries != i+1 || m.Name() != name {
				t.Errorf("try %d: send %v, %v, %+v", i+1, send, err, m)
			}
			if m.Last() != (i == 11) {
				t.Errorf("try %d: last %v", i+1, m.Last())
			}
			now = m.NextTry
			return m.Failed(tx, mailLog(t), "450 4.2.1\r\nbusy \xff", false, now)
		})
	}
	on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
		if m != nil || !now.Equal(t0.Add(48*h)) {
			t.Errorf("%s: %+v", now, m)
		}
		wantDeliveries(t, tx, name, idp.Delivery{Result: idp.DeliveryFailed, Error: "450 4.2.1  busy", Tries: 12})
		return nil
	})
}

// TestMailLate: what nobody tried in time is not sent, and told of as lost.
func TestMailLate(t *testing.T) {
	t.Parallel()
	st := owe(t)
	on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
		send, err := m.Claim(tx, mailLog(t), m.Ends)
		if send || err != nil || len(mails(tx)) != 0 {
			t.Errorf("at its end: send %v, %v, %d mails", send, err, len(mails(tx)))
		}
		wantDeliveries(t, tx, m.Name(), idp.Delivery{Result: idp.DeliveryExpired})
		wantUnsent(t, tx, 0)
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
	log := mailLog(t)
	for name, test := range map[string]struct {
		end  func(*storage.Tx, *idp.Mail) error
		left int
		next time.Duration
	}{
		"sent":            {func(tx *storage.Tx, m *idp.Mail) error { return m.Sent(tx, log, t0) }, 0, 0},
		"a crash":         {func(*storage.Tx, *idp.Mail) error { return nil }, 1, time.Minute},
		"failed":          {func(tx *storage.Tx, m *idp.Mail) error { return m.Failed(tx, log, "421", false, t0) }, 1, time.Minute},
		"failed for good": {func(tx *storage.Tx, m *idp.Mail) error { return m.Failed(tx, log, "550", true, t0) }, 0, 0},
		"removed meantime": {func(tx *storage.Tx, m *idp.Mail) error {
			return errors.Join(tx.Delete(m), m.Failed(tx, log, "550", true, t0))
		}, 0, 0},
		"claimed anew": {func(tx *storage.Tx, m *idp.Mail) error {
			late := *m
			_, err := m.Claim(tx, log, t0.Add(time.Minute))
			return errors.Join(err, late.Failed(tx, log, "550", true, t0), late.Sent(tx, log, t0))
		}, 1, 6 * time.Minute},
	} {
		st := owe(t)
		on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
			if _, err := m.Claim(tx, log, t0); err != nil {
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

// codeTo is a mail with a code to anna that is owed at a time.
func codeTo(at time.Time, life time.Duration) *idp.Mail {
	return idp.NewMail(withMail(), "anna@contoso.example", idp.MailCode, map[string]string{"Client": "app"}, at, life)
}

// next is the first mail of the row of codes.
func next(t *testing.T, tx *storage.Tx) *idp.Mail {
	t.Helper()
	m, err := idp.FirstMail(tx, true)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMailRows: codes are found however many other mails are due before them, and others
// however many codes are.
func TestMailRows(t *testing.T) {
	t.Parallel()
	st := owe(t)
	on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
		if m == nil || next(t, tx) != nil {
			t.Errorf("without codes: %+v, and the code %+v", m, next(t, tx))
		}
		second, first := codeTo(t0.Add(2*time.Hour), time.Hour), codeTo(t0.Add(time.Hour), time.Hour)
		if err := errors.Join(tx.Insert(second), tx.Insert(first)); err != nil {
			return err
		}
		if got := next(t, tx); got.Name() != first.Name() || !idp.IsID(got.Name()) {
			t.Errorf("%+v is the first", got)
		}
		other, err := idp.FirstMail(tx, false)
		if err != nil || other == nil || other.Name() != m.Name() {
			t.Errorf("%v: %+v is the first of the others", err, other)
		}
		if err := tx.Delete(m); err != nil {
			return err
		}
		if other, err = idp.FirstMail(tx, false); err != nil || other != nil {
			t.Errorf("%v: of no others, %+v is the first", err, other)
		}
		return nil
	})
}

// TestCodeTries: a code is tried at once and then less and less often, as long as it lives;
// then it is given up, and the sign-in log tells.
func TestCodeTries(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration][]time.Duration{
		30 * time.Minute: {0, time.Minute, 3 * time.Minute, 8 * time.Minute, 18 * time.Minute, 28 * time.Minute},
		5 * time.Minute:  {0, time.Minute, 3 * time.Minute},
	} {
		update(t, func(tx *storage.Tx) error {
			m := codeTo(t0, life)
			if err := tx.Insert(m); err != nil {
				return err
			}
			for i, at := range want {
				claimed := next(t, tx)
				if claimed == nil || !claimed.NextTry.Equal(t0.Add(at)) {
					t.Errorf("life %s, try %d: %+v", life, i+1, claimed)
					return nil
				}
				send, err := claimed.Claim(tx, mailLog(t), t0.Add(at))
				if !send || err != nil || claimed.Last() != (i == len(want)-1) || claimed.Name() != m.Name() {
					t.Errorf("life %s, try %d: %v, %v, last %v", life, i+1, send, err, claimed.Last())
				}
				wantUnsent(t, tx, 0)
				if err := claimed.Failed(tx, mailLog(t), "450 busy", false, t0.Add(at)); err != nil {
					return err
				}
			}
			if len(mails(tx)) != 0 {
				t.Errorf("life %s: %d mails are left", life, len(mails(tx)))
			}
			wantDeliveries(t, tx, m.Name(), idp.Delivery{Result: idp.DeliveryFailed, Error: "450 busy", Tries: len(want)})
			wantUnsent(t, tx, 1)
			return nil
		})
	}
}

// TestCodeEnds: which ends of a code the sign-in log tells of.
func TestCodeEnds(t *testing.T) {
	t.Parallel()
	log := mailLog(t)
	for name, test := range map[string]struct {
		decoy    bool
		end      func(*storage.Tx, *idp.Mail) error
		delivery *idp.Delivery
		unsent   int
	}{
		"sent": {false, func(tx *storage.Tx, m *idp.Mail) error { return m.Sent(tx, log, t0) }, &idp.Delivery{Result: idp.DeliverySent}, 0},
		"refused": {false, func(tx *storage.Tx, m *idp.Mail) error { return m.Failed(tx, log, "550 no", true, t0) }, &idp.Delivery{
			Result: idp.DeliveryFailed, Error: "550 no",
		}, 1},
		"too late": {false, func(tx *storage.Tx, m *idp.Mail) error {
			send, err := m.Claim(tx, log, m.Ends)
			if send {
				t.Error("a late code is sent")
			}
			return err
		}, &idp.Delivery{Result: idp.DeliveryExpired}, 1},
		"a decoy": {true, func(tx *storage.Tx, m *idp.Mail) error {
			send, err := m.Claim(tx, log, t0)
			if send {
				t.Error("a decoy is sent")
			}
			return err
		}, nil, 0},
		"a decoy, too late": {true, func(tx *storage.Tx, m *idp.Mail) error {
			_, err := m.Claim(tx, log, m.Ends)
			return err
		}, nil, 0},
	} {
		update(t, func(tx *storage.Tx) error {
			m := codeTo(t0, time.Hour)
			m.Decoy = test.decoy
			if err := errors.Join(tx.Insert(m), test.end(tx, m)); err != nil {
				return err
			}
			if len(mails(tx)) != 0 {
				t.Errorf("%s: it is left", name)
			}
			if test.delivery != nil {
				wantDeliveries(t, tx, m.Name(), *test.delivery)
			} else {
				wantDeliveries(t, tx, m.Name())
			}
			wantUnsent(t, tx, test.unsent)
			return nil
		})
	}
}

// TestMailSecret: what a mail keeps sealed is opened for that mail and no other, however
// often it was put off.
func TestMailSecret(t *testing.T) {
	t.Parallel()
	keys, m := keyring(t, 1), codeTo(t0, time.Hour)
	if secret, err := m.Secret(keys, tenantID); secret != "" || err != nil {
		t.Errorf("of nothing: %q, %v", secret, err)
	}
	m.Seal(keys, tenantID, "04217733")
	update(t, func(tx *storage.Tx) error {
		if err := tx.Insert(m); err != nil {
			return err
		}
		if _, err := m.Claim(tx, mailLog(t), t0); err != nil {
			return err
		}
		if secret, err := next(t, tx).Secret(keys, tenantID); secret != "04217733" || err != nil {
			t.Errorf("%q, %v", secret, err)
		}
		return nil
	})
	other := codeTo(t0, time.Hour)
	other.Sealed = m.Sealed
	for name, open := range map[string]func() (string, error){
		"another mail":   func() (string, error) { return other.Secret(keys, tenantID) },
		"another tenant": func() (string, error) { return m.Secret(keys, annaID) },
		"another key":    func() (string, error) { return m.Secret(keyring(t, 2), tenantID) },
	} {
		if secret, err := open(); secret != "" || !errors.Is(err, idp.ErrSealed) {
			t.Errorf("%s: %q, %v", name, secret, err)
		}
	}
}

// TestMailSweep: a mail goes an hour after its end if nothing told of it as lost by then.
func TestMailSweep(t *testing.T) {
	t.Parallel()
	st := owe(t)
	for _, test := range []struct {
		at   time.Duration
		want int
	}{{49 * time.Hour, 0}, {49*time.Hour + time.Millisecond, 1}} {
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
		strings.Repeat("x ", 200):    strings.Repeat("x ", 127) + "x",
		strings.Repeat("ö", 200):     strings.Repeat("ö", 128),
		strings.Repeat("x", 300):     strings.Repeat("x", 256),
	} {
		if got := idp.OneLine(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestLines: what somebody wrote keeps its lines, and each of them is sound.
func TestLines(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"":                                    {""},
		" \n\r\n ":                            {""},
		"a\r\nb\rc\nd":                        {"a", "b", "c", "d"},
		"a\n\n  b\t\u202e\n":                  {"a", "", "b"},
		"a\u2028b\x00c\xff\u0085d":            {"a b c d"},
		strings.Repeat("ö", 3000):             {strings.Repeat("ö", 2048)},
		strings.Repeat("x", 10_000) + "\nend": {strings.Repeat("x", 4096)},
	} {
		if got := idp.Lines(in); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
