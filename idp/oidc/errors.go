package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// protocolError is an OAuth error as clients get it (RFC 6749 5.2).
type protocolError struct {
	Status int
	Code   string
	STS    idp.STS // 0 where there is none
	Detail string  // used when there is no STS, and beside it
	ended  bool    // an access token of ours, whose time is not up, is no longer good
}

func (e *protocolError) Error() string { return e.Code + ": " + e.description() }

// description keeps to the characters of RFC 6749 5.2.
func (e *protocolError) description() string {
	text := e.Detail
	if e.STS != 0 {
		text = e.STS.String()
		if e.Detail != "" {
			text += " " + e.Detail
		}
	}
	return printable(text)
}

func printable(s string) string {
	out := []byte(s)
	for i, c := range out {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			out[i] = '\''
		}
	}
	return string(out)
}

func bad(code, detail string) *protocolError {
	return &protocolError{Status: http.StatusBadRequest, Code: code, Detail: detail}
}

func badSTS(code string, sts idp.STS) *protocolError {
	return &protocolError{Status: http.StatusBadRequest, Code: code, STS: sts}
}

// tooMany tells whoever asks for too much at once to come back later.
func tooMany(detail string) *protocolError {
	return &protocolError{Status: http.StatusTooManyRequests, Code: "slow_down", Detail: detail}
}

// errorBody has, beside what RFC 6749 asks for, what MSAL reads.
type errorBody struct {
	Error       string    `json:"error"`
	Description string    `json:"error_description,omitempty"`
	Codes       []idp.STS `json:"error_codes,omitempty"`
	Suberror    string    `json:"suberror,omitempty"`
	Timestamp   string    `json:"timestamp"`
	TraceID     string    `json:"trace_id"`
}

func newErrorBody(r *http.Request, code, description string) errorBody {
	q := web.From(r)
	return errorBody{Error: code, Description: description, Timestamp: q.Now.Format(time.RFC3339), TraceID: q.ID}
}

// refuse writes a protocol error, or 500 for anything else.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*protocolError](err)
	if !ok {
		p.fail(w, r, err)
		return
	}
	body := newErrorBody(r, e.Code, e.description())
	if e.STS != 0 {
		body.Codes = []idp.STS{e.STS}
	}
	if e.STS == idp.PassExpired || e.STS == idp.PassNotFound || e.STS == idp.EmailCodeExpired {
		body.Suberror = "basic_action" // MSAL prompts the person again
	}
	switch {
	case e.Status == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "": // RFC 6749 5.2, RFC 9110 11.6.1
		w.Header().Set("WWW-Authenticate", `Basic realm="`+p.issuer(web.From(r).Tenant)+`", charset="UTF-8"`)
	case e.Status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "60")
	}
	writeJSON(w, e.Status, body)
}

// fail answers for an error of ours; its cause is logged and not shown.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, code := http.StatusInternalServerError, "server_error"
	if errors.Is(err, storage.ErrCommit) || errors.Is(err, storage.ErrStopped) {
		status, code = http.StatusServiceUnavailable, "temporarily_unavailable"
		w.Header().Set("Retry-After", "5")
	}
	if r.Context().Err() == nil {
		p.Log.Error("request failed", "request_id", web.From(r).ID, "path", r.URL.Path, "error", err)
	}
	writeJSON(w, status, newErrorBody(r, code, "The request could not be carried out."))
}

// writeJSON writes an answer that nobody may keep (RFC 6749 5.1).
func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	write(w, status, "application/json", raw)
}

// writeText is writeJSON for a JWT.
func writeText(w http.ResponseWriter, kind, text string) {
	write(w, http.StatusOK, kind, []byte(text))
}

func write(w http.ResponseWriter, status int, kind string, raw []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(raw) // a reader who has gone away is no error of ours
}
