package main

import (
	"context"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// demoBranch is a domain of the first organization whose people sign in at the second.
const demoBranch = "branch.example"

// demoBranchPeople are its people: one who holds a pass, which comes before the redirect, and
// one who does not.
func demoBranchPeople() []demoUser {
	return []demoUser{
		{demoPerson("pat", "Pat", "Rivera", demoBranch, idp.Member), dayOfPass, false, "a colleague at a federated domain"},
		{demoPerson("sam", "Sam", "Lindgren", demoBranch, idp.Member), 0, false, "another one there, who is sent to Fabrikam"},
	}
}

// demoBranchAtHome are the same people where they are sent. Their address there is the one that
// links them.
func demoBranchAtHome(domain string) []demoUser {
	var out []demoUser
	for _, u := range demoBranchPeople() {
		local, _, _ := strings.Cut(u.user.PrincipalName, "@")
		there := u.user
		there.PrincipalName = local + "@" + domain
		out = append(out, demoUser{there, dayOfPass, false, ""})
	}
	return out
}

// domain sees to it that a tenant has a domain.
func (s demoSeed) domain(ctx context.Context, tenant, domain string) error {
	t, err := s.admin.Tenant(ctx, tenant)
	if err == nil && !t.Owns(domain) {
		_, err = s.admin.AddDomain(ctx, demoActor, tenant, domain)
	}
	return err
}

// branch federates the domain with the other organization, anew where that is at another
// address than it was.
func (s demoSeed) branch(ctx context.Context, base string, home, provider *idp.Tenant) error {
	at := issuer(base, provider)
	f, err := s.admin.Federation(ctx, demoActor, home.TenantID, demoBranch)
	switch {
	case err == nil && f.Issuer != at:
		if err := s.admin.DeleteFederation(ctx, demoActor, home.TenantID, f.FederationID); err != nil {
			return err
		}
	case err == nil:
		return nil
	case idp.ErrorCode(err) != idp.NotFound:
		return err
	}
	f = &idp.Federation{
		FederationID: idp.NewID(), Name: provider.Name, Issuer: at, Domains: []string{demoBranch}, HintDomain: provider.Domains[0], SignOut: true,
		MFAClasses: []string{idp.ACRHardware, idp.ACRPhishing, idp.ACRMFA, idp.ACRBootstrap},
	}
	c, secret, err := s.branchClient(ctx, base, home, provider, f)
	if err != nil {
		return err
	}
	f.ClientID = c.ClientID
	_, err = s.admin.CreateFederation(ctx, demoActor, home.TenantID, *f, secret)
	return err
}

// branchClient is what the first organization is at the second: a relying party.
func (s demoSeed) branchClient(ctx context.Context, base string, home, provider *idp.Tenant, f *idp.Federation) (*idp.Client, string, error) {
	want := idp.Client{
		Name: home.Name + " (" + demoBranch + ")", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantCode}, Trusted: true,
		RedirectURIs:           []string{base + f.CallbackPath(home.TenantID)},
		PostLogoutRedirectURIs: []string{base + f.SignedOutPath(home.TenantID)},
		Logout:                 idp.ClientLogout{Back: base + f.LogoutPath(home.TenantID)},
	}
	known, _, err := s.admin.Clients(ctx, demoActor, provider.TenantID, storage.Page{})
	if err != nil {
		return nil, "", err
	}
	i := slices.IndexFunc(known, func(c *idp.Client) bool { return c.Name == want.Name })
	if i < 0 {
		return s.admin.CreateClient(ctx, demoActor, provider.TenantID, want)
	}
	id := known[i].ClientID
	if _, err := s.admin.UpdateClient(ctx, demoActor, provider.TenantID, id, func(c *idp.Client) {
		c.RedirectURIs, c.PostLogoutRedirectURIs, c.Logout = want.RedirectURIs, want.PostLogoutRedirectURIs, want.Logout
	}); err != nil {
		return nil, "", err
	}
	return s.admin.NewClientSecret(ctx, demoActor, provider.TenantID, id)
}
