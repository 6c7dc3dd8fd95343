package signin_test

import (
	"context"
	"testing"

	"latchkey/idp/signin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// tally is a driver that counts what is found and what is written, and its size.
type tally struct {
	storage.Driver
	found, written int
}

func (t *tally) View(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	return t.Driver.View(ctx, tenant, func(kv storage.KV) error { return fn(tallied{kv, t}) })
}

func (t *tally) Update(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	return t.Driver.Update(ctx, tenant, func(kv storage.KV) error { return fn(tallied{kv, t}) })
}

type tallied struct {
	storage.KV
	t *tally
}

func (k tallied) Get(key []byte) ([]byte, error) {
	value, err := k.KV.Get(key)
	if err == nil {
		k.t.found++
	}
	return value, err
}

func (k tallied) Put(key, value []byte) error {
	k.t.written++
	return k.KV.Put(key, value)
}

// TestNobodyIsReadAlike (F2): for a name from outside that nobody has, as many records are
// read and written at each step as for a guest's, so that no clock tells the two apart.
func TestNobodyIsReadAlike(t *testing.T) {
	t.Parallel()
	d := &tally{Driver: mem.New()}
	g := guestsOn(t, d)
	g.accepted(guest)
	g.pass(2 * day)
	g.invite("new@partner.example") // of whom, as of nobody, no code was asked for yet
	steps := func(address string) (counts [][2]int) {
		b := g.browser()
		count := func(step func()) {
			d.found, d.written = 0, 0
			step()
			counts = append(counts, [2]int{d.found, d.written})
		}
		var f signin.Flow
		count(func() { f = b.look(b.toApp(address)).Flow })
		count(func() { f = b.sent(f) })
		count(func() { f = b.look(f).Flow })
		count(func() { f = b.answer(f, another(g.newestCodeUncounted(d))).Flow })
		count(func() { b.look(f) })
		return counts
	}
	steps("nobody@partner.example") // the first finds out who stands in
	somebody, nobody := steps("new@partner.example"), steps("nobody@tailspin.example")
	for i, n := range somebody {
		// The log finds a line about somebody by one more key.
		if n[0] != nobody[i][0] || n[1]-nobody[i][1] > 1 || n[1] < nobody[i][1] {
			t.Errorf("step %d: %d read and %d written for a guest, %d and %d for nobody", i+1, n[0], n[1], nobody[i][0], nobody[i][1])
		}
	}
	if somebody[0][0] == 0 || somebody[1][1] == 0 {
		t.Error("nothing was counted")
	}
}

// newestCodeUncounted reads the newest code beside the tally.
func (w *world) newestCodeUncounted(d *tally) string {
	found, written := d.found, d.written
	defer func() { d.found, d.written = found, written }()
	return w.newestCode()
}
