package graph

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

var directoryAudits = &entity[admin.EventInfo, none]{
	name: "directoryAudit", id: eventID,
	properties: []property[admin.EventInfo, none]{
		{name: "id", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.EventID })},
		{name: "activityDateTime", kind: edmDateTime, get: eventTime},
		{name: "activityDisplayName", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.Activity })},
		{name: "category", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.Category })},
		{name: "correlationId", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.RequestID })},
		{name: "loggedByService", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.Service })},
		{name: "operationType", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return operationOf(e.Activity) })},
		{name: "result", kind: enumOf("success", "failure", "timeout"), get: ofEvent(func(e *idp.AuditEvent) string { return e.Result })},
		{name: "resultReason", kind: edmString, get: func(_ *call, i admin.EventInfo) any { return i.Event.Reason }},
		{name: "initiatedBy", kind: complexOf(field{name: "user", kind: initiatorKind}, field{name: "app", kind: appKind}), get: initiatedBy},
		{name: "targetResources", kind: listOf(resourceKind), get: targetResources},
		{name: "additionalDetails", kind: listOf(complexOf(field{name: "key", kind: edmString}, field{name: "value", kind: edmString})), get: additionalDetails},
	},
}

var initiatorKind = complexOf(
	field{name: "id", kind: edmString}, field{name: "displayName", kind: edmString}, field{name: "userPrincipalName", kind: edmString},
	field{name: "ipAddress", kind: edmString},
)

var appKind = complexOf(
	field{name: "appId", kind: edmString}, field{name: "displayName", kind: edmString},
	field{name: "servicePrincipalId", kind: edmString}, field{name: "servicePrincipalName", kind: edmString},
)

var resourceKind = complexOf(
	field{name: "id", kind: edmString}, field{name: "displayName", kind: edmString}, field{name: "type", kind: edmString},
	field{name: "userPrincipalName", kind: edmString}, field{name: "groupType", kind: edmString},
	field{name: "modifiedProperties", kind: listOf(complexOf(
		field{name: "displayName", kind: edmString}, field{name: "oldValue", kind: edmString}, field{name: "newValue", kind: edmString},
	))},
)

// activityKinds are the kinds of changes by what the name of an activity begins with.
var activityKinds = []struct{ begins, operation string }{
	{"Add member", "Assign"}, {"Remove member", "Unassign"}, {"Consent", "Assign"},
	{"Add", "Add"}, {"Create", "Add"}, {"Register", "Add"}, {"Invite", "Add"}, {"Request", "Add"},
	{"Admin registered", "Add"}, {"User registered", "Add"},
	{"Delete", "Delete"}, {"Remove", "Delete"}, {"Admin deleted", "Delete"}, {"User deleted", "Delete"},
}

func operationOf(activity string) string {
	for _, o := range activityKinds {
		if strings.HasPrefix(activity, o.begins) {
			return o.operation
		}
	}
	return "Update"
}

// initiatedBy is a person, an app, or a person through an app.
func initiatedBy(_ *call, i admin.EventInfo) any {
	by := object{"user": nil, "app": nil}
	switch e := i.Event; e.Actor.Type {
	case idp.ActorUser:
		by["user"] = object{
			"id": e.Actor.ID, "displayName": displayName(i.Actor), "userPrincipalName": e.Actor.Name, "ipAddress": nonEmpty(e.Address),
		}
		if e.App != (idp.Party{}) {
			by["app"] = appObject(e.App.ID, e.App.Name)
		}
	case idp.ActorClient:
		by["app"] = appObject(e.Actor.ID, e.Actor.Name)
	case idp.ActorOperator:
		by["app"] = appObject("", "Latchkey command line ("+e.Actor.Name+")")
	default:
		by["app"] = appObject("", cmp.Or(e.Actor.Name, ownPages))
	}
	return by
}

func appObject(id, name string) object {
	return object{"appId": nonEmpty(id), "displayName": name, "servicePrincipalId": nil, "servicePrincipalName": nil}
}

// targetResources are what was changed and what it was put into or taken from.
func targetResources(_ *call, i admin.EventInfo) any {
	out := []object{}
	e := i.Event
	if t := e.Target; t.Type == idp.ActorUser {
		out = append(out, resource("User", t.ID, displayName(i.Target), t.Name, e.Modified))
	} else if t != (idp.Party{}) {
		out = append(out, resource(resourceType(t.Type), t.ID, nonEmpty(t.Name), "", e.Modified))
	}
	if id := e.Details["groupId"]; id != "" {
		out = append(out, resource("Group", id, nonEmpty(e.Details["group"]), "", nil))
	}
	if id := e.Details["roleTemplateId"]; id != "" {
		out = append(out, resource("Role", id, nonEmpty(e.Details["role"]), "", nil))
	}
	return out
}

// resourceType is what Graph calls the type of a party.
func resourceType(party string) string {
	switch party {
	case idp.PartyGroup:
		return "Group"
	case idp.PartyRole:
		return "Role"
	case idp.PartyPolicy:
		return "Policy"
	case idp.PartyTenant:
		return "Directory"
	case idp.ActorClient, idp.PartyAPI:
		return "Application"
	}
	return "Other"
}

func resource(kind, id string, name any, principal string, modified []idp.Modified) object {
	r := object{
		"id": nonEmpty(id), "displayName": name, "type": kind, "userPrincipalName": nonEmpty(principal), "groupType": nil,
		"modifiedProperties": modifiedProperties(modified),
	}
	if kind == "Group" {
		r["groupType"] = "azureAD" // as Graph calls what is not of Exchange
	}
	return r
}

func modifiedProperties(modified []idp.Modified) []object {
	out := make([]object, len(modified))
	for i, m := range modified {
		out[i] = object{"displayName": m.Name, "oldValue": nonEmpty(m.Old), "newValue": nonEmpty(m.New)}
	}
	return out
}

func additionalDetails(_ *call, i admin.EventInfo) any {
	out := []object{}
	for _, key := range slices.Sorted(maps.Keys(i.Event.Details)) {
		out = append(out, object{"key": key, "value": i.Event.Details[key]})
	}
	return out
}
