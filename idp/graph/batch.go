package graph

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"latchkey/idp"
)

const maxBatch = 20

// batchRoutes answer several requests in one.
func batchRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/$batch", handle: batch, in: batchBody, out: batchReply,
		summary: "Answer up to 20 requests in one",
	}}
}

// item is one request of a batch.
type item struct {
	id, method string
	url        *url.URL
	headers    map[string]string
	body       any
	after      []string // whose failure fails it
}

var batchBody = &entity[none, *[]item]{name: "batchRequest", properties: []property[none, *[]item]{{
	name: "requests", flags: required,
	kind: listOf(complexOf(
		field{name: "id", kind: edmString}, field{name: "method", kind: edmString}, field{name: "url", kind: edmString},
		field{name: "headers", kind: edmAny}, field{name: "body", kind: edmAny}, field{name: "dependsOn", kind: listOf(edmString)},
	)),
	set: readItems,
}}}

var batchReply = &entity[none, none]{name: "batchResponse", properties: []property[none, none]{{
	name: "responses",
	kind: listOf(complexOf(
		field{name: "id", kind: edmString}, field{name: "status", kind: edmInt32},
		field{name: "headers", kind: edmAny}, field{name: "body", kind: edmAny},
	)),
}}}

func batch(c *call) (reply, error) {
	var items []item
	if err := batchBody.readNew(c, &items); err != nil {
		return reply{}, err
	}
	order, err := inOrder(items)
	if err != nil {
		return reply{}, err
	}
	replies := map[string]object{}
	for _, i := range order {
		out := c.failedDependency()
		if !slices.ContainsFunc(items[i].after, func(id string) bool { return replies[id]["status"].(int) >= 400 }) {
			out = c.inner(items[i])
		}
		replies[items[i].id] = out.inBatch(c.request, items[i].id)
	}
	responses := make([]object, len(items))
	for i, it := range items {
		responses[i] = replies[it.id]
	}
	return ok(object{"responses": responses}), nil
}

// readItems checks the requests: one that is wrong refuses the whole batch.
func readItems(in *[]item, v value) error {
	list := v.list()
	if len(list) < 1 || len(list) > maxBatch {
		return idp.Errorf(idp.Invalid, "A batch has 1 to %d requests.", maxBatch)
	}
	for _, one := range list {
		it, err := readItem(one)
		if err != nil {
			return err
		}
		if it.id == "" || slices.ContainsFunc(*in, func(other item) bool { return other.id == it.id }) {
			return idp.Errorf(idp.Invalid, "Each request of a batch needs an id of its own.")
		}
		*in = append(*in, it)
	}
	return nil
}

func readItem(v value) (it item, err error) {
	it = item{id: v.member("id").text(), method: strings.ToUpper(v.member("method").text()), body: v.member("body").v, headers: map[string]string{}}
	if it.url, err = innerURL(v.member("url").text()); err != nil {
		return it, err
	}
	if !slices.Contains([]string{"GET", "POST", "PATCH", "PUT", "DELETE"}, it.method) {
		return it, idp.Errorf(idp.Invalid, "The method of request '%s' is not supported.", it.id)
	}
	for name, text := range v.member("headers").object() {
		it.headers[http.CanonicalHeaderKey(name)], _ = text.(string)
	}
	it.after = v.member("dependsOn").texts()
	return it, nil
}

// innerURL reads a URL relative to the version.
func innerURL(s string) (*url.URL, error) {
	u, err := url.Parse("/" + strings.TrimPrefix(s, "/"))
	if err != nil || s == "" || u.Host != "" || strings.Contains(strings.SplitN(s, "?", 2)[0], "://") {
		return nil, idp.Errorf(idp.Invalid, "The URL '%s' is not relative to this version.", s)
	}
	if segments, _ := splitPath(u.EscapedPath()[1:]); len(segments) > 0 && head(segments[0]) == "$batch" {
		return nil, idp.Errorf(idp.Invalid, "A batch cannot be part of a batch.")
	}
	return u, nil
}

// inOrder puts every request behind those it depends on.
func inOrder(items []item) ([]int, error) {
	var order []int
	done := map[string]bool{}
	for len(order) < len(items) {
		before := len(order)
		for i, it := range items {
			ready := !slices.ContainsFunc(it.after, func(id string) bool { return !done[id] })
			if !done[it.id] && ready {
				done[it.id] = true
				order = append(order, i)
			}
		}
		if len(order) == before {
			return nil, idp.Errorf(idp.Invalid, "A dependsOn names no request of the batch, or requests depend on one another.")
		}
	}
	return order, nil
}

// inner answers one request of a batch as if it had come by itself, for the same caller.
func (c *call) inner(it item) reply {
	r := c.request.Clone(c.ctx())
	version, _, _ := versionOf(c.request.URL.EscapedPath())
	r.Method, r.Header, r.Body = it.method, http.Header{}, http.NoBody
	r.URL = &url.URL{Path: "/" + version + it.url.Path, RawPath: "/" + version + it.url.EscapedPath(), RawQuery: it.url.RawQuery}
	for _, name := range []string{"Content-Type", "Consistencylevel", "Prefer"} {
		if text := it.headers[name]; text != "" {
			r.Header.Set(name, text)
		}
	}
	r.Header.Set("client-request-id", c.request.Header.Get("client-request-id"))
	if it.body != nil {
		raw, err := json.Marshal(it.body)
		if err != nil {
			return c.refused(c.request, directory, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(raw))
		if r.Header.Get("Content-Type") == "" {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	return c.answer(r, c.Caller)
}

func (c *call) failedDependency() reply {
	return c.refused(c.request, directory, &refusal{status: http.StatusFailedDependency, code: "FailedDependency", message: "A request that this one depends on has failed."})
}

// inBatch is a reply as part of another: what is not JSON is base64.
func (out reply) inBatch(r *http.Request, id string) object {
	headers := map[string]string{}
	for name, values := range out.headers(r) {
		headers[name] = strings.Join(values, ", ")
	}
	o := object{"id": id, "status": out.status, "headers": headers}
	if text, isText := out.body.(string); isText {
		o["body"] = base64.StdEncoding.EncodeToString([]byte(text))
	} else if out.body != nil {
		o["body"] = out.body
	}
	return o
}
