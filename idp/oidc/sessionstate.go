package oidc

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
)

// sessionState lets a client ask the iframe whether the session is still the same
// (OIDC Session Management 2, 4.2).
func sessionState(clientID, redirectURI, state string) string {
	salt := rand.Text()
	sum := sha256.Sum256([]byte(clientID + " " + idp.OriginOf(redirectURI) + " " + state + " " + salt))
	return hex.EncodeToString(sum[:]) + "." + salt
}

// The session iframe: a page for other sites to embed, which compares what they know
// with the cookie. It gives nothing away but same or not.
//
//go:embed checksession.js
var checkSessionScript string

func (p *Provider) checkSession(w http.ResponseWriter, r *http.Request) {
	script := strings.ReplaceAll(checkSessionScript, "COOKIE", web.StateCookie(web.From(r).Tenant.TenantID))
	sum := sha256.Sum256([]byte(script))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", publicCache)
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; frame-ancestors *")
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write([]byte("<!doctype html>\n<meta charset=\"utf-8\">\n<title>Session</title>\n<script>" + script + "</script>\n"))
}
