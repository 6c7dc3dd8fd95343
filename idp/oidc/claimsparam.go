package oidc

import (
	"encoding/json"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
)

// claimRequest is one claim of the claims parameter (OIDC Core 5.5.1); null asks
// for it without more.
type claimRequest struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// values are the texts among the values asked for; those of acr and sub are.
func (c *claimRequest) values() []string {
	if c == nil {
		return nil
	}
	var out []string
	for _, v := range append([]any{c.Value}, c.Values...) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// parseClaims reads acr_values and the claims parameter. Claims nobody knows are
// left out (OIDC Core 5.5).
func (p *Provider) parseClaims(req *idp.AuthRequest, c *idp.Client, q *web.Request, given params) error {
	if req.ACRValues = strings.Fields(given["acr_values"]); len(req.ACRValues) == 0 {
		req.ACRValues = c.Request.DefaultACR
	}
	raw := given["claims"]
	if raw == "" {
		return nil
	}
	var asked struct {
		UserInfo map[string]*claimRequest `json:"userinfo"`
		IDToken  map[string]*claimRequest `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(raw), &asked); err != nil {
		return bad("invalid_request", "The claims parameter is not a JSON object of claims.")
	}
	req.Claims = idp.ClaimsRequest{UserInfo: knownClaims(asked.UserInfo), IDToken: knownClaims(asked.IDToken)}
	req.Claims.Scopes = scopesOfClaims(slices.Concat(req.Claims.UserInfo, req.Claims.IDToken))
	if acr := asked.IDToken["acr"]; acr != nil { // OIDC Core 5.5.1.1
		if v := acr.values(); len(v) > 0 {
			req.ACRValues, req.ACREssential = v, acr.Essential
		}
	}
	if sub := asked.IDToken["sub"].values(); len(sub) > 0 {
		req.Subject = p.userOf(q.Tenant, c, sub[0])
	}
	return nil
}

// scopesOfClaims are the scopes that ask for the claims (OIDC Core 5.4), each once.
func scopesOfClaims(names []string) []string {
	var scopes []string
	for _, known := range profileClaims {
		if slices.Contains(names, known.name) && !slices.Contains(scopes, known.scope) {
			scopes = append(scopes, known.scope)
		}
	}
	return scopes
}

func knownClaims(asked map[string]*claimRequest) []string {
	var names []string
	for _, known := range profileClaims {
		if _, ok := asked[known.name]; ok {
			names = append(names, known.name)
		}
	}
	if _, ok := asked[sessionExpiry]; ok {
		names = append(names, sessionExpiry)
	}
	slices.Sort(names)
	return names
}

// sessionExpiry is when a session that rests on an ID token must end, of which a pass makes a
// time that the app cannot know (OpenID Connect Enterprise Extensions 1.0).
const sessionExpiry = "session_expiry"
