package graph

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// token is a credential of one access token.
type token string

func (t token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(t), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// signInHere is the code flow in a browser beside the program. What people change of their
// own methods takes that: of a device nobody knows whose it is.
func signInHere(t *testing.T, u user, permissions ...string) signedIn {
	t.Helper()
	const redirect = "http://localhost:1" // any port will do (RFC 8252 7.3), and nobody listens
	scopes := make([]string, len(permissions))
	for i, p := range permissions {
		scopes[i] = contoso.base + "/" + p
	}
	console, verifier := contoso.console(t), strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	ask := url.Values{
		"client_id": {console.ID}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid " + strings.Join(scopes, " ")},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	p := newPerson(t, redirect)
	p.open(contoso.base + "/" + contoso.ID + "/oauth2/v2.0/authorize?" + ask.Encode())
	p.signIn(u)
	reply, err := contoso.http.PostForm(contoso.base+"/"+contoso.ID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {p.landed.Get("code")}, "redirect_uri": {redirect},
		"client_id": {console.ID}, "code_verifier": {verifier},
	})
	wantNone(t, err)
	defer reply.Body.Close()
	var got struct {
		AccessToken string `json:"access_token"`
	}
	wantNone(t, json.NewDecoder(reply.Body).Decode(&got))
	cred := &prompts{TokenCredential: token(got.AccessToken)}
	return signedIn{u, newSDK(t, cred, scopes...), cred}
}
