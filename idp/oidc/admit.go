package oidc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
)

// Admit tells who calls the admin API, by the access token in the Authorization header,
// and of which tenant. An error other than *web.Unauthenticated is a fault of ours.
func (p *Provider) Admit(r *http.Request) (*idp.Tenant, idp.Actor, error) {
	shown, fault := readBearerHeader(r)
	if fault != nil || shown.token == "" {
		return nil, idp.Actor{}, &web.Unauthenticated{Message: "Access token is empty."}
	}
	q := web.From(r)
	tenant, err := p.Tenants.Find(r.Context(), tenantOf(shown.token), q.Now)
	if err != nil {
		return nil, idp.Actor{}, err
	}
	if tenant == nil {
		return nil, idp.Actor{}, &web.Unauthenticated{Message: "Access token validation failure. " + whyForeign(shown.token)}
	}
	q.Tenant = tenant
	b, err := p.admit(r, shown)
	if e, ok := errors.AsType[*protocolError](err); ok {
		return nil, idp.Actor{}, p.unauthenticated(q, e)
	}
	if err != nil {
		return nil, idp.Actor{}, err
	}
	if b.Audience != idp.GraphID {
		return nil, idp.Actor{}, &web.Unauthenticated{Message: "Access token validation failure. Invalid audience."}
	}
	return tenant, p.actorOf(q, b), nil
}

// actorOf is who acts by a token. A permission of an app for itself counts for as long as
// it is permitted.
func (p *Provider) actorOf(q *web.Request, b *bearer) idp.Actor {
	app := idp.Actor{
		Party: idp.Party{Type: idp.ActorClient, ID: b.client.ClientID, Name: b.client.Name}, Tenant: q.Tenant.TenantID,
		Permissions: b.Scopes, Address: q.Address, RequestID: q.ID,
	}
	if b.user != nil {
		return app.Through(b.user, b.grant, b.Actor != "", q.Now)
	}
	app.Permissions = idp.Both(b.Scopes, b.client.EveryScope(idp.GraphAPI()))
	return app
}

// unauthenticated tells a library what to do about a token that is no longer good: one
// whose grant has ended is to be replaced by a new sign-in, and not to be tried again
// (continuous access evaluation, as Microsoft's libraries know it).
func (p *Provider) unauthenticated(q *web.Request, e *protocolError) *web.Unauthenticated {
	if !e.ended {
		return &web.Unauthenticated{Message: "Access token validation failure. " + e.description()}
	}
	claims, _ := json.Marshal(map[string]any{"access_token": map[string]any{ // of text alone: cannot fail
		"nbf": map[string]any{"essential": true, "value": strconv.FormatInt(q.Now.Unix(), 10)},
	}})
	return &web.Unauthenticated{
		Message:   "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp.",
		Challenge: `realm="", authorization_uri="` + p.url(q.Tenant, "/oauth2/v2.0/authorize") + `", error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString(claims) + `"`,
	}
}

// The tokens of the admin API name their tenant, since its address does not.
const tenantMark = "."

// markTenant puts the tenant before what is sealed for it.
func markTenant(tenant, sealed string) string {
	return strings.ReplaceAll(tenant, "-", "") + tenantMark + sealed
}

// tenantOf is the tenant that a token names, "" if it names none.
func tenantOf(token string) string {
	hex, _, found := strings.Cut(strings.TrimPrefix(token, accessPrefix), tenantMark)
	if !found || len(hex) != 32 {
		return ""
	}
	return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
}

// whyForeign tells an engineer who sends the right kind of token to the wrong place from
// one who sends something else.
func whyForeign(token string) string {
	if strings.HasPrefix(token, accessPrefix) && tenantOf(token) == "" || strings.Count(token, ".") == 2 {
		return "Invalid audience: ask for a token with the scope of this API."
	}
	return "It is no access token of this deployment."
}
