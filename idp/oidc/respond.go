package oidc

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
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
	q := web.From(r)
	web.KeepState(w, r, out.Session)
	v, err := p.answerFront(r.Context(), q, out)
	if err != nil {
		p.respondOrFail(w, r, req, err)
		return
	}
	p.respond(w, r, req, v)
}

// answerFront is what a response type asks for: code, access token, ID token, in any
// combination (OAuth Multiple Response Types 3, 5).
func (p *Provider) answerFront(ctx context.Context, q *web.Request, out signin.Outcome) (url.Values, error) {
	v, req := url.Values{}, out.Flow.Request
	if out.Code != "" {
		v.Set("code", out.Code)
	}
	v.Set("session_state", sessionState(out.Client.ClientID, req.RedirectURI, out.Session.State))
	if !req.Returns("token") && !req.Returns("id_token") {
		return v, nil
	}
	m := minting{Request: q, client: out.Client, user: out.User, grant: out.Grant, nonce: req.Nonce, code: out.Code}
	err := p.Store.View(ctx, q.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		m.target, err = p.audienceOf(tx, nil, out.Grant.Resources, out.Grant.Scopes, out.Grant.CreatedAt)
		return err
	})
	if err != nil {
		return nil, err
	}
	access := ""
	if req.Returns("token") {
		answer, err := p.mintAccess(ctx, m)
		if err != nil {
			return nil, err
		}
		access = answer.AccessToken
		v.Set("access_token", access)
		v.Set("token_type", answer.TokenType)
		v.Set("expires_in", strconv.FormatInt(answer.ExpiresIn, 10))
		v.Set("scope", answer.Scope)
	}
	if req.Returns("id_token") {
		token, err := p.idToken(ctx, m, access)
		if err != nil {
			return nil, err
		}
		v.Set("id_token", token)
	}
	return v, nil
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
		redirect(w, idp.WithQuery(req.RedirectURI, v))
	}
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

func spaced(s []string) string { return strings.Join(s, " ") }

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
