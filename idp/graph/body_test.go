package graph

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

// TestBody: each row is sent as a new toy.
func TestBody(t *testing.T) {
	w := newWorld(t, 0)
	const good = `{"displayName":"Anna"}`
	for name, c := range map[string]struct {
		body, header string
		status       int
		has          string
	}{
		"plain":            {good, "", 201, `"displayName":"Anna"`},
		"charset":          {good, "Content-Type: application/json; charset=utf-8", 201, ""},
		"blanks":           {"\n " + good + " \n", "", 201, ""},
		"identity":         {good, "Content-Encoding: identity", 201, ""},
		"gzip":             {zipped(good), "Content-Encoding: gzip", 201, `"displayName":"Anna"`},
		"bomb":             {zipped(strings.Repeat(" ", 20<<20)), "Content-Encoding: gzip", 413, "too large"},
		"too large":        {strings.Repeat(" ", 65<<10), "", 413, "too large"},
		"damaged gzip":     {zipped(good)[:20], "Content-Encoding: gzip", 400, "could not be read"},
		"no gzip":          {good, "Content-Encoding: gzip", 400, "could not be read"},
		"brotli":           {good, "Content-Encoding: br", 415, "Content-Encoding"},
		"form":             {good, "Content-Type: application/x-www-form-urlencoded", 415, "application/json"},
		"no type":          {good, "Content-Type: ", 415, "application/json"},
		"empty":            {"", "", 400, "Empty Payload"},
		"empty gzip":       {zipped(""), "Content-Encoding: gzip", 400, "Empty Payload"},
		"list":             {"[" + good + "]", "", 400, "Unable to read JSON"},
		"text":             {`"x"`, "", 400, "Unable to read JSON"},
		"trailing":         {good + "{}", "", 400, "Unable to read JSON"},
		"cut":              {good[:10], "", 400, "Unable to read JSON"},
		"twice":            {`{"displayName":"a","displayName":"b"}`, "", 400, "twice"},
		"twice by case":    {`{"displayName":"a","DisplayName":"b"}`, "", 400, "twice"},
		"twice below":      {`{"displayName":"a","x":[{"y":1,"y":2}]}`, "", 400, "twice"},
		"deep":             {`{"displayName":"a","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "", 400, "nests"},
		"very deep":        {strings.Repeat(`{"x":`, 10000), "", 400, "Unable to read JSON"},
		"annotations":      {`{"@odata.type":"#microsoft.graph.toy","@odata.context":"x","unknown":{"x":[1]},"displayName":"a"}`, "", 201, ""},
		"type":             {`{"@odata.type":"microsoft.graph.TOY","displayName":"a"}`, "", 201, ""},
		"other type":       {`{"@odata.type":"#microsoft.graph.user","displayName":"a"}`, "", 400, "@odata.type"},
		"type is number":   {`{"@odata.type":1,"displayName":"a"}`, "", 400, "@odata.type"},
		"echoed":           {`{"id":"x","tags":7,"state":"small","displayName":"a"}`, "", 201, `"id":"t0`},
		"missing":          {`{}`, "", 400, "A value is required for property 'displayName'"},
		"null":             {`{"displayName":null}`, "", 400, "Property 'displayName' cannot be null"},
		"wrong type":       {`{"displayName":1}`, "", 400, "property 'displayName': expected String"},
		"wrong number":     {`{"displayName":"a","size":"1"}`, "", 400, "property 'size': expected Int32"},
		"fraction":         {`{"displayName":"a","size":1.5}`, "", 400, "expected Int32"},
		"huge":             {`{"displayName":"a","size":1e400}`, "", 400, "expected Int32"},
		"number as bool":   {`{"displayName":"a","good":1}`, "", 400, "expected Boolean"},
		"object as string": {`{"displayName":{}}`, "", 400, "expected String"},
		"date":             {`{"displayName":"a","madeDateTime":"2022-05-23 06:00:00"}`, "", 201, `"madeDateTime":"2022-05-23T06:00:00Z"`},
		"wrong date":       {`{"displayName":"a","madeDateTime":"tomorrow"}`, "", 400, "expected DateTimeOffset"},
		"case":             {`{"DisplayName":"Anna"}`, "", 201, `"displayName":"Anna"`},
	} {
		headers := []string{}
		if c.header != "" {
			headers = append(headers, c.header)
		}
		a := w.send("POST", "/v1.0/toys", c.body, headers...)
		if a.Code != c.status || !strings.Contains(a.Body.String(), c.has) {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
}

// TestStreamedBody: a body that does not announce its length is bounded as well.
func TestStreamedBody(t *testing.T) {
	w := newWorld(t, 0)
	r := httptest.NewRequest("POST", "/v1.0/toys", io.MultiReader(strings.NewReader(`{"displayName":"`), strings.NewReader(strings.Repeat("x", 70<<10)), strings.NewReader(`"}`)))
	r.Header.Set("Authorization", "Bearer user")
	r.Header.Set("Content-Type", "application/json")
	w.do(r).refused(413, "RequestBodyTooLarge")
}

func TestCreated(t *testing.T) {
	w := newWorld(t, 2)
	a := w.send("POST", "/v1.0/toys", `{"displayName":"a"}`)
	if a.Header().Get("Location") != base+"/v1.0/toys/t00002" || a.json()["@odata.context"] != base+"/v1.0/$metadata#toys/$entity" {
		t.Errorf("%v %s", a.Header(), a.Body)
	}
	if got := w.get("/v1.0/toys/t00002"); got.Code != 200 {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if w.send("DELETE", "/v1.0/toys/t00002", "").Code != 204 {
		t.Error("not deleted")
	}
	w.send("DELETE", "/v1.0/toys/t00002", "").refused(404, "Request_ResourceNotFound")
}

// TestChange: all of a body is judged before any of it is done.
func TestChange(t *testing.T) {
	w := newWorld(t, 1)
	for body, has := range map[string]string{
		`{"displayName":"new","id":"x"}`:                              "Property 'id' is read-only and cannot be set.",
		`{"displayName":"new","madeDateTime":"2026-01-02T00:00:00Z"}`: "Property 'madeDateTime' is read-only",
		`{"displayName":"new","size":"x"}`:                            "property 'size'",
		`{"displayName":"new","size":1001}`:                           "Too big.",
		`{"displayName":null,"size":5}`:                               "cannot be null",
	} {
		if got := w.send("PATCH", "/v1.0/toys/t00000", body).refused(400, "Request_BadRequest"); !strings.Contains(got, has) {
			t.Errorf("%s: %s", body, got)
		}
	}
	if toy := w.box.toys[0]; toy.Name != "Toy 0 O'Brien" || toy.Size != 0 {
		t.Errorf("%+v", toy)
	}
	if a := w.send("PATCH", "/v1.0/toys/t00000", `{"displayName":"new","unknown":1,"x@odata.type":"y"}`); a.Code != 204 || a.Body.Len() > 0 || a.Header().Get("Content-Type") != "" || w.box.toys[0].Name != "new" {
		t.Errorf("%d %s %v", a.Code, a.Body, a.Header())
	}
}

// TestKinds: complex values and enumerations are checked within.
func TestKinds(t *testing.T) {
	k := complexOf(field{name: "mode", kind: enumOf("any", "push")}, field{name: "ids", kind: listOf(edmGUID)}, field{name: "at", kind: edmDateTime})
	got, err := k.read("x", object{"Mode": "PUSH", "ids": []any{"4C2B2C3E-2f55-4a39-8f3a-0d8a0c1e9b11"}, "other": 1})
	v := value{got}
	if err != nil || v.member("mode").text() != "push" || v.member("ids").texts()[0] != "4c2b2c3e-2f55-4a39-8f3a-0d8a0c1e9b11" || !v.member("at").null() || !v.member("at").time().IsZero() {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []object{{"mode": "x"}, {"ids": "x"}, {"ids": []any{"x"}}, {"ids": []any{nil}}, {"at": true}} {
		if _, err := k.read("x", bad); err == nil || !strings.Contains(err.Error(), "'x/") {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := k.read("x", "text"); err == nil || !strings.Contains(err.Error(), "expected Object") {
		t.Error(err)
	}
}

// TestNormal: whatever a property is made of comes out as JSON has it.
func TestNormal(t *testing.T) {
	type named string
	for _, c := range []struct{ in, want any }{
		{nil, nil}, {time.Time{}, nil}, {(*string)(nil), nil}, {new("x"), "x"}, {named("x"), "x"}, {int32(3), int64(3)}, {1.5, 1.5}, {new(true), true},
		{epoch, "2026-11-24T09:00:00Z"}, {[]string(nil), []any{}}, {[]named{"a"}, []any{"a"}}, {[]object{{"at": epoch}}, []any{object{"at": "2026-11-24T09:00:00Z"}}},
	} {
		if got := plain(c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%#v: %#v", c.in, got)
		}
	}
}
