package admin_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// neighbours are further tenants of the deployment, by id.
func (w *world) neighbours(n int) (ids []string) {
	w.Helper()
	w.must(w.store.Update(w.ctx, storage.System, func(tx *storage.Tx) error {
		for i := range n {
			t := &idp.Tenant{TenantID: idp.NewID(), Name: "Neighbour", Domains: []string{fmt.Sprintf("n%d.example", i)}, CreatedAt: epoch}
			if err := tx.Insert(t); err != nil {
				return err
			}
			ids = append(ids, t.TenantID)
		}
		return nil
	}))
	// An organization is one of the deployment's as soon as it has anything of its own.
	for _, id := range ids {
		w.must(w.store.Update(w.ctx, id, func(tx *storage.Tx) error { return tx.Put(&idp.Group{GroupID: idp.NewID(), Name: "Staff"}) }))
	}
	return ids
}

func (w *world) crossTenant(tenant string) *idp.CrossTenantPolicy {
	w.Helper()
	p, err := w.admin.CrossTenantPolicy(w.ctx, op, tenant)
	w.must(err)
	return p
}

var (
	blocked = admin.PartnerChange{Inbound: new(idp.AccessBlocked)}
	trusted = admin.PartnerChange{AcceptMFA: new(idp.SwitchEnabled)}
)

// TestPartners: a partner is found by GUID and domain, is told with its name and domains, and
// can be taken out when its organization is gone.
func TestPartners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	w.must(err2(w.admin.AddPartner(w.ctx, op, tenantID, "FABRIKAM.example", trusted)))
	w.must(err2(w.admin.UpdatePartner(w.ctx, op, tenantID, otherID, blocked)))
	for _, name := range []string{otherID, "fabrikam.example"} {
		got, err := w.admin.Partner(w.ctx, op, tenantID, name)
		w.must(err)
		if want := (idp.Partner{Inbound: idp.AccessBlocked, AcceptMFA: idp.SwitchEnabled}); got.ID != otherID || got.Rules != want {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Tenant == nil || got.Tenant.Name != "Fabrikam" || !slices.Equal(got.Tenant.Domains, []string{"fabrikam.example"}) {
			t.Errorf("%s: %+v", name, got.Tenant)
		}
	}
	w.must(w.store.Update(w.ctx, storage.System, func(tx *storage.Tx) error { return tx.Delete(&idp.Tenant{TenantID: otherID}) }))
	all, err := w.admin.Partners(w.ctx, op, tenantID)
	if w.must(err); len(all) != 1 || all[0].ID != otherID || all[0].Tenant != nil {
		t.Errorf("%+v", all)
	}
	w.must(err2(w.admin.RemovePartner(w.ctx, op, tenantID, otherID)))
	if all, err = w.admin.Partners(w.ctx, op, tenantID); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

// TestPartnersRefused: what makes no sense is refused and changes nothing, and what changes
// nothing writes nothing.
func TestPartnersRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	stranger := w.neighbours(1)[0]
	w.must(err2(w.admin.AddPartner(w.ctx, op, tenantID, otherID, trusted)))
	add := func(partner string, c admin.PartnerChange) func() error {
		return func() error { return err2(w.admin.AddPartner(w.ctx, op, tenantID, partner, c)) }
	}
	byDefault := func(c admin.PartnerChange) func() error {
		return func() error { return err2(w.admin.UpdateCrossTenantDefault(w.ctx, op, tenantID, c)) }
	}
	for what, c := range map[string]struct {
		code idp.Code
		text string
		do   func() error
	}{
		"no tenant":         {idp.NotFound, `There is no tenant "` + nobodyID + `".`, add(nobodyID, trusted)},
		"itself":            {idp.NotFound, "An organization cannot be its own partner.", add(tenantID, trusted)},
		"itself, by domain": {idp.NotFound, "An organization cannot be its own partner.", add("contoso.test", trusted)},
		"twice":             {idp.Conflict, "Fabrikam has rules of its own already.", add("fabrikam.example", blocked)},
		"another access":    {idp.Invalid, `The access "perhaps" is none of allowed, blocked.`, add(stranger, admin.PartnerChange{Outbound: new(idp.Access("perhaps"))})},
		"another word":      {idp.Invalid, `The value "perhaps" is none of default, enabled, disabled.`, add(stranger, admin.PartnerChange{AcceptMFA: new(idp.Switch("perhaps"))})},
		"not named": {idp.NotFound, `The organization "` + stranger + `" has no rules of its own: the default applies to it.`, func() error {
			return err2(w.admin.UpdatePartner(w.ctx, op, tenantID, "n0.example", blocked))
		}},
		"removed": {idp.NotFound, `The organization "` + stranger + `" has no rules of its own: the default applies to it.`, func() error {
			return err2(w.admin.RemovePartner(w.ctx, op, tenantID, stranger))
		}},
		"shown": {idp.NotFound, `The organization "n0.example" has no rules of its own: the default applies to it.`, func() error {
			return err2(w.admin.Partner(w.ctx, op, tenantID, "n0.example"))
		}},
		"an open default":    {idp.Invalid, "The default cannot leave anything open: there is nothing for it to inherit.", byDefault(admin.PartnerChange{Inbound: new(idp.AccessInherited)})},
		"an undecided trust": {idp.Invalid, "The default cannot leave anything open: there is nothing for it to inherit.", byDefault(admin.PartnerChange{AcceptMFA: new(idp.SwitchDefault)})},
	} {
		w.wantError(what, c.code, c.text, c.do)
	}
	before := w.store.Commits()
	w.must(err2(w.admin.UpdatePartner(w.ctx, op, tenantID, otherID, trusted)))
	w.must(err2(w.admin.ResetCrossTenantDefault(w.ctx, op, tenantID)))
	w.must(w.admin.KeepCrossTenantPolicy(w.ctx, op, tenantID))
	if n := w.store.Commits() - before; n != 0 {
		t.Errorf("%d commits for no change", n)
	}
}

// TestManyPartners: a policy names so many organizations and no more, and what is changed of
// one is told whole however many there are.
func TestManyPartners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	p := idp.DefaultCrossTenantPolicy()
	p.Partners = map[string]idp.Partner{}
	for range idp.MaxPartners - 1 {
		p.Partners[idp.NewID()] = idp.Partner{}
	}
	w.put(p)
	w.pass(time.Minute)
	w.must(err2(w.admin.AddPartner(w.ctx, op, tenantID, otherID, blocked)))
	if got, want := w.newest().Modified, []idp.Modified{{Name: "Inbound", New: `"blocked"`}}; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	last := w.neighbours(1)[0]
	w.wantError("one too many", idp.Invalid, "A policy names at most 1000 organizations.", func() error {
		return err2(w.admin.AddPartner(w.ctx, op, tenantID, last, blocked))
	})
}

// TestCrossTenantAudit: each change is told by the name that Entra has for it, with what it
// changed.
func TestCrossTenantAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	partner := idp.Party{Type: "policy", ID: "crossTenantAccess", Name: "Cross-tenant access " + otherID}
	all := partner
	all.Name = "Cross-tenant access"
	for _, c := range []struct {
		activity string
		target   idp.Party
		do       func() error
		want     []idp.Modified
	}{
		{"Update the company default cross-tenant access setting", all, func() error {
			return err2(w.admin.UpdateCrossTenantDefault(w.ctx, op, tenantID, blocked))
		}, []idp.Modified{{Name: "Inbound", Old: `"allowed"`, New: `"blocked"`}}},
		{"Add a partner to cross-tenant access setting", partner, func() error {
			return err2(w.admin.AddPartner(w.ctx, op, tenantID, otherID, trusted))
		}, []idp.Modified{{Name: "AcceptMFA", New: `"enabled"`}}},
		{"Update a partner cross-tenant access setting", partner, func() error {
			return err2(w.admin.UpdatePartner(w.ctx, op, tenantID, otherID, admin.PartnerChange{Outbound: new(idp.AccessBlocked), AcceptMFA: new(idp.SwitchDisabled)}))
		}, []idp.Modified{{Name: "AcceptMFA", Old: `"enabled"`, New: `"disabled"`}, {Name: "Outbound", New: `"blocked"`}}},
		{"Delete partner specific cross-tenant access setting", partner, func() error {
			return err2(w.admin.RemovePartner(w.ctx, op, tenantID, otherID))
		}, []idp.Modified{{Name: "AcceptMFA", Old: `"disabled"`}, {Name: "Outbound", Old: `"blocked"`}}},
		{"Reset the cross-tenant access default setting", all, func() error {
			return err2(w.admin.ResetCrossTenantDefault(w.ctx, op, tenantID))
		}, []idp.Modified{{Name: "Inbound", Old: `"blocked"`, New: `"allowed"`}}},
	} {
		w.pass(time.Minute)
		w.must(c.do())
		w.wantEvent(op.Party, c.target, c.activity, "Policy", "Core Directory", "")
		if got := w.newest().Modified; !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", c.activity, got)
		}
	}
}

// TestPartnersApart: what a tenant decides holds nowhere else, not even at the partner.
func TestPartnersApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	third := w.neighbours(1)[0]
	w.must(err2(w.admin.UpdateCrossTenantDefault(w.ctx, op, tenantID, blocked)))
	w.must(err2(w.admin.AddPartner(w.ctx, op, tenantID, otherID, trusted)))
	for _, tenant := range []string{otherID, third} {
		p := w.crossTenant(tenant)
		if p.For(tenantID) != idp.DefaultCrossTenantPolicy().Default || len(p.Partners) != 0 || p.Customized {
			t.Errorf("%s: %+v", tenant, p)
		}
	}
	theirs := idp.Person(otherID, &idp.User{UserID: nobodyID, Roles: []string{idp.GlobalAdministrator}})
	theirs.Permissions = idp.Permissions()
	w.wantRefused("an administrator of the partner", func() error { return err2(w.admin.UpdatePartner(w.ctx, theirs, tenantID, otherID, trusted)) })
	w.wantRefused("likewise, who only reads", func() error { return err2(w.admin.Partners(w.ctx, theirs, tenantID)) })
}

// TestPartnersAtOnce: of a hundred changes at a time none is lost.
func TestPartnersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	ids := w.neighbours(100)
	var wait sync.WaitGroup
	errs := make([]error, len(ids))
	for i, id := range ids {
		wait.Go(func() {
			c := blocked
			if i%2 == 1 {
				c = trusted
			}
			_, errs[i] = w.admin.AddPartner(w.ctx, op, tenantID, id, c)
		})
	}
	wait.Wait()
	p := w.crossTenant(tenantID)
	for i, id := range ids {
		want := idp.Partner{Inbound: idp.AccessBlocked}
		if i%2 == 1 {
			want = idp.Partner{AcceptMFA: idp.SwitchEnabled}
		}
		if got, there := p.Partners[id]; errs[i] != nil || !there || got != want {
			t.Errorf("%d: %+v, %v", i, got, errs[i])
		}
	}
}

// TestPartnerEnds: what came through an organization ends when nobody may come from there any
// more, or what was proved there counts no more; what came from elsewhere stays, and so does
// all of it where no less is allowed than before.
func TestPartnerEnds(t *testing.T) {
	t.Parallel()
	open := admin.PartnerChange{Inbound: new(idp.AccessAllowed)}
	distrusted := admin.PartnerChange{AcceptMFA: new(idp.SwitchDisabled)}
	for name, c := range map[string]struct {
		byDefault, before admin.PartnerChange
		change            func(w *world, one string) error
		one, other        bool // whether what came from there ends
	}{
		"blocked": {change: func(w *world, one string) error {
			return err2(w.admin.UpdatePartner(w.ctx, op, tenantID, one, blocked))
		}, one: true},
		"trust is taken": {before: trusted, one: true, change: func(w *world, one string) error {
			return err2(w.admin.UpdatePartner(w.ctx, op, tenantID, one, distrusted))
		}},
		"trust is taken by removing": {before: trusted, one: true, change: func(w *world, one string) error {
			return err2(w.admin.RemovePartner(w.ctx, op, tenantID, one))
		}},
		"blocked by removing": {byDefault: blocked, before: open, one: true, change: func(w *world, one string) error {
			return err2(w.admin.RemovePartner(w.ctx, op, tenantID, one))
		}},
		"trust is given": {change: func(w *world, one string) error {
			return err2(w.admin.UpdatePartner(w.ctx, op, tenantID, one, trusted))
		}},
		"only outbound": {change: func(w *world, one string) error {
			return err2(w.admin.UpdatePartner(w.ctx, op, tenantID, one, admin.PartnerChange{Outbound: new(idp.AccessBlocked)}))
		}},
		"all are blocked": {one: true, other: true, change: func(w *world, _ string) error {
			return err2(w.admin.UpdateCrossTenantDefault(w.ctx, op, tenantID, blocked))
		}},
		"all but one": {before: open, other: true, change: func(w *world, _ string) error {
			return err2(w.admin.UpdateCrossTenantDefault(w.ctx, op, tenantID, blocked))
		}},
		"trust in all is reset": {byDefault: trusted, one: true, other: true, change: func(w *world, _ string) error {
			return err2(w.admin.ResetCrossTenantDefault(w.ctx, op, tenantID))
		}},
		"trust in all but one is reset": {byDefault: trusted, before: trusted, other: true, change: func(w *world, _ string) error {
			return err2(w.admin.ResetCrossTenantDefault(w.ctx, op, tenantID))
		}},
	} {
		w := newWorld(t)
		homes := w.neighbours(2)
		w.must(err2(w.admin.UpdateCrossTenantDefault(w.ctx, op, tenantID, c.byDefault)))
		w.must(err2(w.admin.AddPartner(w.ctx, op, tenantID, homes[0], c.before)))
		one, ofOne := w.resting(w.user.UserID, idp.NewID(), homes[0])
		other, ofOther := w.resting(w.user.UserID, homes[1])
		own, ofOwn := w.resting(w.user.UserID, idp.NewID())
		w.must(c.change(w, homes[0]))
		for what, row := range map[string]struct {
			session *idp.Session
			grant   *idp.Grant
			ended   bool
		}{"the partner": {one, ofOne, c.one}, "elsewhere": {other, ofOther, c.other}, "here": {own, ofOwn, false}} {
			s, g := get[idp.Session](w, row.session.SessionID), get[idp.Grant](w, row.grant.GrantID)
			if s.EndedAt.IsZero() == row.ended || g.RevokedAt.IsZero() == row.ended {
				t.Errorf("%s: what came from %s: ended %v, revoked %v", name, what, s.EndedAt, g.RevokedAt)
			}
		}
	}
}

// TestPartnersModel: after whatever was done to it, the policy is what was said last: a removed
// partner is as by default, and a reset default is that of a fresh tenant.
func TestPartnersModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := w.neighbours(3)
	fresh := idp.DefaultCrossTenantPolicy().Default
	byDefault, named := fresh, map[string]idp.Partner{}
	r := rand.New(rand.NewPCG(1, 2))
	access := []idp.Access{idp.AccessAllowed, idp.AccessBlocked, idp.AccessInherited}
	trust := []idp.Switch{idp.SwitchEnabled, idp.SwitchDisabled, idp.SwitchDefault}
	for step := range 300 {
		id := ids[r.IntN(len(ids))]
		switch _, there := named[id]; r.IntN(5) {
		case 0:
			byDefault = fresh
			w.must(err2(w.admin.ResetCrossTenantDefault(w.ctx, op, tenantID)))
		case 1:
			byDefault = idp.Partner{Inbound: access[r.IntN(2)], Outbound: access[r.IntN(2)], AcceptMFA: trust[r.IntN(2)]}
			c := admin.PartnerChange{Inbound: &byDefault.Inbound, Outbound: &byDefault.Outbound, AcceptMFA: &byDefault.AcceptMFA}
			w.must(err2(w.admin.UpdateCrossTenantDefault(w.ctx, op, tenantID, c)))
		case 2:
			delete(named, id)
			if err := err2(w.admin.RemovePartner(w.ctx, op, tenantID, id)); (err == nil) != there {
				t.Fatalf("step %d: %v", step, err)
			}
		default:
			one := idp.Partner{Inbound: access[r.IntN(3)], Outbound: access[r.IntN(3)], AcceptMFA: trust[r.IntN(3)]}
			named[id] = one
			set := w.admin.AddPartner
			if there {
				set = w.admin.UpdatePartner
			}
			w.must(err2(set(w.ctx, op, tenantID, id, admin.PartnerChange{Inbound: &one.Inbound, Outbound: &one.Outbound, AcceptMFA: &one.AcceptMFA})))
		}
		p := w.crossTenant(tenantID)
		for _, id := range append(ids, nobodyID) {
			want := named[id]
			if want.Inbound == idp.AccessInherited {
				want.Inbound = byDefault.Inbound
			}
			if want.Outbound == idp.AccessInherited {
				want.Outbound = byDefault.Outbound
			}
			if want.AcceptMFA != idp.SwitchEnabled && want.AcceptMFA != idp.SwitchDisabled {
				want.AcceptMFA = byDefault.AcceptMFA
			}
			if got := p.For(id); got != want {
				t.Fatalf("step %d, %s: %+v, want %+v", step, id, got, want)
			}
		}
	}
}
