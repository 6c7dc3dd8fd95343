package idp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

func filesAPI() *idp.API {
	return &idp.API{APIID: "a1", Identifier: "https://api.contoso.example", Name: "Files", Scopes: []string{"read", "write"}}
}

func TestAPIValidate(t *testing.T) {
	t.Parallel()
	named := func(s string) func(*idp.API) { return func(a *idp.API) { a.Identifier = s } }
	scopes := func(s ...string) func(*idp.API) { return func(a *idp.API) { a.Scopes = s } }
	noURI := func(s string) string {
		return fmt.Sprintf("The identifier %q is not an absolute URI without fragment, such as https://api.contoso.example.", s)
	}
	letters := func(s string) string {
		return fmt.Sprintf("The scope %q may have 1 to 100 letters, digits, and . _ : - only.", s)
	}
	own := func(s string) string { return fmt.Sprintf("The scope %q has a meaning of its own.", s) }
	long := "https://api.contoso.example/" + strings.Repeat("a", 500)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("s", i)
	}
	const needsName = "An API needs a name of at most 256 bytes, without control characters."
	for _, c := range []struct {
		name   string
		change func(*idp.API)
		want   string
	}{
		{"good", func(*idp.API) {}, ""},
		{"no scopes", scopes(), ""},
		{"path and port", named("https://api.contoso.example:8443/v1/"), ""},
		{"query", named("https://api.contoso.example/?v=1"), ""},
		{"http", named("http://localhost:5000"), ""},
		{"of Entra's kind", named("api://11111111-1111-4111-8111-111111111111"), ""},
		{"name", named("urn:contoso:files"), ""},
		{"a hundred scopes", scopes(many[:100]...), ""},
		{"letters of a scope", scopes("Files.Read_All:x-1", strings.Repeat("a", 100)), ""},
		{"no identifier", named(""), noURI("")},
		{"relative", named("api.contoso.example"), noURI("api.contoso.example")},
		{"path only", named("/files"), noURI("/files")},
		{"scheme only", named("https:"), noURI("https:")},
		{"no host", named("https:///files"), noURI("https:///files")},
		{"fragment", named("https://api.contoso.example/#f"), noURI("https://api.contoso.example/#f")},
		{"empty fragment", named("https://api.contoso.example/#"), noURI("https://api.contoso.example/#")},
		{"a space", named("https://api.contoso.example/a b"), noURI("https://api.contoso.example/a b")},
		{"a tab", named("https://api.contoso.example/a\tb"), noURI("https://api.contoso.example/a\tb")},
		{"a quotation mark", named(`https://api.contoso.example/"`), noURI(`https://api.contoso.example/"`)},
		{"a backslash", named(`https://api.contoso.example\`), noURI(`https://api.contoso.example\`)},
		{"a letter beyond ASCII", named("https://api.contoso.example/é"), noURI("https://api.contoso.example/é")},
		{"long", named(long), noURI(long)},
		{"no name", func(a *idp.API) { a.Name = "" }, needsName},
		{"name of two lines", func(a *idp.API) { a.Name = "a\nb" }, needsName},
		{"101 scopes", scopes(many...), "An API has at most 100 scopes."},
		{"empty scope", scopes("read", ""), letters("")},
		{"scope with a space", scopes("a b"), letters("a b")},
		{"scope with a slash", scopes("a/b"), letters("a/b")},
		{"long scope", scopes(strings.Repeat("a", 101)), letters(strings.Repeat("a", 101))},
		{"scope twice", scopes("read", "write", "read"), `The scope "read" is there twice.`},
		{"openid", scopes("openid"), own("openid")},
		{"offline_access", scopes("offline_access"), own("offline_access")},
		{"the one for all", scopes(".default"), own(".default")},
	} {
		a := filesAPI()
		c.change(a)
		t.Run(c.name, func(t *testing.T) { wantError(t, a.Validate(), idp.Invalid, c.want) })
	}
}

// TestFindAPI: by its identifier, byte for byte.
func TestFindAPI(t *testing.T) {
	t.Parallel()
	update(t, func(tx *storage.Tx) error {
		a := filesAPI()
		a.ClientID = "store"
		if err := tx.Put(a); err != nil {
			return err
		}
		for name, want := range map[string]bool{
			"https://api.contoso.example": true, "https://api.contoso.example/": false, "https://API.contoso.example": false,
			"a1": false, "": false, strings.Repeat("x", 2000): false,
		} {
			if found, err := idp.FindAPI(tx, name); err != nil || (found != nil) != want {
				t.Errorf("%.40q: %v, %v", name, found, err)
			}
		}
		mine, _, err := storage.List[idp.API](tx, "client", "store", storage.Page{})
		if err != nil || len(mine) != 1 {
			t.Errorf("by its client: %v, %v", mine, err)
		}
		return nil
	})
}

// TestKnownScopes: in the order of the house, each once, and nothing else.
func TestKnownScopes(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string][]string{
		"": nil, "openid": {"openid"}, " email  openid email x ": {"email", "openid"}, "OpenID": nil, "openid,email": nil,
	} {
		if got := idp.KnownScopes(asked); !slices.Equal(got, want) {
			t.Errorf("%q: %v", asked, got)
		}
	}
	if got := idp.Without([]string{"a", "b", "a", "c"}, []string{"a", "d"}); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("%v", got)
	}
}
