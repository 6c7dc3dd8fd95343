package oidc

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/idp/web"
	"latchkey/storage"
)

// pushedPrefix begins the request_uri of a pushed request (RFC 9126 2.2).
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// asked is an authorization request with everything that it refers to.
type asked struct {
	params
	pushed   string // id of the PushedRequest it came in
	keyThumb string // of the DPoP key that came with that
}

// resolve replaces references by what they stand for: a pushed request, a request
// object, or the address of one. On a fault what was sent is still there, to answer to.
// pushing: it is being pushed, so that the rule that it must be is met.
func (p *Provider) resolve(ctx context.Context, q *web.Request, c *idp.Client, given params, pushing bool) (asked, error) {
	out := asked{params: given}
	uri, object := given["request_uri"], given["request"]
	pushed := strings.HasPrefix(uri, pushedPrefix)
	switch {
	case uri != "" && object != "":
		return out, bad("invalid_request", "The request has both a request and a request_uri.")
	case pushed:
		return p.openPushed(ctx, q, c, given)
	case !pushing && (c.Request.Pushed || c.FAPI()):
		return out, bad("invalid_request", "This client must push its requests (RFC 9126).")
	case uri == "" && object == "" && c.Request.Signed:
		return out, bad("invalid_request", "This client must sign its requests (RFC 9101).")
	case uri != "":
		var err error
		if object, err = p.fetchRequest(ctx, q, c, uri); err != nil {
			return out, err
		}
	}
	if uri == "" && object == "" {
		return out, nil
	}
	merged, err := p.openRequest(ctx, q, c, given, object)
	if err == nil {
		out.params = merged
	}
	return out, err
}

// openPushed finds a pushed request of the client. It stays until a sign-in with it
// succeeds, so that a reload of the page does no harm.
func (p *Provider) openPushed(ctx context.Context, q *web.Request, c *idp.Client, given params) (asked, error) {
	handle := strings.TrimPrefix(given["request_uri"], pushedPrefix)
	var kept *idp.PushedRequest
	err := p.Store.View(ctx, q.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		if hash := idp.HashToken(idp.RequestHandle, handle); hash != "" {
			kept, err = idp.Optional(storage.Get[idp.PushedRequest](tx, hash))
		}
		return err
	})
	if err != nil {
		return asked{}, err
	}
	if kept == nil || kept.ClientID != c.ClientID || kept.Ends.Add(-idp.PushedLifetime).Before(c.CreatedAt) || !q.Now.Before(kept.Ends) {
		return asked{params: given}, bad("invalid_request_uri", "The pushed request is not known, was used, or has expired.")
	}
	inner, fault := readParams(kept.Parameters)
	if fault != nil {
		return asked{params: given}, fault
	}
	return asked{inner, kept.Hash, kept.KeyThumb}, nil
}

// fetchRequest gets a request object from an address that the client registered, and
// from nowhere else (OIDC Core 6.2, RFC 9101 10.4.1).
func (p *Provider) fetchRequest(ctx context.Context, q *web.Request, c *idp.Client, uri string) (string, error) {
	if !slices.Contains(c.Request.URIs, uri) {
		return "", bad("invalid_request_uri", "The request_uri is not registered for this client.")
	}
	if !p.fetches.Allow(q.Address, q.Now) {
		return "", bad("temporarily_unavailable", "The request_uri is asked for too often. Try again in a minute.")
	}
	before, _, _ := strings.Cut(uri, "#")
	answer, err := p.Calls.Get(ctx, before, "application/oauth-authz-req+jwt, application/jwt")
	if err != nil || answer.Status != 200 {
		return "", bad("invalid_request_uri", "The request_uri could not be read.")
	}
	return strings.TrimSpace(string(answer.Body)), nil
}

// openRequest verifies a request object and puts its parameters over those sent beside
// it (OIDC Core 6.1). For a client that must sign its requests only what is signed
// counts (RFC 9101 6.3).
func (p *Provider) openRequest(ctx context.Context, q *web.Request, c *idp.Client, given params, object string) (params, error) {
	var claims map[string]any
	h, err := p.verifyByClient(ctx, q, c, object, requestAlgs(c), &claims)
	if err == nil && (claims == nil || !h.MayBe(typeRequest)) {
		err = jwt.Err
	}
	if err != nil {
		return nil, orFault(err, bad("invalid_request_object", "The request object is not signed by a key and an algorithm that are registered for this client."))
	}
	if fault := p.requestHolds(q, c, claims); fault != nil {
		return nil, fault
	}
	merged := params{"client_id": c.ClientID}
	if !c.Request.Signed && !c.FAPI() {
		for name, value := range given {
			merged[name] = value
		}
	}
	delete(merged, "request")
	delete(merged, "request_uri")
	for name, value := range claims {
		if !standard[name] && !repeatable[name] || slices.Contains([]string{"request", "request_uri", "client_id"}, name) {
			continue
		}
		text, ok := asParam(name, value)
		if !ok {
			return nil, bad("invalid_request_object", "The "+name+" in the request object is not of the right type.")
		}
		if merged[name] = text; text == "" {
			delete(merged, name)
		}
	}
	return merged, nil
}

// requestHolds checks what a request object says about itself (RFC 9101 4, 6.2; OIDC
// Core 6.1).
func (p *Provider) requestHolds(q *web.Request, c *idp.Client, claims map[string]any) *protocolError {
	raw, err := json.Marshal(claims)
	var about struct {
		assertionClaims
		ClientID string `json:"client_id"`
		Request  any    `json:"request"`
		URI      any    `json:"request_uri"`
	}
	if err != nil || json.Unmarshal(raw, &about) != nil {
		return bad("invalid_request_object", "A claim of the request object is not of the right type.")
	}
	strict := c.Request.Signed || c.FAPI()
	expires := about.Expires
	if expires == 0 && !strict { // OIDC Core asks for none
		expires = float64(q.Now.Unix() + 1)
	}
	switch {
	case about.Request != nil || about.URI != nil:
		return bad("invalid_request_object", "A request object must not hold another one.")
	case about.ClientID != "" && about.ClientID != c.ClientID, about.Issuer != "" && about.Issuer != c.ClientID:
		return bad("invalid_request_object", "The request object is of another client.")
	case (len(about.Audience.Names) > 0 || strict) && !slices.Contains(about.Audience.Names, p.issuer(q.Tenant)):
		return bad("invalid_request_object", "The request object is not for this issuer.")
	case !current(q.Now, about.IssuedAt, about.NotBefore, expires):
		return bad("invalid_request_object", "The request object has expired, lasts for more than an hour, or is from the future.")
	}
	return nil
}

func requestAlgs(c *idp.Client) []string {
	switch {
	case c.Request.Alg != "":
		return []string{c.Request.Alg}
	case c.FAPI():
		return idp.FAPIAlgs
	}
	return idp.ClientAlgs
}

// asParam is a claim of a request object as a parameter has it.
func asParam(name string, value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, isText(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	case []any:
		var all []string
		for _, one := range v {
			s, ok := one.(string)
			if !ok || !repeatable[name] {
				return "", false
			}
			all = append(all, s)
		}
		joined, fault := joinValues(name, all)
		return joined, fault == nil
	case map[string]any:
		raw, err := json.Marshal(v)
		return string(raw), err == nil && name == "claims"
	}
	return "", false
}

// orFault keeps a fault of ours apart from what is wrong with the request.
func orFault(err error, otherwise *protocolError) error {
	if err == jwt.Err {
		return otherwise
	}
	return err
}
