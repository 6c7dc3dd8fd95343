package graph

import (
	"slices"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const authenticatorConfigurationID = "MicrosoftAuthenticator"

// authenticatorEdit is what a body changes of a policy: of a feature it may say a part only.
type authenticatorEdit struct {
	now    idp.AuthenticatorPolicy
	change admin.AuthenticatorPolicyChange
}

type authenticatorPolicyProperty = property[idp.AuthenticatorPolicy, *authenticatorEdit]

// authenticatorConfiguration is the policy of devices.
var authenticatorConfiguration = &entity[idp.AuthenticatorPolicy, *authenticatorEdit]{
	name: "microsoftAuthenticatorAuthenticationMethodConfiguration", typed: true,
	properties: []authenticatorPolicyProperty{
		{
			name: "id", kind: edmString, get: constant[idp.AuthenticatorPolicy](authenticatorConfigurationID),
			set: sameID[*authenticatorEdit](authenticatorConfigurationID),
		},
		{
			name: "state", kind: methodState, flags: required,
			get: func(_ *call, p idp.AuthenticatorPolicy) any { return stateOf(p.Enabled) },
			set: func(in *authenticatorEdit, v value) error {
				in.change.Enabled = new(v.text() == stateOf(true))
				return nil
			},
		},
		{
			name: "isSoftwareOathEnabled", kind: edmBoolean, flags: required, get: constant[idp.AuthenticatorPolicy](false),
			set: func(_ *authenticatorEdit, v value) error { return refuseOath(v) },
		},
		{
			name: "featureSettings", kind: featureSettingsKind, flags: required | noFilter,
			get: func(c *call, p idp.AuthenticatorPolicy) any { return featureSettings(p, c.version == "beta") },
			set: func(in *authenticatorEdit, v value) error { return in.features(v) },
		},
		{
			name: "includeTargets", kind: listOf(authenticatorTargetKind), flags: required | noFilter,
			get: func(_ *call, p idp.AuthenticatorPolicy) any { return authenticatorTargets(p.Targets.Include) },
			set: func(in *authenticatorEdit, v value) error { return setAuthenticatorTargets(&in.change.Include, v) },
		},
		{
			name: "excludeTargets", kind: listOf(targetKind), flags: required | noFilter,
			get: func(_ *call, p idp.AuthenticatorPolicy) any { return targetObjects(p.Targets.Exclude) },
			set: func(in *authenticatorEdit, v value) error { return setTargets(&in.change.Exclude, v) },
		},
	},
}

func refuseOath(v value) error {
	if v.boolean() {
		return idp.Errorf(idp.Invalid, "Property 'isSoftwareOathEnabled' can only be false: one-time codes of an app are not accepted here.")
	}
	return nil
}

// Other members of a target are of older versions, and mean nothing any more.
var authenticatorTargetKind = complexOf(append(slices.Clone(targetKind.members),
	field{name: "authenticationMode", kind: enumOf(idp.AuthenticateAny, idp.AuthenticatePush, idp.AuthenticateBare)})...)

func authenticatorTargets(targets []idp.Target) []object {
	out := includedObjects(targets)
	for i, t := range targets {
		out[i]["authenticationMode"] = idp.AuthenticateAny
		if t.Mode != "" {
			out[i]["authenticationMode"] = t.Mode
		}
	}
	return out
}

func setAuthenticatorTargets(to **[]idp.Target, v value) error {
	if err := setTargets(to, v); err != nil {
		return err
	}
	for i, t := range v.list() {
		if mode := t.member("authenticationMode").text(); mode != idp.AuthenticateAny {
			(**to)[i].Mode = mode
		}
	}
	return nil
}

// The members of featureSettings. The last two are in beta alone; a body may have them in
// either version.
const (
	appShown      = "displayAppInformationRequiredState"
	placeShown    = "displayLocationInformationRequiredState"
	numberMatched = "numberMatchingRequiredState"
	companionApp  = "companionAppAllowedState"
)

// nobodyID is the target of a feature that is nobody.
const nobodyID = "00000000-0000-0000-0000-000000000000"

var (
	featureTargetKind   = complexOf(field{name: "targetType", kind: enumOf("group", "administrativeUnit", "role")}, field{name: "id", kind: edmString})
	featureKind         = complexOf(field{name: "state", kind: enumFrom(idp.FeatureStates)}, field{name: "includeTarget", kind: featureTargetKind}, field{name: "excludeTarget", kind: featureTargetKind})
	featureSettingsKind = complexOf(
		field{name: appShown, kind: featureKind}, field{name: placeShown, kind: featureKind},
		field{name: numberMatched, kind: featureKind}, field{name: companionApp, kind: featureKind},
	)
)

// featureSettings are those of a policy; beta has two that v1.0 has no longer. The number is
// matched always, whatever is said of it, and there is no companion app.
func featureSettings(p idp.AuthenticatorPolicy, beta bool) object {
	o := object{appShown: featureObject(p.ShowApp), placeShown: featureObject(p.ShowPlace)}
	if beta {
		all := idp.DefaultAuthenticatorPolicy().ShowApp
		o[companionApp] = featureObject(all)
		if p.Matching != "" {
			all.State = p.Matching
		}
		o[numberMatched] = featureObject(all)
	}
	return o
}

func featureObject(f idp.Feature) object {
	target := func(t idp.Target) object {
		if t.ID == "" {
			t = idp.Target{Type: "group", ID: nobodyID}
		}
		return object{"targetType": t.Type, "id": t.ID}
	}
	return object{"state": f.State, "includeTarget": target(f.Include), "excludeTarget": target(f.Exclude)}
}

// features changes those members that there are.
func (in *authenticatorEdit) features(v value) error {
	for name, member := range v.object() {
		given := value{member}
		if given.null() {
			return idp.Errorf(idp.Invalid, "Property 'featureSettings/%s' cannot be null.", name)
		}
		f := idp.DefaultAuthenticatorPolicy().ShowApp
		switch name {
		case appShown:
			f = in.now.ShowApp
		case placeShown:
			f = in.now.ShowPlace
		}
		if err := changeFeature(&f, "featureSettings/"+name, given); err != nil {
			return err
		}
		switch name {
		case appShown:
			in.change.ShowApp = &f
		case placeShown:
			in.change.ShowPlace = &f
		case numberMatched:
			in.change.Matching = &f.State
		}
	}
	return nil
}

// changeFeature changes those members of a feature that there are.
func changeFeature(f *idp.Feature, path string, v value) error {
	for name, member := range v.object() {
		given := value{member}
		if given.null() {
			return idp.Errorf(idp.Invalid, "Property '%s/%s' cannot be null.", path, name)
		}
		if name == "state" {
			f.State = idp.FeatureState(given.text())
			continue
		}
		if kind := given.member("targetType").text(); kind != "group" {
			return idp.Errorf(idp.Invalid, "The targetType '%s' of '%s/%s' is not available in this version. Use 'group'.", kind, path, name)
		}
		var targets *[]idp.Target
		if err := setTargets(&targets, value{[]any{member}}); err != nil {
			return err
		}
		switch t := (*targets)[0]; {
		case name == "excludeTarget" && t.ID == nobodyID:
			f.Exclude = idp.Target{}
		case name == "excludeTarget":
			f.Exclude = t
		case t.ID == nobodyID:
			return idp.Errorf(idp.Invalid, "The target of '%s/%s' is nobody. Use the state 'disabled' instead.", path, name)
		default:
			f.Include = t
		}
	}
	return nil
}

func changeAuthenticatorPolicy(now idp.AuthenticatorPolicy) func(*call) error {
	return func(c *call) error {
		in := authenticatorEdit{now: now}
		if err := authenticatorConfiguration.readChange(c, &in); err != nil {
			return err
		}
		_, err := c.Admin.UpdateAuthenticatorPolicy(c.ctx(), c.Actor, c.Tenant.TenantID, in.change)
		return err
	}
}

func resetAuthenticatorPolicy(c *call) error {
	_, err := c.Admin.ResetAuthenticatorPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
	return err
}
