package oidc_test

import (
	"testing"

	"latchkey/idp"
)

// TestExchangeIsNoPerson: an app that an administrator called, as anybody calls it, does
// not become the second person of the two who must want a pass: she has not let it.
func TestExchangeIsNoPerson(t *testing.T) {
	t.Parallel()
	c := newChain(t, false)
	_, err := c.admin.AssignRole(c.ctx(), operator, tenantID, idp.PrivilegedAuthenticationAdmin, c.users["anna"].UserID)
	c.must(err)
	const all = idp.GraphID + "/UserAuthenticationMethod.ReadWrite.All"
	store := c.permit(c.store, all) // for itself, to give passes
	got := c.exchange(store, c.subject, one("scope", all))
	if got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	_, actor, err := c.admitted("Bearer " + got.str("access_token"))
	if err != nil || !actor.Is(c.users["anna"]) || len(actor.Roles) != 1 {
		t.Fatalf("%+v %v", actor, err)
	}
	chief := idp.Object{Tenant: tenantID, User: &idp.User{UserID: idp.NewID(), Roles: []string{idp.GlobalAdministrator}}}
	if err := idp.May(actor, idp.ReadPass, chief); err != nil {
		t.Errorf("it does what else it is permitted: %v", err)
	}
	if err := idp.May(actor, idp.ApprovePass, chief); err == nil {
		t.Error("the app asks for a pass for the Global Administrator as itself, and approves it as anna, who merely called it")
	}
}
