package main

import (
	"context"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// demoGuest is somebody from outside, whom the demo invites to its app.
const demoGuest = "robin@partner.example"

// guest invites somebody from outside, again at each start until they accept, so that the
// inbox has a link that works.
func (s demoSeed) guest(ctx context.Context, domain, app string) error {
	g, err := s.admin.Guest(ctx, demoActor, domain, demoGuest)
	switch {
	case idp.ErrorCode(err) == idp.NotFound:
	case err != nil:
		return err
	case !g.User.External.Pending():
		return nil
	}
	_, err = s.admin.Invite(ctx, demoActor, domain, admin.InvitationRequest{
		Email: demoGuest, DisplayName: "Robin Lindqvist", RedirectURL: app, Send: true,
		Message: idp.InvitationMessage{Body: "Welcome to the demo. You need no account for it: we send you a code."},
	})
	if idp.ErrorCode(err) == idp.Conflict { // they have asked not to be invited, or live there by now
		return nil
	}
	return err
}
