package idp_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// whom is whom the documents let a role do something to.
type whom int

const (
	members whom = iota + 1 // those without a privileged role
	everybody
)

// permit is one row of the documented tables (Microsoft Graph's reference, "Permissions"
// and "least privileged roles" of each operation). It is written after the documents,
// not after the rules it is held against.
type permit struct {
	action   idp.Action
	app      []string // of an app by itself, and of one through which a person acts on others
	own      []string // of one through which a person acts on itself; nil: there is nothing of one's own
	roles    map[string]whom
	notSelf  bool
	personal bool // an app never does it by itself
	sparing  bool // an app never does it by itself to who is privileged
	strong   bool // to oneself it takes a strong proof of the last minutes
}

var (
	tapRead     = []string{"UserAuthMethod-TAP.Read.All", "UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
	tapWrite    = []string{"UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
	ownTAPRead  = append([]string{"UserAuthMethod-TAP.Read", "UserAuthMethod-TAP.ReadWrite", "UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite"}, tapRead...)
	ownTAPWrite = append([]string{"UserAuthMethod-TAP.ReadWrite", "UserAuthenticationMethod.ReadWrite"}, tapWrite...)
	keyWrite    = []string{"UserAuthMethod-Passkey.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
	keyRead     = append([]string{"UserAuthMethod-Passkey.Read.All", "UserAuthenticationMethod.Read.All"}, keyWrite...)
	appWrite    = []string{"UserAuthMethod-MicrosoftAuthApp.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
	appRead     = append([]string{"UserAuthMethod-MicrosoftAuthApp.Read.All", "UserAuthenticationMethod.Read.All"}, appWrite...)
	wordWrite   = []string{"UserAuthMethod-Password.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
	wordRead    = append([]string{"UserAuthMethod-Password.Read.All", "UserAuthenticationMethod.Read.All"}, wordWrite...)
	ownMethods  = []string{"UserAuthenticationMethod.ReadWrite"}
	readMethods = map[string]whom{
		"Global Administrator": everybody, "Privileged Authentication Administrator": everybody,
		"Authentication Administrator": members, "Global Reader": everybody,
	}
	writeMethods = map[string]whom{"Global Administrator": everybody, "Privileged Authentication Administrator": everybody, "Authentication Administrator": members}
	logReaders   = map[string]whom{
		"Global Administrator": everybody, "Global Reader": everybody, "Reports Reader": everybody,
		"Security Administrator": everybody, "Security Reader": everybody,
	}
)

var documented = []permit{
	{
		action: idp.CreatePass, app: tapWrite, notSelf: true,
		roles: map[string]whom{"Global Administrator": everybody, "Privileged Authentication Administrator": everybody, "Authentication Administrator": members},
	},
	{
		action: idp.ReadPass, app: tapRead, own: ownTAPRead,
		roles: map[string]whom{
			"Global Administrator": everybody, "Privileged Authentication Administrator": everybody,
			"Authentication Administrator": members, "Global Reader": everybody,
		},
	},
	{
		action: idp.DeletePass, app: tapWrite, own: ownTAPWrite,
		roles: map[string]whom{"Global Administrator": everybody, "Privileged Authentication Administrator": everybody, "Authentication Administrator": members},
	},
	{
		action: idp.ApprovePass, app: tapWrite, notSelf: true, personal: true,
		roles: map[string]whom{"Global Administrator": everybody, "Privileged Authentication Administrator": everybody},
	},
	{
		action: idp.ReadPasskey, app: keyRead, roles: readMethods,
		own: slices.Concat(keyRead, ownMethods, []string{"UserAuthMethod-Passkey.Read", "UserAuthMethod-Passkey.ReadWrite", "UserAuthenticationMethod.Read"}),
	},
	{
		action: idp.WritePasskey, app: keyWrite, roles: writeMethods, sparing: true, strong: true,
		own: slices.Concat(keyWrite, ownMethods, []string{"UserAuthMethod-Passkey.ReadWrite"}),
	},
	{
		action: idp.ReadAuthenticator, app: appRead, roles: readMethods,
		own: slices.Concat(appRead, ownMethods, []string{"UserAuthMethod-MicrosoftAuthApp.Read", "UserAuthMethod-MicrosoftAuthApp.ReadWrite", "UserAuthenticationMethod.Read"}),
	},
	{
		action: idp.WriteAuthenticator, app: appWrite, roles: writeMethods, sparing: true, strong: true,
		own: slices.Concat(appWrite, ownMethods, []string{"UserAuthMethod-MicrosoftAuthApp.ReadWrite"}),
	},
	{
		action: idp.ReadPassword, app: wordRead, roles: readMethods,
		own: slices.Concat(wordRead, ownMethods, []string{"UserAuthMethod-Password.Read", "UserAuthMethod-Password.ReadWrite", "UserAuthenticationMethod.Read"}),
	},
	{
		action: idp.DeletePassword, app: wordWrite, roles: writeMethods, sparing: true, strong: true,
		own: slices.Concat(wordWrite, ownMethods, []string{"UserAuthMethod-Password.ReadWrite"}),
	},
	{action: idp.WritePassword, strong: true, own: slices.Concat(ownMethods, []string{"UserAuthMethod-Password.ReadWrite"})},
	{
		action: idp.PreferMethod, app: []string{"UserAuthenticationMethod.ReadWrite.All"}, roles: writeMethods, sparing: true, strong: true,
		own: slices.Concat(ownMethods, []string{"UserAuthenticationMethod.ReadWrite.All"}),
	},
	{action: idp.ReadOwnSignIns, own: []string{}},
	{
		action: idp.ReadMethodsPolicy,
		app:    []string{"Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod", "Policy.Read.All"},
		roles:  map[string]whom{"Global Reader": everybody, "Authentication Policy Administrator": everybody, "Global Administrator": everybody},
	},
	{
		action: idp.WriteMethodsPolicy, app: []string{"Policy.ReadWrite.AuthenticationMethod"},
		roles: map[string]whom{"Authentication Policy Administrator": everybody, "Global Administrator": everybody},
	},
	{action: idp.ReadLogs, app: []string{"AuditLog.Read.All"}, roles: logReaders},
	{action: idp.ReadReports, app: []string{"AuditLog.Read.All"}, roles: logReaders},
	{
		action: idp.InviteUser, app: []string{"User.Invite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"},
		roles: map[string]whom{"Guest Inviter": everybody, "User Administrator": everybody, "Global Administrator": everybody},
	},
	{
		action: idp.ResetRedemption, app: []string{"User.Invite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}, sparing: true,
		roles: map[string]whom{"Global Administrator": everybody, "User Administrator": members, "Helpdesk Administrator": members},
	},
	{
		action: idp.ReadGuestPolicy, app: []string{"Policy.Read.All", "Policy.ReadWrite.Authorization"},
		roles: map[string]whom{"Global Administrator": everybody, "Global Reader": everybody, "User Administrator": everybody, "Guest Inviter": everybody},
	},
	{
		action: idp.WriteGuestPolicy, app: []string{"Policy.ReadWrite.Authorization"},
		roles: map[string]whom{"Global Administrator": everybody, "Privileged Role Administrator": everybody},
	},
	{
		action: idp.ReadFederations, app: []string{"IdentityProvider.Read.All", "IdentityProvider.ReadWrite.All", "Domain.Read.All", "Domain.ReadWrite.All"},
		roles: everyRole(),
	},
	{
		action: idp.WriteFederations, app: []string{"IdentityProvider.ReadWrite.All", "Domain.ReadWrite.All"},
		roles: map[string]whom{"Global Administrator": everybody, "External Identity Provider Administrator": everybody, "Hybrid Identity Administrator": everybody},
	},
	{
		action: idp.LinkIdentities, app: []string{"UserAuthenticationMethod.ReadWrite.All"}, sparing: true, notSelf: true,
		roles: map[string]whom{
			"Global Administrator": everybody, "Privileged Authentication Administrator": everybody, "Authentication Administrator": members,
		},
	},
	{
		action: idp.ReadCrossTenant, app: []string{"Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess"},
		roles: map[string]whom{"Global Administrator": everybody, "Global Reader": everybody, "Security Administrator": everybody, "Security Reader": everybody},
	},
	{
		action: idp.WriteCrossTenant, app: []string{"Policy.ReadWrite.CrossTenantAccess"},
		roles: map[string]whom{"Global Administrator": everybody, "Security Administrator": everybody},
	},
	{
		action: idp.RevokeSessions, app: []string{"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"},
		own: []string{"User.ReadWrite", "User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"},
		roles: map[string]whom{
			"Global Administrator": everybody, "Privileged Authentication Administrator": everybody,
			"Authentication Administrator": members, "User Administrator": members, "Helpdesk Administrator": members,
		},
	},
}

// everyRole may do something to everybody.
func everyRole() map[string]whom {
	all := map[string]whom{}
	for _, r := range documentedRoles {
		all[r.name] = everybody
	}
	return all
}

// tried are the permissions an app is tried with: every documented one, and what only
// looks like one.
func tried() []string {
	names := []string{
		"", "All", "Directory.Read.All", "User.Read", "User.Read.All", "userauthmethod-tap.readwrite.all", "UserAuthMethod-TAP.ReadWrite.All ",
		"UserAuthMethod-TAP.Read.All UserAuthMethod-TAP.ReadWrite.All", "RoleManagement.ReadWrite.Directory", "openid", ".default",
	}
	for _, p := range documented {
		names = append(append(names, p.app...), p.own...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// target is whom or what something is done to.
type target struct {
	name       string
	object     idp.Object
	privileged bool // by the documents
}

// targets are all sorts of them, but for the actor.
func targets() []target {
	other := func(name string, privileged bool, roles ...string) target {
		u := &idp.User{UserID: bobID, PrincipalName: "bob@contoso.example", Roles: roles}
		return target{name, idp.Object{Tenant: tenantID, User: u}, privileged}
	}
	guarded, limitedToo := other("in a guarded group", true), other("in a guarded group, with a limited role", true, "Reports Reader")
	guarded.object.Guarded, limitedToo.object.Guarded = true, true
	all := []target{
		{"nobody in particular", idp.Object{Tenant: tenantID}, false},
		other("a member", false), guarded, limitedToo,
		other("with limited roles", false, "Guest Inviter", "Directory Readers"),
		other("with a limited and another role", true, "Guest Inviter", "Domain Name Administrator"),
		other("with a role nobody knows", true, "Compliance Administrator"),
		other("with a role that has no name", true, ""),
	}
	for _, r := range documentedRoles {
		all = append(all, other("a "+r.name, !r.limited, r.name))
	}
	return all
}

// elsewhere is the same in another tenant.
func elsewhere(t target) target {
	t.name += " elsewhere"
	t.object.Tenant = bobID
	return t
}

// holder is somebody with a role, "" for none.
func holder(role string) idp.Actor {
	u := anna()
	if role != "" {
		u.Roles = []string{role}
	}
	return idp.Person(tenantID, u)
}

func through(a idp.Actor, permissions ...string) idp.Actor {
	a.App, a.Permissions = idp.Party{Type: idp.ActorClient, ID: staffID}, permissions
	return a
}

func byItself(permissions ...string) idp.Actor {
	return idp.Actor{Party: idp.Party{Type: idp.ActorClient, ID: staffID}, Tenant: tenantID, Permissions: permissions}
}

// stronger is the person when they have just proved more than one factor.
func stronger(a idp.Actor) idp.Actor {
	a.Strong = true
	return a
}

// tellOwn is tell of what somebody does to themselves: where it takes a strong proof they
// may if they have given one, and else are asked for one.
func tellOwn(t *testing.T, p permit, a idp.Actor, o idp.Object, want bool, format string, args ...any) {
	t.Helper()
	tell(t, idp.May(stronger(a), p.action, o), want, format+", with a strong proof", args...)
	err := idp.May(a, p.action, o)
	tell(t, err, want && !p.strong, format, args...)
	if stepUp := errors.Is(err, idp.ErrStepUp); stepUp != (want && p.strong) {
		t.Errorf("%s: asked for a strong proof %t: %v", fmt.Sprintf(format, args...), stepUp, err)
	}
}

// tell compares an answer of May with what it must be.
func tell(t *testing.T, got error, want bool, format string, args ...any) {
	t.Helper()
	if (got == nil) != want || got != nil && idp.ErrorCode(got) != idp.Forbidden {
		t.Errorf("%s: got %v, want allowed %t", fmt.Sprintf(format, args...), got, want)
	}
}

func TestMayDoToOthers(t *testing.T) {
	t.Parallel()
	roleNames := []string{""}
	for _, r := range documentedRoles {
		roleNames = append(roleNames, r.name)
	}
	all := tried()
	for _, p := range documented {
		for _, role := range roleNames {
			for _, x := range targets() {
				want := p.roles[role] == everybody || p.roles[role] == members && !x.privileged
				a := holder(role)
				tell(t, idp.May(a, p.action, x.object), want, "%s by %q on %s", p.action, role, x.name)
				tell(t, idp.May(through(a), p.action, x.object), false, "%s by %q on %s, through an app without", p.action, role, x.name)
				for _, name := range all {
					tell(t, idp.May(through(a, name), p.action, x.object), want && slices.Contains(p.app, name), "%s by %q on %s, through an app with %q", p.action, role, x.name, name)
				}
				x = elsewhere(x)
				tell(t, idp.May(a, p.action, x.object), false, "%s by %q on %s", p.action, role, x.name)
				tell(t, idp.May(through(a, all...), p.action, x.object), false, "%s by %q on %s, through an app", p.action, role, x.name)
			}
		}
	}
}

func TestMayDoToOneself(t *testing.T) {
	t.Parallel()
	roleNames := []string{""}
	for _, r := range documentedRoles {
		roleNames = append(roleNames, r.name)
	}
	const selfService = "Self-service operations are currently not supported for user " + annaID + "."
	for _, p := range documented {
		if p.own == nil && !p.notSelf {
			continue
		}
		for _, role := range roleNames {
			for _, guarded := range []bool{false, true} {
				a := holder(role)
				o := idp.Object{Tenant: tenantID, User: &idp.User{UserID: annaID, Roles: a.Roles}, Guarded: guarded}
				tellOwn(t, p, a, o, p.own != nil, "%s by %q on itself", p.action, role)
				tell(t, idp.May(through(a), p.action, o), false, "%s by %q on itself, through an app without", p.action, role)
				for _, name := range tried() {
					tellOwn(t, p, through(a, name), o, slices.Contains(p.own, name), "%s by %q on itself, through an app with %q", p.action, role, name)
				}
				if p.notSelf {
					wantError(t, idp.May(a, p.action, o), idp.Forbidden, selfService)
					wantError(t, idp.May(through(a, p.app...), p.action, o), idp.Forbidden, selfService)
				}
				o.Tenant = bobID
				wantError(t, idp.May(a, p.action, o), idp.Forbidden, "Insufficient privileges to complete the operation.")
			}
		}
	}
}

func TestMayAnAppByItself(t *testing.T) {
	t.Parallel()
	for _, p := range documented {
		for _, x := range targets() {
			tell(t, idp.May(byItself(), p.action, x.object), false, "%s by an app without on %s", p.action, x.name)
			for _, name := range tried() {
				want := slices.Contains(p.app, name) && !p.personal && !(p.sparing && x.privileged)
				tell(t, idp.May(byItself(name), p.action, x.object), want, "%s by an app with %q on %s", p.action, name, x.name)
			}
			tell(t, idp.May(byItself(tried()...), p.action, elsewhere(x).object), false, "%s by an app on %s", p.action, elsewhere(x).name)
		}
		// A role is a person's, and so is what is one's own.
		a := byItself()
		a.Roles, a.ID = []string{"Global Administrator"}, annaID
		tell(t, idp.May(a, p.action, idp.Object{Tenant: tenantID, User: anna()}), false, "%s by an app with a role and a person's id", p.action)
	}
}

// TestPermissionsFor: what is told in 403s and consent pages is what May takes.
func TestPermissionsFor(t *testing.T) {
	t.Parallel()
	sorted := func(names []string) []string { return slices.Compact(slices.Sorted(slices.Values(names))) }
	for _, p := range documented {
		app, delegated := idp.PermissionsFor(p.action)
		wantApp, wantDelegated := p.app, slices.Concat(p.app, p.own)
		if p.personal {
			wantApp = nil
		}
		if !slices.Equal(sorted(app), sorted(wantApp)) || !slices.Equal(sorted(delegated), sorted(wantDelegated)) {
			t.Errorf("%s: %q and %q", p.action, app, delegated)
		}
	}
	if app, delegated := idp.PermissionsFor(idp.Operate); app != nil || len(delegated) != 0 {
		t.Errorf("to operate: %q and %q", app, delegated)
	}
}

func TestMayNobodyAndOperators(t *testing.T) {
	t.Parallel()
	all := append([]idp.Action{idp.Operate, idp.InviteDevice, "", "pass.forge"}, idp.Actions()...)
	here := idp.Object{Tenant: tenantID, User: anna()}
	strong := holder("Global Administrator")
	strong.ID = bobID
	operator := idp.Actor{Party: idp.Party{Type: idp.ActorOperator, Name: "root"}}
	posing := operator
	posing.Tenant, posing.Roles, posing.Permissions = tenantID, strong.Roles, idp.Permissions()
	homeless, typeless := strong, strong
	homeless.Tenant, typeless.Type = "", ""
	for _, action := range all {
		for _, o := range []idp.Object{{}, here, {Tenant: tenantID}, {Tenant: bobID, User: anna(), Guarded: true}} {
			tell(t, idp.May(operator, action, o), true, "%s by the operator", action)
			tell(t, idp.May(idp.Actor{}, action, o), false, "%s by nobody", action)
			tell(t, idp.May(posing, action, o), false, "%s by an operator with a tenant", action)
			tell(t, idp.May(homeless, action, o), false, "%s by a person without a tenant", action)
			tell(t, idp.May(typeless, action, o), false, "%s by an actor without a type", action)
		}
	}
	for _, action := range all[:4] {
		tell(t, idp.May(strong, action, here), false, "%s by a Global Administrator", action)
		tell(t, idp.May(byItself(idp.Permissions()...), action, here), false, "%s by an app with everything", action)
	}
	for _, action := range idp.Actions() {
		own := action == idp.WritePassword || action == idp.ReadOwnSignIns
		tell(t, idp.May(strong, action, here), !own, "%s by a Global Administrator", action)
	}
}

// TestActionsAreAll: an action that has no rule is for operators, and these two are.
func TestActionsAreAll(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("actions.go")
	if err != nil {
		t.Fatal(err)
	}
	want := []idp.Action{}
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +Action = "([a-zA-Z.]+)"$`).FindAllSubmatch(src, -1) {
		if a := idp.Action(m[1]); a != idp.Operate && a != idp.InviteDevice {
			want = append(want, a)
		}
	}
	slices.Sort(want)
	if got := idp.Actions(); !slices.Equal(got, want) || len(got) < 25 {
		t.Errorf("rules for %q\nwant  %q", got, want)
	}
}

// TestMayIsMonotone tries random actors: who is given more may no less, who acts
// through an app may no more, and nobody reaches into another tenant.
func TestMayIsMonotone(t *testing.T) {
	t.Parallel()
	const rounds = 200_000
	r := random(20)
	actions := append(idp.Actions(), idp.Operate, idp.InviteDevice, "nothing")
	allowed := 0
	for i := range rounds {
		a, o, action := randomActor(r), randomObject(r), pick(r, actions)
		before, beforeObject := clone(a), o
		err := idp.May(a, action, o)
		again := idp.May(a, action, o)
		if !reflect.DeepEqual(a, before) || !reflect.DeepEqual(o, beforeObject) || (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("round %d: not pure: %+v %s %+v: %v, then %v", i, a, action, o, err, again)
		}
		if err != nil {
			continue
		}
		allowed++
		if a.Type != idp.ActorOperator && (a.Tenant == "" || a.Tenant != o.Tenant) {
			t.Fatalf("round %d: reaches into another tenant: %+v %s %+v", i, a, action, o)
		}
		more := clone(a)
		more.Roles = append(more.Roles, pick(r, someRoles))
		more.Permissions = append(more.Permissions, pick(r, somePermissions))
		more.Strong = true
		direct := clone(a)
		if direct.App = (idp.Party{}); a.Type == idp.ActorUser {
			direct.Permissions = nil
		}
		for name, b := range map[string]idp.Actor{"with more": more, "without the app between": direct} {
			if err := idp.May(b, action, o); err != nil {
				t.Fatalf("round %d: %s: %+v may %s %+v, %+v may not: %v", i, name, a, action, o, b, err)
			}
		}
	}
	if allowed < rounds/20 || allowed > rounds*19/20 {
		t.Errorf("%d of %d were allowed: the test tests little", allowed, rounds)
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// some are up to three of them.
func some(r *rand.Rand, from []string) (out []string) {
	for range r.IntN(4) {
		out = append(out, pick(r, from))
	}
	return out
}

func clone(a idp.Actor) idp.Actor {
	a.Roles, a.Permissions = slices.Clone(a.Roles), slices.Clone(a.Permissions)
	return a
}

var (
	someTenants     = []string{tenantID, tenantID, tenantID, bobID, ""}
	someRoles       = append(idp.RoleNames(), "Nobody's", "")
	somePermissions = append(idp.Permissions(), "All", "")
)

func randomActor(r *rand.Rand) idp.Actor {
	a := idp.Actor{
		Party:  idp.Party{Type: pick(r, []string{idp.ActorUser, idp.ActorUser, idp.ActorUser, idp.ActorClient, idp.ActorOperator, "system", ""}), ID: annaID},
		Tenant: pick(r, someTenants), Roles: some(r, someRoles), Permissions: some(r, somePermissions), Strong: r.IntN(2) == 0,
	}
	if r.IntN(2) == 0 {
		a.App = idp.Party{Type: idp.ActorClient, ID: staffID}
	}
	return a
}

func randomObject(r *rand.Rand) idp.Object {
	o := idp.Object{Tenant: pick(r, someTenants), Guarded: r.IntN(5) == 0}
	if id := pick(r, []string{"", annaID, bobID}); id != "" {
		o.User = &idp.User{UserID: id, Roles: some(r, someRoles)}
	}
	return o
}

func TestObjectOf(t *testing.T) {
	t.Parallel()
	const guardedID, goneID = "dddddddd-dddd-4ddd-8ddd-dddddddddddd", "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee"
	st := update(t, func(tx *storage.Tx) error {
		return putAll(tx, &idp.Group{GroupID: staffID, Name: "Staff"}, &idp.Group{GroupID: guardedID, Name: "Admins", Guarded: true})
	})
	for _, c := range []struct {
		groups  []string
		guarded bool
	}{
		{nil, false}, {[]string{staffID}, false}, {[]string{goneID}, false}, {[]string{guardedID}, true},
		{[]string{guardedID, staffID}, true}, {[]string{goneID, staffID, guardedID}, true},
	} {
		u := anna()
		u.Groups = c.groups
		if err := st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
			o, err := idp.ObjectOf(tx, contoso(), u)
			if o.Tenant != tenantID || o.User != u || o.Guarded != c.guarded || o.Privileged() != c.guarded {
				t.Errorf("in %q: %+v", c.groups, o)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
	if err := st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
		o, err := idp.ObjectOf(tx, contoso(), nil)
		if o != (idp.Object{Tenant: tenantID}) || o.Privileged() {
			t.Errorf("nobody: %+v", o)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// TestRolesNeedMoreThanOneFactor: a role counts for who has proved more than one factor;
// what is the person's own stays theirs.
func TestRolesNeedMoreThanOneFactor(t *testing.T) {
	t.Parallel()
	u := &idp.User{UserID: "u", PrincipalName: "ada@contoso.example", Roles: []string{idp.GlobalAdministrator}}
	app := idp.Actor{Party: idp.Party{Type: idp.ActorClient, ID: "app"}, Tenant: "t", Permissions: idp.Permissions()}
	for _, c := range []struct {
		amr    []string
		age    time.Duration
		roles  bool
		strong bool
	}{
		{[]string{"otp", "mfa"}, 0, true, true},
		{[]string{"otp", "mfa"}, idp.StrongFor - 1, true, true},
		{[]string{"otp", "mfa"}, idp.StrongFor, true, false},
		{[]string{"otp"}, 0, false, false},
		{[]string{"pwd"}, 0, false, false},
		{nil, 0, false, false},
	} {
		a := app.Through(u, &idp.Grant{AMR: c.amr, AuthTime: t0}, false, t0.Add(c.age))
		for name, weak := range map[string]idp.Actor{
			"a token that was exchanged": app.Through(u, &idp.Grant{AMR: c.amr, AuthTime: t0}, true, t0.Add(c.age)),
			"a device":                   app.Through(u, &idp.Grant{AMR: c.amr, AuthTime: t0, Device: idp.Device{Hash: "x"}}, false, t0.Add(c.age)),
		} {
			if weak.Strong {
				t.Errorf("%s is as good as the person", name)
			}
		}
		if may := idp.May(a, idp.CreateUser, idp.Object{Tenant: "t"}) == nil; may != c.roles || a.Strong != c.strong || !a.Is(u) || a.App.ID != "app" {
			t.Errorf("%v after %s: %t, %+v", c.amr, c.age, may, a)
		}
		if err := idp.May(a, idp.ReadUser, idp.Object{Tenant: "t", User: u}); err != nil {
			t.Errorf("%v: the own profile: %v", c.amr, err)
		}
		s := &idp.Session{Proofs: []idp.Proof{{At: t0, AMR: c.amr, MFA: slices.Contains(c.amr, "mfa")}}}
		a = idp.Person("t", u).By(s, t0.Add(c.age))
		if may := idp.May(a, idp.CreateUser, idp.Object{Tenant: "t"}) == nil; may != c.roles || a.Strong != c.strong || !a.Is(u) {
			t.Errorf("%v after %s, on our own pages: %t, %+v", c.amr, c.age, may, a)
		}
	}
}

// TestActorCurrent: a role that was taken away while a request was under way is none any
// more, and one that was given meanwhile is not one yet.
func TestActorCurrent(t *testing.T) {
	t.Parallel()
	reader, chief := idp.GlobalReader, idp.GlobalAdministrator
	begun := anna()
	begun.Roles = []string{reader, chief}
	for name, c := range map[string]struct {
		now  func(*idp.User)
		want []string
	}{
		"unchanged":            {func(*idp.User) {}, []string{reader, chief}},
		"a role taken away":    {func(u *idp.User) { u.Roles = []string{reader} }, []string{reader}},
		"a role given":         {func(u *idp.User) { u.Roles = append(u.Roles, idp.UserAdministrator) }, []string{reader, chief}},
		"all roles taken away": {func(u *idp.User) { u.Roles = nil }, nil},
		"disabled":             {func(u *idp.User) { u.Disabled = true }, nil},
		"gone":                 {nil, nil},
	} {
		update(t, func(tx *storage.Tx) error {
			if u := clonedUser(begun); c.now != nil {
				c.now(u)
				if err := tx.Put(u); err != nil {
					return err
				}
			}
			a, err := idp.Person(tenantID, begun).Current(tx)
			if !slices.Equal(a.Roles, c.want) || a.ID != annaID || a.Tenant != tenantID {
				t.Errorf("%s: %+v", name, a)
			}
			return err
		})
	}
	update(t, func(tx *storage.Tx) error {
		app := byItself("User.Read.All")
		a, err := app.Current(tx)
		if !reflect.DeepEqual(a, app) {
			t.Errorf("an app: %+v", a)
		}
		return err
	})
}

func clonedUser(u *idp.User) *idp.User {
	copied := *u
	copied.Roles = slices.Clone(u.Roles)
	return &copied
}
