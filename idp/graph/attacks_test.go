package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/web"
)

// attacked is a directory with somebody who may nothing but read herself.
func attacked(t *testing.T) *desk {
	t.Helper()
	d := newDirectory(t)
	c := d.callers["plain"]
	c.Actor.Permissions = []string{"User.Read", "User.ReadWrite"}
	d.callers["member"] = c
	return d
}

// lean expects a request to allocate little; BenchmarkGraphBadInput has the times.
func (d *desk) lean(what string, do func() answered) answered {
	d.t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a := do()
	runtime.ReadMemStats(&after)
	if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 64 {
		d.t.Errorf("%s by somebody without any right takes %d MiB", what, grown)
	}
	return a
}

// one is a batch of one request.
func one(method, url string, body any) string {
	raw, _ := json.Marshal(object{"requests": []object{{"id": "1", "method": method, "url": url, "body": body}}})
	return string(raw)
}

// TestLongSelect: names in $select cost what they say, once.
func TestLongSelect(t *testing.T) {
	d := attacked(t)
	names := strings.TrimSuffix(strings.Repeat("id,", 300_000), ",")
	d.lean("$select of 300,000 names", func() answered {
		return d.large("member", "POST", "/v1.0/$batch", one("GET", "/directoryObjects/"+d.users["anna"].UserID+"?$select="+names, nil))
	})
	a := d.as("member", "GET", "/v1.0/me?$select=id,ID,displayName,id", "")
	if a.Code != 200 || dig(a.json(), "@odata.context") != base+"/v1.0/$metadata#users(id,displayName)/$entity" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// TestManyBound: a body with more members than can be added is refused before they are
// compared.
func TestManyBound(t *testing.T) {
	d := attacked(t)
	refs := []string{"//"} // which would be the first thing to be told, if it were looked at
	for i := range 80_000 {
		refs = append(refs, fmt.Sprintf("/%05d", i))
	}
	raw, _ := json.Marshal(object{"displayName": "x", "mailNickname": "x", "mailEnabled": false, "securityEnabled": true, "members@odata.bind": refs})
	a := d.lean("80,000 members", func() answered { return d.large("member", "POST", "/v1.0/groups", string(raw)) })
	a.refused(400, "Request_BadRequest")
	if !strings.Contains(a.Body.String(), "At most 20 members") {
		t.Errorf("%s", a.Body)
	}
}

// TestOneIDManyTimes: what is asked for twice is read and answered once.
func TestOneIDManyTimes(t *testing.T) {
	d := attacked(t)
	me := d.users["anna"].UserID
	ids := make([]string, maxWanted)
	for i := range ids {
		ids[i] = me
	}
	var requests []object
	for i := range maxBatch {
		requests = append(requests, object{"id": fmt.Sprint(i), "method": "POST", "url": "/directoryObjects/getByIds", "body": object{"ids": ids}})
	}
	raw, _ := json.Marshal(object{"requests": requests})
	d.lean("getByIds of one id 20,000 times", func() answered { return d.large("member", "POST", "/v1.0/$batch", string(raw)) })
	body, _ := json.Marshal(object{"ids": ids})
	if got := d.as("member", "POST", "/v1.0/directoryObjects/getByIds", string(body)).ids(); len(got) != 1 {
		t.Errorf("%d objects", len(got))
	}
}

// TestLongName: a name that is none costs nothing.
func TestLongName(t *testing.T) {
	d := attacked(t)
	d.lean("a name of a megabyte", func() answered {
		return d.large("member", "POST", "/v1.0/$batch", one("GET", "/users/"+strings.Repeat("\ufdfa", 340_000), nil))
	})
}

// TestMembersOfWhom: who may read groups, and not users, learns which users are members,
// and nothing else of them.
func TestMembersOfWhom(t *testing.T) {
	d := newDirectory(t)
	g := d.newGroup("Staff", d.users["anna"].UserID)
	d.must2(d.admin.UpdateUser(t.Context(), operator, tenantID, d.users["anna"].UserID, admin.UserChange{
		Profile: &idp.Profile{Email: "anna.private@mail.example", Phone: "+4912345"},
	}))
	app := func(name string, permissions ...string) {
		d.callers[name] = Caller{d.callers["app"].Tenant, idp.Actor{Party: idp.Party{Type: idp.ActorClient, ID: name, Name: name}, Tenant: tenantID, Permissions: permissions}}
	}
	app("members", "GroupMember.Read.All")
	app("roles", "RoleManagement.Read.Directory")
	app("both", "GroupMember.Read.All", "User.Read.All")
	role := d.as("all", "GET", "/v1.0/directoryRoles", "").ids()[0]
	for who, url := range map[string]string{
		"members": "/v1.0/groups/" + g.GroupID + "/members", "roles": "/v1.0/directoryRoles/" + role + "/members",
	} {
		for _, query := range []string{"", "?$select=id,mail,displayName,accountEnabled,createdDateTime", "/graph.user"} {
			a := d.as(who, "GET", url+query, "")
			if ids := a.ids(); len(ids) != 1 {
				t.Errorf("%s: %v", url, ids)
			}
			for _, v := range a.json()["value"].([]any) {
				for name, is := range v.(object) {
					if is != nil && name != "id" && name != "@odata.type" {
						t.Errorf("%s%s tells an app that may not read users: %s = %v", url, query, name, is)
					}
				}
			}
		}
		if ids := d.as(who, "GET", url+"?$filter=startswith(displayName,'A')%20or%20startswith(displayName,'G')", "").ids(); len(ids) != 0 {
			t.Errorf("%s: a filter tells what may not be read", url)
		}
	}
	if got := dig(d.as("both", "GET", "/v1.0/groups/"+g.GroupID+"/members", "").json()["value"].([]any)[0].(object), "mail"); got != "anna.private@mail.example" {
		t.Errorf("%v", got)
	}
}

func (d *desk) must2(_ any, err error) {
	d.t.Helper()
	d.must(err)
}

// pausing is a body that something happens before.
type pausing struct {
	io.Reader
	before func()
}

func (p *pausing) Read(b []byte) (int, error) {
	if p.before != nil {
		p.before()
		p.before = nil
	}
	return p.Reader.Read(b)
}

// TestRoleLostMeanwhile: who sends the body slowly does not act by a role they have lost
// since the request began.
func TestRoleLostMeanwhile(t *testing.T) {
	d := newDirectory(t)
	global, victim := d.users["global"], d.users["anna"]
	second := d.newUser("secondchief", idp.Member, idp.GlobalAdministrator)
	_ = second
	r := httptest.NewRequest("POST", base+"/v1.0/roleManagement/directory/roleAssignments", &pausing{
		strings.NewReader(fmt.Sprintf(`{"principalId":%q,"roleDefinitionId":"62e90394-69f5-4237-9190-012177145e10","directoryScopeId":"/"}`, victim.UserID)),
		func() {
			d.must(d.admin.RemoveRole(t.Context(), operator, tenantID, idp.GlobalAdministrator, global.UserID))
		},
	})
	r.Header.Set("Authorization", "Bearer chief")
	r.Header.Set("Content-Type", "application/json")
	if a := d.do(r); a.Code != 403 {
		t.Errorf("somebody who has lost the role gives it: %d %s", a.Code, a.Body)
	}
	u, err := d.admin.User(t.Context(), operator, tenantID, victim.UserID)
	d.must(err)
	if len(u.Roles) != 0 {
		t.Errorf("anna has %v", u.Roles)
	}
}

// TestOwnDeedsPass: what everybody can cause for themselves does not stay in the log for
// ever.
func TestOwnDeedsPass(t *testing.T) {
	d := attacked(t)
	var requests []object
	for i := range maxBatch {
		requests = append(requests, object{"id": fmt.Sprint(i), "method": "POST", "url": "/me/revokeSignInSessions"})
	}
	raw, _ := json.Marshal(object{"requests": requests})
	if a := d.as("member", "POST", "/v1.0/$batch", string(raw)); a.Code != 200 {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	es, _, err := d.admin.SearchEvents(t.Context(), operator, tenantID, admin.EventQuery{Log: idp.Directory}, pageAt("", 999))
	d.must(err)
	kept := 0
	for _, e := range es {
		if e.Event.Activity == idp.SessionsRevoked.Name && !e.Event.Passing {
			kept++
		}
	}
	if kept != 0 {
		t.Errorf("an ordinary member put %d events into the log that is kept for good, by one request", kept)
	}
}

// large makes a request whose body may be as large as the server takes it.
func (d *desk) large(who, method, url, body string) answered {
	d.t.Helper()
	r := httptest.NewRequest(method, base+url, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+who)
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	web.Entry{Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler), Large: d.api.Owns, Panicked: d.api.Panicked, TooLarge: d.api.TooLarge}.
		Enter(d.api).ServeHTTP(rec, r)
	return answered{rec, d.t}
}
