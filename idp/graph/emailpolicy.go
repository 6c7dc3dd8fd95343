package graph

import (
	"latchkey/idp"
	"latchkey/idp/admin"
)

const emailConfigurationID = "Email"

type emailPolicyProperty = property[idp.EmailPolicy, *admin.EmailPolicyChange]

// emailConfiguration is the policy of codes by mail.
var emailConfiguration = &entity[idp.EmailPolicy, *admin.EmailPolicyChange]{
	name: "emailAuthenticationMethodConfiguration", typed: true,
	properties: []emailPolicyProperty{
		{name: "id", kind: edmString, get: constant[idp.EmailPolicy](emailConfigurationID), set: sameID[*admin.EmailPolicyChange](emailConfigurationID)},
		{
			name: "state", kind: methodState, flags: required,
			get: func(_ *call, p idp.EmailPolicy) any { return stateOf(p.Enabled) },
			set: func(in *admin.EmailPolicyChange, v value) error {
				in.Enabled = new(v.text() == stateOf(true))
				return nil
			},
		},
		{
			name: "allowExternalIdToUseEmailOtp", kind: enumFrom(idp.Switches), flags: required,
			get: func(_ *call, p idp.EmailPolicy) any { return p.Guests },
			set: func(in *admin.EmailPolicyChange, v value) error {
				in.Guests = new(idp.Switch(v.text()))
				return nil
			},
		},
		// Ours: how long a code is valid, and whether it stands in the subject of the mail.
		{
			name: "codeLifetimeInMinutes", kind: edmInt32, flags: required | betaOnly | writtenInV1,
			get: func(_ *call, p idp.EmailPolicy) any { return p.CodeLifetime },
			set: func(in *admin.EmailPolicyChange, v value) error { in.CodeLifetime = new(v.number()); return nil },
		},
		{
			name: "isCodeInSubject", kind: edmBoolean, flags: required | betaOnly | writtenInV1,
			get: func(_ *call, p idp.EmailPolicy) any { return p.CodeInSubject },
			set: func(in *admin.EmailPolicyChange, v value) error { in.CodeInSubject = new(v.boolean()); return nil },
		},
		{
			name: "includeTargets", kind: listOf(targetKind), flags: required | noFilter,
			get: func(_ *call, p idp.EmailPolicy) any { return includedObjects(p.Targets.Include) },
			set: func(in *admin.EmailPolicyChange, v value) error { return setTargets(&in.Include, v) },
		},
		{
			name: "excludeTargets", kind: listOf(targetKind), flags: required | noFilter,
			get: func(_ *call, p idp.EmailPolicy) any { return targetObjects(p.Targets.Exclude) },
			set: func(in *admin.EmailPolicyChange, v value) error { return setTargets(&in.Exclude, v) },
		},
	},
}

func changeEmailPolicy(c *call) error {
	var change admin.EmailPolicyChange
	if err := emailConfiguration.readChange(c, &change); err != nil {
		return err
	}
	_, err := c.Admin.UpdateEmailPolicy(c.ctx(), c.Actor, c.Tenant.TenantID, change)
	return err
}

func resetEmailPolicy(c *call) error {
	_, err := c.Admin.ResetEmailPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
	return err
}
