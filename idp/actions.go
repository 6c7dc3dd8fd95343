package idp

import (
	"maps"
	"slices"
)

// Action is something that administrators, or people for themselves, do.
type Action string

// The actions.
const (
	ReadUser           Action = "user.read"
	CreateUser         Action = "user.create"
	UpdateUser         Action = "user.update"
	DeleteUser         Action = "user.delete"
	RevokeSessions     Action = "user.revokeSessions"
	InviteUser         Action = "user.invite"
	ResetRedemption    Action = "user.resetRedemption"
	ReadGuestPolicy    Action = "guests.readPolicy"
	WriteGuestPolicy   Action = "guests.writePolicy"
	ReadGroup          Action = "group.read"
	WriteGroup         Action = "group.write"
	WriteMembers       Action = "group.members"
	ReadRoles          Action = "role.read"
	AssignRoles        Action = "role.assign"
	ReadOrganization   Action = "organization.read"
	WriteOrganization  Action = "organization.write"
	ReadDomains        Action = "domain.read"
	WriteDomains       Action = "domain.write"
	ReadFederations    Action = "federation.read"
	WriteFederations   Action = "federation.write"
	LinkIdentities     Action = "identity.link"
	ReadCrossTenant    Action = "crossTenant.read"
	WriteCrossTenant   Action = "crossTenant.write"
	ReadMethods        Action = "method.read"
	ReadPass           Action = "pass.read"
	CreatePass         Action = "pass.create"
	ApprovePass        Action = "pass.approve"
	DeletePass         Action = "pass.delete"
	PreferMethod       Action = "method.prefer"
	ReadPasskey        Action = "passkey.read"
	WritePasskey       Action = "passkey.write"
	ReadAuthenticator  Action = "authenticator.read"
	WriteAuthenticator Action = "authenticator.write"
	// InviteDevice is for operators alone: whoever has the link adds a device to somebody's account.
	InviteDevice       Action = "authenticator.invite"
	ReadPassword       Action = "password.read"
	WritePassword      Action = "password.write"
	DeletePassword     Action = "password.delete"
	ExplainSignIn      Action = "signin.explain"
	ReadOwnSignIns     Action = "signin.own"
	ReadMethodsPolicy  Action = "policy.read"
	WriteMethodsPolicy Action = "policy.write"
	ReadLogs           Action = "log.read"
	ReadReports        Action = "report.read"
	ReadApplications   Action = "application.read"
	WriteApplications  Action = "application.write"
	// Operate is for operators alone: tenants, keys, domains nobody has verified.
	Operate Action = "operate"
)

// Actions are all of them that somebody other than an operator may do, sorted.
func Actions() []Action { return slices.Sorted(maps.Keys(rules)) }

// rules has what each action takes, after the permissions and least privileged roles
// that Microsoft documents for it. An action without a rule is for operators alone.
var rules = map[Action]rule{
	ReadUser:   {permissions: readUsers, own: []string{"User.Read", "User.ReadWrite"}, roles: readers()},
	CreateUser: {permissions: writeUsers, roles: roles(anyone, GlobalAdministrator, UserAdministrator)},
	UpdateUser: {permissions: writeUsers, sparing: true, roles: writesUsers()},
	DeleteUser: {permissions: writeUsers, sparing: true, roles: writesUsers()},
	RevokeSessions: {
		permissions: append([]string{"User.RevokeSessions.All"}, writeUsers...),
		own:         []string{"User.ReadWrite"},
		roles: both(roles(anyone, GlobalAdministrator, PrivilegedAuthenticationAdmin),
			roles(ordinary, AuthenticationAdministrator, UserAdministrator, HelpdeskAdministrator)),
	},
	InviteUser: {
		permissions: append([]string{"User.Invite.All"}, writeUsers...),
		roles:       roles(anyone, GlobalAdministrator, UserAdministrator, GuestInviter),
	},
	ResetRedemption: {
		permissions: append([]string{"User.Invite.All"}, writeUsers...), sparing: true,
		roles: both(roles(anyone, GlobalAdministrator), roles(ordinary, UserAdministrator, HelpdeskAdministrator)),
	},
	ReadGuestPolicy: {
		permissions: []string{"Policy.Read.All", "Policy.ReadWrite.Authorization"},
		roles:       roles(anyone, GlobalAdministrator, GlobalReader, UserAdministrator, GuestInviter),
	},
	WriteGuestPolicy: {
		permissions: []string{"Policy.ReadWrite.Authorization"},
		roles:       roles(anyone, GlobalAdministrator, PrivilegedRoleAdministrator),
	},
	ReadGroup: {
		permissions: append([]string{"Group.Read.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All", "Directory.Read.All"}, writeGroups...),
		roles:       readers(),
	},
	WriteGroup:   {permissions: writeGroups, roles: roles(anyone, GlobalAdministrator, UserAdministrator)},
	WriteMembers: {permissions: append([]string{"GroupMember.ReadWrite.All"}, writeGroups...), roles: roles(anyone, GlobalAdministrator, UserAdministrator)},
	ReadRoles: {
		permissions: []string{"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "RoleManagement.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		roles:       readers(),
	},
	AssignRoles: {
		permissions: []string{"RoleManagement.ReadWrite.Directory"},
		roles:       roles(anyone, GlobalAdministrator, PrivilegedRoleAdministrator),
	},
	ReadOrganization: {
		permissions: []string{"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		roles:       readers(),
	},
	WriteOrganization: {permissions: []string{"Organization.ReadWrite.All"}, roles: roles(anyone, GlobalAdministrator)},
	ReadDomains: {
		permissions: []string{"Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"},
		roles:       readers(),
	},
	WriteDomains: {permissions: []string{"Domain.ReadWrite.All"}, roles: roles(anyone, GlobalAdministrator, DomainNameAdministrator)},
	ReadFederations: {
		permissions: []string{"IdentityProvider.Read.All", "IdentityProvider.ReadWrite.All", "Domain.Read.All", "Domain.ReadWrite.All"},
		roles:       readers(),
	},
	WriteFederations: {
		permissions: []string{"IdentityProvider.ReadWrite.All", "Domain.ReadWrite.All"},
		roles:       roles(anyone, GlobalAdministrator, ExternalIdentityProviderAdmin, HybridIdentityAdministrator),
	},
	LinkIdentities: {permissions: []string{"UserAuthenticationMethod.ReadWrite.All"}, sparing: true, notSelf: true, roles: writesMethods()},
	ReadCrossTenant: {
		permissions: []string{"Policy.Read.All", "Policy.ReadWrite.CrossTenantAccess"},
		roles:       roles(anyone, GlobalAdministrator, GlobalReader, SecurityAdministrator, SecurityReader),
	},
	WriteCrossTenant: {
		permissions: []string{"Policy.ReadWrite.CrossTenantAccess"},
		roles:       roles(anyone, GlobalAdministrator, SecurityAdministrator),
	},
	ReadMethods: {
		permissions: readMethods,
		own:         []string{"UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite"},
		roles:       readsMethods(),
	},
	ReadPass: {
		permissions: append([]string{"UserAuthMethod-TAP.Read.All", "UserAuthMethod-TAP.ReadWrite.All"}, readMethods...),
		own:         []string{"UserAuthMethod-TAP.Read", "UserAuthMethod-TAP.ReadWrite", "UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite"},
		roles:       readsMethods(),
	},
	CreatePass: {permissions: writePasses, roles: writesMethods(), notSelf: true},
	ApprovePass: {
		permissions: writePasses, notSelf: true, personal: true,
		roles: roles(anyone, GlobalAdministrator, PrivilegedAuthenticationAdmin),
	},
	DeletePass: {
		permissions: writePasses,
		own:         []string{"UserAuthMethod-TAP.ReadWrite", "UserAuthenticationMethod.ReadWrite"},
		roles:       writesMethods(),
	},
	PreferMethod: {
		permissions: []string{"UserAuthenticationMethod.ReadWrite.All"}, sparing: true, strong: true,
		own: []string{"UserAuthenticationMethod.ReadWrite"}, roles: writesMethods(),
	},
	ReadPasskey: {
		permissions: append([]string{"UserAuthMethod-Passkey.Read.All", "UserAuthMethod-Passkey.ReadWrite.All"}, readMethods...),
		own:         []string{"UserAuthMethod-Passkey.Read", "UserAuthMethod-Passkey.ReadWrite", "UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite"},
		roles:       readsMethods(),
	},
	WritePasskey: {
		permissions: []string{"UserAuthMethod-Passkey.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}, sparing: true, strong: true,
		own:   []string{"UserAuthMethod-Passkey.ReadWrite", "UserAuthenticationMethod.ReadWrite"},
		roles: writesMethods(),
	},
	ReadAuthenticator: {
		permissions: append([]string{"UserAuthMethod-MicrosoftAuthApp.Read.All", "UserAuthMethod-MicrosoftAuthApp.ReadWrite.All"}, readMethods...),
		own:         []string{"UserAuthMethod-MicrosoftAuthApp.Read", "UserAuthMethod-MicrosoftAuthApp.ReadWrite", "UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite"},
		roles:       readsMethods(),
	},
	WriteAuthenticator: {
		permissions: []string{"UserAuthMethod-MicrosoftAuthApp.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}, sparing: true, strong: true,
		own:   []string{"UserAuthMethod-MicrosoftAuthApp.ReadWrite", "UserAuthenticationMethod.ReadWrite"},
		roles: writesMethods(),
	},
	ReadPassword: {
		permissions: append([]string{"UserAuthMethod-Password.Read.All", "UserAuthMethod-Password.ReadWrite.All"}, readMethods...),
		own:         []string{"UserAuthMethod-Password.Read", "UserAuthMethod-Password.ReadWrite", "UserAuthenticationMethod.Read", "UserAuthenticationMethod.ReadWrite"},
		roles:       readsMethods(),
	},
	// WritePassword has no roles: nobody but its holder knows a password.
	WritePassword: {strong: true, own: []string{"UserAuthMethod-Password.ReadWrite", "UserAuthenticationMethod.ReadWrite"}},
	DeletePassword: {
		permissions: []string{"UserAuthMethod-Password.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}, sparing: true, strong: true,
		own:   []string{"UserAuthMethod-Password.ReadWrite", "UserAuthenticationMethod.ReadWrite"},
		roles: writesMethods(),
	},
	ExplainSignIn: {
		permissions: readMethods,
		roles:       both(readsMethods(), both(roles(anyone, SecurityAdministrator, SecurityReader), roles(ordinary, HelpdeskAdministrator))),
	},
	// ReadOwnSignIns is for people on our own pages: there is no permission for it.
	ReadOwnSignIns: {own: []string{}},
	ReadMethodsPolicy: {
		permissions: []string{"Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod", "Policy.Read.All"},
		roles:       roles(anyone, GlobalAdministrator, AuthenticationPolicyAdministrator, GlobalReader),
	},
	WriteMethodsPolicy: {
		permissions: []string{"Policy.ReadWrite.AuthenticationMethod"},
		roles:       roles(anyone, GlobalAdministrator, AuthenticationPolicyAdministrator),
	},
	ReadLogs:         {permissions: []string{"AuditLog.Read.All"}, roles: readsLogs()},
	ReadReports:      {permissions: []string{"AuditLog.Read.All"}, roles: readsLogs()},
	ReadApplications: {permissions: []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"}, roles: readers()},
	WriteApplications: {
		permissions: []string{"Application.ReadWrite.All"},
		roles:       roles(anyone, GlobalAdministrator, ApplicationAdministrator, CloudApplicationAdministrator),
	},
}

var (
	readUsers   = []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	writeUsers  = []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
	writeGroups = []string{"Group.ReadWrite.All", "Directory.ReadWrite.All"}
	readMethods = []string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
	writePasses = []string{"UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"}
)

func roles(r reach, names ...string) map[string]reach {
	m := make(map[string]reach, len(names))
	for _, n := range names {
		m[n] = r
	}
	return m
}

func both(a, b map[string]reach) map[string]reach {
	m := maps.Clone(a)
	maps.Copy(m, b)
	return m
}

// readers: every administrative role reads the directory.
func readers() map[string]reach { return roles(anyone, RoleNames()...) }

func readsLogs() map[string]reach {
	return roles(anyone, GlobalAdministrator, GlobalReader, ReportsReader, SecurityAdministrator, SecurityReader)
}

func writesUsers() map[string]reach {
	return both(roles(anyone, GlobalAdministrator), roles(ordinary, UserAdministrator))
}

func readsMethods() map[string]reach {
	return both(roles(anyone, GlobalAdministrator, PrivilegedAuthenticationAdmin, GlobalReader), roles(ordinary, AuthenticationAdministrator))
}

func writesMethods() map[string]reach {
	return both(roles(anyone, GlobalAdministrator, PrivilegedAuthenticationAdmin), roles(ordinary, AuthenticationAdministrator))
}
