package sdk

import (
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
)

func (d *demo) nativeClient(t *testing.T) client {
	t.Helper()
	return d.client(t, "--auth", "none", "--native", "--redirect-uri", "http://localhost",
		"--grant", "code", "--grant", "refresh", "--grant", "device")
}

func newPublic(t *testing.T, c client) public.Client {
	t.Helper()
	app, err := public.New(c.ID, public.WithAuthority(contoso.authority()),
		public.WithHTTPClient(contoso.http), public.WithInstanceDiscovery(false))
	wantNone(t, err)
	return app
}

func wantAccount(t *testing.T, got public.AuthResult, c client, u user, began time.Time) {
	t.Helper()
	wantEqual(t, "home account", got.Account.HomeAccountID, contoso.homeAccount(u))
	wantEqual(t, "user name", got.Account.PreferredUsername, u.Name)
	wantEqual(t, "aud", got.IDToken.Audience, c.ID)
	wantEqual(t, "oid", got.IDToken.Oid, u.ID)
	wantEqual(t, "tid", got.IDToken.TenantID, contoso.tenant)
	u.wantWithin(t, got.ExpiresOn, time.Since(began))
	u.wantWithin(t, time.Unix(got.IDToken.ExpirationTime, 0), 0)
}

// TestMSALInteractive: the library sends a browser with prompt=select_account and
// hears the answer on a free port of localhost, as a form.
func TestMSALInteractive(t *testing.T) {
	t.Parallel()
	c, u := contoso.nativeClient(t), contoso.user(t)
	app, p, began := newPublic(t, c), newPerson(t, ""), time.Now()
	got, err := app.AcquireTokenInteractive(t.Context(), []string{calendarRead}, public.WithOpenURL(func(address string) error {
		p.open(address)
		p.signIn(u)
		p.want("form-post")
		p.submit(nil)
		return nil
	}))
	wantNone(t, err)
	wantAccount(t, got, c, u, began)
	wantScopes(t, got.GrantedScopes, calendarRead)

	again, err := app.AcquireTokenInteractive(t.Context(), []string{calendarRead}, public.WithOpenURL(func(address string) error {
		p.open(address)
		p.want("signin") // where the account can be chosen
		p.submit(map[string]string{"account": "continue"})
		p.want("form-post")
		p.submit(nil)
		return nil
	}))
	wantNone(t, err)
	wantAccount(t, again, c, u, began)
	wantRefresh(t, app, c, u, began)
}

func TestMSALDeviceCode(t *testing.T) {
	t.Parallel()
	c, u := contoso.nativeClient(t), contoso.user(t)
	app, began := newPublic(t, c), time.Now()
	code, err := app.AcquireTokenByDeviceCode(t.Context(), []string{calendarRead})
	wantNone(t, err)
	newPerson(t, "").enterDeviceCode(code.Result.VerificationURL, code.Result.UserCode, u)
	got, err := code.AuthenticationResult(t.Context())
	wantNone(t, err)
	wantAccount(t, got, c, u, began)
	wantScopes(t, got.GrantedScopes, calendarRead)
	wantRefresh(t, app, c, u, began)
}

// wantRefresh expects new tokens without anybody being asked, and none once the pass
// is deleted.
func wantRefresh(t *testing.T, app public.Client, c client, u user, began time.Time) {
	t.Helper()
	accounts, err := app.Accounts(t.Context())
	wantNone(t, err)
	if len(accounts) != 1 {
		t.Fatalf("%d accounts, want one", len(accounts))
	}
	kept, err := app.AcquireTokenSilent(t.Context(), []string{calendarRead}, public.WithSilentAccount(accounts[0]))
	wantNone(t, err)
	for range 2 { // the refresh token changes each time
		fresh, err := app.AcquireTokenSilent(t.Context(), []string{calendarRead}, public.WithSilentAccount(accounts[0]), public.WithClaims(challenge))
		wantNone(t, err)
		wantAccount(t, fresh, c, u, began)
		if fresh.AccessToken == kept.AccessToken {
			t.Error("the token was not refreshed")
		}
	}
	contoso.deletePass(t, u)
	_, err = app.AcquireTokenSilent(t.Context(), []string{calendarRead}, public.WithSilentAccount(accounts[0]), public.WithClaims(challenge))
	wantPrompt(t, err)
}
