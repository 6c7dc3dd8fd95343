package graph

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestPaths: each spelling that clients use finds its route.
func TestPaths(t *testing.T) {
	w := newWorld(t, 3)
	const pass = "/authentication/toys/"
	for _, c := range []struct{ path, has string }{
		{"/v1.0/toys/t00001", `"id":"t00001"`},
		{"/v1.0/TOYS/t00001/", `"id":"t00001"`},
		{"/v1.0/toys('t00001')", `"id":"t00001"`},
		{"/v1.0/toys(%27t00001%27)", `"id":"t00001"`},
		{"/beta/toys/t00001", `"betaNote":"beta"`},
		{"/v1.0/toys(code='a''b',size='2')", `"code":"a'b","size":"2"`},
		{"/v1.0/toys(Code=%27a%2Fb%27,size=%272%27)", `"code":"a/b"`},
		{"/v1.0/users/user2%40contoso.com" + pass + "1", `"user":"user2@contoso.com"`},
		{"/v1.0/users/a_b%23EXT%23%40contoso.com" + pass + "1", `"user":"a_b#EXT#@contoso.com"`},
		{"/v1.0/users/a%2Fb" + pass + "1", `"user":"a/b"`},
		{"/v1.0/users('o''brien@x.example')" + pass + "1", `"user":"o'brien@x.example"`},
		{"/v1.0/users('o''brien@x.example')" + pass + "1", `$metadata#users('o%27%27brien@x.example')/authentication/toys/$entity`},
		{"/v1.0/me" + pass + "7", `"id":"7","user":"4c2b2c3e-2f55-4a39-8f3a-0d8a0c1e9b11"`},
		{"/v1.0/toys/$count", "3"},
	} {
		if a := w.get(c.path); a.Code != 200 || !strings.Contains(a.Body.String(), c.has) {
			t.Errorf("%s: %d %s, want %s", c.path, a.Code, a.Body, c.has)
		}
	}
	for _, action := range []string{"polish", "Polish", "polish()", "microsoft.graph.polish", "graph.polish()"} {
		if a := w.send("POST", "/v1.0/toys/t00001/"+action, ""); a.Code != 200 || a.json()["value"] != true || a.json()["@odata.context"] != base+"/v1.0/$metadata#Edm.Boolean" {
			t.Errorf("%s: %d %s", action, a.Code, a.Body)
		}
	}
}

// TestUnknownPaths: the answer names the first segment that leads nowhere.
func TestUnknownPaths(t *testing.T) {
	w := newWorld(t, 1)
	for path, segment := range map[string]string{
		"/v1.0": "", "/v1.0/": "", "/v1.0/nothing": "nothing", "/v1.0/toys/t1/nothing": "nothing", "/v1.0/toys/t1/polish/more": "more",
		"/v1.0/toys/t1/beta": "beta", "/v1.0/users/1": "1", "/v1.0//toys": "", "/v1.0/toys(code='1')": "toys(code='1')",
		"/v1.0/toys(code='1',size='2',more='3')": "toys(code='1',size='2',more='3')", "/v1.0/toys/%2e%2e%2fx/y": "y",
	} {
		if got := w.get(path).refused(404, "BadRequest"); got != "Resource not found for the segment '"+segment+"'." {
			t.Errorf("%s: %s", path, got)
		}
	}
	w.get("/v1.0/"+strings.Repeat("a/", 100)).refused(400, "BadRequest")
	a := w.send("PUT", "/v1.0/toys/t00000", "{}")
	a.refused(405, "Request_BadRequest")
	if a.Header().Get("Allow") != "DELETE, GET, PATCH" {
		t.Errorf("%v", a.Header())
	}
	if got := w.get("/v1.0/me/authentication/toys/1", "Authorization: Bearer client").refused(400, "BadRequest"); !strings.Contains(got, "/me") {
		t.Error(got)
	}
}

// TestOwns: the API answers below the two versions and nowhere else.
func TestOwns(t *testing.T) {
	w := newWorld(t, 0)
	for path, want := range map[string]bool{"/v1.0": true, "/v1.0/x": true, "/beta": true, "/beta/": true, "/v1.00": false, "/betas/x": false, "/x/v1.0": false, "/": false} {
		r, err := http.NewRequest("GET", base+path, nil)
		if err != nil || w.api.Owns(r) != want {
			t.Errorf("%s: %v %v", path, !want, err)
		}
	}
}

// TestRoutes: no row asks for more than it declares.
func TestRoutes(t *testing.T) {
	for _, rows := range [][]route{routes(), (&box{}).routes()} {
		seen := map[string]bool{}
		for _, r := range rows {
			key := r.method + r.path + fmt.Sprint(r.betaOnly)
			switch {
			case seen[key]:
				t.Errorf("%s is there twice", key)
			case r.handle == nil, r.options != 0 && r.out == nil, r.me && !strings.HasPrefix(r.path, "/users/{user}"):
				t.Errorf("%s %s is not whole", r.method, r.path)
			}
			seen[key] = true
		}
	}
}
