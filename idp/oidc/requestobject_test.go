package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// insider is a visitor who has signed in, with a client whose requests are signed.
func insider(t testing.TB, change func(*idp.Client)) (*visitor, *app) {
	t.Helper()
	v := newVisitor(t, options{})
	v.signIn(v.who)
	return v, v.keyed("signer", change)
}

// inside are the claims of a request object that holds.
func (w *world) inside(a *app, change claims) claims {
	return claims{
		"iss": a.ClientID, "aud": issuer(), "client_id": a.ClientID, "exp": w.unix(time.Minute), "iat": w.unix(0),
		"response_type": "code", "redirect_uri": a.redirect(), "scope": "openid profile", "state": "inside", "nonce": "inside",
	}.but(change)
}

// object is a signed request object.
func (w *world) object(a *app, key *signing, change claims) string {
	w.t.Helper()
	return key.sign(w.t, "oauth-authz-req+jwt", toJSON(w.t, w.inside(a, change)), false)
}

// bare is what must stand beside a request object.
func bare(name, value string) url.Values {
	return url.Values{name: {value}, "redirect_uri": {""}, "state": {""}, "nonce": {""}}
}

// TestRequestObject: by value and by reference, with every algorithm of ours.
func TestRequestObject(t *testing.T) {
	v, a := insider(t, nil)
	s := v.site()
	v.change(a, func(c *idp.Client) { c.Request.URIs = []string{s.URL + "/request"} })
	for _, key := range allKeys() {
		object := v.object(a, key, nil)
		s.put("/request", static(object+"\n"))
		for name, value := range map[string]string{"request": object, "request_uri": s.URL + "/request"} {
			got := v.authorize(a, bare(name, value))
			if got.code() == "" || got.Fields.Get("state") != "inside" || !strings.HasPrefix(got.Header.Get("Location"), a.redirect()+"?") {
				t.Errorf("%s, %s: %d %v %+v", key.alg, name, got.Status, got.Fields, got.Page)
				continue
			}
			tokens := v.do(v.ask(a, "token", a.redemption(got.code())))
			if v.claims(tokens.str("id_token"))["nonce"] != "inside" || tokens.str("scope") != "openid profile" {
				t.Errorf("%s, %s: %s", key.alg, name, tokens.Body)
			}
		}
	}
}

// TestOidccRequestUriSignedRs256: the URI is registered with its fragment, which is
// not sent when it is fetched.
func TestOidccRequestUriSignedRs256(t *testing.T) {
	v, a := insider(t, func(c *idp.Client) { c.Request.Alg = "RS256" })
	s := v.site()
	uri := s.put("/request.jwt", static(v.object(a, rsKey(), nil))) + "#8ZYxq1sF"
	v.change(a, func(c *idp.Client) { c.Request.URIs = []string{uri} })
	if got := v.authorize(a, bare("request_uri", uri)); got.code() == "" || s.count("/request.jwt") != 1 {
		t.Errorf("%d %v %+v", got.Status, got.Fields, got.Page)
	}
	if got := v.authorize(a, bare("request_uri", s.URL+"/request.jwt")); got.code() != "" || s.count("/request.jwt") != 0 {
		t.Errorf("without its fragment: %d %v", got.Status, got.Fields)
	}
}

// TestRequestObjectOverrides: what is inside counts, and what is only outside too
// (OIDC Core 6.1), unless the client must sign all of it (RFC 9101 6.3).
func TestRequestObjectOverrides(t *testing.T) {
	for _, test := range []struct {
		name    string
		inside  claims
		outside url.Values
		want    string // of the response: names and values
		signed  string // for a client that must sign; as want when ""
	}{
		{"nothing outside", nil, url.Values{"state": {""}}, "state=inside", ""},
		{"another state", nil, one("state", "outside"), "state=inside", ""},
		{"state only outside", claims{"state": nil}, one("state", "outside"), "state=outside", "state="},
		{"state emptied inside", claims{"state": ""}, one("state", "outside"), "state=", ""},
		{"another mode", claims{"response_mode": "fragment"}, one("response_mode", "query"), "mode=fragment&state=inside", ""},
		{"mode only outside", nil, one("response_mode", "fragment"), "mode=fragment&state=inside", "state=inside"},
		{"wrong prompt outside", claims{"prompt": "none"}, one("prompt", "force"), "state=inside", ""},
		{"wrong prompt only outside", nil, one("prompt", "force"), "error=invalid_request&state=inside", "state=inside"},
		{"wrong type outside", nil, one("response_type", "nothing"), "state=inside", ""},
		{"PKCE only outside", nil, challenged(nil), "pkce=1&state=inside", "state=inside"},
		{"PKCE only inside", claims{"code_challenge": challengeOf(verifier), "code_challenge_method": "S256"}, nil, "pkce=1&state=inside", ""},
		{"max_age a number", claims{"max_age": 1000}, one("max_age", "x"), "state=inside", ""},
		{"max_age a text", claims{"max_age": "1000"}, one("max_age", "0"), "state=inside", ""},
		{"claims an object", claims{"claims": claims{"id_token": claims{"acr": claims{"essential": true, "value": "phr"}}}, "prompt": "none"}, nil, "error=login_required&state=inside", ""},
		{"claims a text", claims{"claims": `{"id_token":{"sub":{"value":"somebody"}}}`, "prompt": "none"}, nil, "error=login_required&state=inside", ""},
		{"parameters nobody knows", claims{"extra": []int{1}, "purpose": claims{}}, nil, "state=inside", ""},
		{"sub of the client", claims{"sub": "signer"}, nil, "state=inside", ""},
		{"jti and nbf", claims{"jti": "x", "nbf": 1}, nil, "state=inside", ""},
		{"a secret", claims{"client_secret": "x", "code": "x"}, nil, "state=inside", ""},
	} {
		for _, signed := range []bool{false, true} {
			v, a := insider(t, func(c *idp.Client) { c.Request.Signed = signed })
			change := bare("request", v.object(a, esKey(), test.inside))
			for name, values := range test.outside {
				change[name] = values
			}
			got := v.authorize(a, change)
			told := url.Values{"state": {got.Fields.Get("state")}}
			if got.Mode != "query" {
				told.Set("mode", got.Mode)
			}
			if e := got.Fields.Get("error"); e != "" {
				told.Set("error", e)
			}
			if tokens := v.do(v.ask(a, "token", a.redemption(got.code()))); got.code() != "" && tokens.Status != 200 {
				told.Set("pkce", "1")
			}
			want := test.want
			if signed && test.signed != "" {
				want = test.signed
			}
			if told.Encode() != want {
				t.Errorf("%s, must sign %t: %s, want %s", test.name, signed, told.Encode(), want)
			}
		}
	}
}

// TestOidccEnsureRequestObjectWithRedirectUri: the address inside counts, and it is
// held against the registration like any other.
func TestOidccEnsureRequestObjectWithRedirectUri(t *testing.T) {
	v, a := insider(t, nil)
	other, evil := a.RedirectURIs[1], "https://evil.example/callback"
	for _, test := range []struct {
		name            string
		inside, outside any
		leads           string
	}{
		{"only inside", other, "", other},
		{"only outside", nil, other, other},
		{"both", other, a.redirect(), other},
		{"a stranger's inside", evil, a.redirect(), ""},
		{"a stranger's outside", other, evil, other},
		{"another client's inside", v.apps["web"].redirect(), a.redirect(), ""},
		{"none", nil, "", ""},
	} {
		change := bare("request", v.object(a, esKey(), claims{"redirect_uri": test.inside}))
		change.Set("redirect_uri", test.outside.(string))
		got := v.authorize(a, change)
		to, _, _ := strings.Cut(got.Header.Get("Location"), "?")
		if to != test.leads || test.leads == "" && got.Page.Page != "refused" {
			t.Errorf("%s: %d %q %+v", test.name, got.Status, to, got.Page)
		}
	}
}

// TestRequestObjectRefused: what does not hold is told to the registered address, if
// that stands outside, and to no other.
func TestRequestObjectRefused(t *testing.T) {
	v, a := insider(t, func(c *idp.Client) { c.Request.Alg = "ES256" })
	strict := v.keyed("strict", func(c *idp.Client) { c.Request.Signed = true })
	lax := v.keyed("lax", nil)
	late := claims{"exp": v.unix(-time.Minute)}
	for name, test := range map[string]struct {
		app    *app
		object string
	}{
		"of another client":         {a, v.object(a, esKey(), claims{"client_id": "lax"})},
		"by another client":         {a, v.object(a, esKey(), claims{"iss": "lax"})},
		"client_id a number":        {a, v.object(a, esKey(), claims{"client_id": 7})},
		"for another issuer":        {a, v.object(a, esKey(), claims{"aud": "https://other.example"})},
		"for a list of others":      {a, v.object(a, esKey(), claims{"aud": []string{"https://other.example", endpoint("token")}})},
		"aud a number":              {a, v.object(a, esKey(), claims{"aud": 1})},
		"aud a list of numbers":     {a, v.object(a, esKey(), claims{"aud": []int{1}})},
		"expired":                   {a, v.object(a, esKey(), late)},
		"exp a text":                {a, v.object(a, esKey(), claims{"exp": "1"})},
		"not yet":                   {a, v.object(a, esKey(), claims{"nbf": v.unix(time.Minute)})},
		"issued in the future":      {a, v.object(a, esKey(), claims{"iat": v.unix(time.Minute)})},
		"for more than an hour":     {a, v.object(a, esKey(), claims{"exp": v.unix(time.Hour + time.Minute)})},
		"another object inside":     {a, v.object(a, esKey(), claims{"request": "x"})},
		"an address inside":         {a, v.object(a, esKey(), claims{"request_uri": "https://a.example/"})},
		"a pushed request inside":   {a, v.object(a, esKey(), claims{"request_uri": "urn:ietf:params:oauth:request_uri:ru_x"})},
		"state a list":              {a, v.object(a, esKey(), claims{"state": []string{"x"}})},
		"state with a NUL":          {a, v.object(a, esKey(), claims{"state": "a\x00b"})},
		"scope a list":              {a, v.object(a, esKey(), claims{"scope": []string{"openid"}})},
		"scope an object":           {a, v.object(a, esKey(), claims{"scope": claims{}})},
		"max_age null":              {a, v.object(a, esKey(), claims{}) + "x"},
		"nonce null":                {a, esKey().sign(t, "JWT", strings.Replace(toJSON(t, v.inside(a, nil)), `"nonce":"inside"`, `"nonce":null`, 1), false)},
		"resource with spaces":      {a, v.object(a, esKey(), claims{"resource": []string{"a b"}})},
		"resource of numbers":       {a, v.object(a, esKey(), claims{"resource": []int{1}})},
		"a claim twice":             {a, esKey().sign(t, "JWT", strings.Replace(toJSON(t, v.inside(a, nil)), "{", `{"scope":"openid",`, 1), false)},
		"a client_id twice":         {a, esKey().sign(t, "JWT", strings.Replace(toJSON(t, v.inside(a, nil)), "{", `{"client_id":"signer",`, 1), false)},
		"an unregistered algorithm": {a, v.object(a, rsKey(), nil)},
		"an unknown kid":            {a, v.object(a, esKey2(), nil)},
		"a stranger's key":          {a, v.object(a, &signing{"es", "ES256", strangerKey()}, nil)},
		"a small RSA key":           {lax, v.object(lax, smallRSA(), nil)},
		"signed with the secret":    {lax, mac(`{"alg":"HS256"}`, toJSON(t, v.inside(lax, nil)), []byte(lax.secret))},
		"unsigned":                  {lax, unsigned(v.object(lax, esKey(), nil))},
		"a JWT of another type":     {lax, esKey().sign(t, "dpop+jwt", toJSON(t, v.inside(lax, nil)), false)},
		"no JWT":                    {lax, "x"},
		"must sign, no exp":         {strict, v.object(strict, esKey(), claims{"exp": nil})},
		"must sign, no aud":         {strict, v.object(strict, esKey(), claims{"aud": nil})},
	} {
		change := bare("request", test.object)
		change.Set("redirect_uri", test.app.redirect())
		change.Set("state", "some state")
		got := v.authorize(test.app, change)
		if got.Fields.Get("error") != "invalid_request_object" {
			t.Errorf("%s: %d %v %+v", name, got.Status, got.Fields, got.Page)
			continue
		}
		checkErrorResponse(t, name, v.world, got)
		for _, uri := range []string{"https://evil.example/", ""} {
			change.Set("redirect_uri", uri)
			if got := v.authorize(test.app, change); got.Page.Page != "refused" || got.Header.Get("Location") != "" {
				t.Errorf("%s, to %q: %d %q", name, uri, got.Status, got.Header.Get("Location"))
			}
		}
	}
}

// TestRequestObjectAccepted: what is near the edge and still holds.
func TestRequestObjectAccepted(t *testing.T) {
	v, a := insider(t, nil)
	for name, change := range map[string]claims{
		"fapi2: nbf 8 seconds in the future": {"nbf": v.unix(8 * time.Second), "iat": v.unix(8 * time.Second)},
		"fapi2: several aud":                 {"aud": []string{"https://other.example", issuer()}},
		"an hour":                            {"exp": v.unix(time.Hour)},
		"no exp, no aud, no iss":             {"exp": nil, "aud": nil, "iss": nil, "client_id": nil, "iat": nil},
	} {
		if got := v.authorize(a, bare("request", v.object(a, esKey(), change))); got.code() == "" {
			t.Errorf("%s: %d %v %+v", name, got.Status, got.Fields, got.Page)
		}
	}
}

// TestRequestURIRefused: a request_uri is registered, answers at once, with a
// request object, or nothing comes of it. What is not registered is not fetched.
func TestRequestURIRefused(t *testing.T) {
	v, a := insider(t, nil)
	s := v.site()
	good := v.object(a, esKey(), nil)
	s.put("/good", static(good))
	v.change(a, func(c *idp.Client) {
		for _, path := range []string{"/good", "/404", "/500", "/moved", "/big", "/endless", "/words", "/empty"} {
			c.Request.URIs = append(c.Request.URIs, s.URL+path)
		}
		c.Request.URIs = append(c.Request.URIs, "https://127.0.0.1:1/down")
	})
	s.put("/500", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
	s.put("/moved", elsewhere(s.URL+"/good"))
	s.put("/big", static(good+strings.Repeat(" ", 5<<20)))
	s.put("/endless", endless(good))
	s.put("/words", static("<html>"))
	s.put("/empty", static(""))
	s.put("/hidden", static(good))
	for _, test := range []struct {
		uri, code string
		fetched   string
	}{
		{s.URL + "/good", "", "/good"},
		{s.URL + "/404", "invalid_request_uri", "/404"},
		{s.URL + "/500", "invalid_request_uri", "/500"},
		{s.URL + "/moved", "invalid_request_uri", "/moved"},
		{s.URL + "/big", "invalid_request_uri", "/big"},
		{s.URL + "/endless", "invalid_request_uri", "/endless"},
		{s.URL + "/words", "invalid_request_object", "/words"},
		{s.URL + "/empty", "invalid_request_uri invalid_request_object", "/empty"},
		{"https://127.0.0.1:1/down", "invalid_request_uri", ""},
		{s.URL + "/hidden", "invalid_request_uri", ""},
		{s.URL + "/good?x=1", "invalid_request_uri", ""},
		{s.URL + "/good#x", "invalid_request_uri", ""},
		{strings.ToUpper(s.URL) + "/good", "invalid_request_uri", ""},
		{"http://169.254.169.254/latest/meta-data", "invalid_request_uri", ""},
		{"file:///etc/passwd", "invalid_request_uri", ""},
		{"urn:ietf:params:oauth:request_uri:ru_x", "invalid_request_uri", ""},
		{"urn:ietf:params:oauth:request_uri:", "invalid_request_uri", ""},
	} {
		change := bare("request_uri", test.uri)
		change.Set("redirect_uri", a.redirect())
		got := v.authorize(a, change)
		if e := got.Fields.Get("error"); (test.code == "") != (e == "") || !strings.Contains(test.code, e) || v.strays(got) != "" {
			t.Errorf("%s: %d %v %+v", test.uri, got.Status, got.Fields, got.Page)
		}
		for _, path := range []string{"/good", "/404", "/500", "/moved", "/big", "/endless", "/words", "/empty", "/hidden"} {
			if n := s.count(path); (n > 0) != (path == test.fetched) {
				t.Errorf("%s: %s was fetched %d times", test.uri, path, n)
			}
		}
	}
	both := bare("request_uri", s.URL+"/good")
	both.Set("request", good)
	both.Set("redirect_uri", a.redirect())
	if got := v.authorize(a, both); got.Fields.Get("error") != "invalid_request" || s.count("/good") > 0 {
		t.Errorf("both: %d %v", got.Status, got.Fields)
	}
}

// TestRequestObjectResources: a list in a request object is a repeated parameter.
func TestRequestObjectResources(t *testing.T) {
	v, a := insider(t, nil)
	v.jwtAPI("https://one.example", "", "read")
	v.jwtAPI("https://two.example", "", "read")
	change := claims{"resource": []string{"https://one.example", "https://two.example"}, "scope": "openid https://two.example/read"}
	code := v.authorize(a, bare("request", v.object(a, esKey(), change))).code()
	form := a.redemption(code)
	form.Set("resource", "https://two.example")
	tokens := v.do(v.ask(a, "token", form))
	if tokens.Status != 200 || tokens.str("scope") != "openid read" {
		t.Errorf("%d %s", tokens.Status, tokens.Body)
	}
	if got := v.authorize(a, bare("request", v.object(a, esKey(), claims{"resource": "https://none.example", "redirect_uri": a.redirect()}))); got.Fields.Get("error") != "invalid_target" {
		t.Errorf("an API nobody knows: %v", got.Fields)
	}
}

// TestRequestSigned: a client that must sign its requests does, however it sends them.
func TestRequestSigned(t *testing.T) {
	v, a := insider(t, func(c *idp.Client) { c.Request.Signed = true })
	if got := v.authorize(a, nil); got.Fields.Get("error") != "invalid_request" {
		t.Errorf("unsigned: %v", got.Fields)
	}
	checkError(t, v.unstored("unsigned", func() *reply { return v.push(a, nil) }), 400, "invalid_request")
	pushed := v.push(a, bare("request", v.object(a, esKey(), nil)))
	if got := v.follow(a, pushed.str("request_uri")); got.code() == "" || got.Fields.Get("state") != "inside" {
		t.Errorf("pushed: %s, then %v", pushed.Body, got.Fields)
	}
}
