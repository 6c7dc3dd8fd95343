package graph

import (
	"testing"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// access is that of everybody to every app.
func access(kind models.CrossTenantAccessPolicyTargetConfigurationAccessType) models.CrossTenantAccessPolicyB2BSettingable {
	half := func(target string, of models.CrossTenantAccessPolicyTargetType) models.CrossTenantAccessPolicyTargetConfigurationable {
		all := models.NewCrossTenantAccessPolicyTarget()
		all.SetTarget(&target)
		all.SetTargetType(&of)
		c := models.NewCrossTenantAccessPolicyTargetConfiguration()
		c.SetAccessType(&kind)
		c.SetTargets([]models.CrossTenantAccessPolicyTargetable{all})
		return c
	}
	s := models.NewCrossTenantAccessPolicyB2BSetting()
	s.SetUsersAndGroups(half("AllUsers", models.USER_CROSSTENANTACCESSPOLICYTARGETTYPE))
	s.SetApplications(half("AllApplications", models.APPLICATION_CROSSTENANTACCESSPOLICYTARGETTYPE))
	return s
}

func trustInMFA(on bool) models.CrossTenantAccessPolicyInboundTrustable {
	trust := models.NewCrossTenantAccessPolicyInboundTrust()
	trust.SetIsMfaAccepted(&on)
	return trust
}

// crossTenant: what holds for every other organization, which nobody has changed yet.
func (d *day) crossTenant(t *testing.T) {
	policy := d.Policies().CrossTenantAccessPolicy()
	whole := must(policy.Get(t.Context(), nil))(t)
	wantEqual(t, "clouds", len(whole.GetAllowedCloudEndpoints()), 0)
	change := models.NewCrossTenantAccessPolicy()
	change.SetAllowedCloudEndpoints([]string{})
	_, err := policy.Patch(t.Context(), change, nil)
	wantNone(t, err)
	wantEqual(t, "status", wire.last().status, 204)
	change.SetAllowedCloudEndpoints([]string{"microsoftonline.us"})
	_, err = policy.Patch(t.Context(), change, nil)
	wantRefused(t, err, 400, "Request_BadRequest", "Property 'allowedCloudEndpoints' can only be [].")

	fresh := must(policy.DefaultEscaped().Get(t.Context(), nil))(t)
	wantEqual(t, "is service default", of(fresh.GetIsServiceDefault()), true)
	wantEqual(t, "MFA is accepted", of(fresh.GetInboundTrust().GetIsMfaAccepted()), false)
	wantEqual(t, "inbound", of(fresh.GetB2bCollaborationInbound().GetUsersAndGroups().GetAccessType()), models.ALLOWED_CROSSTENANTACCESSPOLICYTARGETCONFIGURATIONACCESSTYPE)
	wantEqual(t, "direct connect", of(fresh.GetB2bDirectConnectInbound().GetApplications().GetAccessType()), models.BLOCKED_CROSSTENANTACCESSPOLICYTARGETCONFIGURATIONACCESSTYPE)
	wantEqual(t, "fallback", of(fresh.GetInvitationRedemptionIdentityProviderConfiguration().GetFallbackIdentityProvider()).String(), "emailOneTimePasscode")

	next := models.NewCrossTenantAccessPolicyConfigurationDefault()
	next.SetInboundTrust(trustInMFA(true))
	next.SetB2bCollaborationOutbound(access(models.BLOCKED_CROSSTENANTACCESSPOLICYTARGETCONFIGURATIONACCESSTYPE))
	_, err = policy.DefaultEscaped().Patch(t.Context(), next, nil)
	wantNone(t, err)
	changed := must(policy.DefaultEscaped().Get(t.Context(), nil))(t)
	wantEqual(t, "is service default", of(changed.GetIsServiceDefault()), false)
	wantEqual(t, "MFA is accepted", of(changed.GetInboundTrust().GetIsMfaAccepted()), true)
	wantEqual(t, "outbound", of(changed.GetB2bCollaborationOutbound().GetApplications().GetAccessType()), models.BLOCKED_CROSSTENANTACCESSPOLICYTARGETCONFIGURATIONACCESSTYPE)
	wantNone(t, policy.DefaultEscaped().ResetToSystemDefault().Post(t.Context(), nil))
	wantEqual(t, "is service default", of(must(policy.DefaultEscaped().Get(t.Context(), nil))(t).GetIsServiceDefault()), true)
}

// partners: another organization of the demo is trusted for a while.
func (d *day) partners(t *testing.T) {
	partners, other := d.Policies().CrossTenantAccessPolicy().Partners(), contoso.others[0].ID
	p := models.NewCrossTenantAccessPolicyConfigurationPartner()
	p.SetTenantId(&other)
	p.SetInboundTrust(trustInMFA(true))
	made := must(partners.Post(t.Context(), p, nil))(t)
	wantEqual(t, "status", wire.last().status, 201)
	wantEqual(t, "tenant", of(made.GetTenantId()), other)
	wantEqual(t, "inbound is as by default", made.GetB2bCollaborationInbound(), nil)
	_, err := partners.Post(t.Context(), p, nil)
	wantRefused(t, err, 400, "Request_BadRequest", "")
	wantEqual(t, "partner", of(only(t, "partners", must(partners.Get(t.Context(), nil))(t).GetValue()).GetTenantId()), other)

	one := partners.ByCrossTenantAccessPolicyConfigurationPartnerTenantId(other)
	change := models.NewCrossTenantAccessPolicyConfigurationPartner()
	change.SetB2bCollaborationInbound(access(models.BLOCKED_CROSSTENANTACCESSPOLICYTARGETCONFIGURATIONACCESSTYPE))
	_, err = one.Patch(t.Context(), change, nil)
	wantNone(t, err)
	wantEqual(t, "status", wire.last().status, 204)
	changed := must(one.Get(t.Context(), nil))(t)
	wantEqual(t, "inbound", of(changed.GetB2bCollaborationInbound().GetUsersAndGroups().GetAccessType()), models.BLOCKED_CROSSTENANTACCESSPOLICYTARGETCONFIGURATIONACCESSTYPE)
	wantEqual(t, "MFA is accepted", of(changed.GetInboundTrust().GetIsMfaAccepted()), true)
	p.SetTenantId(&contoso.ID)
	_, err = partners.Post(t.Context(), p, nil)
	wantRefused(t, err, 404, "Request_ResourceNotFound", "")
	wantNone(t, one.Delete(t.Context(), nil))
	_, err = one.Get(t.Context(), nil)
	wantRefused(t, err, 404, "Request_ResourceNotFound", "")
}
