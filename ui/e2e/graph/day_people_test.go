package graph

import (
	"errors"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func (d *day) miraWithPass() user {
	return user{d.mira, "mira@" + contoso.Domain, d.pass}
}

// person: somebody without any role reads who they are and what they have, and no more.
func (d *day) person(t *testing.T) {
	mira := signIn(t, d.miraWithPass(), "User.Read", "UserAuthenticationMethod.ReadWrite")
	me := must(mira.Me().Get(t.Context(), nil))(t)
	wantEqual(t, "me", of(me.GetId()), d.mira)
	own := only(t, "passes", must(mira.Me().Authentication().TemporaryAccessPassMethods().Get(t.Context(), nil))(t).GetValue())
	wantEqual(t, "the secret", of(own.GetTemporaryAccessPass()), "")
	must(mira.Me().Authentication().Methods().Get(t.Context(), nil))(t)
	_, err := mira.Users().ByUserId(contoso.person(t, "noor").ID).Get(t.Context(), nil)
	wantRefused(t, err, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

	wantNone(t, mira.Me().Authentication().TemporaryAccessPassMethods().ByTemporaryAccessPassAuthenticationMethodId(of(own.GetId())).Delete(t.Context(), nil))
	wantEqual(t, "status", wire.last().status, 204)
	mira.wantSignInAgain(t)
}

// wantSignInAgain: the next call is refused in the way that has the SDK ask for another
// token, and there is none without the person.
func (s signedIn) wantSignInAgain(t *testing.T) {
	t.Helper()
	_, err := s.Me().Get(t.Context(), nil)
	var prompt *azidentity.AuthenticationRequiredError
	if !errors.As(err, &prompt) {
		t.Errorf("the error is %T %v, want an AuthenticationRequiredError", err, err)
	}
	refused := wire.last()
	wantEqual(t, "status", refused.status, 401)
	if c := refused.header.Get("WWW-Authenticate"); !strings.Contains(c, `error="insufficient_claims"`) {
		t.Errorf("the challenge is %q", c)
	}
	if !s.challenged() {
		t.Error("the SDK was not asked for claims")
	}
}

const (
	denied  = "Request Authorization failed"
	selfish = "Self-service operations are currently not supported for user "
)

func (d *day) authenticationAdministrator(t *testing.T) {
	who := signIn(t, contoso.person(t, "authentication-administrator"), "User.Read.All", "UserAuthenticationMethod.ReadWrite.All")
	passes := func(name string) passesBuilder {
		return who.Users().ByUserId(contoso.person(t, name).ID).Authentication().TemporaryAccessPassMethods()
	}
	made := must(passes("noor").Post(t.Context(), newPass(60, true), nil))(t)
	if of(made.GetTemporaryAccessPass()) == "" {
		t.Error("the secret is not told to who makes the pass")
	}
	_, err := passes("admin").Post(t.Context(), newPass(60, true), nil)
	wantRefused(t, err, 403, "accessDenied", denied)
	_, err = passes("admin").Get(t.Context(), nil)
	wantRefused(t, err, 403, "accessDenied", denied)
	_, err = passes("authentication-administrator").Post(t.Context(), newPass(60, true), nil)
	wantRefused(t, err, 403, "accessDenied", selfish+who.ID+".")
	wantNone(t, passes("noor").ByTemporaryAccessPassAuthenticationMethodId(of(made.GetId())).Delete(t.Context(), nil))
	_, err = passes("noor").ByTemporaryAccessPassAuthenticationMethodId(of(made.GetId())).Get(t.Context(), nil)
	wantRefused(t, err, 404, "resourceNotFound", "")
}

func (d *day) globalReader(t *testing.T) {
	who := signIn(t, contoso.person(t, "global-reader"), "User.Read.All", "UserAuthenticationMethod.ReadWrite.All")
	passes := who.Users().ByUserId(contoso.person(t, "admin").ID).Authentication().TemporaryAccessPassMethods()
	seen := only(t, "passes", must(passes.Get(t.Context(), nil))(t).GetValue())
	wantEqual(t, "the secret", of(seen.GetTemporaryAccessPass()), "")
	if !strings.Contains(string(wire.last().reply), `"temporaryAccessPass":null`) {
		t.Errorf("the secret is not null: %s", wire.last())
	}
	_, err := passes.Post(t.Context(), newPass(60, true), nil)
	wantRefused(t, err, 403, "accessDenied", denied)
	wantRefused(t, passes.ByTemporaryAccessPassAuthenticationMethodId(of(seen.GetId())).Delete(t.Context(), nil), 403, "accessDenied", denied)
}

// passDeleted: whoever signed in by a pass is out as soon as it is deleted.
func (d *day) passDeleted(t *testing.T) {
	made := must(d.passesOf(d.mira).Post(t.Context(), newPass(60, false), nil))(t)
	d.pass = of(made.GetTemporaryAccessPass())
	mira := signIn(t, d.miraWithPass(), "User.Read")
	must(mira.Me().Get(t.Context(), nil))(t)
	wantNone(t, d.passesOf(d.mira).ByTemporaryAccessPassAuthenticationMethodId(of(made.GetId())).Delete(t.Context(), nil))
	wantEqual(t, "passes", len(must(d.passesOf(d.mira).Get(t.Context(), nil))(t).GetValue()), 0)
	mira.wantSignInAgain(t)
}

// sessions: likewise when the sessions are revoked, but the pass is good for another.
func (d *day) sessions(t *testing.T) {
	made := must(d.passesOf(d.mira).Post(t.Context(), newPass(60, false), nil))(t)
	d.pass = of(made.GetTemporaryAccessPass())
	mira := signIn(t, d.miraWithPass(), "User.Read")
	must(mira.Me().Get(t.Context(), nil))(t)
	revoked := must(d.Users().ByUserId(d.mira).RevokeSignInSessions().PostAsRevokeSignInSessionsPostResponse(t.Context(), nil))(t)
	wantEqual(t, "revoked", of(revoked.GetValue()), true)
	mira.wantSignInAgain(t)
	again := signIn(t, d.miraWithPass(), "User.Read")
	must(again.Me().Get(t.Context(), nil))(t)
}
