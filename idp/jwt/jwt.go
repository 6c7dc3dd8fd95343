// Package jwt is the one parser of JWTs that others made, and keeps the key sets that verify
// them. It decides whether a signature holds; what the claims mean is its callers' business.
//
// The threat is a token that makes its reader do something before its signature is checked: so
// the caller says which algorithms there may be and finds the keys by the header alone, nothing
// that a header carries or points to is followed, and claims are looked at last.
package jwt

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-json-experiment/json"
)

// MaxSize is the most of a JWT that is looked at, in bytes.
const MaxSize = 16 << 10

// Err is not a JWT that a key vouches for, or not of the kind that is expected.
var Err = errors.New("jwt: not a JWT that holds")

// Header is what may decide about a key before anything is verified.
type Header struct {
	Alg, KeyID, Type string
	Key              *jose.JSONWebKey // only DPoP proofs carry theirs
}

// Verify reads the claims of a JWT into a value. keys picks keys by the header, of which one
// must fit; the signature is checked before anything of the payload is looked at, and with an
// algorithm of algs only. A header that names or carries keys is not followed, and extensions
// that must be understood are refused (RFC 7515 4.1.11). Claims that are there twice are refused
// too. The error is Err, or that of keys.
func Verify(token string, algs []string, keys func(Header) ([]any, error), into any) (Header, error) {
	if len(token) > MaxSize || strings.Count(token, ".") != 2 {
		return Header{}, Err
	}
	allowed := make([]jose.SignatureAlgorithm, len(algs))
	for i, a := range algs {
		allowed[i] = jose.SignatureAlgorithm(a)
	}
	jws, err := jose.ParseSignedCompact(token, allowed)
	if err != nil || len(jws.Signatures) != 1 {
		return Header{}, Err
	}
	protected := jws.Signatures[0].Protected
	h := Header{Alg: protected.Algorithm, KeyID: protected.KeyID, Key: protected.JSONWebKey}
	h.Type, _ = protected.ExtraHeaders[jose.HeaderType].(string)
	if _, critical := protected.ExtraHeaders["crit"]; critical {
		return h, Err
	}
	candidates, err := keys(h)
	if err != nil {
		return h, err
	}
	for _, key := range candidates {
		payload, err := jws.Verify(key) // fails for an algorithm that is not the key's
		if err != nil {
			continue
		}
		if strict.Unmarshal(payload, into) != nil {
			return h, Err
		}
		return h, nil
	}
	return h, Err
}

// HasType compares the typ of a JWT, whose prefix may be left out (RFC 7515 4.1.9).
func (h Header) HasType(typ string) bool {
	return strings.EqualFold(strings.TrimPrefix(strings.ToLower(h.Type), "application/"), typ)
}

// MayBe tells whether a JWT says to be of the type, or says nothing of its type. One key signs
// several kinds, none of which may pass for another (RFC 8725 3.11, RFC 9101 10.8).
func (h Header) MayBe(typ string) bool {
	return h.Type == "" || h.HasType("JWT") || h.HasType(typ)
}

// Audience is the aud claim: one text, or a list of them.
type Audience struct {
	Names []string
	List  bool
}

// UnmarshalJSON takes both forms and nothing else.
func (a *Audience) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = Audience{Names: []string{one}}
		return nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil || string(raw) == "null" {
		return Err
	}
	*a = Audience{many, true}
	return nil
}
