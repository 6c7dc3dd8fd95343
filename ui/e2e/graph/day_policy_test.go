package graph

import (
	"testing"

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

// policyLater: what cannot be switched on yet is refused, rather than taken and forgotten.
func (d *day) policyLater(t *testing.T) {
	nudge := models.NewAuthenticationMethodsRegistrationCampaign()
	nudge.SetSnoozeDurationInDays(new(int32(3)))
	change := models.NewAuthenticationMethodsPolicy()
	change.SetRegistrationEnforcement(models.NewRegistrationEnforcement())
	change.GetRegistrationEnforcement().SetAuthenticationMethodsRegistrationCampaign(nudge)
	_, err := d.Policies().AuthenticationMethodsPolicy().Patch(t.Context(), change, nil)
	wantRefused(t, err, 400, "badRequest", "Property 'registrationEnforcement' is read-only and cannot be set.")
	passkeys := models.NewFido2AuthenticationMethodConfiguration()
	passkeys.SetState(new(models.ENABLED_AUTHENTICATIONMETHODSTATE))
	_, err = d.methodConfigurations().ByAuthenticationMethodConfigurationId("fido2").Patch(t.Context(), passkeys, nil)
	wantRefused(t, err, 400, "badRequest", "")
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
