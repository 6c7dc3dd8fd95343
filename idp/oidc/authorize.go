package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
)

// byGet turns a request by POST (OIDC Core 3.1.2.1, RP-Initiated Logout 2) into
// one by GET: a POST from another site carries no SameSite=Lax cookies, the GET
// that follows does.
func (p *Provider) byGet(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			p.refuseRequest(w, r, "The form cannot be read, or is longer than 64 KiB.")
			return
		}
		form := r.PostForm.Encode()
		if len(form) > maxRequest {
			p.tooLong(w, r)
			return
		}
		http.Redirect(w, r, p.url(web.From(r).Tenant, path+"?")+form, http.StatusSeeOther)
	}
}

// readQuery is readParams for the query of a request that a browser brings. nil:
// nothing of it can be used, and the person has been told.
func (p *Provider) readQuery(w http.ResponseWriter, r *http.Request) (params, *protocolError) {
	if len(r.URL.RawQuery) > maxRequest {
		p.tooLong(w, r)
		return nil, nil
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		p.refuseRequest(w, r, "The query of the request cannot be read.")
		return nil, nil
	}
	given, flaw := readParams(values)
	if given == nil {
		p.refuseRequest(w, r, flaw.Detail)
	}
	return given, flaw
}

func (p *Provider) tooLong(w http.ResponseWriter, r *http.Request) {
	p.Pages.Refused(w, r, http.StatusRequestURITooLong, PageError{Code: "invalid_request", Detail: "The request is longer than 8 KiB."})
}

// refuseRequest shows what is wrong with a request that names nobody to answer to.
func (p *Provider) refuseRequest(w http.ResponseWriter, r *http.Request, detail string) {
	p.Pages.Refused(w, r, http.StatusBadRequest, PageError{Code: "invalid_request", Detail: detail})
}

// authorize is the authorization endpoint (RFC 6749 3.1). What cannot be sent to
// a registered redirect URI of a known client is shown to the person.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	given, flaw := p.readQuery(w, r)
	if given == nil {
		return
	}
	q := web.From(r)
	client, err := p.asking(r.Context(), q.Tenant, given, flaw)
	if err != nil {
		p.showOrFail(w, r, err)
		return
	}
	resolved, fault := p.resolve(r.Context(), q, client, given, false)
	if err := addressed(client, resolved.params, flaw, fault); err != nil {
		p.showOrFail(w, r, err)
		return
	}
	req, wrong := p.parse(r.Context(), q, client, resolved)
	switch { // what was wrong first
	case fault != nil:
		wrong = fault
	case flaw != nil:
		wrong = flaw
	}
	if wrong != nil {
		p.respondOrFail(w, r, req, wrong)
		return
	}
	p.begin(w, r, req)
}

// respondOrFail tells the client what is wrong with its request, or the person that it
// is our fault.
func (p *Provider) respondOrFail(w http.ResponseWriter, r *http.Request, req *idp.AuthRequest, err error) {
	if e, ok := errors.AsType[*protocolError](err); ok {
		p.respondError(w, r, req, e)
		return
	}
	p.fail(w, r, err)
}

// begin answers at once where the browser's session decides, and leads to the
// sign-in page otherwise.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, req *idp.AuthRequest) {
	v := web.Visit(w, r)
	out, err := p.Signin.Look(r.Context(), v, signin.Start(req, "", v.Now))
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if out.Decision.Step == idp.Issue || out.Decision.Step == idp.Refuse {
		p.Respond(w, r, out)
		return
	}
	state, err := p.Signin.Seal(v, out.Flow)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	http.Redirect(w, r, p.url(v.Tenant, "/signin?state="+state), http.StatusSeeOther)
}

// asking finds the client. Its errors are shown, never redirected (RFC 6749 4.1.2.1).
func (p *Provider) asking(ctx context.Context, t *idp.Tenant, given params, flaw *protocolError) (*idp.Client, error) {
	if given["client_id"] == "" {
		return nil, unaddressed("client_id", flaw)
	}
	client, err := p.client(ctx, t, given["client_id"])
	if err == nil && client == nil {
		err = &shownError{PageError{STS: idp.ClientUnknown, Code: "unauthorized_client", Detail: "client_id: " + clip(given["client_id"])}}
	}
	return client, err
}

// addressed checks byte for byte where an answer would go. It is shown, as are errors
// that leave nowhere to go.
func addressed(c *idp.Client, given params, flaw *protocolError, fault error) error {
	uri := given["redirect_uri"]
	e, ok := errors.AsType[*protocolError](fault)
	switch {
	case uri == "" && ok:
		return &shownError{PageError{STS: e.STS, Code: e.Code, Detail: e.Detail}}
	case uri == "" && fault != nil:
		return fault
	case uri == "":
		return unaddressed("redirect_uri", flaw)
	case !c.RedirectAllowed(uri):
		return redirectUnknown(uri)
	}
	return nil
}

func unaddressed(missing string, flaw *protocolError) error {
	if flaw != nil {
		return &shownError{PageError{Code: flaw.Code, Detail: flaw.Detail}}
	}
	return &shownError{PageError{Code: "invalid_request", Detail: "The request names no " + missing + "."}}
}

func redirectUnknown(uri string) error {
	return &shownError{PageError{STS: idp.RedirectUnknown, Code: "invalid_request", Detail: "redirect_uri: " + clip(uri)}}
}

// clip keeps of what a stranger sent as much as somebody needs to see the mistake.
func clip(s string) string {
	if len(s) > 200 {
		s = s[:200] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// shownError is an error for the person, as no client can be told.
type shownError struct{ PageError }

func (e *shownError) Error() string { return e.Code + " " + e.Detail }

func (p *Provider) showOrFail(w http.ResponseWriter, r *http.Request, err error) {
	if s, ok := errors.AsType[*shownError](err); ok {
		p.Pages.Refused(w, r, http.StatusBadRequest, s.PageError)
		return
	}
	p.fail(w, r, err)
}

// client finds an enabled client; nil if there is none.
func (p *Provider) client(ctx context.Context, t *idp.Tenant, id string) (*idp.Client, error) {
	var c *idp.Client
	err := p.Store.View(ctx, t.TenantID, func(tx *storage.Tx) (err error) {
		c, err = liveClient(tx, id)
		return err
	})
	return c, err
}

func liveClient(tx *storage.Tx, id string) (*idp.Client, error) {
	if id == "" || len(id) > 128 {
		return nil, nil
	}
	c, err := idp.Optional(storage.Get[idp.Client](tx, id))
	if c != nil && c.Disabled {
		c = nil
	}
	return c, err
}
