package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

// Self attests by the credential's own key (WebAuthn 8.2, self attestation).
func Self(k *Key, over []byte) (string, map[string]any) {
	return "packed", map[string]any{"alg": k.alg, "sig": k.Sign(over)}
}

// Authority is a maker of authenticators, with the root of its certificates.
type Authority struct {
	priv *ecdsa.PrivateKey
	cert *x509.Certificate
}

// NewAuthority makes one.
func NewAuthority(name string) *Authority {
	a := &Authority{priv: newKey()}
	a.cert = a.issue(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}, &a.priv.PublicKey)
	return a
}

// Attests signs for a model of the maker's, by a certificate for that model
// (WebAuthn 8.2.1).
func (a *Authority) Attests(model [16]byte) Attest {
	priv := newKey()
	id, err := asn1.Marshal(model[:])
	must(err)
	leaf := a.issue(&x509.Certificate{
		Subject:         pkix.Name{Country: []string{"SE"}, Organization: []string{"Maker"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Key"},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: id}},
	}, &priv.PublicKey)
	return func(_ *Key, over []byte) (string, map[string]any) {
		return "packed", map[string]any{"alg": ES256, "sig": sign(priv, over), "x5c": [][]byte{leaf.Raw}}
	}
}

// issue signs a certificate. Its time is the real one: libraries that verify it have no
// other clock.
func (a *Authority) issue(c *x509.Certificate, pub *ecdsa.PublicKey) *x509.Certificate {
	now := time.Now()
	c.NotBefore, c.NotAfter, c.BasicConstraintsValid = now.Add(-time.Hour), now.Add(24*time.Hour), true
	c.SerialNumber = big.NewInt(now.UnixNano())
	parent := a.cert
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, a.priv)
	must(err)
	cert, err := x509.ParseCertificate(der)
	must(err)
	return cert
}

func newKey() *ecdsa.PrivateKey {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	return priv
}
