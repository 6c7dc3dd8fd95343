package idp_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// attack lets somebody guess for as long as there are moments, and answers when
// a guess was looked at. held names the credentials at each guess.
func attack(t *idp.Throttle, moments []time.Time, held func(i int) string) (looked []time.Time) {
	for i, now := range moments {
		if ok, _ := t.Spend(now, idp.TemporaryAccessPass, held(i)); ok {
			looked = append(looked, now)
		}
	}
	return looked
}

// busiest is the most that fell into any stretch of the length, its ends included.
func busiest(moments []time.Time, length time.Duration) (most int) {
	from := 0
	for i, m := range moments {
		for m.Sub(moments[from]) > length {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

func every(step, length time.Duration) (moments []time.Time) {
	for at := time.Duration(0); at <= length; at += step {
		moments = append(moments, t0.Add(at))
	}
	return moments
}

// bursts are guesses at random paces: floods, pauses, and single ones.
func bursts(r *rand.Rand, n int) (moments []time.Time) {
	now := t0
	for len(moments) < n {
		pace := []time.Duration{0, time.Millisecond, time.Second, time.Minute, idp.ThrottleInterval, idp.ThrottleInterval - 1}[r.IntN(6)]
		for range r.IntN(60) {
			now = now.Add(pace)
			moments = append(moments, now)
		}
		now = now.Add(time.Duration(r.Int64N(int64(6 * time.Hour))))
	}
	return moments
}

// TestThrottleBounds: at most 10 answers in any hour and 125 in any day (E2),
// whatever the pace, and though each guess is made at a new pass (E3).
func TestThrottleBounds(t *testing.T) {
	t.Parallel()
	renewed := func(i int) string { return string(rune('a' + i%7)) }
	check := func(name string, moments []time.Time) int {
		looked := attack(&idp.Throttle{Key: "user"}, moments, renewed)
		hour, day := busiest(looked, time.Hour), busiest(looked, 24*time.Hour)
		if hour > 10 || day > 125 {
			t.Errorf("%s: %d answers in an hour, %d in a day", name, hour, day)
		}
		return day
	}
	day := check("every 10 s for a day", every(10*time.Second, 24*time.Hour))
	t.Logf("24 h of guesses every 10 s: %d were looked at", day)
	if day != 125 {
		t.Errorf("%d answers in a day of guessing, want 125", day)
	}
	for seed := range uint64(200) {
		check("bursts", bursts(random(seed), 3000))
	}
}

// TestThrottleOwnSuccess: right answers in between, by whoever shares the bucket,
// buy no further guesses.
func TestThrottleOwnSuccess(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r, th := random(seed), &idp.Throttle{}
		var wrong []time.Time
		for _, now := range bursts(r, 2000) {
			ok, _ := th.Spend(now, idp.TemporaryAccessPass, "p1")
			switch {
			case ok && r.IntN(2) == 0:
				th.Refund(idp.TemporaryAccessPass)
			case ok:
				wrong = append(wrong, now)
			}
		}
		if hour, day := busiest(wrong, time.Hour), busiest(wrong, 24*time.Hour); hour > 10 || day > 125 {
			t.Errorf("seed %d: %d wrong answers in an hour, %d in a day", seed, hour, day)
		}
	}
}

// TestThrottleEconomics is E1 for passes: 32 symbols, at least eight of them.
func TestThrottleEconomics(t *testing.T) {
	t.Parallel()
	day := len(attack(&idp.Throttle{}, every(time.Second, 24*time.Hour), func(i int) string { return string(rune(i)) }))
	codes := math.Pow(32, idp.LeastPassLength)
	perDay, perPass := float64(day)/codes, float64(idp.MaxFailures)/codes
	t.Logf("E1: %d guesses a day at one of 32^%d = %.3g passes: P = %.2g per account and day; %d failures in a row: P = %.2g per pass",
		day, idp.LeastPassLength, codes, perDay, idp.MaxFailures, perPass)
	if perDay > 1e-9 || perPass > 1e-9 {
		t.Errorf("P = %g per day, %g per pass; want at most 1e-9", perDay, perPass)
	}
}

// TestThrottleHardStop: 100 failures in a row end an authenticator; only a new
// credential is looked at again, and within the same pace.
func TestThrottleHardStop(t *testing.T) {
	t.Parallel()
	th := &idp.Throttle{}
	same := func(int) string { return "p1" }
	moments := every(time.Minute, 10*24*time.Hour)
	if n := len(attack(th, moments, same)); n != 100 {
		t.Fatalf("%d answers to one pass were looked at, want 100", n)
	}
	now := moments[len(moments)-1]
	for _, later := range []time.Duration{0, time.Hour, 365 * 24 * time.Hour} {
		if ok, wait := th.Spend(now.Add(later), idp.TemporaryAccessPass, "p1"); ok || wait != 0 {
			t.Errorf("after the stop and %s: %t, wait %s", later, ok, wait)
		}
	}
	if ok, _ := th.Spend(now, idp.TemporaryAccessPass, "p2"); !ok || th.Streaks[idp.TemporaryAccessPass].Failures != 1 {
		t.Errorf("a new pass is not looked at: %+v", th)
	}
	if ok, _ := th.Spend(now.Add(time.Hour), idp.TemporaryAccessPass, "p1"); !ok {
		t.Error("what is held counts, not what was held before")
	}
}

func TestThrottleSpend(t *testing.T) {
	t.Parallel()
	th := &idp.Throttle{}
	for i := range idp.ThrottleBurst {
		if ok, wait := th.Spend(t0, idp.TemporaryAccessPass, "p"); !ok || wait != 0 {
			t.Fatalf("answer %d of the burst: %t, wait %s", i, ok, wait)
		}
	}
	for _, c := range []struct {
		after time.Duration
		ok    bool
		wait  time.Duration
	}{
		{0, false, 12 * time.Minute},
		{time.Minute, false, 11 * time.Minute},
		{12*time.Minute - 1, false, 1},
		{12 * time.Minute, true, 0},
		{12 * time.Minute, false, 12 * time.Minute},
		{24 * time.Minute, true, 0},
		{11 * time.Minute, false, 25 * time.Minute}, // a request that began earlier
		{5 * time.Hour, true, 0},
	} {
		if ok, wait := th.Spend(t0.Add(c.after), idp.TemporaryAccessPass, "p"); ok != c.ok || wait != c.wait {
			t.Errorf("after %s: %t, wait %s; want %t, %s", c.after, ok, wait, c.ok, c.wait)
		}
	}
}

// TestThrottleRefund: right answers cost nothing and give nothing.
func TestThrottleRefund(t *testing.T) {
	t.Parallel()
	th := &idp.Throttle{Key: "user"}
	for range 3 {
		th.Spend(t0, idp.TemporaryAccessPass, "p")
	}
	before := th.TAT
	for range 1000 {
		if ok, _ := th.Spend(t0, idp.TemporaryAccessPass, "p"); !ok {
			t.Fatal("held back")
		}
		th.Refund(idp.TemporaryAccessPass)
	}
	if !th.TAT.Equal(before) || th.Streaks[idp.TemporaryAccessPass].Failures != 0 {
		t.Errorf("from %s to %s, %d failures in a row", before, th.TAT, th.Streaks[idp.TemporaryAccessPass].Failures)
	}
}

// TestThrottleExpiry: what the sweeper may remove says no more than a new one.
func TestThrottleExpiry(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		r, th := random(seed), &idp.Throttle{}
		attack(th, bursts(r, 1+r.IntN(500)), func(int) string { return "" })
		swept, fresh := th.ExpiresAt(), &idp.Throttle{}
		for _, now := range []time.Time{swept, swept.Add(time.Second), swept.Add(time.Second), swept.Add(time.Second), swept.Add(time.Second), swept.Add(time.Second)} {
			th.Streaks = nil
			a, waitA := th.Spend(now, idp.TemporaryAccessPass, "")
			b, waitB := fresh.Spend(now, idp.TemporaryAccessPass, "")
			if a != b || waitA != waitB {
				t.Errorf("seed %d: kept %t %s, swept %t %s", seed, a, waitA, b, waitB)
			}
		}
	}
	th := &idp.Throttle{}
	th.Spend(t0, idp.TemporaryAccessPass, "p")
	if want := t0.Add(12*time.Minute + 30*24*time.Hour); !th.ExpiresAt().Equal(want) {
		t.Errorf("failures against a pass are kept until %s, want %s", th.ExpiresAt(), want)
	}
}

// TestThrottleTellsNotWhoHoldsAPass: whatever is answered and swept when, who holds a
// pass, who holds none, and a name nobody has are held back alike.
func TestThrottleTellsNotWhoHoldsAPass(t *testing.T) {
	t.Parallel()
	held := map[string]string{"user holder": "p1 ", "user without": "", "nobody 0000": ""}
	same := func(st *storage.Store, now time.Time) (ok bool) {
		t.Helper()
		ok, wait := answered(t, st, "user holder", "p1 ", now)
		for key, ids := range held {
			if key == "user holder" {
				continue
			}
			if a, b := answered(t, st, key, ids, now); a != ok || b != wait {
				t.Fatalf("after %s: %s is answered %t %s, the holder of a pass %t %s", now.Sub(t0), key, a, b, ok, wait)
			}
		}
		return ok
	}
	sweep := func(st *storage.Store, now time.Time) {
		t.Helper()
		if _, err := st.Sweep(context.Background(), tenantID, now, 9); err != nil {
			t.Fatal(err)
		}
	}
	st, looked := storage.New(mem.New()), 0
	for round := range 30 { // five at a time, and the limiter is full again before the next
		now := t0.Add(time.Duration(round) * 61 * time.Minute)
		for sweep(st, now); same(st, now); now = now.Add(time.Second) {
			looked++
		}
	}
	if looked != idp.MaxFailures {
		t.Errorf("%d answers were looked at, want %d", looked, idp.MaxFailures)
	}
	for seed := range uint64(20) {
		r, st, now := random(seed), storage.New(mem.New()), t0
		paces := []time.Duration{0, time.Minute, idp.ThrottleInterval, 61 * time.Minute, 24 * time.Hour, 31 * 24 * time.Hour}
		pace := paces[r.IntN(len(paces))]
		for range 300 {
			if r.IntN(20) == 0 {
				pace = paces[r.IntN(len(paces))]
			}
			if r.IntN(2) == 0 {
				sweep(st, now)
			}
			same(st, now)
			now = now.Add(pace)
		}
	}
}

// answered spends one wrong answer as a sign-in does.
func answered(t *testing.T, st *storage.Store, key, held string, now time.Time) (ok bool, wait time.Duration) {
	t.Helper()
	err := st.Update(context.Background(), tenantID, func(tx *storage.Tx) error {
		th, err := idp.Optional(storage.Get[idp.Throttle](tx, key))
		if th == nil {
			th = &idp.Throttle{Key: key}
		}
		if ok, wait = th.Spend(now, idp.TemporaryAccessPass, held); !ok {
			return err
		}
		return errors.Join(err, tx.Put(th))
	})
	if err != nil {
		t.Fatal(err)
	}
	return ok, wait
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	open := func() *idp.Challenge { return &idp.Challenge{ChallengeID: "c", Ends: t0.Add(idp.ChallengeLifetime)} }
	c := open()
	for i := range idp.MaxTries {
		if !c.Try(t0) {
			t.Fatalf("try %d: %+v", i, c)
		}
	}
	if c.Try(t0) || c.Tries != idp.MaxTries {
		t.Errorf("a sixth try: %+v", c)
	}
	for after, want := range map[time.Duration]bool{0: true, idp.ChallengeLifetime - 1: true, idp.ChallengeLifetime: false, idp.ChallengeLifetime + 1: false} {
		if got := open().Try(t0.Add(after)); got != want {
			t.Errorf("try after %s: %t", after, got)
		}
	}
	c = open()
	c.Try(t0)
	if !c.Void(t0, "code.newer") || c.Why != "code.newer" || !c.ClosedAt.Equal(t0) || c.Try(t0) || c.Tries != 1 {
		t.Errorf("void: %+v", c)
	}
	if c.Void(t0.Add(1), "code.gone") || c.Close(t0.Add(1)) || c.Why != "code.newer" || !c.ClosedAt.Equal(t0) {
		t.Errorf("void, then closed again: %+v", c)
	}
	c = open()
	if c.Close(t0); c.Void(t0.Add(1), "code.newer") || c.Why != "" || !c.ClosedAt.Equal(t0) {
		t.Errorf("answered, then void: %+v", c)
	}
	c.Asker = "somebody"
	if x := c.Indexes(); len(x) != 1 || x[0] != (storage.Index{Name: "asker", Value: "somebody"}) {
		t.Errorf("%+v", x)
	}
	c = open()
	if !c.Close(t0) || c.Close(t0.Add(1)) || c.Try(t0) || !c.ClosedAt.Equal(t0) {
		t.Errorf("closed twice, or tried after: %+v", c)
	}
	if !c.ExpiresAt().Equal(c.Ends) {
		t.Errorf("%+v", c)
	}
}
