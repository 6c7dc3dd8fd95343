package idp_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

func TestNormalDomain(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	for typed, want := range map[string]string{
		"contoso.example":           "contoso.example",
		" Contoso.EXAMPLE. ":        "contoso.example",
		"a.b-c.d1.example":          "a.b-c.d1.example",
		"xn--bcher-kva.example":     "xn--bcher-kva.example",
		label + ".example":          label + ".example",
		label + "a.example":         "",
		"a.xn--p1ai":                "a.xn--p1ai",
		"":                          "",
		".":                         "",
		"contoso":                   "",
		"contoso.":                  "",
		".example":                  "",
		"contoso..example":          "",
		"contoso.example..":         "",
		"-a.example":                "",
		"a-.example":                "",
		"a.-example":                "",
		"a_b.example":               "",
		"a b.example":               "",
		"a.example/x":               "",
		"a.example:1":               "",
		"*.example":                 "",
		"a.e":                       "",
		"a.123":                     "",
		"127.0.0.1":                 "",
		"::1":                       "",
		"bücher.example":            "xn--bcher-kva.example",
		"BÜCHER.example.":           "xn--bcher-kva.example",
		"bu\u0308cher.example":      "xn--bcher-kva.example",
		"straße.example":            "xn--strae-oqa.example", // not strasse.example, which is somebody else's
		"ｃｏｎｔｏｓｏ.example":           "contoso.example",
		"con\u00adtoso.example":     "contoso.example",        // a soft hyphen, which nobody sees
		"con\u200dtoso.example":     "",                       // a joiner where there is nothing to join
		"\u043eontoso.example":      "xn--ontoso-vqf.example", // begins with a Cyrillic letter
		"a\u2024example":            "",
		"common":                    "",
		"v1.0":                      "",
		"beta":                      "",
		strings.Repeat("a.", 200):   "",
		"contoso.example\x00":       "",
		"contoso.example\ncontoso":  "",
		"\u212aontoso.example":      "kontoso.example", // the Kelvin sign's lower case is k
		"contoso\u3002example":      "contoso.example",
		annaID:                      "",
		"a." + label + "." + label:  "a." + label + "." + label,
		"https://contoso.example":   "",
		"contoso.example@evil.test": "",
	} {
		got, err := idp.NormalDomain(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", typed, got, err, want)
		}
	}
	for hyphens, want := range map[int]bool{490: true, 500: false} { // in bytes twice as many, which nobody sees
		if got, err := idp.NormalDomain("con" + strings.Repeat("\u00ad", hyphens) + "toso.example"); (got == "contoso.example") != want || (err == nil) != want {
			t.Errorf("%d soft hyphens: %q, %v", hyphens, got, err)
		}
	}
	_, err := idp.NormalDomain("Organizations")
	wantError(t, err, idp.Invalid, `The domain "organizations" is reserved.`)
	_, err = idp.NormalDomain("a b")
	wantError(t, err, idp.Invalid, `"a b" is not a domain name. Give one like contoso.example.`)
}

func TestTenantValidate(t *testing.T) {
	t.Parallel()
	const needsName = "A tenant needs a name of at most 256 bytes, without control characters."
	for _, c := range []struct {
		name   string
		change func(*idp.Tenant)
		want   string
	}{
		{"good", func(*idp.Tenant) {}, ""},
		{"id", func(x *idp.Tenant) { x.TenantID = "contoso" }, `The tenant id "contoso" is not a GUID.`},
		{"id in capitals", func(x *idp.Tenant) { x.TenantID = strings.ToUpper(annaID) }, `The tenant id "` + strings.ToUpper(annaID) + `" is not a GUID.`},
		{"no name", func(x *idp.Tenant) { x.Name = "" }, needsName},
		{"long name", func(x *idp.Tenant) { x.Name = strings.Repeat("x", 257) }, needsName},
		{"name with a tab", func(x *idp.Tenant) { x.Name = "a\tb" }, needsName},
		{"no domain", func(x *idp.Tenant) { x.Domains = nil }, "A tenant has between 1 and 900 domains."},
		{"900 domains", func(x *idp.Tenant) { x.Domains = slices.Repeat(x.Domains, 900) }, ""},
		{"901 domains", func(x *idp.Tenant) { x.Domains = slices.Repeat(x.Domains, 901) }, "A tenant has between 1 and 900 domains."},
		{"domain in capitals", func(x *idp.Tenant) { x.Domains[0] = "Contoso.example" }, `"Contoso.example" is not a domain name in lower case.`},
		{"no domain name", func(x *idp.Tenant) { x.Domains[0] = "contoso" }, `"contoso" is not a domain name in lower case.`},
		{"default", func(x *idp.Tenant) { x.Domains, x.Default = append(x.Domains, "b.example"), "b.example" }, ""},
		{"default of others", func(x *idp.Tenant) { x.Default = "b.example" }, `The default domain "b.example" is none of the tenant's.`},
		{"accent", func(x *idp.Tenant) { x.Accent = "#1a2b3c" }, ""},
		{"accent in capitals", func(x *idp.Tenant) { x.Accent = "#1A2B3C" }, `The accent colour "#1A2B3C" is not of the form #1a2b3c.`},
		{"accent with more", func(x *idp.Tenant) { x.Accent = "#1a2b3c;x" }, `The accent colour "#1a2b3c;x" is not of the form #1a2b3c.`},
		{"shortest session", func(x *idp.Tenant) { x.SessionLifetime = time.Minute }, ""},
		{"shorter", func(x *idp.Tenant) { x.SessionLifetime = time.Minute - 1 }, "The session lifetime must lie between one minute and 90 days."},
		{"negative", func(x *idp.Tenant) { x.SessionLifetime = -time.Hour }, "The session lifetime must lie between one minute and 90 days."},
		{"longest session", func(x *idp.Tenant) { x.SessionLifetime = 90 * 24 * time.Hour }, ""},
		{"longer", func(x *idp.Tenant) { x.SessionLifetime = 90*24*time.Hour + 1 }, "The session lifetime must lie between one minute and 90 days."},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := contoso()
			c.change(x)
			wantError(t, x.Validate(), idp.Invalid, c.want)
		})
	}
	x := contoso()
	if !x.Owns("CONTOSO.example") || x.Owns("sub.contoso.example") || x.Owns("") || !x.SessionEnd(t0).Equal(t0.Add(24*time.Hour)) {
		t.Error("Owns or SessionEnd")
	}
}
