package admin_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// zone is what DNS says, by domain; "fail" is that it does not answer.
type zone map[string][]string

func (z zone) ask(_ context.Context, domain string) ([]string, error) {
	if slices.Contains(z[domain], "fail") {
		return nil, errors.New("SERVFAIL")
	}
	return z[domain], nil
}

// TestVerifyDomain: a domain becomes the tenant's when DNS has its record, whole, and nobody
// else's; until then it is good for nothing.
func TestVerifyDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	z := zone{}
	w.admin.WithResolver(z.ask)
	claim := func(tenant, domain string) string {
		t.Helper()
		info, err := w.admin.ClaimDomain(w.ctx, op, tenant, domain)
		w.must(err)
		return info.Record
	}
	own, theirs := claim(tenantID, "new.example"), claim(otherID, "new.example")
	if own == theirs || !strings.HasPrefix(own, "latchkey-domain-verification=") {
		t.Fatalf("%q, %q", own, theirs)
	}
	if _, err := w.admin.Tenant(w.ctx, "new.example"); idp.ErrorCode(err) != idp.NotFound {
		t.Errorf("a claim leads to a tenant: %v", err)
	}
	if _, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "a@new.example", DisplayName: "A", Type: idp.Member}); idp.ErrorCode(err) != idp.Invalid {
		t.Errorf("a user of a domain that is only wanted: %v", err)
	}
	for name, c := range map[string]struct {
		records []string
		want    idp.Code
	}{
		"nothing":             {nil, idp.Invalid},
		"another tenant's":    {[]string{theirs}, idp.Invalid},
		"within other text":   {[]string{"x " + own, own + "x", strings.ToUpper(own)}, idp.Invalid},
		"300 others":          {slices.Repeat([]string{"v=spf1 -all"}, 300), idp.Invalid},
		"DNS does not answer": {[]string{"fail"}, idp.Conflict},
	} {
		z["new.example"] = c.records
		if _, err := w.admin.VerifyDomain(w.ctx, op, tenantID, "new.example"); idp.ErrorCode(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	z["new.example"] = append(slices.Repeat([]string{"v=spf1 -all"}, 300), own, theirs)
	for range 2 { // a second time changes nothing
		if got, err := w.admin.VerifyDomain(w.ctx, op, tenantID, "NEW.example."); err != nil || !got.Owns("new.example") {
			t.Fatal(err)
		}
	}
	if _, err := w.admin.VerifyDomain(w.ctx, op, otherID, "new.example"); idp.ErrorCode(err) != idp.Conflict {
		t.Errorf("two have it: %v", err)
	}
	if _, err := w.admin.VerifyDomain(w.ctx, op, tenantID, "unwanted.example"); idp.ErrorCode(err) != idp.NotFound {
		t.Errorf("never wanted: %v", err)
	}
}

// TestVerifyAtOnce: of tenants that prove a domain at the same time one gets it.
func TestVerifyAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("mem", func(t *testing.T) { verifyAtOnce(worldOn(t, mem.New())) })
	t.Run("bolt", func(t *testing.T) { verifyAtOnce(worldOn(t, onBolt(t))) })
}

func verifyAtOnce(w *world) {
	w.fabrikam()
	tenants := []string{tenantID, otherID}
	var records []string
	for _, id := range tenants {
		info, err := w.admin.ClaimDomain(w.ctx, op, id, "new.example")
		w.must(err)
		records = append(records, info.Record)
	}
	var answered, all sync.WaitGroup
	answered.Add(20)
	w.admin.WithResolver(func(context.Context, string) ([]string, error) {
		answered.Done()
		answered.Wait() // nobody goes on before all have their answer
		return records, nil
	})
	errs := make([]error, 20)
	for i := range errs {
		all.Go(func() { _, errs[i] = w.admin.VerifyDomain(w.ctx, op, tenants[i%2], "new.example") })
	}
	all.Wait()
	if w.owns(tenantID, "new.example") == w.owns(otherID, "new.example") {
		w.Error("none of two has it, or both have")
	}
	for i, err := range errs {
		if w.owns(tenants[i%2], "new.example") != (err == nil) || err != nil && idp.ErrorCode(err) != idp.Conflict {
			w.Errorf("%d: %v", i, err)
		}
	}
}

// TestLookups: nobody has DNS asked without end.
func TestLookups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := 0
	w.admin.WithResolver(func(context.Context, string) ([]string, error) { asked++; return nil, nil })
	_, err := w.admin.ClaimDomain(w.ctx, op, tenantID, "new.example")
	w.must(err)
	for range 40 {
		_, err = w.admin.VerifyDomain(w.ctx, op, tenantID, "new.example")
	}
	if asked != 30 || idp.ErrorCode(err) != idp.TooMany {
		t.Errorf("asked %d times, then %v", asked, err)
	}
}

// TestDomainsStay: what is in use stays.
func TestDomainsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, d := range []string{"branch.example", "default.example", "free.example"} {
		w.must(err2(w.admin.AddDomain(w.ctx, op, tenantID, d)))
	}
	w.must(err2(w.admin.CreateFederation(w.ctx, op, tenantID, federated("branch.example"), "secret")))
	w.must(err2(w.admin.SetDefaultDomain(w.ctx, op, tenantID, "default.example")))
	w.must(err2(w.admin.ClaimDomain(w.ctx, op, tenantID, "wanted.example")))
	for domain, want := range map[string]idp.Code{
		"contoso.example": idp.Conflict, "branch.example": idp.Conflict, "default.example": idp.Invalid, "nowhere.example": idp.NotFound,
	} {
		if _, err := w.admin.RemoveDomain(w.ctx, op, tenantID, domain); idp.ErrorCode(err) != want {
			t.Errorf("%s: %v", domain, err)
		}
	}
	for _, domain := range []string{"free.example", "wanted.example"} {
		w.must(err2(w.admin.RemoveDomain(w.ctx, op, tenantID, domain)))
	}
	all, err := w.admin.Domains(w.ctx, op, tenantID)
	w.must(err)
	for _, d := range all {
		if d.Default != (d.Name == "default.example") || (d.Federation != nil) != (d.Name == "branch.example") || !d.Verified {
			t.Errorf("%+v", d)
		}
	}
}

// TestFederationsOfDomains: a domain has one provider, at most, and none that is another
// tenant's; its secret is told nowhere.
func TestFederationsOfDomains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	w.must(err2(w.admin.AddDomain(w.ctx, op, tenantID, "branch.example")))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			_, _ = w.admin.CreateFederation(w.ctx, op, tenantID, federated("branch.example"), "a secret of ours")
		})
	}
	all.Wait()
	fs, err := w.admin.Federations(w.ctx, op, tenantID)
	w.must(err)
	if len(fs) != 1 {
		t.Fatalf("%d providers", len(fs))
	}
	if _, err := w.admin.CreateFederation(w.ctx, op, tenantID, federated("fabrikam.example"), "s"); idp.ErrorCode(err) != idp.Conflict {
		t.Errorf("another tenant's domain: %v", err)
	}
	if _, err := w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", nil, func(f *idp.Federation) error { f.Domains = []string{"fabrikam.example"}; return nil }); idp.ErrorCode(err) != idp.Conflict {
		t.Errorf("another tenant's domain, later: %v", err)
	}
	if _, err := w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", nil, func(f *idp.Federation) error { f.Issuer = "https://other.example"; return nil }); idp.ErrorCode(err) != idp.Invalid {
		t.Errorf("another issuer: %v", err)
	}
	w.must(err2(w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", new("another secret of ours"), func(f *idp.Federation) error { return nil })))
	w.must(w.store.View(w.ctx, tenantID, func(tx *storage.Tx) error {
		return storage.Each(tx, func(_ string, e *idp.AuditEvent, err error) bool {
			for _, m := range e.Modified {
				if strings.Contains(m.Old+m.New, "secret of ours") || m.Name == "Secret" && m.New != "(changed)" {
					t.Errorf("the log tells %+v", m)
				}
			}
			return true
		})
	}))
}
