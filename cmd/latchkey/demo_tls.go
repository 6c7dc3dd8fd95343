package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"time"

	"latchkey/config"
)

// The demo's own certificate and its key, in its data directory.
const (
	demoCertificateFile = "demo-certificate.pem"
	demoKeyFile         = "demo-key.pem"
)

// demoCertificate makes a self-signed certificate, unless there is one that is
// good for the hosts for another day.
func demoCertificate(files config.TLS, hosts []string, now time.Time) error {
	if usableCertificate(files, hosts, now) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := selfSigned(key, hosts, now)
	if err != nil {
		return err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(writePEM(files.Key, "PRIVATE KEY", pkcs8), writePEM(files.Certificate, "CERTIFICATE", der))
}

func usableCertificate(files config.TLS, hosts []string, now time.Time) bool {
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil || now.AddDate(0, 0, 1).After(pair.Leaf.NotAfter) {
		return false
	}
	for _, h := range hosts {
		if pair.Leaf.VerifyHostname(h) != nil {
			return false
		}
	}
	return true
}

func selfSigned(key *ecdsa.PrivateKey, hosts []string, now time.Time) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Latchkey demo"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 3, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// trusting is a pool that trusts this certificate only.
func trusting(certificate string) (*x509.CertPool, error) {
	data, err := os.ReadFile(certificate)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, errors.New(certificate + " holds no certificate")
	}
	return pool, nil
}
