package device

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The types of messages. None passes for another (RFC 8725 3.11).
const (
	typeEnrolment = "oda-enrol+jwt"
	typeProof     = "oda-proof+jwt"
	typeChallenge = "oda-challenge+jwt"
	typeResponse  = "oda-response+jwt"
	typeRekey     = "oda-rekey+jwt"
)

// Lifetimes of what a device signs, each the most that servers take.
const (
	enrolmentLifetime = 10 * time.Minute
	responseLifetime  = 60 * time.Second
	rekeyLifetime     = 60 * time.Second
)

// enrolmentClaims show a new device's key, and what its verifier was made with.
type enrolmentClaims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	EnrolID  string `json:"enrol_id"`
	Nonce    string `json:"nonce"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	Name     string `json:"name"`
	App      string `json:"app"`
	Platform string `json:"platform"`
	UVHash   string `json:"uvh"`
}

// proofClaims show that a request is the device's own.
type proofClaims struct {
	Method   string `json:"htm"`
	URL      string `json:"htu"`
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
	BodyHash string `json:"bh,omitempty"`
}

// responseClaims are what was displayed and decided.
type responseClaims struct {
	Issuer    string   `json:"iss"`
	Audience  string   `json:"aud"`
	ID        string   `json:"jti"`
	IssuedAt  int64    `json:"iat"`
	Expires   int64    `json:"exp"`
	Request   string   `json:"txn"`
	Challenge string   `json:"ch"`
	Nonce     string   `json:"nonce"`
	App       string   `json:"app"`
	Decision  string   `json:"decision"`
	Reason    string   `json:"reason,omitempty"`
	Number    string   `json:"number,omitempty"`
	Choice    string   `json:"choice,omitempty"`
	Scan      string   `json:"scan,omitempty"`
	UV        *uvClaim `json:"uv,omitempty"`
}

type uvClaim struct {
	Method string `json:"method"`
}

// rekeyClaims put a new key in the place of the old one.
type rekeyClaims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	ID       string `json:"jti"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	Old      string `json:"old"`
}

// errMessage is one answer for all that is wrong with a JWS: who made it learns nothing.
var errMessage = errors.New("a message that no key of the server vouches for")

// open reads the claims of a compact JWS of a type, which one of the keys must have signed with
// ES256; keys finds them by the key id of the header. A header
// that names or carries keys is not followed, and extensions are refused (RFC 7515 4.1.11).
func open(raw, typ string, keys func(kid string) ([]jose.JSONWebKey, error), into any) error {
	if len(raw) > maxMessage || strings.Count(raw, ".") != 2 {
		return errMessage
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || len(jws.Signatures) != 1 {
		return errMessage
	}
	header := jws.Signatures[0].Protected
	if got, _ := header.ExtraHeaders[jose.HeaderType].(string); got != typ {
		return errMessage
	}
	if _, critical := header.ExtraHeaders["crit"]; critical {
		return errMessage
	}
	candidates, err := keys(header.KeyID)
	if err != nil {
		return err
	}
	for _, key := range candidates {
		if payload, err := jws.Verify(key); err == nil {
			if json.Unmarshal(payload, into) != nil {
				return errMessage
			}
			return nil
		}
	}
	return errMessage
}
