package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

func memory() storage.Driver { return mem.New() }

// TestModified: a change is told with what it changed, before and after.
func TestModified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.newGroup("Staff")
	bob := w.newUser("bob@contoso.example")
	quoted := func(s string) string { return `"` + s + `"` }
	now := func() string { return quoted(w.now().Format(time.RFC3339Nano)) }
	for _, c := range []struct {
		what string
		do   func() error
		want []idp.Modified
	}{
		{"name", func() error {
			return err2(w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{DisplayName: new("Anna")}))
		}, []idp.Modified{{Name: "DisplayName", Old: `"Somebody"`, New: `"Anna"`}}},
		{"nothing", func() error {
			return err2(w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{DisplayName: new("Anna")}))
		}, nil},
		{"two, in order", func() error {
			return err2(w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{Roles: &[]string{idp.GlobalReader}, Type: new(idp.InternalGuest)}))
		}, []idp.Modified{{Name: "Roles", New: `["Global Reader"]`}, {Name: "Type", Old: `"member"`, New: `"internalGuest"`}}},
		{"roles taken", func() error {
			return err2(w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{Roles: &[]string{}}))
		}, []idp.Modified{{Name: "Roles", Old: `["Global Reader"]`, New: "[]"}}},
		{"long", func() error {
			return err2(w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{OtherMails: &[]string{strings.Repeat("a", 64) + "@x.example"}, Profile: long()}))
		}, nil},
		{"sessions", func() error { return err2(w.admin.RevokeSessions(w.ctx, op, tenantID, bob.UserID)) }, []idp.Modified{{Name: "SessionsValidFrom", New: "NOW"}}},
		{"group", func() error {
			return err2(w.admin.UpdateGroup(w.ctx, op, tenantID, g.GroupID, admin.GroupChange{Description: new("all"), Name: new("All")}))
		}, []idp.Modified{{Name: "Description", New: `"all"`}, {Name: "Name", Old: `"Staff"`, New: `"All"`}}},
		{"policy", func() error {
			return err2(w.admin.UpdatePassPolicy(w.ctx, op, tenantID, admin.PassPolicyChange{Approval: new(true), Length: new(10)}))
		}, []idp.Modified{{Name: "Approval", New: "true"}, {Name: "Length", Old: "8", New: "10"}}},
		{"tenant", func() error {
			return err2(w.admin.UpdateTenant(w.ctx, op, tenantID, admin.TenantChange{Name: new("Contoso AB")}))
		}, []idp.Modified{{Name: "Name", Old: `"Contoso"`, New: `"Contoso AB"`}}},
		{"domain", func() error { return err2(w.admin.RemoveDomain(w.ctx, op, tenantID, "contoso.test")) }, []idp.Modified{{Name: "Domains", Old: `["contoso.example","contoso.test"]`, New: `["contoso.example"]`}}},
	} {
		w.pass(time.Minute)
		w.must(c.do())
		got := w.newest().Modified
		if c.what == "long" {
			if !slices.Contains(got, idp.Modified{Name: "Profile", New: "(longer than an event may be)"}) {
				t.Errorf("long: %+v", got)
			}
			continue
		}
		for i := range c.want {
			c.want[i].New = strings.ReplaceAll(c.want[i].New, "NOW", now())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
	w.pass(time.Minute)
	u := w.newUser("carl@contoso.example")
	if m := w.newest().Modified; !slices.Contains(m, idp.Modified{Name: "PrincipalName", New: quoted(u.PrincipalName)}) || slices.ContainsFunc(m, func(m idp.Modified) bool { return m.Old != "" }) {
		t.Errorf("a new user: %+v", m)
	}
	w.pass(time.Minute)
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, u.UserID))
	if m := w.newest().Modified; !slices.Contains(m, idp.Modified{Name: "PrincipalName", Old: quoted(u.PrincipalName)}) || slices.ContainsFunc(m, func(m idp.Modified) bool { return m.New != "" }) {
		t.Errorf("a deleted user: %+v", m)
	}
}

// long is a profile that is longer than an event tells.
func long() *idp.Profile {
	s := strings.Repeat("x", 256)
	return &idp.Profile{GivenName: s, FamilyName: s, Locale: s, Phone: s, Email: "anna@home.example"}
}

// day is what administrators do in a day, as far as it goes without reading.
func (b *board) day(n int) {
	ctx, s := b.ctx, b.admin
	step := func(err error) {
		b.Helper()
		b.must(err)
		b.pass(time.Second)
	}
	u := b.newUser(fmt.Sprintf("day%d@contoso.example", n))
	g := b.newGroup(fmt.Sprintf("Day %d", n))
	b.gets(b.pia, u.UserID, idp.PassRequest{Reason: "first day"})
	step(err2(s.AddMember(ctx, b.ada, tenantID, g.GroupID, u.UserID)))
	step(err2(s.UpdateUser(ctx, b.ada, tenantID, u.UserID, admin.UserChange{DisplayName: new("Day")})))
	step(err2(s.AssignRole(ctx, b.ada, tenantID, idp.GuestInviter, u.UserID)))
	b.asks(b.pia, idp.PassRequest{Lifetime: 60 + n})
	step(b.approve(b.ada, b.chief.ID)())
	b.gets(b.pia, b.chief.ID, idp.PassRequest{Lifetime: 60 + n})
	b.asks(b.pia, idp.PassRequest{})
	step(b.deny(b.ada, b.chief.ID)())
	c, _, err := s.CreateClient(ctx, b.ada, tenantID, webClient())
	step(err)
	step(err3(s.NewClientSecret(ctx, b.ada, tenantID, c.ClientID)))
	step(err2(s.CreateAPI(ctx, b.ada, tenantID, idp.API{Identifier: fmt.Sprintf("urn:day:%d", n), Name: "Day"})))
	step(b.invite(b.ada, invitation(fmt.Sprintf("gast%d@fabrikam.example", n)))())
	r, err := s.RegisterClient(ctx, tenantID, webClient(), "")
	step(err)
	step(err2(s.UpdateTenant(ctx, op, tenantID, admin.TenantChange{Name: new(fmt.Sprintf("Contoso %d", n))})))
	step(s.DeleteOwnClient(ctx, tenantID, r.Client.ClientID, r.Access))
	step(s.DeletePass(ctx, idp.Person(tenantID, u), tenantID, u.UserID, ""))
	step(s.DeleteGroup(ctx, b.ada, tenantID, g.GroupID))
	step(s.DeleteUser(ctx, b.ada, tenantID, u.UserID))
}

// TestLogIsWhole: after all that administrators do, some of it at once, with refusals
// between and the clock now and then standing still, the log is proven whole; what
// passes goes by its age and the rest is whole still.
func TestLogIsWhole(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() storage.Driver{"mem": memory, "bolt": func() storage.Driver { return onBolt(t) }} {
		b := boardOn(t, open())
		b.fabrikam()
		b.registration(idp.RegistrationOpen)
		var known []idp.AuditHead
		for n := range 5 {
			b.day(n)
			known = append(known, b.wantWhole().Heads...)
			_ = b.admin.DeleteUser(b.ctx, app(), tenantID, b.chief.ID) // refused
		}
		var crowd sync.WaitGroup
		for i := range 40 {
			crowd.Go(func() {
				n := fmt.Sprintf("crowd%d@contoso.example", i)
				_, err := b.admin.CreateUser(b.ctx, op, tenantID, idp.User{PrincipalName: n, DisplayName: "C"})
				_, _, err2 := b.admin.CreatePass(b.ctx, b.pia, tenantID, n, idp.PassRequest{})
				if err != nil || err2 != nil {
					t.Error(err, err2)
				}
			})
		}
		crowd.Wait()
		r, err := b.admin.VerifyAudit(b.ctx, b.ada, tenantID, known...)
		if err != nil || len(r.Faults) != 0 || r.Unchained != 0 || r.Events < 5*18+80 || r.Tenant.TenantID != tenantID || len(r.Heads) != 2 {
			t.Errorf("%s: %+v, %+v, %v", name, r, r.ChainReport, err)
		}
		for _, later := range []time.Duration{idp.PassingKept - time.Minute, 2 * time.Minute, time.Hour} {
			b.pass(later)
			for swept := 1; swept > 0; {
				var err error
				swept, err = b.store.Sweep(b.ctx, tenantID, b.now(), 3)
				b.must(err)
				r, err := b.admin.VerifyAudit(b.ctx, b.ada, tenantID, known...)
				if err != nil || len(r.Faults) != 0 {
					t.Errorf("%s: %+v, %v", name, r.ChainReport, err)
				}
			}
		}
		if n := b.count("Register application"); n != 0 {
			t.Errorf("%s: %d lines of strangers are kept for ever", name, n)
		}
	}
}
