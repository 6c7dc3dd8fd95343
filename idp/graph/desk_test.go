package graph

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// What who may not is told.
const deniedText = "Insufficient privileges to complete the operation."

// desk is the API over the real use cases: a tenant with people and apps that call.
type desk struct {
	*world
	store   *storage.Store
	admin   *admin.Service
	users   map[string]*idp.User
	callers map[string]Caller
}

// bothVersions runs a test for each version of the API.
func bothVersions(t *testing.T, test func(t *testing.T, d *desk, at string)) {
	t.Helper()
	for _, version := range []string{"v1.0", "beta"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			test(t, newDesk(t), "/"+version)
		})
	}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	keys = keys.WithCost(idp.Cost{Passes: 1, Memory: 8})
	d := &desk{world: &world{t: t, now: epoch}, store: storage.New(mem.New()), users: map[string]*idp.User{}, callers: map[string]Caller{}}
	d.admin = admin.New(d.store, keys, func() time.Time { return d.now })
	tenant := &idp.Tenant{TenantID: tenantID, Name: "Contoso", Domains: []string{"contoso.example"}, CreatedAt: epoch}
	d.must(d.store.Update(t.Context(), storage.System, func(tx *storage.Tx) error { return tx.Put(tenant) }))
	d.policy(admin.PassPolicyChange{Enabled: new(true)})
	passkeys, err := passkey.New(base, nil)
	d.must(err)
	d.api = New(Config{
		Base: base, Admin: d.admin, Signin: signin.New(d.store, keys, authmethods.All(authmethods.Config{Keys: keys, Passkeys: passkeys, Mails: true})), Keys: keys,
		Authenticate: d.authenticate, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	d.newUser("anna", idp.Member)
	d.newUser("guest@fabrikam.example", idp.ExternalGuest)
	d.newUser("global", idp.Member, idp.GlobalAdministrator)
	d.newUser("second", idp.Member, idp.PrivilegedAuthenticationAdmin)
	d.newUser("auth", idp.Member, idp.AuthenticationAdministrator)
	d.newUser("policy", idp.Member, idp.AuthenticationPolicyAdministrator)
	d.newUser("reader", idp.Member, idp.GlobalReader)
	for name, u := range d.users {
		actor := idp.Person(tenantID, u)
		actor.App = idp.Party{Type: idp.ActorClient, ID: "console", Name: "Console"}
		actor.Permissions = []string{"UserAuthenticationMethod.ReadWrite.All", "Policy.ReadWrite.AuthenticationMethod"}
		d.callers[name] = Caller{tenant, actor}
	}
	for name, permissions := range map[string][]string{
		"app":    {"UserAuthenticationMethod.ReadWrite.All", "Policy.ReadWrite.AuthenticationMethod"},
		"taps":   {"UserAuthMethod-TAP.Read.All"},
		"keys":   {"UserAuthMethod-Passkey.ReadWrite.All"},
		"words":  {"UserAuthMethod-Password.ReadWrite.All"},
		"viewer": {"UserAuthenticationMethod.Read.All", "Policy.Read.All"},
		"bare":   nil,
	} {
		d.callers[name] = Caller{tenant, idp.Actor{Party: idp.Party{Type: idp.ActorClient, ID: name, Name: name}, Tenant: tenantID, Permissions: permissions}}
	}
	return d
}

func (d *desk) authenticate(r *http.Request) (Caller, error) {
	c, known := d.callers[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !known {
		return c, &web.Unauthenticated{}
	}
	return c, nil
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) newUser(name string, kind idp.UserType, roles ...string) *idp.User {
	d.t.Helper()
	principal := name
	if !strings.Contains(name, "@") {
		principal += "@contoso.example"
	}
	u, err := d.admin.CreateUser(context.Background(), admin.Operator("test"), tenantID, idp.User{PrincipalName: principal, DisplayName: strings.ToUpper(name), Type: kind})
	d.must(err)
	u.Roles = roles
	d.must(d.store.Update(context.Background(), tenantID, func(tx *storage.Tx) error { return tx.Put(u) }))
	d.users[name] = u
	return u
}

func (d *desk) policy(c admin.PassPolicyChange) {
	d.t.Helper()
	_, err := d.admin.UpdatePassPolicy(context.Background(), admin.Operator("test"), tenantID, c)
	d.must(err)
}

// as makes a request as one of the callers.
func (d *desk) as(who, method, url, body string, headers ...string) answered {
	d.t.Helper()
	return d.send(method, url, body, append(headers, "Authorization: Bearer "+who)...)
}

// fresh lets one of the callers have proved more than one factor a moment ago.
func (d *desk) fresh(who string) {
	c := d.callers[who]
	c.Actor.Strong = true
	d.callers[who] = c
}

// nothing checks that a request is refused and writes nothing.
func (d *desk) nothing(who, method, url, body string, status int, code, message string) {
	d.t.Helper()
	before := d.store.Commits()
	a := d.as(who, method, url, body)
	if got := a.refused(status, code); got != message {
		d.t.Errorf("%s %s %s as %s: %q, want %q", method, url, body, who, got, message)
	}
	if d.store.Commits() != before {
		d.t.Errorf("%s %s %s as %s wrote something", method, url, body, who)
	}
	inner, _ := dig(a.json(), "error", "innerError").(object)
	if inner["message"] != message && !strings.Contains(url, "/$") {
		d.t.Errorf("innerError %v, want message %q", inner, message)
	}
}

// same compares a body with what is wanted, and says where they differ.
func (a answered) same(status int, want object) {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("%d %s, want %d", a.Code, a.Body, status)
	}
	differ(a.t, "", any(a.json()), asJSON(want))
}

// asJSON is a value as it is after encoding and decoding.
func asJSON(v any) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for name, member := range v {
			out[name] = asJSON(member)
		}
		return out
	case []object:
		out := []any{}
		for _, item := range v {
			out = append(out, asJSON(item))
		}
		return out
	case int:
		return float64(v)
	}
	return v
}

func differ(t testing.TB, at string, got, want any) {
	t.Helper()
	o, isObject := got.(object)
	w, wanted := want.(object)
	if !isObject || !wanted {
		if list, isList := got.([]any); isList && len(list) == reflect.ValueOf(want).Len() {
			for i := range list {
				differ(t, fmt.Sprintf("%s/%d", at, i), list[i], want.([]any)[i])
			}
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", at, got, want)
		}
		return
	}
	for name := range o {
		if _, there := w[name]; !there {
			t.Errorf("%s/%s is there: %v", at, name, o[name])
		}
	}
	for name := range w {
		if v, there := o[name]; !there {
			t.Errorf("%s/%s is missing", at, name)
		} else {
			differ(t, at+"/"+name, v, w[name])
		}
	}
}
