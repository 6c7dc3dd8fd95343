package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

func TestNewAuthenticatorEnrolment(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	for what, c := range map[string]struct {
		by   time.Time
		ends time.Time
	}{
		"by itself":         {time.Time{}, t0.Add(idp.DeviceEnrolmentLifetime)},
		"a session goes on": {t0.Add(time.Hour), t0.Add(idp.DeviceEnrolmentLifetime)},
		"a session ends":    {t0.Add(time.Minute), t0.Add(time.Minute)},
	} {
		e, token, code := idp.NewAuthenticatorEnrolment(k, tenantID, annaID, "s", t0, c.by)
		if !e.Ends.Equal(c.ends) || e.StateAt(t0) != idp.EnrolmentOpen || e.SessionID != "s" || e.UserID != annaID {
			t.Errorf("%s: %+v", what, e)
		}
		if !strings.HasPrefix(token, string(idp.EnrolmentToken)) || e.Token != idp.HashToken(idp.EnrolmentToken, token) || !regexp.MustCompile(`^[0-9A-Z]{10}$`).MatchString(code) {
			t.Errorf("%s: token %q, code %q", what, token, code)
		}
		if len(e.Nonce) != 32 || len(e.Handle) != 32 || string(e.Nonce) == string(e.Handle) || strings.Contains(string(e.Code), code) {
			t.Errorf("%s: %+v", what, e)
		}
		update(t, func(tx *storage.Tx) error {
			if err := tx.Insert(e); err != nil {
				return err
			}
			got, err := storage.Lookup[idp.AuthenticatorEnrolment](tx, "token", e.Token)
			if err != nil || got.EnrolmentID != e.EnrolmentID {
				t.Errorf("%s: %+v, %v", what, got, err)
			}
			return nil
		})
	}
}

// TestEnrolmentTry: the code is right in any spelling, for five tries, and for one enrolment.
func TestEnrolmentTry(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	made := func() (*idp.AuthenticatorEnrolment, string) {
		e, _, code := idp.NewAuthenticatorEnrolment(k, tenantID, annaID, "", t0, time.Time{})
		return e, code
	}
	e, code := made()
	for _, typed := range []string{code, strings.ToLower(code), code[:5] + "-" + code[5:], " " + code[:5] + " " + code[5:]} {
		e.Tries = 0
		if !e.Try(k, tenantID, typed) || e.Tries != 1 {
			t.Errorf("%q is not %q", typed, code)
		}
	}
	other, _ := made()
	for what, got := range map[string]bool{
		"nothing": other.Try(k, tenantID, ""), "another's": other.Try(k, tenantID, code),
		"another tenant's": e.Try(k, bobID, code), "with another pepper": e.Try(keyring(t, 2), tenantID, code),
	} {
		if got {
			t.Errorf("%s is accepted", what)
		}
	}
	e, code = made()
	for range idp.MaxEnrolmentTries {
		if e.Try(k, tenantID, "0000000000") {
			t.Error("a wrong code is accepted")
		}
	}
	if e.Try(k, tenantID, code) || e.Tries != idp.MaxEnrolmentTries {
		t.Errorf("a sixth try counts: %+v", e)
	}
}

func TestEnrolmentStates(t *testing.T) {
	t.Parallel()
	for state, after := range map[idp.EnrolmentState]idp.EnrolmentState{
		idp.EnrolmentOpen: idp.EnrolmentExpired, idp.EnrolmentShown: idp.EnrolmentExpired,
		idp.EnrolmentAdded: idp.EnrolmentAdded, idp.EnrolmentCancelled: idp.EnrolmentCancelled,
	} {
		e, _, _ := idp.NewAuthenticatorEnrolment(keyring(t, 1), tenantID, annaID, "", t0, time.Time{})
		e.State = state
		if got := e.StateAt(e.Ends.Add(-1)); got != state {
			t.Errorf("%s is %s before its end", state, got)
		}
		if got := e.StateAt(e.Ends); got != after {
			t.Errorf("%s is %s at its end", state, got)
		}
		if !e.ExpiresAt().After(e.Ends) {
			t.Errorf("%s is removed when it ends", state)
		}
	}
}

// TestCheckValue: both screens show four digits that follow from what both know, as the
// protocol says (docs/device-protocol.md), and that another key or enrolment changes.
func TestCheckValue(t *testing.T) {
	t.Parallel()
	k, seen := keyring(t, 1), map[string]bool{}
	for range 50 {
		e, _, _ := idp.NewAuthenticatorEnrolment(k, tenantID, annaID, "", t0, time.Time{})
		h := sha256.Sum256([]byte(base64.RawURLEncoding.EncodeToString(e.Nonce) + ".thumbprint"))
		want := fmt.Sprintf("%04d", binary.BigEndian.Uint32(h[:4])%10000)
		if got := e.CheckValue("thumbprint"); got != want || len(got) != 4 {
			t.Errorf("%q, want %q", got, want)
		}
		seen[want], seen[e.CheckValue("another")] = true, true
	}
	if len(seen) < 90 {
		t.Errorf("%d check values of 100", len(seen))
	}
}

func TestAuthenticatorUsable(t *testing.T) {
	t.Parallel()
	on := devicePolicy(nil)
	for what, c := range map[string]struct {
		change func(*idp.Authenticator)
		policy idp.AuthenticatorPolicy
		want   idp.Reason
	}{
		"as it comes":            {func(*idp.Authenticator) {}, on, idp.Offered},
		"a copy":                 {func(d *idp.Authenticator) { d.Suspend(t0) }, on, idp.CopiedDevice},
		"a program":              {func(d *idp.Authenticator) { d.Soft = true }, on, idp.SoftDevice},
		"a program, allowed":     {func(d *idp.Authenticator) { d.Soft = true }, devicePolicy(func(p *idp.AuthenticatorPolicy) { p.Soft = true }), idp.Offered},
		"unused for nearly long": {func(d *idp.Authenticator) { d.SeenAt = t0.Add(1 - idp.AuthenticatorUnused) }, on, idp.Offered},
		"unused for long":        {func(d *idp.Authenticator) { d.SeenAt = t0.Add(-idp.AuthenticatorUnused) }, on, idp.UnusedDevice},
		"off":                    {func(d *idp.Authenticator) { d.Suspend(t0) }, idp.DefaultAuthenticatorPolicy(), idp.MethodDisabled},
	} {
		d := &idp.Authenticator{AuthenticatorID: idp.NewID(), UserID: annaID, SeenAt: t0}
		c.change(d)
		if got := d.Usable(c.policy, anna(), t0); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
	d := &idp.Authenticator{SeenAt: t0}
	if d.See(t0.Add(time.Hour-1)) || !d.SeenAt.Equal(t0) || !d.See(t0.Add(time.Hour)) || !d.SeenAt.Equal(t0.Add(time.Hour)) {
		t.Errorf("seen at %s", d.SeenAt)
	}
	if !d.Suspend(t0) || d.Suspend(t0.Add(time.Hour)) || !d.CopiedAt.Equal(t0) {
		t.Errorf("suspended at %s", d.CopiedAt)
	}
}

// TestAuthenticatorKeys: a key is one device's in the tenant.
func TestAuthenticatorKeys(t *testing.T) {
	t.Parallel()
	first := &idp.Authenticator{AuthenticatorID: idp.NewID(), UserID: annaID, Thumbprint: "t", CreatedAt: t0}
	older := &idp.Authenticator{AuthenticatorID: idp.NewID(), UserID: annaID, Thumbprint: "u", CreatedAt: t0.Add(-time.Hour)}
	update(t, func(tx *storage.Tx) error {
		if err := putAll(tx, first, older); err != nil {
			return err
		}
		got, err := idp.FindAuthenticator(tx, "t")
		if err != nil || got.AuthenticatorID != first.AuthenticatorID {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := idp.FindAuthenticator(tx, "x"); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
		held, err := idp.HeldAuthenticators(tx, annaID)
		if err != nil || len(held) != 2 || held[0].ID() != older.AuthenticatorID || held[1].Owner() != annaID {
			t.Errorf("%+v, %v", held, err)
		}
		same := &idp.Authenticator{AuthenticatorID: idp.NewID(), UserID: bobID, Thumbprint: "t", CreatedAt: t0}
		if err := tx.Put(same); !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrExists) {
			t.Errorf("one key of two devices: %v", err)
		}
		return nil
	})
}
