package graph

import "slices"

// routes is every route there is.
func routes() []route {
	return slices.Concat(
		batchRoutes(),
		passRoutes(), passkeyRoutes(), authenticatorRoutes(), passwordRoutes(), methodRoutes(), policyRoutes(), guestPolicyRoutes(), approvalRoutes(), explainRoutes(),
		userRoutes(), groupRoutes(), roleRoutes(), organizationRoutes(), domainRoutes(), federationConfigurationRoutes(), identityProviderRoutes(), crossTenantRoutes(),
		invitationRoutes(), logRoutes(), deliveryRoutes(), reportRoutes(),
	)
}
