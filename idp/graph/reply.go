package graph

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"

	"latchkey/idp/web"
)

// object is a JSON object.
type object = map[string]any

// reply is an answer before it is written. Its body is JSON, or a string that is
// plain text, or nil.
type reply struct {
	status int
	header http.Header
	body   any
}

const jsonType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// noContent answers 204.
func noContent() reply { return reply{status: http.StatusNoContent} }

// ok answers with an object that no entity describes.
func ok(body object) reply { return reply{status: http.StatusOK, body: body} }

// done answers an action that returns one plain value, such as true.
func (c *call) done(edm string, value any) reply {
	return ok(object{"@odata.context": c.metadata() + edm, "value": value})
}

// number answers $count.
func number(n int) reply { return reply{status: http.StatusOK, body: strconv.Itoa(n)} }

// headers are the reply's own and those of every answer.
func (out reply) headers(r *http.Request) http.Header {
	h := http.Header{
		"Request-Id":        {web.From(r).ID},
		"Client-Request-Id": {clientRequestID(r)},
		"Cache-Control":     {"no-store"},
		"Odata-Version":     {"4.0"},
	}
	switch out.body.(type) {
	case nil:
	case string:
		h.Set("Content-Type", "text/plain")
	default:
		h.Set("Content-Type", jsonType)
	}
	maps.Copy(h, out.header)
	return h
}

// write sends the reply. The body is whole before the first byte goes out, so that a
// fault in it is still answered as one.
func (out reply) write(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	switch b := out.body.(type) {
	case nil:
	case string:
		body.WriteString(b)
	default:
		e := json.NewEncoder(&body)
		e.SetEscapeHTML(false)
		if err := e.Encode(b); err != nil {
			panic(err) // bodies are of maps, slices and plain values
		}
	}
	h := w.Header()
	maps.Copy(h, out.headers(r))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(out.status)
	io.Copy(w, &body)
}

// clientRequestID echoes what the client calls its request, if that is harmless.
func clientRequestID(r *http.Request) string {
	id := r.Header.Get("client-request-id")
	for _, b := range []byte(id) {
		if b != '-' && (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') {
			return web.From(r).ID
		}
	}
	if id == "" || len(id) > 64 {
		return web.From(r).ID
	}
	return id
}
