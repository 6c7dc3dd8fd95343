package admin

import (
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// checkPermissions sees to it that there is what a client is permitted, as far as it was
// not permitted it before: a scope that an API has lost blocks no other change.
func checkPermissions(tx *storage.Tx, c *idp.Client, before []string) error {
	for _, p := range idp.Without(c.Permissions, before) {
		if err := checkPermission(tx, c, p); err != nil {
			return err
		}
	}
	return nil
}

func checkPermission(tx *storage.Tx, c *idp.Client, permission string) error {
	api, name, err := scopeOf(tx, permission)
	switch {
	case err != nil:
		return err
	case api == nil:
		return idp.Errorf(idp.Invalid, "There is no API whose scope the permission %q would be.", permission)
	case api.APIID == idp.GraphID:
		return checkAdministration(c, name)
	case slices.Contains(api.Scopes, name):
		return nil
	case len(api.Scopes) == 0:
		return idp.Errorf(idp.Invalid, "The API %s has no scope %q: it has none.", api.Identifier, name)
	}
	return idp.Errorf(idp.Invalid, "The API %s has no scope %q. Its scopes: %s.", api.Identifier, name, strings.Join(api.Scopes, ", "))
}

// checkAdministration tells whether a client may have a permission of the admin API: what
// is about a person's own things takes a token about a person.
func checkAdministration(c *idp.Client, name string) error {
	switch {
	case slices.Contains(idp.AppPermissions(), name):
		return nil
	case !slices.Contains(idp.Permissions(), name):
		return idp.Errorf(idp.Invalid, "The administration API has no permission %q.", name)
	case !c.Allows(idp.GrantExchange):
		return idp.Errorf(idp.Invalid, "%s is about a person's own things: an app cannot have it for itself, only exchange a token about the person for it.", name)
	}
	return nil
}

// scopeOf is the API that a scope, as it is kept, is of, and what that calls it; nil if
// there is none.
func scopeOf(tx *storage.Tx, scope string) (*idp.API, string, error) {
	identifier := scope[:max(strings.LastIndexByte(scope, '/'), 0)]
	for _, spelling := range []string{identifier, identifier + "/"} { // which are never both there
		a, err := idp.FindAPI(tx, spelling)
		if err != nil {
			return nil, "", err
		}
		if a == nil {
			continue
		}
		if name, of := idp.ScopeName(a.Identifier, scope); of {
			return a, name, nil
		}
	}
	return nil, "", nil
}
