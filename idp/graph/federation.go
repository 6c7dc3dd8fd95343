package graph

import (
	"strings"

	"latchkey/idp"
)

// federationInput is what a request gives of a provider elsewhere.
type federationInput struct {
	changes []func(*idp.Federation)
	secret  *string // nil: none was given
}

// apply makes all the changes.
func (in *federationInput) apply(f *idp.Federation) {
	for _, change := range in.changes {
		change(f)
	}
}

type federationProperty = property[*idp.Federation, *federationInput]

// setting is a property that a request may set.
func setting(name string, k kind, f flags, get func(*idp.Federation) any, set func(*idp.Federation, value)) federationProperty {
	return federationProperty{
		name: name, kind: k, flags: f,
		get: func(_ *call, f *idp.Federation) any { return get(f) },
		set: func(in *federationInput, v value) error {
			in.changes = append(in.changes, func(f *idp.Federation) { set(f, v) })
			return nil
		},
	}
}

// secretOf takes the client secret, which is never told.
func secretOf(in *federationInput, v value) error { in.secret = new(v.text()); return nil }

// ours are the properties that Graph has no name for, of either resource.
func ours() []federationProperty {
	const own = betaOnly | writtenInV1
	at := func(path func(*idp.Federation, string) string) func(*call, *idp.Federation) any {
		return func(c *call, f *idp.Federation) any { return c.Base + path(f, c.Tenant.TenantID) }
	}
	return []federationProperty{
		setting("mfaAcrValues", listOf(edmString), own, func(f *idp.Federation) any { return emptyNotNull(f.MFAClasses) }, func(f *idp.Federation, v value) { f.MFAClasses = v.texts() }),
		setting("linking", enumFrom(idp.Linkings), own, func(f *idp.Federation) any { return string(f.Linking) }, func(f *idp.Federation, v value) { f.Linking = idp.Linking(v.text()) }),
		setting("addressClaim", edmString, own, func(f *idp.Federation) any { return nonEmpty(f.Claims.Address) }, func(f *idp.Federation, v value) { f.Claims.Address = v.text() }),
		setting("loginHintDomain", edmString, own, func(f *idp.Federation) any { return nonEmpty(f.HintDomain) }, func(f *idp.Federation, v value) { f.HintDomain = strings.ToLower(v.text()) }),
		setting("isDomainHintIgnored", edmBoolean, own, func(f *idp.Federation) any { return f.IgnoreHints }, func(f *idp.Federation, v value) { f.IgnoreHints = v.boolean() }),
		setting("isProvisioningEnabled", edmBoolean, own, func(f *idp.Federation) any { return f.Provision }, func(f *idp.Federation, v value) { f.Provision = v.boolean() }),
		setting("isSignOutPropagated", edmBoolean, own, func(f *idp.Federation) any { return f.SignOut }, func(f *idp.Federation, v value) { f.SignOut = v.boolean() }),
		setting("isEnabled", edmBoolean, own, func(f *idp.Federation) any { return !f.Disabled }, func(f *idp.Federation, v value) { f.Disabled = !v.boolean() }),
		{name: "redirectUri", kind: edmString, flags: betaOnly, get: at((*idp.Federation).CallbackPath)},
		{name: "backchannelLogoutUri", kind: edmString, flags: betaOnly, get: at((*idp.Federation).LogoutPath)},
		{name: "frontchannelLogoutUri", kind: edmString, flags: betaOnly, get: at((*idp.Federation).FrontLogoutPath)},
		{name: "postLogoutRedirectUri", kind: edmString, flags: betaOnly, get: at((*idp.Federation).SignedOutPath)},
	}
}

// emptyNotNull is a list that JSON has as [], also where there is none.
func emptyNotNull(s []string) []string { return append([]string{}, s...) }

// createFederation makes a provider of what a request gives.
func createFederation(c *call, in *federationInput, f idp.Federation) (*idp.Federation, error) {
	in.apply(&f)
	secret := ""
	if in.secret != nil {
		secret = *in.secret
	}
	return c.Admin.CreateFederation(c.ctx(), c.Actor, c.Tenant.TenantID, f, secret)
}

// changeFederation changes one.
func changeFederation(c *call, id string, in *federationInput) error {
	_, err := c.Admin.UpdateFederation(c.ctx(), c.Actor, c.Tenant.TenantID, id, in.secret, func(f *idp.Federation) error {
		in.apply(f)
		return nil
	})
	return err
}
