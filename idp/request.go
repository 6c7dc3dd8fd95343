package idp

import (
	"slices"
	"strings"
	"time"
)

// AuthRequest is what a client asked for at the authorization endpoint, checked
// against its registration. It is a pending grant: nothing of it is stored until
// somebody signs in.
type AuthRequest struct {
	ClientID      string
	RedirectURI   string
	ResponseType  []string // as a set, sorted
	ResponseMode  string   // query, fragment or form_post
	Scopes        []string
	State         string        `json:",omitzero"`
	Nonce         string        `json:",omitzero"`
	CodeChallenge string        `json:",omitzero"` // S256 (RFC 7636)
	Prompt        []string      `json:",omitzero"`
	MaxAge        int           `json:",omitzero"` // seconds; -1: not asked for
	LoginHint     string        `json:",omitzero"`
	DomainHint    string        `json:",omitzero"`
	Subject       string        `json:",omitzero"` // user id the id_token_hint or claims parameter names
	ACRValues     []string      `json:",omitzero"`
	ACREssential  bool          `json:",omitzero"`
	Claims        ClaimsRequest `json:",omitzero"`
	UILocales     string        `json:",omitzero"`
	Resources     []string      `json:",omitzero"` // RFC 8707
	KeyThumb      string        `json:",omitzero"` // dpop_jkt (RFC 9449 10)
	Pushed        string        `json:",omitzero"` // id of the PushedRequest it came in
}

// ClaimsRequest is the claims parameter (OIDC Core 5.5): names asked for at each
// place, and the scopes that ask for the same.
type ClaimsRequest struct {
	UserInfo []string `json:",omitzero"`
	IDToken  []string `json:",omitzero"`
	Scopes   []string `json:",omitzero"`
}

// The scopes with a meaning of their own (OIDC Core 5.4, 11).
const (
	ScopeOpenID  = "openid"
	ScopeProfile = "profile"
	ScopeEmail   = "email"
	ScopeAddress = "address"
	ScopePhone   = "phone"
	ScopeOffline = "offline_access"
)

// Scopes are those a tenant knows.
var Scopes = []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopeAddress, ScopePhone, ScopeOffline}

// Returns tells whether the response type asks for code, id_token or token.
func (r *AuthRequest) Returns(what string) bool { return slices.Contains(r.ResponseType, what) }

// Oldest is since when the person must have authenticated (OIDC Core 3.1.2.1, max_age); zero: at
// any time.
func (r *AuthRequest) Oldest(now time.Time) time.Time {
	if r.MaxAge < 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(r.MaxAge) * time.Second)
}

// FrontOnly tells whether all that is asked for comes with the answer to the browser.
func (r *AuthRequest) FrontOnly() bool { return len(r.ResponseType) > 0 && !r.Returns("code") }

// WantsMFA tells whether classes are asked for that a single factor does not reach.
func (r *AuthRequest) WantsMFA() bool {
	return len(r.ACRValues) > 0 && !slices.ContainsFunc(SingleFactorACRs, func(acr string) bool { return slices.Contains(r.ACRValues, acr) })
}

// Asks tells whether the prompt parameter holds a value.
func (r *AuthRequest) Asks(prompt string) bool { return slices.Contains(r.Prompt, prompt) }

// Wants are the scopes a person is asked leave for: those of the request, those that
// stand for claims it names one by one (OIDC Core 3.1.2.4), and the APIs it names none
// of.
func (r *AuthRequest) Wants() []string {
	wants := slices.Concat(r.Scopes, Without(r.Claims.Scopes, r.Scopes))
	for _, api := range r.Resources {
		if !slices.ContainsFunc(r.Scopes, func(s string) bool { _, of := ScopeName(api, s); return of }) {
			wants = append(wants, ScopeOf(api, "")) // ends as no scope does
		}
	}
	return wants
}

// KnownScopes keeps the scopes a tenant knows, in their order, each once. Others
// are ignored (OIDC Core 3.1.2.1).
func KnownScopes(asked string) []string {
	var out []string
	for _, s := range strings.Fields(asked) {
		if slices.Contains(Scopes, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Both are the texts of a that are also in b, in the order of a.
func Both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// Without are the texts of a that are not in b.
func Without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}
