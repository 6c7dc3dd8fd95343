package upstream

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"latchkey/idp"
)

// logoutEvent is what a logout token tells of (OIDC Back-Channel Logout 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// maxLogoutAge is how old a logout token may be.
const maxLogoutAge = 5 * time.Minute

// LogoutToken is what a logout token of the provider tells (OIDC Back-Channel Logout 2.6).
func (c *Client) LogoutToken(ctx context.Context, now time.Time, f *idp.Federation, token string) (idp.UpstreamEnd, error) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	var e idp.UpstreamEnd
	doc, err := c.docs.get(ctx, f.Issuer, now)
	if err != nil {
		return e, err
	}
	var t idToken
	h, err := c.verify(ctx, now, doc, token, &t)
	if err != nil {
		return e, err
	}
	events := map[string]json.RawMessage{}
	told := json.Unmarshal(t.Others["events"], &events) == nil && isObject(events[logoutEvent])
	id := t.text("jti")
	switch {
	case !h.MayBe("logout+jwt"):
		return e, unheard("the token is of another type")
	case t.Issuer != f.Issuer:
		return e, unheard("iss is of another provider")
	case len(t.Audience.Names) != 1 || t.Audience.Names[0] != f.ClientID:
		return e, unheard("aud is not this client, and nobody else")
	case !told:
		return e, unheard("it tells of no logout")
	case t.Others["nonce"] != nil:
		return e, unheard("it has a nonce, as ID tokens do")
	case t.Subject == "" && t.SessionID == "":
		return e, unheard("it names neither a session nor a person")
	case id == "" || len(id) > 255:
		return e, unheard("jti is missing, or long")
	}
	issued, expires := moment(t.IssuedAt), moment(t.Expires)
	switch {
	case issued.IsZero() || issued.After(now.Add(leeway)) || issued.Before(now.Add(-maxLogoutAge)):
		return e, unheard("iat is missing, or not now")
	case t.Expires != nil && !now.Before(expires.Add(leeway)):
		return e, unheard("exp has passed")
	}
	return idp.UpstreamEnd{Subject: t.Subject, SessionID: t.SessionID, TokenID: id, Until: issued.Add(maxLogoutAge + leeway)}, nil
}

func unheard(detail string) error { return fault(idp.UpstreamRefused, "logout token: "+detail) }

func isObject(raw json.RawMessage) bool {
	var m map[string]json.RawMessage
	return json.Unmarshal(raw, &m) == nil && m != nil
}

// SignOutURL is where a browser signs out there (OIDC RP-Initiated Logout 2), to come back to
// an address of ours; "" if the provider has no such page.
func (c *Client) SignOutURL(ctx context.Context, now time.Time, f *idp.Federation, idToken, back, state string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	doc, err := c.docs.get(ctx, f.Issuer, now)
	if err != nil || doc.EndSession == "" {
		return "", err
	}
	q := url.Values{"client_id": {f.ClientID}, "post_logout_redirect_uri": {back}, "state": {state}}
	if idToken != "" {
		q.Set("id_token_hint", idToken)
	}
	return idp.WithQuery(doc.EndSession, q), nil
}
