package graph

import (
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// The registration campaign, which is within the policy itself.

const campaignName = "authenticationMethodsRegistrationCampaign"

// campaignMethod is what a campaign asks people to register.
const campaignMethod = "fido2"

var campaignTargetKind = complexOf(
	field{name: "targetType", kind: enumOf("user", "group")}, field{name: "id", kind: edmString},
	field{name: "targetedAuthenticationMethod", kind: edmString},
)

var enforcementKind = complexOf(field{name: campaignName, kind: complexOf(
	field{name: "state", kind: enumOf("default", stateOf(true), stateOf(false))}, field{name: "snoozeDurationInDays", kind: edmInt32},
	field{name: "enforceRegistrationAfterAllowedSnoozes", kind: edmBoolean},
	field{name: "includeTargets", kind: listOf(campaignTargetKind)}, field{name: "excludeTargets", kind: listOf(targetKind)},
)})

func enforcementObject(p *idp.MethodsPolicy) object {
	c := p.Registration.Campaign
	include := targetObjects(c.Targets.Include)
	for _, t := range include {
		t["targetedAuthenticationMethod"] = campaignMethod
	}
	return object{campaignName: object{
		"state": stateOf(c.Enabled), "snoozeDurationInDays": c.SnoozeDays, "enforceRegistrationAfterAllowedSnoozes": false,
		"includeTargets": include, "excludeTargets": targetObjects(c.Targets.Exclude),
	}}
}

// setEnforcement changes those members of the campaign that there are.
func setEnforcement(in *admin.RegistrationPolicyChange, v value) error {
	for name, member := range v.member(campaignName).object() {
		given := value{member}
		if given.null() {
			return idp.Errorf(idp.Invalid, "Property '%s/%s' cannot be null.", campaignName, name)
		}
		if err := setCampaign(in, name, given); err != nil {
			return err
		}
	}
	return nil
}

func setCampaign(in *admin.RegistrationPolicyChange, name string, v value) error {
	switch name {
	case "state": // whose default is to have none
		in.Campaign.Enabled = new(v.text() == stateOf(true))
	case "snoozeDurationInDays":
		in.SnoozeDays = new(v.number())
	case "enforceRegistrationAfterAllowedSnoozes":
		if v.boolean() {
			return idp.Errorf(idp.Invalid, "Property '%s' can only be false: people may put the campaign off as often as they like.", name)
		}
	case "includeTargets":
		return setCampaignTargets(&in.Campaign.Include, v)
	case "excludeTargets":
		return setTargets(&in.Campaign.Exclude, v)
	}
	return nil
}

func setCampaignTargets(to **[]idp.Target, v value) error {
	for _, t := range v.list() {
		if method := t.member("targetedAuthenticationMethod").text(); !strings.EqualFold(method, campaignMethod) {
			return idp.Errorf(idp.Invalid, "The targetedAuthenticationMethod '%s' is not available in this version. Use '%s'.", method, campaignMethod)
		}
	}
	return setTargets(to, v)
}
