package idp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/mem"
)

// ledger is a store with the log of one tenant in it.
type ledger struct {
	testing.TB
	driver storage.Driver
	*storage.Store
	log idp.AuditLog
}

// onDrivers runs a test on every driver.
func onDrivers(t *testing.T, run func(*ledger)) {
	t.Helper()
	t.Run("mem", func(t *testing.T) {
		t.Parallel()
		run(newLedger(t, mem.New()))
	})
	t.Run("bolt", func(t *testing.T) {
		t.Parallel()
		run(newLedger(t, openBolt(t)))
	})
}

func openBolt(t testing.TB) storage.Driver {
	t.Helper()
	d, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func newLedger(t testing.TB, d storage.Driver) *ledger {
	return &ledger{t, d, storage.New(d), idp.AuditLog{Keys: keyring(t, 1), Tenant: tenantID}}
}

// another is the ledger over an empty store of its own.
func (l *ledger) another() *ledger {
	other := newLedger(l.TB, mem.New())
	other.log = l.log
	return other
}

func (l *ledger) update(fn func(*storage.Tx) error) {
	l.Helper()
	if err := l.Update(context.Background(), l.log.Tenant, fn); err != nil {
		l.Fatal(err)
	}
}

// append stores each event in a transaction of its own.
func (l *ledger) append(events ...*idp.AuditEvent) {
	l.Helper()
	for _, e := range events {
		l.update(func(tx *storage.Tx) error { return l.log.Append(tx, e) })
	}
}

// filled appends n events to each chain, a minute apart.
func (l *ledger) filled(n int) (kept, passing []*idp.AuditEvent) {
	l.Helper()
	for i := range n {
		at := t0.Add(time.Duration(i) * time.Minute)
		kept, passing = append(kept, change(at)), append(passing, signIn(at))
		l.append(kept[i], passing[i])
	}
	return kept, passing
}

// change has a value in every field that an event of the directory can have.
func change(at time.Time) *idp.AuditEvent {
	e := idp.NewEvent(idp.Directory, at)
	e.Activity, e.Category, e.Service = idp.AdminRegistered, idp.UserManagement, idp.AuthenticationService
	e.Reason, e.Error = idp.PassRegisteredReason, idp.PassExpired
	e.Actor, e.Target = idp.Party{Type: idp.ActorOperator, ID: "o", Name: "root"}, idp.PartyOf(anna())
	e.App = idp.Party{Type: idp.ActorClient, ID: staffID, Name: "Portal <&> \u2028"}
	e.Tenant, e.ClientID, e.Method, e.SessionID = tenantID, "web", "tap", "s1"
	e.Address, e.UserAgent, e.RequestID = "192.0.2.1", "curl", "r1"
	e.Details = map[string]string{"a": "1", "b": "2"}
	e.Modified = []idp.Modified{{Name: "Roles", Old: `[]`, New: `["Global Reader"]`}, {Name: "Disabled", New: "true"}}
	return e
}

func signIn(at time.Time) *idp.AuditEvent {
	e := idp.NewEvent(idp.SignIns, at)
	e.Actor, e.Target, e.Method = idp.PartyOf(anna()), idp.PartyOf(anna()), "tap"
	return e
}

func (l *ledger) verify(now time.Time, known ...idp.AuditHead) *idp.ChainReport {
	l.Helper()
	var r *idp.ChainReport
	if err := l.View(context.Background(), l.log.Tenant, func(tx *storage.Tx) (err error) {
		r, err = l.log.Verify(tx, now, known...)
		return err
	}); err != nil {
		l.Fatal(err)
	}
	return r
}

// clean verifies what must have no fault.
func (l *ledger) clean(what string, now time.Time, events int, known ...idp.AuditHead) *idp.ChainReport {
	l.Helper()
	r := l.verify(now, known...)
	if len(r.Faults) != 0 || r.Events != events {
		l.Errorf("%s: %d events, want %d; faults %+v", what, r.Events, events, r.Faults)
	}
	return r
}

// faulty verifies what must have a fault at an event, by its id or its place.
func (l *ledger) faulty(what string, e *idp.AuditEvent, known ...idp.AuditHead) {
	l.Helper()
	if faults := l.verify(t0, known...).Faults; !names(faults, e) {
		l.Errorf("%s: %s, %s %d is not among the faults %+v", what, e.EventID, e.Chain(), e.Link.Seq, faults)
	}
}

func names(faults []idp.ChainFault, e *idp.AuditEvent) bool {
	return slices.ContainsFunc(faults, func(f idp.ChainFault) bool {
		return f.EventID == e.EventID || f.EventID == "" && f.Chain == e.Chain() && f.Seq == e.Link.Seq
	})
}

// The driver's own view of the records, as who steals or alters the file has it.

func eventKey(id string) string { return "r\x00audit\x00" + id }

func headKey(chain string) string { return "r\x00audithead\x00" + chain }

// state is everything in the partition.
func (l *ledger) state() map[string][]byte {
	l.Helper()
	all := map[string][]byte{}
	if err := l.driver.View(context.Background(), l.log.Tenant, func(kv storage.KV) error {
		return kv.Scan(storage.Range{}, func(k, v []byte) bool {
			all[string(k)] = bytes.Clone(v)
			return true
		})
	}); err != nil {
		l.Fatal(err)
	}
	return all
}

// put writes raw values; a nil one is deleted.
func (l *ledger) put(values map[string][]byte) {
	l.Helper()
	if err := l.driver.Update(context.Background(), l.log.Tenant, func(kv storage.KV) (err error) {
		for k, v := range values {
			if v == nil {
				err = errors.Join(err, kv.Delete([]byte(k)))
			} else {
				err = errors.Join(err, kv.Put([]byte(k), v))
			}
		}
		return err
	}); err != nil {
		l.Fatal(err)
	}
}

// restore puts the partition back to an older state.
func (l *ledger) restore(before map[string][]byte) {
	l.Helper()
	values := l.state()
	for k := range values {
		values[k] = nil
	}
	for k, v := range before {
		values[k] = v
	}
	l.put(values)
}

func remove(events ...*idp.AuditEvent) map[string][]byte {
	values := map[string][]byte{}
	for _, e := range events {
		values[eventKey(e.EventID)] = nil
	}
	return values
}

func TestAuditChain(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		l.clean("empty", t0, 0)
		kept, passing := l.filled(5)
		r := l.clean("filled", t0.Add(time.Hour), 10)
		if len(r.Heads) != 2 || r.Heads[0].Chain != idp.ChainKept || r.Heads[1].Chain != idp.ChainPassing || r.Unchained != 0 {
			l.Errorf("%+v", r)
		}
		for c, chain := range [][]*idp.AuditEvent{kept, passing} {
			before := idp.Link{}
			for i, e := range chain {
				x := e.Link
				if x.Seq != uint64(i+1) || !x.At.Equal(e.At) || !x.After.Equal(before.At) || x.Prev != before.MAC || len(x.MAC) != 64 {
					l.Errorf("%s: %+v", e.Chain(), x)
				}
				before = x
			}
			h := r.Heads[c]
			if h.Seq != 5 || h.MAC != before.MAC || !h.At.Equal(before.At) || h.String() != fmt.Sprintf("%s:5:%s", h.Chain, before.MAC) {
				l.Errorf("head %+v", h)
			}
		}
		l.clean("with its own heads", t0, 10, r.Heads...)
		l.append(change(t0.Add(time.Hour)))
		l.clean("with earlier heads", t0, 11, r.Heads...)
	})
}

// TestAuditChainTimes: requests read the clock before they wait for each other.
func TestAuditChainTimes(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		var chain []*idp.AuditEvent
		for _, at := range []time.Duration{0, 0, -time.Hour, 1, time.Second, time.Second - 1, time.Second} {
			chain = append(chain, signIn(t0.Add(at)))
		}
		zone := signIn(t0.Add(2 * time.Second))
		zone.At = zone.At.In(time.FixedZone("", 2*60*60))
		chain = append(chain, zone)
		l.append(chain...)
		for i, e := range chain[1:] {
			if x, before := e.Link, chain[i].Link; !x.At.After(before.At) || !x.After.Equal(before.At) || x.At.Before(e.At) {
				l.Errorf("%d: %+v follows %+v", i+1, x, before)
			}
		}
		l.clean("all", t0, len(chain))
	})
}

// TestAuditChainsApart: each tenant has its own, and so has the deployment.
func TestAuditChainsApart(t *testing.T) {
	t.Parallel()
	l := newLedger(t, mem.New())
	for i, tenant := range []string{tenantID, bobID, storage.System} {
		l.log.Tenant = tenant
		l.filled(i + 1)
	}
	for i, tenant := range []string{tenantID, bobID, storage.System} {
		l.log.Tenant = tenant
		if r := l.clean(tenant, t0, 2*(i+1)); r.Heads[0].Seq != uint64(i+1) {
			t.Errorf("%+v", r.Heads)
		}
	}
}

// TestAuditEventsOfOneTransaction: several events of one transaction follow each other,
// and those of one that failed leave nothing.
func TestAuditEventsOfOneTransaction(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		several := func(tx *storage.Tx) error {
			var err error
			for range 3 {
				err = errors.Join(err, l.log.Append(tx, change(t0)), l.log.Append(tx, signIn(t0)))
			}
			return err
		}
		l.update(several)
		refused := errors.New("refused")
		if err := l.Update(context.Background(), tenantID, func(tx *storage.Tx) error { return errors.Join(several(tx), refused) }); !errors.Is(err, refused) {
			l.Error(err)
		}
		l.update(several)
		if r := l.clean("all", t0, 12); r.Heads[0].Seq != 6 || r.Heads[1].Seq != 6 {
			l.Errorf("%+v", r.Heads)
		}
		e := change(t0)
		l.append(e)
		if err := l.Update(context.Background(), tenantID, func(tx *storage.Tx) error { return l.log.Append(tx, e) }); !errors.Is(err, storage.ErrExists) {
			l.Errorf("appended twice: %v", err)
		}
		l.clean("after it", t0, 13)
	})
}

func TestAuditChainConcurrently(t *testing.T) {
	t.Parallel()
	const writers, each = 32, 8
	onDrivers(t, func(l *ledger) {
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					e := signIn(t0.Add(time.Duration(i*w) * time.Microsecond))
					if w%2 == 0 {
						e.Passing = false
					}
					if err := l.Update(context.Background(), tenantID, func(tx *storage.Tx) error { return l.log.Append(tx, e) }); err != nil {
						l.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for _, h := range l.clean("all", t0.Add(time.Hour), writers*each).Heads {
			if h.Seq != writers*each/2 {
				l.Errorf("%+v", h)
			}
		}
	})
}

// TestAuditChainShowsAlteredFields alters one field after the other, by the way of the
// store and with right indexes, as somebody could who has everything but the pepper.
func TestAuditChainShowsAlteredFields(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		kept, passing := l.filled(3)
		sound := l.state()
		altered := 0
		for _, original := range []*idp.AuditEvent{kept[0], kept[1], kept[2], passing[1]} {
			for _, a := range alterations(l, original) {
				altered++
				l.update(func(tx *storage.Tx) error { return errors.Join(tx.Delete(original), tx.Put(a.event)) })
				l.faulty(a.field, a.event)
				l.restore(sound)
			}
		}
		l.clean("restored", t0, 6)
		if altered < 150 {
			l.Errorf("only %d alterations", altered)
		}
	})
}

type alteration struct {
	field string
	event *idp.AuditEvent
}

// alterations are copies of an event, each with one value changed, or one element
// added or removed.
func alterations(t testing.TB, e *idp.AuditEvent) (all []alteration) {
	t.Helper()
	// at makes a copy and hands the field of it to change.
	at := func(field string, path func(reflect.Value) reflect.Value, change func(reflect.Value)) {
		raw, err := json.Marshal(e)
		copied := &idp.AuditEvent{}
		if err := errors.Join(err, json.Unmarshal(raw, copied)); err != nil {
			t.Fatal(err)
		}
		change(path(reflect.ValueOf(copied).Elem()))
		all = append(all, alteration{field, copied})
	}
	var walk func(string, reflect.Value, func(reflect.Value) reflect.Value)
	walk = func(field string, v reflect.Value, path func(reflect.Value) reflect.Value) {
		switch {
		case v.Type() == reflect.TypeFor[time.Time]():
			at(field, path, func(v reflect.Value) { v.Set(reflect.ValueOf(v.Interface().(time.Time).Add(1))) })
			if at0 := v.Interface().(time.Time); !at0.IsZero() { // which is not stored at all
				at(field+" (the same moment in another zone)", path, func(v reflect.Value) { v.Set(reflect.ValueOf(at0.In(time.FixedZone("", 3600)))) })
			}
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				walk(field+"."+v.Type().Field(i).Name, v.Field(i), func(v reflect.Value) reflect.Value { return path(v).Field(i) })
			}
		case v.Kind() == reflect.String:
			at(field, path, func(v reflect.Value) { v.SetString(v.String() + "x") })
			if v.String() != "" && field != ".EventID" {
				at(field+" (emptied)", path, func(v reflect.Value) { v.SetString("") })
			}
		case v.Kind() == reflect.Bool:
			at(field, path, func(v reflect.Value) { v.SetBool(!v.Bool()) })
		case v.CanInt():
			at(field, path, func(v reflect.Value) { v.SetInt(v.Int() + 1) })
		case v.CanUint():
			at(field, path, func(v reflect.Value) { v.SetUint(v.Uint() + 1) })
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				walk(fmt.Sprintf("%s[%d]", field, i), v.Index(i), func(v reflect.Value) reflect.Value { return path(v).Index(i) })
			}
			at(field+" (one more)", path, func(v reflect.Value) { v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem()))) })
			if v.Len() > 0 {
				at(field+" (one less)", path, func(v reflect.Value) { v.SetLen(v.Len() - 1) })
				at(field+" (none)", path, func(v reflect.Value) { v.SetZero() })
			}
		case v.Kind() == reflect.Map:
			at(field+" (one more)", path, func(v reflect.Value) {
				if v.IsNil() {
					v.Set(reflect.MakeMap(v.Type()))
				}
				v.SetMapIndex(reflect.ValueOf("new"), reflect.ValueOf(""))
			})
			for _, k := range v.MapKeys() {
				at(fmt.Sprintf("%s[%s]", field, k), path, func(v reflect.Value) { v.SetMapIndex(k, reflect.ValueOf("x")) })
				at(fmt.Sprintf("%s[%s] (removed)", field, k), path, func(v reflect.Value) { v.SetMapIndex(k, reflect.Value{}) })
			}
		default:
			t.Fatalf("%s: the test cannot alter a %s", field, v.Type())
		}
	}
	walk("", reflect.ValueOf(*e), func(v reflect.Value) reflect.Value { return v })
	return all
}

// TestAuditChainShowsTampering does to the records what their keys and values allow.
func TestAuditChainShowsTampering(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		kept, passing := l.filled(5)
		sound := l.state()
		raw := func(e *idp.AuditEvent) []byte { return sound[eventKey(e.EventID)] }
		for _, chain := range [][]*idp.AuditEvent{kept, passing} {
			name := chain[0].Chain()
			twin := *chain[2]
			twin.EventID += "0"
			for what, c := range map[string]struct {
				values map[string][]byte
				at     *idp.AuditEvent // where the fault is; nil: at the end
			}{
				"one removed":              {remove(chain[2]), chain[2]},
				"the first removed":        {remove(chain[0]), chain[0]},
				"the last removed":         {remove(chain[4]), chain[4]},
				"the first two removed":    {remove(chain[:2]...), chain[0]},
				"the last two removed":     {remove(chain[3:]...), chain[3]},
				"some removed":             {remove(chain[1], chain[3]), chain[1]},
				"some removed, the second": {remove(chain[1], chain[3]), chain[3]},
				"all removed":              {remove(chain...), chain[0]},
				"one there twice": {map[string][]byte{eventKey(twin.EventID): bytes.Replace(raw(chain[2]),
					[]byte(`"EventID":"`+chain[2].EventID), []byte(`"EventID":"`+twin.EventID), 1)}, &twin},
				"one under another's key": {map[string][]byte{eventKey(chain[2].EventID): raw(chain[3])}, chain[2]},
				"two swapped, the first":  {map[string][]byte{eventKey(chain[1].EventID): raw(chain[2]), eventKey(chain[2].EventID): raw(chain[1])}, chain[1]},
				"two swapped, the second": {map[string][]byte{eventKey(chain[1].EventID): raw(chain[2]), eventKey(chain[2].EventID): raw(chain[1])}, chain[2]},
				"null":                    {map[string][]byte{eventKey(chain[2].EventID): []byte("\x01\x00null")}, chain[2]},
				"nothing":                 {map[string][]byte{eventKey(chain[2].EventID): {}}, chain[2]},
				"a newer version":         {map[string][]byte{eventKey(chain[2].EventID): []byte("\x02")}, chain[2]},
				"the head removed":        {map[string][]byte{headKey(name): nil}, nil},
			} {
				l.put(c.values)
				if c.at != nil {
					l.faulty(name+": "+what, c.at)
				} else if faults := l.verify(t0).Faults; len(faults) == 0 || faults[0].Chain != name {
					l.Errorf("%s: %s: %+v", name, what, faults)
				}
				l.restore(sound)
			}
			l.put(map[string][]byte{headKey(name): nil})
			again := *chain[0]
			again.EventID, again.At = chain[0].EventID+"0", t0.Add(time.Hour)
			l.append(&again)
			l.faulty(name+": the head removed, and one more event", &again)
			l.restore(sound)
		}
		l.clean("restored", t0, 10)
	})
}

// swapped exchanges what two events tell, and leaves both their place and their id.
func TestAuditChainShowsSwappedContents(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		kept, _ := l.filled(4)
		kept[1].Link, kept[2].Link = kept[2].Link, kept[1].Link
		l.update(func(tx *storage.Tx) error { return putAll(tx, kept[1], kept[2]) })
		l.faulty("links swapped", kept[1])
		l.faulty("links swapped", kept[2])
	})
}

// TestAuditChainShowsAlteredHeads: the end of a chain is as hard to alter as its links;
// otherwise who removes the last events would only have to write down the end anew.
func TestAuditChainShowsAlteredHeads(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		kept, passing := l.filled(4)
		sound := l.state()
		for _, chain := range [][]*idp.AuditEvent{kept, passing} {
			name := chain[0].Chain()
			var head *idp.AuditHead
			if err := l.View(context.Background(), tenantID, func(tx *storage.Tx) (err error) {
				head, err = storage.Get[idp.AuditHead](tx, name)
				return err
			}); err != nil {
				l.Fatal(err)
			}
			cut := *head
			cut.Seq, cut.At, cut.MAC = chain[2].Link.Seq, chain[2].Link.At, chain[2].Link.MAC
			farther, other, earlier, later := *head, *head, *head, *head
			farther.Seq++
			other.MAC = chain[1].Link.MAC
			earlier.At = head.At.Add(-idp.PassingKept)
			later.At = head.At.Add(1)
			for what, c := range map[string]struct {
				head    idp.AuditHead
				removed []*idp.AuditEvent
			}{
				"a higher number": {farther, nil}, "the MAC of another": {other, nil}, "an earlier time": {earlier, nil}, "a later time": {later, nil},
				"one before": {cut, nil}, "one before, and the last removed": {cut, chain[3:]},
				"an earlier time, and all removed": {earlier, chain},
			} {
				write := func(tx *storage.Tx) (err error) {
					for _, e := range c.removed {
						err = errors.Join(err, tx.Delete(e))
					}
					return errors.Join(err, tx.Put(&c.head))
				}
				broken := func(when string) {
					l.Helper()
					if faults := l.verify(t0.Add(time.Hour)).Faults; len(faults) == 0 || faults[0].Chain != name {
						l.Errorf("%s: %s%s: %+v", name, what, when, faults)
					}
				}
				l.update(write)
				broken("")
				next := change(t0.Add(time.Hour))
				next.Passing = name == idp.ChainPassing
				l.append(next) // what is written afterwards does not mend it
				broken(", and one more event")
				l.restore(sound)
			}
		}
		l.clean("restored", t0, 8)
	})
}

func TestAuditChainElsewhere(t *testing.T) {
	t.Parallel()
	l := newLedger(t, mem.New())
	kept, _ := l.filled(3)
	whole := l.state()

	other := l.another()
	other.log.Tenant = bobID
	other.filled(3)
	other.put(map[string][]byte{eventKey(kept[1].EventID): whole[eventKey(kept[1].EventID)]})
	other.faulty("moved to another tenant", kept[1])

	other = l.another()
	other.log.Tenant = bobID
	other.put(whole)
	for _, e := range kept {
		other.faulty("all moved to another tenant", e)
	}

	// The end of a chain that has gone by its age, as that of one that has not.
	other = l.another()
	other.log.Tenant = bobID
	other.put(map[string][]byte{headKey(idp.ChainPassing): whole[headKey(idp.ChainPassing)]})
	if faults := other.verify(t0.Add(2 * idp.PassingKept)).Faults; len(faults) != 1 || faults[0].Chain != idp.ChainPassing {
		t.Errorf("the end of another tenant's chain: %+v", faults)
	}

	other = l.another()
	other.log.Keys = keyring(t, 2)
	other.put(whole)
	for _, e := range kept {
		other.faulty("another pepper", e)
	}
}

// TestAuditChainForged: who knows how the chain is made, but not the pepper, alters an
// event and makes it and all that follow anew.
func TestAuditChainForged(t *testing.T) {
	t.Parallel()
	for from := range 4 {
		l := newLedger(t, mem.New())
		kept, _ := l.filled(4)
		forger := idp.AuditLog{Keys: keyring(t, 2), Tenant: tenantID}
		l.update(func(tx *storage.Tx) error {
			var err error
			head := &idp.AuditHead{Chain: idp.ChainKept}
			if from > 0 {
				x := kept[from-1].Link
				head.Seq, head.At, head.MAC = x.Seq, x.At, x.MAC
			}
			err = tx.Put(head)
			for i, e := range kept[from:] {
				err = errors.Join(err, tx.Delete(e))
				if i == 0 {
					e.Reason = "nothing to see here"
				}
				err = errors.Join(err, forger.Append(tx, e))
			}
			return err
		})
		for _, e := range kept[from:] {
			l.faulty(fmt.Sprintf("forged from %d", from), e)
		}
		if forged := newForged(t, l); len(forged.Faults) != 0 && from == 0 {
			t.Errorf("the test forges badly: %+v", forged.Faults)
		}
	}
}

// newForged verifies the kept chain with the forger's pepper.
func newForged(t *testing.T, l *ledger) *idp.ChainReport {
	t.Helper()
	other := l.another()
	other.log.Keys = keyring(t, 2)
	all := l.state()
	for k := range all {
		if strings.Contains(k, idp.ChainPassing) || bytes.Contains(all[k], []byte(`"Passing":true`)) {
			delete(all, k)
		}
	}
	other.put(all)
	return other.verify(t0)
}

// TestAuditChainPutBack: an older state is sound in itself; only what was written down
// elsewhere shows that there was more.
func TestAuditChainPutBack(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		empty := l.state()
		l.filled(3)
		early, heads := l.state(), l.verify(t0).Heads
		kept, passing := change(t0.Add(time.Hour)), signIn(t0.Add(time.Hour))
		l.append(kept, passing)
		late := l.verify(t0).Heads
		l.clean("as it is", t0, 8, append(late, heads...)...)

		l.restore(early)
		l.clean("put back, nobody knows better", t0, 6)
		l.clean("put back to what is known", t0, 6, heads...)
		l.faulty("put back", kept, late...)
		l.faulty("put back", passing, late...)
		// Another history from there on is not the one that was written down.
		l.append(change(t0.Add(time.Hour)), signIn(t0.Add(time.Hour)))
		l.clean("another history, nobody knows better", t0, 8)
		l.faulty("another history", kept, late...)
		l.faulty("another history", passing, late...)

		l.restore(empty)
		l.clean("emptied, nobody knows better", t0, 0)
		if faults := l.verify(t0, heads...).Faults; len(faults) != 2 {
			l.Errorf("emptied: %+v", faults)
		}
	})
}

// TestAuditChainSwept: what passes goes by its age, in batches of any size, and that is
// no fault; a day earlier it is.
func TestAuditChainSwept(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		const n = 24
		var passing []*idp.AuditEvent
		for i := range n {
			// In threes within a millisecond, and the ids not in the order of the chain.
			e := signIn(t0.Add(time.Duration(i/3)*24*time.Hour - time.Duration(i%3)*time.Microsecond))
			passing = append(passing, e)
			l.append(e)
		}
		l.append(change(t0))
		sound, heads := l.state(), l.verify(t0).Heads
		for batch := 1; batch <= n+1; batch++ {
			left := n
			for day := range n/3 + 2 {
				now := t0.Add(idp.PassingKept + time.Duration(day)*24*time.Hour)
				for {
					swept, err := l.Sweep(context.Background(), tenantID, now, batch)
					if err != nil {
						l.Fatal(err)
					}
					left -= swept
					l.clean(fmt.Sprintf("day %d by %d", day, batch), now, left+1)
					l.clean(fmt.Sprintf("day %d by %d, with heads", day, batch), now, left+1, heads...)
					if swept < batch {
						break
					}
				}
			}
			if left != 0 {
				l.Errorf("%d are left", left)
			}
			l.restore(sound)
		}
		for i := 1; i <= n; i++ {
			l.put(remove(passing[:i]...))
			due := passing[i-1].Link.At.Add(idp.PassingKept)
			l.clean(fmt.Sprintf("%d gone", i), due, n-i+1)
			if faults := l.verify(due.Add(-24 * time.Hour)).Faults; len(faults) == 0 {
				l.Errorf("%d removed a day early: no fault", i)
			}
		}
		l.append(signIn(t0.Add(365 * 24 * time.Hour)))
		l.clean("going on after all have gone", t0.Add(366*24*time.Hour), 2, heads...)
	})
}

// TestAuditChainKeepsWhatIsKept: what administrators did never goes by its age.
func TestAuditChainKeepsWhatIsKept(t *testing.T) {
	t.Parallel()
	l := newLedger(t, mem.New())
	kept, _ := l.filled(4)
	sound, late := l.state(), t0.Add(100*idp.PassingKept)
	if n, err := l.Sweep(context.Background(), tenantID, late, 100); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	l.clean("swept", late, 4)
	for what, removed := range map[string][]*idp.AuditEvent{"the first": kept[:1], "the second": kept[1:2], "the last": kept[3:], "all": kept} {
		l.restore(sound)
		l.put(remove(removed...))
		if faults := l.verify(late).Faults; !names(faults, removed[0]) {
			t.Errorf("%s removed: %+v", what, faults)
		}
	}
}

// TestAuditChainSweptKnown: ends that were written down stand for events that have
// gone since; they still tell of a state that was put back.
func TestAuditChainSweptKnown(t *testing.T) {
	t.Parallel()
	l := newLedger(t, mem.New())
	_, passing := l.filled(3)
	early := l.state()
	l.append(signIn(t0.Add(time.Hour)))
	heads := l.verify(t0).Heads
	late := t0.Add(2 * idp.PassingKept)
	old, wrong := passing[1].Link, passing[0].Link.MAC
	l.clean("before the sweeper has come", late, 7, idp.AuditHead{Chain: idp.ChainPassing, Seq: old.Seq, MAC: old.MAC})
	if faults := l.verify(late, idp.AuditHead{Chain: idp.ChainPassing, Seq: old.Seq, MAC: wrong}).Faults; len(faults) != 1 {
		t.Errorf("not the one that was written down: %+v", faults)
	}
	if n, err := l.Sweep(context.Background(), tenantID, late, 100); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	l.clean("all have gone", late, 3, append(heads, idp.AuditHead{Chain: idp.ChainPassing, Seq: old.Seq, MAC: old.MAC})...)
	forged := heads[1]
	forged.MAC = passing[0].Link.MAC
	if faults := l.verify(late, forged).Faults; len(faults) != 1 || faults[0].Seq != 4 {
		t.Errorf("another end: %+v", faults)
	}
	l.restore(early)
	if faults := l.verify(late, heads...).Faults; len(faults) != 1 || faults[0].Seq != 4 || faults[0].Chain != idp.ChainPassing {
		t.Errorf("put back: %+v", faults)
	}
}

// TestAuditChainUnchained: what is from before there were chains is older than they are.
func TestAuditChainUnchained(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		old, older := change(t0.Add(-time.Hour)), signIn(t0.Add(-2*time.Hour))
		l.update(func(tx *storage.Tx) error { return putAll(tx, old, older) })
		if r := l.clean("before there are chains", t0, 2); r.Unchained != 2 || len(r.Heads) != 0 {
			l.Errorf("%+v", r)
		}
		kept, passing := l.filled(3)
		if r := l.clean("then chained", t0, 8); r.Unchained != 2 {
			l.Errorf("%+v", r)
		}
		sound := l.state()
		between := change(t0.Add(90 * time.Second))
		l.update(func(tx *storage.Tx) error { return tx.Put(between) })
		l.faulty("one without a link between", between)
		l.restore(sound)

		bare := *kept[1]
		bare.Link = idp.Link{}
		l.update(func(tx *storage.Tx) error { return tx.Put(&bare) })
		l.faulty("its link removed", kept[1])
		l.restore(sound)

		// When the beginning of the passing chain has gone and nothing else is there.
		for k := range sound {
			if strings.Contains(k, idp.ChainKept) {
				l.put(map[string][]byte{k: nil})
			}
		}
		l.put(remove(append(kept, passing[0])...))
		l.update(func(tx *storage.Tx) error { return tx.Put(between) })
		now := passing[0].Link.At.Add(idp.PassingKept)
		if faults := l.verify(now).Faults; len(faults) != 1 || faults[0].EventID != between.EventID {
			l.Errorf("between, when the beginning has gone: %+v", faults)
		}
	})
}

// TestAuditChainShowsEveryByte flips every bit of what is stored of an event.
//
// Two sorts of changes are no alteration of the event, since whoever reads it reads what
// was written: another case of a letter in the name of a member, which the decoder
// takes for the same name, and the index keys in the header, which only say what to
// remove along with the record.
func TestAuditChainShowsEveryByte(t *testing.T) {
	t.Parallel()
	onDrivers(t, func(l *ledger) {
		kept, _ := l.filled(3)
		e := kept[1]
		key := eventKey(e.EventID)
		raw := l.state()[key]
		length, width := binary.Uvarint(raw[1:])
		header := 1 + width + int(length)
		masks := []byte{1, 2, 4, 8, 16, 32, 64, 128, 255}
		if l.onDisk() {
			masks = []byte{1, 32} // each is a commit
		}
		found, same := 0, 0
		for i := range raw {
			for _, mask := range masks {
				flipped := bytes.Clone(raw)
				flipped[i] ^= mask
				l.put(map[string][]byte{key: flipped})
				switch inKeys := i > width && i < header; {
				case names(l.verify(t0).Faults, e):
					found++
				case !inKeys && !(mask == 32 && letter(raw[i])) || !l.reads(e):
					l.Errorf("byte %d (%q) of %d, xor %#x: not found", i, raw[i], len(raw), mask)
				default:
					same++
				}
			}
		}
		l.Logf("%d bytes, %d of them before the JSON: %d flips found, %d read as the same event", len(raw), header, found, same)
		l.put(map[string][]byte{key: raw})
		l.clean("restored", t0, 6)
	})
}

func (l *ledger) onDisk() bool {
	_, is := l.driver.(*bolt.Driver)
	return is
}

// reads tells whether the stored event reads exactly as e.
func (l *ledger) reads(e *idp.AuditEvent) bool {
	l.Helper()
	var got *idp.AuditEvent
	if err := l.View(context.Background(), tenantID, func(tx *storage.Tx) (err error) {
		got, err = storage.Get[idp.AuditEvent](tx, e.EventID)
		return err
	}); err != nil {
		return false
	}
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(e)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func letter(b byte) bool { return 'a' <= b|32 && b|32 <= 'z' }

// FuzzAuditChain: an event holds what strangers type; either the store refuses it, or
// it verifies.
func FuzzAuditChain(f *testing.F) {
	for _, s := range []string{"", "anna@contoso.example", "<&>\u2028\u2029", "\x00", "\xff", "\ufffd", `\u0000`, `"}`, "\x7f\n", "\U0001f600", `"MAC":""`} {
		f.Add(s, s, s, int64(len(s)), true)
	}
	f.Fuzz(func(t *testing.T, name, agent, detail string, nanos int64, passing bool) {
		l := newLedger(t, mem.New())
		e := idp.NewEvent(idp.SignIns, t0.Add(time.Duration(nanos)))
		e.Actor.Name, e.UserAgent, e.Passing = name, agent, passing
		e.Details = map[string]string{detail: name, "": detail}
		e.Modified = []idp.Modified{{Name: name, Old: detail}}
		var reads *idp.AuditEvent
		err := l.Update(context.Background(), tenantID, func(tx *storage.Tx) error { return l.log.Append(tx, e) })
		switch {
		case errors.Is(err, storage.ErrText):
			if utf8.ValidString(name+"\n"+agent+"\n"+detail) && !strings.Contains(name+agent+detail, "\x00") {
				t.Errorf("refused: %v", err)
			}
			l.clean("refused", t0, 0)
			return
		case err != nil:
			t.Fatal(err)
		}
		l.clean("appended", t0, 1)
		if err := l.View(context.Background(), tenantID, func(tx *storage.Tx) (err error) {
			reads, err = storage.Get[idp.AuditEvent](tx, e.EventID)
			return err
		}); err != nil || !reflect.DeepEqual(reads, e) {
			t.Errorf("%+v\nreads %+v, %v", e, reads, err)
		}
	})
}
