package graph

import "latchkey/idp"

// The policies of methods that come later: Graph's defaults, and all of them off.

var everybody = []idp.Target{{Type: "group", ID: idp.AllUsers}}

var emailConfiguration = laterConfiguration("emailAuthenticationMethodConfiguration", "Email", includedObjects(everybody),
	laterField("allowExternalIdToUseEmailOtp", enumOf("default", "enabled", "disabled"), "disabled"),
)

var authenticatorConfiguration = laterConfiguration("microsoftAuthenticatorAuthenticationMethodConfiguration", "MicrosoftAuthenticator", authenticatorTargets(),
	laterField("isSoftwareOathEnabled", edmBoolean, false),
	property[none, none]{name: "featureSettings", kind: edmAny, flags: noFilter, get: func(c *call, _ none) any { return featureSettings(c.version == "beta") }},
)

func laterConfiguration(name, id string, include []object, more ...property[none, none]) *entity[none, none] {
	properties := append([]property[none, none]{
		{name: "id", kind: edmString, get: constant[none](id)},
		{name: "state", kind: methodState, get: constant[none](stateOf(false))},
	}, more...)
	return &entity[none, none]{name: name, typed: true, properties: append(properties,
		laterField("includeTargets", listOf(edmAny), include),
		laterField("excludeTargets", listOf(targetKind), []object{}),
	)}
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
