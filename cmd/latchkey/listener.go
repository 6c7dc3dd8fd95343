package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// The limits of every listener, against peers that send slowly or too much.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
)

// endpoint is one listener and what answers on it.
type endpoint struct {
	listener net.Listener
	http     *http.Server
}

// endpoint opens a listener; the flag is the one that chooses its address.
func (s *server) endpoint(flag, address string) (*endpoint, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("another program is listening on %s: stop it, or choose another address with %s", address, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port above 1023 with %s, or allow it", address, flag)
	case err != nil:
		return nil, fmt.Errorf("listen on %s (%s): %w", address, flag, err)
	}
	return s.newEndpoint(l), nil
}

func (s *server) newEndpoint(l net.Listener) *endpoint {
	return &endpoint{l, &http.Server{
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug), // what peers do wrong
	}}
}

// urlOf keeps the host as it was configured and takes the port from the
// listener, since port 0 leaves it to the system.
func urlOf(scheme, configured string, l net.Listener) string {
	host, _, err := net.SplitHostPort(configured)
	_, port, err2 := net.SplitHostPort(l.Addr().String())
	if err != nil || err2 != nil || host == "" {
		return scheme + "://" + l.Addr().String()
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// serve answers on a listener until the server stops.
func (s *server) serve(e *endpoint) {
	go func() {
		var err error
		if e.http.TLSConfig != nil {
			err = e.http.ServeTLS(e.listener, "", "")
		} else {
			err = e.http.Serve(e.listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			s.fail(fmt.Errorf("listening on %s: %w", e.listener.Addr(), err))
		}
	}()
}
