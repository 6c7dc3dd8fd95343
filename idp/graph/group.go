package graph

import (
	"slices"

	"latchkey/idp"
)

// groupInput is what a body says of a group.
type groupInput struct {
	name, description, nickname *string
	guarded                     bool
	members                     []string // to be added
}

type groupProperty = property[*idp.Group, *groupInput]

var groups = &entity[*idp.Group, *groupInput]{
	name: "group",
	id:   func(g *idp.Group) string { return g.GroupID },
	properties: []groupProperty{
		{name: "id", kind: edmString, get: func(_ *call, g *idp.Group) any { return g.GroupID }},
		{
			name: "displayName", kind: edmString, flags: required, get: func(_ *call, g *idp.Group) any { return g.Name },
			set: func(in *groupInput, v value) error { in.name = new(v.text()); return nil },
		},
		{
			name: "description", kind: edmString, get: func(_ *call, g *idp.Group) any { return nonEmpty(g.Description) },
			set: func(in *groupInput, v value) error { in.description = new(v.text()); return nil },
		},
		{
			name: "mailNickname", kind: edmString, flags: required, get: func(_ *call, g *idp.Group) any { return nonEmpty(g.Nickname) },
			set: func(in *groupInput, v value) error { in.nickname = new(v.text()); return nil },
		},
		{
			name: "isAssignableToRole", kind: edmBoolean, flags: onCreate, get: func(_ *call, g *idp.Group) any { return g.Guarded },
			set: func(in *groupInput, v value) error { in.guarded = v.boolean(); return nil },
		},
		groupFixed("mailEnabled", edmBoolean, required, false, noMail),
		groupFixed("securityEnabled", edmBoolean, required, true, security),
		groupFixed("groupTypes", listOf(edmString), 0, []string{}, assigned),
		{name: "members@odata.bind", kind: listOf(edmString), flags: noFilter, set: bindMembers},
		{name: "createdDateTime", kind: edmDateTime, get: func(_ *call, g *idp.Group) any { return g.CreatedAt }},
		{name: "renewedDateTime", kind: edmDateTime, get: func(_ *call, g *idp.Group) any { return g.CreatedAt }},
		groupFixed("classification", edmString, 0, nil, nil),
		groupFixed("deletedDateTime", edmDateTime, 0, nil, nil),
		groupFixed("expirationDateTime", edmDateTime, 0, nil, nil),
		groupFixed("mail", edmString, 0, nil, nil),
		groupFixed("membershipRule", edmString, 0, nil, nil),
		groupFixed("membershipRuleProcessingState", edmString, 0, nil, nil),
		groupFixed("onPremisesSyncEnabled", edmBoolean, 0, nil, nil),
		groupFixed("preferredLanguage", edmString, 0, nil, nil),
		groupFixed("proxyAddresses", listOf(edmString), 0, []string{}, nil),
		groupFixed("theme", edmString, 0, nil, nil),
		groupFixed("visibility", edmString, 0, nil, nil),
	},
}

// groupFixed is a property that is the same of every group: check refuses any other value.
func groupFixed(name string, k kind, f flags, is any, check func(*groupInput, value) error) groupProperty {
	return groupProperty{name: name, kind: k, flags: f, get: constant[*idp.Group](is), set: check}
}

func noMail(_ *groupInput, v value) error {
	if v.boolean() {
		return idp.Errorf(idp.Invalid, "Groups with a mailbox are not supported: mailEnabled must be false.")
	}
	return nil
}

func security(_ *groupInput, v value) error {
	if !v.boolean() {
		return idp.Errorf(idp.Invalid, "Every group is a security group: securityEnabled must be true.")
	}
	return nil
}

func assigned(_ *groupInput, v value) error {
	if len(v.list()) > 0 {
		return idp.Errorf(idp.Invalid, "Microsoft 365 groups (Unified) and groups with a rule (DynamicMembership) are not supported: groupTypes must be empty.")
	}
	return nil
}

// maxBound is how many members one request adds, as Graph has it.
const maxBound = 20

func bindMembers(in *groupInput, v value) error {
	addresses := v.texts()
	if len(addresses) > maxBound {
		return idp.Errorf(idp.Invalid, "At most %d members can be added at once.", maxBound)
	}
	for _, address := range addresses {
		id, err := referred(address)
		if err != nil {
			return err
		}
		if !slices.Contains(in.members, id) {
			in.members = append(in.members, id)
		}
	}
	return nil
}
