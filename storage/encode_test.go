package storage

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type sample struct {
	Name string
	Text string
	N    int
}

func (*sample) Kind() string     { return "sample" }
func (s *sample) ID() string     { return s.Name }
func (*sample) Indexes() []Index { return nil }

func TestSplit(t *testing.T) {
	long := strings.Repeat("k", 300)
	tests := []struct {
		name  string
		raw   string
		owned []string
		body  string
		want  error
	}{
		{"no keys", "\x01\x00{}", nil, "{}", nil},
		{"two keys", "\x01\x03a\nb{}", []string{"a", "b"}, "{}", nil},
		{"length of two bytes", "\x01\xac\x02" + long + "{}", []string{long}, "{}", nil},
		{"nothing", "", nil, "", ErrDamaged},
		{"only a format", "\x01", nil, "", ErrDamaged},
		{"newer format", "\x02\x00{}", nil, "", ErrFormat},
		{"plain JSON", "{}", nil, "", ErrFormat},
		{"length beyond the end", "\x01\x04abc", nil, "", ErrDamaged},
		{"length cut short", "\x01\xff", nil, "", ErrDamaged},
		{"length of 64 bits", "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", nil, "", ErrDamaged},
		{"length too long", "\x01" + strings.Repeat("\xff", 11), nil, "", ErrDamaged},
	}
	for _, tc := range tests {
		owned, body, err := split([]byte(tc.raw))
		if !errors.Is(err, tc.want) || !slices.Equal(owned, tc.owned) || string(body) != tc.body {
			t.Errorf("%s: got %q, %q, %v", tc.name, owned, body, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, body := range []string{"", "{", "[]", `{"N":"text"}`, `{} {}`, "\x00"} {
		if err := decode([]byte("\x01\x00"+body), &sample{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: got %v", body, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	whole, err := encode(&sample{"a", "text", 1}, []string{"i\x00sample\x00x\x00y\x00a", "x"})
	if err != nil {
		f.Fatal(err)
	}
	for i := range whole {
		f.Add(whole[:i])
	}
	f.Add(whole)
	f.Add([]byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		owned, body, err := split(raw)
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
				t.Errorf("an error of its own: %v", err)
			}
			return
		}
		if !bytes.HasSuffix(raw, append([]byte(strings.Join(owned, "\n")), body...)) {
			t.Errorf("%q is no part of %q", body, raw)
		}
		first := &sample{}
		if decode(raw, first) != nil {
			return
		}
		again, err := encode(first, owned)
		if errors.Is(err, ErrText) {
			return
		}
		second := &sample{}
		if err := errors.Join(err, decode(again, second)); err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%+v came back as %+v, %v", first, second, err)
		}
	})
}

func TestStampSorts(t *testing.T) {
	last := ""
	for _, year := range []int{1970, 2001, 2026, 2262, 2263, 9999} {
		s := stamp(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC))
		if s <= last || len(s) != 16 {
			t.Errorf("%d: %s does not follow %s", year, s, last)
		}
		last = s
	}
	if stamp(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)) != stamp(time.Unix(0, 0)) {
		t.Error("a time before 1970 is not the beginning")
	}
}

func TestBounds(t *testing.T) {
	tests := []struct {
		prefix, after string
		reverse       bool
		from, end     string
	}{
		{"", "", false, "", "-"},
		{"a", "", false, "a", "b"},
		{"a\xff", "", true, "a\xff", "b"},
		{"\xff\xff", "", false, "\xff\xff", "-"},
		{"b", "b1", false, "b1\x00", "c"},
		{"b", "a", false, "b", "c"},
		{"b", "b1", true, "b", "b1"},
		{"b", "d", true, "b", "c"},
		{"\xff", "\xff1", true, "\xff", "\xff1"},
	}
	for _, tc := range tests {
		from, end := Range{[]byte(tc.prefix), []byte(tc.after), tc.reverse}.Bounds()
		if end == nil {
			end = []byte("-")
		}
		if string(from) != tc.from || string(end) != tc.end {
			t.Errorf("%+v: got %q to %q", tc, from, end)
		}
	}
}
