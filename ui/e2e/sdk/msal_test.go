package sdk

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
)

func newConfidential(t *testing.T, c client) confidential.Client {
	t.Helper()
	cred, err := confidential.NewCredFromSecret(c.Secret)
	wantNone(t, err)
	app, err := confidential.New(contoso.authority(), c.ID, cred,
		confidential.WithHTTPClient(contoso.http), confidential.WithInstanceDiscovery(false))
	wantNone(t, err)
	return app
}

const webCallback = "https://app.contoso.example/callback"

func (d *demo) webApp(t *testing.T) client {
	t.Helper()
	return d.client(t, "--auth", "post", "--redirect-uri", webCallback)
}

// webSignIn is the code flow with PKCE: an app asks leave for some scopes and redeems
// the code for a token for some of them.
func webSignIn(t *testing.T, app confidential.Client, c client, u user, asked, redeemed []string) confidential.AuthResult {
	t.Helper()
	const verifier, hashed = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636 B
	address, err := app.AuthCodeURL(t.Context(), c.ID, webCallback, asked)
	wantNone(t, err)
	p := newPerson(t, webCallback)
	p.open(address + "&" + url.Values{"state": {"s"}, "code_challenge": {hashed}, "code_challenge_method": {"S256"}}.Encode())
	p.signIn(u)
	wantEqual(t, "state", p.landed.Get("state"), "s")
	got, err := app.AcquireTokenByAuthCode(t.Context(), p.landed.Get("code"), webCallback, redeemed, confidential.WithChallenge(verifier))
	wantNone(t, err)
	return got
}

// TestMSALWebApp: an app that calls two APIs asks leave for both, and then gets a token
// for each, the second one silently.
func TestMSALWebApp(t *testing.T) {
	t.Parallel()
	c, u := contoso.webApp(t), contoso.user(t)
	app, began := newConfidential(t, c), time.Now()
	got := webSignIn(t, app, c, u, []string{calendarRead, calendarWrite, filesRead}, []string{filesRead})
	wantEqual(t, "home account", got.Account.HomeAccountID, contoso.homeAccount(u))
	wantEqual(t, "user name", got.Account.PreferredUsername, u.Name)
	wantEqual(t, "aud", got.IDToken.Audience, c.ID)
	wantEqual(t, "oid", got.IDToken.Oid, u.ID)
	wantEqual(t, "tid", got.IDToken.TenantID, contoso.tenant)
	u.wantWithin(t, got.ExpiresOn, time.Since(began))
	u.wantWithin(t, time.Unix(got.IDToken.ExpirationTime, 0), 0)
	wantScopes(t, got.GrantedScopes, filesRead)

	account, err := app.Account(t.Context(), got.Account.HomeAccountID)
	wantNone(t, err)
	kept, err := app.AcquireTokenSilent(t.Context(), []string{filesRead}, confidential.WithSilentAccount(account))
	wantNone(t, err)
	wantEqual(t, "the token kept", kept.AccessToken, got.AccessToken)

	other, err := app.AcquireTokenSilent(t.Context(), []string{calendarRead}, confidential.WithSilentAccount(account))
	wantNone(t, err)
	wantScopes(t, other.GrantedScopes, calendarRead)
	token := claims(t, other.AccessToken)
	wantEqual(t, "aud of the second token", token["aud"], any("https://api.contoso.example"))
	wantEqual(t, "scp of the second token", token["scp"], any("calendar.read"))
	u.wantWithin(t, other.ExpiresOn, time.Since(began))

	contoso.deletePass(t, u)
	_, err = app.AcquireTokenSilent(t.Context(), []string{filesRead}, confidential.WithSilentAccount(account), confidential.WithClaimsFromClient(challenge))
	wantPrompt(t, err)
}

// TestMSALDefaultScope: .default is all that was granted, also when the API has got
// more since.
func TestMSALDefaultScope(t *testing.T) {
	t.Parallel()
	notes := "https://" + strings.ToLower(rand.Text()) + ".contoso.example"
	wantNone(t, contoso.command(nil, "api", "create", "Notes", "--identifier", notes, "--scope", "read", "--jwt"))
	c, u := contoso.webApp(t), contoso.user(t)
	app := newConfidential(t, c)
	all := []string{notes + "/.default"}
	got := webSignIn(t, app, c, u, all, all)
	wantScopes(t, got.GrantedScopes, notes+"/read", notes+"/.default")
	wantNone(t, contoso.command(nil, "api", "update", notes, "--scope", "read", "--scope", "write"))
	fresh, err := app.AcquireTokenSilent(t.Context(), all, confidential.WithSilentAccount(got.Account), confidential.WithClaimsFromClient(challenge))
	wantNone(t, err)
	wantEqual(t, "scp", claims(t, fresh.AccessToken)["scp"], any("read"))
}

// challenge is what an API answers whose token was not enough; the library asks for
// another one then.
const challenge = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`

// wantScopes expects these, beside those about the person.
func wantScopes(t *testing.T, granted []string, want ...string) {
	t.Helper()
	got := slices.DeleteFunc(slices.Sorted(slices.Values(granted)), func(s string) bool { return !strings.Contains(s, "/") })
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("granted is %q, want %q", got, want)
	}
}

// wantPrompt expects an error of those by which the libraries tell that somebody must
// sign in again.
func wantPrompt(t *testing.T, err error) {
	t.Helper()
	body := refusal(t, err)
	wantEqual(t, "error", body.Error, "invalid_grant")
	wantEqual(t, "suberror", body.Suberror, "basic_action")
}

type refused struct{ Error, Suberror string }

// refusal is what was answered to an app that wanted a token silently, when nothing stands
// behind one any more.
func refusal(t *testing.T, err error) (body refused) {
	t.Helper()
	if err == nil {
		t.Fatal("silently got a token that nothing stands behind any more")
	}
	if bad := json.Unmarshal([]byte(answerIn(err)), &body); bad != nil {
		t.Fatal(err, bad)
	}
	return body
}

// answerIn is the body of the answer that an error of MSAL is about.
func answerIn(err error) string {
	var call msal.CallErr
	if !errors.As(err, &call) || call.Resp == nil {
		return ""
	}
	raw, _ := io.ReadAll(call.Resp.Body) // held in memory: cannot fail
	return string(raw)
}
