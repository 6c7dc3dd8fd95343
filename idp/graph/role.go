package graph

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

var directoryRoles = &entity[admin.ActiveRole, *string]{
	name: "directoryRole",
	id:   func(r admin.ActiveRole) string { return r.RoleID },
	properties: []property[admin.ActiveRole, *string]{
		{name: "id", kind: edmString, get: func(_ *call, r admin.ActiveRole) any { return r.RoleID }},
		{name: "deletedDateTime", kind: edmDateTime, get: constant[admin.ActiveRole](nil)},
		{name: "description", kind: edmString, get: func(_ *call, r admin.ActiveRole) any { return r.Description }},
		{name: "displayName", kind: edmString, get: func(_ *call, r admin.ActiveRole) any { return r.Name }},
		{
			name: "roleTemplateId", kind: edmGUID, flags: required | onCreate, get: func(_ *call, r admin.ActiveRole) any { return r.TemplateID },
			set: func(in *string, v value) error { *in = v.text(); return nil },
		},
	},
}

var roleTemplates = &entity[idp.Role, none]{
	name: "directoryRoleTemplate", id: templateID,
	properties: []property[idp.Role, none]{
		{name: "id", kind: edmString, get: func(_ *call, r idp.Role) any { return r.TemplateID }},
		roleFixed("deletedDateTime", edmDateTime, nil),
		{name: "description", kind: edmString, get: func(_ *call, r idp.Role) any { return r.Description }},
		{name: "displayName", kind: edmString, get: func(_ *call, r idp.Role) any { return r.Name }},
	},
}

var roleDefinitions = &entity[idp.Role, none]{
	name: "unifiedRoleDefinition", id: templateID,
	properties: []property[idp.Role, none]{
		{name: "id", kind: edmString, get: func(_ *call, r idp.Role) any { return r.TemplateID }},
		{name: "description", kind: edmString, get: func(_ *call, r idp.Role) any { return r.Description }},
		{name: "displayName", kind: edmString, get: func(_ *call, r idp.Role) any { return r.Name }},
		roleFixed("isBuiltIn", edmBoolean, true),
		roleFixed("isEnabled", edmBoolean, true),
		roleFixed("resourceScopes", listOf(edmString), []string{"/"}),
		{name: "templateId", kind: edmString, get: func(_ *call, r idp.Role) any { return r.TemplateID }},
		roleFixed("version", edmString, "1"),
		// What a role may is in the rules of idp.May, which are not made of Graph's actions.
		roleFixed("rolePermissions", listOf(rolePermission), []object{}),
	},
}

var rolePermission = complexOf(field{name: "allowedResourceActions", kind: listOf(edmString)}, field{name: "condition", kind: edmString})

func templateID(r idp.Role) string { return r.TemplateID }

var roleFixed = fixed[idp.Role, none]

// assignmentInput is who is to have which role.
type assignmentInput struct{ principal, role string }

var assignments = &entity[admin.RoleAssignment, *assignmentInput]{
	name: "unifiedRoleAssignment",
	id:   assignmentID,
	properties: []property[admin.RoleAssignment, *assignmentInput]{
		{name: "id", kind: edmString, get: func(_ *call, a admin.RoleAssignment) any { return assignmentID(a) }},
		{
			name: "principalId", kind: edmGUID, flags: required | onCreate, get: func(_ *call, a admin.RoleAssignment) any { return a.User.UserID },
			set: func(in *assignmentInput, v value) error { in.principal = v.text(); return nil },
		},
		{
			name: "roleDefinitionId", kind: edmGUID, flags: required | onCreate, get: func(_ *call, a admin.RoleAssignment) any { return a.Role.TemplateID },
			set: func(in *assignmentInput, v value) error { in.role = v.text(); return nil },
		},
		{
			name: "directoryScopeId", kind: edmString, flags: onCreate, get: constant[admin.RoleAssignment]("/"),
			set: wholeDirectory,
		},
		{name: "appScopeId", kind: edmString, flags: onSelect, get: constant[admin.RoleAssignment](nil)},
	},
}

func wholeDirectory(_ *assignmentInput, v value) error {
	if !v.null() && v.text() != "/" {
		return idp.Errorf(idp.Invalid, "A role is given in the whole directory: directoryScopeId must be '/'.")
	}
	return nil
}

// assignmentID is made of both ids, since that is all an assignment is.
func assignmentID(a admin.RoleAssignment) string {
	both, err := hex.DecodeString(strings.ReplaceAll(a.Role.TemplateID+a.User.UserID, "-", ""))
	if err != nil {
		panic(err) // both are GUIDs
	}
	return base64.RawURLEncoding.EncodeToString(both)
}
