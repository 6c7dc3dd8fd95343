package oidc

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
)

// What the authorization endpoint offers; the parser and discovery read the same
// lists.
var (
	responseTypes = []string{"code"}
	responseModes = []string{"query", "fragment", "form_post"}
	prompts       = []string{"none", "login", "consent", "select_account"}
)

// parse checks an authorization request of a known client with a registered
// redirect URI. On a fault the request still says where and how to answer.
func (p *Provider) parse(ctx context.Context, q *web.Request, c *idp.Client, given params) (*idp.AuthRequest, *protocolError) {
	req := &idp.AuthRequest{
		ClientID: c.ClientID, RedirectURI: given["redirect_uri"], State: given["state"], Nonce: given["nonce"],
		LoginHint: given["login_hint"], UILocales: given["ui_locales"],
		ResponseMode: "query", MaxAge: -1,
	}
	for _, step := range []func() *protocolError{
		func() *protocolError { return parseResponse(req, c, given) },
		func() *protocolError { return parseUnsupported(given) },
		func() *protocolError { return parseScope(req, c, given) },
		func() *protocolError { return parsePKCE(req, c, given) },
		func() *protocolError { return parsePrompt(req, given) },
		func() *protocolError { return parseClaims(req, given) },
		func() *protocolError { return p.parseHint(ctx, q, req, given) },
	} {
		if fault := step(); fault != nil {
			return req, fault
		}
	}
	return req, nil
}

// parseResponse decides how to answer, errors too: the mode asked for if it is
// one, else the default of the response type, which is the query for code and the
// fragment for all that carries tokens (OAuth Multiple Response Types 2.1).
func parseResponse(req *idp.AuthRequest, c *idp.Client, given params) *protocolError {
	req.ResponseType = asSet(given["response_type"])
	wanted := strings.Join(req.ResponseType, " ")
	if slices.ContainsFunc(req.ResponseType, func(t string) bool { return t == "token" || t == "id_token" }) {
		req.ResponseMode = "fragment"
	}
	mode := given["response_mode"]
	if fitting(mode, req) {
		req.ResponseMode = mode
	}
	switch {
	case wanted == "":
		return bad("invalid_request", "The request names no response_type.")
	case !slices.Contains(responseTypes, wanted):
		return bad("unsupported_response_type", "The response_type is none of: "+strings.Join(responseTypes, ", ")+".")
	case mode != "" && mode != req.ResponseMode:
		return bad("invalid_request", "The response_mode does not fit; it may be one of: "+strings.Join(responseModes, ", ")+".")
	case !c.Allows(idp.GrantCode):
		return bad("unauthorized_client", "The client is not registered for authorization_code.")
	}
	return nil
}

// fitting tells whether a response can leave in a mode: no token in a query, ever,
// and a form only where a browser posts forms to, which no app's own scheme is.
func fitting(mode string, req *idp.AuthRequest) bool {
	switch mode {
	case "query":
		return req.ResponseMode == "query"
	case "form_post":
		return strings.HasPrefix(req.RedirectURI, "https:") || strings.HasPrefix(req.RedirectURI, "http:")
	}
	return slices.Contains(responseModes, mode)
}

// parseUnsupported refuses what must not be ignored (OIDC Core 6.1, 6.2).
func parseUnsupported(given params) *protocolError {
	if given["request"] != "" {
		return bad("request_not_supported", "Request objects are not supported.")
	}
	if given["request_uri"] != "" {
		return bad("request_uri_not_supported", "Request URIs are not supported.")
	}
	return nil
}

func parseScope(req *idp.AuthRequest, c *idp.Client, given params) *protocolError {
	if req.Scopes = scopesFor(c, given["scope"]); len(req.Scopes) == 0 {
		return scopeUnknown()
	}
	return nil
}

func scopeUnknown() *protocolError {
	return bad("invalid_scope", "The request asks for no scope that is known here, such as openid.")
}

// scopesFor are the scopes a client may have. Offline access is for clients that
// may refresh (OIDC Core 11): to others it would only be a sign-in that outlives
// its session.
func scopesFor(c *idp.Client, asked string) []string {
	scopes := idp.KnownScopes(asked)
	if !c.Allows(idp.GrantRefresh) {
		scopes = idp.Without(scopes, []string{idp.ScopeOffline})
	}
	return scopes
}

var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// parsePKCE: S256 only, and required of public clients (RFC 7636 4.3, RFC 9700 2.1.1).
func parsePKCE(req *idp.AuthRequest, c *idp.Client, given params) *protocolError {
	challenge, method := given["code_challenge"], given["code_challenge_method"]
	switch {
	case challenge == "" && method != "":
		return bad("invalid_request", "There is a code_challenge_method but no code_challenge.")
	case challenge == "" && c.Public():
		return bad("invalid_request", "A public client must send a code_challenge (PKCE).")
	case challenge == "":
		return nil
	case method != "S256":
		return bad("invalid_request", "The code_challenge_method must be S256.")
	case !challengePattern.MatchString(challenge):
		return bad("invalid_request", "The code_challenge is not the base64url form of a SHA-256 hash.")
	}
	req.CodeChallenge = challenge
	return nil
}

func parsePrompt(req *idp.AuthRequest, given params) *protocolError {
	req.Prompt = asSet(given["prompt"])
	for _, v := range req.Prompt {
		if !slices.Contains(prompts, v) {
			return bad("invalid_request", "The prompt may be: "+strings.Join(prompts, ", ")+".")
		}
	}
	if req.Asks("none") && len(req.Prompt) > 1 { // OIDC Core 3.1.2.1
		return bad("invalid_request", "prompt=none goes with no other value.")
	}
	if age := given["max_age"]; age != "" {
		n, err := strconv.Atoi(age)
		if err != nil || n < 0 {
			return bad("invalid_request", "The max_age is not a number of seconds.")
		}
		req.MaxAge = min(n, 1<<31)
	}
	if len(req.LoginHint) > 320 || strings.ContainsFunc(req.LoginHint, func(r rune) bool { return r < ' ' }) {
		req.LoginHint = "" // a hint that names nobody is none
	}
	return nil
}

// parseHint takes whom the id_token_hint names. The token may have expired, but it
// must be one of ours.
func (p *Provider) parseHint(ctx context.Context, q *web.Request, req *idp.AuthRequest, given params) *protocolError {
	hint := given["id_token_hint"]
	if hint == "" {
		return nil
	}
	claims, err := p.verifyHint(ctx, q, hint)
	if err != nil {
		return bad("invalid_request", "The id_token_hint is not an ID token of this issuer.")
	}
	if req.Subject != "" && req.Subject != claims.Subject { // OIDC Core 5.5.1: both must hold
		return bad("login_required", "The id_token_hint and the claims parameter name different people.")
	}
	req.Subject = claims.Subject
	return nil
}
