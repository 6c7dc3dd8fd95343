package main

import (
	"slices"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

// TestGraphAuditTells: what changes something leaves one line in the log, which says who did
// it, through which app and to whom; what only reads leaves none.
func TestGraphAuditTells(t *testing.T) {
	w := newGraphWorld(t)
	by := []*relay{w.administrators(), w.apps()}
	told, silent := 0, 0
	for _, o := range operationsOf(t) {
		for _, e := range errandsOf(o) {
			for _, r := range by {
				c := r.caller()
				if c.may(e, idp.Object{Tenant: w.home.ID}) != nil || e.me() && c.user == nil {
					continue // apps approve nothing, and are nobody's own
				}
				if e.me() && (e.mutates() || c.mustStepUp(e)) {
					c = w.newcomer(everyScope, idp.GlobalAdministrator)
				}
				if e.mutates() {
					w.tells(e, c)
					told++
				} else {
					w.isSilent(e, c)
					silent++
				}
			}
		}
	}
	w.wantNoFaults()
	t.Logf("%d changes told, %d readings silent", told, silent)
}

// done does an errand and answers what it left in the logs.
func (w *graphWorld) done(e errand, c *graphCaller) (*fixture, graphAnswer, []*idp.AuditEvent) {
	w.Helper()
	f := w.fixtureFor(c.user, false)
	switch {
	case !e.about:
		f = w.fixtureFor(nil, false)
	case !e.me():
		f = w.fixtureOf(aMember)
	}
	if e.needs != nil {
		e.needs(f)
	}
	before := w.newest()
	a := w.call(c.token, e.request(f))
	after := w.newest()
	f.release()
	return f, a, slices.DeleteFunc(after, func(e *idp.AuditEvent) bool {
		return slices.ContainsFunc(before, func(old *idp.AuditEvent) bool { return old.EventID == e.EventID })
	})
}

// newest are the last few events of both logs.
func (w *graphWorld) newest() (all []*idp.AuditEvent) {
	w.Helper()
	for _, log := range []string{idp.Directory, idp.SignIns} {
		es, _, err := w.demo.server.Admin.Events(w.Context(), demoActor, w.home.ID, log, storage.Page{Limit: 10})
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, es...)
	}
	return all
}

func (w *graphWorld) isSilent(e errand, c *graphCaller) {
	w.Helper()
	_, a, left := w.done(e, c)
	if a.ok() != (e.never == 0) {
		w.Errorf("%s, %s: %d %s", c.name, e.key(), a.status, a)
	}
	for _, event := range left {
		w.Errorf("%s only reads and left %q", e.key(), event.Activity)
	}
}

func (w *graphWorld) tells(e errand, c *graphCaller) {
	w.Helper()
	f, a, left := w.done(e, c)
	if !a.ok() || len(left) != 1 {
		w.Errorf("%s, %s %s: %d events, want one: %d %s", c.name, e.key(), e.body, len(left), a.status, a)
		return
	}
	event := left[0]
	if !event.Actor.Same(c.actor.Party) || !event.App.Same(c.actor.App) || event.Actor.Name == "" || (event.App.Name == "") != (c.user == nil) {
		w.Errorf("%s was done by %+v through %+v, and the log says by %+v through %+v", e.key(), c.actor.Party, c.actor.App, event.Actor, event.App)
	}
	if event.Target.ID == "" || event.Target.Name == "" || event.Target.Type == "" || e.about && event.Target.ID != f.user.UserID {
		w.Errorf("%s %s: the log says %q was done to %+v", e.key(), e.body, event.Activity, event.Target)
	}
	if event.Log != idp.Directory || event.Activity == "" || event.Category == "" || event.Service == "" || event.Result != "success" {
		w.Errorf("%s: the log says %+v", e.key(), event)
	}
	if id := a.header.Get("request-id"); event.RequestID != id || id == "" || event.Address == "" {
		w.Errorf("%s: the request %q from 127.0.0.1 is %q from %q in the log", e.key(), id, event.RequestID, event.Address)
	}
}
