package sdk

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func azureOptions() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: contoso.base},
		Transport: contoso.http,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // what fails should be seen at once
	}
}

func TestAzureClientSecret(t *testing.T) {
	t.Parallel()
	c := contoso.worker(t, "--auth", "post")
	cred, err := azidentity.NewClientSecretCredential(contoso.tenant, c.ID, c.Secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azureOptions(), DisableInstanceDiscovery: true,
	})
	wantNone(t, err)
	wantAzureToken(t, cred)
}

func TestAzureCertificate(t *testing.T) {
	t.Parallel()
	c, certs, key := contoso.certified(t)
	cred, err := azidentity.NewClientCertificateCredential(contoso.tenant, c.ID, certs, key, &azidentity.ClientCertificateCredentialOptions{
		ClientOptions: azureOptions(), DisableInstanceDiscovery: true,
	})
	wantNone(t, err)
	wantAzureToken(t, cred)
}

// wantAzureToken expects a token for the Calendar, and the same one again. With
// continuous access evaluation the library keeps another one and says what it can do.
func wantAzureToken(t *testing.T, cred azcore.TokenCredential) {
	t.Helper()
	for _, evaluated := range []bool{false, true} {
		ask := policy.TokenRequestOptions{Scopes: []string{calendarAll}, EnableCAE: evaluated}
		got, err := cred.GetToken(t.Context(), ask)
		wantNone(t, err)
		wantEqual(t, "aud of the token", claims(t, got.Token)["aud"], any("https://api.contoso.example"))
		again, err := cred.GetToken(t.Context(), ask)
		wantNone(t, err)
		wantEqual(t, "the token kept", again.Token, got.Token)
	}
}

func TestAzureDeviceCode(t *testing.T) {
	t.Parallel()
	c, u := contoso.nativeClient(t), contoso.user(t)
	cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: azureOptions(), DisableInstanceDiscovery: true, DisableAutomaticAuthentication: true,
		ClientID: c.ID, TenantID: contoso.tenant,
		UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
			newPerson(t, "").enterDeviceCode(m.VerificationURL, m.UserCode, u)
			return nil
		},
	})
	wantNone(t, err)
	ask, began := policy.TokenRequestOptions{Scopes: []string{calendarAll}}, time.Now()
	who, err := cred.Authenticate(t.Context(), &ask)
	wantNone(t, err)
	wantEqual(t, "home account", who.HomeAccountID, contoso.homeAccount(u))
	wantEqual(t, "user name", who.Username, u.Name)
	wantEqual(t, "tenant", who.TenantID, contoso.tenant)
	wantEqual(t, "client", who.ClientID, c.ID)
	got, err := cred.GetToken(t.Context(), ask)
	wantNone(t, err)
	u.wantWithin(t, got.ExpiresOn, time.Since(began))

	ask.Claims = challenge
	fresh, err := cred.GetToken(t.Context(), ask)
	wantNone(t, err)
	u.wantWithin(t, fresh.ExpiresOn, time.Since(began))
	if fresh.Token == got.Token {
		t.Error("the token was not refreshed")
	}
	contoso.deletePass(t, u)
	_, err = cred.GetToken(t.Context(), ask)
	var prompt *azidentity.AuthenticationRequiredError
	if !errors.As(err, &prompt) {
		t.Errorf("after the pass was deleted: %v, want an AuthenticationRequiredError", err)
	}
}
