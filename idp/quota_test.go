package idp_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// TestQuotaWait: at the edges of one limit, and of the stricter of two.
func TestQuotaWait(t *testing.T) {
	t.Parallel()
	two := []idp.Limit{{Most: 2, In: time.Hour}}
	q := &idp.Quota{Key: "q"}
	for i := range 2 {
		if w := q.Wait(t0, two); w != 0 {
			t.Fatalf("the %d. waits %s", i, w)
		}
		q.Count(t0)
	}
	for after, want := range map[time.Duration]time.Duration{
		0: time.Hour + time.Second, time.Minute: 59*time.Minute + time.Second, time.Hour: time.Second,
		time.Hour + time.Second - 1: 1, time.Hour + time.Second: 0, 48 * time.Hour: 0,
	} {
		if got := q.Wait(t0.Add(after), two); got != want {
			t.Errorf("after %s: %s, want %s", after, got, want)
		}
	}
	both := []idp.Limit{{Most: 2, In: time.Hour}, {Most: 1, In: 3 * time.Hour}}
	if got := q.Wait(t0, both); got != 3*time.Hour+time.Second {
		t.Errorf("of both: %s", got)
	}
	if slices.Reverse(both); q.Wait(t0, both) != 3*time.Hour+time.Second {
		t.Errorf("of both, in another order: %s", q.Wait(t0, both))
	}
	if got := q.Wait(t0, nil); got != 0 {
		t.Errorf("of no limit: %s", got)
	}
}

// TestQuotaWindow: whenever somebody asks, no span of a limit's length ever holds more than
// it lets through, ends included; and who waits as long as they are told gets one.
func TestQuotaWindow(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string][]idp.Limit{
		"mailbox": idp.MailboxLimits, "invited": idp.InvitedLimits, "stranger": idp.StrangerLimits, "network": idp.NetworkLimits, "tenant": idp.TenantLimits,
		"tight": {{Most: 1, In: time.Second}, {Most: 3, In: time.Minute}},
	} {
		for seed := range uint64(40) {
			r, now, q := random(seed), t0.Add(time.Duration(seed)), &idp.Quota{Key: name}
			pace := []time.Duration{time.Second, time.Minute, 10 * time.Minute, 90 * time.Minute}[seed%4]
			var sent []time.Time
			for range 600 {
				now = now.Add(time.Duration(r.Int64N(int64(pace))))
				wait := q.Wait(now, limits)
				if wait > 0 && r.IntN(8) == 0 { // patience
					now = now.Add(wait)
					if again := q.Wait(now, limits); again != 0 {
						t.Fatalf("%s, seed %d: waited %s, and is to wait %s more", name, seed, wait, again)
					}
					wait = 0
				}
				if wait == 0 {
					q.Count(now)
					sent = append(sent, now)
				}
			}
			for _, l := range limits {
				if most := busiest(sent, l.In); most > l.Most {
					t.Fatalf("%s, seed %d: %d in %s, at most %d", name, seed, most, l.In, l.Most)
				}
			}
			if kept := q.Sent[len(q.Sent)-1] - q.Sent[0]; kept > 24*60*60+1 || !slices.IsSorted(q.Sent) {
				t.Fatalf("%s, seed %d: times of %d seconds are kept: %v", name, seed, kept, q.Sent)
			}
		}
	}
}

// TestQuotaForgets: what no limit asks for is not kept, and a quota that is swept counted
// for nothing.
func TestQuotaForgets(t *testing.T) {
	t.Parallel()
	q := &idp.Quota{Key: "q"}
	if !q.ExpiresAt().Before(t0) {
		t.Error("an empty one is kept")
	}
	for i := range 5 {
		q.Count(t0.Add(time.Duration(i) * time.Hour))
	}
	ends := q.ExpiresAt()
	if !ends.Equal(t0.Add(28*time.Hour + time.Second)) {
		t.Errorf("kept until %s", ends)
	}
	for _, limits := range [][]idp.Limit{idp.MailboxLimits, idp.InvitedLimits, idp.StrangerLimits, idp.NetworkLimits, idp.TenantLimits} {
		for _, l := range limits {
			if l.In > 24*time.Hour {
				t.Errorf("a limit of %s asks for more than is kept", l.In)
			}
		}
	}
	if w := q.Wait(ends, []idp.Limit{{Most: 1, In: 24 * time.Hour}}); w != 0 {
		t.Errorf("when it is swept it still holds back for %s", w)
	}
	q.Count(t0.Add(26 * time.Hour))
	if want := []int64{t0.Unix() + 7201, t0.Unix() + 3*3600 + 1, t0.Unix() + 4*3600 + 1, t0.Unix() + 26*3600 + 1}; !slices.Equal(q.Sent, want) {
		t.Errorf("%v, want %v", q.Sent, want)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1":                 "192.0.2.1",
		"192.0.2.2":                 "192.0.2.2",
		"::ffff:192.0.2.1":          "192.0.2.1",
		"2001:db8:1:2:3:4:5:6":      "2001:db8:1:2::/64",
		"2001:db8:1:2::":            "2001:db8:1:2::/64",
		"2001:DB8:0001:2:ffff:f::1": "2001:db8:1:2::/64",
		"2001:db8:1:3::1":           "2001:db8:1:3::/64",
		"fe80::1%eth0":              "fe80::/64",
		"":                          "",
		"unix":                      "unix",
	} {
		if got := idp.Network(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

// post sends codes, and counts what may be sent.
type post struct {
	*testing.T
	store *storage.Store
	keys  *idp.Keyring
	now   time.Time
}

func newPost(t *testing.T) *post {
	t.Helper()
	return &post{T: t, store: storage.New(mem.New()), keys: keyring(t, 1), now: t0}
}

func (p *post) send(s idp.Sending) (wait time.Duration, full bool) {
	p.Helper()
	before := p.store.Commits()
	err := p.store.Update(context.Background(), storage.System, func(tx *storage.Tx) (err error) {
		wait, full, err = idp.SpendSending(tx, p.keys, s, p.now)
		return err
	})
	if err != nil {
		p.Fatal(err)
	}
	if written := p.store.Commits() != before; (wait > 0) == written {
		p.Errorf("%+v waits %s, and is written %t", s, wait, written)
	}
	return wait, full
}

// flood sends until one has to wait, and tells how many went out.
func (p *post) flood(s func(n int) idp.Sending) (n int, wait time.Duration, full bool) {
	p.Helper()
	for ; n < 400; n++ {
		if wait, full = p.send(s(n)); wait > 0 {
			return n, wait, full
		}
	}
	p.Fatal("no end")
	return n, 0, false
}

func same(s idp.Sending) func(int) idp.Sending { return func(int) idp.Sending { return s } }

// TestSpendSendingMailbox: strangers cannot use up what a mailbox may get, whoever they are
// and through whichever tenant, and who is known is not held back by networks and tenants.
func TestSpendSendingMailbox(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	elsewhere := func(n int) idp.Sending { // of another network and another tenant each time
		return idp.Sending{Tenant: []string{tenantID, bobID}[n%2], Mailbox: "gast@fabrikam.example", Address: fmt.Sprintf("192.0.2.%d", n)}
	}
	if n, wait, full := p.flood(elsewhere); n != 4 || wait != time.Hour+time.Second || full {
		t.Errorf("%d by strangers, then wait %s, full %t", n, wait, full)
	}
	known := idp.Sending{Tenant: tenantID, Mailbox: "gast@fabrikam.example", Address: "192.0.2.1", Known: true}
	if n, wait, full := p.flood(same(known)); n != 1 || wait == 0 || full {
		t.Errorf("%d by its owner, then wait %s, full %t", n, wait, full)
	}
	for name, other := range map[string]idp.Sending{
		"another mailbox":       {Tenant: tenantID, Mailbox: "lea@fabrikam.example", Address: "192.0.2.1"},
		"one of a similar name": {Tenant: tenantID, Mailbox: "gast+1@fabrikam.example", Address: "192.0.2.1"},
		"what is no address":    {Tenant: tenantID, Mailbox: "gast", Address: "192.0.2.1"},
	} {
		if wait, _ := p.send(other); wait != 0 {
			t.Errorf("%s waits %s", name, wait)
		}
	}
	day, strangers, owners := newPost(t), 0, 0
	for i := range 24 * 12 { // strangers ask each time before the owner does
		if wait, _ := day.send(elsewhere(i)); wait == 0 {
			strangers++
		}
		if wait, _ := day.send(known); wait == 0 {
			owners++
		}
		day.now = day.now.Add(5 * time.Minute)
	}
	invited := newPost(t) // and whoever has the link of an invitation, of any tenant
	byLink, left := 0, 0
	for i := range 24 * 12 {
		s := elsewhere(i)
		s.Invited = true
		if wait, _ := invited.send(s); wait == 0 {
			byLink++
		}
		if i > 23*12 {
			if wait, _ := invited.send(known); wait == 0 {
				left++
			}
		}
		invited.now = invited.now.Add(5 * time.Minute)
	}
	if byLink != 17 || left != 3 {
		t.Errorf("in a day %d by the link and %d to the owner", byLink, left)
	}
	if strangers+owners != 20 || strangers > 15 || owners < 5 {
		t.Errorf("in a day %d to strangers and %d to the owner", strangers, owners)
	}
}

// TestSpendSendingNetwork: one network, which of IPv6 is a /64, gets so many for whomever
// and wherever; who is known does not count.
func TestSpendSendingNetwork(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	from := func(prefix string) func(int) idp.Sending {
		return func(n int) idp.Sending {
			return idp.Sending{Tenant: []string{tenantID, bobID}[n%2], Mailbox: fmt.Sprintf("%d@fabrikam.example", n), Address: fmt.Sprintf("%s%x", prefix, n+1)}
		}
	}
	if n, wait, full := p.flood(from("2001:db8:1:2::")); n != 30 || wait != time.Hour+time.Second || full {
		t.Errorf("%d from a /64, then wait %s, full %t", n, wait, full)
	}
	next := idp.Sending{Tenant: tenantID, Mailbox: "new@fabrikam.example", Address: "2001:db8:1:3::1"}
	if wait, _ := p.send(next); wait != 0 {
		t.Errorf("the network beside waits %s", wait)
	}
	next.Address, next.Known = "2001:db8:1:2::1", true
	if wait, _ := p.send(next); wait != 0 {
		t.Errorf("who is known waits %s", wait)
	}
	p.now = p.now.Add(time.Hour + time.Second)
	if n, _, _ := p.flood(from("2001:db8:1:2:ffff::")); n != 30 {
		t.Errorf("%d an hour later", n)
	}
}

// TestSpendSendingTenant: strangers together get so many of one tenant, which is told as
// full; another tenant and who is known get theirs.
func TestSpendSendingTenant(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	spray := func(n int) idp.Sending {
		return idp.Sending{Tenant: tenantID, Mailbox: fmt.Sprintf("%d@fabrikam.example", n), Address: fmt.Sprintf("192.0.%d.%d", n/250, n%250)}
	}
	if n, wait, full := p.flood(spray); n != 300 || wait != time.Hour+time.Second || !full {
		t.Errorf("%d, then wait %s, full %t", n, wait, full)
	}
	known, invited, other := spray(1000), spray(1001), spray(1000)
	known.Known, invited.Invited, other.Tenant = true, true, bobID
	for name, s := range map[string]idp.Sending{"who is known": known, "who is invited": invited, "another tenant": other} {
		if wait, full := p.send(s); wait != 0 || full {
			t.Errorf("%s waits %s, full %t", name, wait, full)
		}
	}
	flooded := newPost(t) // by one mailbox: that is not the tenant's end
	if _, _, full := flooded.flood(same(spray(1))); full {
		t.Error("one mailbox is told as the tenant")
	}
}

// TestGuessing is attack E1: what guessing at codes comes to, by the numbers that hold.
//
// What counts is how many answers can be looked at. Each sent code takes MaxTries, whichever
// browser asked for it: a second one does not stand beside it for the same answers, but each
// has its own code. A browser that somebody has signed in with before (a known one) shares
// the mailbox's own limit with everybody, so that the limit of a mailbox bounds both. It is
// free of the limits of network and tenant, but whoever sprays has no such browsers: one is
// known for those alone who have signed in with it, and the link of an invitation for one.
func TestGuessing(t *testing.T) {
	t.Parallel()
	const codes = 1e8 // what NewEmailCode draws from, as TestNewEmailCode sees
	day := func(limits []idp.Limit) float64 {
		least := math.Inf(1)
		for _, l := range limits {
			least = min(least, float64(l.Most)*float64(24*time.Hour)/float64(l.In))
		}
		return least
	}
	if idp.GreatestCodeLifetime > 30 || idp.MaxTries > 5 {
		t.Errorf("a code of %d minutes takes %d answers", idp.GreatestCodeLifetime, idp.MaxTries)
	}
	for name, c := range map[string]struct {
		sent  float64
		bound float64
	}{
		"one account, by anybody at all":        {day(idp.MailboxLimits), 1e-6},
		"one account, by strangers":             {day(idp.StrangerLimits), 0.75e-6},
		"spraying a tenant, expected hits":      {day(idp.TenantLimits), 0.01},
		"spraying from one network, everywhere": {day(idp.NetworkLimits), 0.01},
	} {
		hits := c.sent * idp.MaxTries / codes
		t.Logf("%-38s %5.0f codes a day, %6.0f answers: %.3g", name, c.sent, c.sent*idp.MaxTries, hits)
		if !(hits > 0 && hits <= c.bound) {
			t.Errorf("%s: %.3g, at most %.3g", name, hits, c.bound)
		}
	}
	if day(idp.InvitedLimits) >= day(idp.MailboxLimits) || day(idp.StrangerLimits) >= day(idp.InvitedLimits) || idp.StrangerLimits[0].Most >= idp.MailboxLimits[0].Most {
		t.Error("strangers can use up what a mailbox may get")
	}
	// The limits are those that the sending goes by: with every chance taken, as soon as it
	// comes, a day of codes for one mailbox is no more.
	p, sent := newPost(t), 0.0
	for p.now.Before(t0.Add(24 * time.Hour)) {
		wait, _ := p.send(idp.Sending{Tenant: tenantID, Mailbox: "gast@fabrikam.example", Known: true})
		if wait == 0 {
			sent++
		}
		p.now = p.now.Add(max(wait, time.Second))
	}
	if sent*idp.MaxTries/codes > 1e-6 || sent < 20 {
		t.Errorf("%.0f codes are sent in a day", sent)
	}
}
