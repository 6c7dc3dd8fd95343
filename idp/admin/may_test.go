package admin_test

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// ground is a tenant in which every use case has something to be done to.
type ground struct {
	*world
	boss, bob                           *idp.User // with a privileged role, with none
	group                               *idp.Group
	guest                               *idp.User // who has yet to accept
	client, api, token, event, approval string
	identity, partner                   string
	key                                 *idp.Passkey       // Bob's, who has a password too
	device                              *idp.Authenticator // his
}

func newGround(t *testing.T) *ground {
	t.Helper()
	w := newWorld(t)
	w.fabrikam()
	g := &ground{world: w, bob: w.newUser("bob@contoso.example"), group: w.newGroup("Staff")}
	c, _, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	a, err := w.admin.CreateAPI(w.ctx, op, tenantID, filesAPI())
	w.must(err)
	token, _ := w.token(1)
	g.client, g.api, g.token = c.ClientID, a.APIID, token.TokenID
	w.givePass(g.bob.PrincipalName, idp.PassRequest{})
	w.allowPasswords()
	g.key = w.giveKey(g.bob, "Phone")
	w.givePassword(g.bob)
	w.allowDevices()
	g.device = w.giveDevice(g.bob, "Phone")
	g.guest = w.invited(invitation("lea@litware.example")).User
	w.put(&idp.InvitationBlock{Address: "no@litware.example", CreatedAt: epoch})
	g.boss = get[idp.User](w, w.person("boss", idp.GlobalReader).ID)
	w.change(admin.PassPolicyChange{Approval: new(true)})
	info, _, err := w.admin.CreatePass(w.ctx, admin.Operator("olga"), tenantID, g.boss.UserID, idp.PassRequest{})
	w.must(err)
	g.approval = info.Approval.ApprovalID
	w.must(err2(w.admin.AddMember(w.ctx, op, tenantID, g.group.GroupID, g.boss.UserID)))
	w.pass(time.Minute)
	g.event = w.newest().EventID
	g.abroad()
	return g
}

// federated is a provider of a domain.
func federated(domain string) idp.Federation {
	return idp.Federation{Name: "Login", Issuer: "https://login.example", ClientID: "contoso", Domains: []string{domain}}
}

// abroad lets there be providers elsewhere, somebody who is linked, a partner, and a domain that
// DNS proves.
func (g *ground) abroad() {
	g.admin.WithProviders(func(context.Context, string) (idp.ProviderReport, error) { return idp.ProviderReport{Keys: 1}, nil })
	g.admin.WithResolver(func(_ context.Context, domain string) ([]string, error) {
		return []string{g.keys.DomainRecord(tenantID, domain)}, nil
	})
	for _, domain := range []string{"branch.example", "contoso.example"} {
		g.must(err2(g.admin.CreateFederation(g.ctx, op, tenantID, federated(domain), "secret")))
	}
	id := idp.NewIdentity(g.bob.UserID, &idp.Outside{Provider: idp.NewID(), Issuer: "https://other.example", Subject: "bob"}, epoch)
	g.put(id)
	g.identity, g.partner = id.IdentityID, "33333333-3333-4333-8333-333333333333"
	g.put(&idp.CrossTenantPolicy{Default: idp.DefaultCrossTenantPolicy().Default, Partners: map[string]idp.Partner{g.partner: {}}})
	g.must(err2(g.admin.ClaimDomain(g.ctx, op, tenantID, "claimed.example")))
}

// calls are all use cases of administrators, each with what it needs to succeed.
func (g *ground) calls() map[string]func(a idp.Actor) error {
	s, ctx, t, none := g.admin, g.ctx, tenantID, storage.Page{}
	bob, staff := g.bob.UserID, g.group.GroupID
	write := func([]*idp.AuditEvent) error { g.Error("events were handed out"); return nil }
	return map[string]func(idp.Actor) error{
		"API":                func(a idp.Actor) error { return err2(s.API(ctx, a, t, g.api)) },
		"APIs":               func(a idp.Actor) error { return err3(s.APIs(ctx, a, t, none)) },
		"ActivateRole":       func(a idp.Actor) error { return err2(s.ActivateRole(ctx, a, t, idp.GuestInviter)) },
		"ActiveRoles":        func(a idp.Actor) error { return err2(s.ActiveRoles(ctx, a, t)) },
		"AddDomain":          func(a idp.Actor) error { return err2(s.AddDomain(ctx, a, t, "new.example")) },
		"AddMember":          func(a idp.Actor) error { return err2(s.AddMember(ctx, a, t, staff, bob)) },
		"AddMembers":         func(a idp.Actor) error { return s.AddMembers(ctx, a, t, staff, []string{bob}) },
		"Approval":           func(a idp.Actor) error { return err2(s.Approval(ctx, a, t, g.approval)) },
		"Approvals":          func(a idp.Actor) error { return err3(s.Approvals(ctx, a, t, none)) },
		"Authenticators":     func(a idp.Actor) error { return err2(s.Authenticators(ctx, a, t, bob)) },
		"ApprovePass":        func(a idp.Actor) error { return err2(s.ApprovePass(ctx, a, t, g.approval)) },
		"AssignRole":         func(a idp.Actor) error { return err2(s.AssignRole(ctx, a, t, idp.GlobalReader, bob)) },
		"Client":             func(a idp.Actor) error { return err2(s.Client(ctx, a, t, g.client)) },
		"Clients":            func(a idp.Actor) error { return err3(s.Clients(ctx, a, t, none)) },
		"MayReadLogs":        func(a idp.Actor) error { return s.MayReadLogs(ctx, a, t) },
		"Mailboxes":          func(a idp.Actor) error { return err2(s.Mailboxes(ctx, a, t, []*idp.User{g.bob})) },
		"CodeGuests":         func(a idp.Actor) error { return err3(s.CodeGuests(ctx, a, t)) },
		"CreateAPI":          func(a idp.Actor) error { return err2(s.CreateAPI(ctx, a, t, idp.API{Identifier: "urn:x", Name: "X"})) },
		"CreateClient":       func(a idp.Actor) error { return err3(s.CreateClient(ctx, a, t, webClient())) },
		"CreateGroup":        func(a idp.Actor) error { return err2(s.CreateGroup(ctx, a, t, idp.Group{Name: "Others"})) },
		"CreateInitialToken": func(a idp.Actor) error { return err3(s.CreateInitialToken(ctx, a, t, "x", 1, time.Hour)) },
		"CreatePass":         func(a idp.Actor) error { return err3(s.CreatePass(ctx, a, t, bob, idp.PassRequest{})) },
		"CreateTenant":       func(a idp.Actor) error { return err2(s.CreateTenant(ctx, a, "Third", "third.example")) },
		"CreateUser": func(a idp.Actor) error {
			return err2(s.CreateUser(ctx, a, t, idp.User{PrincipalName: "c@contoso.example", DisplayName: "C"}))
		},
		"DeleteAPI":           func(a idp.Actor) error { return s.DeleteAPI(ctx, a, t, g.api) },
		"DeleteAuthenticator": func(a idp.Actor) error { return s.DeleteAuthenticator(ctx, a, t, bob, g.device.AuthenticatorID) },
		"DeleteClient":        func(a idp.Actor) error { return s.DeleteClient(ctx, a, t, g.client) },
		"DeleteGroup":         func(a idp.Actor) error { return s.DeleteGroup(ctx, a, t, staff) },
		"DeleteInitialToken":  func(a idp.Actor) error { return s.DeleteInitialToken(ctx, a, t, g.token) },
		"DeletePass":          func(a idp.Actor) error { return s.DeletePass(ctx, a, t, bob, "") },
		"DeletePasskey":       func(a idp.Actor) error { return s.DeletePasskey(ctx, a, t, bob, g.key.PasskeyID) },
		"DeletePassword":      func(a idp.Actor) error { return s.DeletePassword(ctx, a, t, bob) },
		"DeleteUser":          func(a idp.Actor) error { return s.DeleteUser(ctx, a, t, bob) },
		"DenyPass":            func(a idp.Actor) error { return err2(s.DenyPass(ctx, a, t, g.approval)) },
		"Domains":             func(a idp.Actor) error { return err2(s.Domains(ctx, a, t)) },
		"Event":               func(a idp.Actor) error { return err2(s.Event(ctx, a, t, idp.Directory, g.event)) },
		"Events":              func(a idp.Actor) error { return err3(s.Events(ctx, a, t, idp.Directory, none)) },
		"EventInfo":           func(a idp.Actor) error { return err2(s.EventInfo(ctx, a, t, idp.Directory, g.event)) },
		"ExportEvents": func(a idp.Actor) error {
			return s.ExportEvents(ctx, a, t, admin.ExportFilter{Since: g.now()}, write)
		},
		"ExportSystemEvents": func(a idp.Actor) error {
			return s.ExportSystemEvents(ctx, a, admin.ExportFilter{Since: g.now()}, write)
		},
		"Deliveries":         func(a idp.Actor) error { return err3(s.Deliveries(ctx, a, t, admin.DeliveryQuery{}, none)) },
		"InvitationDelivery": func(a idp.Actor) error { return err2(s.InvitationDelivery(ctx, a, t, g.guest.UserID)) },
		"Federation":         func(a idp.Actor) error { return err2(s.Federation(ctx, a, t, "branch.example")) },
		"Federations":        func(a idp.Actor) error { return err2(s.Federations(ctx, a, t)) },
		"CreateFederation": func(a idp.Actor) error {
			return err2(s.CreateFederation(ctx, a, t, federated("other.example"), "secret"))
		},
		"UpdateFederation": func(a idp.Actor) error {
			return err2(s.UpdateFederation(ctx, a, t, "branch.example", nil, func(f *idp.Federation) error { f.Name = "New"; return nil }))
		},
		"DeleteFederation":      func(a idp.Actor) error { return s.DeleteFederation(ctx, a, t, "branch.example") },
		"CheckFederation":       func(a idp.Actor) error { return err2(s.CheckFederation(ctx, a, t, "branch.example")) },
		"CheckProvider":         func(a idp.Actor) error { return err2(s.CheckProvider(ctx, a, t, "https://login.example")) },
		"Identities":            func(a idp.Actor) error { return err2(s.Identities(ctx, a, t, bob)) },
		"IdentitiesOf":          func(a idp.Actor) error { return err2(s.IdentitiesOf(ctx, a, t, []*idp.User{g.bob})) },
		"LinkIdentity":          func(a idp.Actor) error { return err2(s.LinkIdentity(ctx, a, t, bob, "contoso.example", "sub-1")) },
		"UnlinkIdentity":        func(a idp.Actor) error { return s.UnlinkIdentity(ctx, a, t, bob, g.identity) },
		"CrossTenantPolicy":     func(a idp.Actor) error { return err2(s.CrossTenantPolicy(ctx, a, t)) },
		"KeepCrossTenantPolicy": func(a idp.Actor) error { return s.KeepCrossTenantPolicy(ctx, a, t) },
		"Partners":              func(a idp.Actor) error { return err2(s.Partners(ctx, a, t)) },
		"Partner":               func(a idp.Actor) error { return err2(s.Partner(ctx, a, t, g.partner)) },
		"UpdateCrossTenantDefault": func(a idp.Actor) error {
			return err2(s.UpdateCrossTenantDefault(ctx, a, t, admin.PartnerChange{Inbound: new(idp.AccessBlocked)}))
		},
		"ResetCrossTenantDefault": func(a idp.Actor) error { return err2(s.ResetCrossTenantDefault(ctx, a, t)) },
		"AddPartner":              func(a idp.Actor) error { return err2(s.AddPartner(ctx, a, t, otherID, admin.PartnerChange{})) },
		"UpdatePartner": func(a idp.Actor) error {
			return err2(s.UpdatePartner(ctx, a, t, g.partner, admin.PartnerChange{AcceptMFA: new(idp.SwitchEnabled)}))
		},
		"RemovePartner":    func(a idp.Actor) error { return err2(s.RemovePartner(ctx, a, t, g.partner)) },
		"ClaimDomain":      func(a idp.Actor) error { return err2(s.ClaimDomain(ctx, a, t, "wanted.example")) },
		"VerifyDomain":     func(a idp.Actor) error { return err2(s.VerifyDomain(ctx, a, t, "claimed.example")) },
		"SetDefaultDomain": func(a idp.Actor) error { return err2(s.SetDefaultDomain(ctx, a, t, "contoso.example")) },
		"Guest":            func(a idp.Actor) error { return err2(s.Guest(ctx, a, t, g.guest.UserID)) },
		"Guests":           func(a idp.Actor) error { return err3(s.Guests(ctx, a, t, admin.GuestQuery{}, none)) },
		"GuestPolicy":      func(a idp.Actor) error { return err2(s.GuestPolicy(ctx, a, t)) },
		"InvitationBlocks": func(a idp.Actor) error { return err3(s.InvitationBlocks(ctx, a, t, none)) },
		"Outbox":           func(a idp.Actor) error { return err2(s.Outbox(ctx, a, t, admin.DeliveryQuery{})) },
		"Resend":           func(a idp.Actor) error { return err2(s.Resend(ctx, a, t, g.guest.UserID)) },
		"ResetRedemption": func(a idp.Actor) error {
			return err2(s.ResetRedemption(ctx, a, t, g.guest.UserID, ""))
		},
		"ResetEmailPolicy": func(a idp.Actor) error { return err2(s.ResetEmailPolicy(ctx, a, t)) },
		"Unblock":          func(a idp.Actor) error { return s.Unblock(ctx, a, t, "no@litware.example") },
		"UpdateEmailPolicy": func(a idp.Actor) error {
			return err2(s.UpdateEmailPolicy(ctx, a, t, admin.EmailPolicyChange{CodeLifetime: new(10)}))
		},
		"UpdateGuestPolicy": func(a idp.Actor) error {
			return err2(s.UpdateGuestPolicy(ctx, a, t, admin.GuestPolicyChange{InvitationDays: new(7)}))
		},
		"Group":               func(a idp.Actor) error { return err2(s.Group(ctx, a, t, staff)) },
		"Groups":              func(a idp.Actor) error { return err3(s.Groups(ctx, a, t, none)) },
		"GroupsOf":            func(a idp.Actor) error { return err2(s.GroupsOf(ctx, a, t, bob)) },
		"Holders":             func(a idp.Actor) error { return err3(s.Holders(ctx, a, t, idp.GlobalReader, none)) },
		"InitialTokens":       func(a idp.Actor) error { return err3(s.InitialTokens(ctx, a, t, none)) },
		"InviteAuthenticator": func(a idp.Actor) error { return err2(s.InviteAuthenticator(ctx, a, t, bob)) },
		"Invite":              func(a idp.Actor) error { return err2(s.Invite(ctx, a, t, invitation("gast@fabrikam.example"))) },
		"Keys":                func(a idp.Actor) error { return err2(s.Keys(ctx, a, t)) },
		"MayCreatePass":       func(a idp.Actor) error { return s.MayCreatePass(ctx, a, t) },
		"Members":             func(a idp.Actor) error { return err3(s.Members(ctx, a, t, staff, none)) },
		"Methods":             func(a idp.Actor) error { return err2(s.Methods(ctx, a, t, bob)) },
		"MethodsPolicy":       func(a idp.Actor) error { return err2(s.MethodsPolicy(ctx, a, t)) },
		"MethodsReport":       func(a idp.Actor) error { return err2(s.MethodsReport(ctx, a, t, bob)) },
		"MethodsReports":      func(a idp.Actor) error { return err3(s.MethodsReports(ctx, a, t, none)) },
		"NewClientSecret":     func(a idp.Actor) error { return err3(s.NewClientSecret(ctx, a, t, g.client)) },
		"OwnSignIns":          func(a idp.Actor) error { return err2(s.OwnSignIns(ctx, a, t, bob)) },
		"Organization":        func(a idp.Actor) error { return err2(s.Organization(ctx, a, t)) },
		"Pass":                func(a idp.Actor) error { return err2(s.Pass(ctx, a, t, bob)) },
		"Passkeys":            func(a idp.Actor) error { return err2(s.Passkeys(ctx, a, t, bob)) },
		"Password":            func(a idp.Actor) error { return err2(s.Password(ctx, a, t, bob)) },
		"PreferMethod":        func(a idp.Actor) error { return s.PreferMethod(ctx, a, t, bob, idp.PasswordMethod) },
		"PassPolicy":          func(a idp.Actor) error { return err2(s.PassPolicy(ctx, a, t)) },
		"Passes":              func(a idp.Actor) error { return err3(s.Passes(ctx, a, t, none)) },
		"Readiness":           func(a idp.Actor) error { return err3(s.Readiness(ctx, a, t, none)) },
		"ReadinessOf":         func(a idp.Actor) error { return err2(s.ReadinessOf(ctx, a, t, bob)) },
		"RemoveDomain":        func(a idp.Actor) error { return err2(s.RemoveDomain(ctx, a, t, "contoso.test")) },
		"RemoveMember":        func(a idp.Actor) error { return err2(s.RemoveMember(ctx, a, t, staff, g.boss.UserID)) },
		"RemoveRole":          func(a idp.Actor) error { return s.RemoveRole(ctx, a, t, idp.GlobalReader, g.boss.UserID) },
		"RenamePasskey": func(a idp.Actor) error {
			return err2(s.RenamePasskey(ctx, a, t, bob, g.key.PasskeyID, "New phone"))
		},
		"RenameAuthenticator": func(a idp.Actor) error {
			return err2(s.RenameAuthenticator(ctx, a, t, bob, g.device.AuthenticatorID, "New phone"))
		},
		"ResetAuthenticatorPolicy": func(a idp.Actor) error { return err2(s.ResetAuthenticatorPolicy(ctx, a, t)) },
		"ResetPassPolicy":          func(a idp.Actor) error { return err2(s.ResetPassPolicy(ctx, a, t)) },
		"ResetPasskeyPolicy":       func(a idp.Actor) error { return err2(s.ResetPasskeyPolicy(ctx, a, t)) },
		"RevokeSessions":           func(a idp.Actor) error { return err2(s.RevokeSessions(ctx, a, t, bob)) },
		"RoleAssignments":          func(a idp.Actor) error { return err2(s.RoleAssignments(ctx, a, t)) },
		"Roles":                    func(a idp.Actor) error { return err2(s.Roles(ctx, a, t)) },
		"RolesOf":                  func(a idp.Actor) error { return err2(s.RolesOf(ctx, a, t, bob)) },
		"RotateKeys":               func(a idp.Actor) error { return err2(s.RotateKeys(ctx, a, t)) },
		"SearchEvents": func(a idp.Actor) error {
			return err3(s.SearchEvents(ctx, a, t, admin.EventQuery{Log: idp.Directory}, none))
		},
		"SetPassword": func(a idp.Actor) error { return s.SetPassword(ctx, a, t, bob, goodPassword) },
		"Tenants":     func(a idp.Actor) error { return err3(s.Tenants(ctx, a, none)) },
		"UpdateAPI":   func(a idp.Actor) error { return err2(s.UpdateAPI(ctx, a, t, g.api, admin.APIChange{Name: new("Y")})) },
		"UpdateAuthenticatorPolicy": func(a idp.Actor) error {
			return err2(s.UpdateAuthenticatorPolicy(ctx, a, t, admin.AuthenticatorPolicyChange{Digits: new(3)}))
		},
		"UpdateClient": func(a idp.Actor) error {
			return err2(s.UpdateClient(ctx, a, t, g.client, func(c *idp.Client) { c.Name = "Y" }))
		},
		"UpdateGroup": func(a idp.Actor) error {
			return err2(s.UpdateGroup(ctx, a, t, staff, admin.GroupChange{Name: new("Y")}))
		},
		"UpdatePassPolicy": func(a idp.Actor) error {
			return err2(s.UpdatePassPolicy(ctx, a, t, admin.PassPolicyChange{Length: new(9)}))
		},
		"UpdatePasskeyPolicy": func(a idp.Actor) error {
			return err2(s.UpdatePasskeyPolicy(ctx, a, t, admin.PasskeyPolicyChange{Synced: new(false)}))
		},
		"UpdatePasswordPolicy": func(a idp.Actor) error {
			return err2(s.UpdatePasswordPolicy(ctx, a, t, admin.PasswordPolicyChange{MinimumLength: new(20)}))
		},
		"UpdateRegistrationPolicy": func(a idp.Actor) error {
			return err2(s.UpdateRegistrationPolicy(ctx, a, t, admin.RegistrationPolicyChange{SnoozeDays: new(2)}))
		},
		"UpdateTenant": func(a idp.Actor) error { return err2(s.UpdateTenant(ctx, a, t, admin.TenantChange{Name: new("Y")})) },
		"UpdateUser": func(a idp.Actor) error {
			return err2(s.UpdateUser(ctx, a, t, bob, admin.UserChange{DisplayName: new("Y")}))
		},
		"User":        func(a idp.Actor) error { return err2(s.User(ctx, a, t, bob)) },
		"Users":       func(a idp.Actor) error { return err3(s.Users(ctx, a, t, none)) },
		"UsersByMail": func(a idp.Actor) error { return err3(s.UsersByMail(ctx, a, t, "bob@fabrikam.example", none)) },
		"VerifyAudit": func(a idp.Actor) error { return err2(s.VerifyAudit(ctx, a, t)) },
		"VerifySystemAudit": func(a idp.Actor) error {
			return err2(s.VerifySystemAudit(ctx, a))
		},
	}
}

// strangers may do none of it.
func (g *ground) strangers() map[string]idp.Actor {
	chief := g.person("chief", idp.GlobalAdministrator)
	chief.Tenant = otherID
	bobElsewhere := idp.Person(otherID, g.bob)
	impostor := idp.Actor{Party: op.Party, Tenant: tenantID}
	stateless := idp.Person("", g.boss)
	stateless.Roles = []string{idp.GlobalAdministrator}
	mighty := through(g.person("mighty", idp.GlobalAdministrator), "User.Read", "openid")
	return map[string]idp.Actor{
		"an ordinary member":                            g.person("ordinary"),
		"an administrator of another tenant":            chief,
		"whom it is about, of another tenant":           bobElsewhere,
		"nobody":                                        {},
		"an operator of a tenant":                       impostor,
		"an administrator of no tenant":                 stateless,
		"an administrator through an app that may not":  mighty,
		"an app without permissions":                    app(),
		"an app with the permissions of another tenant": {Party: app().Party, Tenant: otherID, Permissions: idp.Permissions()},
		"an app with what only people may have": app("User.Read", "UserAuthMethod-TAP.ReadWrite", "UserAuthenticationMethod.ReadWrite",
			"UserAuthMethod-Passkey.ReadWrite", "UserAuthMethod-MicrosoftAuthApp.ReadWrite", "UserAuthMethod-Password.ReadWrite"),
		"a member who has just proved much":              stronger(g.person("strong")),
		"a member through an app that may do everything": through(g.person("member"), idp.Permissions()...),
	}
}

// open are the methods that ask for no right of an administrator: they ask for a
// registration token, or say what is no secret. The last five are no use cases: they make the
// service.
var open = []string{"DeleteOwnClient", "MayRegister", "OwnClient", "RegisterClient", "ReplaceOwnClient", "Tenant", "WithBreached", "WithMail", "WithPasskeyHost", "WithProviders", "WithResolver"}

// TestEveryUseCaseRefuses: who may not is refused by each use case, and nothing is
// written; the same call of an operator succeeds.
func TestEveryUseCaseRefuses(t *testing.T) {
	t.Parallel()
	g := newGround(t)
	strangers, calls := g.strangers(), g.calls()
	for name, call := range calls {
		for who, a := range strangers {
			g.wantRefused(name+" by "+who, func() error { return call(a) })
		}
		if name == "ExportEvents" || name == "ExportSystemEvents" { // which would hand events out
			continue
		}
		fresh := newGround(t)
		if err := fresh.calls()[name](op); err != nil {
			t.Errorf("%s by an operator: %v", name, err)
		}
	}
	service := reflect.TypeFor[*admin.Service]()
	for m := range service.Methods() {
		if _, tested := calls[m.Name]; tested == slices.Contains(open, m.Name) {
			t.Errorf("%s: tested %t, and open to all: %t", m.Name, tested, tested)
		}
	}
	if service.NumMethod() != len(calls)+len(open) {
		t.Errorf("%d methods, %d tested, %d open", service.NumMethod(), len(calls), len(open))
	}
}
