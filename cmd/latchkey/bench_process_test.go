//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// buildBinary builds the program as it is released.
func buildBinary(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "latchkey")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// demoProcess is a demo that runs as a process of its own.
type demoProcess struct {
	b      *testing.B
	cmd    *exec.Cmd
	report demoReport
}

// startDemoProcess starts a demo on free ports. Its data and its log are in dir.
func startDemoProcess(b *testing.B, binary, dir string) (s *demoProcess, stop func()) {
	b.Helper()
	file := filepath.Join(dir, "demo.json")
	cmd := exec.Command(binary, "demo", "--listen", "localhost:0", "--app-listen", "127.0.0.1:0", "--inbox-listen", "127.0.0.1:0", "--metrics-listen", "localhost:0",
		"--data", filepath.Join(dir, "data"), "--json", file)
	s = &demoProcess{b: b, cmd: cmd}
	stop = startLogged(b, cmd, filepath.Join(dir, "log"))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		data, err := os.ReadFile(file)
		if err == nil && json.Unmarshal(data, &s.report) == nil {
			return s, stop
		}
		if time.Now().After(deadline) {
			stop()
			b.Fatalf("the demo did not start: %v", err)
		}
	}
}

// startLogged starts a server whose output goes to a file; stop ends it well.
func startLogged(b *testing.B, cmd *exec.Cmd, log string) (stop func()) {
	b.Helper()
	out, err := os.Create(log)
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		if err := cmd.Wait(); err != nil {
			text, _ := os.ReadFile(log)
			b.Errorf("%s: %v\n%s", cmd.Args[1], err, text)
		}
		_ = out.Close()
	}
}

// cpu is the user and system time the process has taken, in ticks of 10 ms.
func (s *demoProcess) cpu() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		s.b.Fatal(err)
	}
	// The name, in parentheses, may hold spaces. utime and stime are the fields 14
	// and 15 (proc_pid_stat(5)); USER_HZ is 100 wherever Go runs.
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')'):]))
	user, err := strconv.Atoi(fields[12])
	system, err2 := strconv.Atoi(fields[13])
	if err != nil || err2 != nil {
		s.b.Fatalf("/proc/PID/stat: %s", raw)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// commits is the number of durable transactions so far.
func (s *demoProcess) commits() uint64 {
	n, ok := s.metric("latchkey_store_commits_total")
	if !ok {
		s.b.Fatal("the metrics have no latchkey_store_commits_total")
	}
	return n
}

// posted waits until everybody's first mail is sent, which takes commits, too.
func (s *demoProcess) posted() {
	people := 0
	for _, t := range s.report.Tenants {
		people += len(t.Users)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if sent, _ := s.metric(`latchkey_mails_total{result="sent"}`); sent >= uint64(people) {
			return
		}
		if time.Now().After(deadline) {
			s.b.Fatal("the mails of the start were not sent")
		}
	}
}

// metric is what a counter stands at; false if nothing was counted yet.
func (s *demoProcess) metric(name string) (uint64, bool) {
	body, err := (&agent{transport: http.DefaultTransport}).get(s.report.MetricsURL, "")
	if err != nil {
		s.b.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				s.b.Fatal(err)
			}
			return uint64(n), true
		}
	}
	return 0, false
}

// BenchmarkStart prints how long the program takes from exec to the first 200 on
// discovery, on a data directory that exists, its memory when idle, and its size.
func BenchmarkStart(b *testing.B) {
	binary := buildBinary(b)
	dir := b.TempDir()
	s, stop := startDemoProcess(b, binary, dir) // makes the data
	stop()
	issuer := s.report.tenant(b, "contoso.example").Issuer
	address := freeAddress(b)
	_, path, _ := strings.Cut(strings.TrimPrefix(issuer, "http://"), "/")
	discovery := "http://" + address + "/" + path + "/.well-known/openid-configuration"
	var took []time.Duration
	var resident float64
	const runs = 10
	for i := range runs {
		cmd := exec.Command(binary, "serve", "--data", filepath.Join(dir, "data"), "--base-url", "http://"+address, "--listen", address, "--metrics-listen", "")
		began := time.Now()
		stop := startLogged(b, cmd, filepath.Join(dir, "log"))
		for !answers(discovery) && time.Since(began) < time.Minute {
			time.Sleep(time.Millisecond)
		}
		took = append(took, time.Since(began))
		if i == runs-1 {
			time.Sleep(2 * time.Second) // idle
			resident = residentMiB(b, cmd.Process.Pid)
		}
		stop()
	}
	slices.Sort(took)
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	start, size := float64(took[runs/2].Microseconds())/1000, float64(info.Size())/1e6
	b.ReportMetric(start, "start-ms")
	b.ReportMetric(resident, "idle-MiB")
	b.ReportMetric(size, "binary-MB")
	b.ReportMetric(0, "ns/op")
	b.Logf("start %.0f ms (%.0f to %.0f; target 100), idle %.1f MiB (target 40), binary %.1f MB (target 30)%s", start,
		float64(took[0].Milliseconds()), float64(took[runs-1].Milliseconds()), resident, size,
		map[bool]string{true: "  misses a target"}[start > 100 || resident > 40 || size > 30])
}

// freeAddress is one that nobody listened on a moment ago.
func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	return net.JoinHostPort("localhost", port)
}

func answers(address string) bool {
	response, err := http.Get(address)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // only the status matters
	return response.StatusCode == http.StatusOK
}

// residentMiB is VmRSS of proc_pid_status(5).
func residentMiB(b *testing.B, pid int) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(value)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kib / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
