package oidc

import (
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// userinfo is the UserInfo endpoint (OIDC Core 5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	shown, fault := readBearer(r)
	if fault != nil {
		p.challenge(w, r, fault)
		return
	}
	b, err := p.admit(r, shown)
	if e, ok := errors.AsType[*protocolError](err); ok {
		p.challenge(w, r, e)
		return
	}
	switch {
	case err != nil:
		p.fail(w, r, err)
	case b.Audience != "":
		p.challenge(w, r, &protocolError{Status: http.StatusForbidden, Code: "insufficient_scope", Detail: "The access token is for " + b.Audience + ", not for userinfo."})
	case b.user == nil || !slices.Contains(b.Scopes, idp.ScopeOpenID):
		p.challenge(w, r, &protocolError{Status: http.StatusForbidden, Code: "insufficient_scope", Detail: "The access token was not issued for openid."})
	default:
		p.tellAbout(w, r, b)
	}
}

// admit checks an access token, and the proof of possession that goes with it.
func (p *Provider) admit(r *http.Request, shown shownToken) (b *bearer, err error) {
	q := web.From(r)
	invalid := &protocolError{Status: http.StatusUnauthorized, Code: "invalid_token", Detail: "The access token is not valid, has expired, or was revoked."}
	token, err := p.readAccess(r.Context(), q.Tenant, shown.token, q.Now)
	if err != nil {
		return nil, err
	}
	proof, fault := p.readProof(r)
	switch {
	case token == nil:
		return nil, invalid
	case fault != nil:
		return nil, unauthorized(fault)
	case (token.KeyThumb != "") != shown.dpop: // RFC 9449 7.1, 7.2
		return nil, invalid
	case token.KeyThumb != "" && (token.KeyThumb != proof.keyThumb() || proof.token != hashOf(shown.token)):
		return nil, &protocolError{Status: http.StatusUnauthorized, Code: "invalid_dpop_proof", Detail: "The DPoP proof is missing, of another key, or for another access token."}
	}
	err = p.decide(r.Context(), q.Tenant, true, func(tx *storage.Tx) error {
		if b, err = checkAccess(tx, token, q.Now); b == nil || err != nil || !shown.dpop {
			return err
		}
		return spendProof(tx, proof)
	})
	if e, ok := errors.AsType[*protocolError](err); ok {
		return nil, unauthorized(e)
	}
	if err == nil && b == nil {
		invalid.ended = true
		err = invalid
	}
	return b, err
}

// unauthorized is a fault as a protected resource tells it (RFC 9449 7.1).
func unauthorized(e *protocolError) *protocolError {
	told := *e
	told.Status = http.StatusUnauthorized
	return &told
}

// tellAbout answers in JSON, or signed for a client that registered so (OIDC Core
// 5.3.2).
func (p *Provider) tellAbout(w http.ResponseWriter, r *http.Request, b *bearer) {
	q := web.From(r)
	claims := claimsFor(b.user, b.Scopes, b.grant.Claims.UserInfo)
	claims["sub"] = p.subject(q.Tenant, b.client, b.user.UserID)
	if b.client.UserInfoAlg == "" {
		writeJSON(w, http.StatusOK, claims)
		return
	}
	claims["iss"], claims["aud"] = p.issuer(q.Tenant), b.client.ClientID
	keys, err := p.keys.get(r.Context(), q.Tenant.TenantID, q.Now)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	token, err := keys.sign(b.client.UserInfoAlg, typeUserInfo, claims)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	writeText(w, "application/jwt", token)
}

// shownToken is an access token as a request shows it.
type shownToken struct {
	token string
	dpop  bool // by the scheme DPoP
}

// readBearer takes the token from the header or the form (RFC 6750 2.1, 2.2, RFC 9449
// 7.1); one in the URL is not looked at.
func readBearer(r *http.Request) (shownToken, *protocolError) {
	shown, fault := readBearerHeader(r)
	if fault != nil {
		return shown, fault
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method == http.MethodPost && kind == formType {
		given, fault := formParams(r)
		if fault != nil {
			return shown, fault
		}
		if t := given["access_token"]; t != "" {
			if shown.token != "" { // RFC 6750 2: not more than one method
				return shown, bad("invalid_request", "The access token is sent in two ways at once.")
			}
			shown.token = t
		}
	}
	if shown.token == "" {
		return shown, &protocolError{Status: http.StatusUnauthorized}
	}
	return shown, nil
}

// readBearerHeader takes the token from the header; there may be none.
func readBearerHeader(r *http.Request) (shown shownToken, _ *protocolError) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return shown, nil
	}
	scheme, rest, _ := strings.Cut(header, " ")
	shown.dpop = strings.EqualFold(scheme, dpopHeader)
	if !shown.dpop && !strings.EqualFold(scheme, "Bearer") {
		return shown, &protocolError{Status: http.StatusUnauthorized}
	}
	shown.token = strings.TrimSpace(rest)
	return shown, nil
}

// challenge answers as RFC 6750 3.1: without an error code to who showed no token.
func (p *Provider) challenge(w http.ResponseWriter, r *http.Request, e *protocolError) {
	told := ""
	if e.Code != "" {
		told = `, error="` + e.Code + `", error_description="` + e.description() + `"`
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="`+p.issuer(web.From(r).Tenant)+`"`+told)
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, dpopHeader) || e.Code == "invalid_dpop_proof" { // RFC 9449 7.1
		w.Header().Set("WWW-Authenticate", `DPoP algs="`+spaced(dpopAlgs)+`"`+told)
	}
	if e.Code == "" {
		e = &protocolError{Status: e.Status, Code: "invalid_token", Detail: "The request shows no access token."}
	}
	p.refuse(w, r, e)
}
