package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/config"
)

// hashes are n hashes, ascending.
func hashes(n int, seed uint64) [][sha1.Size]byte {
	all := make([][sha1.Size]byte, n)
	for i := range all {
		all[i] = sha1.Sum(binary.BigEndian.AppendUint64(nil, seed+uint64(i)))
	}
	slices.SortFunc(all, func(a, b [sha1.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	return all
}

// listOf writes hashes as a list does.
func listOf(all [][sha1.Size]byte, form func(i int, hash string) string) string {
	var b strings.Builder
	for i, h := range all {
		b.WriteString(form(i, hex.EncodeToString(h[:])))
	}
	return b.String()
}

func breachedFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "breached.txt")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBreached finds every hash of a list, however it is written, and no other.
func TestBreached(t *testing.T) {
	forms := map[string]func(i int, hash string) string{
		"plain":  func(_ int, h string) string { return h + "\n" },
		"counts": func(i int, h string) string { return fmt.Sprintf("%s:%d\n", strings.ToUpper(h), i*i*i) },
		"CRLF":   func(i int, h string) string { return fmt.Sprintf("%s:%d\r\n", h, i) },
		"mixed": func(i int, h string) string {
			if i%2 == 0 {
				return h + ":9223372036854775807\r\n"
			}
			return strings.ToUpper(h) + "\n"
		},
	}
	others := hashes(200, 1<<40)
	for name, form := range forms {
		for _, n := range []int{1, 2, 3, 100, 5000} {
			for _, end := range []string{"", "\n", "\r\n"} { // what is cut off
				all := hashes(n, 0)
				content := strings.TrimSuffix(listOf(all, form), end)
				l, err := openBreached(breachedFile(t, content))
				if err != nil {
					t.Fatalf("%s, %d lines without %q: %v", name, n, end, err)
				}
				for i, h := range all {
					if found, err := l.find(h); !found || err != nil {
						t.Fatalf("%s, line %d of %d without %q: %t, %v", name, i, n, end, found, err)
					}
				}
				for _, h := range append(others, [sha1.Size]byte{}, [sha1.Size]byte(bytes.Repeat([]byte{0xff}, sha1.Size))) {
					if found, err := l.find(h); found || err != nil {
						t.Fatalf("%s, a stranger: %t, %v", name, found, err)
					}
				}
			}
		}
	}
}

// TestBreachedPassword looks a password up as it is typed.
func TestBreachedPassword(t *testing.T) {
	// SHA-1 of "password", as everybody knows it.
	path := breachedFile(t, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n")
	has, err := newBreached(config.Config{BreachedPasswords: path})
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]bool{"password": true, "Password": false, "": false, "пароль": false} {
		if found, err := has(typed); found != want || err != nil {
			t.Errorf("%q: %t, %v", typed, found, err)
		}
	}
	if has, err := newBreached(config.Config{}); has != nil || err != nil {
		t.Errorf("no list: %t, %v", has != nil, err)
	}
}

// TestBreachedRefused: what is no such list stops the start, and says why.
func TestBreachedRefused(t *testing.T) {
	plain := func(_ int, h string) string { return h + "\n" }
	good := listOf(hashes(3000, 0), plain)
	swapped := hashes(3000, 0)
	slices.Reverse(swapped)
	shuffled := hashes(3000, 0)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for name, c := range map[string]struct{ content, want string }{
		"empty":           {"", "is empty"},
		"words":           {"password\n123456\nqwerty\n", "is no list of SHA-1 hashes: at byte 0"},
		"binary":          {strings.Repeat("\x00\xff", 500), "is no list of SHA-1 hashes"},
		"a line end":      {"\n", "is no list of SHA-1 hashes"},
		"BOM":             {"\ufeff" + good, "is no list of SHA-1 hashes: at byte 0"},
		"one long line":   {strings.Repeat("a", 1<<20), "is no list of SHA-1 hashes"},
		"NTLM":            {listOf(hashes(50, 0), func(_ int, h string) string { return h[:32] + ":1\n" }), "is no list of SHA-1 hashes"},
		"SHA-256":         {listOf(hashes(50, 0), func(_ int, h string) string { return h + h[:24] + "\n" }), "is no list of SHA-1 hashes"},
		"no count":        {listOf(hashes(50, 0), func(_ int, h string) string { return h + ":\n" }), "is no list of SHA-1 hashes"},
		"spaces":          {listOf(hashes(50, 0), func(_ int, h string) string { return h + " 7\n" }), "is no list of SHA-1 hashes"},
		"empty last line": {good + "\n", "is no list of SHA-1 hashes"},
		"cut off":         {good[:len(good)-9], "is no list of SHA-1 hashes"},
		"descending":      {listOf(swapped, plain), "is not sorted"},
		"shuffled":        {listOf(shuffled, plain), "is not sorted"},
	} {
		l, err := openBreached(breachedFile(t, c.content))
		if l != nil || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := openBreached(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := openBreached(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no file: %v", err)
	}
}

// TestBreachedDamaged: a list that is changed under way is an error, not a list without the
// password.
func TestBreachedDamaged(t *testing.T) {
	path := breachedFile(t, listOf(hashes(3000, 0), func(_ int, h string) string { return h + "\n" }))
	l, err := openBreached(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	if found, err := l.has("password"); found || err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("%t, %v", found, err)
	}
}

// FuzzBreached: a list that is taken has the hash of each of its lines, and no others; so
// small a one is looked at whole.
func FuzzBreached(f *testing.F) {
	f.Add([]byte(listOf(hashes(20, 0), func(_ int, h string) string { return h + "\n" })))
	f.Add([]byte(listOf(hashes(20, 7), func(i int, h string) string { return fmt.Sprintf("%s:%d\r\n", strings.ToUpper(h), i) })))
	f.Add([]byte(""))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		l := &breachedList{name: "list", file: bytes.NewReader(content), size: int64(len(content))}
		if len(content) > 32<<10 || l.check() != nil {
			return
		}
		kept := map[[sha1.Size]byte]bool{}
		for line := range strings.Lines(string(content)) {
			raw, err := hex.DecodeString(line[:40])
			if err != nil {
				t.Fatalf("taken, with the line %q", line)
			}
			kept[[sha1.Size]byte(raw)] = true
		}
		near := func(h [sha1.Size]byte) [sha1.Size]byte { h[sha1.Size-1] ^= 1; return h }
		for h := range kept {
			for _, look := range [][sha1.Size]byte{h, near(h)} {
				if found, err := l.find(look); found != kept[look] || err != nil {
					t.Fatalf("%x: %t, %v, want %t", look, found, err, kept[look])
				}
			}
		}
	})
}

// BenchmarkBreached looks up in a list of a million lines.
func BenchmarkBreached(b *testing.B) {
	path := filepath.Join(b.TempDir(), "breached.txt")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i, h := range hashes(1_000_000, 0) {
		fmt.Fprintf(w, "%X:%d\r\n", h, i)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	l, err := openBreached(path)
	if err != nil {
		b.Fatal(err)
	}
	reads := &countedReads{ReaderAt: l.file}
	l.file = reads
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := l.find(sha1.Sum(binary.BigEndian.AppendUint64(nil, uint64(i)*7))); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(reads.n)/float64(b.N), "reads/op")
}

type countedReads struct {
	io.ReaderAt
	n int
}

func (c *countedReads) ReadAt(p []byte, at int64) (int, error) {
	c.n++
	return c.ReaderAt.ReadAt(p, at)
}
