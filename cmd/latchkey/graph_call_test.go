package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// graphAnswer is what the admin API answered.
type graphAnswer struct {
	status int
	header http.Header
	body   []byte
}

func (a graphAnswer) ok() bool { return a.status/100 == 2 }

// object is the body, nil unless it is a JSON object.
func (a graphAnswer) object() map[string]any {
	var o map[string]any
	_ = json.Unmarshal(a.body, &o)
	return o
}

// problem is the error of the body; empty if it has none.
func (a graphAnswer) problem() (code, message string) {
	var told struct {
		Error struct{ Code, Message string }
	}
	_ = json.Unmarshal(a.body, &told)
	return told.Error.Code, told.Error.Message
}

// String is short enough for a test's message.
func (a graphAnswer) String() string {
	return http.StatusText(a.status) + " " + strings.TrimSpace(string(a.body[:min(len(a.body), 1000)]))
}

// graphRequest is what to send; headers come in pairs, and a body is JSON unless they say otherwise.
type graphRequest struct {
	method, path, body string
	header             []string
}

func (r graphRequest) String() string { return r.method + " " + r.path + " " + r.body }

func (w *graphWorld) call(token string, q graphRequest) graphAnswer {
	w.Helper()
	address := q.path
	if !strings.HasPrefix(address, "http") {
		address = w.base + address
	}
	r, err := http.NewRequestWithContext(w.Context(), q.method, address, strings.NewReader(q.body))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(q.header); i += 2 {
		r.Header.Set(q.header[i], q.header[i+1])
	}
	return w.send(r)
}

func (w *graphWorld) send(r *http.Request) graphAnswer {
	w.Helper()
	w.requests++
	resp, err := w.transport.RoundTrip(r)
	if err != nil {
		w.Fatalf("%s %.200s: %v", r.Method, r.URL, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return graphAnswer{resp.StatusCode, resp.Header, body}
}
