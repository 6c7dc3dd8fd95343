package graph

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"latchkey/idp"
)

// OpenAPI describes every route as an OpenAPI 3.1 document, which is the same each time.
func (a *API) OpenAPI() []byte {
	d := document{schemas: object{"error": errorSchema()}}
	paths := object{}
	for _, places := range a.beta { // which has all that v1.0 has
		for _, p := range places {
			paths["/"+strings.Join(p.pattern, "/")] = d.path(p)
		}
	}
	out, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info":    object{"title": "Latchkey admin API", "version": "v1.0"},
		"servers": []object{{"url": "/v1.0"}, {"url": "/beta"}},
		"paths":   paths,
		"components": object{
			"schemas": d.schemas, "parameters": optionParameters(),
			"responses":       object{"error": answer("The request was refused.", ref("schemas", "error"))},
			"securitySchemes": object{"bearer": object{"type": "http", "scheme": "bearer"}},
		},
		"security": []object{{"bearer": []string{}}},
	}, "", "  ")
	if err != nil {
		panic(err) // maps and plain values
	}
	return append(out, '\n')
}

// document gathers the schemas that its paths mention.
type document struct{ schemas object }

func ref(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }

func answer(text string, schema object) object {
	return object{"description": text, "content": object{"application/json": object{"schema": schema}}}
}

func (d document) path(p *place) object {
	out := object{}
	if names := pathParameters(p.pattern); len(names) > 0 {
		out["parameters"] = names
	}
	beta := true
	for _, method := range slices.Sorted(maps.Keys(p.routes)) {
		out[strings.ToLower(method)] = d.operation(p, p.routes[method])
		beta = beta && p.routes[method].betaOnly
	}
	if beta {
		out["servers"] = []object{{"url": "/beta"}}
	}
	return out
}

func pathParameters(pattern []string) []object {
	var out []object
	for _, s := range pattern {
		for part := range strings.SplitSeq(s, "{") {
			if name, _, isName := strings.Cut(part, "}"); isName {
				out = append(out, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string"}})
			}
		}
	}
	return out
}

func (d document) operation(p *place, r route) object {
	op := object{
		"operationId": operationID(r.method, p.pattern),
		"responses":   object{strconv.Itoa(r.success()): d.response(p, r), "default": ref("responses", "error")},
	}
	if r.summary != "" {
		op["summary"] = r.summary
	}
	if parameters := r.parameters(p.counting); len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if r.in != nil {
		op["requestBody"] = object{"required": !r.emptyBody, "content": object{"application/json": object{"schema": d.request(r)}}}
	}
	if app, delegated := idp.PermissionsFor(r.action); len(app)+len(delegated) > 0 { // one of them is enough
		op["x-permissions"] = object{"application": slices.Concat([]string{}, app), "delegated": slices.Concat([]string{}, delegated)}
	}
	return op
}

func operationID(method string, pattern []string) string {
	name := strings.NewReplacer("{", "", "}", "", "$", "", "(", ".", ")", "", "=", ".", ",", ".").Replace(strings.Join(pattern, "."))
	return strings.ToLower(method) + "." + name
}

// success is the status of a request that was not refused.
func (r route) success() int {
	switch {
	case r.status != 0:
		return r.status
	case r.out == nil:
		return http.StatusNoContent
	}
	return http.StatusOK
}

func (r route) parameters(counting bool) (out []object) {
	t := r.options
	if counting {
		t &= optFilter | optSearch
	}
	for _, q := range queryOptions {
		if t.take(q.name) {
			out = append(out, ref("parameters", q.name[1:]))
		}
	}
	return out
}

func optionParameters() object {
	out := object{}
	for _, q := range queryOptions {
		schema := object{"type": "string"}
		switch q.name {
		case "$top":
			schema = object{"type": "integer", "minimum": 1, "maximum": maxTop}
		case "$count":
			schema = object{"type": "boolean"}
		}
		out[q.name[1:]] = object{"name": q.name, "in": "query", "schema": schema}
	}
	return out
}

func (d document) response(p *place, r route) object {
	switch {
	case p.counting:
		return object{"description": "How many there are.", "content": object{"text/plain": object{"schema": object{"type": "integer"}}}}
	case r.out == nil:
		return object{"description": "Done."}
	case r.many:
		return answer("A page of the collection.", object{"type": "object", "required": []string{"value"}, "properties": object{
			"@odata.context": object{"type": "string"}, "@odata.nextLink": object{"type": "string"}, "@odata.count": object{"type": "integer"},
			"value": object{"type": "array", "items": d.schema(r.out)},
		}})
	}
	return answer("Done.", d.schema(r.out))
}

// request is the schema of a body, which names what one that creates must have.
func (d document) request(r route) object {
	var needed []string
	for _, f := range r.in.fields() {
		if f.flags.has(required) && r.method == http.MethodPost {
			needed = append(needed, f.name)
		}
	}
	if needed == nil {
		return d.schema(r.in)
	}
	return object{"allOf": []object{d.schema(r.in)}, "required": needed}
}

// schema mentions a shape, and describes it where it is the first to do so.
func (d document) schema(s shape) object {
	name := "microsoft.graph." + s.typeName()
	if d.schemas[name] == nil {
		d.schemas[name] = object{} // before what is in it, which may mention it
		d.schemas[name] = membersSchema(s.fields())
	}
	if kinds := s.derivedShapes(); len(kinds) > 0 {
		each := []object{ref("schemas", name)}
		for _, k := range kinds {
			each = append(each, d.schema(k))
		}
		return object{"anyOf": each}
	}
	return ref("schemas", name)
}

func membersSchema(fields []field) object {
	properties := object{}
	for _, f := range fields {
		p := orNull(f.kind.schema())
		if f.readOnly {
			p["readOnly"] = true
		}
		if f.flags.has(betaOnly) {
			p["description"] = "Beta only."
		}
		properties[f.name] = p
	}
	return object{"type": "object", "properties": properties}
}

// orNull lets a property be absent in Graph's way: there, and null. Collections are empty
// instead.
func orNull(schema object) object {
	kind, plain := schema["type"].(string)
	if !plain || kind == "array" {
		return schema
	}
	schema["type"] = []string{kind, "null"}
	if values, isEnum := schema["enum"].([]string); isEnum {
		all := make([]any, 0, len(values)+1)
		for _, v := range values {
			all = append(all, v)
		}
		schema["enum"] = append(all, nil)
	}
	return schema
}

func (k kind) schema() object {
	if k.list {
		k.list = false
		return object{"type": "array", "items": k.schema()}
	}
	switch k.edm {
	case "Boolean":
		return object{"type": "boolean"}
	case "Int32":
		return object{"type": "integer", "format": "int32"}
	case "DateTimeOffset":
		return object{"type": "string", "format": "date-time"}
	case "Guid":
		return object{"type": "string", "format": "uuid"}
	case "Object":
		return membersSchema(k.members)
	case "Untyped":
		return object{}
	}
	if len(k.enum) > 0 {
		return object{"type": "string", "enum": k.enum}
	}
	return object{"type": "string"}
}

func errorSchema() object {
	text := object{"type": "string"}
	return object{"type": "object", "required": []string{"error"}, "properties": object{
		"error": object{"type": "object", "required": []string{"code", "message"}, "properties": object{
			"code": text, "message": text,
			"innerError": object{"type": "object", "properties": object{
				"date": object{"type": "string", "format": "date-time"}, "request-id": text, "client-request-id": text, "message": text,
			}},
		}},
	}}
}
