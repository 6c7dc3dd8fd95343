package graph

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// partner is what holds for another organization of the deployment, or by default.
type partner struct {
	id     string // "": the default
	rules  idp.Partner
	custom bool
}

// partnerInput is what a request gives of one.
type partnerInput struct {
	id string
	admin.PartnerChange
}

var (
	accessKind = complexOf(
		field{name: "accessType", kind: enumOf("allowed", "blocked")},
		field{name: "targets", kind: listOf(complexOf(field{name: "target", kind: edmString}, field{name: "targetType", kind: edmString}))},
	)
	b2bKind   = complexOf(field{name: "usersAndGroups", kind: accessKind}, field{name: "applications", kind: accessKind})
	trustKind = complexOf(
		field{name: "isMfaAccepted", kind: edmBoolean}, field{name: "isCompliantDeviceAccepted", kind: edmBoolean},
		field{name: "isHybridAzureADJoinedDeviceAccepted", kind: edmBoolean},
	)
)

// accessObject is nothing where a partner leaves it to the default.
func accessObject(a idp.Access) any {
	if a == idp.AccessInherited {
		return nil
	}
	half := func(target, kind string) object {
		return object{"accessType": string(a), "targets": []object{{"target": target, "targetType": kind}}}
	}
	return object{"usersAndGroups": half("AllUsers", "user"), "applications": half("AllApplications", "application")}
}

func trustObject(s idp.Switch) any {
	if s != idp.SwitchEnabled && s != idp.SwitchDisabled {
		return nil
	}
	return object{"isMfaAccepted": s == idp.SwitchEnabled, "isCompliantDeviceAccepted": false, "isHybridAzureADJoinedDeviceAccepted": false}
}

// setAccess takes what Graph can say of everybody and every app, and of nobody less.
func setAccess(name string, to func(*partnerInput) **idp.Access) func(*partnerInput, value) error {
	return func(in *partnerInput, v value) error {
		if v.null() {
			*to(in) = new(idp.AccessInherited)
			return nil
		}
		people, apps := v.member("usersAndGroups"), v.member("applications")
		if people.member("accessType").text() != apps.member("accessType").text() || apps.member("accessType").null() {
			return idp.Errorf(idp.Invalid, "Property '%s' needs usersAndGroups and applications, with the same accessType: access is allowed or blocked as a whole.", name)
		}
		*to(in) = new(idp.Access(apps.member("accessType").text()))
		return errors.Join(checkTargets(name+"/usersAndGroups", people, "AllUsers", "user"), checkTargets(name+"/applications", apps, "AllApplications", "application"))
	}
}

// checkTargets refuses what is about less than all.
func checkTargets(name string, half value, all, kind string) error {
	targets := half.member("targets").list()
	for _, t := range targets {
		said := t.member("targetType")
		if !strings.EqualFold(t.member("target").text(), all) || !said.null() && !strings.EqualFold(said.text(), kind) {
			targets = nil
		}
	}
	if len(targets) == 0 {
		return idp.Errorf(idp.Invalid, "Property '%s' can only have the target '%s' of the type '%s': access is allowed or blocked as a whole.", name, all, kind)
	}
	return nil
}

// setTrust takes trust in what people have proved; nothing here knows their devices.
func setTrust(in *partnerInput, v value) error {
	if v.null() {
		in.AcceptMFA = new(idp.SwitchDefault)
		return nil
	}
	for _, device := range []string{"isCompliantDeviceAccepted", "isHybridAzureADJoinedDeviceAccepted"} {
		if v.member(device).boolean() {
			return idp.Errorf(idp.Invalid, "Property '%s' can only be false: nothing is known of devices here.", device)
		}
	}
	if mfa := v.member("isMfaAccepted"); !mfa.null() {
		in.AcceptMFA = new(idp.SwitchDisabled)
		if mfa.boolean() {
			in.AcceptMFA = new(idp.SwitchEnabled)
		}
	}
	return nil
}

type partnerProperty = property[partner, *partnerInput]

// partnerRules are what the default and a partner have in common.
func partnerRules() []partnerProperty {
	return []partnerProperty{
		{
			name: "inboundTrust", kind: trustKind, get: func(_ *call, p partner) any { return trustObject(p.rules.AcceptMFA) }, set: setTrust,
		},
		{
			name: "b2bCollaborationInbound", kind: b2bKind, get: func(_ *call, p partner) any { return accessObject(p.rules.Inbound) },
			set: setAccess("b2bCollaborationInbound", func(in *partnerInput) **idp.Access { return &in.Inbound }),
		},
		{
			name: "b2bCollaborationOutbound", kind: b2bKind, get: func(_ *call, p partner) any { return accessObject(p.rules.Outbound) },
			set: setAccess("b2bCollaborationOutbound", func(in *partnerInput) **idp.Access { return &in.Outbound }),
		},
		unchanging[partner, *partnerInput]("b2bDirectConnectInbound", edmAny, accessObject(idp.AccessBlocked)),
		unchanging[partner, *partnerInput]("b2bDirectConnectOutbound", edmAny, accessObject(idp.AccessBlocked)),
		unchanging[partner, *partnerInput]("automaticUserConsentSettings", edmAny, object{"inboundAllowed": false, "outboundAllowed": false}),
		unchanging[partner, *partnerInput]("tenantRestrictions", edmAny, nil),
	}
}

var crossTenantDefault = &entity[partner, *partnerInput]{
	name: "crossTenantAccessPolicyConfigurationDefault",
	properties: slices.Concat([]partnerProperty{
		{name: "isServiceDefault", kind: edmBoolean, get: func(_ *call, p partner) any { return !p.custom }},
		unchanging[partner, *partnerInput]("invitationRedemptionIdentityProviderConfiguration", edmAny, object{
			"primaryIdentityProviderPrecedenceOrder": []string{"azureActiveDirectory", "externalFederation", "socialIdentityProviders"},
			"fallbackIdentityProvider":               "emailOneTimePasscode",
		}),
	}, partnerRules()),
}

var crossTenantPartners = &entity[partner, *partnerInput]{
	name: "crossTenantAccessPolicyConfigurationPartner",
	id:   func(p partner) string { return p.id },
	properties: slices.Concat([]partnerProperty{
		{
			name: "tenantId", kind: edmGUID, flags: required | onCreate, get: func(_ *call, p partner) any { return p.id },
			set: func(in *partnerInput, v value) error { in.id = v.text(); return nil },
		},
		fixed[partner, *partnerInput]("isServiceProvider", edmBoolean, false),
		fixed[partner, *partnerInput]("isInMultiTenantOrganization", edmBoolean, false),
	}, partnerRules()),
}

// crossTenantPolicy is what the policy is beside its default and its partners.
var crossTenantPolicy = &entity[*idp.CrossTenantPolicy, *none]{
	name: "crossTenantAccessPolicy",
	properties: []property[*idp.CrossTenantPolicy, *none]{
		{name: "id", kind: edmString, get: func(_ *call, p *idp.CrossTenantPolicy) any { return p.ID() }},
		unchanging[*idp.CrossTenantPolicy, *none]("displayName", edmString, "Cross-tenant access policy"),
		unchanging[*idp.CrossTenantPolicy, *none]("allowedCloudEndpoints", listOf(edmString), []string{}),
	},
}

func crossTenantRoutes() []route {
	const policy = "/policies/crossTenantAccessPolicy"
	const byDefault, all, one = policy + "/default", policy + "/partners", policy + "/partners/{partner}"
	return []route{
		{
			method: http.MethodGet, path: policy, handle: crossTenantPolicy.reads((*call).crossTenantPolicy), options: itemOptions,
			summary: "Read the cross-tenant access policy", action: idp.ReadCrossTenant, out: crossTenantPolicy,
		},
		{method: http.MethodPatch, path: policy, handle: changeCrossTenantPolicy, summary: "Confirm the cross-tenant access policy, of which nothing can be changed here", action: idp.WriteCrossTenant, in: crossTenantPolicy},
		{
			method: http.MethodGet, path: byDefault, handle: crossTenantDefault.reads((*call).crossTenantDefault), options: itemOptions,
			summary: "Read the rules for every other organization", action: idp.ReadCrossTenant, out: crossTenantDefault,
		},
		{method: http.MethodPatch, path: byDefault, handle: changeCrossTenantDefault, summary: "Change the rules for every other organization", action: idp.WriteCrossTenant, in: crossTenantDefault},
		{
			method: http.MethodPost, path: byDefault + "/resetToSystemDefault", handle: resetCrossTenantDefault, emptyBody: true,
			summary: "Reset the rules for every other organization", action: idp.WriteCrossTenant,
		},
		{
			method: http.MethodGet, path: all, handle: listPartners, counts: true, options: collectionOptions,
			summary: "List the organizations with rules of their own", action: idp.ReadCrossTenant, out: crossTenantPartners, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: addPartner, summary: "Give an organization rules of its own", action: idp.WriteCrossTenant,
			in: crossTenantPartners, out: crossTenantPartners, status: http.StatusCreated,
		},
		{
			method: http.MethodGet, path: one, handle: crossTenantPartners.reads((*call).partner), options: itemOptions,
			summary: "Read the rules for an organization", action: idp.ReadCrossTenant, out: crossTenantPartners,
		},
		{method: http.MethodPatch, path: one, handle: changePartner, summary: "Change the rules for an organization", action: idp.WriteCrossTenant, in: crossTenantPartners},
		{method: http.MethodDelete, path: one, handle: deletePartner, summary: "Remove the rules of an organization, so that the default applies", action: idp.WriteCrossTenant},
	}
}

func (c *call) crossTenantPolicy() (*idp.CrossTenantPolicy, error) {
	return c.Admin.CrossTenantPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
}

// changeCrossTenantPolicy takes a body that repeats what there is: nothing else can be said.
func changeCrossTenantPolicy(c *call) (reply, error) {
	if err := crossTenantPolicy.readChange(c, &none{}); err != nil {
		return reply{}, err
	}
	return noContent(), c.Admin.KeepCrossTenantPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
}

func (c *call) crossTenantDefault() (partner, error) {
	p, err := c.crossTenantPolicy()
	if err != nil {
		return partner{}, err
	}
	return partner{rules: p.Default, custom: p.Customized}, nil
}

func changeCrossTenantDefault(c *call) (reply, error) {
	var in partnerInput
	if err := crossTenantDefault.readChange(c, &in); err != nil {
		return reply{}, err
	}
	_, err := c.Admin.UpdateCrossTenantDefault(c.ctx(), c.Actor, c.Tenant.TenantID, in.PartnerChange)
	return noContent(), err
}

func resetCrossTenantDefault(c *call) (reply, error) {
	_, err := c.Admin.ResetCrossTenantDefault(c.ctx(), c.Actor, c.Tenant.TenantID)
	return noContent(), err
}

// partners are those that the policy names.
func (c *call) partners() ([]partner, error) {
	p, err := c.crossTenantPolicy()
	if err != nil {
		return nil, err
	}
	all := []partner{}
	for _, id := range slices.Sorted(maps.Keys(p.Partners)) {
		all = append(all, partner{id: id, rules: p.Partners[id]})
	}
	return all, nil
}

func listPartners(c *call) (reply, error) {
	all, err := c.partners()
	if err != nil {
		return reply{}, err
	}
	return crossTenantPartners.list(c, crossTenantPartners.unordered(all))
}

// partner is the one that the path names.
func (c *call) partner() (partner, error) {
	all, err := c.partners()
	if err != nil {
		return partner{}, err
	}
	return crossTenantPartners.pick(all, strings.ToLower(c.param("partner")))
}

func addPartner(c *call) (reply, error) {
	var in partnerInput
	if err := crossTenantPartners.readNew(c, &in); err != nil {
		return reply{}, err
	}
	p, err := c.Admin.AddPartner(c.ctx(), c.Actor, c.Tenant.TenantID, in.id, in.PartnerChange)
	if err != nil {
		return reply{}, err
	}
	return crossTenantPartners.created(c, partner{id: in.id, rules: p.Partners[in.id]}), nil
}

func changePartner(c *call) (reply, error) {
	var in partnerInput
	if err := crossTenantPartners.readChange(c, &in); err != nil {
		return reply{}, err
	}
	one, err := c.partner()
	if err != nil {
		return reply{}, err
	}
	_, err = c.Admin.UpdatePartner(c.ctx(), c.Actor, c.Tenant.TenantID, one.id, in.PartnerChange)
	return noContent(), err
}

func deletePartner(c *call) (reply, error) {
	one, err := c.partner()
	if err != nil {
		return reply{}, err
	}
	_, err = c.Admin.RemovePartner(c.ctx(), c.Actor, c.Tenant.TenantID, one.id)
	return noContent(), err
}
