package graph

import (
	"encoding/json"
	"testing"

	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

type passConfiguration = models.TemporaryAccessPassAuthenticationMethodConfigurationable

func (d *day) passConfiguration(t *testing.T) passConfiguration {
	t.Helper()
	c := must(d.methodConfigurations().ByAuthenticationMethodConfigurationId("temporaryAccessPass").Get(t.Context(), nil))(t)
	p, ok := c.(passConfiguration)
	if !ok {
		t.Fatalf("the configuration of passes is a %T", c)
	}
	return p
}

// policy: passes last an hour, and at most a working day, as Graph has it by default.
func (d *day) policy(t *testing.T) {
	whole := must(d.Policies().AuthenticationMethodsPolicy().Get(t.Context(), nil))(t)
	wantContains(t, "configurations", idsOf(whole.GetAuthenticationMethodConfigurations()), "TemporaryAccessPass", "Email", "Fido2", "MicrosoftAuthenticator")
	before := d.passConfiguration(t)
	change := models.NewTemporaryAccessPassAuthenticationMethodConfiguration()
	change.SetMinimumLifetimeInMinutes(new(int32(60)))
	change.SetMaximumLifetimeInMinutes(new(int32(480)))
	change.SetDefaultLifetimeInMinutes(new(int32(120)))
	d.changePassConfiguration(t, change)
	after := d.passConfiguration(t)
	wantEqual(t, "maximum", of(after.GetMaximumLifetimeInMinutes()), 480)
	wantEqual(t, "default", of(after.GetDefaultLifetimeInMinutes()), 120)
	wantEqual(t, "state", of(after.GetState()).String(), "enabled")
	wantEqual(t, "length, not told", of(after.GetDefaultLength()), of(before.GetDefaultLength()))

	change.SetMinimumLifetimeInMinutes(new(int32(500)))
	_, err := d.methodConfigurations().ByAuthenticationMethodConfigurationId("TemporaryAccessPass").Patch(t.Context(), change, nil)
	wantRefused(t, err, 400, "badRequest", "")
	for id, want := range map[string]func(any) bool{
		"email":                  is[models.EmailAuthenticationMethodConfigurationable],
		"fido2":                  is[models.Fido2AuthenticationMethodConfigurationable],
		"microsoftAuthenticator": is[models.MicrosoftAuthenticatorAuthenticationMethodConfigurationable],
	} {
		if c := must(d.methodConfigurations().ByAuthenticationMethodConfigurationId(id).Get(t.Context(), nil))(t); !want(c) {
			t.Errorf("the configuration of %s is a %T", id, c)
		}
	}
}

func is[T any](v any) bool {
	_, ok := v.(T)
	return ok
}

func (d *day) changePassConfiguration(t *testing.T, change passConfiguration) {
	t.Helper()
	_, err := d.methodConfigurations().ByAuthenticationMethodConfigurationId("temporaryAccessPass").Patch(t.Context(), change, nil)
	wantNone(t, err)
	wantEqual(t, "status", wire.last().status, 204)
}

// campaign: who is to be asked to register a passkey, and how often.
func (d *day) campaign(t *testing.T) {
	target := models.NewAuthenticationMethodsRegistrationCampaignIncludeTarget()
	target.SetId(&d.group)
	target.SetTargetType(new(models.GROUP_AUTHENTICATIONMETHODTARGETTYPE))
	target.SetTargetedAuthenticationMethod(new("fido2"))
	not := models.NewExcludeTarget()
	not.SetId(&d.mira)
	not.SetTargetType(new(models.USER_AUTHENTICATIONMETHODTARGETTYPE))
	c := models.NewAuthenticationMethodsRegistrationCampaign()
	c.SetState(new(models.ENABLED_ADVANCEDCONFIGSTATE))
	c.SetSnoozeDurationInDays(new(int32(3)))
	c.SetIncludeTargets([]models.AuthenticationMethodsRegistrationCampaignIncludeTargetable{target})
	c.SetExcludeTargets([]models.ExcludeTargetable{not})
	answered := must(d.changeCampaign(t, c))(t)
	wantEqual(t, "status", wire.last().status, 200)
	read := must(d.Policies().AuthenticationMethodsPolicy().Get(t.Context(), nil))(t)
	for _, p := range []models.AuthenticationMethodsPolicyable{answered, read} {
		got := p.GetRegistrationEnforcement().GetAuthenticationMethodsRegistrationCampaign()
		wantEqual(t, "state", of(got.GetState()).String(), "enabled")
		wantEqual(t, "days", of(got.GetSnoozeDurationInDays()), 3)
		in := only(t, "included", got.GetIncludeTargets())
		wantEqual(t, "included", of(in.GetId()), d.group)
		wantEqual(t, "method", of(in.GetTargetedAuthenticationMethod()), "fido2")
		out := only(t, "excluded", got.GetExcludeTargets())
		wantEqual(t, "excluded", of(out.GetId()), d.mira)
		wantEqual(t, "kind of who is excluded", of(out.GetTargetType()).String(), "user")
	}

	for _, bad := range []struct {
		edit func(models.AuthenticationMethodsRegistrationCampaignable)
		text string
	}{
		{func(c models.AuthenticationMethodsRegistrationCampaignable) {
			c.SetSnoozeDurationInDays(new(int32(15)))
		},
			"Invalid snoozeDurationInDays 15 specified. The valid range between 0 and 14."},
		{func(c models.AuthenticationMethodsRegistrationCampaignable) {
			target.SetTargetedAuthenticationMethod(new("microsoftAuthenticator"))
			c.SetIncludeTargets([]models.AuthenticationMethodsRegistrationCampaignIncludeTargetable{target})
		}, "The targetedAuthenticationMethod 'microsoftAuthenticator' is not available in this version. Use 'fido2'."},
	} {
		c := models.NewAuthenticationMethodsRegistrationCampaign()
		bad.edit(c)
		_, err := d.changeCampaign(t, c)
		wantRefused(t, err, 400, "badRequest", bad.text)
	}

	target.SetId(new("all_users"))
	target.SetTargetedAuthenticationMethod(new("fido2"))
	c.SetState(new(models.DEFAULT_ADVANCEDCONFIGSTATE))
	c.SetSnoozeDurationInDays(new(int32(1)))
	c.SetExcludeTargets([]models.ExcludeTargetable{})
	reset := must(d.changeCampaign(t, c))(t).GetRegistrationEnforcement().GetAuthenticationMethodsRegistrationCampaign()
	wantEqual(t, "default state", of(reset.GetState()).String(), "disabled")
	wantEqual(t, "excluded", len(reset.GetExcludeTargets()), 0)
}

func (d *day) changeCampaign(t *testing.T, c models.AuthenticationMethodsRegistrationCampaignable) (models.AuthenticationMethodsPolicyable, error) {
	change := models.NewAuthenticationMethodsPolicy()
	change.SetRegistrationEnforcement(models.NewRegistrationEnforcement())
	change.GetRegistrationEnforcement().SetAuthenticationMethodsRegistrationCampaign(c)
	return d.Policies().AuthenticationMethodsPolicy().Patch(t.Context(), change, nil)
}

type passkeyConfiguration = models.Fido2AuthenticationMethodConfigurationable

func (d *day) passkeyConfiguration(t *testing.T) passkeyConfiguration {
	t.Helper()
	c := must(d.methodConfigurations().ByAuthenticationMethodConfigurationId("fido2").Get(t.Context(), nil))(t)
	p, ok := c.(passkeyConfiguration)
	if !ok {
		t.Fatalf("the configuration of passkeys is a %T", c)
	}
	return p
}

func (d *day) changePasskeyConfiguration(t *testing.T, change passkeyConfiguration) {
	t.Helper()
	_, err := d.methodConfigurations().ByAuthenticationMethodConfigurationId("Fido2").Patch(t.Context(), change, nil)
	wantNone(t, err)
	wantEqual(t, "status", wire.last().status, 204)
}

func (d *day) resetPasskeyConfiguration(t *testing.T) {
	t.Helper()
	wantNone(t, d.methodConfigurations().ByAuthenticationMethodConfigurationId("fido2").Delete(t.Context(), nil))
	wantEqual(t, "status", wire.last().status, 204)
}

// passkeyPolicy: what is changed is read back, in the profile too, and DELETE undoes it.
func (d *day) passkeyPolicy(t *testing.T) {
	const model = "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a"
	d.resetPasskeyConfiguration(t)
	before := wantDefaultPasskeys(t, d.passkeyConfiguration(t))
	target := models.NewAuthenticationMethodTarget()
	target.SetId(&d.group)
	target.SetTargetType(new(models.GROUP_AUTHENTICATIONMETHODTARGETTYPE))
	change := models.NewFido2AuthenticationMethodConfiguration()
	change.SetState(new(models.DISABLED_AUTHENTICATIONMETHODSTATE))
	change.SetIsSelfServiceRegistrationAllowed(new(false))
	change.SetIsAttestationEnforced(new(true))
	change.SetIncludeTargets([]models.AuthenticationMethodTargetable{target})
	change.SetKeyRestrictions(models.NewFido2KeyRestrictions())
	change.GetKeyRestrictions().SetIsEnforced(new(true))
	change.GetKeyRestrictions().SetEnforcementType(new(models.ALLOW_FIDO2RESTRICTIONENFORCEMENTTYPE))
	change.GetKeyRestrictions().SetAaGuids([]string{model})
	d.changePasskeyConfiguration(t, change)
	after := d.passkeyConfiguration(t)
	wantEqual(t, "state", of(after.GetState()).String(), "disabled")
	wantEqual(t, "self-service", of(after.GetIsSelfServiceRegistrationAllowed()), false)
	wantEqual(t, "attestation", of(after.GetIsAttestationEnforced()), true)
	wantEqual(t, "target", of(only(t, "targets", after.GetIncludeTargets()).GetId()), d.group)
	wantEqual(t, "restricted", of(after.GetKeyRestrictions().GetIsEnforced()), true)
	wantEqual(t, "kind of restriction", of(after.GetKeyRestrictions().GetEnforcementType()).String(), "allow")
	wantEqual(t, "model", only(t, "models", after.GetKeyRestrictions().GetAaGuids()), model)
	var whole struct { // the SDK for Go has no profiles yet
		PasskeyProfiles []struct {
			AttestationEnforcement string
			KeyRestrictions        struct{ AAGUIDs []string }
		}
	}
	wantNone(t, json.Unmarshal(wire.last().reply, &whole))
	profile := only(t, "profiles", whole.PasskeyProfiles)
	wantEqual(t, "attestation of the profile", profile.AttestationEnforcement, "registrationOnly")
	wantEqual(t, "model of the profile", only(t, "models of the profile", profile.KeyRestrictions.AAGUIDs), model)

	d.passkeyPolicyRefused(t)
	d.resetPasskeyConfiguration(t)
	wantEqual(t, "the default", wantDefaultPasskeys(t, d.passkeyConfiguration(t)), before)
}

// wantDefaultPasskeys answers the reply with the default, which is the same each time.
func wantDefaultPasskeys(t *testing.T, c passkeyConfiguration) string {
	t.Helper()
	wantEqual(t, "state", of(c.GetState()).String(), "enabled")
	wantEqual(t, "self-service", of(c.GetIsSelfServiceRegistrationAllowed()), true)
	wantEqual(t, "attestation", of(c.GetIsAttestationEnforced()), false)
	wantEqual(t, "restricted", of(c.GetKeyRestrictions().GetIsEnforced()), false)
	wantEqual(t, "models", len(c.GetKeyRestrictions().GetAaGuids()), 0)
	wantEqual(t, "target", of(only(t, "targets", c.GetIncludeTargets()).GetId()), "all_users")
	return string(wire.last().reply)
}

func (d *day) passkeyPolicyRefused(t *testing.T) {
	t.Helper()
	const address = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/Fido2"
	for _, c := range []struct{ body, text string }{
		{`{"keyRestrictions": {"isEnforced": true, "enforcementType": "allow", "aaGuids": []}}`, "A list of allowed models that is empty would allow nobody a passkey. Disable the method instead."},
		{`{"passkeyProfiles": []}`, "There is exactly one passkey profile, '00000000-0000-0000-0000-000000000001'."},
		{`{"passkeyProfiles": [{"passkeyTypes": "synced"}]}`, ""},
		{`{"includeTargets": [{"targetType": "group", "id": "all_users", "allowedPasskeyProfiles": ["` + d.group + `"]}]}`, ""},
	} {
		var body object
		wantNone(t, json.Unmarshal([]byte(c.body), &body))
		body["@odata.type"] = "#microsoft.graph.fido2AuthenticationMethodConfiguration"
		wantRefused(t, call(t, d.GraphServiceClient, kiota.PATCH, address, body, nil), 400, "badRequest", c.text)
	}
	wrong := models.NewEmailAuthenticationMethodConfiguration()
	wrong.SetState(new(models.ENABLED_AUTHENTICATIONMETHODSTATE))
	_, err := d.methodConfigurations().ByAuthenticationMethodConfigurationId("fido2").Patch(t.Context(), wrong, nil)
	wantRefused(t, err, 400, "badRequest", "The @odata.type must be '#microsoft.graph.fido2AuthenticationMethodConfiguration'.")
}

// authenticatorPolicy: who signs in by a phone, what for, and what it shows; codes of an app are
// for nobody.
func (d *day) authenticatorPolicy(t *testing.T) {
	one := d.methodConfigurations().ByAuthenticationMethodConfigurationId("microsoftAuthenticator")
	read := func() models.MicrosoftAuthenticatorAuthenticationMethodConfigurationable {
		t.Helper()
		c, ok := must(one.Get(t.Context(), nil))(t).(models.MicrosoftAuthenticatorAuthenticationMethodConfigurationable)
		if !ok {
			t.Fatal("the configuration of phones is of another type")
		}
		return c
	}
	target := models.NewMicrosoftAuthenticatorAuthenticationMethodTarget()
	target.SetId(new("all_users"))
	target.SetTargetType(new(models.GROUP_AUTHENTICATIONMETHODTARGETTYPE))
	target.SetAuthenticationMode(new(models.DEVICEBASEDPUSH_MICROSOFTAUTHENTICATORAUTHENTICATIONMODE))
	hidden, settings := models.NewAuthenticationMethodFeatureConfiguration(), models.NewMicrosoftAuthenticatorFeatureSettings()
	hidden.SetState(new(models.DISABLED_ADVANCEDCONFIGSTATE))
	settings.SetDisplayLocationInformationRequiredState(hidden)
	change := models.NewMicrosoftAuthenticatorAuthenticationMethodConfiguration()
	change.SetState(new(models.ENABLED_AUTHENTICATIONMETHODSTATE))
	change.SetIncludeTargets([]models.MicrosoftAuthenticatorAuthenticationMethodTargetable{target})
	change.SetFeatureSettings(settings)
	must(one.Patch(t.Context(), change, nil))(t)
	c := read()
	wantEqual(t, "state", of(c.GetState()).String(), "enabled")
	wantEqual(t, "mode", of(only(t, "targets", c.GetIncludeTargets()).GetAuthenticationMode()).String(), "deviceBasedPush")
	wantEqual(t, "location", of(c.GetFeatureSettings().GetDisplayLocationInformationRequiredState().GetState()).String(), "disabled")
	wantEqual(t, "app", of(c.GetFeatureSettings().GetDisplayAppInformationRequiredState().GetState()).String(), "default")

	change = models.NewMicrosoftAuthenticatorAuthenticationMethodConfiguration()
	change.SetIsSoftwareOathEnabled(new(true))
	_, err := one.Patch(t.Context(), change, nil)
	wantRefused(t, err, 400, "badRequest", "")
	wantNone(t, one.Delete(t.Context(), nil))
	wantEqual(t, "state after the reset", of(read().GetState()).String(), "disabled")
}

// passesForSome: somebody whom the policy does not reach may have a pass and cannot use it.
func (d *day) passesForSome(t *testing.T) {
	for _, c := range []struct {
		target string
		usable bool
		reason string
	}{
		{d.group, false, "DisabledByPolicy"}, // in which nobody is
		{"all_users", true, "EnabledByPolicy"},
	} {
		target := models.NewAuthenticationMethodTarget()
		target.SetId(&c.target)
		target.SetTargetType(new(models.GROUP_AUTHENTICATIONMETHODTARGETTYPE))
		change := models.NewTemporaryAccessPassAuthenticationMethodConfiguration()
		change.SetIncludeTargets([]models.AuthenticationMethodTargetable{target})
		d.changePassConfiguration(t, change)
		p := only(t, "passes", must(d.passesOf(d.mira).Get(t.Context(), nil))(t).GetValue())
		wantEqual(t, "usable", of(p.GetIsUsable()), c.usable)
		wantEqual(t, "reason", of(p.GetMethodUsabilityReason()), c.reason)
	}
}

// policyReset: by default there are no passes; nobody can be given one until they are
// enabled again.
func (d *day) policyReset(t *testing.T) {
	wantNone(t, d.methodConfigurations().ByAuthenticationMethodConfigurationId("temporaryAccessPass").Delete(t.Context(), nil))
	c := d.passConfiguration(t)
	wantEqual(t, "state", of(c.GetState()).String(), "disabled")
	for what, v := range map[string][2]int32{
		"minimum": {of(c.GetMinimumLifetimeInMinutes()), 60}, "maximum": {of(c.GetMaximumLifetimeInMinutes()), 480},
		"default": {of(c.GetDefaultLifetimeInMinutes()), 60}, "length": {of(c.GetDefaultLength()), 8},
	} {
		wantEqual(t, what, v[0], v[1])
	}
	_, err := d.passesOf(d.mira).Post(t.Context(), models.NewTemporaryAccessPassAuthenticationMethod(), nil)
	wantRefused(t, err, 400, "badRequest", "Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass].")

	change := models.NewTemporaryAccessPassAuthenticationMethodConfiguration()
	change.SetState(new(models.ENABLED_AUTHENTICATIONMETHODSTATE))
	d.changePassConfiguration(t, change)
	wantEqual(t, "state", of(d.passConfiguration(t).GetState()).String(), "enabled")
}
