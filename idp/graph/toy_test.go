package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
)

// The toy resource: what an entity file looks like, over a slice.

type toy struct {
	ID, Name string
	Size     int
	Good     bool
	Made     time.Time
	Tags     []string
	Secret   string
}

type toyInput struct {
	Name, Secret *string
	Size         *int
	Good         *bool
	Made         *time.Time
}

var toys = &entity[*toy, *toyInput]{
	name: "toy", typed: true,
	id: func(t *toy) string { return t.ID },
	properties: []property[*toy, *toyInput]{
		{name: "id", kind: edmString, get: func(_ *call, t *toy) any { return t.ID }},
		{name: "displayName", kind: edmString, flags: required, get: func(_ *call, t *toy) any { return t.Name }, set: func(in *toyInput, v value) error {
			in.Name = new(v.text())
			return nil
		}},
		{name: "size", kind: edmInt32, get: func(_ *call, t *toy) any { return t.Size }, set: func(in *toyInput, v value) error {
			if v.number() > 1000 {
				return idp.Errorf(idp.Invalid, "Too big.")
			}
			in.Size = new(v.number())
			return nil
		}},
		{name: "good", kind: edmBoolean, get: func(_ *call, t *toy) any { return t.Good }, set: func(in *toyInput, v value) error { in.Good = new(v.boolean()); return nil }},
		{name: "madeDateTime", kind: edmDateTime, flags: onCreate, get: func(_ *call, t *toy) any { return t.Made }, set: func(in *toyInput, v value) error { in.Made = new(v.time()); return nil }},
		{name: "tags", kind: listOf(edmString), get: func(_ *call, t *toy) any { return t.Tags }},
		{name: "state", kind: enumOf("small", "large"), get: func(_ *call, t *toy) any { return t.state() }},
		{name: "status", kind: complexOf(field{name: "errorCode", kind: edmInt32}), get: func(_ *call, t *toy) any { return object{"errorCode": t.Size % 3} }},
		{name: "secret", kind: edmString, flags: noFilter | onSelect, get: func(_ *call, t *toy) any { return nil }, set: func(in *toyInput, v value) error { in.Secret = new(v.text()); return nil }},
		{name: "betaNote", kind: edmString, flags: betaOnly, get: func(_ *call, t *toy) any { return "beta" }},
	},
}

func (t *toy) state() string {
	if t.Size < 10 {
		return "small"
	}
	return "large"
}

// box holds the toys, sorted by id.
type box struct{ toys []*toy }

func (b *box) find(id string) (*toy, error) {
	for _, t := range b.toys {
		if t.ID == id {
			return t, nil
		}
	}
	return nil, missing(id)
}

func (b *box) routes() []route {
	one := func(method, path string, h func(*call) (reply, error)) route {
		return route{method: method, path: path, handle: h, in: toys, out: toys, action: idp.ReadUser}
	}
	list := one("GET", "/toys", func(c *call) (reply, error) { return toys.list(c, toys.slice(b.toys)) })
	list.options, list.counts, list.many, list.in = collectionOptions, true, true, nil
	get := one("GET", "/toys/{toy}", func(c *call) (reply, error) {
		t, err := b.find(c.param("toy"))
		if err != nil {
			return reply{}, err
		}
		return toys.one(c, t), nil
	})
	get.options, get.in = itemOptions, nil
	post := one("POST", "/toys", b.create)
	post.status = 201
	return []route{
		list, get, post,
		one("PATCH", "/toys/{toy}", b.change),
		{method: "DELETE", path: "/toys/{toy}", handle: b.remove},
		{method: "POST", path: "/toys/{toy}/polish", emptyBody: true, handle: func(c *call) (reply, error) { return c.done("Edm.Boolean", true), nil }},
		{method: "GET", path: "/toys/{toy}/beta", betaOnly: true, handle: func(*call) (reply, error) { return noContent(), nil }},
		{method: "GET", path: "/toys(code={code},size={size})", handle: func(c *call) (reply, error) { return ok(object{"code": c.param("code"), "size": c.param("size")}), nil }},
		{method: "GET", path: "/users/{user}/authentication/toys/{id}", me: true, family: authMethods, handle: b.guarded},
		{method: "GET", path: "/fault/{code}", family: authMethods, handle: fault},
		{method: "GET", path: "/denied/{code}", handle: fault},
	}
}

func (b *box) create(c *call) (reply, error) {
	in := &toyInput{}
	if err := toys.readNew(c, in); err != nil {
		return reply{}, err
	}
	t := &toy{ID: fmt.Sprintf("t%05d", len(b.toys)), Name: *in.Name}
	if in.Made != nil {
		t.Made = *in.Made
	}
	b.toys = append(b.toys, t)
	return toys.created(c, t), nil
}

func (b *box) change(c *call) (reply, error) {
	in := &toyInput{}
	t, err := b.find(c.param("toy"))
	if err == nil {
		err = toys.readChange(c, in)
	}
	if err != nil {
		return reply{}, err
	}
	if in.Name != nil {
		t.Name = *in.Name
	}
	if in.Size != nil {
		t.Size = *in.Size
	}
	return noContent(), nil
}

func (b *box) remove(c *call) (reply, error) {
	n := len(b.toys)
	b.toys = slices.DeleteFunc(b.toys, func(t *toy) bool { return t.ID == c.param("toy") })
	if len(b.toys) == n {
		return reply{}, missing(c.param("toy"))
	}
	return noContent(), nil
}

func (b *box) guarded(c *call) (reply, error) {
	return ok(object{"user": c.param("user"), "id": c.param("id"), "context": c.context(true)}), nil
}

// fault fails as its path says.
func fault(c *call) (reply, error) {
	switch code := c.param("code"); code {
	case "generic":
		return reply{}, idp.ErrForbidden
	case "user":
		return reply{}, missing("anna@contoso.example")
	case "plain":
		return reply{}, io.ErrUnexpectedEOF
	case "panic":
		panic("oh")
	default:
		return reply{}, idp.Errorf(idp.Code(code), "Text of %s.", code)
	}
}

// The world around it.

var epoch = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

const (
	base     = "https://latchkey.example"
	tenantID = "5f3a6c1e-0b7d-4c58-9a51-2f4e8d6b7c90"
)

type world struct {
	t   testing.TB
	now time.Time
	api *API
	box *box
	log bytes.Buffer
}

func newWorld(t testing.TB, n int) *world {
	w := &world{t: t, now: epoch, box: &box{}}
	for i := range n {
		w.box.toys = append(w.box.toys, &toy{
			ID: fmt.Sprintf("t%05d", i), Name: fmt.Sprintf("Toy %d O'Brien", (i*7919)%1009), Size: (i * 31) % 97, Good: i%2 == 0,
			Made: epoch.Add(time.Duration(i) * time.Hour), Tags: []string{"all", fmt.Sprintf("tag%d", i%5)},
		})
	}
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w.api = newAPI(Config{Base: base, Keys: keys, Authenticate: authenticate, Log: slog.New(slog.NewTextHandler(&w.log, nil))}, append(batchRoutes(), w.box.routes()...))
	return w
}

// authenticate takes the token for the type of actor, and its tenant.
func authenticate(r *http.Request) (Caller, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	kind, tenant, _ := strings.Cut(token, "@")
	switch {
	case !ok:
		return Caller{}, &web.Unauthenticated{}
	case kind == "expired":
		return Caller{}, &web.Unauthenticated{Message: "Lifetime validation failed, the token is expired.", Challenge: `error="invalid_token"`}
	case kind == "broken":
		return Caller{}, io.ErrUnexpectedEOF
	case tenant == "":
		tenant = tenantID
	}
	return Caller{Tenant: &idp.Tenant{TenantID: tenant}, Actor: idp.Actor{Party: idp.Party{Type: kind, ID: "4c2b2c3e-2f55-4a39-8f3a-0d8a0c1e9b11"}}}, nil
}

type answered struct {
	*httptest.ResponseRecorder
	t testing.TB
}

// send makes a request; headers are "Name: value".
func (w *world) send(method, url, body string, headers ...string) answered {
	w.t.Helper()
	r := httptest.NewRequest(method, "https://evil.example/", strings.NewReader(body))
	u, err := r.URL.Parse(url)
	if err != nil {
		w.t.Fatal(err)
	}
	r.URL = u
	r.Header.Set("Authorization", "Bearer user")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) answered {
	rec := httptest.NewRecorder()
	web.Entry{Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler), Panicked: w.api.Panicked, TooLarge: w.api.TooLarge}.
		Enter(w.api).ServeHTTP(rec, r)
	return answered{rec, w.t}
}

func (w *world) get(url string, headers ...string) answered {
	w.t.Helper()
	return w.send("GET", url, "", headers...)
}

func (a answered) json() object {
	a.t.Helper()
	o := object{}
	if err := json.Unmarshal(a.Body.Bytes(), &o); err != nil {
		a.t.Fatalf("%d %s: %v", a.Code, a.Body, err)
	}
	return o
}

// refused checks status and code, and that there is a message, and returns that.
func (a answered) refused(status int, code string) string {
	a.t.Helper()
	e, _ := a.json()["error"].(object)
	message, _ := e["message"].(string)
	if a.Code != status || e["code"] != code || message == "" {
		a.t.Errorf("%d %s, want %d %s", a.Code, a.Body, status, code)
	}
	return message
}

// ids are those of a page.
func (a answered) ids() []string {
	a.t.Helper()
	out := []string{}
	values, isList := a.json()["value"].([]any)
	if a.Code != 200 || !isList {
		a.t.Fatalf("%d %s", a.Code, a.Body)
	}
	for _, v := range values {
		out = append(out, v.(object)["id"].(string))
	}
	return out
}

// all follows the links of pages to the end.
func (w *world) all(url string, headers ...string) (ids []string, pages int) {
	w.t.Helper()
	for url != "" {
		a := w.get(strings.TrimPrefix(url, base), headers...)
		ids = append(ids, a.ids()...)
		if pages++; pages > 1000 {
			w.t.Fatal("pages without end")
		}
		url, _ = a.json()["@odata.nextLink"].(string)
		if url != "" && !strings.HasPrefix(url, base+"/v1.0/") && !strings.HasPrefix(url, base+"/beta/") {
			w.t.Fatalf("next link %s", url)
		}
	}
	return ids, pages
}
