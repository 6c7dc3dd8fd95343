package idp

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// API is a resource server of a tenant that tokens may be for (RFC 8707).
type API struct {
	APIID      string
	Identifier string   // absolute URI; the resource parameter and the aud claim
	Name       string   // what people read when they are asked for leave
	Scopes     []string `json:",omitzero"` // what may be asked for beside the standard scopes
	// JWT: its tokens are signed JWTs (RFC 9068), which it can check by itself
	// and which live for at most JWTLifetime; else they are opaque.
	JWT bool `json:",omitzero"`
	// ClientID is the client by which the API itself calls on: it may exchange
	// tokens it was sent (RFC 8693).
	ClientID  string `json:",omitzero"`
	CreatedAt time.Time
}

// JWTLifetime is how long an access token lives that is not looked up at each use.
const JWTLifetime = 10 * time.Minute

// Kind names the record.
func (*API) Kind() string { return "api" }

// ID is the API's GUID.
func (a *API) ID() string { return a.APIID }

// Indexes finds an API by its identifier and by the client it calls on with.
func (a *API) Indexes() []storage.Index {
	return []storage.Index{{Name: "identifier", Value: a.Identifier, Unique: true}, {Name: "client", Value: a.ClientID}}
}

var scopePattern = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,100}$`)

// Validate checks everything that can be checked without a store.
func (a *API) Validate() error {
	u, err := url.Parse(a.Identifier)
	switch {
	case err != nil || !u.IsAbs() || len(a.Identifier) > 500 || u.Fragment != "" || strings.ContainsAny(a.Identifier, "#\"\\") || strings.ContainsFunc(a.Identifier, notPrintable) || u.Host == "" && u.Opaque == "":
		return Errorf(Invalid, "The identifier %q is not an absolute URI without fragment, such as https://api.contoso.example.", a.Identifier)
	case !isName(a.Name):
		return Errorf(Invalid, "An API needs a name of at most 256 bytes, without control characters.")
	case len(a.Scopes) > 100:
		return Errorf(Invalid, "An API has at most 100 scopes.")
	}
	for i, s := range a.Scopes {
		switch {
		case !scopePattern.MatchString(s):
			return Errorf(Invalid, "The scope %q may have 1 to 100 letters, digits, and . _ : - only.", s)
		case slices.Contains(Scopes, s) || s == EveryScope:
			return Errorf(Invalid, "The scope %q has a meaning of its own.", s)
		case slices.Contains(a.Scopes[:i], s):
			return Errorf(Invalid, "The scope %q is there twice.", s)
		}
	}
	return nil
}

func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

// EveryScope stands for all scopes of an API where Microsoft's libraries ask for them.
const EveryScope = ".default"

// ScopeOf is a scope of an API as it is kept: after the API's identifier, so that two
// APIs may call different things the same.
func ScopeOf(api, name string) string { return strings.TrimSuffix(api, "/") + "/" + name }

// ScopeName is what an API calls one of its scopes that is kept; false for a scope that
// is not the API's.
func ScopeName(api, scope string) (string, bool) {
	name, ok := strings.CutPrefix(scope, ScopeOf(api, ""))
	return name, ok && name != "" && !strings.Contains(name, "/") // which is of an API whose identifier goes on
}

// Owns tells whether a scope, as it is kept, is of the API; so is leave for none of them.
func (a *API) Owns(scope string) bool {
	_, of := ScopeName(a.Identifier, scope)
	return of || scope == ScopeOf(a.Identifier, "")
}

// FindAPI finds an API by its identifier; nil if there is none.
func FindAPI(tx *storage.Tx, identifier string) (*API, error) {
	switch {
	case identifier == GraphID:
		return GraphAPI(), nil
	case identifier == "" || len(identifier) > 500:
		return nil, nil
	}
	return Optional(storage.Lookup[API](tx, "identifier", identifier))
}
