package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	"latchkey/cmd/latchkey/demoapp"
	"latchkey/cmd/latchkey/demoinbox"
	"latchkey/config"
)

// demo is a running deployment with a world in it, an app beside it, and an inbox for
// the mail that people are sent.
type demo struct {
	options  demoOptions
	server   *server
	app      *endpoint
	appURL   string
	inbox    *demoinbox.Inbox
	mails    *endpoint // the inbox's pages
	inboxURL string
	world    []seeded
}

// openDemo makes or reopens the demo's data and begins to serve. If it fails,
// nothing stays open, and data that it made is gone again.
func openDemo(ctx context.Context, o demoOptions, log *slog.Logger) (d *demo, err error) {
	cfg, err := o.config()
	if err != nil {
		return nil, err
	}
	memory, undo, err := openDemoData(cfg)
	defer func() {
		if err != nil {
			undo()
		}
	}()
	if err != nil {
		return nil, err
	}
	if cfg.TLS.Enabled() {
		if err := demoCertificate(cfg.TLS, o.hosts(), time.Now()); err != nil {
			return nil, err
		}
	}
	inbox, err := demoinbox.Open(demoinbox.Config{Log: log})
	if err != nil {
		return nil, err
	}
	cfg.SMTP = config.SMTP{Address: inbox.Address(), TLS: config.SMTPPlain, From: demoSender}
	s, err := openServer(cfg, log)
	if err != nil {
		return nil, errors.Join(err, inbox.Close())
	}
	d = &demo{options: o, server: s, inbox: inbox}
	if err := d.begin(ctx, memory); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *demo) begin(ctx context.Context, memory *demoMemory) (err error) {
	if d.app, err = d.server.endpoint("--app-listen", d.options.AppListen); err != nil {
		return err
	}
	if d.mails, err = d.server.endpoint("--inbox-listen", d.options.InboxListen); err != nil {
		return err
	}
	d.inboxURL = urlOf(d.scheme(), d.options.InboxListen, d.mails.listener)
	if err := d.options.forgetReport(); err != nil {
		return err
	}
	d.appURL = urlOf(d.scheme(), d.options.AppListen, d.app.listener)
	at := demoapp.Config{BaseURL: d.appURL}
	uris := demoURIs{at.RedirectURI(), at.SignedOutURI(), at.BackchannelLogoutURI()}
	seed := demoSeed{d.server.Admin, memory, d.server.Clock.Now()}
	if d.world, err = seed.grow(ctx, demoWorld(uris)); err == nil {
		err = errors.Join(
			seed.guest(ctx, demoWorld(uris)[0].domain, d.appURL+"/"),
			seed.branch(ctx, d.server.Config.BaseURL, d.world[0].tenant, d.world[1].tenant))
	}
	// What was drawn before a fault is in the database and must be known again.
	if err := errors.Join(err, memory.save(d.server.Config.Data)); err != nil {
		return err
	}
	if err := d.serve(); err != nil {
		return err
	}
	return d.tell()
}

// demoSender is whom the demo's mail comes from.
const demoSender = "no-reply@latchkey.example"

// serve starts the provider, and then the app and the inbox's pages.
func (d *demo) serve() error {
	handler, err := d.newApp()
	if err != nil {
		return err
	}
	if err := d.server.Start(); err != nil {
		return err
	}
	d.app.http.Handler, d.mails.http.Handler = handler, d.inbox
	for _, e := range []*endpoint{d.app, d.mails} {
		if d.server.tls != nil {
			e.http.TLSConfig = d.server.tls.config()
		}
		d.server.serve(e)
	}
	return nil
}

func (d *demo) newApp() (http.Handler, error) {
	home, base := d.world[0], d.server.Config.BaseURL
	web := home.clients[slices.IndexFunc(home.clients, func(c seededClient) bool { return c.name == "web" })]
	c := demoapp.Config{
		Name: web.client.Name, Issuer: issuer(base, home.tenant), ClientID: web.client.ClientID, ClientSecret: web.secret,
		BaseURL: d.appURL, AccountURL: securityInfoOf(base, home.tenant),
	}
	if d.server.tls != nil {
		pool, err := trusting(d.server.Config.TLS.Certificate)
		if err != nil {
			return nil, err
		}
		c.HTTPClient = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		}}
	}
	return demoapp.New(c)
}

// tell writes the report, if one is asked for.
func (d *demo) tell() error {
	if d.options.JSON == "" {
		return nil
	}
	return replaceJSON(d.options.JSON, d.report())
}

func (d *demo) report() demoReport {
	r := demoReport{
		BaseURL: d.server.Config.BaseURL, InboxURL: d.inboxURL, PID: os.Getpid(), Data: d.server.Config.Data,
		Tenants: reportTenants(d.server.Config.BaseURL, d.world),
	}
	if d.server.metrics != nil {
		r.MetricsURL = d.server.metricsURL() + "/metrics"
	}
	return r
}

func (d *demo) scheme() string {
	if d.options.TLS {
		return "https"
	}
	return "http"
}

// wait serves until ctx ends. The inbox takes mail until the provider has sent its last.
func (d *demo) wait(ctx context.Context) error {
	err := d.server.Wait(ctx)
	_ = d.app.http.Close() // it keeps nothing that could be lost
	_ = d.mails.http.Close()
	return errors.Join(err, d.inbox.Close())
}

func (d *demo) close() error {
	for _, e := range []*endpoint{d.app, d.mails} {
		if e != nil {
			_ = e.listener.Close() // it may be closed already
		}
	}
	return errors.Join(d.inbox.Close(), d.server.Close())
}
