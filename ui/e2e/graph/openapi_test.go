package graph

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// wantDescribed holds the OpenAPI document against its own rules, and all requests and
// replies of the day against the document.
func wantDescribed(t *testing.T) {
	doc := must(openapi3.NewLoader().LoadFromData(must(os.ReadFile(filepath.Join("..", "..", "..", "docs", "openapi.json")))(t)))(t)
	wantNone(t, doc.Validate(t.Context()))
	helpValidator(t, doc)
	router := must(gorillamux.NewRouter(doc))(t)
	seen := map[string]bool{}
	for _, e := range wire.all {
		if err := e.describedBy(t, router); err != nil && !seen[e.name()] {
			seen[e.name()] = true // once is enough
			short, _, _ := strings.Cut(err.Error(), "\nSchema:")
			t.Errorf("%s\n%s", e, short)
		}
	}
}

// helpValidator where this one knows less than the standards: a number may be described
// as such in plain text too, as Graph does it; and where there is no rule, null is fine.
func helpValidator(t *testing.T, doc *openapi3.T) {
	t.Helper()
	openapi3filter.RegisterBodyDecoder("text/plain", func(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (v any, err error) {
		err = json.NewDecoder(r).Decode(&v)
		return v, err
	})
	for _, s := range doc.Components.Schemas {
		wantNone(t, s.WalkSubtree(func(_ string, s *openapi3.SchemaRef) error {
			rules := *s.Value
			rules.ReadOnly = false
			if rules.IsEmpty() {
				s.Value.Always = new(true)
			}
			return nil
		}))
	}
}

func (e *exchange) describedBy(t *testing.T, router routers.Router) error {
	t.Helper()
	req := e.request.Clone(t.Context())
	req.Header.Del("Content-Encoding") // asked is inflated
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(e.asked)), int64(len(e.asked))
	route, params, err := router.FindRoute(req)
	if err != nil {
		return err
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: options}
	// What is wrong with a request that was refused is told by the reply.
	if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil && e.status < 400 {
		return err
	}
	header := e.header.Clone()
	if kind, _, _ := strings.Cut(header.Get("Content-Type"), ";"); kind != "" {
		header.Set("Content-Type", kind)
	}
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: e.status, Header: header, Body: io.NopCloser(bytes.NewReader(e.reply)), Options: options,
	})
}
