package oidc_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// TestPushed: the answer of RFC 9126 2.2, and the request it stands for, of which
// nothing in the URL counts but the client.
func TestPushed(t *testing.T) {
	v := newVisitor(t, options{})
	for _, id := range []string{"web", "trusted", "native", "keyed"} {
		a := v.apps[id]
		if a == nil {
			a = v.keyed(id, nil)
		}
		got := v.push(a, one("response_mode", "fragment"))
		uri := got.str("request_uri")
		if got.Status != 201 || !strings.HasPrefix(uri, "urn:ietf:params:oauth:request_uri:ru_") || len(uri) < 75 || got.num("expires_in") != 90 || len(got.JSON) != 2 {
			t.Errorf("%s: %d %s", id, got.Status, got.Body)
		}
		if h := got.Header; h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", id, h)
		}
		query := url.Values{
			"client_id": {id}, "request_uri": {uri}, "state": {"outside"}, "redirect_uri": {"https://evil.example/"}, "response_mode": {"query"},
			"scope": {"no such"}, "prompt": {"none"}, "code_challenge": {"x"}, "response_type": {"id_token"},
		}
		out := v.do(v.request("/oauth2/v2.0/authorize?"+query.Encode(), nil))
		if out.State != "" {
			out = v.answer(out.State, v.who)
		}
		if out.code() == "" || out.Mode != "fragment" || out.Fields.Get("state") != "some state" || !strings.HasPrefix(out.Header.Get("Location"), a.redirect()+"#") {
			t.Errorf("%s: %d %v %+v", id, out.Status, out.Fields, out.Page)
			continue
		}
		form := a.redemption(out.code())
		if a.Public() {
			form.Set("code_verifier", verifier)
		}
		if tokens := v.do(v.ask(a, "token", form)); tokens.Status != 200 || v.claims(tokens.str("id_token"))["nonce"] != "some nonce" {
			t.Errorf("%s: %d %s", id, tokens.Status, tokens.Body)
		}
	}
}

// TestPushedOnce: a request may be looked at until a sign-in with it succeeds, and
// then never again (RFC 9126 4, 7.3).
func TestPushedOnce(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	uri := v.push(web, nil).str("request_uri")
	var state string
	for range 3 { // the page is loaded again
		if state = v.follow(web, uri).State; state == "" {
			t.Fatal("nobody is asked to sign in")
		}
	}
	other := v.follow(web, uri).State
	if got := v.answer(state, v.who); got.code() == "" {
		t.Fatalf("%d %v", got.Status, got.Fields)
	}
	for name, got := range map[string]*reply{
		"opened again":               v.follow(web, uri),
		"in another browser":         v.world.browser().follow(web, uri),
		"a page that was open":       v.answer(other, v.who),
		"the page that was answered": v.answer(state, v.who),
	} {
		if got.code() != "" || got.State != "" || v.strays(got) != "" {
			t.Errorf("%s: %d %v %+v", name, got.Status, got.Fields, got.Page)
		}
		if e := got.Fields.Get("error") + got.Page.Error.Code; e != "invalid_request_uri" {
			t.Errorf("%s: %q", name, e)
		}
	}
}

// TestParallelPushed: of parallel sign-ins with one request exactly one gets a code,
// in browsers with a session as on pages that are answered.
func TestParallelPushed(t *testing.T) {
	for _, bolt := range []bool{false, true} {
		v := newVisitor(t, options{bolt: bolt})
		web := v.apps["web"]
		v.in(web)
		for range 5 {
			uri := v.push(web, nil).str("request_uri")
			told := rush(40, func(i int) string {
				got := v.browser.clone().follow(web, uri)
				return fmt.Sprint(got.code() != "", got.Fields.Get("error")+got.Page.Error.Code)
			})
			if told["true"] != 1 || told["falseinvalid_request_uri"] != 39 {
				t.Fatalf("bolt %t: %v", bolt, told)
			}
			uri = v.push(web, one("prompt", "consent")).str("request_uri")
			states := make([]string, 20)
			for i := range states {
				states[i] = v.follow(web, uri).State
			}
			told = rush(len(states), func(i int) string {
				got := v.browser.clone().answer(states[i], person{})
				return fmt.Sprint(got.code() != "", got.Fields.Get("error"))
			})
			if want := (map[string]int{"true": 1, "falseinvalid_request_uri": 19}); !maps.Equal(told, want) {
				t.Fatalf("bolt %t, on pages: %v", bolt, told)
			}
		}
	}
}

// TestPushedBoundaries: it is for one client, for 90 seconds.
func TestPushedBoundaries(t *testing.T) {
	v := newVisitor(t, options{})
	web, trusted := v.apps["web"], v.apps["trusted"]
	refused := func(name string, got *reply) {
		t.Helper()
		if got.Page.Page != "refused" || got.Page.Error.Code != "invalid_request_uri" || got.Header.Get("Location") != "" {
			t.Errorf("%s: %d %q %+v", name, got.Status, got.Header.Get("Location"), got.Page)
		}
	}
	uri := v.push(web, nil).str("request_uri")
	refused("another client", v.follow(trusted, uri))
	refused("changed by a letter", v.follow(web, altered(uri)))
	refused("with a letter more", v.follow(web, uri+"A"))
	refused("in capitals", v.follow(web, strings.ToUpper(uri)))
	v.advance(idp.PushedLifetime - time.Second)
	if got := v.follow(web, uri); got.State == "" {
		t.Errorf("just before its end: %d %+v", got.Status, got.Page)
	} else if got := v.answer(got.State, v.who); got.code() == "" {
		t.Errorf("and answered: %d %v", got.Status, got.Fields)
	}
	uri = v.push(web, nil).str("request_uri")
	if got := v.world.browser().follow(web, uri); got.State == "" {
		t.Errorf("at once: %d %+v", got.Status, got.Page)
	}
	v.advance(idp.PushedLifetime)
	refused("at its end", v.follow(web, uri))
}

// TestPushedLate: who began to sign in in time may finish later.
func TestPushedLate(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	state := v.follow(web, v.push(web, nil).str("request_uri")).State
	v.advance(idp.PushedLifetime + 5*time.Minute)
	v.must2(v.store.Sweep(v.ctx(), tenantID, v.clock.Now(), 1000))
	if got := v.answer(state, v.who); got.code() == "" {
		t.Errorf("%d %v %+v", got.Status, got.Fields, got.Page)
	}
}

// TestPushedRefused: a mistake is told to the client in JSON, and nothing is kept.
func TestPushedRefused(t *testing.T) {
	v := newVisitor(t, options{})
	web, native := v.apps["web"], v.apps["native"]
	plain := v.keyed("keyed", nil)
	for _, test := range []struct {
		name   string
		app    *app
		change url.Values
		code   string
	}{
		{"a request_uri", web, one("request_uri", "https://app.example/x"), "invalid_request"},
		{"a pushed request_uri", web, one("request_uri", "urn:ietf:params:oauth:request_uri:ru_x"), "invalid_request"},
		{"no redirect URI", web, one("redirect_uri", ""), "invalid_request"},
		{"a stranger's redirect URI", web, one("redirect_uri", "https://evil.example/"), "invalid_request"},
		{"another client's redirect URI", web, one("redirect_uri", plain.redirect()), "invalid_request"},
		{"two redirect URIs", web, url.Values{"redirect_uri": {web.redirect(), web.redirect()}}, "invalid_request"},
		{"no response type", web, one("response_type", ""), "invalid_request"},
		{"unknown response type", web, one("response_type", "x"), "unsupported_response_type"},
		{"a response type of others", web, one("response_type", "id_token"), "unauthorized_client"},
		{"unknown scope", web, one("scope", "x"), "invalid_scope"},
		{"unknown prompt", web, one("prompt", "x"), "invalid_request"},
		{"unknown resource", web, one("resource", "https://none.example"), "invalid_target"},
		{"no PKCE", native, url.Values{"code_challenge": {""}, "code_challenge_method": {""}}, "invalid_request"},
		{"plain PKCE", native, one("code_challenge_method", "plain"), "invalid_request"},
		{"a hint that is none", web, one("id_token_hint", "x"), "invalid_request"},
		{"claims that are none", web, one("claims", "{"), "invalid_request"},
		{"a request that is none", web, one("request", "x"), "invalid_request_object"},
		{"a request of another", plain, one("request", v.object(plain, esKey(), claims{"client_id": "web"})), "invalid_request_object"},
		{"a request to a stranger", plain, one("request", v.object(plain, esKey(), claims{"redirect_uri": "https://evil.example/"})), "invalid_request"},
		{"a wrong dpop_jkt", web, one("dpop_jkt", "x"), "invalid_request"},
		{"9 KiB of state", web, one("state", strings.Repeat("x", 9<<10)), "invalid_request"},
		{"3 KiB that get longer", web, one("state", strings.Repeat("%", 3<<10)), "invalid_request"},
		{"11 resources", web, url.Values{"resource": strings.Split(strings.Repeat("https://a.example ", 10)+"x", " ")}, "invalid_target"},
	} {
		got := v.unstored(test.name, func() *reply { return v.push(test.app, test.change) })
		if checkError(t, got, 400, test.code); got.Status != 400 || got.str("error") != test.code {
			t.Errorf("%s: %d %s", test.name, got.Status, got.Body)
		}
	}
	got := v.unstored("no client", func() *reply { return v.do(v.request("/oauth2/v2.0/par", web.params(one("client_id", "")))) })
	checkError(t, got, 401, "invalid_client")
	got = v.unstored("no secret", func() *reply { return v.do(v.request("/oauth2/v2.0/par", web.params(one("scope", "x")))) })
	checkError(t, got, 401, "invalid_client")
	wrong := v.request("/oauth2/v2.0/par", web.params(nil))
	wrong.SetBasicAuth("web", "cs_wrong")
	checkError(t, v.unstored("wrong secret", func() *reply { return v.do(wrong) }), 401, "invalid_client")
}

// TestPushedStrictness: POST, a form, in the body, of bounded size.
func TestPushedStrictness(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	body := web.params(nil).Encode()
	const form = "application/x-www-form-urlencoded"
	for name, test := range map[string]struct {
		method, query, kind, body string
		status                    int
	}{
		"as it should be":         {"POST", "", form, body, 201},
		"parameters nobody knows": {"POST", "", form, body + "&x=1&x=2", 201},
		"GET":                     {"GET", "?" + body, form, "", 405},
		"PUT":                     {"PUT", "", form, body, 405},
		"in the query":            {"POST", "?" + body, form, "", 400},
		"JSON":                    {"POST", "", "application/json", "{}", 400},
		"65 KiB":                  {"POST", "", form, body + "&x=" + strings.Repeat("x", 65<<10), 413},
		"200 parameters":          {"POST", "", form, body + "&" + many(200), 400},
		"no text":                 {"POST", "", form, body + "&login_hint=%ff", 400},
		"bad encoding":            {"POST", "", form, body + "&x=%z", 400},
		"a secret in the query":   {"POST", "?client_secret=" + web.secret, form, body, 400},
		"an assertion there":      {"POST", "?client_assertion=x", form, body, 400},
	} {
		r := raw(test.method, endpoint("par")+test.query, test.body)
		r.Header.Set("Content-Type", test.kind)
		r.SetBasicAuth("web", web.secret)
		got := v.do(r)
		if got.Status != test.status {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if test.status == 400 {
			checkError(t, got, 400, "invalid_request")
		}
	}
}

// TestPushedLimit: what anybody may store without a secret is held back by address;
// clients with one are not.
func TestPushedLimit(t *testing.T) {
	v := newVisitor(t, options{})
	native, web := v.apps["native"], v.apps["web"]
	stored := 0
	for range 40 {
		got := v.push(native, nil)
		if got.Status == 201 {
			stored++
			continue
		}
		checkError(t, got, http.StatusTooManyRequests, "slow_down")
		if got.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if stored != 30 {
		t.Errorf("%d were stored", stored)
	}
	r := v.ask(native, "par", native.params(nil))
	r.RemoteAddr = "198.51.100.7:1234"
	if got := v.do(r); got.Status != 201 {
		t.Errorf("another address: %d", got.Status)
	}
	for range 40 {
		if got := v.push(web, nil); got.Status != 201 {
			t.Fatalf("a client with a secret: %d %s", got.Status, got.Body)
		}
	}
	v.advance(time.Minute)
	if got := v.push(native, nil); got.Status != 201 {
		t.Errorf("a minute later: %d %s", got.Status, got.Body)
	}
}

// TestPushedRequired: a client that must push cannot do without, whoever opens what
// (RFC 9126 6).
func TestPushedRequired(t *testing.T) {
	v := newVisitor(t, options{})
	v.signIn(v.who)
	a := v.keyed("keyed", func(c *idp.Client) { c.Request.Pushed = true })
	for name, change := range map[string]url.Values{"plain": nil, "by value": one("request", v.object(a, esKey(), nil)), "by reference": one("request_uri", "https://keyed.example/x")} {
		got := v.authorize(a, change)
		if got.Fields.Get("error") != "invalid_request" || v.strays(got) != "" {
			t.Errorf("%s: %d %v %+v", name, got.Status, got.Fields, got.Page)
		}
	}
	if got := v.follow(a, v.push(a, nil).str("request_uri")); got.code() == "" {
		t.Errorf("pushed: %d %v %+v", got.Status, got.Fields, got.Page)
	}
}

// TestPushedWithdrawn: an address taken off the registration gets no answer any more.
func TestPushedWithdrawn(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	v.in(web)
	uri := v.push(web, nil).str("request_uri")
	v.change(web, func(c *idp.Client) { c.RedirectURIs = []string{"https://app.example/new"} })
	if got := v.follow(web, uri); !refusedAs(got, idp.RedirectUnknown) {
		t.Errorf("%d %q %+v", got.Status, got.Header.Get("Location"), got.Page)
	}
}
