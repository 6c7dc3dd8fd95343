package idp

import "slices"

// GraphID is the identifier of the admin API in every tenant: the application id by
// which Microsoft's tools know Microsoft Graph. Whoever asks for tokens may also name
// the API by the deployment's base URL.
const GraphID = "00000003-0000-0000-c000-000000000000"

// GraphAPI is the admin API. Every tenant has it, and none stores it.
func GraphAPI() *API {
	return &API{APIID: GraphID, Identifier: GraphID, Name: "Latchkey administration", Scopes: Permissions()}
}

// Permissions are what apps may be permitted at the admin API, by the names of Microsoft
// Graph, sorted.
func Permissions() []string {
	return gather(func(r rule) []string { return slices.Concat(r.permissions, r.own) })
}

// AppPermissions are those that an app may have for itself, without a person.
func AppPermissions() []string { return gather(func(r rule) []string { return r.permissions }) }

func gather(of func(rule) []string) []string {
	var all []string
	for _, r := range rules {
		all = append(all, of(r)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// selfPermission is what an app may be permitted that nobody vouches for.
const selfPermission = "User.Read"

// EveryScope are the scopes of an API that the client means when it asks for all
// (".default"). The admin API has so many that those an administrator registered the
// client for are meant.
func (c *Client) EveryScope(api *API) []string {
	if api.Identifier != GraphID {
		return api.Scopes
	}
	names := []string{selfPermission}
	for _, p := range c.Permissions {
		if name, of := ScopeName(GraphID, p); of {
			names = append(names, name)
		}
	}
	return names
}

// vouched tells whether the tenant's consent for a trusted client is for this scope, as it
// is kept. At the admin API it is for what an administrator registered the client for.
func (c *Client) vouched(scope string) bool {
	name, of := ScopeName(GraphID, scope)
	return !of || slices.Contains(c.EveryScope(GraphAPI()), name)
}

// MayAsk tells whether the client may ask people for a scope of an API. A client that
// registered itself must not talk an administrator into giving it the organization.
func (c *Client) MayAsk(api *API, scope string) bool {
	return api.Identifier != GraphID || c.Registration == "" || scope == selfPermission
}
