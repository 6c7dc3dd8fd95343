package main

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/bolt"
)

// inspect opens what a killed server has left: the file is sound, everything
// acknowledged is there, and no record is without those it rests on. Doubts of
// the residents end here.
func (w *crashWorld) inspect() {
	w.t.Helper()
	driver, err := bolt.Open(filepath.Join(w.cfg.Data, databaseFile))
	w.must(err)
	if err := driver.Check(); err != nil {
		w.t.Error(err)
	}
	store := storage.New(driver)
	w.must(store.View(context.Background(), w.tenant, func(tx *storage.Tx) error {
		whole := loadRecords(w, tx)
		whole.passes()
		whole.sessions()
		whole.grants()
		for _, r := range w.residents {
			r.inspect(whole)
		}
		return nil
	}))
	w.must(store.Close())
}

// records are all of a tenant that the deeds touch.
type records struct {
	*crashWorld
	tx      *storage.Tx
	user    map[string]*idp.User
	pass    map[string]*idp.Pass
	sess    map[string]*idp.Session
	grant   []*idp.Grant
	resting map[string]int // sessions by credential
}

func loadRecords(w *crashWorld, tx *storage.Tx) *records {
	c := &records{crashWorld: w, tx: tx, user: map[string]*idp.User{}, pass: map[string]*idp.Pass{}, sess: map[string]*idp.Session{}, resting: map[string]int{}}
	users, _, err := storage.All[idp.User](tx, storage.Page{})
	w.must(err)
	for _, u := range users {
		c.user[u.UserID] = u
	}
	passes, _, err := storage.All[idp.Pass](tx, storage.Page{})
	w.must(err)
	for _, p := range passes {
		c.pass[p.PassID] = p
	}
	sessions, _, err := storage.All[idp.Session](tx, storage.Page{})
	w.must(err)
	for _, s := range sessions {
		c.sess[s.SessionID] = s
		for _, id := range s.Credentials() {
			c.resting[id]++
		}
	}
	c.grant, _, err = storage.All[idp.Grant](tx, storage.Page{})
	w.must(err)
	return c
}

// passes: a user who exists has one at most, and it is the one that is found.
func (c *records) passes() {
	for _, p := range c.pass {
		found, err := storage.Lookup[idp.Pass](c.tx, "user", p.UserID)
		if err != nil || found.PassID != p.PassID || c.user[p.UserID] == nil {
			c.t.Errorf("pass %s of user %s: found %v, %v", p.PassID, p.UserID, found, err)
		}
		// Both come with the same transaction.
		if rest := c.resting[p.PassID]; p.Once && rest > 1 || p.Once && (rest == 1) != !p.UsedAt.IsZero() {
			c.t.Errorf("a one-time pass, used %v, has %d sessions", p.UsedAt, rest)
		}
	}
}

// sessions: one that may be used rests on a user and on a pass that exist.
func (c *records) sessions() {
	for _, s := range c.sess {
		if c.user[s.UserID] == nil {
			c.t.Errorf("session %s has no user", s.SessionID)
		}
		if s.EndedAt.IsZero() && !c.allThere(s.Credentials()) {
			c.t.Errorf("session %s outlives its pass", s.SessionID)
		}
		c.bound("session "+s.SessionID, s.NotAfter, s.Credentials())
	}
}

// grants: each rests on what exists, and what a redemption stores is there whole
// or not at all.
func (c *records) grants() {
	for _, g := range c.grant {
		c.findable(g, "device", g.Device.Hash)
		if g.Device.Hash != "" && g.UserID == "" { // nobody has approved it
			continue
		}
		if s := c.sess[g.SessionID]; s == nil || s.UserID != g.UserID || c.user[g.UserID] == nil {
			c.t.Errorf("grant %s has no session or no user", g.GrantID)
		}
		if _, err := storage.Get[idp.Client](c.tx, g.ClientID); err != nil {
			c.t.Errorf("grant %s has no client: %v", g.GrantID, err)
		}
		if g.RevokedAt.IsZero() && !c.allThere(g.Credentials) {
			c.t.Errorf("grant %s outlives its pass", g.GrantID)
		}
		c.bound("grant "+g.GrantID, g.NotAfter, g.Credentials)
		used, refreshes := !g.Code.UsedAt.IsZero(), g.Refresh.Family != ""
		if used != refreshes || refreshes != (g.Refresh.Generation > 0) {
			c.t.Errorf("grant %s is half redeemed: %+v %+v", g.GrantID, g.Code, g.Refresh)
		}
		c.findable(g, "code", g.Code.Hash)
		c.findable(g, "refresh", g.Refresh.Family)
	}
}

func (c *records) findable(g *idp.Grant, index, value string) {
	if value == "" {
		return
	}
	if found, err := storage.Lookup[idp.Grant](c.tx, index, value); err != nil || found.GrantID != g.GrantID {
		c.t.Errorf("grant %s is not found by its %s: %v", g.GrantID, index, err)
	}
}

func (c *records) allThere(credentials []string) bool {
	return !slices.ContainsFunc(credentials, func(id string) bool { return c.pass[id] == nil })
}

// bound: what came from a pass may end before it, never after it.
func (c *records) bound(what string, notAfter time.Time, credentials []string) {
	for _, id := range credentials {
		if p := c.pass[id]; p != nil && notAfter.After(p.EndsAt()) {
			c.t.Errorf("%s may last until %v, its pass until %v", what, notAfter, p.EndsAt())
		}
	}
}

// inspect compares what the resident knows with what is there.
func (r *resident) inspect(c *records) {
	doubt, doubted := r.doubt, r.doubted
	r.doubt, r.doubted = "", nil
	if r.userID != "" && (c.user[r.userID] == nil || c.user[r.userID].PrincipalName != r.name) {
		c.t.Errorf("user %s is lost", r.name)
	}
	for _, f := range slices.Clone(r.families) {
		r.inspectFamily(c, f, doubt, doubted == f)
	}
	for _, code := range slices.Clone(r.codes) {
		r.inspectCode(c, code, doubted == code)
	}
	for _, code := range r.devices {
		if _, err := storage.Lookup[idp.Grant](c.tx, "device", idp.HashToken(idp.DeviceCode, code)); err != nil {
			c.t.Errorf("a device code of %s is lost: %v", r.name, err)
		}
	}
	if r.userID != "" {
		r.inspectEntries(c, doubt)
		r.inspectPass(c, doubt)
	}
	if doubt == "user" { // it may be there, but its id is not known
		r.leave()
	}
}

func (r *resident) inspectFamily(c *records, f *family, doubt string, doubted bool) {
	g, err := storage.Lookup[idp.Grant](c.tx, "refresh", idp.RefreshFamily(f.tokens.Refresh))
	if err != nil {
		c.t.Errorf("a grant of %s is lost: %v", r.name, err)
		return
	}
	revoked := !g.RevokedAt.IsZero()
	switch {
	case doubt == "refresh" && doubted && g.Refresh.Generation == f.generation+1:
		r.families = slices.DeleteFunc(r.families, func(x *family) bool { return x == f }) // nobody has its token
		return
	case (doubt == "revocation" || doubt == "replay") && doubted,
		// These end the grants and the pass together.
		(doubt == "deletion" || doubt == "replacement") && c.pass[r.pass.ID] == nil:
		f.revoked = f.revoked || revoked
	}
	if g.Refresh.Generation != f.generation || revoked != f.revoked {
		c.t.Errorf("a grant of %s: generation %d, revoked %t; acknowledged %d, %t", r.name, g.Refresh.Generation, revoked, f.generation, f.revoked)
	}
	if !revoked && !g.Refreshes(f.tokens.Refresh) {
		c.t.Errorf("a refresh token of %s is not the current one", r.name)
	}
}

func (r *resident) inspectCode(c *records, code *crashCode, doubted bool) {
	g, err := storage.Lookup[idp.Grant](c.tx, "code", idp.HashToken(idp.AuthorizationCode, code.landed.Get("code")))
	switch {
	case err != nil:
		c.t.Errorf("a code of %s is lost: %v", r.name, err)
	case g.Code.UsedAt.IsZero():
		return
	case !doubted:
		c.t.Errorf("a code of %s is used that nobody has redeemed", r.name)
	}
	r.codes = slices.DeleteFunc(r.codes, func(x *crashCode) bool { return x == code })
}

// usable tells whether a session that has not ended rests on a credential.
func (c *records) usable(credential string) bool {
	for _, s := range c.sess {
		if s.EndedAt.IsZero() && slices.Contains(s.Credentials(), credential) {
			return true
		}
	}
	return false
}

// inspectEntries: the log tells of every sign-in, beside what needed no pass again.
func (r *resident) inspectEntries(c *records, doubt string) {
	events, _, err := storage.List[idp.AuditEvent](c.tx, "user", r.userID, storage.Page{})
	c.must(err)
	logged := 0
	for _, e := range events {
		if e.Log == idp.SignIns && e.Result == "success" && e.Method != "Previously satisfied" {
			logged++
		}
	}
	if logged == r.entries+1 && doubt == "sign-in" {
		r.entries = logged
	}
	if logged != r.entries {
		c.t.Errorf("%s has signed in %d times, the log tells of %d", r.name, r.entries, logged)
	}
}

func (r *resident) inspectPass(c *records, doubt string) {
	p, err := idp.Optional(storage.Lookup[idp.Pass](c.tx, "user", r.userID))
	c.must(err)
	switch {
	case doubt == "pass" && p != nil: // its code was never told
		r.leave()
	case doubt == "replacement" && p != nil && p.PassID != r.pass.ID: // nor was that one's
		r.leave()
	case doubt == "deletion" && p == nil:
		r.passGone()
	case (p == nil) != (r.pass.ID == ""), p != nil && p.PassID != r.pass.ID:
		c.t.Errorf("%s has the pass %v instead of %q", r.name, p, r.pass.ID)
	case p != nil && p.Once && (r.cookies != nil) != !p.UsedAt.IsZero() && doubt != "sign-in":
		c.t.Errorf("the one-time pass of %s: used %v", r.name, p.UsedAt)
	case r.cookies != nil && !c.usable(r.pass.ID):
		c.t.Errorf("the session of %s is lost", r.name)
	// A try that was not answered is spent, and the throttle allows five.
	case doubt == "sign-in":
		if r.cut++; p.Once && !p.UsedAt.IsZero() || r.cut == idp.ThrottleBurst-1 {
			r.leave()
		}
	}
}
