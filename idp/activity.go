package idp

// Activity is something the directory audit tells of: its name, its category and the
// part of the product it belongs to.
type Activity struct{ Name, Category, Service string }

// Texts that other software matches on: do not change.
const (
	AdminRegistered = "Admin registered security info"
	UserRegistered  = "User registered security info"
	AdminDeleted    = "Admin deleted security info"
	UserDeleted     = "User deleted security info"
	PolicyUpdated   = "Authentication Methods Policy Update"
	UserInvited     = "Invite external user"
	InviteRedeemed  = "Redeem external user invite"

	PassRegisteredReason = "Admin registered temporary access pass method for user"
	PassDeletedReason    = "Admin deleted temporary access pass method for user"
	PassDeletedByUser    = "User deleted temporary access pass method"

	UserManagement        = "UserManagement"
	PolicyManagement      = "Policy"
	AuthenticationService = "Authentication Methods"
	CoreService           = "Core Directory"
	InvitationService     = "Invited Users"
)

const (
	groupManagement       = "GroupManagement"
	roleManagement        = "RoleManagement"
	applicationManagement = "ApplicationManagement"
	directoryManagement   = "DirectoryManagement"
	keyManagement         = "KeyManagement"
)

// Did is the resultReason of what a person, or an administrator for them, did to a method:
// "User registered passkey method".
func Did(own bool, verb string, k Kind) string {
	if own {
		return "User " + verb + " " + string(k) + " method"
	}
	return "Admin " + verb + " " + string(k) + " method for user"
}

// What is audited, as Microsoft Entra ID names it where it has a name for it.
var (
	PassGiven            = Activity{AdminRegistered, UserManagement, AuthenticationService}
	PassTaken            = Activity{AdminDeleted, UserManagement, AuthenticationService}
	PassGivenUp          = Activity{UserDeleted, UserManagement, AuthenticationService}
	PassRequested        = Activity{"Request temporary access pass", UserManagement, AuthenticationService}
	PassApproved         = Activity{"Approve temporary access pass", UserManagement, AuthenticationService}
	PassDenied           = Activity{"Deny temporary access pass", UserManagement, AuthenticationService}
	MethodRegistered     = Activity{UserRegistered, UserManagement, AuthenticationService}
	MethodGiven          = Activity{AdminRegistered, UserManagement, AuthenticationService}
	MethodInvited        = Activity{"Admin started security info registration", UserManagement, AuthenticationService}
	MethodTaken          = Activity{AdminDeleted, UserManagement, AuthenticationService}
	MethodGivenUp        = Activity{UserDeleted, UserManagement, AuthenticationService}
	MethodUpdated        = Activity{"User updated security info", UserManagement, AuthenticationService}
	MethodUpdatedByAdmin = Activity{"Admin updated security info", UserManagement, AuthenticationService}
	PreferenceChanged    = Activity{"Update sign-in preferences", UserManagement, AuthenticationService}
	IdentityLinked       = Activity{"Link external identity", UserManagement, AuthenticationService}
	IdentityUnlinked     = Activity{"Unlink external identity", UserManagement, AuthenticationService}
	CredentialSuspended  = Activity{"Suspend authentication method", UserManagement, AuthenticationService}
	RegistrationSnoozed  = Activity{"User snoozed security info registration", UserManagement, AuthenticationService}

	PolicyChanged = Activity{PolicyUpdated, PolicyManagement, AuthenticationService}

	UserAdded       = Activity{"Add user", UserManagement, CoreService}
	UserUpdated     = Activity{"Update user", UserManagement, CoreService}
	UserRemoved     = Activity{"Delete user", UserManagement, CoreService}
	SessionsRevoked = Activity{"Update StsRefreshTokenValidFrom Timestamp", UserManagement, CoreService}
	GuestInvited    = Activity{UserInvited, UserManagement, InvitationService}
	GuestReset      = Activity{"Invite external user with reset invitation status", UserManagement, InvitationService}
	GuestRedeemed   = Activity{InviteRedeemed, UserManagement, InvitationService}
	InvitesBlocked  = Activity{"Block external user invites", UserManagement, InvitationService}
	InvitesAllowed  = Activity{"Unblock external user invites", UserManagement, InvitationService}
	CodesExhausted  = Activity{"Email one-time passcode limit reached", UserManagement, AuthenticationService}
	PromptDenied    = Activity{"User denied a sign-in request", UserManagement, AuthenticationService}
	PromptReported  = Activity{"User reported a sign-in request as not theirs", UserManagement, AuthenticationService}
	CodeReported    = Activity{"Report unrequested one-time passcode", UserManagement, AuthenticationService}
	GuestsChanged   = Activity{"Update external collaboration settings", PolicyManagement, InvitationService}

	GroupAdded    = Activity{"Add group", groupManagement, CoreService}
	GroupUpdated  = Activity{"Update group", groupManagement, CoreService}
	GroupRemoved  = Activity{"Delete group", groupManagement, CoreService}
	MemberAdded   = Activity{"Add member to group", groupManagement, CoreService}
	MemberRemoved = Activity{"Remove member from group", groupManagement, CoreService}

	RoleActivated = Activity{"Add role from template", roleManagement, CoreService}
	RoleGiven     = Activity{"Add member to role", roleManagement, CoreService}
	RoleTaken     = Activity{"Remove member from role", roleManagement, CoreService}

	ClientAdded      = Activity{"Add application", applicationManagement, CoreService}
	ClientUpdated    = Activity{"Update application", applicationManagement, CoreService}
	ClientSecretNew  = Activity{"Update application – Certificates and secrets management", applicationManagement, CoreService}
	ClientRemoved    = Activity{"Delete application", applicationManagement, CoreService}
	ClientRegistered = Activity{"Register application", applicationManagement, CoreService}
	TokenAdded       = Activity{"Add registration token", applicationManagement, CoreService}
	TokenRemoved     = Activity{"Delete registration token", applicationManagement, CoreService}
	APIAdded         = Activity{"Add API", applicationManagement, CoreService}
	APIUpdated       = Activity{"Update API", applicationManagement, CoreService}
	APIRemoved       = Activity{"Delete API", applicationManagement, CoreService}
	ConsentGiven     = Activity{"Consent to application", applicationManagement, CoreService}

	TenantAdded       = Activity{"Create tenant", directoryManagement, CoreService}
	TenantUpdated     = Activity{"Update tenant", directoryManagement, CoreService}
	FederationAdded   = Activity{"Set domain authentication", directoryManagement, CoreService}
	FederationChanged = Activity{"Set federation settings on domain", directoryManagement, CoreService}
	FederationRemoved = Activity{"Delete federation settings", directoryManagement, CoreService}

	PartnerAdded         = Activity{"Add a partner to cross-tenant access setting", PolicyManagement, CoreService}
	PartnerChanged       = Activity{"Update a partner cross-tenant access setting", PolicyManagement, CoreService}
	PartnerRemoved       = Activity{"Delete partner specific cross-tenant access setting", PolicyManagement, CoreService}
	PartnerDefault       = Activity{"Update the company default cross-tenant access setting", PolicyManagement, CoreService}
	PartnerDefaultsReset = Activity{"Reset the cross-tenant access default setting", PolicyManagement, CoreService}

	DomainClaimed   = Activity{"Add unverified domain", directoryManagement, CoreService}
	DomainUnclaimed = Activity{"Remove unverified domain", directoryManagement, CoreService}
	DomainVerified  = Activity{"Verify domain", directoryManagement, CoreService}
	DomainDefault   = Activity{"Set default domain", directoryManagement, CoreService}
	DomainAdded     = Activity{"Add verified domain", directoryManagement, CoreService}
	DomainRemoved   = Activity{"Remove verified domain", directoryManagement, CoreService}

	KeysRotated = Activity{"Rotate signing keys", keyManagement, CoreService}
)
