package signin

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// CreationLifetime is how long programs may take to have a passkey made.
const CreationLifetime = 5 * time.Minute

// Creation is what a program has a passkey made by: for the person it acts for, or for
// somebody an administrator provisions.
type Creation struct {
	Options string // for navigator.credentials.create, as JSON
	Ends    time.Time
}

const creationPurpose = "passkey creation"

// CreationOptions begins the registration of a passkey of a user. Nothing is kept: the
// challenge itself says, sealed, for whom and until when it is.
func (s *Service) CreationOptions(ctx context.Context, actor idp.Actor, t *idp.Tenant, name string, now time.Time) (c Creation, err error) {
	m := s.enroller(idp.PasskeyMethod)
	if m == nil {
		return c, idp.Errorf(idp.Invalid, "This deployment has no passkeys.")
	}
	who, err := s.provisioned(ctx, actor, t, name, m, now)
	if err != nil {
		return c, err
	}
	c.Ends = now.Add(CreationLifetime)
	prompt, err := m.BeginEnroll(ctx, who, s.sealCreation(t, who.User, c.Ends))
	if err != nil {
		return c, err
	}
	c.Options = prompt.Fields["options"]
	return c, nil
}

// provisioned is who a passkey is registered for, if the actor may and they can have one.
func (s *Service) provisioned(ctx context.Context, actor idp.Actor, t *idp.Tenant, name string, m idp.Enroller, now time.Time) (who idp.Subject, err error) {
	err = s.store.View(ctx, t.TenantID, func(tx *storage.Tx) error {
		who, err = subjectFor(tx, actor, t, name, m, now)
		return err
	})
	return who, err
}

func subjectFor(tx *storage.Tx, actor idp.Actor, t *idp.Tenant, name string, m idp.Enroller, now time.Time) (who idp.Subject, err error) {
	who = idp.Subject{Now: now, Tenant: t, Known: true}
	if actor, err = actor.Current(tx); err != nil {
		return who, err
	}
	if who.User, err = idp.FindFor(tx, actor, idp.WritePasskey, t, name); err != nil {
		return who, err
	}
	if who.Policy, err = idp.LoadMethodsPolicy(tx); err != nil {
		return who, err
	}
	if who.Credentials, err = m.Info().Held(tx, who.User.UserID); err != nil {
		return who, err
	}
	o, err := idp.ObjectOf(tx, t, who.User)
	if err != nil {
		return who, err
	}
	switch why := m.Registrable(who, actor.Is(who.User)); {
	case why != idp.Offered:
		return who, idp.Errorf(idp.Invalid, "No passkey can be registered for this user: %s.", why)
	case !actor.Is(who.User) && o.Privileged() && who.Policy.TemporaryAccessPass.Approval:
		return who, idp.Errorf(idp.Forbidden, "The policy wants two administrators for a privileged user. Give them a Temporary Access Pass; they register the passkey themselves.")
	}
	return who, nil
}

// sealCreation makes a challenge that says for whom it is, and until when.
func (s *Service) sealCreation(t *idp.Tenant, u *idp.User, ends time.Time) []byte {
	plain := binary.BigEndian.AppendUint64(nil, uint64(ends.Unix()))
	raw, _ := base64.RawURLEncoding.DecodeString(s.keys.Seal(creationPurpose, t.TenantID, u.UserID, plain)) // which Seal encoded
	return raw
}

// openCreation is the challenge that a new credential was made over, if it is one of ours
// for the user and still stands.
func (s *Service) openCreation(t *idp.Tenant, u *idp.User, attestation string, now time.Time) ([]byte, error) {
	challenge := shownChallenge(attestation)
	plain, err := s.keys.Open(creationPurpose, t.TenantID, u.UserID, base64.RawURLEncoding.EncodeToString(challenge))
	if err != nil || len(plain) != 8 {
		return nil, idp.Errorf(idp.Invalid, "The challenge is not one that was made for this user.")
	}
	if ends := time.Unix(int64(binary.BigEndian.Uint64(plain)), 0); !now.Before(ends) {
		return nil, idp.Errorf(idp.Invalid, "The challenge has expired. Ask for new creation options.")
	}
	return challenge, nil
}

// shownChallenge is what the client data of a new credential say it was made over; nil for
// what cannot be read. The method verifies them.
func shownChallenge(attestation string) []byte {
	var shown struct {
		Response struct {
			ClientDataJSON string `json:"clientDataJSON"`
		} `json:"response"`
	}
	if json.Unmarshal([]byte(attestation), &shown) != nil {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(shown.Response.ClientDataJSON)
	if err != nil {
		return nil
	}
	var data struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(raw, &data) != nil {
		return nil
	}
	challenge, _ := base64.RawURLEncoding.DecodeString(data.Challenge) // what is none is refused as such
	return challenge
}

// RegisterFor keeps the passkey that was made by CreationOptions. answer has the fields
// attestation and name.
func (s *Service) RegisterFor(ctx context.Context, actor idp.Actor, t *idp.Tenant, name string, answer idp.Answer, now time.Time) (*idp.Passkey, error) {
	m := s.enroller(idp.PasskeyMethod)
	if m == nil {
		return nil, idp.Errorf(idp.Invalid, "This deployment has no passkeys.")
	}
	who, err := s.provisioned(ctx, actor, t, name, m, now)
	if err != nil {
		return nil, err
	}
	challenge, err := s.openCreation(t, who.User, answer["attestation"], now)
	if err != nil {
		return nil, err
	}
	c, err := m.Enroll(ctx, who, challenge, answer)
	if err != nil {
		return nil, asInvalid(err)
	}
	p := c.(*idp.Passkey)
	err = s.store.Update(ctx, t.TenantID, func(tx *storage.Tx) error {
		actor, err := actor.Current(tx)
		if err != nil {
			return err
		}
		current, err := subjectFor(tx, actor, t, who.User.UserID, m, now)
		if err != nil {
			return err
		}
		if r := forbidden(current.Policy, p); r != nil { // meanwhile
			return r
		}
		fresh, err := idp.Spend(tx, now.Add(2*CreationLifetime), creationPurpose, string(challenge))
		if err != nil {
			return err
		}
		if !fresh {
			return &idp.Refusal{Problem: "enrol.again", Detail: "the challenge was used before"}
		}
		if !actor.Is(current.User) {
			p.GivenBy = actor.Name
			anyone := idp.Object{Tenant: t.TenantID, User: current.User, Guarded: true}
			p.ForPrivileged = !current.Policy.TemporaryAccessPass.Approval && idp.May(actor, idp.WritePasskey, anyone) == nil // as of a pass that one gave alone
		}
		return errors.Join(keep(tx, p), s.tellGiven(tx, actor, t, current.User, p, now))
	})
	return p, asInvalid(err)
}

// asInvalid is a refusal in the words of an error for programs.
func asInvalid(err error) error {
	if r, ok := errors.AsType[*idp.Refusal](err); ok {
		code := idp.Invalid
		if r.Problem == "enrol.taken" || r.Problem == "enrol.again" {
			code = idp.Conflict
		}
		return idp.Errorf(code, "The passkey cannot be registered: %s.", strings.TrimSuffix(r.Detail, "."))
	}
	return err
}

// tellGiven tells the log, and the user by mail, of a passkey that came from a program.
func (s *Service) tellGiven(tx *storage.Tx, actor idp.Actor, t *idp.Tenant, u *idp.User, p *idp.Passkey, now time.Time) error {
	e := idp.NewEvent(idp.Directory, now)
	own := actor.Is(u)
	e.Tell(idp.MethodGiven)
	if own {
		e.Tell(idp.MethodRegistered)
	}
	e.Reason = idp.Did(own, "registered", idp.PasskeyMethod)
	e.Actor, e.App, e.Target, e.Address, e.RequestID = actor.Party, actor.App, idp.PartyOf(u), actor.Address, actor.RequestID
	e.Details = map[string]string{"method": p.PasskeyID, "name": p.Name, "aaguid": p.AAGUID}
	details := map[string]string{"Method": string(idp.PasskeyMethod), "Name": p.Name, "Address": actor.Address}
	return errors.Join((idp.AuditLog{Keys: s.keys, Tenant: t.TenantID}).Append(tx, e), idp.Notify(tx, u, idp.MailMethodAdded, details, now))
}
