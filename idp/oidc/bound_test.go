package oidc_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var (
	boundSeed      = flag.Uint64("bound.seed", 0, "seed of the first random sequence; 0 draws one")
	boundSequences = flag.Int("bound.sequences", 1_000, "number of random sequences, 10,000 in make bound; a twentieth under -short")
)

// TestBound holds the server against the model over random sequences of what
// administrators, people, apps and clocks do: whatever was obtained through a pass
// works exactly as long as the rules say, and never beyond the pass.
func TestBound(t *testing.T) {
	seed, sequences := *boundSeed, *boundSequences
	if seed == 0 {
		seed = rand.Uint64() >> 16
	}
	if testing.Short() {
		sequences = max(sequences/20, 1)
	}
	begin := time.Now()
	var total tally
	const lanes = 8
	t.Run("lanes", func(t *testing.T) {
		for lane := range min(lanes, sequences) {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				t.Parallel()
				for i := lane; i < sequences && !t.Failed(); i += lanes {
					checkSequence(t, seed+uint64(i), &total)
				}
			})
		}
	})
	t.Logf("seed %d: %d sequences, %s in %v", seed, sequences, &total, time.Since(begin).Round(time.Millisecond))
	if !t.Failed() && sequences >= 100 && total.idle() {
		t.Error("the sequences did next to nothing")
	}
}

// checkSequence runs one sequence and, if it fails, shows the shortest form of it
// that still does.
func checkSequence(t *testing.T, seed uint64, total *tally) {
	steps := drawSteps(seed)
	r := play(t, steps)
	total.add(r)
	if r.fault == "" {
		return
	}
	steps = shrink(steps, func(s []step) bool { return play(t, s).fault != "" })
	r = play(t, steps)
	t.Errorf("-bound.seed=%d -bound.sequences=1, shrunk to %d steps:\n%s\n=> %s", seed, len(steps), strings.Join(r.script, "\n"), r.fault)
}

// step is one thing to do; the numbers choose with whom and what.
type step struct {
	do      int // index into deeds
	x, y, z uint
}

// drawSteps begins with a pass for each person and a sign-in, so that there is
// something to lose.
func drawSteps(seed uint64) []step {
	rnd := rand.New(rand.NewPCG(seed, 0))
	var weighted []int
	for i, d := range deeds {
		weighted = append(weighted, slices.Repeat([]int{i}, d.weight)...)
	}
	steps := make([]step, 12+rnd.IntN(16))
	for i := range steps {
		steps[i] = step{weighted[rnd.IntN(len(weighted))], rnd.UintN(1 << 16), rnd.UintN(1 << 16), rnd.UintN(1 << 16)}
		if i > 0 && steps[i-1].do == signingIn && rnd.IntN(2) == 0 {
			steps[i].do, steps[i].x = redeeming, 1 // the newest
		} else if i > 0 && steps[i-1].do == redeeming && rnd.IntN(3) == 0 {
			steps[i].do = exchanging
		} else if i > 0 && steps[i-1].do == exchanging && rnd.IntN(4) == 0 {
			steps[i].do = removing
		}
	}
	if rnd.IntN(2) == 0 {
		steps[0].do = joining
	}
	return slices.Concat([]step{
		{givingPass, 0, rnd.UintN(9), 1}, {givingPass, 1, rnd.UintN(9), 1}, {do: signingIn, x: rnd.UintN(1 << 16), y: 4, z: 2}, {do: redeeming, y: 2},
	}, steps)
}

// shrink drops steps, first many at a time, as long as what is left still fails.
func shrink(steps []step, fails func([]step) bool) []step {
	for size := len(steps) / 2; size > 0; {
		dropped := false
		for at := 0; at+size <= len(steps); {
			fewer := slices.Concat(steps[:at], steps[at+size:])
			if fails(fewer) {
				steps, dropped = fewer, true
				continue
			}
			at += size
		}
		if !dropped || size > 1 {
			size /= 2
		}
	}
	return steps
}

// tally counts what all sequences did, to show that they did something.
type tally struct {
	steps, signIns, tokens, alive, dead, told atomic.Int64
}

func (n *tally) add(r *player) {
	n.steps.Add(int64(len(r.script)))
	n.signIns.Add(int64(r.signIns))
	n.tokens.Add(int64(len(r.m.tokens)))
	n.alive.Add(int64(r.alive))
	n.dead.Add(int64(r.dead))
	n.told.Add(int64(r.told))
}

func (n *tally) idle() bool {
	return min(n.signIns.Load(), n.tokens.Load(), n.alive.Load(), n.dead.Load(), n.told.Load()) < 100
}

func (n *tally) String() string {
	return fmt.Sprintf("%d steps, %d sign-ins, %d tokens; %d times something worked as it should, %d times it did not as it should; apps were told of %d logouts",
		n.steps.Load(), n.signIns.Load(), n.tokens.Load(), n.alive.Load(), n.dead.Load(), n.told.Load())
}

// TestShrink shows that shrinking finds the steps that matter.
func TestShrink(t *testing.T) {
	steps := drawSteps(1)
	a, b := steps[3], steps[11]
	got := shrink(steps, func(s []step) bool { return slices.Contains(s, a) && slices.Contains(s, b) })
	if !slices.Equal(got, []step{a, b}) {
		t.Errorf("shrunk to %v, want %v", got, []step{a, b})
	}
}
