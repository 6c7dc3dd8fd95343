package signin_test

import (
	"context"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// TestTrustTakenBackMeanwhile: what is settled about a home organization while its voucher is
// looked at holds for that, too.
func TestTrustTakenBackMeanwhile(t *testing.T) {
	t.Parallel()
	no, blocked := idp.SwitchDisabled, idp.AccessBlocked
	for want, change := range map[string]*admin.PartnerChange{"": nil, "federation.refused": {AcceptMFA: &no}, "federation.off": {Inbound: &blocked}} {
		g := newGuests(t)
		home := &idp.Tenant{TenantID: otherID, Name: "Partner", Domains: []string{"partner.example"}, CreatedAt: epoch}
		g.must(g.store.Update(context.Background(), storage.System, func(tx *storage.Tx) error { return tx.Put(home) }))
		g.must(g.store.Update(context.Background(), otherID, func(tx *storage.Tx) error { return tx.Put(idp.DefaultMethodsPolicy()) }))
		op, yes := admin.Operator("test"), idp.SwitchEnabled
		_, err := g.admin.AddPartner(context.Background(), op, tenantID, otherID, admin.PartnerChange{AcceptMFA: &yes})
		g.must(err)
		b := g.browser()
		asked := b.look(b.opened(g.invite(guest)))
		v := idp.Voucher{
			Home: otherID, UserID: idp.NewID(), Addresses: []string{guest}, SessionID: idp.NewID(), AMR: []string{"mfa"}, ACR: idp.ACRMFA, MFA: true,
			AuthTime: g.now(), Ends: g.now().Add(time.Minute),
		}
		sealed, err := v.Seal(g.keys, tenantID, asked.Flow.Prompt.Secret)
		g.must(err)
		if change != nil {
			g.signin.Observe(func(idp.Kind, error) {
				_, err := g.admin.UpdatePartner(context.Background(), op, tenantID, otherID, *change)
				g.must(err)
			})
		}
		out, err := g.signin.Answer(context.Background(), b.visit(), asked.Flow, idp.Answer{"voucher": sealed})
		g.must(err)
		if shown(out) != want || (out.NewSession == "") != (change != nil) {
			t.Errorf("%q, session %t; want %q", shown(out), out.NewSession != "", want)
		}
	}
}
