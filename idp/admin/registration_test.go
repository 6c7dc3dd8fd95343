package admin_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// registration lets clients register themselves in one way.
func (w *world) registration(how idp.Registration) {
	w.Helper()
	w.must(w.store.Update(w.ctx, storage.System, func(tx *storage.Tx) error {
		t, err := storage.Get[idp.Tenant](tx, tenantID)
		if err != nil {
			return err
		}
		t.Registration = how
		return tx.Put(t)
	}))
}

// token makes a registration token for so many clients, for an hour.
func (w *world) token(uses int) (*idp.InitialToken, string) {
	w.Helper()
	t, secret, err := w.admin.CreateInitialToken(w.ctx, op, tenantID, "the web team", uses, time.Hour)
	w.must(err)
	return t, secret
}

func tokenParty(t *idp.InitialToken) idp.Party {
	return idp.Party{Type: "registrationToken", ID: t.TokenID, Name: t.Name}
}

func TestInitialTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	made, secret := w.token(3)
	if !idp.IsID(made.TokenID) || made.Hash != idp.HashToken(idp.InitialAccess, secret) || made.Left != 3 || !made.Ends.Equal(w.now().Add(time.Hour)) || !made.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v, %q", made, secret)
	}
	w.wantEvent(op.Party, tokenParty(made), "Add registration token", "ApplicationManagement", "Core Directory", "")
	for name, c := range map[string]struct {
		who  string
		uses int
		life time.Duration
		want string
	}{
		"nobody":    {"", 1, time.Hour, "A registration token needs a name of at most 256 bytes: who it is for."},
		"no uses":   {"x", 0, time.Hour, "A registration token registers between 1 and 10000 clients."},
		"many uses": {"x", 10_001, time.Hour, "A registration token registers between 1 and 10000 clients."},
		"no time":   {"x", 1, 0, "A registration token lives for at most 365 days."},
		"for ever":  {"x", 1, 366 * 24 * time.Hour, "A registration token lives for at most 365 days."},
	} {
		w.wantError(name, idp.Invalid, c.want, func() error {
			made, secret, err := w.admin.CreateInitialToken(w.ctx, op, tenantID, c.who, c.uses, c.life)
			if err != nil && (made != nil || secret != "") {
				t.Errorf("%s: %v and %q with an error", name, made, secret)
			}
			return err
		})
	}
	if listed, next, err := w.admin.InitialTokens(w.ctx, op, tenantID, storage.Page{}); err != nil || len(listed) != 1 || next != "" || listed[0].TokenID != made.TokenID {
		t.Errorf("%v, %q, %v", listed, next, err)
	}
	w.pass(time.Minute)
	w.must(w.admin.DeleteInitialToken(w.ctx, op, tenantID, made.TokenID))
	w.wantEvent(op.Party, tokenParty(made), "Delete registration token", "ApplicationManagement", "Core Directory", "")
	w.wantError("again", idp.NotFound, fmt.Sprintf("There is no registration token %q.", made.TokenID), func() error { return w.admin.DeleteInitialToken(w.ctx, op, tenantID, made.TokenID) })
}

// TestRegisterClient: who is let in, in each way, and what the log says of it.
func TestRegisterClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	register := func(initial string) func() error {
		return func() error { _, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), initial); return err }
	}
	made, secret := w.token(2)
	const off = "Clients cannot register themselves with this organization."
	const spent = "The initial access token is missing, has expired, is used up, or is not known."
	for _, how := range []idp.Registration{"", idp.RegistrationOff} {
		w.registration(how)
		w.wantError("off, without", idp.Forbidden, off, register(""))
		w.wantError("off, with a token", idp.Forbidden, off, register(secret))
	}
	w.registration(idp.RegistrationToken)
	for name, wrong := range map[string]string{"without": "", "unknown": idp.NewToken(idp.InitialAccess), "of another kind": idp.NewToken(idp.RegistrationAuth), "nonsense": "x"} {
		w.wantError(name, idp.Forbidden, spent, register(wrong))
	}
	w.pass(time.Minute)
	r, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), secret)
	w.must(err)
	w.wantEvent(tokenParty(made), idp.Party{Type: "client", ID: r.Client.ClientID, Name: "Web"}, "Register application", "ApplicationManagement", "Core Directory", "")
	read := get[idp.Client](w, r.Client.ClientID)
	if !idp.IsID(read.ClientID) || !read.SecretMatches(r.Secret) || !read.Registers(r.Access) || read.Registers(r.Secret) || read.Counted || !read.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v", read)
	}
	bad := webClient()
	bad.Name = ""
	w.wantError("a bad one spends nothing", idp.Invalid, "A client needs a name of at most 256 bytes, without control characters: people see it when they sign in.", func() error {
		_, err := w.admin.RegisterClient(w.ctx, tenantID, bad, secret)
		return err
	})
	w.must(register(secret)())
	w.wantError("used up", idp.Forbidden, spent, register(secret))
	_, late := w.token(1)
	w.pass(time.Hour)
	w.wantError("expired", idp.Forbidden, spent, register(late))

	w.registration(idp.RegistrationOpen)
	w.wantError("open, with a wrong token", idp.Forbidden, spent, register("x"))
	r, err = w.admin.RegisterClient(w.ctx, tenantID, webClient(), "")
	w.must(err)
	self := idp.Party{Type: "client", ID: r.Client.ClientID, Name: "Web"}
	if w.wantEvent(self, self, "Register application", "ApplicationManagement", "Core Directory", ""); !get[idp.Client](w, r.Client.ClientID).Counted {
		t.Error("it is not counted")
	}
}

// TestSelfRegisteredLimit: clients nobody asked for fill a tenant up to a limit, and make
// room when they go, whoever removes them.
func TestSelfRegisteredLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registration(idp.RegistrationOpen)
	w.put(&idp.SelfRegistered{Count: idp.MaxSelfRegistered - 2})
	register := func() error { _, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), ""); return err }
	first, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), "")
	w.must(err)
	second, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), "")
	w.must(err)
	const full = "This organization takes no more than 1000 clients that register themselves."
	w.wantError("full", idp.TooMany, full, register)
	_, secret := w.token(1)
	trusted, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), secret)
	w.must(err) // it was asked for
	w.must(w.admin.DeleteOwnClient(w.ctx, tenantID, trusted.Client.ClientID, trusted.Access))
	w.wantError("still full", idp.TooMany, full, register)
	w.must(w.admin.DeleteOwnClient(w.ctx, tenantID, first.Client.ClientID, first.Access))
	w.must(register())
	w.must(w.admin.DeleteClient(w.ctx, op, tenantID, second.Client.ClientID))
	w.must(register())
	w.wantError("full again", idp.TooMany, full, register)
}

// TestOwnClient: a client sees, changes and removes itself by its own token only, and not
// what is an administrator's to say.
func TestOwnClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registration(idp.RegistrationOpen)
	mine, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), "")
	w.must(err)
	other, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), "")
	w.must(err)
	made, _, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	id, keep := mine.Client.ClientID, func(*idp.Client) error { return nil }
	for name, c := range map[string]struct{ id, access string }{
		"another's": {id, other.Access}, "none": {id, ""}, "its secret": {id, mine.Secret}, "nobody": {"x", mine.Access}, "of one that did not register": {made.ClientID, ""},
	} {
		for what, do := range map[string]func() error{
			"read":    func() error { _, err := w.admin.OwnClient(w.ctx, tenantID, c.id, c.access); return err },
			"replace": func() error { _, err := w.admin.ReplaceOwnClient(w.ctx, tenantID, c.id, c.access, keep); return err },
			"delete":  func() error { return w.admin.DeleteOwnClient(w.ctx, tenantID, c.id, c.access) },
		} {
			w.wantError(name+", "+what, idp.Forbidden, "The registration access token is not that of the client.", do)
		}
	}
	if c, err := w.admin.OwnClient(w.ctx, tenantID, id, mine.Access); err != nil || c.ClientID != id {
		t.Errorf("%v, %v", c, err)
	}
	w.pass(time.Minute)
	party := idp.Party{Type: "client", ID: id, Name: "Wiki"}
	r, err := w.admin.ReplaceOwnClient(w.ctx, tenantID, id, mine.Access, func(c *idp.Client) error { c.Name = "Wiki"; return nil })
	if err != nil || r.Secret != "" || !get[idp.Client](w, id).SecretMatches(mine.Secret) {
		t.Errorf("%+v, %v", r, err)
	}
	w.wantEvent(party, party, "Update application", "ApplicationManagement", "Core Directory", "")
	r, err = w.admin.ReplaceOwnClient(w.ctx, tenantID, id, mine.Access, func(c *idp.Client) error { c.AuthMethod = idp.AuthPost; return nil })
	if read := get[idp.Client](w, id); err != nil || r.Secret == "" || !read.SecretMatches(r.Secret) || read.SecretMatches(mine.Secret) || !read.TokensValidFrom.Equal(w.now()) {
		t.Errorf("another way to authenticate: %+v, %v", r, err)
	}
	refused := errors.New("refused")
	if _, err := w.admin.ReplaceOwnClient(w.ctx, tenantID, id, mine.Access, func(c *idp.Client) error { c.Name = "x"; return refused }); !errors.Is(err, refused) || get[idp.Client](w, id).Name != "Wiki" {
		t.Errorf("%v", err)
	}
	_, err = w.admin.UpdateClient(w.ctx, op, tenantID, id, func(c *idp.Client) { c.Disabled = true })
	w.must(err)
	w.wantError("disabled", idp.Forbidden, "The registration access token is not that of the client.", func() error { return w.admin.DeleteOwnClient(w.ctx, tenantID, id, mine.Access) })
	w.must(w.admin.DeleteOwnClient(w.ctx, tenantID, other.Client.ClientID, other.Access))
}

// TestParallelInitialToken: a token for five lets five of a crowd in.
func TestParallelInitialToken(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*world{"mem": newWorld(t), "bolt": worldOn(t, onBolt(t))} {
		w.registration(idp.RegistrationToken)
		_, secret := w.token(5)
		var crowd sync.WaitGroup
		for range 20 {
			crowd.Go(func() {
				if _, err := w.admin.RegisterClient(w.ctx, tenantID, webClient(), secret); err != nil && idp.ErrorCode(err) != idp.Forbidden {
					t.Error(err)
				}
			})
		}
		crowd.Wait()
		if made := len(all[idp.Client](w)); made != 5 {
			t.Errorf("%s: %d clients", name, made)
		}
	}
}
