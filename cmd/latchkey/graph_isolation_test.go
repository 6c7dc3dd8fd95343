package main

import (
	"errors"
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
	holder := w.holder(o, idp.GlobalReader)
	r, _ := idp.FindRole(idp.GlobalReader)
	events := w.auditOf(o)
	itself := slices.IndexFunc(events, func(e *idp.AuditEvent) bool { return e.Target.Type == "tenant" }) // is kept elsewhere
	key := passkeyOf(kim.ID, idp.NewID(), w.demo.server.Clock.Now())
	device := deviceOf(kim.ID, idp.NewID(), w.demo.server.Clock.Now())
	w.update(o.ID, func(tx *storage.Tx) error { return errors.Join(tx.Insert(key), tx.Insert(device)) })
	signIn := idp.NewEvent(idp.SignIns, w.demo.server.Clock.Now())
	w.update(o.ID, func(tx *storage.Tx) error {
		return idp.AuditLog{Keys: w.demo.server.Keys, Tenant: o.ID}.Append(tx, signIn)
	})
	people := [][2]string{{kim.ID, idp.NewID()}, {kim.UserPrincipalName, "nil@fabrikam.example"}, {strings.ToUpper(kim.ID), strings.ToUpper(idp.NewID())}}
	return map[string][][2]string{
		"user": people, "member": people,
		"object":       {{kim.ID, idp.NewID()}, {g.GroupID, idp.NewID()}, {idp.DerivedID(o.ID, r.TemplateID), idp.NewID()}, {o.ID, idp.NewID()}},
		"group":        {{g.GroupID, idp.NewID()}, {g.Name, "Nowhere"}},
		"id":           {{pass, idp.NewID()}, {key.PasskeyID, idp.NewID()}, {device.AuthenticatorID, idp.NewID()}},
		"request":      {{approval.ApprovalID, idp.NewID()}, {kim.ID, idp.NewID()}, {kim.UserPrincipalName, "nil@fabrikam.example"}},
		"role":         {{idp.DerivedID(o.ID, r.TemplateID), idp.NewID()}},
		"assignment":   {{assignmentOf(r.TemplateID, holder.ID), assignmentOf(r.TemplateID, idp.NewID())}},
		"event":        notThere(events[0], events[itself], signIn),
		"domain":       {{o.Domain, "nil.example"}},
		"organization": {{o.ID, idp.NewID()}, {o.Domain, "nil.example"}},
	}
}

// notThere are the ids of events, each with one of the same time that there is not.
func notThere(events ...*idp.AuditEvent) (pairs [][2]string) {
	for _, e := range events {
		pairs = append(pairs, [2]string{e.EventID, e.EventID[:17] + idp.NewID()})
	}
	return pairs
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
				f = w.fixtureOf(aLimitedHolder)
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
