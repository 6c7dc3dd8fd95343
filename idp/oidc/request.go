package oidc

import (
	"context"
	"errors"
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
	responseModes = []string{"query", "fragment", "form_post"}
	prompts       = []string{"none", "login", "consent", "select_account"}
)

// parse checks an authorization request of a known client with a registered
// redirect URI. On a fault the request still says where and how to answer.
func (p *Provider) parse(ctx context.Context, q *web.Request, c *idp.Client, from asked) (*idp.AuthRequest, error) {
	given := from.params
	req := &idp.AuthRequest{
		ClientID: c.ClientID, RedirectURI: given["redirect_uri"], State: given["state"], Nonce: given["nonce"],
		LoginHint: given["login_hint"], DomainHint: domainHint(given["domain_hint"]), UILocales: given["ui_locales"], Pushed: from.pushed,
		ResponseMode: "query", MaxAge: -1,
	}
	for _, step := range []func() error{
		func() error { return parseResponse(req, c, given) },
		func() error { return p.parseScope(ctx, q, req, c, given) },
		func() error { return parsePKCE(req, c, given) },
		func() error { return parseKey(req, from) },
		func() error { return parsePrompt(req, c, given) },
		func() error { return p.parseClaims(req, c, q, given) },
		func() error { return p.parseHint(ctx, q, req, given) },
	} {
		if err := step(); err != nil {
			return req, err
		}
	}
	return req, nil
}

// parseResponse decides how to answer, errors too: the mode asked for if it is
// one, else the default of the response type, which is the query for code and the
// fragment for all that carries tokens (OAuth Multiple Response Types 2.1).
func parseResponse(req *idp.AuthRequest, c *idp.Client, given params) error {
	req.ResponseType = asSet(given["response_type"])
	wanted := strings.Join(req.ResponseType, " ")
	front := req.Returns("token") || req.Returns("id_token")
	if front {
		req.ResponseMode = "fragment"
	}
	mode := given["response_mode"]
	if fitting(mode, req) {
		req.ResponseMode = mode
	}
	switch {
	case wanted == "":
		return bad("invalid_request", "The request names no response_type.")
	case !slices.Contains(idp.ResponseTypes, wanted):
		return bad("unsupported_response_type", "The response_type is none of: "+strings.Join(idp.ResponseTypes, ", ")+".")
	case !c.Answers(wanted) || req.Returns("code") && !c.Allows(idp.GrantCode):
		return bad("unauthorized_client", "The client is not registered for the response_type "+wanted+".")
	case mode != "" && mode != req.ResponseMode:
		return bad("invalid_request", "The response_mode does not fit; it may be one of: "+strings.Join(responseModes, ", ")+".")
	case req.Returns("id_token") && req.Nonce == "": // OIDC Core 3.2.2.1, 3.3.2.11
		return bad("invalid_request", "A nonce is needed when an ID token comes from the authorization endpoint.")
	case front && c.DPoPBound: // there is no request to prove the key with
		return bad("invalid_request", "This client's access tokens are bound to a key, so none comes from the authorization endpoint.")
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

// parseScope reads scopes and the APIs they are of. Offline access needs a code to be
// redeemed (OIDC Core 11).
func (p *Provider) parseScope(ctx context.Context, q *web.Request, req *idp.AuthRequest, c *idp.Client, given params) error {
	wanted, err := p.scopesAsked(ctx, q, c, given)
	if err != nil {
		return err
	}
	req.Scopes, req.Resources = wanted.scopes, wanted.resources
	if !req.Returns("code") {
		req.Scopes = idp.Without(req.Scopes, []string{idp.ScopeOffline})
	}
	switch {
	case len(req.Scopes) == 0:
		return scopeUnknown()
	case req.Returns("id_token") && !slices.Contains(req.Scopes, idp.ScopeOpenID): // OIDC Core 3.2.2.1
		return bad("invalid_request", "An ID token needs the scope openid.")
	}
	return nil
}

func scopeUnknown() *protocolError {
	return bad("invalid_scope", "The request asks for no scope that is known here, such as openid.")
}

// parseKey binds the code to a DPoP key (RFC 9449 10, 10.1).
func parseKey(req *idp.AuthRequest, from asked) error {
	req.KeyThumb = from.params["dpop_jkt"]
	switch {
	case req.KeyThumb != "" && !challengePattern.MatchString(req.KeyThumb):
		return bad("invalid_request", "The dpop_jkt is not the base64url form of a SHA-256 hash.")
	case from.keyThumb == "":
		return nil
	case req.KeyThumb != "" && req.KeyThumb != from.keyThumb:
		return bad("invalid_dpop_proof", "The dpop_jkt is not the key of the DPoP proof.")
	}
	req.KeyThumb = from.keyThumb
	return nil
}

var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// parsePKCE: S256 only, and required of public clients (RFC 7636 4.3, RFC 9700 2.1.1)
// and of those of FAPI (Security Profile 5.3.2.2), if there is a code to protect.
func parsePKCE(req *idp.AuthRequest, c *idp.Client, given params) error {
	challenge, method := given["code_challenge"], given["code_challenge_method"]
	switch {
	case challenge == "" && method != "":
		return bad("invalid_request", "There is a code_challenge_method but no code_challenge.")
	case challenge == "" && (c.Public() || c.FAPI()) && req.Returns("code"):
		return bad("invalid_request", "A public client, and one of FAPI, must send a code_challenge (PKCE).")
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

func parsePrompt(req *idp.AuthRequest, c *idp.Client, given params) error {
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
	} else if c.Request.DefaultMaxAge > 0 {
		req.MaxAge = c.Request.DefaultMaxAge
	}
	if len(req.LoginHint) > 320 || strings.ContainsFunc(req.LoginHint, func(r rune) bool { return r < ' ' }) {
		req.LoginHint = "" // a hint that names nobody is none
	}
	return nil
}

// parseHint takes whom the id_token_hint names. The token may have expired, but it
// must be one of ours.
func (p *Provider) parseHint(ctx context.Context, q *web.Request, req *idp.AuthRequest, given params) error {
	hint := given["id_token_hint"]
	if hint == "" {
		return nil
	}
	named, err := p.hinted(ctx, q, hint)
	switch {
	case errors.Is(err, errHint):
		return bad("invalid_request", "The id_token_hint is not an ID token of this issuer.")
	case err != nil:
		return err
	case req.Subject != "" && req.Subject != named.user: // OIDC Core 5.5.1: both must hold
		return bad("login_required", "The id_token_hint and the claims parameter name different people.")
	}
	req.Subject = named.user
	return nil
}

// domainHint is the domain whose provider an app wants (OpenID Connect Enterprise Extensions
// 1.0), "" for what is none.
func domainHint(hint string) string {
	domain, err := idp.NormalDomain(hint)
	if err != nil {
		return ""
	}
	return domain
}
