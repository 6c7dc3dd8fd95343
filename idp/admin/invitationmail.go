package admin

import (
	"net/url"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// invitationMail is what tells of an invitation, in the language that the inviter named.
func (w *work) invitationMail(info InvitationInfo) (*idp.Mail, error) {
	i := info.Invitation
	inviter, err := w.inviter()
	if err != nil {
		return nil, err
	}
	details := map[string]string{"Inviter": inviter, "Invitation": i.InvitationID, "Until": i.Ends.UTC().Format(time.RFC3339), "Onto": hostOf(i.RedirectURL)}
	m := idp.NewMail(info.User, i.Email, idp.MailInvitation, details, w.now, min(idp.MailLife, i.Ends.Sub(w.now)))
	m.Body, m.Copies = i.Message.Body, i.Message.Copies
	if i.Message.Language != "" {
		m.Lang = i.Message.Language
	}
	m.Seal(w.keys, w.tenant.TenantID, info.Ticket)
	return m, nil
}

// inviter is who invites, as strangers know them: a person by name and address, an app by its
// name. Of an operator there is nothing that says something outside.
func (w *work) inviter() (string, error) {
	switch w.actor.Type {
	case idp.ActorUser:
	case idp.ActorClient:
		return w.actor.Name, nil
	default:
		return "", nil
	}
	u, err := idp.Optional(storage.Get[idp.User](w.Tx, w.actor.ID))
	if u == nil || err != nil {
		return "", err
	}
	if u.Profile.Email == "" {
		return u.DisplayName, nil
	}
	return u.DisplayName + " (" + u.Profile.Email + ")", nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
