package idp_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// wantDeliveries compares what is told of the mail of a name: result, error, and tries.
func wantDeliveries(t *testing.T, tx *storage.Tx, name string, want ...idp.Delivery) {
	t.Helper()
	all, _, err := storage.All[idp.Delivery](tx, storage.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var got []idp.Delivery
	for _, d := range all {
		if d.Mail == name {
			got = append(got, idp.Delivery{Result: d.Result, Error: d.Error, Tries: d.Tries})
		}
	}
	if !slices.Equal(got, want) || len(all) != len(got) {
		t.Errorf("told %+v of it, want %+v, and of %d in all", got, want, len(all))
	}
}

// wantUnsent counts the lines of the sign-in log that tell of a code that never came.
func wantUnsent(t *testing.T, tx *storage.Tx, want int) {
	t.Helper()
	all, _, err := storage.All[idp.AuditEvent](tx, storage.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Log != idp.SignIns || e.Result != "failure" || e.Error != idp.EmailCodeUnsent || e.Actor.ID != annaID || e.Method != idp.EmailCodeName || e.ClientID != "app" {
			t.Errorf("%+v", e)
		}
	}
	if len(all) != want {
		t.Errorf("%d codes are told of as unsent, want %d", len(all), want)
	}
}

// TestDelivery: what is told of a mail in the outbox and after it, and for how long.
func TestDelivery(t *testing.T) {
	t.Parallel()
	st := owe(t)
	on(t, st, func(tx *storage.Tx, m *idp.Mail) error {
		want := idp.Delivery{Mail: m.Name(), UserID: annaID, To: "anna@contoso.example", About: idp.MailMethodAdded, Result: idp.DeliveryWaiting, QueuedAt: t0, At: t0}
		expect := func(what string, got *idp.Delivery) {
			t.Helper()
			want.DeliveryID = got.DeliveryID
			if *got != want {
				t.Errorf("%s: %+v, want %+v", what, got, want)
			}
		}
		expect("owed", m.Delivery())
		if _, err := m.Claim(tx, mailLog(t), t0); err != nil {
			return err
		}
		if err := m.Failed(tx, mailLog(t), "450 busy", false, t0); err != nil {
			return err
		}
		m, err := idp.FirstMail(tx, false)
		if err != nil {
			return err
		}
		want.Result, want.Error, want.Tries, want.At = idp.DeliveryDeferred, "450 busy", 1, t0.Add(time.Minute)
		expect("put off", m.Delivery())
		if err := m.Sent(tx, mailLog(t), t0.Add(time.Minute)); err != nil {
			return err
		}
		all, _, err := storage.List[idp.Delivery](tx, "user", annaID, storage.Page{})
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %d deliveries", err, len(all))
		}
		want.Result, want.Error = idp.DeliverySent, ""
		expect("sent", all[0])
		return nil
	})
	for _, test := range []struct {
		at   time.Duration
		want int
	}{{idp.DeliveryKept, 0}, {idp.DeliveryKept + time.Millisecond, 1}} {
		if n, err := st.Sweep(context.Background(), tenantID, t0.Add(time.Minute+test.at), 10); n != test.want || err != nil {
			t.Errorf("after %s: %d, %v", test.at, n, err)
		}
	}
}

// TestDeliveriesInOrder: they sort by time.
func TestDeliveriesInOrder(t *testing.T) {
	t.Parallel()
	update(t, func(tx *storage.Tx) error {
		for _, at := range []time.Duration{2, 0, 1} {
			m := codeTo(t0, time.Hour)
			if err := tx.Insert(m); err != nil {
				return err
			}
			if err := m.Sent(tx, mailLog(t), t0.Add(at*time.Hour)); err != nil {
				return err
			}
		}
		all, _, err := storage.All[idp.Delivery](tx, storage.Page{})
		if err != nil {
			return err
		}
		for i, d := range all {
			if !d.At.Equal(t0.Add(time.Duration(i) * time.Hour)) {
				t.Errorf("%d: %s", i, d.At)
			}
		}
		return nil
	})
}

// TestUnsentCodeNamesTheUser: the sign-in log names whom a lost code was for, as long as they
// are there.
func TestUnsentCodeNamesTheUser(t *testing.T) {
	t.Parallel()
	update(t, func(tx *storage.Tx) error {
		if err := tx.Put(anna()); err != nil {
			return err
		}
		m := codeTo(t0, time.Hour)
		if err := errors.Join(tx.Insert(m), m.Failed(tx, mailLog(t), "550 gone", true, t0)); err != nil {
			return err
		}
		wantUnsent(t, tx, 1)
		all, _, err := storage.All[idp.AuditEvent](tx, storage.Page{})
		if err != nil {
			return err
		}
		if e := all[0]; e.Actor != idp.PartyOf(anna()) || e.Target != e.Actor {
			t.Errorf("%+v", e)
		}
		return nil
	})
}
