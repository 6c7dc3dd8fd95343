package upstream

import (
	"context"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/jwt"
)

// Check asks a provider now, for administrators: it looks at nothing that is kept. Its errors
// are *idp.UpstreamError, of the kind UpstreamDown.
func (c *Client) Check(ctx context.Context, issuer string) (idp.ProviderReport, error) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	var r idp.ProviderReport
	doc, _, err := c.docs.read(ctx, issuer)
	if err != nil {
		return r, err
	}
	r = idp.ProviderReport{
		Authorization: doc.Authorization, Token: doc.Token, UserInfo: doc.UserInfo, EndSession: doc.EndSession,
		NamesItself: doc.NamesItself, PKCE: slices.Contains(doc.Challenges, "S256"), TellsExpiry: doc.tellsExpiry(),
		BackLogout: doc.BackLogout, FrontLogout: doc.FrontLogout,
	}
	answer, err := c.calls.Get(ctx, doc.Keys, "application/jwk-set+json, application/json")
	switch {
	case err != nil:
		return r, fault(idp.UpstreamDown, "keys: "+told(err))
	case answer.Status != 200:
		return r, fault(idp.UpstreamDown, "keys: the status is not 200")
	}
	set, err := jwt.ParseKeys(answer.Body)
	if err != nil {
		return r, fault(idp.UpstreamDown, "keys: "+strings.TrimPrefix(err.Error(), "jwt: "))
	}
	for _, key := range set.Keys {
		if slices.ContainsFunc(algs, func(alg string) bool { return jwt.SignsWith(key, alg) }) {
			r.Keys++
		}
	}
	if r.Keys == 0 {
		return r, fault(idp.UpstreamDown, "keys: there is none that signs with one of "+strings.Join(algs, ", "))
	}
	return r, nil
}
