package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// offline opens the data directory of a script while no server runs on it.
func offline(ts *testscript.TestScript, do func(context.Context, *deps, *idp.Tenant) error) {
	d, err := openDeps(config.Config{Data: ts.MkAbs(ts.Getenv("LATCHKEY_DATA"))}, slog.New(slog.DiscardHandler))
	ts.Check(err)
	defer func() { ts.Check(d.Store.Close()) }()
	ctx := context.Background()
	t, err := d.Admin.Tenant(ctx, "contoso.example")
	ts.Check(err)
	ts.Check(do(ctx, d, t))
}

// scriptAs asks for a pass as another administrator than the one who runs the tests, and
// shows what came of it: as bob anna@contoso.example.
func scriptAs(ts *testscript.TestScript, _ bool, args []string) {
	offline(ts, func(ctx context.Context, d *deps, t *idp.Tenant) error {
		info, _, err := d.Admin.CreatePass(ctx, admin.Operator(args[0]), t.TenantID, args[1], idp.PassRequest{Reason: "lost phone"})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(ts.Stdout(), "pass %t, approval %t\n", info.Pass != nil, info.Approval != nil)
		return err
	})
}

// scriptTamper removes or alters the first event of an activity, as whoever holds the
// database but not the pepper could: tamper remove 'Add user'.
func scriptTamper(ts *testscript.TestScript, _ bool, args []string) {
	offline(ts, func(ctx context.Context, d *deps, t *idp.Tenant) error {
		return d.Store.Update(ctx, t.TenantID, func(tx *storage.Tx) error {
			var first *idp.AuditEvent
			err := storage.Each(tx, func(_ string, e *idp.AuditEvent, err error) bool {
				if err == nil && e.Activity == args[1] {
					first = e
				}
				return first == nil
			})
			switch {
			case err != nil:
				return err
			case first == nil:
				return fmt.Errorf("there is no event %q", args[1])
			case args[0] == "remove":
				return tx.Delete(first)
			}
			first.Actor.Name = "nobody"
			return tx.Put(first)
		})
	})
}

// scriptHolds gives a user what no command can: a passkey or a device, for which it takes a
// browser and an authenticator, or a password, which people choose themselves. More words say
// what it is like: holds anna@contoso.example passkey ID NAME synced used copied, or
// holds anna@contoso.example authenticator ID NAME soft used copied old.
func scriptHolds(ts *testscript.TestScript, _ bool, args []string) {
	offline(ts, func(ctx context.Context, d *deps, t *idp.Tenant) error {
		now := d.Clock.Now()
		return d.Store.Update(ctx, t.TenantID, func(tx *storage.Tx) error {
			u, err := idp.FindUser(tx, args[0])
			if err != nil {
				return err
			}
			switch args[1] {
			case "password":
				return tx.Insert(idp.NewPassword(d.Keys, t.TenantID, u.UserID, idp.CanonicalPassword(args[2]), now))
			case "authenticator":
				return tx.Insert(scriptDevice(u, args[2], args[3], args[4:], now))
			}
			p := &idp.Passkey{
				PasskeyID: args[2], UserID: u.UserID, Name: args[3], Credential: []byte(args[2]), CreatedAt: now,
				AAGUID: "fa2b99dc-9e39-4257-8f92-4a30d23c4118",
			}
			for _, word := range args[4:] {
				switch word {
				case "synced":
					p.Synced, p.AAGUID = true, idp.NoModel
				case "used":
					p.LastUsedAt = now
				case "copied":
					p.Suspend(now)
				}
			}
			return tx.Insert(p)
		})
	})
}

func scriptDevice(u *idp.User, id, name string, words []string, now time.Time) *idp.Authenticator {
	a := &idp.Authenticator{
		AuthenticatorID: id, UserID: u.UserID, Name: name, Thumbprint: id, App: "web/1", Platform: "Android", CreatedAt: now, SeenAt: now,
		Verifier: idp.AuthenticatorVerifier{Credential: []byte(id)},
	}
	for _, word := range words {
		switch word {
		case "soft":
			a.Soft, a.App, a.Platform = true, "cli/1", ""
		case "used":
			a.LastUsedAt = now
		case "copied":
			a.Suspend(now)
		case "old":
			a.SeenAt = now.Add(-idp.AuthenticatorUnused)
		}
	}
	return a
}
