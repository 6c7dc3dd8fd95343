package graph

import (
	"latchkey/idp"
	"latchkey/idp/admin"
)

const passConfigurationID = "TemporaryAccessPass"

// passConfiguration is the policy of Temporary Access Passes.
var passConfiguration = &entity[idp.PassPolicy, *admin.PassPolicyChange]{
	name: "temporaryAccessPassAuthenticationMethodConfiguration", typed: true,
	properties: []property[idp.PassPolicy, *admin.PassPolicyChange]{
		{name: "id", kind: edmString, get: constant[idp.PassPolicy](passConfigurationID), set: sameID[*admin.PassPolicyChange](passConfigurationID)},
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

func changePassPolicy(c *call) error {
	var change admin.PassPolicyChange
	if err := passConfiguration.readChange(c, &change); err != nil {
		return err
	}
	_, err := c.Admin.UpdatePassPolicy(c.ctx(), c.Actor, c.Tenant.TenantID, change)
	return err
}

func resetPassPolicy(c *call) error {
	_, err := c.Admin.ResetPassPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
	return err
}
