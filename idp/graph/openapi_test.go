package graph

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write docs/openapi.json")

// TestOpenAPI: what is published describes what is served.
func TestOpenAPI(t *testing.T) {
	const file = "../../docs/openapi.json"
	if len(routes()) == len(batchRoutes()) {
		return // there is nothing to publish yet
	}
	got := New(Config{}).OpenAPI()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the routes say: run go test ./idp/graph -run OpenAPI -update", file)
	}
}

// TestOpenAPIToys: every path, parameter and schema is there, and each reference leads
// somewhere.
func TestOpenAPIToys(t *testing.T) {
	w := newWorld(t, 0)
	raw := w.api.OpenAPI()
	for range 10 {
		if !bytes.Equal(raw, w.api.OpenAPI()) {
			t.Fatal("it differs from time to time")
		}
	}
	var d object
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	for _, path := range [][]string{
		{"paths", "/toys", "get", "x-permissions", "application"}, {"paths", "/toys", "post", "requestBody"}, {"paths", "/toys", "post", "responses", "201"},
		{"paths", "/toys/$count", "get"}, {"paths", "/toys/{toy}", "patch"}, {"paths", "/toys/{toy}/beta", "servers"}, {"paths", "/me/authentication/toys/{id}", "get"},
		{"paths", "/toys(code={code},size={size})", "get"}, {"components", "schemas", "microsoft.graph.toy", "properties", "id", "readOnly"},
	} {
		if dig(d, path...) == nil {
			t.Errorf("there is no %v", path)
		}
	}
	references(d, func(ref string) {
		var parts []string
		for p := range bytes.SplitSeq([]byte(ref), []byte("/")) {
			parts = append(parts, string(p))
		}
		if dig(d, parts[1:]...) == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	})
}

func dig(v any, path ...string) any {
	for _, name := range path {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

func references(v any, visit func(string)) {
	switch v := v.(type) {
	case object:
		for name, member := range v {
			if ref, ok := member.(string); ok && name == "$ref" {
				visit(ref)
			}
			references(member, visit)
		}
	case []any:
		for _, item := range v {
			references(item, visit)
		}
	}
}
