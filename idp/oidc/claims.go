package oidc

import (
	"slices"

	"latchkey/idp"
)

// profileClaim is a standard claim (OIDC Core 5.1) with the scope that asks for
// it (5.4); get answers nil for what the user does not have.
type profileClaim struct {
	name, scope string
	get         func(*idp.User) any
}

// text turns a missing value into nil, since a claim is left out, never empty.
func text(get func(*idp.User) string) func(*idp.User) any {
	return func(u *idp.User) any {
		if s := get(u); s != "" {
			return s
		}
		return nil
	}
}

// profileClaims is the one list of claims about people: userinfo, the claims
// parameter and discovery read it.
var profileClaims = []profileClaim{
	{"name", idp.ScopeProfile, text(func(u *idp.User) string { return u.DisplayName })},
	{"given_name", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.GivenName })},
	{"family_name", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.FamilyName })},
	{"middle_name", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.MiddleName })},
	{"nickname", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.Nickname })},
	{"preferred_username", idp.ScopeProfile, text((*idp.User).SignInName)},
	{"profile", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.Page })},
	{"picture", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.Picture })},
	{"website", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.Website })},
	{"gender", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.Gender })},
	{"birthdate", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.Birthdate })},
	{"zoneinfo", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.ZoneInfo })},
	{"locale", idp.ScopeProfile, text(func(u *idp.User) string { return u.Profile.Locale })},
	{"updated_at", idp.ScopeProfile, updatedAt},
	{"email", idp.ScopeEmail, text(func(u *idp.User) string { return u.Profile.Email })},
	{"email_verified", idp.ScopeEmail, with(func(u *idp.User) string { return u.Profile.Email }, func(u *idp.User) any { return u.Profile.EmailVerified })},
	{"address", idp.ScopeAddress, address},
	{"phone_number", idp.ScopePhone, text(func(u *idp.User) string { return u.Profile.Phone })},
	{"phone_number_verified", idp.ScopePhone, with(func(u *idp.User) string { return u.Profile.Phone }, func(u *idp.User) any { return u.Profile.PhoneVerified })},
}

// with gives a claim only beside another one.
func with(other func(*idp.User) string, get func(*idp.User) any) func(*idp.User) any {
	return func(u *idp.User) any {
		if other(u) == "" {
			return nil
		}
		return get(u)
	}
}

func updatedAt(u *idp.User) any {
	at := u.Profile.UpdatedAt
	if at.IsZero() {
		at = u.CreatedAt
	}
	return at.Unix()
}

func address(u *idp.User) any {
	a := u.Profile.Address
	if a == (idp.Address{}) {
		return nil
	}
	out := map[string]string{}
	for name, v := range map[string]string{
		"formatted": a.Formatted, "street_address": a.Street, "locality": a.Locality,
		"region": a.Region, "postal_code": a.PostalCode, "country": a.Country,
	} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}

// claimsFor are the claims that the scopes and the claims parameter ask for.
func claimsFor(u *idp.User, scopes, asked []string) map[string]any {
	out := map[string]any{}
	for _, c := range profileClaims {
		if !slices.Contains(scopes, c.scope) && !slices.Contains(asked, c.name) {
			continue
		}
		if v := c.get(u); v != nil {
			out[c.name] = v
		}
	}
	return out
}

func claimsAsked(u *idp.User, asked []string) map[string]any { return claimsFor(u, nil, asked) }

func claimNames() []string {
	names := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"}
	for _, c := range profileClaims {
		names = append(names, c.name)
	}
	return names
}
