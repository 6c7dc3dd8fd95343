//go:build conformance

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"

	"latchkey/idp"
)

// withKeys gives a client of private_key_jwt a key (PS256), and returns its private
// JWK Set (RFC 7517, RFC 7518 6.3) for the suite.
func withKeys(c *idp.Client, kid string) (private map[string]any, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	open := map[string]any{
		"kty": "RSA", "kid": kid, "alg": "PS256", "use": "sig",
		"n": number(key.N), "e": number(big.NewInt(int64(key.E))),
	}
	set, err := json.Marshal(jwkSet(open))
	if err != nil {
		return nil, err
	}
	c.Keys.Set = string(set)
	for name, n := range map[string]*big.Int{
		"d": key.D, "p": key.Primes[0], "q": key.Primes[1],
		"dp": key.Precomputed.Dp, "dq": key.Precomputed.Dq, "qi": key.Precomputed.Qinv,
	} {
		open[name] = number(n)
	}
	return jwkSet(open), nil
}

func jwkSet(key map[string]any) map[string]any { return map[string]any{"keys": []any{key}} }
