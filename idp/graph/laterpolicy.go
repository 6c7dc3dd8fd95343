package graph

import "latchkey/idp"

// The policy of the method that comes later: Graph's defaults, and off.

var everybody = []idp.Target{{Type: "group", ID: idp.AllUsers}}

var authenticatorConfiguration = &entity[none, none]{
	name: "microsoftAuthenticatorAuthenticationMethodConfiguration", typed: true,
	properties: []property[none, none]{
		{name: "id", kind: edmString, get: constant[none]("MicrosoftAuthenticator")},
		{name: "state", kind: methodState, get: constant[none](stateOf(false))},
		laterField("isSoftwareOathEnabled", edmBoolean, false),
		{name: "featureSettings", kind: edmAny, flags: noFilter, get: func(c *call, _ none) any { return featureSettings(c.version == "beta") }},
		laterField("includeTargets", listOf(edmAny), authenticatorTargets()),
		laterField("excludeTargets", listOf(targetKind), []object{}),
	},
}

func laterField(name string, k kind, v any) property[none, none] {
	return property[none, none]{name: name, kind: k, flags: noFilter, get: constant[none](v)}
}

func authenticatorTargets() []object {
	out := includedObjects(everybody)
	for _, t := range out {
		t["authenticationMode"] = "any"
	}
	return out
}

// featureSettings of the Authenticator; beta has those that v1.0 has no longer.
func featureSettings(beta bool) object {
	names := []string{"displayAppInformationRequiredState", "displayLocationInformationRequiredState"}
	if beta {
		names = append(names, "numberMatchingRequiredState", "companionAppAllowedState")
	}
	o := object{}
	for _, name := range names {
		o[name] = object{
			"state":         "default",
			"includeTarget": object{"targetType": "group", "id": idp.AllUsers},
			"excludeTarget": object{"targetType": "group", "id": "00000000-0000-0000-0000-000000000000"}, // nobody
		}
	}
	return o
}
