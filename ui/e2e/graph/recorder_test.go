package graph

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// exchange is a request and its reply as they went over the wire, but inflated.
type exchange struct {
	request *http.Request
	asked   []byte
	status  int
	header  http.Header
	reply   []byte
}

// recorder keeps what all the SDKs of the tests have exchanged.
type recorder struct {
	mu  sync.Mutex
	all []*exchange
}

var wire recorder

// last is the newest exchange.
func (r *recorder) last() *exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) == 0 {
		return &exchange{}
	}
	return r.all[len(r.all)-1]
}

// RoundTrip stands below the SDK's own middleware.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	e := &exchange{request: req.Clone(req.Context())}
	if req.Body != nil {
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(raw))
		if e.asked, err = inflated(raw, req.Header); err != nil {
			return nil, fmt.Errorf("the SDK's request: %w", err)
		}
	}
	resp, err := contoso.http.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	e.status, e.header = resp.StatusCode, resp.Header.Clone()
	if e.reply, err = inflated(raw, resp.Header); err != nil {
		return nil, fmt.Errorf("the server's reply: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, e)
	return resp, nil
}

func inflated(raw []byte, h http.Header) ([]byte, error) {
	if h.Get("Content-Encoding") != "gzip" {
		return raw, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func (e *exchange) String() string {
	return fmt.Sprintf("%s %s %s -> %d %s", e.request.Method, e.request.URL.RequestURI(), e.asked, e.status, e.reply)
}

// endpoint is the path with {} for what differs from call to call; beta's say so.
func (e *exchange) endpoint() string {
	path := strings.TrimPrefix(e.request.URL.EscapedPath(), "/v1.0")
	parts := strings.Split(argument.ReplaceAllString(path, "()"), "/")
	for i, p := range parts {
		if i > 0 && (keyed[parts[i-1]] && !unkeyed.MatchString(p)) {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}

// name is method, endpoint and status: what samples are found by.
func (e *exchange) name() string {
	return fmt.Sprintf("%s %s %d", e.request.Method, e.endpoint(), e.status)
}

var (
	argument = regexp.MustCompile(`\([^)]*\)`)
	// unkeyed are the parts of a path that stand where an id could and are none.
	unkeyed = regexp.MustCompile(`^(\$|graph\.|(microsoft\.graph\.)?creationOptions)`)
	// keyed are the collections whose items have ids that differ from run to run.
	keyed = map[string]bool{
		"organization": true, "domains": true, "directoryObjects": true, "users": true, "groups": true, "members": true, "directoryRoles": true,
		"directoryRoleTemplates": true, "roleDefinitions": true, "roleAssignments": true, "temporaryAccessPassMethods": true,
		"fido2Methods": true, "passwordMethods": true, "methods": true, "userRegistrationDetails": true, "recoveryReadiness": true, "directoryAudits": true, "signIns": true, "partners": true,
	}
)
