package oidc_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// pairwise names people to an app by names that only its sector knows.
func pairwise(redirects ...string) func(*idp.Client) {
	return func(c *idp.Client) {
		if c.Subject.Type = idp.SubjectPairwise; len(redirects) > 0 {
			c.RedirectURIs = redirects
		}
	}
}

// subOf is how the app knows the visitor.
func (v *visitor) subOf(a *app) string {
	v.t.Helper()
	sub, _ := v.claims(v.tokens(a, v.who, nil).str("id_token"))["sub"].(string)
	return sub
}

// TestPairwiseSectors: apps of one sector know a person by one name, others by another,
// and none by what the store or an app of the public kind calls them (OIDC Core 8.1).
func TestPairwiseSectors(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	apps := map[string]*app{}
	for id, change := range map[string]func(*idp.Client){
		"one":     pairwise("https://site.example/one"),
		"two":     pairwise("https://site.example/two", "https://site.example/three"),
		"port":    pairwise("https://site.example:8443/one"),
		"letters": pairwise("https://Site.EXAMPLE/one"),
		"other":   pairwise("https://other.example/one"),
		"below":   pairwise("https://below.site.example/one"),
		"group": func(c *idp.Client) {
			pairwise("https://a.example/", "https://b.example/")(c)
			c.Subject.SectorURI = "https://site.example/sector.json"
		},
		"public": func(c *idp.Client) { c.RedirectURIs = []string{"https://site.example/public"} },
	} {
		apps[id] = v.relying(id, change)
	}
	one := v.subOf(apps["one"])
	for id, same := range map[string]bool{"two": true, "port": true, "letters": true, "group": true, "other": false, "below": false, "public": false} {
		if sub := v.subOf(apps[id]); (sub == one) != same || sub == "" || len(sub) > 255 || (sub == v.users["anna"].UserID) != (id == "public") {
			t.Errorf("%s knows her as %q, one as %q", id, sub, one)
		}
	}
	_, code := v.pass("ben", idp.PassRequest{})
	ben := v.claims(v.world.browser().tokens(apps["one"], person{name: "ben", code: code}, nil).str("id_token"))["sub"]
	if ben == one {
		t.Error("two people have one name")
	}
	v.stop()
	v.start()
	if again := v.subOf(apps["one"]); again != one {
		t.Errorf("after a restart: %q, was %q", again, one)
	}
	name := "anna.other@contoso.example"
	v.must2(v.admin.UpdateUser(v.ctx(), operator, tenantID, "anna@contoso.example", admin.UserChange{PrincipalName: &name}))
	if again := v.subOf(apps["one"]); again != one {
		t.Errorf("by another user name: %q, was %q", again, one)
	}
}

// TestPairwiseEverywhere: every place that names the person names them alike.
func TestPairwiseEverywhere(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	e := v.listen()
	v.api(files, "store", true)
	a := v.hearing(e, "one", pairwise(), answering())
	front := v.enter(a, one("response_type", "code id_token token"))
	got := v.redeem(a, front.code(), nil)
	want := v.claims(got.str("id_token"))["sub"].(string)
	jwt := v.tokens(a, v.who, one("scope", "openid offline_access "+files+"/read"))
	again := v.refresh(a, got.str("refresh_token"), "")
	seen := map[string]any{
		"ID token from the front":  v.claims(front.Fields.Get("id_token"))["sub"],
		"refreshed ID token":       v.claims(again.str("id_token"))["sub"],
		"userinfo":                 v.userinfo(got.str("access_token")).JSON["sub"],
		"userinfo, front":          v.userinfo(front.Fields.Get("access_token")).JSON["sub"],
		"access token of an API":   v.claims(jwt.str("access_token"))["sub"],
		"introspection":            v.introspect(a, got.str("access_token")).JSON["sub"],
		"introspection, refresh":   v.introspect(a, got.str("refresh_token")).JSON["sub"],
		"introspection by others":  v.introspect(v.apps["worker"], got.str("access_token")).JSON["sub"],
		"introspection by the API": v.introspect(v.apps["store"], jwt.str("access_token")).JSON["sub"],
	}
	v.logout(one("id_token_hint", got.str("id_token")))
	for _, c := range v.tell(e) {
		seen["logout token"] = v.claims(c.token)["sub"]
	}
	for where, sub := range seen {
		if sub != want {
			t.Errorf("%s: %v, want %q", where, sub, want)
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d places", len(seen))
	}
	for where, text := range map[string]string{"tokens": string(got.Body), "userinfo": string(v.userinfo(got.str("access_token")).Body), "the name": string(decoded(t, want))} {
		if strings.Contains(text, v.users["anna"].UserID) {
			t.Errorf("%s: her id is there: %s", where, text)
		}
	}
}

// TestPairwiseHints: an app asks for the person by the name that it knows, and no app by
// one that is another's.
func TestPairwiseHints(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	a, b := v.relying("one", pairwise()), v.relying("two", pairwise())
	first, second := v.tokens(a, v.who, nil), v.tokens(b, v.who, nil)
	sub := func(r *reply) string { return v.claims(r.str("id_token"))["sub"].(string) }
	_, code := v.pass("ben", idp.PassRequest{})
	ben := v.world.browser().tokens(a, person{name: "ben", code: code}, nil)
	id := v.users["anna"].UserID
	for name, test := range map[string]struct {
		change url.Values
		failed string
	}{
		"her ID token":             {one("id_token_hint", first.str("id_token")), ""},
		"her ID token for another": {one("id_token_hint", second.str("id_token")), ""}, // ours, and it names her
		"his ID token":             {one("id_token_hint", ben.str("id_token")), "login_required"},
		"her name":                 {one("claims", `{"id_token":{"sub":{"value":"`+sub(first)+`"}}}`), ""},
		"his name":                 {one("claims", `{"id_token":{"sub":{"value":"`+sub(ben)+`"}}}`), "login_required"},
		"her name for another":     {one("claims", `{"id_token":{"sub":{"value":"`+sub(second)+`"}}}`), "login_required"},
		"her id":                   {one("claims", `{"id_token":{"sub":{"value":"`+id+`"}}}`), "login_required"},
		"nobody":                   {one("claims", `{"id_token":{"sub":{"value":"x"}}}`), "login_required"},
	} {
		test.change.Set("prompt", "none")
		if got := v.authorize(a, test.change); got.Fields.Get("error") != test.failed {
			t.Errorf("%s: %v", name, got.Fields)
		}
	}
	if got := v.logout(url.Values{"id_token_hint": {first.str("id_token")}, "post_logout_redirect_uri": {"https://one.example/"}}); got.Header.Get("Location") != "https://one.example/" {
		t.Errorf("logout: %d %+v", got.Status, got.Page)
	}
}

// TestPairwiseNeedsKeys: only the keyring tells who is behind a name, and only for the
// tenant, the sector and the purpose it was made for.
func TestPairwiseNeedsKeys(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	a := v.relying("one", pairwise())
	sub := v.subOf(a)
	foreign, err := idp.NewKeyring([]byte(strings.Repeat("another pepper ", 3)))
	v.must(err)
	for name, open := range map[string]func() ([]byte, error){
		"another pepper":  func() ([]byte, error) { return foreign.Open("pairwise-subject", tenantID, a.Subject.Sector, sub) },
		"another tenant":  func() ([]byte, error) { return testRing().Open("pairwise-subject", twinID, a.Subject.Sector, sub) },
		"another sector":  func() ([]byte, error) { return testRing().Open("pairwise-subject", tenantID, "two.example", sub) },
		"another purpose": func() ([]byte, error) { return testRing().Open("access-token", tenantID, a.Subject.Sector, sub) },
	} {
		if plain, err := open(); err == nil {
			t.Errorf("%s opens it: %q", name, plain)
		}
	}
	if plain, err := testRing().Open("pairwise-subject", tenantID, a.Subject.Sector, sub); err != nil || string(plain) != v.users["anna"].UserID {
		t.Errorf("its own keyring: %q, %v", plain, err)
	}
}

// TestPairwiseOneSector: redirect URIs of several hosts need a document that says that
// they belong together (OIDC Core 8.1).
func TestPairwiseOneSector(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	create := func(uris ...string) error {
		_, _, err := w.admin.CreateClient(w.ctx(), operator, tenantID, idp.Client{
			Name: "App", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantCode}, RedirectURIs: uris, Subject: idp.ClientSubject{Type: idp.SubjectPairwise},
		})
		return err
	}
	if err := create("https://a.example/", "https://a.example:8443/"); err != nil {
		t.Errorf("one host at two ports: %v", err)
	}
	for _, uris := range [][]string{{"https://a.example/", "https://b.example/"}, {"com.example.app:/callback"}} {
		if err := create(uris...); idp.ErrorCode(err) != idp.Invalid {
			t.Errorf("%v: %v", uris, err)
		}
	}
}
