package idp

import (
	"cmp"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"latchkey/storage"
)

// Link ties an event to the one before it in its tenant's chain: whoever alters,
// removes or adds an event without the pepper breaks the chain there. A tenant has two
// chains, one of what is kept and one of what passes, so that what goes by its age goes
// from one end of a chain.
type Link struct {
	Seq   uint64    // from 1, in the order of the commits
	At    time.Time // strictly after that of the link before
	After time.Time `json:",omitzero"` // At of the link before
	Prev  string    `json:",omitzero"` // MAC of the link before
	MAC   string    // over tenant, chain and the whole event, but for this field
}

// AuditHead is the end of one chain of a tenant.
type AuditHead struct {
	Chain string // ChainKept or ChainPassing
	Seq   uint64
	At    time.Time
	MAC   string
	Seal  string // a MAC over tenant and head, so that no end is made up
}

// The chains of a tenant.
const (
	ChainKept    = "kept"
	ChainPassing = "passing"
)

// Kind names the record.
func (*AuditHead) Kind() string { return "audithead" }

// ID is the chain's name.
func (h *AuditHead) ID() string { return h.Chain }

// Indexes has none.
func (*AuditHead) Indexes() []storage.Index { return nil }

// String is the end of the chain as it can be written down, to be shown to Verify
// later.
func (h *AuditHead) String() string { return fmt.Sprintf("%s:%d:%s", h.Chain, h.Seq, h.MAC) }

// Chain is the chain the event belongs to.
func (e *AuditEvent) Chain() string {
	if e.Passing {
		return ChainPassing
	}
	return ChainKept
}

// AuditLog appends to the chains of one tenant's partition.
type AuditLog struct {
	Keys   *Keyring
	Tenant string // or storage.System
}

// Append stores an event at the end of its chain, in the transaction of what it tells.
func (l AuditLog) Append(tx *storage.Tx, e *AuditEvent) error {
	head, err := l.head(tx, e.Chain())
	if err != nil {
		return err
	}
	e.Link = Link{Seq: head.Seq + 1, At: e.At.UTC(), After: head.At, Prev: head.MAC}
	if !e.Link.At.After(head.At) { // requests read the clock before they wait for each other
		e.Link.At = head.At.Add(time.Nanosecond)
	}
	if e.Link.MAC, err = l.mac(e); err != nil {
		return err
	}
	*head = AuditHead{Chain: head.Chain, Seq: e.Link.Seq, At: e.Link.At, MAC: e.Link.MAC}
	head.Seal = l.seal(head)
	if err := tx.Insert(e); err != nil {
		return err
	}
	return tx.Put(head)
}

// head is the end of a chain. One that was made up loses its MAC: then nothing follows
// from it, and what is appended does not hide that.
func (l AuditLog) head(tx *storage.Tx, chain string) (*AuditHead, error) {
	h, err := Optional(storage.Get[AuditHead](tx, chain))
	if h == nil || err != nil {
		return &AuditHead{Chain: chain}, err
	}
	if !hmac.Equal([]byte(h.Seal), []byte(l.seal(h))) {
		h.MAC = ""
	}
	return h, nil
}

func (l AuditLog) seal(h *AuditHead) string {
	return hex.EncodeToString(l.Keys.MAC("audithead", l.Tenant, h.String(), h.At.UTC().Format(time.RFC3339Nano)))
}

func (l AuditLog) mac(e *AuditEvent) (string, error) {
	bare := *e
	bare.Link.MAC = ""
	raw, err := json.Marshal(bare)
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(l.Keys.MAC("audit", l.Tenant, e.Chain(), string(raw))), nil
}

// ChainReport is what Verify found.
type ChainReport struct {
	Events    int
	Unchained int         // from before there were chains
	Heads     []AuditHead // as they are now, for the record
	Faults    []ChainFault
}

// ChainFault is one place where a log is not as it was written.
type ChainFault struct {
	Chain   string
	Seq     uint64 // 0: not known
	EventID string // "" for one that is missing
	Reason  string
}

// link is what is remembered of one event while a chain is walked.
type link struct {
	Link
	event   string
	altered bool
	of      *AuditEvent // until it has been looked at
}

// Verify walks all events of the partition and proves that none was altered or
// removed. known are ends of chains that were written down earlier: that what they
// stood for is still there shows that the store was not put back to an older state.
func (l AuditLog) Verify(tx *storage.Tx, now time.Time, known ...AuditHead) (*ChainReport, error) {
	r := &ChainReport{}
	links, lists, err := l.read(tx, r)
	if err != nil {
		return nil, err
	}
	if err := r.checkListed(tx, links, lists); err != nil {
		return nil, err
	}
	for _, chain := range []string{ChainKept, ChainPassing} {
		head, err := l.head(tx, chain)
		if errors.Is(err, storage.ErrDamaged) {
			r.fault(chain, 0, "", "the end of the chain cannot be read: "+err.Error())
			head, err = &AuditHead{Chain: chain}, nil
		}
		if err != nil {
			return nil, err
		}
		r.walk(*head, links[chain], now)
		r.checkKnown(*head, links[chain], known, now)
	}
	r.checkUnchained(links)
	return r, nil
}

// read gives the links by chain, those of events without one under "", and which events
// each list has to show. MACs are checked beside the reading, which takes as long.
func (l AuditLog) read(tx *storage.Tx, r *ChainReport) (map[string][]*link, map[storage.Index][]string, error) {
	links, lists := map[string][]*link{}, map[storage.Index][]string{}
	unchecked := make(chan *link, 256)
	var checks sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		checks.Go(func() {
			for x := range unchecked {
				mac, err := l.mac(x.of)
				x.altered, x.of = err != nil || !hmac.Equal([]byte(mac), []byte(x.MAC)), nil
			}
		})
	}
	err := storage.Each(tx, func(id string, e *AuditEvent, err error) bool {
		r.Events++
		if err == nil {
			for _, x := range e.Indexes() {
				lists[x] = append(lists[x], id)
			}
		}
		switch {
		case err != nil:
			r.fault("", 0, id, "cannot be read: "+err.Error())
		case e.Link.Seq == 0:
			r.Unchained++
			links[""] = append(links[""], &link{Link: Link{At: e.At}, event: id})
		default:
			x := &link{Link: e.Link, event: id, of: e}
			links[e.Chain()] = append(links[e.Chain()], x)
			unchecked <- x
		}
		return true
	})
	close(unchecked)
	checks.Wait()
	return links, lists, err
}

// checkListed looks for events that are there and that a log does not show: to everybody,
// to the tenant it is told of, or to who asks for a user.
func (r *ChainReport) checkListed(tx *storage.Tx, links map[string][]*link, lists map[storage.Index][]string) error {
	hidden := map[string]bool{}
	for x, ids := range lists {
		if x.Value == "" {
			continue
		}
		listed, err := storage.IDs[AuditEvent](tx, x.Name, x.Value)
		if err != nil {
			return err
		}
		shown := make(map[string]bool, len(listed))
		for _, id := range listed {
			shown[id] = true
		}
		for _, id := range ids {
			hidden[id] = hidden[id] || !shown[id]
		}
	}
	for chain, all := range links {
		for _, x := range all {
			if hidden[x.event] {
				r.fault(chain, x.Seq, x.event, "is not shown by each log it belongs to")
			}
		}
	}
	return nil
}

func (r *ChainReport) fault(chain string, seq uint64, event, reason string) {
	r.Faults = append(r.Faults, ChainFault{chain, seq, event, reason})
}

// walk follows a chain to its end.
func (r *ChainReport) walk(head AuditHead, links []*link, now time.Time) {
	if head.MAC != "" {
		r.Heads = append(r.Heads, head)
	}
	slices.SortFunc(links, func(a, b *link) int { return cmp.Compare(a.Seq, b.Seq) })
	before := Link{}
	for _, x := range links {
		if x.Seq > before.Seq+1 && x.swept(head.Chain, now) {
			before = x.before()
		}
		switch {
		case x.altered:
			r.fault(head.Chain, x.Seq, x.event, "was altered")
		case x.Seq == before.Seq:
			r.fault(head.Chain, x.Seq, x.event, "is there twice")
		case x.Seq > before.Seq+1:
			r.missing(head.Chain, before.Seq+1, x.Seq-1)
		case x.Prev != before.MAC || !x.After.Equal(before.At):
			r.fault(head.Chain, x.Seq, x.event, "does not follow from the event before it")
		}
		before = x.Link
	}
	if next := head.next(); before.Seq < head.Seq && next.swept(head.Chain, now) {
		before = next.before()
	}
	switch {
	case before.Seq < head.Seq:
		r.missing(head.Chain, before.Seq+1, head.Seq)
	case before.Seq > head.Seq || before.MAC != head.MAC:
		r.fault(head.Chain, before.Seq, "", "the end of the chain was altered")
	}
}

// next is what the next link will say of those before it.
func (h *AuditHead) next() Link { return Link{Seq: h.Seq + 1, After: h.At, Prev: h.MAC} }

// before is the link before, as far as this one tells.
func (x Link) before() Link { return Link{Seq: x.Seq - 1, At: x.After, MAC: x.Prev} }

// swept tells whether all links before this one may have gone by their age, in
// whatever order the sweeper took them.
func (x Link) swept(chain string, now time.Time) bool {
	return chain == ChainPassing && x.Prev != "" && !now.Before(x.After.Add(PassingKept))
}

func (r *ChainReport) missing(chain string, from, to uint64) {
	reason := "is missing"
	if to > from {
		reason = fmt.Sprintf("is missing, as are all up to %d", to)
	}
	r.fault(chain, from, "", reason)
}

// checkKnown looks for the ends that were written down.
func (r *ChainReport) checkKnown(head AuditHead, links []*link, known []AuditHead, now time.Time) {
	for _, k := range known {
		if k.Chain != head.Chain {
			continue
		}
		i, found := slices.BinarySearchFunc(links, k.Seq, func(x *link, seq uint64) int { return cmp.Compare(x.Seq, seq) })
		next := head.next()
		if i < len(links) {
			next = links[i].Link
		}
		swept := next.swept(head.Chain, now) && (k.Seq < next.Seq-1 || k.Seq == next.Seq-1 && k.MAC == next.Prev)
		if !swept && (!found || next.MAC != k.MAC) {
			r.fault(k.Chain, k.Seq, "", "is not the one that was written down")
		}
	}
}

// checkUnchained: what has no link is older than all links.
func (r *ChainReport) checkUnchained(links map[string][]*link) {
	var first time.Time
	for _, h := range r.Heads {
		at := h.At
		if c := links[h.Chain]; len(c) > 0 {
			at = c[0].At
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	for _, x := range links[""] {
		if !first.IsZero() && x.At.After(first) {
			r.fault("", 0, x.event, "has no link")
		}
	}
}
