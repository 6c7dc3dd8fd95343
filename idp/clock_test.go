package idp_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// wall is a wall clock that tests set.
type wall struct{ at time.Time }

func (w *wall) now() time.Time { return w.at }

func TestClock(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	y2038 := time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC).Sub(t0)
	for name, steps := range map[string][]struct{ wall, want, behind time.Duration }{
		"goes on":                 {{0, 0, 0}, {time.Hour, time.Hour, 0}, {time.Hour, time.Hour, 0}, {time.Hour + 1, time.Hour + 1, 0}},
		"ten years on":            {{0, 0, 0}, {3653 * day, 3653 * day, 0}, {3653*day + 1, 3653*day + 1, 0}},
		"an hour back":            {{0, 0, 0}, {-time.Hour, 0, time.Hour}, {-59 * time.Minute, time.Minute, time.Hour}, {time.Minute, 61 * time.Minute, time.Hour}},
		"30 days back":            {{0, 0, 0}, {-30 * day, 0, 30 * day}, {-30*day + time.Second, time.Second, 30 * day}},
		"back twice":              {{0, 0, 0}, {-time.Hour, 0, time.Hour}, {-2 * time.Hour, 0, 2 * time.Hour}, {-time.Hour, time.Hour, 2 * time.Hour}},
		"a second twice":          {{0, 0, 0}, {time.Second, time.Second, 0}, {0, time.Second, time.Second}, {time.Second, 2 * time.Second, time.Second}},
		"past 2038":               {{y2038 - 1, y2038 - 1, 0}, {y2038, y2038, 0}, {y2038 + time.Second, y2038 + time.Second, 0}},
		"back, then ten years on": {{0, 0, 0}, {-time.Hour, 0, time.Hour}, {3653 * day, 3653*day + time.Hour, time.Hour}},
	} {
		w := &wall{}
		c := idp.NewClock(w.now)
		for i, step := range steps {
			w.at = t0.Add(step.wall).In(time.FixedZone("", 7200))
			got := c.Now()
			if !got.Equal(t0.Add(step.want)) || got.Location() != time.UTC {
				t.Errorf("%s, step %d: %s, want %s", name, i, got.Sub(t0), step.want)
			}
			if b := c.Behind(); b != step.behind {
				t.Errorf("%s, step %d: behind by %s, want %s", name, i, b, step.behind)
			}
		}
	}
	w := &wall{t0}
	c := idp.NewClock(w.now)
	c.Now()
	if w.at = (time.Time{}); !c.Now().Equal(t0) {
		t.Errorf("at the zero time: %s", c.Now())
	}
}

// TestClockNeverBackwards sets the wall clock at random and restarts at random:
// Now never runs backwards, nor behind the wall clock or the mark, and in one run it
// moves at least as fast as the wall clock moves on.
func TestClockNeverBackwards(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for seed := range uint64(300) {
		r, st, w := random(seed), storage.New(mem.New()), &wall{t0}
		c := idp.NewClock(w.now)
		last, saved := c.Now(), time.Time{}
		for range 200 {
			before, restarted := w.at, false
			w.at = w.at.Add(time.Duration(r.Int64N(int64(time.Minute))))
			switch r.IntN(8) {
			case 0:
				w.at = w.at.Add(time.Duration(r.Int64N(int64(60*24*time.Hour))) - 30*24*time.Hour)
			case 1:
				if err := st.Update(ctx, storage.System, c.SaveClock); err != nil {
					t.Fatal(err)
				}
				saved = c.Now()
			case 2:
				c, restarted = idp.NewClock(w.now), true
				if err := st.View(ctx, storage.System, c.LoadClock); err != nil {
					t.Fatal(err)
				}
			}
			now := c.Now()
			if now.Before(w.at) || now.Before(saved) || !restarted && (now.Before(last) || now.Sub(last) < w.at.Sub(before)) {
				t.Fatalf("seed %d: %s after %s, mark %s, wall from %s to %s", seed, now, last, saved, before, w.at)
			}
			last = now
		}
	}
}

func TestClockMark(t *testing.T) {
	t.Parallel()
	st := storage.New(mem.New())
	w := &wall{t0}
	ctx := context.Background()
	first := idp.NewClock(w.now)
	if err := st.View(ctx, storage.System, first.LoadClock); err != nil {
		t.Fatalf("no mark yet: %v", err)
	}
	if err := st.Update(ctx, storage.System, first.SaveClock); err != nil {
		t.Fatal(err)
	}
	w.at = t0.Add(-time.Hour)
	second := idp.NewClock(w.now)
	if err := st.View(ctx, storage.System, second.LoadClock); err != nil || !second.Now().Equal(t0) || second.Behind() != time.Hour {
		t.Errorf("after a restart an hour before the mark: %s, behind %s, %v", second.Now(), second.Behind(), err)
	}
	w.at = t0.Add(time.Hour)
	third := idp.NewClock(w.now)
	third.Now()
	if err := st.View(ctx, storage.System, third.LoadClock); err != nil || !third.Now().Equal(w.at) || third.Behind() != 0 {
		t.Errorf("an old mark holds the clock back: %s, %v", third.Now(), err)
	}
}

// TestClockMonotonic: what comes out of a real clock can be stored and compared.
func TestClockMonotonic(t *testing.T) {
	t.Parallel()
	c := idp.NewClock(time.Now)
	a, b := c.Now(), c.Now()
	if strings.Contains(a.String(), "m=") || b.Before(a) || c.Behind() != 0 {
		t.Errorf("%s, then %s", a, b)
	}
}
