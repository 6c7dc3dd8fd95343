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

func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}
