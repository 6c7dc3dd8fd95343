package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"latchkey/idp"
	"latchkey/idp/oidc"
	"latchkey/idp/signin"
)

// shown is what a page was asked to show.
type shown struct {
	Page   string
	Error  oidc.PageError
	Action string
	State  string
	App    string
	User   string
	Fields [][2]string
	Frames []string
	Next   string
}

// fakePages writes what it is asked to show as JSON.
type fakePages struct{}

func (fakePages) show(w http.ResponseWriter, status int, s shown) {
	w.Header().Set("X-Page", s.Page)
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(s)
}

func (p fakePages) Refused(w http.ResponseWriter, _ *http.Request, status int, e oidc.PageError) {
	p.show(w, status, shown{Page: "refused", Error: e})
}

func (p fakePages) FormPost(w http.ResponseWriter, _ *http.Request, action string, fields [][2]string) {
	p.show(w, http.StatusOK, shown{Page: "form_post", Action: action, Fields: fields})
}

func (p fakePages) ConfirmSignOut(w http.ResponseWriter, _ *http.Request, action, state, app, user string) {
	p.show(w, http.StatusOK, shown{Page: "sign-out", Action: action, State: state, App: app, User: user})
}

func (fakePages) SignOutElsewhere(_ *http.Request, _ signin.Visit, _ *idp.Session, next string) string {
	return next
}

func (p fakePages) SignedOut(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusOK, shown{Page: "signed-out"})
}

func (p fakePages) SignedOutOf(w http.ResponseWriter, _ *http.Request, frames []string, next string) {
	p.show(w, http.StatusOK, shown{Page: "signed-out-of", Frames: frames, Next: next})
}

// reply is an answer of the server.
type reply struct {
	Status int
	Header http.Header
	Body   []byte
	JSON   map[string]any // of a JSON answer
	Page   shown          // of a page
	// Of an authorization response: how it left, and with what.
	Mode   string // query, fragment, form_post, or "" if it is none
	Fields url.Values
	// Of a sign-in that goes on: its sealed state, and why an answer was refused.
	State   string
	Problem *signin.Problem
}

// str is a text in a JSON answer, "" if there is none.
func (r *reply) str(name string) string {
	s, _ := r.JSON[name].(string)
	return s
}

// num is a number in a JSON answer.
func (r *reply) num(name string) int64 {
	n, _ := r.JSON[name].(float64)
	return int64(n)
}

// code is the authorization code of an authorization response, "" if there is none.
func (r *reply) code() string { return r.Fields.Get("code") }

// readResponse finds an authorization response in whatever form it left.
func (r *reply) readResponse() {
	if r.Page.Page == "form_post" {
		r.Mode, r.Fields = "form_post", url.Values{}
		for _, f := range r.Page.Fields {
			r.Fields.Add(f[0], f[1])
		}
		return
	}
	to, err := url.Parse(r.Header.Get("Location"))
	switch {
	case err != nil || to.String() == "":
	case strings.HasPrefix(to.String(), baseURL+"/"):
		r.State = to.Query().Get("state")
	case to.Fragment != "":
		r.Mode = "fragment"
		r.Fields, _ = url.ParseQuery(to.EscapedFragment())
	default:
		r.Mode, r.Fields = "query", to.Query()
	}
}
