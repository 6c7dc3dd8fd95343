package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

// TestGraphTenantIsolation: what belongs to another organization is, at every route, as if
// it were not there.
func TestGraphTenantIsolation(t *testing.T) {
	w := newGraphWorld(t)
	w.newUser(idp.GuestInviter) // so that no list has one page of one
	there := w.foreigner()
	callers := []*relay{w.apps(), w.administrators()}
	before := len(w.auditOf(w.other))
	compared := 0
	for _, o := range operationsOf(t) {
		for _, e := range errandsOf(o) {
			for _, c := range callers {
				compared += w.foreignValues(e, c, there)
			}
		}
	}
	t.Run("spellings", func(t *testing.T) { w.foreignSpellings(t) })
	t.Run("lists", func(t *testing.T) { w.foreignLists(t, there) })
	t.Run("pages", func(t *testing.T) { w.foreignPages(t) })
	t.Run("tokens", func(t *testing.T) { w.forgedMarks(t) })
	if now := len(w.auditOf(w.other)); now != before {
		t.Errorf("%d events in the other organization's log", now-before)
	}
	w.wantNoFaults()
	t.Logf("%d answers for what belongs to others compared with those for what nobody has; %d requests", compared, w.requests)
}

// foreigner has what the other organization has, by the names of the document: a value
// that is there, and one in the same form that nobody has.
func (w *graphWorld) foreigner() map[string][][2]string {
	w.Helper()
	ctx, service, o := w.Context(), w.demo.server.Admin, w.other
	kim := o.user(w, "kim@fabrikam.example")
	g := must(service.CreateGroup(ctx, demoActor, o.ID, idp.Group{Name: "Elsewhere"}, kim.ID))
	pass := must(service.Pass(ctx, demoActor, o.ID, kim.ID)).Pass.PassID
	approval := idp.NewPassApproval(&idp.User{UserID: kim.ID}, idp.PassRequest{}, demoActor.Party, w.demo.server.Clock.Now())
	w.update(o.ID, func(tx *storage.Tx) error { return tx.Insert(approval) })
	holder := o.holder(w.T, idp.GlobalReader)
	r, _ := idp.FindRole(idp.GlobalReader)
	event := w.auditOf(o)[0]
	signIn := idp.NewEvent(idp.SignIns, w.demo.server.Clock.Now())
	w.update(o.ID, func(tx *storage.Tx) error {
		return idp.AuditLog{Keys: w.demo.server.Keys, Tenant: o.ID}.Append(tx, signIn)
	})
	people := [][2]string{{kim.ID, idp.NewID()}, {kim.UserPrincipalName, "nil@fabrikam.example"}, {strings.ToUpper(kim.ID), strings.ToUpper(idp.NewID())}}
	return map[string][][2]string{
		"user": people, "member": people,
		"object":       {{kim.ID, idp.NewID()}, {g.GroupID, idp.NewID()}, {idp.DerivedID(o.ID, r.TemplateID), idp.NewID()}, {o.ID, idp.NewID()}},
		"group":        {{g.GroupID, idp.NewID()}, {g.Name, "Nowhere"}},
		"id":           {{pass, idp.NewID()}},
		"request":      {{approval.ApprovalID, idp.NewID()}, {kim.ID, idp.NewID()}, {kim.UserPrincipalName, "nil@fabrikam.example"}},
		"role":         {{idp.DerivedID(o.ID, r.TemplateID), idp.NewID()}},
		"assignment":   {{assignmentOf(r.TemplateID, holder.ID), assignmentOf(r.TemplateID, idp.NewID())}},
		"event":        {{event.EventID, event.EventID[:17] + idp.NewID()}, {signIn.EventID, signIn.EventID[:17] + idp.NewID()}},
		"domain":       {{o.Domain, "nil.example"}},
		"organization": {{o.ID, idp.NewID()}, {o.Domain, "nil.example"}},
	}
}

// foreignValues puts, one by one, what belongs to others in the place of each name, and
// expects the answer for what nobody has.
func (w *graphWorld) foreignValues(e errand, by *relay, there map[string][][2]string) (compared int) {
	w.Helper()
	names := e.parameters()
	for _, m := range parameterPattern.FindAllStringSubmatch(e.query+e.body, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		for _, value := range there[name] {
			f := w.fixtureFor(nil, false)
			if e.about {
				f = w.fixtureFor(w.victim(), false)
			}
			if e.needs != nil {
				e.needs(f)
			}
			w.compare(e, by.caller(), f, name, value)
			f.release()
			compared++
		}
	}
	return compared
}

// victim is somebody whom the requests with a foreign value are about beside it.
func (w *graphWorld) victim() *idp.User {
	w.Helper()
	return w.newUser(idp.ReportsReader)
}

func (w *graphWorld) compare(e errand, c *graphCaller, f *fixture, name string, value [2]string) {
	w.Helper()
	var told [2]string
	var answers [2]graphAnswer
	for i, v := range value {
		f.values[name] = v
		if name == "user" || name == "member" || name == "object" {
			f.values["detail"] = strings.ToLower(v) // as the answer may spell it
		}
		answers[i] = w.call(c.token, e.request(f))
		told[i] = f.masked(answers[i])
	}
	empty := e.reads && !strings.Contains(string(answers[0].body), value[0])
	if told[0] != told[1] {
		w.Errorf("%s, %s with another's %s %q:\n  %d %s\nwith one that nobody has:\n  %d %s", c.name, e.key(), name, value[0], answers[0].status, answers[0], answers[1].status, answers[1])
	} else if answers[0].ok() && !empty {
		w.Errorf("%s, %s with another's %s %q: %d %s", c.name, e.key(), name, value[0], answers[0].status, answers[0])
	}
}

// foreignSpellings names somebody of the other organization in other ways.
func (w *graphWorld) foreignSpellings(t *testing.T) {
	kim, c := w.other.user(w, "kim@fabrikam.example"), w.everyPermission()
	spellings := []graphRequest{
		{method: "GET", path: "/v1.0/users('{user}')"}, {method: "GET", path: "/beta/users/{user}"},
		{method: "GET", path: "/v1.0/users?$filter=id%20eq%20'{user}'"}, {method: "GET", path: "/v1.0/users/$count?$filter=id%20eq%20'{user}'"},
		{method: "GET", path: "/v1.0/users?$filter=userPrincipalName%20eq%20'{name}'"}, {method: "GET", path: "/v1.0/users?$filter=mail%20eq%20'{name}'"},
		{method: "GET", path: "/v1.0/users('{name}')"}, {method: "GET", path: "/v1.0/users/%7Bname%7D/memberOf"},
		{method: "GET", path: "/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id%20eq%20'{user}')"},
		{method: "GET", path: "/v1.0/auditLogs/signIns?$filter=userId%20eq%20'{user}'"},
		{method: "GET", path: "/v1.0/users/{user}/../" + kim.ID}, {method: "GET", path: "/v1.0/users/" + w.other.ID + "%2F{user}"},
		{method: "POST", path: "/v1.0/$batch", body: `{"requests":[{"id":"1","method":"GET","url":"/users/{user}"},{"id":"2","method":"GET","url":"/users('{name}')"}]}`},
		{method: "POST", path: "/v1.0/groups", body: newGroupBody + `,"members@odata.bind":["{base}/v1.0/directoryObjects/{user}"]}`},
		{method: "PATCH", path: "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass",
			body: passPolicyBody[:len(passPolicyBody)-1] + `,"includeTargets":[{"targetType":"user","id":"{user}"}]}`},
	}
	for _, q := range spellings {
		var told [2]string
		for i, person := range [][2]string{{kim.ID, kim.UserPrincipalName}, {idp.NewID(), "nil@fabrikam.example"}} {
			fill := strings.NewReplacer("{user}", person[0], "{name}", person[1], "{base}", w.base, "{n}", "elsewhere", "%7Bname%7D", url.PathEscape(person[1]))
			a := w.call(c.token, graphRequest{method: q.method, path: fill.Replace(q.path), body: fill.Replace(q.body)})
			text := strings.ReplaceAll(strings.ReplaceAll(string(a.body), person[0], "<user>"), person[1], "<name>")
			told[i] = maskPattern.ReplaceAllString(guidPattern.ReplaceAllString(text, ""), "")
		}
		if told[0] != told[1] {
			t.Errorf("%s:\n  %s\n  %s", q, told[0], told[1])
		}
	}
}

func (w *graphWorld) auditOf(o reportTenant) []*idp.AuditEvent {
	w.Helper()
	es, _, err := w.demo.server.Admin.Events(w.Context(), demoActor, o.ID, idp.Directory, storage.Page{})
	if err != nil {
		w.Fatal(err)
	}
	return es
}

// foreignLists expects of every list, through all its pages, nothing of the other
// organization: neither an id nor a name.
func (w *graphWorld) foreignLists(t *testing.T, there map[string][][2]string) {
	secret := []string{w.other.ID, w.other.Domain, "Elsewhere"}
	for _, u := range w.other.Users {
		secret = append(secret, u.ID)
	}
	for _, values := range there {
		for _, v := range values {
			secret = append(secret, v[0])
		}
	}
	for _, c := range w.other.Clients {
		secret = append(secret, c.ClientID)
	}
	by, pages := w.apps(), 0
	for _, e := range w.lists() {
		f := w.fixtureFor(w.victim(), false)
		if e.needs != nil {
			e.needs(f)
		}
		for next := e.fill(f.values) + "?$top=5"; next != ""; pages++ {
			a := w.call(by.caller().token, graphRequest{method: http.MethodGet, path: next})
			if !a.ok() {
				t.Errorf("%s: %d %s", next, a.status, a)
			}
			for _, s := range secret {
				if strings.Contains(string(a.body), s) {
					t.Errorf("%s tells of %s: %s", next, s, a)
				}
			}
			next, _ = a.object()["@odata.nextLink"].(string)
		}
	}
	t.Logf("%d lists, %d pages", len(w.lists()), pages)
}

// lists are the errands that answer pages.
func (w *graphWorld) lists() (all []errand) {
	for _, o := range operationsOf(w) {
		if o.method == http.MethodGet && !o.me() && slices.Contains(o.options, "top") {
			all = append(all, errandsOf(o)...)
		}
	}
	return all
}

// foreignPages expects that the link to a next page leads only whom it was given to, and
// only there.
func (w *graphWorld) foreignPages(t *testing.T) {
	here := w.everyPermission()
	c := w.other.client(w, "graph")
	there := w.appCaller("there", c.ClientID, "", w.appToken(w.other, c.app("", "")))
	tried := 0
	for _, e := range w.lists() {
		for _, name := range e.parameters() {
			if name != "configuration" && name != "template" {
				e.path = ""
			}
		}
		if e.path == "" {
			continue // what it leads to is not there for the other at all
		}
		path := e.fill(map[string]string{"template": idp.Roles[4].TemplateID, "configuration": "email"})
		link, _ := w.call(there.token, graphRequest{method: http.MethodGet, path: path + "?$top=1"}).object()["@odata.nextLink"].(string)
		own, _ := w.call(here.token, graphRequest{method: http.MethodGet, path: path + "?$top=1"}).object()["@odata.nextLink"].(string)
		if link == "" || own == "" {
			continue
		}
		tried++
		w.refusesPage(t, here, link, "of another organization")
		w.refusesPage(t, there, own, "of another organization")
		w.refusesPage(t, here, strings.Replace(own, "$top=1", "$top=2", 1), "of another query")
		w.refusesPage(t, here, strings.Replace(own, "/v1.0/", "/beta/", 1), "of another version")
		elsewhere := "/v1.0/users"
		if path == elsewhere {
			elsewhere = "/v1.0/groups"
		}
		w.refusesPage(t, here, strings.Replace(own, path, elsewhere, 1), "of another list")
		if a := w.call(here.token, graphRequest{method: http.MethodGet, path: own}); !a.ok() {
			t.Errorf("%s: the own link: %d %s", path, a.status, a)
		}
	}
	if tried < 8 {
		t.Errorf("only %d lists had a next page", tried)
	}
	t.Logf("links of %d lists", tried)
}

func (w *graphWorld) refusesPage(t *testing.T, c *graphCaller, link, what string) {
	t.Helper()
	a := w.call(c.token, graphRequest{method: http.MethodGet, path: link})
	if code, _ := a.problem(); a.status != http.StatusBadRequest || code != "Directory_ExpiredPageToken" {
		t.Errorf("the link %s: %s: %d %s", what, link, a.status, a)
	}
}

// forgedMarks expects that the mark in a token, which anybody can write, opens nothing.
func (w *graphWorld) forgedMarks(t *testing.T) {
	mark := func(tenant string) string { return strings.ReplaceAll(tenant, "-", "") }
	c := w.other.client(w, "graph")
	own := []string{w.everyPermission().token, w.person("admin@contoso.example", everyScope).token}
	foreign := w.appToken(w.other, c.app("", "")).Access
	for _, token := range own {
		if !strings.Contains(token, mark(w.home.ID)) {
			t.Fatalf("a token without a mark: %.20s…", token)
		}
		for what, forged := range map[string]string{
			"the other organization's mark":  strings.Replace(token, mark(w.home.ID), mark(w.other.ID), 1),
			"nobody's mark":                  strings.Replace(token, mark(w.home.ID), mark(idp.NewID()), 1),
			"the system's mark":              strings.Replace(token, mark(w.home.ID), strings.Repeat("0", 32), 1),
			"no mark":                        strings.Replace(token, mark(w.home.ID)+".", "", 1),
			"both marks":                     strings.Replace(token, mark(w.home.ID), mark(w.other.ID)+"."+mark(w.home.ID), 1),
			"our mark on the other's token":  strings.Replace(foreign, mark(w.other.ID), mark(w.home.ID), 1),
			"a mark in capitals":             strings.Replace(token, mark(w.home.ID), strings.ToUpper(mark(w.other.ID)), 1),
			"a mark that leaves the folder":  strings.Replace(token, mark(w.home.ID), url.PathEscape("../../")+mark(w.other.ID)[:26], 1),
			"a byte more":                    token + "A",
			"a byte less":                    token[:len(token)-1],
			"no kind":                        strings.TrimPrefix(token, "at_"),
			"the other organization's alone": "at_" + mark(w.other.ID) + ".",
		} {
			a := w.call(forged, graphRequest{method: http.MethodGet, path: "/v1.0/users"})
			if code, message := a.problem(); a.status != http.StatusUnauthorized || code != "InvalidAuthenticationToken" || message == "" {
				t.Errorf("a token with %s: %d %s", what, a.status, a)
			}
		}
	}
	if a := w.call(own[0], graphRequest{method: http.MethodGet, path: "/v1.0/organization"}); !strings.Contains(string(a.body), w.home.ID) {
		t.Errorf("the own token: %d %s", a.status, a)
	}
	var ids struct{ Value []struct{ ID string } }
	a := w.call(foreign, graphRequest{method: http.MethodGet, path: "/v1.0/organization"})
	if err := json.Unmarshal(a.body, &ids); err != nil || len(ids.Value) != 1 || ids.Value[0].ID != w.other.ID {
		t.Errorf("the other's token: %d %s", a.status, a)
	}
}
