package upstream

import (
	"cmp"
	"context"

	strict "github.com/go-json-experiment/json"

	"latchkey/idp"
	"latchkey/idp/outbound"
)

const emailClaim = "email"

// address is the person's address, "" if the provider has verified none. Of a claim with
// another name than email, whoever named it in the settings answers for it.
func (t *idToken) address(f *idp.Federation) string {
	name := cmp.Or(f.Claims.Address, emailClaim)
	if name == emailClaim && !t.Verified {
		return ""
	}
	return t.text(name)
}

func (t *idToken) addNames(f *idp.Federation, o *idp.Outside) {
	o.Name = cmp.Or(o.Name, t.text(cmp.Or(f.Claims.Name, "name")))
	o.GivenName = cmp.Or(o.GivenName, t.text(cmp.Or(f.Claims.GivenName, "given_name")))
	o.FamilyName = cmp.Or(o.FamilyName, t.text(cmp.Or(f.Claims.FamilyName, "family_name")))
}

// addUserInfo adds what stands at the userinfo endpoint alone (OIDC Core 5.3, RFC 6750 2.1),
// where many providers have the address.
func (c *Client) addUserInfo(ctx context.Context, doc *document, f *idp.Federation, accessToken string, o *idp.Outside) error {
	answer, err := c.calls.Do(ctx, outbound.Request{URL: doc.UserInfo, Accept: "application/json", Authorization: "Bearer " + accessToken})
	switch {
	case err != nil:
		return fault(idp.UpstreamDown, "userinfo: "+told(err))
	case answer.Status >= 500:
		return fault(idp.UpstreamDown, "userinfo: the status is 500 or above")
	case answer.Status != 200:
		return nil // it may not tell us, and then there is no address
	}
	t, err := readUserInfo(answer.Body, o.Subject)
	if err != nil {
		return err
	}
	o.Address = t.address(f)
	t.addNames(f, o)
	return nil
}

// readUserInfo reads an answer about the subject of the ID token and about nobody else (OIDC
// Core 5.3.2).
func readUserInfo(raw []byte, subject string) (*idToken, error) {
	var t idToken
	if err := strict.Unmarshal(raw, &t); err != nil {
		return nil, fault(idp.UpstreamRefused, "userinfo: not a JSON object, or a claim is of another kind than it has to be")
	}
	if t.Subject != subject {
		return nil, fault(idp.UpstreamRefused, "userinfo: sub is of somebody else")
	}
	return &t, nil
}
