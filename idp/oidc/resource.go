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
		w, err = scopesWanted(tx, c, given)
		return err
	})
	return w, err
}

// scopesWanted is scopesAsked within a transaction. granted are the APIs whose scopes may
// be named without them, since they were granted before.
func scopesWanted(tx *storage.Tx, c *idp.Client, given params, granted ...string) (wanted, error) {
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
		api, err := idp.FindAPI(tx, name)
		if err != nil {
			return w, err
		}
		if api == nil {
			return w, bad("invalid_target", "The resource "+clip(name)+" is no API of this organization.")
		}
		apis = append(apis, api)
	}
	for _, scope := range strings.Fields(given["scope"]) {
		api, name, err := findScope(tx, slices.Concat(apis, known), scope)
		if err != nil {
			return w, err
		}
		if api == nil {
			continue
		}
		apis = append(apis, api)
		w.add(api, name)
	}
	for _, api := range apis {
		if !slices.Contains(w.resources, api.Identifier) {
			w.resources = append(w.resources, api.Identifier)
		}
	}
	return w, nil
}

// findScope finds the API whose scope this is: one of apis that has it, or the one
// whose identifier it begins with. nil: none.
func findScope(tx *storage.Tx, apis []*idp.API, scope string) (*idp.API, string, error) {
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
		return nil, "", nil
	}
	for _, identifier := range []string{scope[:cut], scope[:cut+1]} { // https://api.example/ has its slash
		api, err := idp.FindAPI(tx, identifier)
		if err != nil {
			return nil, "", err
		}
		if api != nil && (scope[cut+1:] == idp.EveryScope || slices.Contains(api.Scopes, scope[cut+1:])) {
			return api, scope[cut+1:], nil
		}
	}
	return nil, "", nil
}

func (w *wanted) add(api *idp.API, name string) {
	names := []string{name}
	if name == idp.EveryScope {
		names = api.Scopes
	}
	for _, n := range names {
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
	whole  []string // the scopes that stood for all of the API's, as the client wrote them
}

// audienceOf picks what an access token is for: the API the request names, of those
// granted, or else the first of them (RFC 8707 2.2).
func audienceOf(tx *storage.Tx, given params, resources, scopes []string, granted time.Time) (target, error) {
	named := splitValues(given["resource"])
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
	return target{api, scopes, wholeOf(api, given["scope"])}, nil
}

// wholeOf are the scopes in asked that stand for all of the API's.
func wholeOf(api *idp.API, asked string) []string {
	return slices.DeleteFunc(strings.Fields(asked), func(s string) bool {
		identifier, ok := strings.CutSuffix(s, "/"+idp.EveryScope)
		return !ok || identifier != api.Identifier && identifier+"/" != api.Identifier
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
// the API the token is for, as the client writes them.
func (t target) told(c *idp.Client) string {
	out := idp.Both(t.scopes, idp.Scopes)
	if t.api == nil {
		return strings.Join(out, " ")
	}
	for _, name := range t.own() {
		if c.Entra() {
			name = idp.ScopeOf(t.api.Identifier, name)
		}
		out = append(out, name)
	}
	if c.Entra() { // Microsoft's libraries take what is not named for refused
		out = append(out, t.whole...)
	}
	return strings.Join(out, " ")
}
