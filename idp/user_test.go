package idp_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

func TestNormalName(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"anna@contoso.example":                        "anna@contoso.example",
		" ANNA@Contoso.EXAMPLE \t":                    "anna@contoso.example",
		"ａｎｎａ＠contoso.example":                        "anna@contoso.example",
		"\u00a0anna@contoso.example.":                 "anna@contoso.example",
		"Ångström@contoso.example":                    "ångström@contoso.example",
		"A\u030angstro\u0308m@contoso.example":        "ångström@contoso.example",
		"\u212bngström@contoso.example":               "ångström@contoso.example", // the unit
		"ﬁona@contoso.example":                        "fiona@contoso.example",
		"o'neil+test.x-y_z@contoso.example":           "o'neil+test.x-y_z@contoso.example",
		"user1@a.b.contoso.example":                   "user1@a.b.contoso.example",
		"anna@cont\u00f6so.example":                   "anna@xn--contso-zxa.example",
		"anna@xn--contso-zxa.example":                 "anna@xn--contso-zxa.example",
		strings.Repeat("a", 304) + "@contoso.example": strings.Repeat("a", 304) + "@contoso.example",
		strings.Repeat("a", 305) + "@contoso.example": "",
		strings.Repeat("\u0130", 140) + "@a.example":  "", // fits, but not in lower case
		"":                            "",
		"anna":                        "",
		"@contoso.example":            "",
		"anna@":                       "",
		"anna@contoso":                "",
		"anna@10.0.0.1":               "",
		"anna@b@contoso.example":      "",
		"anna b@contoso.example":      "",
		"anna\u2003b@contoso.example": "",
		"anna\x00@contoso.example":    "",
		"an\u200bna@contoso.example":  "",
		"an\u202ena@contoso.example":  "",
		"anna\xff@contoso.example":    "",
		"anna\ufffd@contoso.example":  "",
		"anna@-contoso.example":       "",
		"anna@contoso..example":       "",
		"\U0001f600@contoso.example":  "",
		"anna@" + strings.Repeat("a", 64) + ".example": "",
	} {
		got, err := idp.NormalName(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
		if want == "" {
			wantError(t, err, idp.Invalid, "A user name looks like an e-mail address: name@contoso.example.")
		} else if again, err := idp.NormalName(got); again != got || err != nil {
			t.Errorf("%q becomes %q, then %q, %v", typed, got, again, err)
		}
	}
}

// TestNormalNameKeepsPeopleApart: names that look or sound alike are two people's.
func TestNormalNameKeepsPeopleApart(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"anna", "an.na"}, {"anna", "anna+1"}, {"anna", "an-na"}, {"anna", "an_na"}, {"anna", "ana"}, {"anna", "änna"},
		{"anna", "\u0430nna"}, {"strasse", "straße"}, {"groß", "gross"}, {"i", "\u0131"}, {"oscar", "0scar"}, {"l", "1"},
		{"jose", "josé"}, {"a", "å"}, {"ae", "æ"}, {"o", "ø"}, {"d", "ð"}, {"n", "ñ"}, {"a", "α"},
	} {
		a, errA := idp.NormalName(pair[0] + "@contoso.example")
		b, errB := idp.NormalName(pair[1] + "@contoso.example")
		if errA != nil || errB != nil || a == b {
			t.Errorf("%q and %q become %q and %q, %v, %v", pair[0], pair[1], a, b, errA, errB)
		}
	}
	a, _ := idp.NormalName("anna@contoso.example")
	b, _ := idp.NormalName("anna@fabrikam.example")
	c, _ := idp.NormalName("anna@sub.contoso.example")
	if a == b || a == c {
		t.Error("domains merge")
	}
}

func TestUserValidate(t *testing.T) {
	t.Parallel()
	const needsName = "A user needs a display name of at most 256 bytes, without control characters."
	for _, c := range []struct {
		name   string
		change func(*idp.User)
		want   string
	}{
		{"good", func(*idp.User) {}, ""},
		{"no name", func(u *idp.User) { u.PrincipalName = "" }, "A user name looks like an e-mail address: name@contoso.example."},
		{"not normal", func(u *idp.User) { u.PrincipalName = "Anna@contoso.example" }, `The user name "Anna@contoso.example" is not in its normal form "anna@contoso.example".`},
		{"other domain", func(u *idp.User) { u.PrincipalName = "anna@fabrikam.example" }, `"fabrikam.example" is not a domain of Contoso. Its domains: contoso.example.`},
		{"subdomain", func(u *idp.User) { u.PrincipalName = "anna@sub.contoso.example" }, `"sub.contoso.example" is not a domain of Contoso. Its domains: contoso.example.`},
		{"internal guest of another domain", func(u *idp.User) { u.PrincipalName, u.Type = "anna@fabrikam.example", idp.InternalGuest }, `"fabrikam.example" is not a domain of Contoso. Its domains: contoso.example.`},
		{"external guest of another domain", func(u *idp.User) { u.PrincipalName, u.Type = "anna@fabrikam.example", idp.ExternalGuest }, ""},
		{"no display name", func(u *idp.User) { u.DisplayName = " \t" }, needsName},
		{"long display name", func(u *idp.User) { u.DisplayName = strings.Repeat("x", 257) }, needsName},
		{"terminal escape", func(u *idp.User) { u.DisplayName = "Anna\x1b[2J" }, needsName},
		{"zero", func(u *idp.User) { u.DisplayName = "Anna\x00" }, needsName},
		{"type", func(u *idp.User) { u.Type = "robot" }, `The user type "robot" is none of member, internalGuest, externalGuest, externalMember.`},
		{"roles", func(u *idp.User) { u.Roles = idp.RoleNames() }, ""},
		{"role", func(u *idp.User) { u.Roles = []string{"Boss"} }, `The role "Boss" is none of: ` + strings.Join(idp.RoleNames(), "; ") + "."},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := anna()
			c.change(u)
			wantError(t, u.Validate(contoso()), idp.Invalid, c.want)
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	group := &idp.Group{GroupID: staffID, Name: "All Staff"}
	st := update(t, func(tx *storage.Tx) error { return putAll(tx, anna(), group, contoso()) })
	_ = st.View(context.Background(), tenantID, func(tx *storage.Tx) error {
		for _, name := range []string{annaID, "anna@contoso.example", " ANNA@contoso.example"} {
			if u, err := idp.FindUser(tx, name); err != nil || u.UserID != annaID {
				t.Errorf("user %q: %v, %v", name, u, err)
			}
		}
		for _, name := range []string{"", "anna", bobID, strings.ToUpper(annaID), "bob@contoso.example", "x\x00y"} {
			if u, err := idp.FindUser(tx, name); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("user %q: %v, %v", name, u, err)
			}
		}
		for name, found := range map[string]bool{staffID: true, "all staff": true, "ALL STAFF": true, "staff": false, bobID: false, "": false, "x\x00": false} {
			if g, err := idp.FindGroup(tx, name); (err == nil) != found || !found && !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("group %q: %v, %v", name, g, err)
			}
		}
		for name, found := range map[string]bool{tenantID: true, strings.ToUpper(tenantID): true, "Contoso.Example": true, "fabrikam.example": false, bobID: false, "": false, "system": false} {
			if c, err := idp.FindTenant(tx, name); (err == nil) != found || !found && !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("tenant %q: %v, %v", name, c, err)
			}
		}
		return nil
	})
}
