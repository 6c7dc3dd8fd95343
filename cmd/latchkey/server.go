package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"latchkey/config"
	"latchkey/idp/device"
	"latchkey/idp/mail"
	"latchkey/idp/oidc"
	"latchkey/storage"
)

var errStopping = errors.New("stopping")

// server is one deployment that serves: openServer takes all it needs, Start
// begins to answer, Wait ends it. deps may be used in between, to seed data.
type server struct {
	*deps
	public   *endpoint
	metrics  *endpoint // nil: off
	control  *endpoint
	provider *oidc.Provider // once started
	devices  *device.Service
	mail     *mail.Sender   // once started; nil: off
	tls      *certificate   // nil: plain HTTP
	hangUp   chan os.Signal // asks to look for a new certificate now
	failed   chan error
	stopping atomic.Bool
}

// openServer opens the data directory and every listener. A base URL that is
// empty becomes the address that is listened on. If it fails, nothing has
// changed and nothing stays open.
func openServer(cfg config.Config, log *slog.Logger) (*server, error) {
	if err := checkSocketPath(cfg.Data); err != nil {
		return nil, err
	}
	d, err := openDeps(cfg, log)
	if err != nil {
		return nil, err
	}
	s := &server{deps: d, hangUp: make(chan os.Signal, 1), failed: make(chan error, 1)}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *server) open() (err error) {
	if s.Config.TLS.Enabled() {
		if s.tls, err = loadCertificate(s.Config.TLS, s.Log); err != nil {
			return err
		}
	}
	if err := s.listen(); err != nil {
		return err
	}
	if s.Config.BaseURL == "" {
		return s.serveAt(s.address())
	}
	return nil
}

// listen opens the listeners. The database is locked by now, so that a control
// socket that is already there is a stale one.
func (s *server) listen() (err error) {
	if s.public, err = s.endpoint("--listen", s.Config.Listen); err != nil {
		return err
	}
	if s.Config.MetricsListen != "" {
		if s.metrics, err = s.endpoint("--metrics-listen", s.Config.MetricsListen); err != nil {
			return err
		}
	}
	l, err := listenControl(s.Config.Data)
	if err != nil {
		return err
	}
	s.control = s.newEndpoint(l)
	return nil
}

// address is the URL of the public listener, with its real port.
func (s *server) address() string {
	scheme := "http"
	if s.tls != nil {
		scheme = "https"
	}
	return urlOf(scheme, s.Config.Listen, s.public.listener)
}

// metricsURL is the URL of the metrics listener without a path, "" if it is off.
func (s *server) metricsURL() string {
	if s.metrics == nil {
		return ""
	}
	return urlOf("http", s.Config.MetricsListen, s.metrics.listener)
}

// Start begins to serve and returns at once.
func (s *server) Start() error {
	handler, err := newHandler(*s.deps)
	if err != nil {
		return err
	}
	s.provider, s.devices = handler.provider, handler.devices
	if err := s.openMail(); err != nil {
		return err
	}
	s.public.http.Handler = observed(handler, s.deps.Metrics, s.Log)
	if s.tls != nil {
		s.public.http.TLSConfig = s.tls.config()
	}
	s.serve(s.public)
	if s.metrics != nil {
		s.metrics.http.Handler = s.deps.Metrics.operations(s.ready)
		s.serve(s.metrics)
	}
	s.prepareControl()
	s.serve(s.control)
	return nil
}

// fail ends Wait; only the first reason is kept.
func (s *server) fail(err error) {
	select {
	case s.failed <- err:
	default:
	}
}

// ready says why the server cannot serve, or nil.
func (s *server) ready() error {
	if s.stopping.Load() {
		return errStopping
	}
	return s.Store.Failure()
}

// Wait serves until ctx ends or something fails, then stops: no new requests,
// those that run may end within the shutdown timeout, then the store is closed.
func (s *server) Wait(ctx context.Context) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var working sync.WaitGroup
	working.Go(func() { s.maintain(background) })
	working.Go(func() { s.tellApps(background) })
	working.Go(func() { s.sendMail(background) })
	if s.devices != nil { // it was started
		working.Go(func() { s.devices.Push(background) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-s.failed:
		s.Log.Error("stopping because of a fault", "error", err)
	}
	s.stopping.Store(true)
	s.Waker.Close() // nobody waits for what will not come
	s.Log.Info("stopping", "within", s.Config.ShutdownTimeout.String())
	stop()
	working.Wait()
	s.shutdown(background)
	if err == nil {
		err = s.saveClock(context.WithoutCancel(ctx))
	}
	return errors.Join(err, s.Close())
}

// shutdown ends the listeners together; the one of the metrics last, so that
// whoever watches sees the others end.
func (s *server) shutdown(background context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(background), s.Config.ShutdownTimeout)
	defer cancel()
	var ending sync.WaitGroup
	for _, e := range []*endpoint{s.public, s.control} {
		ending.Go(func() { s.end(ctx, e) })
	}
	ending.Wait()
	if s.metrics != nil {
		s.end(ctx, s.metrics)
	}
}

func (s *server) end(ctx context.Context, e *endpoint) {
	if err := e.http.Shutdown(ctx); err != nil {
		s.Log.Warn("requests were cut off as they took longer than the shutdown timeout", "listener", e.listener.Addr().String())
		_ = e.http.Close() // nothing is left to do about it
	}
}

// Close gives back listeners and store of a server that was not started, or
// that Wait has ended.
func (s *server) Close() error {
	s.closeListeners()
	return s.Store.Close()
}

func (s *server) closeListeners() {
	for _, e := range []*endpoint{s.public, s.metrics, s.control} {
		if e != nil {
			_ = e.listener.Close() // it may be closed already
		}
	}
}

// saveClock writes the clock's mark, also when nothing else was written: what ended
// by the mere passing of time must not come back either.
func (s *server) saveClock(ctx context.Context) error {
	return s.Store.Update(ctx, storage.System, s.Clock.SaveClock)
}
