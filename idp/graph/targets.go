package graph

import (
	"strings"

	"latchkey/idp"
)

// What the configurations of methods have in common.

// sameID takes the id that it has, which scripts copy from what they read.
func sameID[C any](id string) func(C, value) error {
	return func(_ C, v value) error {
		if !strings.EqualFold(v.text(), id) {
			return idp.Errorf(idp.Invalid, "Property 'id' is read-only and cannot be set.")
		}
		return nil
	}
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
