package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
)

// pair writes a certificate and its key and returns their paths.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))),
		write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

func TestServe(t *testing.T) {
	cert, key := pair(t)
	_, otherKey := pair(t)
	for name, c := range map[string]struct {
		flags map[string]string
		want  string
	}{
		"plain":     {map[string]string{"base-url": "http://localhost:9400"}, ""},
		"TLS":       {map[string]string{"base-url": "https://login.example", "tls-certificate": cert, "tls-key": key}, ""},
		"no base":   {nil, "base_url: \"\" (default) is needed to serve"},
		"no file":   {map[string]string{"base-url": "https://login.example", "tls-certificate": cert + "x", "tls-key": key}, "no such file or directory"},
		"other key": {map[string]string{"base-url": "https://login.example", "tls-certificate": cert, "tls-key": otherKey}, "private key does not match public key"},
		"CA":        {map[string]string{"base-url": "https://login.example", "outbound-ca": cert}, ""},
		"no CA":     {map[string]string{"base-url": "https://login.example", "outbound-ca": cert + "x"}, `cert.pemx" (flag --outbound-ca) cannot be read: no such file or directory`},
		"empty CA":  {map[string]string{"base-url": "https://login.example", "outbound-ca": write(t, "empty.pem", "")}, `empty.pem" (flag --outbound-ca) holds no certificate: name a file of certificates in PEM`},
		"key as CA": {map[string]string{"base-url": "https://login.example", "outbound-ca": key}, `key.pem" (flag --outbound-ca) holds no certificate`},
		"no PEM":    {map[string]string{"base-url": "https://login.example", "tls-certificate": cert, "tls-key": write(t, "k", "x")}, "failed to find any PEM data"},
	} {
		_, err := Load(Sources{Flags: c.flags, Serve: true})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestRoots expects the named certificates beside those of the system.
func TestRoots(t *testing.T) {
	cert, _ := pair(t)
	system, err := x509.SystemCertPool()
	if err != nil {
		t.Fatal(err)
	}
	roots, err := Outbound{CA: cert}.Roots()
	if err != nil || roots.Equal(system) {
		t.Errorf("%v", err)
	}
	if roots, err := (Outbound{}).Roots(); roots != nil || err != nil {
		t.Errorf("%v, %v", roots, err)
	}
}

// TestByHand validates configurations that no layer made.
func TestByHand(t *testing.T) {
	c := Defaults()
	if c.ValidateServe() == nil || c.Validate() != nil {
		t.Errorf("serve: %v, else: %v", c.ValidateServe(), c.Validate())
	}
	c.Log.Level++
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), `log.level: "info+1"`) {
		t.Errorf("level: %v", err)
	}
	if err := (Config{}).Validate(); err == nil {
		t.Error("the zero value passes")
	}
}
