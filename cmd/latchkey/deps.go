package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/idp/upstream"
	"latchkey/storage"
	"latchkey/storage/bolt"
)

// databaseFile is the name of the database inside the data directory.
const databaseFile = "latchkey.db"

// deps is all that the handlers and commands of one deployment are made of.
type deps struct {
	Config  config.Config
	Store   *storage.Store
	Keys    *idp.Keyring
	Clock   *idp.Clock
	Signin  *signin.Service
	Admin   *admin.Service
	Log     *slog.Logger
	Metrics *metrics
	// Upstreams speaks with providers elsewhere.
	Upstreams *upstream.Client
	Passkeys  passkey.Method
	// Waker wakes who waits for a sign-in request, or for its answer.
	Waker *idp.Waker

	driver *bolt.Driver // for backups
}

// openDeps opens the data directory that createData made. It changes nothing
// in it when it fails.
func openDeps(cfg config.Config, log *slog.Logger) (*deps, error) {
	keys, err := openPepper(cfg)
	if err != nil {
		return nil, explainStore(err, cfg.Data)
	}
	driver, err := bolt.Open(filepath.Join(cfg.Data, databaseFile))
	if err != nil {
		return nil, explainStore(err, cfg.Data)
	}
	d, err := newDeps(cfg, log, driver, keys)
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	if err := d.checkStored(context.Background()); err != nil {
		return nil, errors.Join(err, d.Store.Close())
	}
	return d, nil
}

// newDeps puts the parts together.
func newDeps(cfg config.Config, log *slog.Logger, driver *bolt.Driver, keys *idp.Keyring) (*deps, error) {
	passkeys, err := newPasskeys(cfg)
	if err != nil {
		return nil, err
	}
	breached, err := newBreached(cfg)
	if err != nil {
		return nil, err
	}
	store := storage.New(driver)
	clock := idp.NewClock(time.Now)
	up, err := newUpstreams(cfg, keys, log)
	if err != nil {
		return nil, err
	}
	d := &deps{
		Config: cfg, Store: store, Keys: keys, Clock: clock, Log: log, Upstreams: up, Passkeys: passkeys, Waker: idp.NewWaker(),
		Admin:   admin.New(store, keys, clock.Now).WithBreached(breached).WithPasskeyHost(passkeys.ID()).WithMail(cfg.SMTP.Enabled()).WithProviders(up.Check).WithResolver(newDirectory(cfg.DNSServer).texts),
		Metrics: newMetrics(store, clock),
		driver:  driver,
	}
	d.Signin = d.newSignin()
	return d, nil
}

func (d *deps) newSignin() *signin.Service {
	s := signin.New(d.Store, d.Keys, authmethods.All(authmethods.Config{
		Keys: d.Keys, Passkeys: d.Passkeys, Mails: d.Config.SMTP.Enabled(), Upstream: d.Upstreams, Base: d.Config.BaseURL,
	}))
	s.Observe(d.Metrics.countAnswer)
	return s
}

// serveAt gives a deployment the base URL that it had not yet: passkeys are made for one.
func (d *deps) serveAt(base string) error {
	d.Config.BaseURL = base
	var err error
	if d.Passkeys, err = newPasskeys(d.Config); err != nil {
		return err
	}
	d.Signin = d.newSignin()
	d.Admin.WithPasskeyHost(d.Passkeys.ID())
	return nil
}

// newPasskeys makes the method for the base URL, with the models of authenticators that
// the operator has supplied metadata of.
func newPasskeys(cfg config.Config) (passkey.Method, error) {
	var models *passkey.Models
	if cfg.Passkeys.Metadata != "" {
		var err error
		if models, err = passkey.LoadModels(cfg.Passkeys.Metadata, cfg.Passkeys.MetadataRoot); err != nil {
			return passkey.Method{}, fmt.Errorf("passkeys.metadata: %w", err)
		}
	}
	return passkey.New(cfg.BaseURL, models)
}

// checkStored reads the clock's mark, and one signing key: with another pepper
// than the one they were sealed with the server could not do anything.
func (d *deps) checkStored(ctx context.Context) error {
	var first []*idp.Tenant
	err := d.Store.View(ctx, storage.System, func(tx *storage.Tx) (err error) {
		if err := d.Clock.LoadClock(tx); err != nil {
			return err
		}
		first, _, err = storage.All[idp.Tenant](tx, storage.Page{Limit: 1})
		return err
	})
	if err != nil || len(first) == 0 {
		return err
	}
	tenant := first[0].TenantID
	return d.Store.View(ctx, tenant, func(tx *storage.Tx) error {
		keys, _, err := storage.All[idp.SigningKey](tx, storage.Page{Limit: 1})
		if err != nil || len(keys) == 0 {
			return err
		}
		if _, err := keys[0].Private(d.Keys, tenant); errors.Is(err, idp.ErrSealed) {
			return fmt.Errorf("the pepper is not the one that the database in %s was made with: bring back the one that belongs to it", d.Config.Data)
		}
		return err
	})
}

// explainStore says what to do about data that cannot be opened.
func explainStore(err error, data string) error {
	switch {
	case errors.Is(err, storage.ErrLocked):
		return fmt.Errorf("another latchkey is using %s: stop it first, or choose another data directory (--data)", data)
	case errors.Is(err, storage.ErrDamaged):
		return fmt.Errorf("%w; nothing was changed: bring back a backup", err)
	case errors.Is(err, storage.ErrFormat):
		return fmt.Errorf("%w: update latchkey", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("open database in %s: permission denied: run as the user who owns it", data)
	}
	return err
}
