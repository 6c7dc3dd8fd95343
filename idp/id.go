package idp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/google/uuid"
)

// NewID is a random GUID, lower case.
func NewID() string { return uuid.NewString() }

// DerivedID is a GUID that is the same whenever it is made of the same names.
func DerivedID(space, name string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(space+" "+name)).String()
}

// IsID tells whether s is a GUID in the form NewID writes.
func IsID(s string) bool {
	u, err := uuid.Parse(s)
	return err == nil && u.String() == s
}

// TokenKind is the prefix of a bearer secret. It is part of what is hashed, so
// that a secret of one kind is never taken for another.
type TokenKind string

// The kinds of bearer secrets that are stored as hashes.
const (
	AuthorizationCode TokenKind = "ac_"
	RefreshToken      TokenKind = "rt_"
	DeviceCode        TokenKind = "dc_"
	SessionSecret     TokenKind = "ss_"
	ClientSecret      TokenKind = "cs_"
	InitialAccess     TokenKind = "ia_" // lets a client register (RFC 7591 3)
	RegistrationAuth  TokenKind = "ra_" // lets it look after its registration (RFC 7592)
	RequestHandle     TokenKind = "ru_" // names a pushed request (RFC 9126 2.2)
	InvitationTicket  TokenKind = "iv_"
)

// NewToken is a bearer secret of 256 random bits in URL-safe characters that
// need no escaping anywhere.
func NewToken(kind TokenKind) string { return string(kind) + random() }

func random() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// HashToken is what is stored of a bearer secret, or "" when s is not of that kind.
// SHA-256 is enough: 256 random bits cannot be guessed.
func HashToken(kind TokenKind, s string) string {
	if !strings.HasPrefix(s, string(kind)) || len(s) > 200 {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
