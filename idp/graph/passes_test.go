package graph

import (
	"bytes"
	"compress/gzip"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

const (
	annasPasses = "/users/anna@contoso.example/authentication/temporaryAccessPassMethods"
	noID        = "99999999-9999-4999-8999-999999999999"
)

// give makes a pass and answers its id and secret.
func (d *desk) give(at, body string) (id, secret string) {
	d.t.Helper()
	o := d.as("app", "POST", at+annasPasses, body).json()
	id, _ = o["id"].(string)
	secret, _ = o["temporaryAccessPass"].(string)
	if !idp.IsID(id) || len(secret) != 9 {
		d.t.Fatalf("%v", o)
	}
	return id, secret
}

func TestPassLife(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		context := base + at + "/$metadata#users('anna@contoso.example')/authentication/temporaryAccessPassMethods"
		want := object{
			"temporaryAccessPass": nil, "createdDateTime": "2026-11-24T09:00:00Z", "startDateTime": "2026-11-24T10:30:00.1234567Z",
			"lifetimeInMinutes": 90, "isUsableOnce": true, "isUsable": false, "methodUsabilityReason": "NotYetValid",
		}
		if at == "/beta" {
			want["lastUsedDateTime"] = nil
		}
		d.as("app", "GET", at+annasPasses, "").same(200, object{"@odata.context": context, "value": []object{}})
		a := d.as("app", "POST", at+annasPasses, `{"startDateTime":"2026-11-24T10:30:00.1234567Z","lifetimeInMinutes":90,"isUsableOnce":true}`)
		id, _ := a.json()["id"].(string)
		secret, _ := a.json()["temporaryAccessPass"].(string)
		if !idp.IsID(id) || len(secret) != 9 || a.Header().Get("Location") != base+at+annasPasses+"/"+id {
			t.Errorf("%s, Location %s", a.Body, a.Header().Get("Location"))
		}
		want["id"], want["temporaryAccessPass"], want["@odata.context"] = id, secret, context+"/$entity"
		a.same(201, want)

		want["temporaryAccessPass"] = nil // and never again
		d.as("reader", "GET", at+annasPasses+"/"+id, "").same(200, want)
		d.as("reader", "GET", at+annasPasses+"/"+strings.ToUpper(id), "").same(200, want)
		delete(want, "@odata.context")
		d.as("taps", "GET", at+annasPasses, "").same(200, object{"@odata.context": context, "value": []object{want}})
		d.as("anna", "GET", at+"/me/authentication/temporaryAccessPassMethods?$count=true&$select=id", "").same(200, object{
			"@odata.context": base + at + "/$metadata#users('" + d.users["anna"].UserID + "')/authentication/temporaryAccessPassMethods(id)",
			"@odata.count":   1, "value": []object{{"id": id}},
		})
		if a := d.as("app", "GET", at+annasPasses+"/$count", ""); a.Body.String() != "1" {
			t.Errorf("count: %s", a.Body)
		}
		want["@odata.type"] = "#microsoft.graph.temporaryAccessPassAuthenticationMethod"
		methodsContext := strings.Replace(context, "temporaryAccessPassMethods", "methods", 1)
		methods := strings.Replace(annasPasses, "temporaryAccessPassMethods", "methods", 1)
		d.as("viewer", "GET", at+methods, "").same(200, object{"@odata.context": methodsContext, "value": []object{want}})
		want["@odata.context"] = methodsContext + "/$entity"
		d.as("anna", "GET", at+methods+"/"+strings.ToUpper(id), "").same(200, want)

		second, _ := d.give(at, "")
		if second == id {
			t.Error("it was not replaced")
		}
		for url, who := range map[string]string{annasPasses + "/": "app", "/me/authentication/temporaryAccessPassMethods/": "anna", methods + "/": "app"} {
			a := d.as(who, "GET", at+url+id, "")
			a.refused(404, "resourceNotFound")
			d.nothing(who, "GET", at+url+id, "", 404, "resourceNotFound", "The user has no authentication method '"+id+"'.")
		}
		d.nothing("app", "DELETE", at+annasPasses+"/"+id, "", 404, "resourceNotFound", `anna@contoso.example has no pass "`+id+`".`)
		if a := d.as("anna", "DELETE", at+"/me/authentication/temporaryAccessPassMethods/"+strings.ToUpper(second), ""); a.Code != 204 || a.Body.Len() != 0 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		d.nothing("anna", "DELETE", at+"/me/authentication/temporaryAccessPassMethods/"+second, "", 404, "resourceNotFound", "anna@contoso.example has no Temporary Access Pass.")
		if n := len(d.as("app", "GET", at+annasPasses, "").ids()); n != 0 {
			t.Errorf("%d left", n)
		}
	})
}

// TestPassUsability goes through the reasons, as the list tells them.
func TestPassUsability(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	reason := func(want string) {
		t.Helper()
		o := d.as("app", "GET", "/beta"+annasPasses, "").json()["value"].([]any)[0].(object)
		if o["methodUsabilityReason"] != want || o["isUsable"] != (want == "EnabledByPolicy") {
			t.Errorf("%v, want %s", o, want)
		}
	}
	id, _ := d.give("/v1.0", `{"startDateTime":"2026-11-24T10:00:00Z"}`)
	reason("NotYetValid")
	d.now = epoch.Add(time.Hour)
	reason("EnabledByPolicy")
	d.policy(admin.PassPolicyChange{Once: new(true)})
	reason("DisabledByPolicy")
	d.must(d.store.Update(t.Context(), tenantID, func(tx *storage.Tx) error {
		p, err := storage.Get[idp.Pass](tx, id)
		if err != nil {
			return err
		}
		p.Once, p.UsedAt, p.LastUsedAt = true, d.now, d.now
		return tx.Put(p)
	}))
	reason("OneTimeUsed")
	if o := d.as("app", "GET", "/beta"+annasPasses+"/"+id, "").json(); o["lastUsedDateTime"] != "2026-11-24T10:00:00Z" {
		t.Errorf("%v", o)
	}
	d.now = epoch.Add(2 * time.Hour)
	reason("Expired")
}

func TestPassBodies(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for body, want := range map[string]object{
		``:   {"lifetimeInMinutes": 60.0, "isUsableOnce": false, "startDateTime": "2026-11-24T09:00:00Z"},
		`{}`: {"lifetimeInMinutes": 60.0, "isUsableOnce": false, "startDateTime": "2026-11-24T09:00:00Z"},
		`{"startDateTime":null,"lifetimeInMinutes":null,"isUsableOnce":null}`:                                        {"lifetimeInMinutes": 60.0, "isUsableOnce": false, "startDateTime": "2026-11-24T09:00:00Z"},
		`{"LifetimeInMinutes":"480"}`:                                                                                nil,
		`{"LifetimeInMinutes":480,"StartDateTime":"2026-11-24 12:00:00","IsUsableOnce":true}`:                        {"lifetimeInMinutes": 480.0, "isUsableOnce": true, "startDateTime": "2026-11-24T12:00:00Z"},
		`{"startDateTime":"2026-11-24T12:00:00.0000001"}`:                                                            {"startDateTime": "2026-11-24T12:00:00.0000001Z"},
		`{"startDateTime":"2026-11-24T12:00:00.1230000+02:00"}`:                                                      {"startDateTime": "2026-11-24T10:00:00.123Z"},
		`{"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethod","id":"x","isUsable":true,"o":{}}`: {"lifetimeInMinutes": 60.0},
	} {
		a := d.as("app", "POST", "/v1.0"+annasPasses, body)
		if want == nil {
			a.refused(400, "badRequest")
			continue
		}
		o := a.json()
		for name, v := range want {
			if a.Code != 201 || o[name] != v {
				t.Errorf("%s: %d %s, want %s %v", body, a.Code, a.Body, name, v)
			}
		}
	}
	r := httptest.NewRequest("POST", "/v1.0"+annasPasses, gzipped(t, `{"lifetimeInMinutes":75}`))
	r.Header.Set("Authorization", "Bearer app")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Encoding", "gzip")
	if a := d.do(r); a.Code != 201 || a.json()["lifetimeInMinutes"] != 75.0 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func gzipped(t *testing.T, s string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestPassErrors(t *testing.T) {
	t.Parallel()
	const denied, outOfRange = "Request Authorization failed", "Invalid LifetimeInMinutes specified. The valid range between 60 and 480."
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		global := d.users["global"].UserID
		mine := "/users/" + global + "/authentication/temporaryAccessPassMethods"
		for _, c := range []struct {
			who, method, path, body string
			status                  int
			code, message           string
		}{
			{"app", "POST", annasPasses, `{"lifetimeInMinutes":59}`, 400, "badRequest", outOfRange},
			{"app", "POST", annasPasses, `{"lifetimeInMinutes":481}`, 400, "badRequest", outOfRange},
			{"app", "POST", annasPasses, `{"lifetimeInMinutes":0}`, 400, "badRequest", outOfRange},
			{"app", "POST", annasPasses, `{"lifetimeInMinutes":-60}`, 400, "badRequest", outOfRange},
			{"app", "POST", annasPasses, `{"lifetimeInMinutes":60.5}`, 400, "badRequest", "Invalid value specified for property 'lifetimeInMinutes': expected Int32."},
			{"app", "POST", annasPasses, `{"startDateTime":"tomorrow"}`, 400, "badRequest", "Invalid value specified for property 'startDateTime': expected DateTimeOffset."},
			{"app", "POST", annasPasses, `{"startDateTime":"2026-11-24T08:00:00Z"}`, 400, "badRequest", "The start 2026-11-24T08:00:00Z lies in the past."},
			{"app", "POST", annasPasses, `{"isUsableOnce":"yes"}`, 400, "badRequest", "Invalid value specified for property 'isUsableOnce': expected Boolean."},
			{"app", "POST", "/users/guest@fabrikam.example/authentication/temporaryAccessPassMethods", ``, 400, "badRequest", "Temporary Access Pass cannot be added to an external guest user."},
			{"global", "POST", mine, ``, 403, "accessDenied", "Self-service operations are currently not supported for user " + global + "."},
			{"anna", "POST", annasPasses, ``, 403, "accessDenied", "Self-service operations are currently not supported for user " + d.users["anna"].UserID + "."},
			{"anna", "POST", mine, ``, 403, "accessDenied", denied},
			{"anna", "GET", mine, ``, 403, "accessDenied", denied},
			{"bare", "GET", annasPasses, ``, 403, "accessDenied", denied},
			{"taps", "POST", annasPasses, ``, 403, "accessDenied", denied},
			{"taps", "GET", strings.Replace(annasPasses, "temporaryAccessPassMethods", "methods", 1), ``, 403, "accessDenied", denied},
			{"reader", "POST", annasPasses, ``, 403, "accessDenied", denied},
			{"policy", "GET", annasPasses, ``, 403, "accessDenied", denied},
			{"auth", "POST", mine, ``, 403, "accessDenied", denied},
			{"auth", "DELETE", mine + "/" + noID, ``, 403, "accessDenied", denied},
			{"app", "GET", annasPasses + "/" + noID, ``, 404, "resourceNotFound", "The user has no authentication method '" + noID + "'."},
			{"app", "GET", strings.Replace(annasPasses, "anna", "nobody", 1), ``, 404, "Request_ResourceNotFound", "Resource 'nobody@contoso.example' does not exist or one of its queried reference-property objects are not present."},
			{"app", "POST", strings.Replace(annasPasses, "anna", "nobody", 1), ``, 404, "Request_ResourceNotFound", "Resource 'nobody@contoso.example' does not exist or one of its queried reference-property objects are not present."},
			{"anna", "GET", strings.Replace(annasPasses, "anna", "nobody", 1), ``, 403, "accessDenied", denied},
		} {
			d.nothing(c.who, c.method, at+c.path, c.body, c.status, c.code, c.message)
		}
		if a := d.as("anna", "POST", at+"/me/authentication/temporaryAccessPassMethods", ""); a.Code != 405 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		if a := d.as("app", "GET", at+"/me/authentication/temporaryAccessPassMethods", ""); a.Code != 400 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		d.policy(admin.PassPolicyChange{Once: new(true)})
		d.nothing("app", "POST", at+annasPasses, `{"isUsableOnce":false}`, 400, "badRequest", "The policy of this organization allows one-time passes only.")
		if o := d.as("auth", "POST", at+annasPasses, "").json(); o["isUsableOnce"] != true {
			t.Errorf("%v", o)
		}
		d.policy(admin.PassPolicyChange{Enabled: new(false)})
		d.nothing("app", "POST", at+annasPasses, "", 400, "badRequest",
			"Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass].")
	})
}

// TestPassesAtOnce: of requests at the same time each is answered, and one pass is left.
func TestPassesAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ids, wait := make([]string, 16), sync.WaitGroup{}
	for i := range ids {
		wait.Go(func() {
			r := httptest.NewRequest("POST", "/v1.0"+annasPasses, nil)
			r.Header.Set("Authorization", "Bearer app")
			if a := d.do(r); a.Code == 201 {
				ids[i], _ = a.json()["id"].(string)
			} else {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		})
	}
	wait.Wait()
	left := d.as("app", "GET", "/v1.0"+annasPasses, "").ids()
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	if len(left) != 1 || len(seen) != len(ids) || !seen[left[0]] {
		t.Errorf("%v of %v", left, ids)
	}
}
