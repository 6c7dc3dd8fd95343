package config

import (
	"crypto/x509"
	"errors"
	"net/netip"
)

// Outbound says what Latchkey may call, such as the key set of an app, beside what
// is public and has a certificate that the system trusts.
type Outbound struct {
	Allow []netip.Prefix // networks that may be called although they are not public
	CA    string         // PEM file of more certificates to trust; empty = none
}

// Roots are the system's certificates and those of CA; nil means the system's alone.
func (o Outbound) Roots() (*x509.CertPool, error) {
	if o.CA == "" {
		return nil, nil
	}
	pem, err := readBounded(o.CA, largestFile)
	if err != nil {
		return nil, errors.New("cannot be read: " + err.Error())
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, errors.New("cannot be added to the system's certificates: " + err.Error())
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("holds no certificate: name a file of certificates in PEM")
	}
	return roots, nil
}

func isEverywhere(p netip.Prefix) bool { return p.Bits() == 0 }
