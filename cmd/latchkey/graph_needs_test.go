package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// What must be there for a request to succeed.

// withPass gives the person a pass that nobody signs in with: proving one takes a
// processor a while.
func withPass(f *fixture) {
	if f.user == nil {
		return
	}
	f.update(f.home.ID, func(tx *storage.Tx) error {
		p, err := idp.Optional(storage.Lookup[idp.Pass](tx, "user", f.user.UserID))
		if err != nil || p != nil {
			f.values["id"] = p.PassID
			return err
		}
		if f.verifier == nil {
			policy := must(idp.LoadMethodsPolicy(tx))
			f.verifier, _, err = idp.NewPass(f.demo.server.Keys, f.home.ID, policy.TemporaryAccessPass, f.user, idp.PassRequest{}, f.demo.server.Clock.Now())
			if err != nil {
				return err
			}
		}
		made := *f.verifier
		made.PassID, made.UserID = idp.NewID(), f.user.UserID
		f.values["id"] = made.PassID
		return tx.Insert(&made)
	})
}

// passwordMethodID is the id of everybody's password.
const passwordMethodID = "28c10230-6103-485e-b985-444c60001490"

// withPasskey gives the person a passkey that nobody signs in with.
func withPasskey(f *fixture) {
	f.values["id"] = idp.NewID()
	if f.user == nil {
		return
	}
	f.update(f.home.ID, func(tx *storage.Tx) error {
		held, err := idp.Passkeys(tx, f.user.UserID)
		if err != nil || len(held) > 0 {
			f.values["id"] = append(held, &idp.Passkey{})[0].PasskeyID
			return err
		}
		return tx.Insert(passkeyOf(f.user.UserID, f.values["id"], f.demo.server.Clock.Now()))
	})
}

func passkeyOf(user, id string, now time.Time) *idp.Passkey {
	return &idp.Passkey{PasskeyID: id, UserID: user, Name: "Key", Credential: []byte(id), PublicKey: []byte{1}, AAGUID: id, Certificates: [][]byte{{1}}, CreatedAt: now}
}

// withDevice gives the person a device by which nobody signs in.
func withDevice(f *fixture) {
	f.values["id"] = idp.NewID()
	if f.user == nil {
		return
	}
	f.update(f.home.ID, func(tx *storage.Tx) error {
		held, err := idp.Authenticators(tx, f.user.UserID)
		if err != nil || len(held) > 0 {
			f.values["id"] = append(held, &idp.Authenticator{})[0].AuthenticatorID
			return err
		}
		return tx.Insert(deviceOf(f.user.UserID, f.values["id"], f.demo.server.Clock.Now()))
	})
}

func deviceOf(user, id string, now time.Time) *idp.Authenticator {
	return &idp.Authenticator{
		AuthenticatorID: id, UserID: user, Name: "Phone", Thumbprint: id, App: "web/1",
		Verifier: idp.AuthenticatorVerifier{Credential: []byte(id)}, CreatedAt: now, SeenAt: now,
	}
}

// withNewPasskey has a passkey made for the person, which is not registered yet.
func withNewPasskey(f *fixture) {
	f.Helper()
	if f.user == nil {
		return
	}
	tenant := &idp.Tenant{TenantID: f.home.ID}
	x, err := f.demo.server.Signin.CreationOptions(f.Context(), demoActor, tenant, f.user.UserID, f.demo.server.Clock.Now())
	if err != nil {
		f.Fatal(err)
	}
	key := passkeytest.New(passkeytest.ES256)
	address := must(url.Parse(f.base))
	key.Origin, key.RPID = address.Scheme+"://"+address.Host, address.Hostname()
	var made struct {
		ID       string
		Response struct{ ClientDataJSON, AttestationObject string }
	}
	if err := json.Unmarshal([]byte(key.Create(x.Options)), &made); err != nil {
		f.Fatal(err)
	}
	f.values["credential"], f.values["clientData"], f.values["attestation"] = made.ID, made.Response.ClientDataJSON, made.Response.AttestationObject
}

// withPassword gives the person a password that nobody signs in with.
func withPassword(f *fixture) {
	f.values["id"] = passwordMethodID
	if f.user == nil {
		return
	}
	f.update(f.home.ID, func(tx *storage.Tx) error {
		held, err := idp.HeldPassword(tx, f.user.UserID)
		if err != nil || len(held) > 0 {
			return err
		}
		return tx.Insert(&idp.Password{PasswordID: idp.NewID(), UserID: f.user.UserID, CreatedAt: f.demo.server.Clock.Now()})
	})
}

// withRequest lets a pass for the person wait for a second administrator.
func withRequest(f *fixture) {
	f.values["request"] = idp.NewID()
	if f.user == nil {
		return
	}
	f.update(f.home.ID, func(tx *storage.Tx) error {
		a, err := idp.Optional(storage.Lookup[idp.PassApproval](tx, "user", f.user.UserID))
		if err == nil && a == nil {
			a = idp.NewPassApproval(f.user, idp.PassRequest{}, demoActor.Party, f.demo.server.Clock.Now())
			err = tx.Insert(a)
		}
		if err == nil {
			f.values["request"] = a.ApprovalID
		}
		return err
	})
}

func withGroup(f *fixture)        { f.values["group"] = f.newGroup(false).GroupID }
func withGuardedGroup(f *fixture) { f.values["group"] = f.newGroup(true).GroupID }

// withMembership puts the person into a group.
func withMembership(f *fixture) {
	g := f.newGroup(false)
	f.values["group"] = g.GroupID
	if f.user != nil {
		f.join(g, f.user)
	}
}

// withUnusedRole names a role that the person does not have.
func withUnusedRole(f *fixture) {
	f.useRole(idp.GuestInviter)
	f.activate(idp.GuestInviter)
}

func (f *fixture) useRole(name string) {
	r, _ := idp.FindRole(name)
	f.values["role"], f.values["template"] = f.roleID(name), r.TemplateID
	if id := f.values["user"]; id != "" {
		f.values["assignment"] = assignmentOf(r.TemplateID, id)
	}
}

// activate takes a role into use, if it is not.
func (f *fixture) activate(name string) {
	f.Helper()
	_, err := f.demo.server.Admin.ActivateRole(f.Context(), demoActor, f.home.ID, name)
	if err != nil && idp.ErrorCode(err) != idp.Conflict {
		f.Fatal(err)
	}
}

// withRole names a role that the person has; somebody who is nobody's actor is given one.
func withRole(f *fixture) {
	f.Helper()
	switch {
	case f.user == nil:
		f.useRole(idp.DirectoryReaders)
	case len(f.user.Roles) > 0:
		f.useRole(f.user.Roles[0])
	case strings.HasPrefix(f.user.PrincipalName, "person"):
		if _, err := f.demo.server.Admin.AssignRole(f.Context(), demoActor, f.home.ID, idp.DirectoryReaders, f.user.UserID); err != nil {
			f.Fatal(err)
		}
		f.useRole(idp.DirectoryReaders)
	default:
		f.useRole(idp.DirectoryReaders)
	}
}

// withIdleRole puts a role out of use, so that it can be taken into use, until the request
// is over.
func withIdleRole(f *fixture) {
	r, _ := idp.FindRole(idp.HybridIdentityAdministrator)
	f.useRole(r.Name)
	var had []*idp.User
	f.update(f.home.ID, func(tx *storage.Tx) error {
		had = must2(storage.List[idp.User](tx, "role", r.Name, storage.Page{}))
		for _, u := range had {
			without := *u
			without.Roles = idp.Without(u.Roles, []string{r.Name})
			if err := tx.Put(&without); err != nil {
				return err
			}
		}
		d, err := idp.Optional(storage.Get[idp.DirectoryRole](tx, r.TemplateID))
		if d == nil || err != nil {
			return err
		}
		return tx.Delete(d)
	})
	f.undo = append(f.undo, func() {
		f.update(f.home.ID, func(tx *storage.Tx) error {
			for _, u := range had {
				if err := tx.Put(u); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// withPolicy puts the pass policy back afterwards: without it nobody would stay signed in.
func withPolicy(f *fixture) {
	var was *idp.MethodsPolicy
	f.update(f.home.ID, func(tx *storage.Tx) (err error) {
		was, err = idp.LoadMethodsPolicy(tx)
		return err
	})
	f.undo = append(f.undo, func() { f.update(f.home.ID, func(tx *storage.Tx) error { return tx.Put(was) }) })
}

// withKeyPolicy is withPolicy for the configuration of passkeys.
func withKeyPolicy(f *fixture) {
	withPolicy(f)
	f.values["configuration"] = "Fido2"
}

// withEmailPolicy is withPolicy for the configuration of codes by mail.
func withEmailPolicy(f *fixture) {
	withPolicy(f)
	f.values["configuration"] = "Email"
}

// withDevicePolicy is withPolicy for the configuration of devices.
func withDevicePolicy(f *fixture) {
	withPolicy(f)
	f.values["configuration"] = "MicrosoftAuthenticator"
}

// withGuestPolicy puts the policy of guests back afterwards: without it nobody would be invited.
func withGuestPolicy(f *fixture) {
	var was *idp.GuestPolicy
	f.update(f.home.ID, func(tx *storage.Tx) (err error) {
		was, err = idp.LoadGuestPolicy(tx)
		return err
	})
	f.undo = append(f.undo, func() { f.update(f.home.ID, func(tx *storage.Tx) error { return tx.Put(was) }) })
}

// release undoes what was made for one request.
func (f *fixture) release() {
	for _, undo := range f.undo {
		undo()
	}
	f.undo = nil
}

func must2[T, U any](v T, _ U, err error) T { return must(v, err) }

// withDomain gives the organization a domain that nobody's name ends in.
func withDomain(f *fixture) {
	f.Helper()
	d := fmt.Sprintf("d%d.example", f.next())
	if _, err := f.demo.server.Admin.AddDomain(f.Context(), demoActor, f.home.ID, d); err != nil {
		f.Fatal(err)
	}
	f.values["domain"] = d
}

// withClaim lets the organization want a domain that DNS proves to be its own, which may be asked.
func withClaim(f *fixture) {
	f.Helper()
	d := fmt.Sprintf("d%d.example", f.next())
	must(f.demo.server.Admin.ClaimDomain(f.Context(), demoActor, f.home.ID, d))
	f.update(f.home.ID, func(tx *storage.Tx) error {
		q, err := idp.LoadQuota(tx, "domain-lookup")
		q.Sent = nil
		return errors.Join(err, tx.Put(q))
	})
	f.values["domain"] = d
	f.undo = append(f.undo, func() { _, _ = f.demo.server.Admin.RemoveDomain(f.Context(), demoActor, f.home.ID, d) }) // if it is still there
}

// withFederation federates a domain with a provider that does not answer.
func withFederation(f *fixture) {
	f.Helper()
	withDomain(f)
	made, err := f.demo.server.Admin.CreateFederation(f.Context(), demoActor, f.home.ID, idp.Federation{
		Name: "Login", Issuer: "http://127.0.0.1:1", ClientID: "contoso", Domains: []string{f.values["domain"]},
	}, "secret")
	if err != nil {
		f.Fatal(err)
	}
	f.values["federation"] = made.FederationID
}

// withCrossTenant has nothing hold that does not in a fresh tenant.
func withCrossTenant(f *fixture) {
	f.Helper()
	if _, err := f.demo.server.Admin.UpdateCrossTenantDefault(f.Context(), demoActor, f.home.ID, admin.PartnerChange{AcceptMFA: new(idp.SwitchDisabled)}); err != nil {
		f.Fatal(err)
	}
}

// withoutPartner lets the default hold for the other organization.
func withoutPartner(f *fixture) {
	f.Helper()
	f.values["other"] = f.other.ID
	_, err := f.demo.server.Admin.RemovePartner(f.Context(), demoActor, f.home.ID, f.values["other"])
	if err != nil && idp.ErrorCode(err) != idp.NotFound {
		f.Fatal(err)
	}
}

// withPartner names the other organization.
func withPartner(f *fixture) {
	f.Helper()
	withoutPartner(f)
	f.values["partner"] = f.values["other"]
	if _, err := f.demo.server.Admin.AddPartner(f.Context(), demoActor, f.home.ID, f.values["partner"], admin.PartnerChange{AcceptMFA: new(idp.SwitchDisabled)}); err != nil {
		f.Fatal(err)
	}
}

// withGuest makes the person one from outside who was invited, whatever they are beside
// that.
func withGuest(f *fixture) {
	f.values["address"] = fmt.Sprintf("guest%d@outside.example", f.next())
	if f.user == nil {
		return
	}
	f.user.Type, f.user.Profile.Email, f.user.External.State = idp.ExternalGuest, f.values["address"], idp.Accepted
	f.user.PrincipalName = idp.GuestName(f.values["address"], &idp.Tenant{Domains: []string{f.home.Domain}})
	f.update(f.home.ID, func(tx *storage.Tx) error {
		u, err := storage.Get[idp.User](tx, f.user.UserID)
		if err != nil {
			return err
		}
		f.user.Groups = u.Groups
		return tx.Put(f.user)
	})
}

// withPending invites somebody, who is then invited again.
func withPending(f *fixture) {
	f.Helper()
	f.values["address"] = fmt.Sprintf("guest%d@outside.example", f.next())
	if _, err := f.demo.server.Admin.Invite(f.Context(), demoActor, f.home.ID, admin.InvitationRequest{Email: f.values["address"], RedirectURL: "https://app.example/"}); err != nil {
		f.Fatal(err)
	}
}

// withEvent names an event of a log.
func withEvent(log string) func(*fixture) {
	return func(f *fixture) {
		f.Helper()
		es, _, err := f.demo.server.Admin.Events(f.Context(), demoActor, f.home.ID, log, storage.Page{Limit: 1})
		if err != nil || len(es) == 0 {
			f.Fatalf("no event in %s: %v", log, err)
		}
		f.values["event"] = es[0].EventID
	}
}
