package idp_test

import (
	"reflect"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

func TestGuestPolicy(t *testing.T) {
	t.Parallel()
	d := idp.DefaultGuestPolicy()
	if d.Inviters != "adminsAndGuestInviters" || d.InvitationDays != 30 {
		t.Errorf("default %+v is not what a new tenant should have", d)
	}
	for _, c := range []struct {
		name string
		p    idp.GuestPolicy
		want string
	}{
		{"default", *d, ""},
		{"nobody", idp.GuestPolicy{Inviters: "none", InvitationDays: 30}, ""},
		{"shortest", idp.GuestPolicy{Inviters: "none", InvitationDays: 1}, ""},
		{"longest", idp.GuestPolicy{Inviters: "none", InvitationDays: 365}, ""},
		{"too short", idp.GuestPolicy{Inviters: "none"}, "Invalid lifetime of invitations 0: it must be between 1 and 365 days."},
		{"too long", idp.GuestPolicy{Inviters: "none", InvitationDays: 366}, "Invalid lifetime of invitations 366: it must be between 1 and 365 days."},
		{"nothing", idp.GuestPolicy{InvitationDays: 30}, `The value "" is none of none, adminsAndGuestInviters.`},
		{"everyone", idp.GuestPolicy{Inviters: "everyone", InvitationDays: 30}, `The value "everyone" is none of none, adminsAndGuestInviters.`},
		{"in another case", idp.GuestPolicy{Inviters: "None", InvitationDays: 30}, `The value "None" is none of none, adminsAndGuestInviters.`},
	} {
		t.Run(c.name, func(t *testing.T) { wantError(t, c.p.Validate(), idp.Invalid, c.want) })
	}
	for n, want := range map[int]time.Duration{1: 24 * time.Hour, 30: 720 * time.Hour, 365: 8760 * time.Hour} {
		p := idp.GuestPolicy{InvitationDays: n}
		if got := p.InvitationEnd(t0); !got.Equal(t0.Add(want)) {
			t.Errorf("%d days: %s", n, got)
		}
	}
}

func TestLoadGuestPolicy(t *testing.T) {
	t.Parallel()
	stored := &idp.GuestPolicy{Inviters: idp.InvitedByNobody, InvitationDays: 3}
	st := update(t, func(tx *storage.Tx) error {
		p, err := idp.LoadGuestPolicy(tx)
		if err != nil || !reflect.DeepEqual(p, idp.DefaultGuestPolicy()) {
			t.Errorf("fresh tenant: %+v, %v", p, err)
		}
		p.InvitationDays = 1 // the default is nobody's to change
		if idp.DefaultGuestPolicy().InvitationDays != 30 {
			t.Error("the default was changed")
		}
		return tx.Put(stored)
	})
	err := st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
		p, err := idp.LoadGuestPolicy(tx)
		if !reflect.DeepEqual(p, stored) {
			t.Errorf("stored: %+v", p)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
