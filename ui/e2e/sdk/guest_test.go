package sdk

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
)

// guest invites somebody from outside, who has not accepted yet. Nobody tells them by mail,
// so that codes are all that they get.
func (d *demo) guest(t *testing.T) user {
	t.Helper()
	u := user{Name: strings.ToLower(t.Name()+rand.Text()) + "@partner.example"}
	var invited struct{ ID string }
	if err := d.command(&invited, "guest", "invite", u.Name); err != nil {
		t.Fatal(err)
	}
	u.ID = invited.ID
	return u
}

var codeAlone = regexp.MustCompile(`(?m)^[0-9]{8}$`)

// mailedCode is the code in the newest mail to an address, once one has come.
func (d *demo) mailedCode(t *testing.T, address string) string {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for range 1500 {
		for _, m := range d.mails(t) {
			if code := codeAlone.FindString(m.Text); code != "" && m.To == address {
				return code
			}
		}
		<-look.C
	}
	t.Fatalf("no code came for %s in thirty seconds", address)
	return ""
}

type mail struct{ To, Text string }

// mails are those in the inbox, the newest first.
func (d *demo) mails(t *testing.T) (all []mail) {
	t.Helper()
	resp, err := d.http.Get(d.inbox + "/messages")
	wantNone(t, err)
	defer resp.Body.Close()
	wantEqual(t, "status of the inbox", resp.StatusCode, http.StatusOK)
	wantNone(t, json.NewDecoder(resp.Body).Decode(&all))
	return all
}

// TestMSALGuest: a guest who comes to an app first accepts the invitation on the way. The
// app is told that it is a guest, gets tokens silently for a day at most, and none once the
// redemption is reset.
func TestMSALGuest(t *testing.T) {
	t.Parallel()
	c, u := contoso.webApp(t), contoso.guest(t)
	app, began := newConfidential(t, c), time.Now()
	got := webSignIn(t, app, c, u, []string{calendarRead, filesRead}, []string{calendarRead})
	u.PassEnd = time.Now().Add(24 * time.Hour) // later than a day after the code
	wantEqual(t, "home account", got.Account.HomeAccountID, contoso.homeAccount(u))
	wantEqual(t, "user name", got.Account.PreferredUsername, u.Name)
	u.wantWithin(t, got.ExpiresOn, time.Since(began))
	for what, told := range map[string]map[string]any{"id token": claims(t, got.IDToken.RawToken), "access token": claims(t, got.AccessToken)} {
		for claim, want := range map[string]any{
			"oid": u.ID, "preferred_username": u.Name, "email": u.Name, "xms_edov": true, "idp": "mail", "acct": 1.0, "acr": "urn:latchkey:acr:email",
		} {
			wantEqual(t, claim+" of the "+what, told[claim], want)
		}
		if amr, _ := told["amr"].([]any); len(amr) != 1 || amr[0] != "otp" {
			t.Errorf("amr of the %s is %v", what, told["amr"])
		}
	}

	other, err := app.AcquireTokenSilent(t.Context(), []string{filesRead}, confidential.WithSilentAccount(got.Account))
	wantNone(t, err)
	wantScopes(t, other.GrantedScopes, filesRead)
	u.wantWithin(t, other.ExpiresOn, time.Since(began))
	wantNone(t, contoso.command(nil, "guest", "reset", u.Name))
	_, err = app.AcquireTokenSilent(t.Context(), []string{calendarRead}, confidential.WithSilentAccount(got.Account), confidential.WithClaimsFromClient(challenge))
	wantEqual(t, "error", refusal(t, err).Error, "invalid_grant")
}
