package admin_test

import (
	"errors"
	"maps"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// TestMailboxes: they are told of those from outside, whatever the profile says, to who may
// read each of them.
func TestMailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	info, err := w.admin.Invite(w.ctx, op, tenantID, admin.InvitationRequest{Email: "gast@mail.example", RedirectURL: "https://app.example"})
	w.must(err)
	guest, bob := info.User, w.newUser("bob@contoso.example")
	guest.Profile.Email = "new@mail.example"
	got, err := w.admin.Mailboxes(w.ctx, op, tenantID, []*idp.User{bob, guest})
	if want := map[string]string{guest.UserID: "gast@mail.example"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	self := idp.Person(tenantID, guest)
	if got, err := w.admin.Mailboxes(w.ctx, self, tenantID, []*idp.User{guest}); err != nil || len(got) != 1 {
		t.Errorf("their own: %v, %v", got, err)
	}
	for _, us := range [][]*idp.User{{bob}, {guest, bob}} {
		if got, err := w.admin.Mailboxes(w.ctx, self, tenantID, us); !errors.Is(err, idp.ErrForbidden) || got != nil {
			t.Errorf("%v, %v", got, err)
		}
	}
}
