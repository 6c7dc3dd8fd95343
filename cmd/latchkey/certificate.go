package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"latchkey/config"
)

// certificate is the server's certificate, read anew when its files change.
type certificate struct {
	files   config.TLS
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]
	seen    [2]time.Time // when the files were changed that current, or the last failure, came from
}

func loadCertificate(files config.TLS, log *slog.Logger) (*certificate, error) {
	c := &certificate{files: files, log: log}
	c.seen = c.changed()
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("tls.certificate and tls.key cannot be used: %w", err)
	}
	return c, nil
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.files.Certificate, c.files.Key)
	if err == nil {
		c.current.Store(&pair)
	}
	return err
}

// changed is when the two files were changed; zero for one that is missing.
func (c *certificate) changed() (at [2]time.Time) {
	for i, path := range []string{c.files.Certificate, c.files.Key} {
		if info, err := os.Stat(path); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

// refresh takes over files that changed. A pair that does not fit, as between
// the renewal of the one and of the other, leaves the old one in use. On nil it
// does nothing.
func (c *certificate) refresh() {
	if c == nil {
		return
	}
	at := c.changed()
	if at == c.seen {
		return
	}
	c.seen = at
	if err := c.load(); err != nil {
		c.log.Error("the new certificate cannot be used; the old one stays", "error", err)
		return
	}
	c.log.Info("the new certificate is in use", "file", c.files.Certificate)
}

// config offers TLS 1.3, and of TLS 1.2 the cipher suites that RFC 9325 4.2 recommends,
// which are also all that FAPI 2.0 Security Profile 5.2.1 allows.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}
