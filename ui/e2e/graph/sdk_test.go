package graph

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	kiota "github.com/microsoft/kiota-http-go"
	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"
)

func azureOptions() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: contoso.base},
		Transport: contoso.http,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // what fails should be seen at once
	}
}

// secretOf is how an app proves itself.
func secretOf(t *testing.T, tenant string, c client) azcore.TokenCredential {
	t.Helper()
	return must(azidentity.NewClientSecretCredential(tenant, c.ID, c.Secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azureOptions(), DisableInstanceDiscovery: true,
	}))(t)
}

// newSDK is the SDK pointed at the demo, as the documentation tells administrators to:
// its own middleware, other hosts and another base. The recorder is its network.
func newSDK(t *testing.T, cred azcore.TokenCredential, scopes ...string) *msgraph.GraphServiceClient {
	t.Helper()
	host := must(url.Parse(contoso.base))(t).Hostname() // without the port, or no token is sent
	auth := must(authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(cred, scopes, []string{host}))(t)
	options := msgraph.GetDefaultClientOptions()
	transport := kiota.NewCustomTransportWithParentTransport(&wire, core.GetDefaultMiddlewaresWithOptions(&options)...)
	adapter := must(msgraph.NewGraphRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(auth, nil, nil, &http.Client{Transport: transport}))(t)
	adapter.SetBaseUrl(contoso.base + "/v1.0")
	return msgraph.NewGraphServiceClient(adapter)
}

// signedIn is somebody who uses the SDK through an app on a device.
type signedIn struct {
	user
	*msgraph.GraphServiceClient
	*prompts
}

// prompts is a credential that notes what the SDK asks of it.
type prompts struct {
	azcore.TokenCredential
	mu     sync.Mutex
	claims []string
}

func (p *prompts) GetToken(ctx context.Context, ask policy.TokenRequestOptions) (azcore.AccessToken, error) {
	p.mu.Lock()
	p.claims = append(p.claims, ask.Claims)
	p.mu.Unlock()
	return p.TokenCredential.GetToken(ctx, ask)
}

// challenged tells whether the SDK has asked for another token with claims.
func (p *prompts) challenged() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.claims, func(c string) bool { return c != "" })
}

// signIn is the device code flow. Only now is the person asked: later, the SDK gets an
// error where it would need them again.
func signIn(t *testing.T, u user, permissions ...string) signedIn {
	t.Helper()
	scopes := make([]string, len(permissions))
	for i, p := range permissions {
		scopes[i] = contoso.base + "/" + p
	}
	cred := must(azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: azureOptions(), DisableInstanceDiscovery: true, DisableAutomaticAuthentication: true,
		ClientID: contoso.console(t).ID, TenantID: contoso.ID,
		UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
			newPerson(t, "").enterDeviceCode(m.VerificationURL, m.UserCode, u)
			return nil
		},
	}))(t)
	who := must(cred.Authenticate(t.Context(), &policy.TokenRequestOptions{Scopes: scopes, EnableCAE: true}))(t)
	wantEqual(t, "user name", who.Username, u.Name)
	p := &prompts{TokenCredential: cred}
	return signedIn{u, newSDK(t, p, scopes...), p}
}

// console is an app for people: it has no secret, and no permission of its own.
func (d *demo) console(t *testing.T) (c client) {
	t.Helper()
	wantNone(t, d.command(&c, "client", "create", "Console", "--tenant", d.Domain, "--claims", "entra", "--auth", "none", "--native",
		"--redirect-uri", "http://localhost", "--grant", "code", "--grant", "refresh", "--grant", "device"))
	return c
}

// tool is an app that may do one thing.
func (d *demo) tool(t *testing.T, tenant, permission string) (c client) {
	t.Helper()
	wantNone(t, d.command(&c, "client", "create", "Tool", "--tenant", tenant, "--claims", "entra", "--auth", "post",
		"--grant", "client", "--permission", permission))
	return c
}
