package oidc

import (
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
	token, fault := bearerToken(r)
	if fault != nil {
		p.challenge(w, r, fault)
		return
	}
	q := web.From(r)
	var b *bearer
	err := p.Store.View(r.Context(), q.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		b, err = p.checkAccess(tx, q.Tenant.TenantID, token, q.Now)
		return err
	})
	switch {
	case err != nil:
		p.fail(w, r, err)
	case b == nil:
		p.challenge(w, r, &protocolError{Status: http.StatusUnauthorized, Code: "invalid_token", Detail: "The access token is not valid, has expired, or was revoked."})
	case b.user == nil || !slices.Contains(b.Scopes, idp.ScopeOpenID):
		p.challenge(w, r, &protocolError{Status: http.StatusForbidden, Code: "insufficient_scope", Detail: "The access token was not issued for openid."})
	default:
		claims := claimsFor(b.user, b.Scopes, b.grant.Claims.UserInfo)
		claims["sub"] = b.user.UserID
		writeJSON(w, http.StatusOK, claims)
	}
}

// bearerToken takes the token from the header or the form (RFC 6750 2.1, 2.2); one
// in the URL is not looked at.
func bearerToken(r *http.Request) (string, *protocolError) {
	token := ""
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, rest, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return "", &protocolError{Status: http.StatusUnauthorized}
		}
		token = strings.TrimSpace(rest)
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method == http.MethodPost && kind == formType {
		given, fault := formParams(r)
		if fault != nil {
			return "", fault
		}
		if t := given["access_token"]; t != "" {
			if token != "" { // RFC 6750 2: not more than one method
				return "", bad("invalid_request", "The access token is sent in two ways at once.")
			}
			token = t
		}
	}
	if token == "" {
		return "", &protocolError{Status: http.StatusUnauthorized}
	}
	return token, nil
}

// challenge answers as RFC 6750 3.1: without an error code to who showed no token.
func (p *Provider) challenge(w http.ResponseWriter, r *http.Request, e *protocolError) {
	value := `Bearer realm="` + p.issuer(web.From(r).Tenant) + `"`
	if e.Code != "" {
		value += `, error="` + e.Code + `", error_description="` + e.description() + `"`
	}
	w.Header().Set("WWW-Authenticate", value)
	if e.Code == "" {
		e = &protocolError{Status: e.Status, Code: "invalid_token", Detail: "The request shows no access token."}
	}
	p.refuse(w, r, e)
}
