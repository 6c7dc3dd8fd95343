package idp

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"time"

	"latchkey/storage"
)

// Quota counts what was sent for one reason, to one mailbox say. Those of codes are kept for
// the whole deployment, in the partition System: a mailbox is flooded no less by two tenants.
type Quota struct {
	Key  string
	Sent []int64 // when, in Unix seconds, oldest first
}

// quotaKept is how far back a quota reaches.
const quotaKept = 24 * time.Hour

// Limit is how much there may be in any span of a length.
type Limit struct {
	Most int
	In   time.Duration
}

// Kind names the record.
func (*Quota) Kind() string { return "quota" }

// ID is the key.
func (q *Quota) ID() string { return q.Key }

// Indexes has none.
func (*Quota) Indexes() []storage.Index { return nil }

// ExpiresAt lets the sweeper remove it.
func (q *Quota) ExpiresAt() time.Time {
	if len(q.Sent) == 0 {
		return time.Unix(0, 1)
	}
	return time.Unix(q.Sent[len(q.Sent)-1], 0).Add(quotaKept)
}

// LoadQuota reads a quota, or begins it.
func LoadQuota(tx *storage.Tx, key string) (*Quota, error) {
	q, err := Optional(storage.Get[Quota](tx, key))
	if q == nil {
		q = &Quota{Key: key}
	}
	return q, err
}

// Wait is how long it takes until one more is within all limits; 0: it is now.
func (q *Quota) Wait(now time.Time, limits []Limit) (wait time.Duration) {
	for _, l := range limits {
		if len(q.Sent) < l.Most {
			continue
		}
		oldest := time.Unix(q.Sent[len(q.Sent)-l.Most], 0)
		wait = max(wait, oldest.Add(l.In).Sub(now))
	}
	return wait
}

// Count adds one, and forgets what no limit asks for any more.
func (q *Quota) Count(now time.Time) {
	since := now.Add(-quotaKept).Unix()
	for len(q.Sent) > 0 && q.Sent[0] < since {
		q.Sent = q.Sent[1:]
	}
	q.Sent = append(q.Sent, now.Unix()+1) // whole seconds: later rather than sooner
}

// Forget takes back one that was counted at a time; false if there is none.
func (q *Quota) Forget(counted time.Time) bool {
	i := slices.Index(q.Sent, counted.Unix()+1)
	if i >= 0 {
		q.Sent = slices.Delete(q.Sent, i, i+1)
	}
	return i >= 0
}

// The limits of codes by mail. Somebody unknown cannot use up what a mailbox may get, so
// that its owner still gets a code in a browser that they have signed in with before. Nor can
// whoever has the link of an invitation: inviters have it, too, and so has whoever gets a
// copy, and any tenant can invite anybody.
//
// Each code takes MaxTries answers, so that twenty a day leave whoever guesses at one
// mailbox 100 answers among 10^8: a chance of 1e-6 a day. All tenants' strangers together
// get 300 an hour of each tenant: 36,000 answers, and 3.6e-4 hits a day.
var (
	MailboxLimits  = []Limit{{5, time.Hour}, {20, 24 * time.Hour}}
	InvitedLimits  = []Limit{{5, time.Hour}, {17, 24 * time.Hour}}
	StrangerLimits = []Limit{{4, time.Hour}, {15, 24 * time.Hour}}
	NetworkLimits  = []Limit{{30, time.Hour}}
	TenantLimits   = []Limit{{300, time.Hour}}
)

// Sending is a code that is asked for.
type Sending struct {
	Tenant  string
	Mailbox string // the address it is to reach, whether it is anybody's or not
	Address string // of the browser
	Known   bool   // the browser is known to be that person's
	Invited bool   // it has opened the link of an invitation that is good
}

// SpendSending counts a code that is to be sent, in a transaction of the partition System,
// or tells how long it takes until it may be. full: the tenant's own quota is at its end.
func SpendSending(tx *storage.Tx, keys *Keyring, s Sending, now time.Time) (wait time.Duration, full bool, err error) {
	mailbox, stranger := StrangerLimits, false
	switch {
	case s.Known:
		mailbox = MailboxLimits
	case s.Invited:
		mailbox = InvitedLimits
	default:
		stranger = true
	}
	type counted struct {
		key      string
		limits   []Limit
		ofTenant bool
	}
	all := []counted{{"mailbox " + hex.EncodeToString(keys.MAC("mailbox", s.Mailbox)), mailbox, false}}
	if stranger {
		all = append(all, counted{"network " + Network(s.Address), NetworkLimits, false}, counted{"tenant " + s.Tenant, TenantLimits, true})
	}
	quotas := make([]*Quota, len(all))
	for i, c := range all {
		if quotas[i], err = LoadQuota(tx, c.key); err != nil {
			return 0, false, err
		}
		if left := quotas[i].Wait(now, c.limits); left > wait {
			wait, full = left, c.ofTenant
		}
	}
	if wait > 0 {
		return wait, full, nil
	}
	for _, q := range quotas {
		q.Count(now)
		if err := tx.Put(q); err != nil {
			return 0, false, err
		}
	}
	return 0, false, nil
}

// Network is what an address counts as: an IPv6 one by its /64, of which anybody has all.
func Network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
