package main

import (
	"context"
	"time"

	"latchkey/idp"
)

// federationFields is what may be set of a federation. In an answer every field is there; in a
// change nil leaves it as it is.
type federationFields struct {
	Name        *string   `json:"name"`
	ClientID    *string   `json:"client_id"`
	Secret      *string   `json:"client_secret,omitempty"` // never in an answer
	AuthMethod  *string   `json:"auth_method"`
	Scopes      *[]string `json:"scopes"`
	Domains     *[]string `json:"domains"`
	MFA         *string   `json:"mfa"`
	MFAClasses  *[]string `json:"mfa_acr_values"`
	PromptLogin *string   `json:"prompt_login"`
	Linking     *string   `json:"linking"`
	Address     *string   `json:"address_claim"`
	NameClaim   *string   `json:"name_claim"`
	GivenName   *string   `json:"given_name_claim"`
	FamilyName  *string   `json:"family_name_claim"`
	HintDomain  *string   `json:"hint_domain"`
	IgnoreHints *bool     `json:"ignore_domain_hint"`
	Provision   *bool     `json:"provision"`
	SignOut     *bool     `json:"sign_out"`
	Disabled    *bool     `json:"disabled"`
}

// edit changes a federation; the secret is kept elsewhere.
func (f federationFields) edit(to *idp.Federation) {
	assign(&to.Name, f.Name)
	assign(&to.ClientID, f.ClientID)
	assign(&to.AuthMethod, f.AuthMethod)
	assign(&to.Scopes, f.Scopes)
	assign(&to.Domains, f.Domains)
	assign((*string)(&to.MFA), f.MFA)
	assign(&to.MFAClasses, f.MFAClasses)
	assign((*string)(&to.PromptLogin), f.PromptLogin)
	assign((*string)(&to.Linking), f.Linking)
	assign(&to.Claims.Address, f.Address)
	assign(&to.Claims.Name, f.NameClaim)
	assign(&to.Claims.GivenName, f.GivenName)
	assign(&to.Claims.FamilyName, f.FamilyName)
	assign(&to.HintDomain, f.HintDomain)
	assign(&to.IgnoreHints, f.IgnoreHints)
	assign(&to.Provision, f.Provision)
	assign(&to.SignOut, f.SignOut)
	assign(&to.Disabled, f.Disabled)
}

// federationView is a federation as it is shown. The URIs are what the provider has to know.
type federationView struct {
	ID     string `json:"id"`
	Issuer string `json:"issuer"`
	federationFields
	RedirectURI    string     `json:"redirect_uri"`
	BackLogoutURI  string     `json:"backchannel_logout_uri"`
	FrontLogoutURI string     `json:"frontchannel_logout_uri"`
	SignedOutURI   string     `json:"post_logout_redirect_uri"`
	CreatedAt      *time.Time `json:"created_at"`
}

func (d desk) viewFederation(t *idp.Tenant, f *idp.Federation) federationView {
	base := d.Config.BaseURL
	return federationView{
		f.FederationID, f.Issuer, federationFields{
			Name: &f.Name, ClientID: &f.ClientID, AuthMethod: &f.AuthMethod, Scopes: new(array(f.Scopes)), Domains: new(array(f.Domains)),
			MFA: new(string(f.MFA)), MFAClasses: new(array(f.MFAClasses)), PromptLogin: new(string(f.PromptLogin)), Linking: new(string(f.Linking)),
			Address: &f.Claims.Address, NameClaim: &f.Claims.Name, GivenName: &f.Claims.GivenName, FamilyName: &f.Claims.FamilyName,
			HintDomain: &f.HintDomain, IgnoreHints: &f.IgnoreHints, Provision: &f.Provision, SignOut: &f.SignOut, Disabled: &f.Disabled,
		},
		address(base, f.CallbackPath(t.TenantID)), address(base, f.LogoutPath(t.TenantID)), address(base, f.FrontLogoutPath(t.TenantID)),
		address(base, f.SignedOutPath(t.TenantID)), moment(f.CreatedAt),
	}
}

type federationAddArgs struct {
	Tenant    string `json:"tenant"`
	Issuer    string `json:"issuer"`
	Unchecked bool   `json:"unchecked"`
	federationFields
}

type federationSetArgs struct {
	Federation namedArgs `json:"federation"`
	federationFields
}

func (a federationAddArgs) scope() (tenant, user string) { return a.Tenant, "" }

func (a federationSetArgs) scope() (tenant, user string) { return a.Federation.scope() }

var federationAdd = operation[federationAddArgs, federationView]{"federation.add",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a federationAddArgs) (v federationView, err error) {
		if !a.Unchecked {
			if _, err := d.Admin.CheckProvider(ctx, d.actor, t.TenantID, a.Issuer); err != nil {
				return v, err
			}
		}
		f := idp.Federation{Issuer: a.Issuer}
		a.edit(&f)
		made, err := d.Admin.CreateFederation(ctx, d.actor, t.TenantID, f, valueOf(a.Secret))
		if err != nil {
			return v, err
		}
		return d.viewFederation(t, made), nil
	})}

var federationList = operation[namedArgs, []federationView]{"federation.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) ([]federationView, error) {
		all, err := d.Admin.Federations(ctx, d.actor, t.TenantID)
		return each(all, func(f *idp.Federation) federationView { return d.viewFederation(t, f) }), err
	})}

var federationShow = operation[namedArgs, federationView]{"federation.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (v federationView, err error) {
		f, err := d.Admin.Federation(ctx, d.actor, t.TenantID, a.Name)
		if err != nil {
			return v, err
		}
		return d.viewFederation(t, f), nil
	})}

var federationSet = operation[federationSetArgs, federationView]{"federation.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a federationSetArgs) (v federationView, err error) {
		f, err := d.Admin.UpdateFederation(ctx, d.actor, t.TenantID, a.Federation.Name, a.Secret, func(f *idp.Federation) error { a.edit(f); return nil })
		if err != nil {
			return v, err
		}
		return d.viewFederation(t, f), nil
	})}

var federationRemove = operation[namedArgs, deleted]{"federation.remove",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (deleted, error) {
		return deleted{a.Name}, d.Admin.DeleteFederation(ctx, d.actor, t.TenantID, a.Name)
	})}

var federationTest = operation[namedArgs, []symptom]{"federation.test",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) ([]symptom, error) {
		f, err := d.Admin.Federation(ctx, d.actor, t.TenantID, a.Name)
		if err != nil {
			return nil, err
		}
		r, err := d.Admin.CheckFederation(ctx, d.actor, t.TenantID, f.FederationID)
		if err != nil && idp.ErrorCode(err) != idp.Conflict { // a fault of ours, and none of the provider's
			return nil, err
		}
		return judgeProvider(f, r, err), nil
	})}

// identityView is who somebody is elsewhere.
type identityView struct {
	ID        string     `json:"id"`
	Provider  string     `json:"provider"` // id of a federation, or of a home tenant
	Issuer    string     `json:"issuer"`
	Subject   string     `json:"subject"`
	Address   string     `json:"address"`
	CreatedAt *time.Time `json:"created_at"`
}

func viewIdentity(i *idp.Identity) identityView {
	return identityView{i.IdentityID, i.Provider, i.Issuer, i.Subject, i.Address, moment(i.CreatedAt)}
}

var federationIdentities = operation[userArgs, []identityView]{"federation.identities",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) ([]identityView, error) {
		ids, err := d.Admin.Identities(ctx, d.actor, t.TenantID, a.User)
		return each(ids, viewIdentity), err
	})}

type linkArgs struct {
	User       userArgs `json:"user"`
	Federation string   `json:"federation"`
	Subject    string   `json:"subject"`
}

type unlinkArgs struct {
	User     userArgs `json:"user"`
	Identity string   `json:"identity"`
}

func (a linkArgs) scope() (tenant, user string)   { return a.User.scope() }
func (a unlinkArgs) scope() (tenant, user string) { return a.User.scope() }

var federationLink = operation[linkArgs, identityView]{"federation.link",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a linkArgs) (v identityView, err error) {
		i, err := d.Admin.LinkIdentity(ctx, d.actor, t.TenantID, a.User.User, a.Federation, a.Subject)
		if err != nil {
			return v, err
		}
		return viewIdentity(i), nil
	})}

var federationUnlink = operation[unlinkArgs, deleted]{"federation.unlink",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a unlinkArgs) (deleted, error) {
		return deleted{a.Identity}, d.Admin.UnlinkIdentity(ctx, d.actor, t.TenantID, a.User.User, a.Identity)
	})}
