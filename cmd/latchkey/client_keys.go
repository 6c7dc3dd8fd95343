package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"latchkey/idp"
)

// clientKeys is what a client signs with, and what is signed for it.
type clientKeys struct {
	JWKS        *keySet `json:"jwks"`
	JWKSURI     *string `json:"jwks_uri"`
	AuthAlg     *string `json:"auth_alg"` // any that fits when empty
	IDTokenAlg  *string `json:"id_token_alg"`
	UserinfoAlg *string `json:"userinfo_alg"` // plain JSON when empty
	DPoP        *bool   `json:"dpop"`
}

func keysOf(c *idp.Client) clientKeys {
	return clientKeys{new(keySet(c.Keys.Set)), &c.Keys.URI, &c.Keys.Alg, new(c.Signing()), &c.UserInfoAlg, &c.DPoPBound}
}

func (f *clientKeys) flags(s fieldFlags) {
	s.Var(&optional[keySet]{&f.JWKS, "file", readKeySet}, "jwks", "a `FILE` with its public keys as a JWK set, or none; it replaces --jwks-uri")
	s.text(&f.JWKSURI, "jwks-uri", "the `URI` of its JWK set, or none; it replaces --jwks")
	s.word(&f.AuthAlg, "auth-alg", "how it signs to authenticate (default any)", "any", slices.Concat(idp.ClientAlgs, idp.SecretAlgs, []string{"any"})...)
	s.word(&f.IDTokenAlg, "id-token-alg", "the signature of its ID tokens (default "+idp.IDTokenAlgs[0]+")", "", idp.IDTokenAlgs...)
	s.word(&f.UserinfoAlg, "userinfo-alg", "the signature of userinfo; none is plain JSON (default none)", "none", slices.Concat(idp.IDTokenAlgs, []string{"none"})...)
	s.yes(&f.DPoP, "dpop", "its access tokens are bound to a key that it proves to have at each use (DPoP)")
}

// edit lets a key set replace its address and the other way round: a client has one
// of them.
func (f clientKeys) edit(c *idp.Client) {
	if assign(&c.Keys.Set, (*string)(f.JWKS)) && c.Keys.Set != "" {
		c.Keys.URI = ""
	}
	if assign(&c.Keys.URI, f.JWKSURI) && c.Keys.URI != "" {
		c.Keys.Set = ""
	}
	assign(&c.Keys.Alg, f.AuthAlg)
	assign(&c.IDTokenAlg, f.IDTokenAlg)
	assign(&c.UserInfoAlg, f.UserinfoAlg)
	assign(&c.DPoPBound, f.DPoP)
}

func (f clientKeys) shown() []string {
	return []string{
		"Key set", valueOf(f.JWKS).about(), "Keys at", valueOf(f.JWKSURI), "Authenticates with", valueOf(f.AuthAlg),
		"ID tokens", valueOf(f.IDTokenAlg), "Userinfo", valueOf(f.UserinfoAlg), "DPoP", onlyYes(f.DPoP),
	}
}

// keySet is a JWK set as it is kept: JSON without white space, "" for none.
type keySet string

// noKeys is how JSON writes none.
const noKeys = `{"keys":[]}`

// MarshalJSON writes the set itself.
func (k keySet) MarshalJSON() ([]byte, error) {
	if k == "" {
		return []byte(noKeys), nil
	}
	return []byte(k), nil
}

// UnmarshalJSON takes nothing but a set.
func (k *keySet) UnmarshalJSON(text []byte) (err error) {
	*k, err = parseKeySet(text)
	return err
}

// parseKeySet looks at the outer form alone; keys are judged by who uses them.
func parseKeySet(text []byte) (keySet, error) {
	var set struct{ Keys []map[string]any }
	var kept bytes.Buffer
	if err := errors.Join(json.Unmarshal(text, &set), json.Compact(&kept, text)); err != nil || set.Keys == nil {
		return "", errors.New(`is no JWK set: it must hold {"keys": [...]}`)
	}
	switch {
	case len(set.Keys) == 0:
		return "", nil
	case kept.Len() > idp.MaxClientJWKS:
		return "", errors.New("has more than 32 KiB")
	}
	return keySet(kept.String()), nil
}

// readKeySet reads the file that a flag names.
func readKeySet(path string) (keySet, error) {
	if path == noEntries {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", unread(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return "", unread(err)
	}
	set, err := parseKeySet(text)
	switch {
	case err != nil:
		return "", fmt.Errorf("the file %w", err)
	case set == "":
		return "", errors.New("the file has no keys: write none to remove those of the client")
	}
	return set, nil
}

// unread leaves the path to the caller, who shows it anyway.
func unread(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return fmt.Errorf("the file cannot be read: %w", err)
}

// about names the keys.
func (k keySet) about() string {
	var set struct {
		Keys []struct{ Kid, Kty string }
	}
	if k == "" || json.Unmarshal([]byte(k), &set) != nil {
		return ""
	}
	var names []string
	for _, key := range set.Keys {
		if key.Kid == "" {
			key.Kid = "without kid"
		}
		names = append(names, fmt.Sprintf("%s (%s)", key.Kid, key.Kty))
	}
	return joined(names)
}
