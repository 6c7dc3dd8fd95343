package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
)

// TestGraphBadInput: what is malformed is refused in the form of Graph, changes nothing and
// disturbs nobody.
func TestGraphBadInput(t *testing.T) {
	w := newGraphWorld(t)
	by, victim := w.apps(), w.newUser().UserID
	for _, bad := range w.badInputs(victim) {
		t.Run(bad.name, func(t *testing.T) { w.refuses(t, by.caller(), bad.graphRequest, bad.want...) })
	}
	t.Run("a filter within a batch", func(t *testing.T) { w.badFilterInBatch(t, by.caller()) })
	t.Run("read-only", func(t *testing.T) { w.readOnly(t, by) })
	t.Run("of the wrong type", func(t *testing.T) { w.wrongTypes(t, by) })
	t.Run("a change would be seen", func(t *testing.T) { w.seesChange(t, by.caller()) })
	w.wantNoFaults()
	if a := w.call(by.caller().token, graphRequest{method: http.MethodGet, path: "/v1.0/users/" + victim}); !a.ok() {
		t.Errorf("afterwards: %d %s", a.status, a)
	}
	t.Logf("%d requests", w.requests)
}

// refuses expects a refusal that a library understands, after which nothing is changed.
func (w *graphWorld) refuses(t *testing.T, c *graphCaller, q graphRequest, want ...int) {
	t.Helper()
	commits := w.demo.server.Store.Commits()
	a := w.call(c.token, q)
	if !slices.Contains(want, a.status) {
		t.Errorf("%.300s: %d, want %d: %s", q, a.status, want, a)
	}
	code, message := a.problem()
	if code == "" || message == "" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		t.Errorf("%.300s: %d %q says %s", q, a.status, a.header.Get("Content-Type"), a)
	}
	if len(a.body) > 16<<10 {
		t.Errorf("%.300s: the refusal has %d bytes", q, len(a.body))
	}
	if w.demo.server.Store.Commits() != commits && w.changedBy(c, q, a) {
		t.Errorf("%.300s: something was changed", q)
	}
}

// changedBy tells whether a request that ought to change nothing was the reason of a commit, and
// not what the server does from time to time: the log tells of it, or it does so again. The sweeper
// may make several commits in a row.
func (w *graphWorld) changedBy(c *graphCaller, q graphRequest, a graphAnswer) bool {
	w.Helper()
	if slices.ContainsFunc(w.newest(), func(e *idp.AuditEvent) bool { return e.RequestID == a.header.Get("request-id") }) {
		return true
	}
	for range 3 {
		commits := w.demo.server.Store.Commits()
		w.call(c.token, q)
		if w.demo.server.Store.Commits() == commits {
			return false
		}
	}
	return true
}

// seesChange expects that a change is seen which only the first of several equal requests makes.
func (w *graphWorld) seesChange(t *testing.T, c *graphCaller) {
	q := graphRequest{method: http.MethodPost, path: "/v1.0/users", body: `{"accountEnabled":true,"displayName":"Once","mailNickname":"once","userPrincipalName":"once@contoso.example","passwordProfile":{"password":"not kept"}}`}
	a := w.call(c.token, q)
	if !a.ok() || !w.changedBy(c, q, a) {
		t.Errorf("%d, and no change seen: %s", a.status, a)
	}
}

func (w *graphWorld) badFilterInBatch(t *testing.T, c *graphCaller) {
	address := must(json.Marshal("/users?$filter=" + nested("(", 10_000, "accountEnabled eq true", ")")))
	a := w.call(c.token, graphRequest{method: http.MethodPost, path: "/v1.0/$batch", body: batchOf(20, string(address))})
	var told struct {
		Responses []struct {
			Status int
			Body   struct {
				Error struct{ Code, Message string }
			}
		}
	}
	if err := json.Unmarshal(a.body, &told); err != nil || !a.ok() || len(told.Responses) != 20 {
		t.Fatalf("%d %s", a.status, a)
	}
	for _, r := range told.Responses {
		if r.Status != http.StatusBadRequest || r.Body.Error.Code == "" || r.Body.Error.Message == "" {
			t.Errorf("%+v", r)
		}
	}
}

// changing are the operations that change what there is, with whom and what they are about.
func (w *graphWorld) changing(visit func(errand, graphBody, *fixture)) {
	for _, o := range operationsOf(w) {
		if o.method != http.MethodPatch || o.me() {
			continue
		}
		f := w.fixtureOf(aMember)
		f.values["group"] = w.newGroup(false).GroupID
		f.values["federation"], f.values["partner"] = idp.NewID(), idp.NewID() // bodies are read first
		for _, b := range o.bodies {
			if strings.Contains(b.schema, "fido2AuthenticationMethodConfiguration") {
				f.values["configuration"] = "Fido2"
			}
			visit(errandsOf(o)[0], b, f)
		}
	}
}

// patched is a request that sets one property.
func patched(e errand, b graphBody, f *fixture, p property, value string) graphRequest {
	e.beta = e.beta || p.beta
	body := fmt.Sprintf(`{%q:%s}`, p.name, value)
	if strings.Contains(e.body, "@odata.type") {
		body = fmt.Sprintf(`{"@odata.type":"#%s",%q:%s}`, b.schema, p.name, value)
	}
	return graphRequest{method: e.method, path: e.fill(f.values), body: body}
}

// values of the types that JSON has.
var valueOfType = map[string]string{"string": `"x"`, "boolean": "true", "integer": "7", "array": "[]", "object": "{}", "": "{}"}

// readOnly sets every property that cannot be set, one by one.
func (w *graphWorld) readOnly(t *testing.T, by *relay) {
	tried := map[string]int{}
	w.changing(func(e errand, b graphBody, f *fixture) {
		for _, p := range b.readOnly {
			for _, value := range []string{valueOfType[p.kind], "null"} {
				w.refuses(t, by.caller(), patched(e, b, f, p, value), http.StatusBadRequest, http.StatusForbidden)
				tried[b.schema]++
			}
		}
	})
	for _, p := range []string{"id", "passwordProfile"} {
		f := w.fixtureOf(aMember)
		w.refuses(t, by.caller(), graphRequest{method: http.MethodPatch, path: "/v1.0/users/" + f.user.UserID, body: fmt.Sprintf(`{"displayName":"Changed",%q:{"password":"x"}}`, p)}, http.StatusBadRequest)
	}
	pass := `{"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration","id":"Fido2"}`
	w.refuses(t, by.caller(), graphRequest{method: http.MethodPatch, path: "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass", body: pass}, http.StatusBadRequest)
	w.refuses(t, by.caller(), graphRequest{method: http.MethodPatch, path: "/v1.0/groups/" + w.standing.GroupID, body: `{"isAssignableToRole":true}`}, http.StatusBadRequest)
	for _, s := range []string{"user", "group", "authenticationMethodsPolicy", "fido2AuthenticationMethod"} {
		if tried["microsoft.graph."+s] == 0 {
			t.Errorf("no property of %s was tried", s)
		}
	}
	t.Logf("requests by type: %v", tried)
}

// wrongTypes sets every property that can be set to something that it is not.
func (w *graphWorld) wrongTypes(t *testing.T, by *relay) {
	tried := 0
	w.changing(func(e errand, b graphBody, f *fixture) {
		for _, p := range b.writable {
			for kind, value := range valueOfType {
				if kind == "" || kind == p.kind || p.kind == "" || p.kind == "object" && kind == "array" {
					continue
				}
				w.refuses(t, by.caller(), patched(e, b, f, p, value), http.StatusBadRequest)
				tried++
			}
		}
	})
	t.Logf("%d values", tried)
}
