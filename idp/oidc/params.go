package oidc

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Limits on what a request may hold. Longer authorization requests would not
// survive proxies, nor fit in the sealed state that travels in a URL.
const (
	maxParams  = 100
	maxRequest = 8 << 10
)

// params are the parameters of a request, each given once. An empty value counts
// as not given (RFC 6749 3.1).
type params map[string]string

// readParams refuses repeated parameters (RFC 6749 3.1, 3.2) but still returns
// what there is, so that an error can find its way back to the client.
func readParams(v url.Values) (params, *protocolError) {
	p := make(params, len(v))
	var fault *protocolError
	if len(v) > maxParams {
		return p, bad("invalid_request", "The request has too many parameters.")
	}
	for name, values := range v {
		switch {
		case len(values) > 1 && standard[name]:
			fault = bad("invalid_request", "The parameter "+name+" is given more than once.")
		case len(values) > 0 && values[0] != "":
			p[name] = values[0]
		}
	}
	return p, fault
}

// standard are the parameters we read; of others we look at nothing.
var standard = set(
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age",
	"login_hint", "domain_hint", "id_token_hint", "acr_values", "claims", "ui_locales", "display", "request", "request_uri",
	"code_challenge", "code_challenge_method", "grant_type", "code", "code_verifier", "refresh_token", "device_code",
	"client_secret", "token", "token_type_hint", "access_token", "post_logout_redirect_uri", "logout_hint", "user_code",
)

// secret parameters never belong into a URL, where logs and histories keep them.
var secret = []string{"client_secret", "code", "code_verifier", "refresh_token", "device_code", "token", "access_token", "client_assertion", "password"}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// formParams reads the form of a POST: only from the body, only in the one form
// that RFC 6749 knows.
func formParams(r *http.Request) (params, *protocolError) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, bad("invalid_request", "Send the parameters as application/x-www-form-urlencoded.")
	}
	if r.URL.RawQuery != "" {
		q := r.URL.Query()
		for _, name := range secret {
			if q.Has(name) {
				return nil, bad("invalid_request", "The parameter "+name+" must not be in the URL.")
			}
		}
	}
	if err := r.ParseForm(); err != nil {
		return nil, bad("invalid_request", "The form cannot be read, or is longer than 64 KiB.")
	}
	p, fault := readParams(r.PostForm)
	if fault != nil {
		return nil, fault
	}
	return p, nil
}

// asSet is a space-separated list as a sorted set, so that "b a" equals "a b".
func asSet(s string) []string {
	seen := map[string]bool{}
	for _, f := range strings.Fields(s) {
		seen[f] = true
	}
	return sorted(seen)
}
