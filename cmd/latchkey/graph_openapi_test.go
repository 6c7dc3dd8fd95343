package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/idp/graph"
)

// graphOperation is a path and method of the published document.
type graphOperation struct {
	method, path string
	beta         bool     // only there
	options      []string // query options it takes: filter, top
	permissions  []string // of which one is needed
	bodies       []graphBody
}

// graphBody is what a body may be: the name of its schema, the properties that nobody sets,
// and those that can be.
type graphBody struct {
	schema             string
	readOnly, writable []property
}

// property is one of a schema.
type property struct {
	name string
	kind string // JSON type
	beta bool
}

func (o graphOperation) key() string { return o.method + " " + o.path }

// me tells whether it is about the caller by name.
func (o graphOperation) me() bool { return strings.HasPrefix(o.path, "/me") }

// counting tells whether it answers how many there are.
func (o graphOperation) counting() bool { return strings.HasSuffix(o.path, "/$count") }

var parameterPattern = regexp.MustCompile(`\{([a-zA-Z]+)\}`)

// parameters are the names in the path.
func (o graphOperation) parameters() (names []string) {
	for _, m := range parameterPattern.FindAllStringSubmatch(o.path, -1) {
		names = append(names, m[1])
	}
	return names
}

// fill puts values in the place of the names, below the version that has the path.
func (o graphOperation) fill(values map[string]string) string {
	version := "/v1.0"
	if o.beta {
		version = "/beta"
	}
	path := strings.NewReplacer("={", "='{", "})", "}')", "},", "}',").Replace(o.path) // an argument stands in quotes
	return version + parameterPattern.ReplaceAllStringFunc(path, func(name string) string { return url.PathEscape(values[name[1:len(name)-1]]) })
}

// openAPI is as much of the document as the tests read.
type openAPI struct {
	Paths      map[string]openPath
	Components struct{ Schemas map[string]openSchema }
}

type openPath struct {
	Get, Post, Patch, Put, Delete *openOperation
	Servers                       []struct{ URL string }
}

type openOperation struct {
	Permissions map[string][]string `json:"x-permissions"`
	Parameters  []struct {
		Ref string `json:"$ref"`
	}
	RequestBody struct {
		Content map[string]struct{ Schema openSchema }
	}
}

type openSchema struct {
	Ref         string `json:"$ref"`
	Type        any    // a name, or some
	Description string
	ReadOnly    bool
	AllOf       []openSchema
	AnyOf       []openSchema
	Properties  map[string]openSchema
}

// operationsOf are all that docs/openapi.json has: a test of idp/graph holds that it is the
// document of the routes.
func operationsOf(t testing.TB) (all []graphOperation) {
	t.Helper()
	var d openAPI
	if err := json.Unmarshal(graph.New(graph.Config{}).OpenAPI(), &d); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		p := d.Paths[path]
		for _, m := range []struct {
			name string
			op   *openOperation
		}{{http.MethodGet, p.Get}, {http.MethodPost, p.Post}, {http.MethodPatch, p.Patch}, {http.MethodPut, p.Put}, {http.MethodDelete, p.Delete}} {
			if m.op != nil {
				all = append(all, d.describe(m.name, path, len(p.Servers) > 0, m.op))
			}
		}
	}
	return all
}

func (d openAPI) describe(method, path string, beta bool, op *openOperation) graphOperation {
	o := graphOperation{method: method, path: path, beta: beta}
	for _, list := range op.Permissions {
		o.permissions = append(o.permissions, list...)
	}
	for _, p := range op.Parameters {
		o.options = append(o.options, p.Ref[strings.LastIndexByte(p.Ref, '/')+1:])
	}
	schema := op.RequestBody.Content["application/json"].Schema
	all := []openSchema{schema}
	switch {
	case len(schema.AllOf) > 0:
		all = schema.AllOf[:1]
	case len(schema.AnyOf) > 0: // the first is what the others have in common
		all = schema.AnyOf[1:]
	}
	for _, s := range all {
		if s.Ref != "" {
			o.bodies = append(o.bodies, d.body(s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]))
		}
	}
	return o
}

func (d openAPI) body(schema string) graphBody {
	b := graphBody{schema: schema}
	for name, p := range d.Components.Schemas[schema].Properties {
		list := &b.writable
		if p.ReadOnly {
			list = &b.readOnly
		}
		*list = append(*list, property{name, p.kind(), strings.HasPrefix(p.Description, "Beta only")})
	}
	return b
}

// kind is the type, but for null.
func (s openSchema) kind() string {
	names, isList := s.Type.([]any)
	if !isList {
		names = []any{s.Type}
	}
	for _, n := range names {
		if name, isName := n.(string); isName && name != "null" {
			return name
		}
	}
	return ""
}
