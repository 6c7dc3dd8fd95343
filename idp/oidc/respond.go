package oidc

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// Respond sends the client what a sign-in led to, success or refusal alike.
func (p *Provider) Respond(w http.ResponseWriter, r *http.Request, out signin.Outcome) {
	req := out.Flow.Request
	if !out.Client.RedirectAllowed(req.RedirectURI) { // taken off the registration meanwhile
		p.showOrFail(w, r, redirectUnknown(req.RedirectURI))
		return
	}
	if out.Decision.Step != idp.Issue {
		p.respondError(w, r, req, &protocolError{Code: out.Decision.Error, STS: out.Decision.STS})
		return
	}
	p.respond(w, r, req, url.Values{"code": {out.Code}})
}

func (p *Provider) respondError(w http.ResponseWriter, r *http.Request, req *idp.AuthRequest, e *protocolError) {
	p.respond(w, r, req, url.Values{"error": {e.Code}, "error_description": {e.description()}})
}

// respond is the one way an authorization response leaves: in the query, the
// fragment, or a form, always with iss (RFC 9207) and the client's state.
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, req *idp.AuthRequest, v url.Values) {
	v.Set("iss", p.issuer(web.From(r).Tenant))
	if req.State != "" {
		v.Set("state", req.State)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	switch req.ResponseMode {
	case "form_post":
		p.Pages.FormPost(w, r, req.RedirectURI, fields(v))
	case "fragment":
		redirect(w, req.RedirectURI+"#"+v.Encode())
	default:
		redirect(w, withQuery(req.RedirectURI, v))
	}
}

// withQuery keeps a registered query as it stands (RFC 6749 3.1.2).
func withQuery(uri string, v url.Values) string {
	sep := "?"
	if strings.Contains(uri, "?") {
		sep = "&"
	}
	return uri + sep + v.Encode()
}

// redirect is http.Redirect without its rewriting of the URL, and with the status
// that turns a POST into a GET (RFC 9700 4.12).
func redirect(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

func fields(v url.Values) [][2]string {
	var out [][2]string
	for name, values := range v {
		out = append(out, [2]string{name, values[0]})
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
