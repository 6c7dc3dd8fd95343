package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/web"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// archive is the API over the real use cases and a store that counts which events it
// hands out.
type archive struct {
	*world
	ctx     context.Context
	keys    *idp.Keyring
	store   *storage.Store
	driver  *countingDriver
	admin   *admin.Service
	callers map[string]Caller
	anna    *idp.User
}

const elsewhereID = "0b7d4c58-0b7d-4c58-9a51-2f4e8d6b7c90"

var clerk = admin.Operator("otto")

func newArchive(t *testing.T) *archive {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	driver := &countingDriver{Driver: mem.New()}
	a := &archive{
		world: &world{t: t, now: epoch}, ctx: context.Background(), keys: keys.WithCost(idp.Cost{Passes: 1, Memory: 8}),
		store: storage.New(driver), driver: driver, callers: map[string]Caller{},
	}
	a.admin = admin.New(a.store, a.keys, func() time.Time { return a.now })
	a.api = New(Config{Base: base, Admin: a.admin, Keys: a.keys, Log: slog.New(slog.NewTextHandler(&a.log, nil)), Authenticate: a.authenticate})
	a.tenant("Contoso", tenantID, "contoso.example")
	a.tenant("Fabrikam", elsewhereID, "fabrikam.example")
	a.anna = a.person("anna")
	for name, roles := range map[string][]string{
		"global": {idp.GlobalAdministrator}, "reports": {idp.ReportsReader}, "auth": {idp.AuthenticationAdministrator},
		"inviter": {idp.GuestInviter}, "helper": {idp.UserAdministrator}, "plain": nil,
	} {
		a.calls(name, idp.Person(tenantID, a.person(name, roles...)), "AuditLog.Read.All", "User.Invite.All", "User.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All", "Policy.ReadWrite.AuthenticationMethod")
	}
	a.calls("weak", idp.Person(tenantID, a.person("weak", idp.GlobalAdministrator)), "User.Read")
	for name, permissions := range map[string][]string{"app": {"AuditLog.Read.All", "User.Invite.All"}, "bare": nil} {
		a.callers[name] = Caller{Tenant: &idp.Tenant{TenantID: tenantID}, Actor: idp.Actor{
			Party: idp.Party{Type: idp.ActorClient, ID: name, Name: "The " + name}, Tenant: tenantID, Permissions: permissions,
		}}
	}
	stranger := a.callers["app"]
	stranger.Tenant, stranger.Actor.Tenant = &idp.Tenant{TenantID: elsewhereID}, elsewhereID
	a.callers["elsewhere"] = stranger
	return a
}

func (a *archive) tenant(name, id, domain string) {
	a.t.Helper()
	a.must(a.store.Update(a.ctx, storage.System, func(tx *storage.Tx) error {
		return tx.Put(&idp.Tenant{TenantID: id, Name: name, Domains: []string{domain}, CreatedAt: epoch})
	}))
}

func (a *archive) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// person is stored without a line in the log.
func (a *archive) person(name string, roles ...string) *idp.User {
	a.t.Helper()
	u := &idp.User{UserID: idp.DerivedID(tenantID, name), PrincipalName: name + "@contoso.example", DisplayName: "The " + name, Type: idp.Member, Roles: roles, CreatedAt: epoch}
	a.put(tenantID, u)
	return u
}

func (a *archive) put(tenant string, records ...storage.Record) {
	a.t.Helper()
	a.must(a.store.Update(a.ctx, tenant, func(tx *storage.Tx) error {
		for _, r := range records {
			if err := tx.Put(r); err != nil {
				return err
			}
		}
		return nil
	}))
}

// calls lets somebody call through an app.
func (a *archive) calls(name string, actor idp.Actor, permissions ...string) {
	actor.App, actor.Permissions = idp.Party{Type: idp.ActorClient, ID: "console", Name: "Console"}, permissions
	actor.Address, actor.RequestID = "192.0.2.7", "0d6f4a10-0000-4000-8000-000000000001"
	a.callers[name] = Caller{Tenant: &idp.Tenant{TenantID: tenantID}, Actor: actor}
}

func (a *archive) authenticate(r *http.Request) (Caller, error) {
	c, known := a.callers[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !known {
		return c, &web.Unauthenticated{}
	}
	return c, nil
}

func (a *archive) as(who, method, url, body string) answered {
	a.t.Helper()
	return a.send(method, strings.ReplaceAll(url, " ", "%20"), body, "Authorization: Bearer "+who)
}

func (a *archive) read(url string) answered { a.t.Helper(); return a.as("reports", "GET", url, "") }

// signIn is a line of the sign-in log at a time after epoch.
func (a *archive) signIn(after time.Duration, edit func(*idp.AuditEvent)) *idp.AuditEvent {
	a.t.Helper()
	e := idp.NewEvent(idp.SignIns, epoch.Add(after))
	e.Actor = idp.PartyOf(a.anna)
	e.Target, e.Method = e.Actor, "Temporary Access Pass"
	if edit != nil {
		edit(e)
	}
	a.append(tenantID, e)
	return e
}

func (a *archive) append(tenant string, es ...*idp.AuditEvent) {
	a.t.Helper()
	a.must(a.store.Update(a.ctx, tenant, func(tx *storage.Tx) error {
		for _, e := range es {
			if err := (idp.AuditLog{Keys: a.keys, Tenant: tenant}).Append(tx, e); err != nil {
				return err
			}
		}
		return nil
	}))
}

// everything follows the links of pages to the end as the reports reader.
func (a *archive) everything(url string) (ids []string, pages int) {
	a.t.Helper()
	return a.all(strings.ReplaceAll(url, " ", "%20"), "Authorization: Bearer reports")
}

// is compares a body with JSON.
func (a answered) is(status int, text string) {
	a.t.Helper()
	var want any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		a.t.Fatalf("%v in %s", err, text)
	}
	if got := any(a.json()); a.Code != status || !reflect.DeepEqual(got, want) {
		pretty, _ := json.Marshal(want)
		a.t.Errorf("%d\ngot  %s\nwant %s", a.Code, strings.TrimSpace(a.Body.String()), pretty)
	}
}

// countingDriver counts how many events are read.
type countingDriver struct {
	*mem.Driver
	events int
}

func (d *countingDriver) View(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	return d.Driver.View(ctx, tenant, func(kv storage.KV) error { return fn(countingKV{kv, d}) })
}

type countingKV struct {
	storage.KV
	driver *countingDriver
}

func (k countingKV) Get(key []byte) ([]byte, error) {
	if bytes.HasPrefix(key, []byte("r\x00audit\x00")) {
		k.driver.events++
	}
	return k.KV.Get(key)
}

// many are so many sign-ins, one a minute, of whom their number says.
func (a *archive) many(n int) (ids []string) {
	a.t.Helper()
	es := make([]*idp.AuditEvent, n)
	for i := range n {
		e := idp.NewEvent(idp.SignIns, epoch.Add(time.Duration(i)*time.Minute))
		e.Actor = idp.Party{Type: idp.ActorUser, ID: idp.DerivedID("crowd", fmt.Sprint(i%250)), Name: fmt.Sprintf("user%d@contoso.example", i%250)}
		e.Target, e.Address = e.Actor, fmt.Sprintf("192.0.2.%d", i%10)
		es[i], ids = e, append(ids, e.EventID)
	}
	a.append(tenantID, es...)
	return ids
}

// TestLogPages: links followed to the end give each event once, from either end.
func TestLogPages(t *testing.T) {
	a := newArchive(t)
	oldest := a.many(5000)
	newest := slices.Clone(oldest)
	slices.Reverse(newest)
	place := map[string]int{}
	for i, id := range oldest {
		place[id] = i
	}
	within := func(ids []string, keep func(int) bool) []string {
		return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !keep(place[id]) })
	}
	at := func(i int) string { return epoch.Add(time.Duration(i) * time.Minute).Format(time.RFC3339) }
	for _, c := range []struct {
		query string
		want  []string
		pages int
	}{
		{"", newest, 50},
		{"?$select=id&$top=999&$orderby=createdDateTime desc", newest, 6},
		{"?$select=id&$top=700&$orderby=createdDateTime", oldest, 8},
		{"?$select=id&$top=300&$filter=ipAddress eq '192.0.2.3'", within(newest, func(i int) bool { return i%10 == 3 }), 2},
		{"?$filter=userPrincipalName eq 'USER7@contoso.example'", within(newest, func(i int) bool { return i%250 == 7 }), 1},
		{"?$top=7&$filter=userId eq '" + idp.DerivedID("crowd", "7") + "'", within(newest, func(i int) bool { return i%250 == 7 }), 3},
		{"?$select=id&$top=400&$filter=createdDateTime ge " + at(1000) + " and createdDateTime lt " + at(2000), within(newest, func(i int) bool { return i >= 1000 && i < 2000 }), 3},
		{"?$select=id&$top=400&$orderby=createdDateTime asc&$filter=(createdDateTime gt '" + at(1000) + "' and ipAddress ne 'x') and createdDateTime le " + at(2000), within(oldest, func(i int) bool { return i > 1000 && i <= 2000 }), 3},
		{"?$filter=createdDateTime eq " + at(4321), within(newest, func(i int) bool { return i == 4321 }), 1},
		{"?$filter=createdDateTime lt 1815-12-10 or createdDateTime gt 9999-01-01", nil, 1},
		{"?$filter=createdDateTime lt 1815-12-10", nil, 1},
		{"?$filter=createdDateTime gt 9999-01-01", nil, 1},
		{"?$select=id&$top=999&$filter=createdDateTime gt 1815-12-10 and createdDateTime lt 9999-01-01", newest, 6},
		{"?$select=id&$top=999&$orderby=createdDateTime&$filter=createdDateTime gt 1815-12-10 and createdDateTime lt 9999-01-01", oldest, 6},
	} {
		got, pages := a.everything("/v1.0/auditLogs/signIns" + c.query)
		if !slices.Equal(got, c.want) || pages != c.pages {
			t.Errorf("%s: %d events on %d pages, want %d on %d", c.query, len(got), pages, len(c.want), c.pages)
		}
	}
}

// TestLogStops: a bound in time, and the index of users, keep a listing from reading the
// whole log.
func TestLogStops(t *testing.T) {
	a := newArchive(t)
	a.many(5000)
	at := func(i int) string { return epoch.Add(time.Duration(i) * time.Minute).Format(time.RFC3339) }
	for query, c := range map[string]struct{ found, most int }{
		"$filter=createdDateTime ge " + at(4990):                                                     {10, chunk},
		"$filter=createdDateTime ge " + at(4990) + " and status/errorCode ne 0":                      {0, chunk},
		"$filter=createdDateTime le " + at(9):                                                        {10, 10},
		"$filter=createdDateTime ge " + at(100) + " and createdDateTime lt " + at(110):               {10, chunk},
		"$filter=createdDateTime ge " + at(4990) + "&$orderby=createdDateTime":                       {10, 10},
		"$filter=createdDateTime le " + at(9) + "&$orderby=createdDateTime asc":                      {10, chunk},
		"$filter=userId eq '" + strings.ToUpper(idp.DerivedID("crowd", "3")) + "'":                   {20, 20},
		"$filter=userId eq '" + idp.DerivedID("crowd", "3") + "' and createdDateTime lt " + at(1000): {4, 4},
		"$top=10": {10, 10},
	} {
		a.driver.events = 0
		r := a.read("/v1.0/auditLogs/signIns?" + query)
		if got := r.ids(); len(got) != c.found || a.driver.events > c.most {
			t.Errorf("%s: %d found by reading %d, want %d by at most %d", query, len(got), a.driver.events, c.found, c.most)
		}
		if r.json()["@odata.nextLink"] != nil && query != "$top=10" {
			t.Errorf("%s goes on", query)
		}
	}
}

// TestLogOrders: what would need the whole log is refused.
func TestLogOrders(t *testing.T) {
	a := newArchive(t)
	for _, url := range []string{
		"/signIns?$orderby=userId", "/signIns?$orderby=createdDateTime,userId", "/signIns?$orderby=status/errorCode", "/directoryAudits?$orderby=category desc",
	} {
		a.read("/v1.0/auditLogs"+url).refused(400, "Request_UnsupportedQuery")
	}
	for _, url := range []string{
		"/signIns?$count=true", "/signIns?$search=\"userId:x\"", "/signIns?$skip=1", "/signIns?$expand=x", "/signIns?$filter=authenticationRequirement eq 'x'",
		"/directoryAudits?$count=true", "/directoryAudits?$orderby=nothing", "/signIns/x?$filter=id eq 'x'",
	} {
		a.read("/v1.0/auditLogs"+url).refused(400, "BadRequest")
	}
	a.read("/v1.0/auditLogs/signIns/$count").refused(404, "Request_ResourceNotFound")
}

// TestLogRights: who may read the logs, and of which tenant.
func TestLogRights(t *testing.T) {
	a := newArchive(t)
	e := a.signIn(0, nil)
	audit := idp.NewEvent(idp.Directory, epoch)
	audit.Activity = "Add user"
	a.append(tenantID, audit)
	for _, url := range []string{
		"/v1.0/auditLogs/signIns", "/v1.0/auditLogs/signIns/" + strings.ToUpper(e.EventID), "/beta/auditLogs/directoryAudits", "/v1.0/auditLogs/directoryAudits('" + audit.EventID + "')",
	} {
		for _, who := range []string{"reports", "global", "app"} {
			if r := a.as(who, "GET", url, ""); r.Code != 200 {
				t.Errorf("%s by %s: %d %s", url, who, r.Code, r.Body)
			}
		}
		for _, who := range []string{"auth", "inviter", "plain", "weak", "bare"} {
			if text := a.as(who, "GET", url, "").refused(403, "Authorization_RequestDenied"); text != deniedText {
				t.Errorf("%s by %s: %s", url, who, text)
			}
		}
		a.as("", "GET", url, "").refused(401, "InvalidAuthenticationToken")
	}
	for _, url := range []string{"/signIns/" + audit.EventID, "/directoryAudits/" + e.EventID, "/signIns/x"} {
		a.read("/v1.0/auditLogs"+url).refused(404, "Request_ResourceNotFound")
	}
	a.as("elsewhere", "GET", "/v1.0/auditLogs/signIns/"+e.EventID, "").refused(404, "Request_ResourceNotFound")
	if got := a.as("elsewhere", "GET", "/v1.0/auditLogs/signIns", "").ids(); len(got) != 0 {
		t.Errorf("another tenant reads %v", got)
	}
}

// TestBetween: a bound is taken only where every item must keep it.
func TestBetween(t *testing.T) {
	day := func(n int) time.Time {
		if n == 0 {
			return time.Time{}
		}
		return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC)
	}
	for s, want := range map[string][2]int{
		"madeDateTime ge 2026-03-05": {5, 0}, "madeDateTime gt 2026-03-05 and size eq 1": {5, 0}, "madeDateTime lt '2026-03-05T00:00:00Z'": {0, 5},
		"madeDateTime ge 2026-03-05 and (madeDateTime ge 2026-03-07 and madeDateTime le 2026-03-09) and madeDateTime lt 2026-03-08": {7, 8},
		"madeDateTime eq 2026-03-05": {5, 5}, "madeDateTime ne 2026-03-05": {0, 0}, "size eq 1": {0, 0}, "madeDateTime ge null": {0, 0},
		"madeDateTime ge 2026-03-05 or size eq 1": {0, 0}, "not (madeDateTime ge 2026-03-05)": {0, 0}, "2026-03-05 le madeDateTime": {0, 0},
		"tags/any(madeDateTime:madeDateTime ge '2026-03-05')": {0, 0}, "startswith(madeDateTime,'2026-03-05')": {0, 0}, "madeDateTime in (2026-03-05)": {0, 0},
	} {
		f, err := parseFilter(s, taken{shape: toys})
		if err != nil {
			t.Fatal(s, err)
		}
		if since, until := f.between("madeDateTime"); !since.Equal(day(want[0])) || !until.Equal(day(want[1])) {
			t.Errorf("%s: from %s to %s", s, since, until)
		}
	}
	if since, until := (*filter)(nil).between("x"); !since.IsZero() || !until.IsZero() {
		t.Error("no filter has bounds")
	}
}
