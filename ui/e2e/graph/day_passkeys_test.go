package graph

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	authenticator "github.com/descope/virtualwebauthn"
	kiota "github.com/microsoft/kiota-abstractions-go"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// call is for what Graph has and its SDK for Go does not: a request by hand, with the SDK's
// token, middleware and errors. What comes back is read into answer.
func call(t *testing.T, g *msgraph.GraphServiceClient, method kiota.HttpMethod, path string, body, answer any) error {
	t.Helper()
	r := kiota.NewRequestInformation()
	r.Method = method
	r.SetUri(*must(url.Parse(contoso.base + path))(t))
	r.Headers.Add("Accept", "application/json")
	if body != nil {
		r.SetStreamContentAndContentType(must(json.Marshal(body))(t), "application/json")
	}
	raw, err := g.GetAdapter().SendPrimitive(t.Context(), r, "[]byte", kiota.ErrorMappings{
		"4XX": odataerrors.CreateODataErrorFromDiscriminatorValue, "5XX": odataerrors.CreateODataErrorFromDiscriminatorValue,
	})
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(raw.([]byte), answer)
}

// passkey is one as Graph tells of it when it is made.
type passkey struct {
	ID, DisplayName, AAGUID, AttestationLevel, PasskeyType string
}

// creation is what a passkey is made by.
type creation struct {
	ChallengeTimeoutDateTime time.Time
	PublicKey                json.RawMessage
}

// by makes an answer to it with a security key.
func (c creation) by(t *testing.T, key authenticator.Authenticator) object {
	t.Helper()
	o := must(authenticator.ParseAttestationOptions(string(c.PublicKey)))(t)
	at := authenticator.RelyingParty{ID: o.RelyingPartyID, Name: o.RelyingPartyName, Origin: contoso.base}
	made := authenticator.CreateAttestationResponse(at, key, authenticator.NewCredential(authenticator.KeyTypeEC2), *o)
	var answer struct {
		ID       string
		Response struct{ ClientDataJSON, AttestationObject string }
	}
	wantNone(t, json.Unmarshal([]byte(made), &answer))
	return object{"id": answer.ID, "response": object{
		"clientDataJSON": answer.Response.ClientDataJSON, "attestationObject": answer.Response.AttestationObject,
	}}
}

// syncedKey is an authenticator whose passkeys are on all the devices of a person.
func syncedKey() authenticator.Authenticator {
	return authenticator.NewAuthenticatorWithOptions(authenticator.AuthenticatorOptions{BackupEligible: true, BackupState: true})
}

// register has a passkey made; path is of whose.
func register(t *testing.T, g *msgraph.GraphServiceClient, path, name string, key authenticator.Authenticator) (p passkey, err error) {
	t.Helper()
	var c creation
	if err := call(t, g, kiota.GET, path+"/creationOptions", nil, &c); err != nil {
		return p, err
	}
	err = call(t, g, kiota.POST, path, object{"displayName": name, "publicKeyCredential": c.by(t, key)}, &p)
	return p, err
}

func passkeysPath(user string) string { return "/v1.0/users/" + user + "/authentication/fido2Methods" }

const ownPasskeys = "/v1.0/me/authentication/fido2Methods"

func (d *day) passkeysOf(user string) *users.ItemAuthenticationFido2MethodsRequestBuilder {
	return d.Users().ByUserId(user).Authentication().Fido2Methods()
}

// passkeys: an app gives Mira two, and sees them in all lists.
func (d *day) passkeys(t *testing.T) {
	path := passkeysPath(d.mira)
	wantEqual(t, "passwordless before", of(d.registration(t).GetIsPasswordlessCapable()), false)
	var c creation
	wantNone(t, call(t, d.GraphServiceClient, kiota.GET, path+"/creationOptions", nil, &c))
	o := must(authenticator.ParseAttestationOptions(string(c.PublicKey)))(t)
	wantEqual(t, "host", o.RelyingPartyID, must(url.Parse(contoso.base))(t).Hostname())
	wantEqual(t, "organization", o.RelyingPartyName, "Contoso")
	wantEqual(t, "user", o.UserName, "mira@"+contoso.Domain)
	wantEqual(t, "passkeys to exclude", len(o.ExcludeCredentials), 0)
	if left := time.Until(c.ChallengeTimeoutDateTime); left < 4*time.Minute || left > 5*time.Minute {
		t.Errorf("the challenge stands for another %s", left)
	}
	var bound passkey
	body := object{"displayName": "Blue key", "publicKeyCredential": c.by(t, authenticator.NewAuthenticator())}
	wantNone(t, call(t, d.GraphServiceClient, kiota.POST, path, body, &bound))
	wantEqual(t, "status", wire.last().status, 201)
	wantEqual(t, "place", wire.last().header.Get("Location"), contoso.base+path+"/"+bound.ID)
	wantEqual(t, "passkey", bound, passkey{bound.ID, "Blue key", bound.AAGUID, "notAttested", "deviceBound"})
	for what, body := range map[string]object{
		"the same again":               body,
		"the same challenge again":     {"publicKeyCredential": c.by(t, authenticator.NewAuthenticator())},
		"another's challenge":          {"publicKeyCredential": creation{PublicKey: d.optionsFor(t, contoso.person(t, "noor").ID)}.by(t, authenticator.NewAuthenticator())},
		"no credential":                {"displayName": "Blue key"},
		"a credential that is nothing": {"publicKeyCredential": object{"id": "AAAA", "response": object{"clientDataJSON": "AAAA", "attestationObject": "AAAA"}}},
	} {
		err := call(t, d.GraphServiceClient, kiota.POST, path, body, nil)
		t.Run(what, func(t *testing.T) { wantRefused(t, err, 400, "badRequest", "") })
	}

	synced := must(register(t, d.GraphServiceClient, path, "Phone", syncedKey()))(t)
	wantEqual(t, "passkey", synced, passkey{synced.ID, "Phone", synced.AAGUID, "notAttested", "synced"})
	for _, name := range []string{"/creationOptions()", "/microsoft.graph.creationOptions()"} {
		wantNone(t, call(t, d.GraphServiceClient, kiota.GET, path+name, nil, &c))
		o := must(authenticator.ParseAttestationOptions(string(c.PublicKey)))(t)
		wantEqual(t, "passkeys to exclude", len(o.ExcludeCredentials), 2)
	}
	const beta = "/creationOptions(challengeTimeoutInMinutes=60)" // which stands for five all the same
	wantNone(t, call(t, d.GraphServiceClient, kiota.GET, strings.Replace(path, "/v1.0", "/beta", 1)+beta, nil, &c))
	if left := time.Until(c.ChallengeTimeoutDateTime); left > 5*time.Minute {
		t.Errorf("the challenge stands for another %s", left)
	}
	d.keys = map[string]passkey{bound.ID: bound, synced.ID: synced}
	d.wantPasskeys(t)
}

func (d *day) optionsFor(t *testing.T, user string) json.RawMessage {
	t.Helper()
	var c creation
	wantNone(t, call(t, d.GraphServiceClient, kiota.GET, passkeysPath(user)+"/creationOptions", nil, &c))
	return c.PublicKey
}

// wantPasskeys expects Mira's wherever the SDK shows them.
func (d *day) wantPasskeys(t *testing.T) {
	t.Helper()
	all := must(d.passkeysOf("mira@"+contoso.Domain).Get(t.Context(), nil))(t).GetValue()
	wantEqual(t, "passkeys", len(all), len(d.keys))
	wantEqual(t, "count", int(of(must(d.passkeysOf(d.mira).Count().Get(t.Context(), nil))(t))), len(d.keys))
	var inMethods int
	for _, m := range must(d.Users().ByUserId(d.mira).Authentication().Methods().Get(t.Context(), nil))(t).GetValue() {
		if p, ok := m.(models.Fido2AuthenticationMethodable); ok {
			wantEqual(t, "type", of(p.GetOdataType()), "#microsoft.graph.fido2AuthenticationMethod")
			all = append(all, p)
			inMethods++
		}
	}
	wantEqual(t, "passkeys among the methods", inMethods, len(d.keys))
	for id := range d.keys {
		all = append(all, must(d.passkeysOf(d.mira).ByFido2AuthenticationMethodId(id).Get(t.Context(), nil))(t))
	}
	for _, p := range all {
		want := d.keys[of(p.GetId())]
		wantEqual(t, "name", of(p.GetDisplayName()), want.DisplayName)
		wantEqual(t, "model's id", of(p.GetAaGuid()), want.AAGUID)
		wantEqual(t, "level", of(p.GetAttestationLevel()).String(), want.AttestationLevel)
		if made := of(p.GetCreatedDateTime()); time.Since(made) > time.Hour || time.Since(made) < -time.Minute {
			t.Errorf("%s was made at %s", want.DisplayName, made)
		}
	}
}

// passkeysByAdministrator: a person with the role gives them to whom they may give passes.
func (d *day) passkeysByAdministrator(t *testing.T) {
	who := signIn(t, contoso.person(t, "authentication-administrator"), "User.Read.All", "UserAuthenticationMethod.ReadWrite.All")
	noor := contoso.person(t, "noor").ID
	made := must(register(t, who.GraphServiceClient, passkeysPath(noor), "Green key", authenticator.NewAuthenticator()))(t)
	_, err := register(t, who.GraphServiceClient, passkeysPath(contoso.person(t, "admin").ID), "Red key", authenticator.NewAuthenticator())
	wantRefused(t, err, 403, "accessDenied", denied)
	_, err = register(t, d.GraphServiceClient, passkeysPath(contoso.person(t, "admin").ID), "Red key", authenticator.NewAuthenticator())
	wantRefused(t, err, 403, "accessDenied", denied)
	_, err = register(t, d.GraphServiceClient, passkeysPath(d.guest), "Red key", authenticator.NewAuthenticator())
	wantRefused(t, err, 400, "badRequest", "No passkey can be registered for this user: external guests sign in elsewhere.")
	theirs := who.Users().ByUserId(noor).Authentication().Fido2Methods().ByFido2AuthenticationMethodId(made.ID)
	wantEqual(t, "name", of(must(theirs.Get(t.Context(), nil))(t).GetDisplayName()), "Green key")
	wantNone(t, theirs.Delete(t.Context(), nil))
	wantEqual(t, "status", wire.last().status, 204)
	_, err = theirs.Get(t.Context(), nil)
	wantRefused(t, err, 404, "resourceNotFound", "")
}

// ownPasskeys: Mira adds, renames and removes one herself, as she has just signed in.
func (d *day) ownPasskeys(t *testing.T) {
	device := signIn(t, d.miraWithPass(), "User.Read", "UserAuthenticationMethod.ReadWrite")
	_, err := register(t, device.GraphServiceClient, ownPasskeys, "Nobody knows whose", syncedKey())
	wantRefused(t, err, 403, "accessDenied", "Sign in again with a pass, a passkey or a device first: this needs a strong sign-in of the last 5 minutes.")
	mira := signInHere(t, d.miraWithPass(), "User.Read", "UserAuthenticationMethod.ReadWrite")
	own := must(register(t, mira.GraphServiceClient, ownPasskeys, "Old phone", syncedKey()))(t)
	all := must(mira.Me().Authentication().Fido2Methods().Get(t.Context(), nil))(t).GetValue()
	wantContains(t, "passkeys", idsOf(all), own.ID)
	wantEqual(t, "passkeys", len(all), len(d.keys)+1)
	wantNone(t, call(t, mira.GraphServiceClient, kiota.PATCH, ownPasskeys+"/"+own.ID, object{"displayName": "Older phone"}, nil))
	wantEqual(t, "status", wire.last().status, 204)
	one := mira.Me().Authentication().Fido2Methods().ByFido2AuthenticationMethodId(own.ID)
	wantEqual(t, "name", of(must(one.Get(t.Context(), nil))(t).GetDisplayName()), "Older phone")
	must(mira.Me().Authentication().Methods().Get(t.Context(), nil))(t)
	wantNone(t, one.Delete(t.Context(), nil))
	wantEqual(t, "status", wire.last().status, 204)
	_, err = one.Get(t.Context(), nil)
	wantRefused(t, err, 404, "resourceNotFound", "")
	wantEqual(t, "passkeys", len(must(mira.Me().Authentication().Fido2Methods().Get(t.Context(), nil))(t).GetValue()), len(d.keys))

	must(mira.Me().Get(t.Context(), nil))(t) // she is still signed in
	_, err = mira.Users().ByUserId(contoso.person(t, "noor").ID).Authentication().Fido2Methods().Get(t.Context(), nil)
	wantRefused(t, err, 403, "accessDenied", denied)
	var c creation
	err = call(t, mira.GraphServiceClient, kiota.GET, passkeysPath(contoso.person(t, "noor").ID)+"/creationOptions", nil, &c)
	wantRefused(t, err, 403, "accessDenied", denied)
}

// passkeysForSome: what the policy says of passkeys goes for those that programs register.
func (d *day) passkeysForSome(t *testing.T) {
	mira := signInHere(t, d.miraWithPass(), "User.Read", "UserAuthenticationMethod.ReadWrite")
	key := authenticator.NewAuthenticator()
	const (
		attested = "The passkey cannot be registered: the policy wants attested models, and the operator has supplied no metadata to check one by."
		disabled = "No passkey can be registered for this user: the method is disabled by policy."
	)
	model := "The passkey cannot be registered: the policy does not accept authenticators of model " + guid(key.Aaguid) + "."
	for _, c := range []struct {
		name     string
		change   func(passkeyConfiguration)
		own, app string // why not; "" for that it may
		capable  bool   // of signing in by those there are
	}{
		{"no self-service", func(c passkeyConfiguration) { c.SetIsSelfServiceRegistrationAllowed(new(false)) },
			"No passkey can be registered for this user: the policy does not let people register their own.", "", true},
		{"attestation", func(c passkeyConfiguration) { c.SetIsAttestationEnforced(new(true)) }, attested, attested, true}, // it is asked for at registration alone
		{"a model", func(c passkeyConfiguration) {
			c.SetKeyRestrictions(models.NewFido2KeyRestrictions())
			c.GetKeyRestrictions().SetIsEnforced(new(true))
			c.GetKeyRestrictions().SetEnforcementType(new(models.BLOCK_FIDO2RESTRICTIONENFORCEMENTTYPE))
			c.GetKeyRestrictions().SetAaGuids([]string{guid(key.Aaguid)})
		}, model, model, true},
		{"disabled", func(c passkeyConfiguration) { c.SetState(new(models.DISABLED_AUTHENTICATIONMETHODSTATE)) },
			disabled, disabled, false},
	} {
		change := models.NewFido2AuthenticationMethodConfiguration()
		c.change(change)
		d.changePasskeyConfiguration(t, change)
		for path, why := range map[string]string{ownPasskeys: c.own, passkeysPath(d.mira): c.app} {
			g := d.GraphServiceClient
			if path == ownPasskeys {
				g = mira.GraphServiceClient
			}
			p, err := register(t, g, path, "Grey key", key)
			t.Run(c.name+path, func(t *testing.T) {
				if why != "" {
					wantRefused(t, err, 400, "badRequest", why)
					return
				}
				wantNone(t, err)
				wantNone(t, d.passkeysOf(d.mira).ByFido2AuthenticationMethodId(p.ID).Delete(t.Context(), nil))
			})
		}
		wantEqual(t, c.name+": passwordless", of(d.registration(t).GetIsPasswordlessCapable()), c.capable)
		wantEqual(t, c.name+": registered", of(d.registration(t).GetIsMfaRegistered()), true)
		d.resetPasskeyConfiguration(t)
	}
	wantEqual(t, "passwordless after", of(d.registration(t).GetIsPasswordlessCapable()), true)
	d.wantPasskeys(t)
}

func guid(raw [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:])
}

func (d *day) registration(t *testing.T) models.UserRegistrationDetailsable {
	t.Helper()
	return must(d.Reports().AuthenticationMethods().UserRegistrationDetails().ByUserRegistrationDetailsId(d.mira).Get(t.Context(), nil))(t)
}

// readiness is what the beta says of somebody who may lose what they sign in with.
type readiness struct {
	ID, UserPrincipalName, UserType, Level, Missing string
	CredentialCount                                 int
	Ways                                            []string
}

// passkeyReports: with two passkeys and a pass Mira is as ready as can be.
func (d *day) passkeyReports(t *testing.T) {
	r := d.registration(t)
	wantContains(t, "methods", r.GetMethodsRegistered(), "temporaryAccessPass", "passKeyDeviceBound", "passKeySynced")
	for what, v := range map[string]*bool{
		"MFA capable": r.GetIsMfaCapable(), "MFA registered": r.GetIsMfaRegistered(), "passwordless": r.GetIsPasswordlessCapable(),
		"system-preferred": r.GetIsSystemPreferredAuthenticationMethodEnabled(),
	} {
		wantEqual(t, what, of(v), true)
	}
	wantContains(t, "preferred", r.GetSystemPreferredAuthenticationMethods(), "temporaryAccessPass")

	const path = "/beta/reports/authenticationMethods/recoveryReadiness"
	var one readiness
	wantNone(t, call(t, d.GraphServiceClient, kiota.GET, path+"/mira@"+contoso.Domain, nil, &one))
	wantEqual(t, "id", one.ID, d.mira)
	wantEqual(t, "level", one.Level, "ready")
	wantEqual(t, "credentials", one.CredentialCount, 3)
	wantContains(t, "ways", one.Ways, "1 synced passkey", "1 device-bound passkey")
	var all struct{ Value []readiness }
	wantNone(t, call(t, d.GraphServiceClient, kiota.GET, path+"?$filter="+url.QueryEscape("level eq 'ready'"), nil, &all))
	wantEqual(t, "who is ready", only(t, "who is ready", all.Value).ID, d.mira)
	wantNone(t, call(t, d.GraphServiceClient, kiota.GET, path+"?$filter="+url.QueryEscape("level eq 'external'"), nil, &all))
	wantEqual(t, "who is at home elsewhere", all.Value[0].Level, "external")
}

// password: Mira has one for a while. The SDK shows that she has, and nobody what it is.
func (d *day) password(t *testing.T) {
	const id = "28c10230-6103-485e-b985-444c60001490"
	wantNone(t, contoso.command(nil, "policy", "password", "set", "--tenant", contoso.Domain, "--enabled"))
	mira := newPerson(t, "")
	mira.open(contoso.base + "/" + contoso.Domain + "/security-info/password")
	mira.signIn(d.miraWithPass())
	mira.want("set-password")
	mira.submit(map[string]string{"new-password": "seven violet herons over Utrecht"})
	passwords := d.Users().ByUserId(d.mira).Authentication().PasswordMethods()
	all := must(passwords.Get(t.Context(), nil))(t).GetValue()
	one := must(passwords.ByPasswordAuthenticationMethodId(id).Get(t.Context(), nil))(t)
	for _, p := range append(all, one) {
		wantEqual(t, "id", of(p.GetId()), id)
		wantEqual(t, "the password", of(p.GetPassword()), "")
		wantEqual(t, "since when", time.Since(of(p.GetCreatedDateTime())) < time.Hour, true)
	}
	wantEqual(t, "passwords", len(all), 1)
	methods := must(d.Users().ByUserId(d.mira).Authentication().Methods().Get(t.Context(), nil))(t).GetValue()
	wantContains(t, "methods", idsOf(methods), id)
	reset := users.NewItemAuthenticationMethodsItemResetPasswordPostRequestBody()
	reset.SetNewPassword(new("correct horse battery staple"))
	_, err := d.Users().ByUserId(d.mira).Authentication().Methods().ByAuthenticationMethodId(id).ResetPassword().Post(t.Context(), reset, nil)
	wantRefused(t, err, 400, "badRequest", "Passwords cannot be reset here: nobody but its holder knows a password. Delete it, or give the user a Temporary Access Pass.")
	wantNone(t, call(t, d.GraphServiceClient, kiota.DELETE, "/v1.0/users/"+d.mira+"/authentication/passwordMethods/"+id, nil, nil))
	wantEqual(t, "passwords after", len(must(passwords.Get(t.Context(), nil))(t).GetValue()), 0)
	_, err = passwords.ByPasswordAuthenticationMethodId(id).Get(t.Context(), nil)
	wantRefused(t, err, 404, "resourceNotFound", "")
}

// passkeysDeleted: one by one, until there are none, and the log tells of it.
func (d *day) passkeysDeleted(t *testing.T) {
	for id := range d.keys {
		one := d.passkeysOf(d.mira).ByFido2AuthenticationMethodId(id)
		wantNone(t, one.Delete(t.Context(), nil))
		wantEqual(t, "status", wire.last().status, 204)
		delete(d.keys, id)
		d.wantPasskeys(t)
		_, err := one.Get(t.Context(), nil)
		wantRefused(t, err, 404, "resourceNotFound", "The user has no authentication method '"+id+"'.")
		wantRefused(t, one.Delete(t.Context(), nil), 404, "resourceNotFound", "")
	}
	wantEqual(t, "passwordless", of(d.registration(t).GetIsPasswordlessCapable()), false)
	for activity, reason := range map[string]string{
		"Admin registered security info": "Admin registered passkey method for user", "Admin deleted security info": "Admin deleted passkey method for user",
		"User registered security info": "User registered passkey method", "User deleted security info": "User deleted passkey method",
	} {
		all := d.auditsWhere(t, "activityDisplayName eq '"+activity+"' and resultReason eq '"+reason+"'")
		if len(all) == 0 {
			for _, e := range d.auditsWhere(t, "activityDisplayName eq '"+activity+"'") {
				t.Logf("%s", of(e.GetResultReason()))
			}
			t.Errorf("nothing is logged as %q, %q", activity, reason)
			continue
		}
		wantEqual(t, "target", of(only(t, "targets", all[0].GetTargetResources()).GetId()), d.mira)
	}
}
