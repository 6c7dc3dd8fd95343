package admin_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// TestOwnSignIns: people read their own sign-ins, the latest fifty, and nobody reads
// another's so, administrators neither; what else is told of them is not among these.
func TestOwnSignIns(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]*world{"mem": newWorld(t), "bolt": worldOn(t, onBolt(t))} {
		log := idp.AuditLog{Keys: w.keys, Tenant: tenantID}
		tell := func(which, client string) {
			t.Helper()
			w.pass(time.Second)
			e := idp.NewEvent(which, w.now())
			e.Target, e.ClientID = userParty(w.user), client
			w.must(w.store.Update(w.ctx, tenantID, func(tx *storage.Tx) error { return log.Append(tx, e) }))
		}
		own := idp.Person(tenantID, w.user)
		if infos, err := w.admin.OwnSignIns(w.ctx, own, tenantID, w.user.UserID); err != nil || len(infos) != 0 {
			t.Errorf("%s: %d, %v", name, len(infos), err)
		}
		c, _, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
		w.must(err)
		tell(idp.SignIns, "the first")
		for range 250 {
			tell(idp.Directory, "")
		}
		tell(idp.SignIns, c.ClientID)
		infos, err := w.admin.OwnSignIns(w.ctx, own, tenantID, w.user.UserID)
		w.must(err)
		if len(infos) != 2 || infos[0].Client == nil || infos[0].Client.Name != c.Name || infos[1].Event.ClientID != "the first" || infos[1].Client != nil {
			t.Errorf("%s: %+v", name, infos)
		}
		for i := range 60 {
			tell(idp.SignIns, fmt.Sprint(i))
		}
		infos, err = w.admin.OwnSignIns(w.ctx, own, tenantID, w.user.PrincipalName)
		w.must(err)
		if len(infos) != 50 || infos[0].Event.ClientID != "59" || infos[49].Event.ClientID != "10" {
			t.Errorf("%s: %d sign-ins", name, len(infos))
		}
		for who, a := range map[string]idp.Actor{
			"a Global Administrator":                           w.person("chief", idp.GlobalAdministrator),
			"the person through an app that may do everything": through(own, idp.Permissions()...),
		} {
			if _, err := w.admin.OwnSignIns(w.ctx, a, tenantID, w.user.UserID); idp.ErrorCode(err) != idp.Forbidden {
				t.Errorf("%s: %s: %v", name, who, err)
			}
		}
	}
}
