package upstream

import (
	"context"
	"encoding/base64"
	"net/url"
	"time"

	strict "github.com/go-json-experiment/json"

	"latchkey/idp"
	"latchkey/idp/outbound"
)

// Redeem is what the provider says about who came back (OIDC Core 3.1.3). Its errors are
// *idp.UpstreamError.
func (c *Client) Redeem(ctx context.Context, now time.Time, t *idp.Tenant, f *idp.Federation, r idp.UpstreamReturn) (*idp.Outside, error) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	doc, err := c.docs.get(ctx, f.Issuer, now)
	if err != nil {
		return nil, err
	}
	switch { // RFC 9207 2.4
	case r.Issuer != "" && r.Issuer != f.Issuer:
		return nil, fault(idp.UpstreamRefused, "iss is of another provider: "+clip(r.Issuer))
	case r.Issuer == "" && doc.NamesItself:
		return nil, fault(idp.UpstreamRefused, "iss is missing, which the provider says it sends")
	}
	tokens, err := c.exchange(ctx, doc, t, f, r)
	if err != nil {
		return nil, err
	}
	claims, err := c.readIDToken(ctx, now, doc, f, r, tokens)
	if err != nil {
		return nil, err
	}
	o := outsideOf(f, claims)
	o.IDToken = tokens.IDToken
	if o.Address == "" && doc.UserInfo != "" {
		err = c.addUserInfo(ctx, doc, f, tokens.AccessToken, o)
	}
	return o, err
}

// tokens is the answer of a token endpoint (OIDC Core 3.1.3.3).
type tokens struct {
	IDToken     string `json:"id_token"`
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
}

// exchange redeems the code (RFC 6749 4.1.3, RFC 7636 4.5).
func (c *Client) exchange(ctx context.Context, doc *document, t *idp.Tenant, f *idp.Federation, r idp.UpstreamReturn) (tokens, error) {
	var got tokens
	secret, err := f.OpenSecret(c.keys, t.TenantID)
	if err != nil {
		return got, fault(idp.UpstreamRejected, "the client secret cannot be opened: give it anew")
	}
	q := outbound.Request{URL: doc.Token, Accept: "application/json", Form: url.Values{
		"grant_type": {"authorization_code"}, "code": {r.Code}, "redirect_uri": {r.RedirectURI}, "code_verifier": {verifierOf(r.Secret)},
	}}
	switch f.AuthMethod {
	case idp.AuthBasic: // RFC 6749 2.3.1: encoded before it is joined
		pair := url.QueryEscape(f.ClientID) + ":" + url.QueryEscape(secret)
		q.Authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(pair))
	case idp.AuthPost:
		q.Form.Set("client_id", f.ClientID)
		q.Form.Set("client_secret", secret)
	default:
		q.Form.Set("client_id", f.ClientID)
	}
	answer, err := c.calls.Do(ctx, q)
	switch {
	case err != nil:
		return got, fault(idp.UpstreamDown, "token endpoint: "+told(err))
	case answer.Status >= 500:
		return got, fault(idp.UpstreamDown, "token endpoint: the status is 500 or above")
	case answer.Status != 200:
		return got, rejected(answer.Body)
	}
	if err := strict.Unmarshal(answer.Body, &got); err != nil || got.IDToken == "" {
		return got, fault(idp.UpstreamRefused, "token endpoint: no ID token came")
	}
	return got, nil
}

// rejected tells what a token endpoint has against us (RFC 6749 5.2).
func rejected(body []byte) error {
	var e struct {
		Code string `json:"error"`
	}
	if strict.Unmarshal(body, &e) != nil || e.Code == "" {
		return fault(idp.UpstreamDown, "token endpoint: neither tokens nor an error of OAuth")
	}
	if e.Code == "invalid_grant" { // the code is of another sign-in, used, or too old
		return fault(idp.UpstreamRefused, "token endpoint: invalid_grant")
	}
	return fault(idp.UpstreamRejected, "token endpoint: "+clip(e.Code))
}
