package admin_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

const thirdID = "33333333-3333-4333-8333-333333333333"

// estate is a few tenants that want the same few domains, and what should be so.
type estate struct {
	*world
	mu       sync.Mutex // of the records
	records  zone
	tenants  []string
	domains  []string
	owner    map[string]string // tenant by domain
	wanted   map[[2]string]bool
	defaults map[string]string
}

func newEstate(t *testing.T) *estate {
	t.Helper()
	e := &estate{
		world: newWorld(t), tenants: []string{tenantID, otherID, thirdID}, domains: []string{"a.example", "b.example", "sub.a.example", "xn--bcher-kva.example"},
		records: zone{}, owner: map[string]string{}, wanted: map[[2]string]bool{}, defaults: map[string]string{},
	}
	e.fabrikam()
	third := &idp.Tenant{TenantID: thirdID, Name: "Third", Domains: []string{"third.example"}, CreatedAt: epoch}
	e.must(e.store.Update(e.ctx, storage.System, func(tx *storage.Tx) error { return tx.Put(third) }))
	e.admin.WithResolver(func(ctx context.Context, domain string) ([]string, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.records.ask(ctx, domain)
	})
	return e
}

// deed is what somebody does about a domain.
type deed struct {
	name           string
	do             func(e *estate, tenant, domain string) error
	want           func(e *estate, tenant, domain string) idp.Code // "": it is done
	done           func(e *estate, tenant, domain string)
	tenant, domain string
}

// deeds are all there are.
var deeds = []deed{
	{
		name: "claim",
		do:   func(e *estate, t, d string) error { return err2(e.admin.ClaimDomain(e.ctx, op, t, d)) },
		want: func(e *estate, t, d string) idp.Code {
			return when(e.owner[d] == t || e.wanted[[2]string{t, d}], idp.Conflict)
		},
		done: func(e *estate, t, d string) { e.wanted[[2]string{t, d}] = true },
	},
	{
		name: "verify",
		do:   func(e *estate, t, d string) error { return err2(e.admin.VerifyDomain(e.ctx, op, t, d)) },
		want: func(e *estate, t, d string) idp.Code {
			switch {
			case e.owner[d] == t:
				return ""
			case !e.wanted[[2]string{t, d}]:
				return idp.NotFound
			case !slices.Contains(e.records[d], e.keys.DomainRecord(t, d)):
				return idp.Invalid
			}
			return when(e.owner[d] != "", idp.Conflict)
		},
		done: (*estate).has,
	},
	{
		name: "add",
		do:   func(e *estate, t, d string) error { return err2(e.admin.AddDomain(e.ctx, op, t, d)) },
		want: func(e *estate, _, d string) idp.Code { return when(e.owner[d] != "", idp.Conflict) },
		done: (*estate).has,
	},
	{
		name: "remove",
		do:   func(e *estate, t, d string) error { return err2(e.admin.RemoveDomain(e.ctx, op, t, d)) },
		want: func(e *estate, t, d string) idp.Code {
			if e.owner[d] == t {
				return when(e.defaults[t] == d, idp.Invalid)
			}
			return when(!e.wanted[[2]string{t, d}], idp.NotFound)
		},
		done: func(e *estate, t, d string) {
			if delete(e.wanted, [2]string{t, d}); e.owner[d] == t {
				delete(e.owner, d)
			}
		},
	},
	{
		name: "default",
		do:   func(e *estate, t, d string) error { return err2(e.admin.SetDefaultDomain(e.ctx, op, t, d)) },
		want: func(e *estate, t, d string) idp.Code { return when(e.owner[d] != t, idp.NotFound) },
		done: func(e *estate, t, d string) { e.defaults[t] = d },
	},
	{
		name: "no longer default",
		do: func(e *estate, t, _ string) error {
			found, err := e.admin.Tenant(e.ctx, t)
			if err != nil {
				return err
			}
			return err2(e.admin.SetDefaultDomain(e.ctx, op, t, found.Domains[0]))
		},
		want: func(*estate, string, string) idp.Code { return "" },
		done: func(e *estate, t, _ string) { delete(e.defaults, t) },
	},
	{
		name: "set the record of",
		do:   (*estate).setRecord,
		want: func(*estate, string, string) idp.Code { return "" },
		done: func(*estate, string, string) {},
	},
}

func when(refused bool, code idp.Code) idp.Code {
	if refused {
		return code
	}
	return ""
}

func (e *estate) has(tenant, domain string) {
	e.owner[domain] = tenant
	delete(e.wanted, [2]string{tenant, domain})
}

// setRecord lets DNS have the record of one tenant, and sometimes of two.
func (e *estate) setRecord(tenant, domain string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.records[domain]
	e.records[domain] = append(slices.Clone(before[max(0, len(before)-1):]), e.keys.DomainRecord(tenant, domain))
	return nil
}

func (e *estate) anyDeed(r *rand.Rand) deed {
	d := deeds[r.IntN(len(deeds))]
	d.tenant, d.domain = e.tenants[r.IntN(len(e.tenants))], e.domains[r.IntN(len(e.domains))]
	return d
}

// TestDomainOfOneTenant: whatever is done in whatever order, a domain is the one's who proved it
// first or whom the operator gave it, and leads to that one alone.
func TestDomainOfOneTenant(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			e, r := newEstate(t), rand.New(rand.NewPCG(seed, 0))
			for n := range 150 {
				e.pass(time.Minute)
				d := e.anyDeed(r)
				what := fmt.Sprintf("%d: %s %s by %s", n, d.name, d.domain, d.tenant)
				want := d.want(e, d.tenant, d.domain)
				err := d.do(e, d.tenant, d.domain)
				if (err == nil) != (want == "") || err != nil && idp.ErrorCode(err) != want {
					t.Fatalf("%s: %v, want %q", what, err, want)
				}
				if err == nil {
					d.done(e, d.tenant, d.domain)
				}
				e.check(what)
			}
		})
	}
}

// check compares what is so with what should be.
func (e *estate) check(what string) {
	e.Helper()
	owner, wanted, defaults := map[string]string{}, map[[2]string]bool{}, map[string]string{}
	for _, tenant := range e.tenants {
		all, err := e.admin.Domains(e.ctx, op, tenant)
		e.must(err)
		for _, i := range all {
			switch {
			case !i.Verified:
				wanted[[2]string{tenant, i.Name}] = true
			case slices.Contains(e.domains, i.Name):
				owner[i.Name] = tenant
			}
			if i.Default && !i.Initial {
				defaults[tenant] = i.Name
			}
		}
	}
	if !maps.Equal(owner, e.owner) || !maps.Equal(wanted, e.wanted) || !maps.Equal(defaults, e.defaults) {
		e.Fatalf("%s: %v %v %v, want %v %v %v", what, owner, wanted, defaults, e.owner, e.wanted, e.defaults)
	}
	for _, d := range e.domains {
		if found, err := e.admin.Tenant(e.ctx, d); (err == nil) != (owner[d] != "") || err == nil && found.TenantID != owner[d] {
			e.Fatalf("%s: %s leads to %+v, %v", what, d, found, err)
		}
	}
}

// TestDomainOfOneTenantAtOnce: nor does it matter what is done at the same time.
func TestDomainOfOneTenantAtOnce(t *testing.T) {
	t.Parallel()
	e := newEstate(t)
	var all sync.WaitGroup
	for seed := range uint64(8) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			for range 60 {
				d := e.anyDeed(r)
				_ = d.do(e, d.tenant, d.domain) // refused or not
				e.pass(time.Minute)
			}
		})
	}
	all.Wait()
	owners := map[string][]string{}
	for _, tenant := range e.tenants {
		found, err := e.admin.Tenant(e.ctx, tenant)
		e.must(err)
		e.must(found.Validate())
		for _, d := range found.Domains {
			owners[d] = append(owners[d], tenant)
		}
	}
	for d, tenants := range owners {
		if found, err := e.admin.Tenant(e.ctx, d); len(tenants) != 1 || err != nil || found.TenantID != tenants[0] {
			t.Errorf("%s is of %q and leads to %+v, %v", d, tenants, found, err)
		}
	}
}
