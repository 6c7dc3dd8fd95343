package graph

import (
	"reflect"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const (
	passkeyConfigurationID = "Fido2"
	// passkeyProfile is the one profile there is, in every tenant.
	passkeyProfile     = "00000000-0000-0000-0000-000000000001"
	passkeyProfileName = "Default passkey profile"
)

// passkeyEdit is what a body changes of a policy. Graph has some of it twice, beside the
// profile and in it: what is as it was is no change, so that a program may send all that it
// has read with one of the two altered.
type passkeyEdit struct {
	now    idp.PasskeyPolicy
	change admin.PasskeyPolicyChange
}

type passkeyPolicyProperty = property[idp.PasskeyPolicy, *passkeyEdit]

// passkeyConfiguration is the policy of passkeys.
var passkeyConfiguration = &entity[idp.PasskeyPolicy, *passkeyEdit]{
	name: "fido2AuthenticationMethodConfiguration", typed: true,
	properties: []passkeyPolicyProperty{
		{name: "id", kind: edmString, get: constant[idp.PasskeyPolicy](passkeyConfigurationID), set: sameID[*passkeyEdit](passkeyConfigurationID)},
		{
			name: "state", kind: methodState, flags: required,
			get: func(_ *call, p idp.PasskeyPolicy) any { return stateOf(p.Enabled) },
			set: func(in *passkeyEdit, v value) error {
				in.change.Enabled = new(v.text() == stateOf(true))
				return nil
			},
		},
		{
			name: "isSelfServiceRegistrationAllowed", kind: edmBoolean, flags: required,
			get: func(_ *call, p idp.PasskeyPolicy) any { return p.SelfService },
			set: func(in *passkeyEdit, v value) error { in.change.SelfService = new(v.boolean()); return nil },
		},
		{
			name: "isAttestationEnforced", kind: edmBoolean, flags: required,
			get: func(_ *call, p idp.PasskeyPolicy) any { return p.Attestation },
			set: func(in *passkeyEdit, v value) error { in.attestation(v.boolean()); return nil },
		},
		{
			name: "keyRestrictions", kind: restrictionKind, flags: required | noFilter,
			get: func(_ *call, p idp.PasskeyPolicy) any { return restrictionObject(p.Models) },
			set: func(in *passkeyEdit, v value) error { return in.restrict(v) },
		},
		{
			name: "passkeyProfiles", kind: listOf(profileKind), flags: required | noFilter,
			get: func(_ *call, p idp.PasskeyPolicy) any { return []object{profileObject(p)} },
			set: func(in *passkeyEdit, v value) error { return in.profiles(v.list()) },
		},
		{
			name: "defaultPasskeyProfile", kind: edmGUID, flags: required, get: constant[idp.PasskeyPolicy](passkeyProfile),
			set: func(_ *passkeyEdit, v value) error { return checkProfile(v) },
		},
		{
			name: "includeTargets", kind: listOf(passkeyTargetKind), flags: required | noFilter,
			get: func(_ *call, p idp.PasskeyPolicy) any { return passkeyTargetObjects(p.Targets.Include) },
			set: func(in *passkeyEdit, v value) error { return setPasskeyTargets(&in.change.Include, v) },
		},
		{
			name: "excludeTargets", kind: listOf(targetKind), flags: required | noFilter,
			get: func(_ *call, p idp.PasskeyPolicy) any { return targetObjects(p.Targets.Exclude) },
			set: func(in *passkeyEdit, v value) error { return setTargets(&in.change.Exclude, v) },
		},
	},
}

var restrictionKind = complexOf(
	field{name: "isEnforced", kind: edmBoolean}, field{name: "enforcementType", kind: enumOf("allow", "block")},
	field{name: "aaGuids", kind: listOf(edmGUID)},
)

func restrictionObject(r idp.ModelRestriction) object {
	return object{"isEnforced": r.Enforced, "enforcementType": either(r.Allow, "allow", "block"), "aaGuids": slices.Concat([]string{}, r.AAGUIDs)}
}

func (in *passkeyEdit) attestation(on bool) {
	if on != in.now.Attestation {
		in.change.Attestation = &on
	}
}

// restrict changes those members of the restriction that there are.
func (in *passkeyEdit) restrict(v value) error {
	r := in.now.Models
	for name, member := range v.object() {
		given := value{member}
		switch {
		case given.null():
			return idp.Errorf(idp.Invalid, "Property 'keyRestrictions/%s' cannot be null.", name)
		case name == "isEnforced":
			r.Enforced = given.boolean()
		case name == "enforcementType":
			r.Allow = given.text() == "allow"
		case name == "aaGuids":
			r.AAGUIDs = given.texts()
		}
	}
	same := func(a, b idp.ModelRestriction) bool {
		return reflect.DeepEqual(restrictionObject(a), restrictionObject(b))
	}
	switch before := in.change.Models; {
	case same(r, in.now.Models):
	case before != nil && !same(r, *before):
		return idp.Errorf(idp.Invalid, "The restrictions in 'keyRestrictions' and in the profile are not the same. Change one of them.")
	default:
		in.change.Models = &r
	}
	return nil
}

// The values of a profile's passkeyTypes, which is flags, and attestationEnforcement.
const (
	bothTypes      = "deviceBound,synced"
	deviceBound    = "deviceBound"
	atRegistration = "registrationOnly"
)

var profileKind = complexOf(
	field{name: "id", kind: edmGUID}, field{name: "name", kind: edmString}, field{name: "passkeyTypes", kind: edmString},
	field{name: "attestationEnforcement", kind: enumOf("disabled", atRegistration)}, field{name: "keyRestrictions", kind: restrictionKind},
)

func profileObject(p idp.PasskeyPolicy) object {
	return object{
		"id": passkeyProfile, "name": passkeyProfileName, "passkeyTypes": either(p.Synced, bothTypes, deviceBound),
		"attestationEnforcement": either(p.Attestation, atRegistration, "disabled"), "keyRestrictions": restrictionObject(p.Models),
	}
}

func (in *passkeyEdit) profiles(all []value) error {
	if len(all) != 1 {
		return idp.Errorf(idp.Invalid, "There is exactly one passkey profile, '%s'.", passkeyProfile)
	}
	for name, member := range all[0].object() {
		if err := in.profile(name, value{member}); err != nil {
			return err
		}
	}
	return nil
}

// profile changes what a member of the profile stands for.
func (in *passkeyEdit) profile(name string, v value) error {
	switch {
	case v.null():
		return idp.Errorf(idp.Invalid, "Property 'passkeyProfiles/%s' cannot be null.", name)
	case name == "id":
		return checkProfile(v)
	case name == "name" && v.text() != passkeyProfileName:
		return idp.Errorf(idp.Invalid, "The passkey profile cannot be renamed: it is '%s'.", passkeyProfileName)
	case name == "passkeyTypes":
		return in.types(v.text())
	case name == "attestationEnforcement":
		in.attestation(v.text() == atRegistration)
	case name == "keyRestrictions":
		return in.restrict(v)
	}
	return nil
}

func (in *passkeyEdit) types(given string) error {
	flags := strings.Split(strings.ToLower(strings.ReplaceAll(given, " ", "")), ",")
	slices.Sort(flags)
	switch strings.Join(slices.Compact(flags), ",") {
	case strings.ToLower(bothTypes):
		in.change.Synced = new(true)
	case strings.ToLower(deviceBound):
		in.change.Synced = new(false)
	case "synced":
		return idp.Errorf(idp.Invalid, "The passkeyTypes cannot be 'synced' alone: where synced passkeys are accepted, those that stay on one device are too. Use '%s'.", bothTypes)
	default:
		return idp.Errorf(idp.Invalid, "Invalid value specified for property 'passkeyTypes': expected '%s' or '%s'.", bothTypes, deviceBound)
	}
	return nil
}

func checkProfile(v value) error {
	if v.text() != passkeyProfile {
		return idp.Errorf(idp.Invalid, "There is no passkey profile '%s': the only one is '%s'.", v.text(), passkeyProfile)
	}
	return nil
}

var passkeyTargetKind = complexOf(append(slices.Clone(targetKind.members), field{name: "allowedPasskeyProfiles", kind: listOf(edmGUID)})...)

func passkeyTargetObjects(targets []idp.Target) []object {
	out := includedObjects(targets)
	for _, t := range out {
		t["allowedPasskeyProfiles"] = []string{passkeyProfile}
	}
	return out
}

func setPasskeyTargets(to **[]idp.Target, v value) error {
	for _, t := range v.list() {
		for _, p := range t.member("allowedPasskeyProfiles").list() {
			if err := checkProfile(p); err != nil {
				return err
			}
		}
	}
	return setTargets(to, v)
}

func changePasskeyPolicy(now idp.PasskeyPolicy) func(*call) error {
	return func(c *call) error {
		in := passkeyEdit{now: now}
		if err := passkeyConfiguration.readChange(c, &in); err != nil {
			return err
		}
		_, err := c.Admin.UpdatePasskeyPolicy(c.ctx(), c.Actor, c.Tenant.TenantID, in.change)
		return err
	}
}

func resetPasskeyPolicy(c *call) error {
	_, err := c.Admin.ResetPasskeyPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
	return err
}
