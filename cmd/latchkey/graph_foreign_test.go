package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
)

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
		f := w.fixtureOf(aLimitedHolder)
		if e.needs != nil {
			e.needs(f)
		}
		for next := e.fill(f.values) + "?$top=5"; next != ""; pages++ {
			a := w.call(by.caller().token, graphRequest{method: http.MethodGet, path: next})
			if !a.ok() {
				t.Errorf("%s: %d %s", next, a.status, a)
			}
			told := withoutFederation(a.object())
			for _, s := range secret {
				if strings.Contains(told, s) {
					t.Errorf("%s tells of %s: %s", next, s, a)
				}
			}
			next, _ = a.object()["@odata.nextLink"].(string)
		}
	}
	t.Logf("%d lists, %d pages", len(w.lists()), pages)
}

// withoutFederation is a page without what tells of the provider that the organization has set
// up itself, which is the other one.
func withoutFederation(page map[string]any) string {
	items, _ := page["value"].([]any)
	var told []string
	for _, item := range items {
		o, _ := item.(map[string]any)
		if o["activityDisplayName"] == idp.FederationAdded.Name || o["@odata.type"] == "#microsoft.graph.oidcIdentityProvider" {
			continue
		}
		told = append(told, fmt.Sprint(item))
	}
	return strings.Join(told, "\n")
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
		if !e.beta { // else v1.0 has no such list
			w.refusesPage(t, here, strings.Replace(own, "/v1.0/", "/beta/", 1), "of another version")
		}
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
