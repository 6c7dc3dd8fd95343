package graph

import (
	"strings"
	"testing"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/policies"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

func (d *day) methodConfigurations() *policies.AuthenticationMethodsPolicyAuthenticationMethodConfigurationsRequestBuilder {
	return d.Policies().AuthenticationMethodsPolicy().AuthenticationMethodConfigurations()
}

type passesBuilder = *users.ItemAuthenticationTemporaryAccessPassMethodsRequestBuilder

func (d *day) passesOf(key string) passesBuilder {
	return d.Users().ByUserId(key).Authentication().TemporaryAccessPassMethods()
}

func newPass(minutes int32, once bool) models.TemporaryAccessPassAuthenticationMethodable {
	p := models.NewTemporaryAccessPassAuthenticationMethod()
	p.SetLifetimeInMinutes(&minutes)
	p.SetIsUsableOnce(&once)
	return p
}

func (d *day) passes(t *testing.T) {
	later := newPass(60, true)
	later.SetStartDateTime(new(time.Now().Add(time.Hour)))
	first := must(d.passesOf(d.mira).Post(t.Context(), later, nil))(t)
	wantEqual(t, "status", wire.last().status, 201)
	wantEqual(t, "usable", of(first.GetIsUsable()), false)
	wantEqual(t, "reason", of(first.GetMethodUsabilityReason()), "NotYetValid")

	second := must(d.passesOf("mira@"+contoso.Domain).Post(t.Context(), newPass(90, false), nil))(t)
	d.pass = of(second.GetTemporaryAccessPass())
	if len(d.pass) < 8 || d.pass == of(first.GetTemporaryAccessPass()) {
		t.Errorf("the second pass is %q", d.pass)
	}
	wantEqual(t, "lifetime", of(second.GetLifetimeInMinutes()), 90)
	wantEqual(t, "usable", of(second.GetIsUsable()), true)
	wantEqual(t, "reason", of(second.GetMethodUsabilityReason()), "EnabledByPolicy")
	_, err := d.passesOf(d.mira).ByTemporaryAccessPassAuthenticationMethodId(of(first.GetId())).Get(t.Context(), nil)
	wantRefused(t, err, 404, "resourceNotFound", "")

	all := must(d.passesOf(d.mira).Get(t.Context(), nil))(t).GetValue()
	wantEqual(t, "passes", strings.Join(idsOf(all), " "), of(second.GetId()))
	one := must(d.passesOf(d.mira).ByTemporaryAccessPassAuthenticationMethodId(of(second.GetId())).Get(t.Context(), nil))(t)
	method := only(t, "methods", must(d.Users().ByUserId(d.mira).Authentication().Methods().Get(t.Context(), nil))(t).GetValue())
	inMethods, ok := method.(models.TemporaryAccessPassAuthenticationMethodable)
	if !ok {
		t.Fatalf("the method is a %T", method)
	}
	for _, p := range append(all, one, inMethods) {
		wantEqual(t, "id", of(p.GetId()), of(second.GetId()))
		wantEqual(t, "the secret, told once only", of(p.GetTemporaryAccessPass()), "")
	}
	wantEqual(t, "count", of(must(d.passesOf(d.mira).Count().Get(t.Context(), nil))(t)), 1)
}

func (d *day) passesRefused(t *testing.T) {
	for _, c := range []struct {
		name, user string
		minutes    int32
		status     int
		code, text string
	}{
		{"too long", d.mira, 481, 400, "badRequest", "Invalid LifetimeInMinutes specified. The valid range between 60 and 480."},
		{"too short", d.mira, 59, 400, "badRequest", "Invalid LifetimeInMinutes specified. The valid range between 60 and 480."},
		{"nobody", "nobody@contoso.example", 60, 404, "Request_ResourceNotFound", absent("nobody@contoso.example")},
		{"of another organization", contoso.others[0].Users[0].ID, 60, 404, "Request_ResourceNotFound", absent(contoso.others[0].Users[0].ID)},
	} {
		_, err := d.passesOf(c.user).Post(t.Context(), newPass(c.minutes, true), nil)
		t.Run(c.name, func(t *testing.T) { wantRefused(t, err, c.status, c.code, c.text) })
	}
	wantEqual(t, "passes still", len(must(d.passesOf(d.mira).Get(t.Context(), nil))(t).GetValue()), 1)
	const none = "11111111-2222-4333-8444-555555555555"
	wantRefused(t, d.passesOf(d.mira).ByTemporaryAccessPassAuthenticationMethodId(none).Delete(t.Context(), nil), 404, "resourceNotFound", "")
}

// otherMethods: Mira has none, and scripts that ask for all of them go on.
func (d *day) otherMethods(t *testing.T) {
	mira := d.Users().ByUserId(d.mira).Authentication()
	wantEqual(t, "passkeys", len(must(mira.Fido2Methods().Get(t.Context(), nil))(t).GetValue()), 0)
	wantEqual(t, "authenticators", len(must(mira.MicrosoftAuthenticatorMethods().Get(t.Context(), nil))(t).GetValue()), 0)
	wantEqual(t, "e-mail addresses", len(must(mira.EmailMethods().Get(t.Context(), nil))(t).GetValue()), 0)
	wantEqual(t, "phones", len(must(mira.PhoneMethods().Get(t.Context(), nil))(t).GetValue()), 0)
	wantEqual(t, "passwords", len(must(mira.PasswordMethods().Get(t.Context(), nil))(t).GetValue()), 0)
}
