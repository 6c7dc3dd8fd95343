//go:build linux

package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkGraphBadInput is what each kind of malformed input takes, and costs in CPU time
// of the whole process, both ends of its connections included; none may cost 100 ms.
func BenchmarkGraphBadInput(b *testing.B) {
	w := newGraphWorld(b)
	by, victim := w.apps(), w.newUser().UserID
	deepest := `"/users?$filter=` + nested("(", 10_000, "accountEnabled eq true", ")") + `"`
	all := append(w.badInputs(victim), badInput{
		name: "20 filters in 10,000 parentheses", graphRequest: graphRequest{method: http.MethodPost, path: "/v1.0/$batch", body: batchOf(20, deepest)},
	}, badInput{
		name: "none of it", graphRequest: graphRequest{method: http.MethodGet, path: "/v1.0/users/" + victim},
	})
	for _, bad := range all {
		b.Run(bad.name, func(b *testing.B) {
			var took, used time.Duration
			for range b.N {
				c := by.caller() // in time that does not count
				by.asked += strings.Count(bad.body, `"method"`)
				begin, before := time.Now(), cpuOfAll(b)
				a := w.call(c.token, bad.graphRequest)
				took, used = took+time.Since(begin), used+cpuOfAll(b)-before
				if a.ok() == (bad.want != nil) || a.status == http.StatusTooManyRequests {
					b.Fatalf("%d %s", a.status, a)
				}
			}
			b.ReportMetric(float64(took.Microseconds())/1000/float64(b.N), "ms/request")
			b.ReportMetric(float64(used.Microseconds())/1000/float64(b.N), "cpu-ms/request")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// cpuOfAll is what this process has used so far.
func cpuOfAll(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
