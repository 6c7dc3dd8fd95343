package idp

// The addresses of the tenant that the provider has to know, below the deployment's base URL.

// CallbackPath is where the browser comes back to: one of each provider's own (RFC 9700 4.4.2).
func (f *Federation) CallbackPath(tenant string) string { return f.path(tenant, "callback") }

// LogoutPath is where the provider tells of a session's end (OIDC Back-Channel Logout 2.2).
func (f *Federation) LogoutPath(tenant string) string { return f.path(tenant, "backchannel-logout") }

// FrontLogoutPath is where it has the browser tell of it (OIDC Front-Channel Logout 2).
func (f *Federation) FrontLogoutPath(tenant string) string {
	return f.path(tenant, "frontchannel-logout")
}

// SignedOutPath is where the browser comes back to from signing out there (OIDC RP-Initiated
// Logout 3).
func (f *Federation) SignedOutPath(tenant string) string { return f.path(tenant, "signed-out") }

func (f *Federation) path(tenant, what string) string {
	return "/" + tenant + "/federation/" + f.FederationID + "/" + what
}
