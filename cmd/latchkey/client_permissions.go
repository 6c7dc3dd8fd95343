package main

import (
	"fmt"
	"slices"
	"strings"

	"latchkey/idp"
)

// permissions are scopes of APIs as the command line takes and shows them: those of the
// administration API by their bare names, all others after their API's identifier.
func permissions(kept []string) []string {
	return each(kept, func(p string) string {
		if name, of := idp.ScopeName(idp.GraphID, p); of {
			return name
		}
		return p
	})
}

// keptPermissions are permissions as they are kept.
func keptPermissions(shown *[]string) *[]string {
	if shown == nil {
		return nil
	}
	return new(each(*shown, func(p string) string {
		if slices.Contains(idp.Permissions(), p) {
			return idp.ScopeOf(idp.GraphID, p)
		}
		return p
	}))
}

// permission reads a permission as it is typed: a bare name in any case.
func permission(typed string) (string, error) {
	typed = strings.TrimPrefix(typed, "https://graph.microsoft.com/") // as Microsoft's documents write it
	if typed == noEntries || strings.Contains(typed, "/") {
		return typed, nil
	}
	names := idp.Permissions()
	if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, typed) }); i >= 0 {
		return names[i], nil
	}
	if alike := near(names, typed); len(alike) > 0 {
		return "", fmt.Errorf("it is no permission of the administration API%s", didYouMean(alike))
	}
	return "", fmt.Errorf("it is no permission of the administration API (such as User.Read.All), and a scope of another API stands after its identifier, as in %s/calendar.read", exampleAPI)
}
