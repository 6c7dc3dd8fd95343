package idp_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// BenchmarkVerify100k proves a log of 100,000 events on bolt, half of them sign-ins,
// half changes with every field filled. It has to take no more than two seconds.
func BenchmarkVerify100k(b *testing.B) {
	const events, batch = 100_000, 1000
	l := newLedger(b, openBolt(b))
	for i := 0; i < events; i += batch {
		l.update(func(tx *storage.Tx) error {
			for j := range batch {
				at := t0.Add(time.Duration(i+j) * time.Second)
				e := signIn(at)
				if j%2 == 0 {
					e = change(at)
				}
				e.Details = map[string]string{"reason": fmt.Sprint(i + j)}
				if err := l.log.Append(tx, e); err != nil {
					return err
				}
			}
			return nil
		})
	}
	begin := cpuTime(b)
	for b.Loop() {
		l.clean("all", t0.Add(idp.PassingKept), events)
	}
	n := float64(b.N)
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/n, "ms/verify")
	b.ReportMetric(float64((cpuTime(b)-begin).Milliseconds())/n, "cpu-ms/verify")
	b.ReportMetric(0, "ns/op")
}

// cpuTime is what the process has used of the processors, which tells more than the
// clock when others use them, too.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
