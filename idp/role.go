package idp

import (
	"slices"
	"strings"
)

// Role is an administrative role, by the name and the template id that Microsoft
// Entra ID gives it, so that scripts find it.
type Role struct {
	Name        string
	TemplateID  string
	Description string
	// Limited: who holds no others counts as an ordinary user where roles reach
	// "members without a privileged role".
	Limited bool
}

// The names of the roles.
const (
	GlobalAdministrator               = "Global Administrator"
	PrivilegedAuthenticationAdmin     = "Privileged Authentication Administrator"
	AuthenticationAdministrator       = "Authentication Administrator"
	AuthenticationPolicyAdministrator = "Authentication Policy Administrator"
	GlobalReader                      = "Global Reader"
	PrivilegedRoleAdministrator       = "Privileged Role Administrator"
	UserAdministrator                 = "User Administrator"
	HelpdeskAdministrator             = "Helpdesk Administrator"
	PasswordAdministrator             = "Password Administrator"
	GuestInviter                      = "Guest Inviter"
	SecurityAdministrator             = "Security Administrator"
	SecurityReader                    = "Security Reader"
	ReportsReader                     = "Reports Reader"
	DirectoryReaders                  = "Directory Readers"
	DomainNameAdministrator           = "Domain Name Administrator"
	ApplicationAdministrator          = "Application Administrator"
	CloudApplicationAdministrator     = "Cloud Application Administrator"
	ConditionalAccessAdministrator    = "Conditional Access Administrator"
	ExternalIdentityProviderAdmin     = "External Identity Provider Administrator"
	HybridIdentityAdministrator       = "Hybrid Identity Administrator"
)

// Roles are the administrative roles there are. Each may read the directory; what else
// they may is in the rules of May.
var Roles = []Role{
	{GlobalAdministrator, "62e90394-69f5-4237-9190-012177145e10", "May do everything, but give themselves a pass.", false},
	{PrivilegedAuthenticationAdmin, "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Looks after the sign-in methods of everybody, administrators too.", false},
	{AuthenticationAdministrator, "c4e39bd9-1100-46d3-8c65-fb160da0071f", "Looks after the sign-in methods of everybody without a privileged role.", true},
	{AuthenticationPolicyAdministrator, "0526716b-113d-4c15-b2c8-68e3c22b9f80", "Sets which sign-in methods there are, for whom, and within which bounds.", false},
	{GlobalReader, "f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Reads everything that a Global Administrator can.", false},
	{PrivilegedRoleAdministrator, "e8611ab8-c189-46e8-94e1-60213ab1f814", "Gives and takes roles.", false},
	{UserAdministrator, "fe930be7-5e62-47db-91af-98c3a49a38b1", "Looks after users and groups, but not after those with a privileged role.", false},
	{HelpdeskAdministrator, "729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helps people without a privileged role to sign in again.", false},
	{PasswordAdministrator, "966707d0-3269-4727-9be2-8c3a10f19b9d", "Resets passwords of people without a privileged role.", true},
	{GuestInviter, "95e79109-95c0-4d8e-aee3-d01accf2d47b", "Invites guests.", true},
	{SecurityAdministrator, "194ae4cb-b126-40b2-bd5b-6091b380977d", "Reads the logs and reports, and looks after partner organizations.", false},
	{SecurityReader, "5d6b6bb7-de71-4623-b4af-96380a352509", "Reads the logs and reports.", false},
	{ReportsReader, "4a5d8f65-41da-4de4-8968-e035b65339cf", "Reads the logs and reports.", true},
	{DirectoryReaders, "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "Reads users, groups and roles.", true},
	{DomainNameAdministrator, "8329153b-31d0-4727-b945-745eb3bc5f31", "Looks after domains.", false},
	{ApplicationAdministrator, "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Looks after applications.", false},
	{CloudApplicationAdministrator, "158c047a-c907-4556-b7ef-446551a6b5f7", "Looks after applications.", false},
	{ConditionalAccessAdministrator, "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Reads the directory.", false},
	{ExternalIdentityProviderAdmin, "be2f45a1-457d-42af-a067-6ec1fa63bc45", "Looks after the providers at which people of federated domains sign in.", false},
	{HybridIdentityAdministrator, "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "Looks after the providers at which people of federated domains sign in.", false},
}

// FindRole finds a role by its name, in any case, or by its template id.
func FindRole(name string) (Role, bool) {
	i := slices.IndexFunc(Roles, func(r Role) bool { return strings.EqualFold(r.Name, name) || strings.EqualFold(r.TemplateID, name) })
	if i < 0 {
		return Role{}, false
	}
	return Roles[i], true
}

// RoleNames are the names of all roles.
func RoleNames() []string {
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = r.Name
	}
	return names
}
