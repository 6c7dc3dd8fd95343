package admin_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

// claims are the domains that the tenant's partition says it wants.
func (w *world) claims() (names []string) {
	w.Helper()
	w.must(w.store.View(w.ctx, tenantID, func(tx *storage.Tx) error {
		all, _, err := storage.All[idp.DomainClaim](tx, storage.Page{})
		for _, c := range all {
			names = append(names, c.Domain)
		}
		return err
	}))
	return names
}

func (w *world) claim(domain string) (record string) {
	w.Helper()
	info, err := w.admin.ClaimDomain(w.ctx, op, tenantID, domain)
	w.must(err)
	return info.Record
}

func (w *world) owns(tenant, domain string) bool {
	w.Helper()
	got, err := w.admin.Tenant(w.ctx, tenant)
	w.must(err)
	return got.Owns(domain)
}

// TestVerifyAsksOutside: DNS is asked outside of any transaction, so that a slow server keeps
// nobody waiting, and not without end.
func TestVerifyAsksOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.claim("new.example")
	ctx, cancel := context.WithCancel(w.ctx)
	w.admin.WithResolver(func(asked context.Context, domain string) ([]string, error) {
		w.claim("other.example") // waits for ever within a transaction
		if until, bounded := asked.Deadline(); !bounded || time.Until(until) > 5*time.Second {
			t.Errorf("asked until %v", until)
		}
		cancel()
		<-asked.Done()
		return nil, asked.Err()
	})
	w.wantCode("a server that does not answer", idp.Conflict, err2(w.admin.VerifyDomain(ctx, op, tenantID, "new.example")))
	if w.owns(tenantID, "new.example") || !slices.Contains(w.claims(), "new.example") {
		t.Error("it changed something")
	}
}

func (w *world) wantCode(what string, code idp.Code, err error) {
	w.Helper()
	if idp.ErrorCode(err) != code {
		w.Errorf("%s: %v, want %s", what, err, code)
	}
}

// TestVerifyWithoutDNS: where DNS cannot be asked, nothing is proved.
func TestVerifyWithoutDNS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.claim("new.example")
	w.wantCode("no resolver", idp.Conflict, err2(w.admin.VerifyDomain(w.ctx, op, tenantID, "new.example")))
}

// TestDomainSpellings: two spellings of a domain are one; a domain that looks like it is another.
func TestDomainSpellings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := w.claim(" BÜCHER.example. ")
	for _, same := range []string{"bücher.example", "xn--bcher-kva.example", "bu\u0308cher.example", "XN--BCHER-KVA.EXAMPLE"} {
		w.wantCode(same, idp.Conflict, err2(w.admin.ClaimDomain(w.ctx, op, tenantID, same)))
	}
	if got := w.claim("\u0441ontoso.example"); got == w.keys.DomainRecord(tenantID, "contoso.example") { // begins with a Cyrillic letter
		t.Error("what looks like a domain is proved by its record")
	}
	var asked []string
	w.admin.WithResolver(func(_ context.Context, domain string) ([]string, error) {
		asked = append(asked, domain)
		return []string{record}, nil
	})
	w.must(err2(w.admin.VerifyDomain(w.ctx, op, tenantID, "Bücher.Example")))
	w.wantCode("the other", idp.Invalid, err2(w.admin.VerifyDomain(w.ctx, op, tenantID, "\u0441ontoso.example")))
	if want := []string{"xn--bcher-kva.example", "xn--ontoso-hrf.example"}; !slices.Equal(asked, want) {
		t.Errorf("DNS was asked for %q, want %q", asked, want)
	}
	w.must(err2(w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "lea@bücher.example", DisplayName: "Lea"})))
	for _, bad := range []string{"", "contoso", "127.0.0.1", "a@b.example", "https://a.example", "a.example/b", "*.example", "a_b.example", "common", strings.Repeat("ü", 100_000) + ".example"} {
		w.wantCode(bad[:min(len(bad), 20)], idp.Invalid, err2(w.admin.ClaimDomain(w.ctx, op, tenantID, bad)))
	}
}

// TestClaimOfAnothersDomain: to want what is another tenant's gives nothing, even to whoever can
// set records there.
func TestClaimOfAnothersDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	z := zone{"fabrikam.example": {w.claim("fabrikam.example")}}
	w.admin.WithResolver(z.ask)
	w.wantCode("verify", idp.Conflict, err2(w.admin.VerifyDomain(w.ctx, op, tenantID, "fabrikam.example")))
	w.wantCode("default", idp.NotFound, err2(w.admin.SetDefaultDomain(w.ctx, op, tenantID, "fabrikam.example")))
	w.wantCode("a user", idp.Invalid, err2(w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "eve@fabrikam.example", DisplayName: "Eve"})))
	w.wantCode("a federation", idp.Conflict, err2(w.admin.CreateFederation(w.ctx, op, tenantID, federated("fabrikam.example"), "secret")))
	if got, err := w.admin.Tenant(w.ctx, "fabrikam.example"); err != nil || got.TenantID != otherID || w.owns(tenantID, "fabrikam.example") {
		t.Errorf("%+v, %v", got, err)
	}
	w.must(err2(w.admin.RemoveDomain(w.ctx, op, tenantID, "fabrikam.example"))) // the claim
	if !w.owns(otherID, "fabrikam.example") {
		t.Error("the other has lost it")
	}
}

// TestVerifyCut: a verification that is cut off anywhere is made good by the next one.
func TestVerifyCut(t *testing.T) {
	t.Parallel()
	for op, name := range map[storetest.Op]string{storetest.OpCommit: "before", storetest.OpAnswer: "after"} {
		for nth := 1; nth <= 3; nth++ { // the count, the domain, the claim
			t.Run(fmt.Sprint(name, " commit ", nth), func(t *testing.T) { verifyCut(t, op, nth) })
		}
	}
}

func verifyCut(t *testing.T, kind storetest.Op, nth int) {
	failing := storetest.NewFailing(mem.New())
	w := worldOn(t, failing)
	w.admin.WithResolver(zone{"new.example": {w.claim("new.example")}}.ask)
	failing.Fail(kind, nth)
	if _, err := w.admin.VerifyDomain(w.ctx, op, tenantID, "new.example"); err == nil || failing.Fired() != 1 {
		t.Fatalf("%v, failed %d times", err, failing.Fired())
	}
	w.must(err2(w.admin.VerifyDomain(w.ctx, op, tenantID, "new.example")))
	all, err := w.admin.Domains(w.ctx, op, tenantID)
	w.must(err)
	if n := len(all); n != 3 || !all[2].Verified || all[2].Name != "new.example" || len(w.claims()) != 0 {
		t.Errorf("%+v, and still wanted: %q", all, w.claims())
	}
}

// TestClaimsSettle: what a tenant has it does not want any more, nor again when it is gone.
func TestClaimsSettle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.claim("new.example")
	w.must(err2(w.admin.AddDomain(w.ctx, op, tenantID, "new.example")))
	if got := w.claims(); len(got) != 0 {
		t.Errorf("after the operator has added it: %q", got)
	}
	w.put(&idp.DomainClaim{Domain: "new.example", CreatedAt: epoch}) // as if it had been cut off
	w.must(err2(w.admin.RemoveDomain(w.ctx, op, tenantID, "new.example")))
	if got := w.claims(); len(got) != 0 || w.owns(tenantID, "new.example") {
		t.Errorf("after it is gone: %q", got)
	}
}

// TestClaimsBounded: a tenant wants a hundred domains at most, and each once.
func TestClaimsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range idp.MaxDomainClaims {
		w.claim(fmt.Sprintf("d%d.example", i))
	}
	w.wantError("one more", idp.Conflict, "Contoso has 100 domains that are not verified: verify or remove some first.", func() error {
		return err2(w.admin.ClaimDomain(w.ctx, op, tenantID, "more.example"))
	})
	w.wantError("again", idp.Conflict, `Contoso has claimed the domain "d7.example" already: verify it.`, func() error {
		return err2(w.admin.ClaimDomain(w.ctx, op, tenantID, "d7.example"))
	})
	w.wantError("its own", idp.Conflict, `Contoso has the domain "contoso.test" already.`, func() error {
		return err2(w.admin.ClaimDomain(w.ctx, op, tenantID, "contoso.test"))
	})
	all, err := w.admin.Domains(w.ctx, op, tenantID)
	w.must(err)
	if len(all) != 2+idp.MaxDomainClaims {
		t.Errorf("%d are listed", len(all))
	}
	w.must(err2(w.admin.RemoveDomain(w.ctx, op, tenantID, "d7.example")))
	w.claim("more.example")
}

// TestDomainEvents: what is done to domains is told in the log, by the names that Entra has.
func TestDomainEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.admin.WithResolver(zone{"new.example": {w.claim("new.example")}}.ask)
	w.claim("unproved.example")
	for _, step := range []struct {
		activity string
		do       func() error
	}{
		{"Remove unverified domain", func() error { return err2(w.admin.RemoveDomain(w.ctx, op, tenantID, "unproved.example")) }},
		{"Verify domain", func() error { return err2(w.admin.VerifyDomain(w.ctx, op, tenantID, "new.example")) }},
		{"Set default domain", func() error { return err2(w.admin.SetDefaultDomain(w.ctx, op, tenantID, "new.example")) }},
		{"Set default domain", func() error { return err2(w.admin.SetDefaultDomain(w.ctx, op, tenantID, "contoso.example")) }},
		{"Remove verified domain", func() error { return err2(w.admin.RemoveDomain(w.ctx, op, tenantID, "new.example")) }},
	} {
		w.pass(time.Minute)
		w.must(step.do())
		if e := w.newest(); e.Activity != step.activity || e.Actor.Name != "otto" || e.Target.ID != tenantID {
			t.Errorf("%s: %+v", step.activity, e)
		}
	}
	if n := w.count("Add unverified domain"); n != 2 {
		t.Errorf("%d claims are told of", n)
	}
	w.wantWhole()
}
