package graph

import (
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const passConfigurationID = "TemporaryAccessPass"

// passConfiguration is the policy of Temporary Access Passes.
var passConfiguration = &entity[idp.PassPolicy, *admin.PassPolicyChange]{
	name: "temporaryAccessPassAuthenticationMethodConfiguration", typed: true,
	properties: []property[idp.PassPolicy, *admin.PassPolicyChange]{
		{name: "id", kind: edmString, get: constant[idp.PassPolicy](passConfigurationID), set: setSameID},
		{
			name: "state", kind: methodState, flags: required,
			get: func(_ *call, p idp.PassPolicy) any { return stateOf(p.Enabled) },
			set: func(in *admin.PassPolicyChange, v value) error {
				in.Enabled = new(v.text() == stateOf(true))
				return nil
			},
		},
		policyNumber("defaultLifetimeInMinutes", func(p idp.PassPolicy) int { return p.DefaultLifetime }, func(in *admin.PassPolicyChange) **int { return &in.DefaultLifetime }),
		policyNumber("defaultLength", func(p idp.PassPolicy) int { return p.Length }, func(in *admin.PassPolicyChange) **int { return &in.Length }),
		policyNumber("minimumLifetimeInMinutes", func(p idp.PassPolicy) int { return p.MinimumLifetime }, func(in *admin.PassPolicyChange) **int { return &in.MinimumLifetime }),
		policyNumber("maximumLifetimeInMinutes", func(p idp.PassPolicy) int { return p.MaximumLifetime }, func(in *admin.PassPolicyChange) **int { return &in.MaximumLifetime }),
		policySwitch("isUsableOnce", required, func(p idp.PassPolicy) bool { return p.Once }, func(in *admin.PassPolicyChange) **bool { return &in.Once }),
		// Ours: a pass for a privileged person waits for a second administrator.
		policySwitch("isApprovalRequiredForPrivilegedUsers", required|betaOnly|writtenInV1,
			func(p idp.PassPolicy) bool { return p.Approval }, func(in *admin.PassPolicyChange) **bool { return &in.Approval }),
		{
			name: "includeTargets", kind: listOf(targetKind), flags: required | noFilter,
			get: func(_ *call, p idp.PassPolicy) any { return includedObjects(p.Targets.Include) },
			set: func(in *admin.PassPolicyChange, v value) error { return setTargets(&in.Include, v) },
		},
		{
			name: "excludeTargets", kind: listOf(targetKind), flags: required | noFilter,
			get: func(_ *call, p idp.PassPolicy) any { return targetObjects(p.Targets.Exclude) },
			set: func(in *admin.PassPolicyChange, v value) error { return setTargets(&in.Exclude, v) },
		},
	},
}

type passPolicyProperty = property[idp.PassPolicy, *admin.PassPolicyChange]

func policyNumber(name string, of func(idp.PassPolicy) int, change func(*admin.PassPolicyChange) **int) passPolicyProperty {
	return passPolicyProperty{
		name: name, kind: edmInt32, flags: required,
		get: func(_ *call, p idp.PassPolicy) any { return of(p) },
		set: func(in *admin.PassPolicyChange, v value) error { *change(in) = new(v.number()); return nil },
	}
}

func policySwitch(name string, f flags, of func(idp.PassPolicy) bool, change func(*admin.PassPolicyChange) **bool) passPolicyProperty {
	return passPolicyProperty{
		name: name, kind: edmBoolean, flags: f,
		get: func(_ *call, p idp.PassPolicy) any { return of(p) },
		set: func(in *admin.PassPolicyChange, v value) error { *change(in) = new(v.boolean()); return nil },
	}
}

// setSameID takes the id that it has, which scripts copy from what they read.
func setSameID(_ *admin.PassPolicyChange, v value) error {
	if !strings.EqualFold(v.text(), passConfigurationID) {
		return idp.Errorf(idp.Invalid, "Property 'id' is read-only and cannot be set.")
	}
	return nil
}

var methodState = enumOf(stateOf(true), stateOf(false))

func stateOf(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}

var targetKind = complexOf(
	field{name: "targetType", kind: enumOf("user", "group")}, field{name: "id", kind: edmString},
	field{name: "isRegistrationRequired", kind: edmBoolean},
)

func targetObjects(targets []idp.Target) []object {
	out := make([]object, len(targets))
	for i, t := range targets {
		out[i] = object{"targetType": t.Type, "id": t.ID}
	}
	return out
}

// includedObjects have a switch that Graph has and nobody uses for passes.
func includedObjects(targets []idp.Target) []object {
	out := targetObjects(targets)
	for _, t := range out {
		t["isRegistrationRequired"] = false
	}
	return out
}

func setTargets(to **[]idp.Target, v value) error {
	targets := []idp.Target{}
	for _, t := range v.list() {
		if t.member("isRegistrationRequired").boolean() {
			return idp.Errorf(idp.Invalid, "Property 'isRegistrationRequired' can only be false.")
		}
		targets = append(targets, idp.Target{Type: t.member("targetType").text(), ID: strings.ToLower(t.member("id").text())})
	}
	*to = &targets
	return nil
}
