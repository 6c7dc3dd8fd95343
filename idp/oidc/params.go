package oidc

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits on what a request may hold. Longer authorization requests would not
// survive proxies, nor fit in the sealed state that travels in a URL.
const (
	maxParams  = 100
	maxRequest = 8 << 10
	// maxResources is how many APIs a request may name.
	maxResources = 10
)

// params are the parameters of a request, each given once. An empty value counts
// as not given (RFC 6749 3.1).
type params map[string]string

// readParams refuses repeated parameters (RFC 6749 3.1, 3.2) and values that are
// no text, but still returns what else there is, so that an error can find its way
// back to the client. It returns no params at all when there are too many.
func readParams(v url.Values) (params, *protocolError) {
	if len(v) > maxParams {
		return nil, bad("invalid_request", "The request has more than 100 parameters.")
	}
	p := make(params, len(v))
	var fault *protocolError
	for name, values := range v {
		switch {
		case repeatable[name] && len(values) > 1:
			joined, flaw := joinValues(name, values)
			if p[name] = joined; flaw != nil {
				fault = flaw
			}
		case !standard[name]:
		case len(values) > 1:
			fault = bad("invalid_request", "The parameter "+name+" is given more than once.")
		case !isText(values[0]):
			fault = bad("invalid_request", "The parameter "+name+" is not valid UTF-8 text.")
		case values[0] != "":
			p[name] = values[0]
		}
	}
	return p, fault
}

// repeatable are the parameters that may be given several times; they are kept joined
// by spaces, which none of their values holds (RFC 8707 2, RFC 8693 2.1).
var repeatable = set("resource", "audience")

func joinValues(name string, values []string) (string, *protocolError) {
	joined := strings.Join(values, " ")
	if len(values) > maxResources || !isText(joined) || slices.ContainsFunc(values, func(v string) bool { return strings.ContainsAny(v, " \t\r\n") }) {
		return "", bad("invalid_target", "There are at most 10 of the parameter "+name+", without spaces.")
	}
	return joined, nil
}

// splitValues undoes joinValues.
func splitValues(joined string) []string { return strings.Fields(joined) }

// isText keeps out what would not come back from the store, or through a sealed
// state, as it went in.
func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// standard are the parameters that OAuth and OpenID Connect define for what is
// offered here, and client_info of MSAL. A few of them nobody reads (claims_locales,
// display, logout_hint, registration, token_type_hint), but none may be repeated. Of others we look at
// nothing: some extensions allow their own to be repeated (RFC 8707 2).
var standard = set(
	"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age",
	"login_hint", "domain_hint", "id_token_hint", "acr_values", "claims", "claims_locales", "ui_locales", "display", "registration",
	"request", "request_uri", "code_challenge", "code_challenge_method", "grant_type", "code", "code_verifier",
	"refresh_token", "device_code", "client_secret", "token", "token_type_hint", "access_token",
	"post_logout_redirect_uri", "logout_hint", "client_assertion", "client_assertion_type", "resource", "audience",
	"dpop_jkt", "subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type",
	"client_info",
)

// secret parameters never belong into a URL, where logs and histories keep them.
var secret = []string{"client_secret", "code", "code_verifier", "refresh_token", "device_code", "token", "access_token",
	"client_assertion", "subject_token", "actor_token", "password"}

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

const formType = "application/x-www-form-urlencoded"

// formParams reads the form of a POST: only from the body, only in the one form
// that RFC 6749 knows.
func formParams(r *http.Request) (params, *protocolError) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != formType {
		return nil, bad("invalid_request", "Send the parameters as "+formType+".")
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
