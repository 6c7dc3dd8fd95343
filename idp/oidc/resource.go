package oidc

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// wanted is what a request asks access to.
type wanted struct {
	scopes    []string // those of APIs as idp.ScopeOf has them
	resources []string // identifiers of APIs, in the order they were named
}

// scopesAsked reads scope and resource (RFC 8707 2). Scopes nobody knows are ignored
// (OIDC Core 3.1.2.1); an API nobody knows is not.
func (p *Provider) scopesAsked(ctx context.Context, q *web.Request, c *idp.Client, given params) (w wanted, err error) {
	err = p.Store.View(ctx, q.Tenant.TenantID, func(tx *storage.Tx) error {
		w, err = p.scopesWanted(tx, c, given)
		return err
	})
	return w, err
}

// scopesWanted is scopesAsked within a transaction. granted are the APIs whose scopes may
// be named without them, since they were granted before.
func (p *Provider) scopesWanted(tx *storage.Tx, c *idp.Client, given params, granted ...string) (wanted, error) {
	w := wanted{scopes: scopesFor(c, given["scope"])}
	var apis, known []*idp.API
	for _, identifier := range granted {
		api, err := idp.FindAPI(tx, identifier)
		if err != nil {
			return w, err
		}
		if api != nil {
			known = append(known, api)
		}
	}
	for _, name := range splitValues(given["resource"]) {
		api, err := idp.FindAPI(tx, p.identifierOf(name))
		if err != nil {
			return w, err
		}
		if api == nil {
			return w, bad("invalid_target", "The resource "+clip(name)+" is no API of this organization.")
		}
		apis = append(apis, api)
	}
	for _, scope := range strings.Fields(given["scope"]) {
		api, name, err := p.findScope(tx, slices.Concat(apis, known), scope)
		if err != nil {
			return w, err
		}
		if api == nil {
			continue
		}
		apis = append(apis, api)
		w.add(c, api, name)
	}
	for _, api := range apis {
		if !slices.Contains(w.resources, api.Identifier) {
			w.resources = append(w.resources, api.Identifier)
		}
	}
	return w, nil
}

// identifierOf is what an API that a request names is kept by: the admin API goes by
// other names too.
func (p *Provider) identifierOf(name string) string {
	switch strings.TrimSuffix(name, "/") {
	case p.Base, "https://graph.microsoft.com":
		return idp.GraphID
	}
	return name
}

// findScope finds the API whose scope this is: one of apis that has it, the one whose
// identifier it begins with, or the admin API, whose scopes stand alone. nil: none.
func (p *Provider) findScope(tx *storage.Tx, apis []*idp.API, scope string) (*idp.API, string, error) {
	if slices.Contains(idp.Scopes, scope) {
		return nil, "", nil
	}
	for _, api := range apis {
		if slices.Contains(api.Scopes, scope) {
			return api, scope, nil
		}
	}
	cut := strings.LastIndexByte(scope, '/')
	if cut < 0 {
		if graph := idp.GraphAPI(); slices.Contains(graph.Scopes, scope) {
			return graph, scope, nil
		}
		return nil, "", nil
	}
	for _, identifier := range []string{scope[:cut], scope[:cut+1]} { // https://api.example/ has its slash
		api, err := idp.FindAPI(tx, p.identifierOf(identifier))
		if err != nil {
			return nil, "", err
		}
		if api != nil && (scope[cut+1:] == idp.EveryScope || slices.Contains(api.Scopes, scope[cut+1:])) {
			return api, scope[cut+1:], nil
		}
	}
	return nil, "", nil
}

func (w *wanted) add(c *idp.Client, api *idp.API, name string) {
	names := []string{name}
	if name == idp.EveryScope {
		names = c.EveryScope(api)
	}
	for _, n := range names {
		if !c.MayAsk(api, n) {
			continue
		}
		if s := idp.ScopeOf(api.Identifier, n); !slices.Contains(w.scopes, s) {
			w.scopes = append(w.scopes, s)
		}
	}
}

// scopesFor are the standard scopes a client may have. Offline access is for clients
// that may refresh (OIDC Core 11): to others it would only be a sign-in that outlives
// its session. Microsoft's libraries mean these three without saying so.
func scopesFor(c *idp.Client, asked string) []string {
	if c.Entra() {
		asked += " openid profile offline_access"
	}
	scopes := idp.KnownScopes(asked)
	if !c.Allows(idp.GrantRefresh) {
		scopes = idp.Without(scopes, []string{idp.ScopeOffline})
	}
	return scopes
}

// target is what one access token is for: an API, or, with none, our own userinfo.
type target struct {
	api    *idp.API
	scopes []string // as kept
	asked  []string // the scopes of the API that the client named, as it wrote them
}

// audienceOf picks what an access token is for: the API the request names, of those
// granted, or else the first of them (RFC 8707 2.2).
func (p *Provider) audienceOf(tx *storage.Tx, given params, resources, scopes []string, granted time.Time) (target, error) {
	named := splitValues(given["resource"])
	for i, name := range named {
		named[i] = p.identifierOf(name)
	}
	if len(named) > 1 {
		return target{}, bad("invalid_target", "A token is for one resource.")
	}
	identifier := ""
	switch {
	case len(named) == 1 && !slices.Contains(resources, named[0]):
		return target{}, bad("invalid_target", "The resource "+clip(named[0])+" was not granted.")
	case len(named) == 1:
		identifier = named[0]
	default:
		identifier = firstOf(resources, scopes)
	}
	if identifier == "" {
		return target{scopes: idp.Both(scopes, idp.Scopes)}, nil
	}
	api, err := idp.FindAPI(tx, identifier)
	if err == nil && (api == nil || granted.Before(api.CreatedAt)) { // that was another of the name
		err = bad("invalid_target", "The resource "+clip(identifier)+" is no API of this organization any more.")
	}
	if err != nil {
		return target{}, err
	}
	return target{api, scopes, p.askedOf(api, given["scope"])}, nil
}

// askedOf are the scopes in asked that begin with a name of the API.
func (p *Provider) askedOf(api *idp.API, asked string) []string {
	return slices.DeleteFunc(strings.Fields(asked), func(s string) bool {
		cut := strings.LastIndexByte(s, '/')
		if cut < 0 {
			return true
		}
		identifier := p.identifierOf(s[:cut])
		return identifier != api.Identifier && identifier+"/" != api.Identifier
	})
}

// firstOf is the first resource that one of the scopes is of, or else the first.
func firstOf(resources, scopes []string) string {
	for _, r := range resources {
		if slices.ContainsFunc(scopes, func(s string) bool { _, of := idp.ScopeName(r, s); return of }) {
			return r
		}
	}
	if len(resources) > 0 {
		return resources[0]
	}
	return ""
}

// own are the names of the API's scopes among those kept, as the API calls them.
func (t target) own() []string {
	if t.api == nil {
		return idp.Both(t.scopes, idp.Scopes)
	}
	var out []string
	for _, s := range t.scopes {
		if name, ok := idp.ScopeName(t.api.Identifier, s); ok && slices.Contains(t.api.Scopes, name) {
			out = append(out, name)
		}
	}
	return out
}

// identifier of the API, "" for our own userinfo.
func (t target) identifier() string {
	if t.api == nil {
		return ""
	}
	return t.api.Identifier
}

// told is the scope of a token response (RFC 6749 5.1): standard scopes, and those of
// the API the token is for. Microsoft's libraries take what is not named as they wrote it
// for refused.
func (t target) told(c *idp.Client) string {
	out := idp.Both(t.scopes, idp.Scopes)
	if t.api == nil {
		return strings.Join(out, " ")
	}
	graph := t.api.Identifier == idp.GraphID
	for _, name := range t.own() {
		if c.Entra() && !graph {
			name = idp.ScopeOf(t.api.Identifier, name)
		}
		out = append(out, name)
	}
	if c.Entra() || graph {
		out = append(out, t.written()...)
	}
	return strings.Join(out, " ")
}

// written are the scopes the client named that it has got.
func (t target) written() []string {
	return slices.DeleteFunc(slices.Clone(t.asked), func(s string) bool {
		name := s[strings.LastIndexByte(s, '/')+1:]
		return name != idp.EveryScope && (t.api.Identifier != idp.GraphID || !slices.Contains(t.own(), name))
	})
}
