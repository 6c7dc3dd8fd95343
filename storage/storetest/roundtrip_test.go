package storetest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

type (
	level   int8
	colour  string
	secret  [4]byte
	Address struct{ Street, Town string }
)

// full has a field of every sort that a noun may have.
type full struct {
	Name     string
	Level    level
	Colour   colour
	Flag     bool
	U        uint64
	F        float32
	At       time.Time
	For      time.Duration
	Bytes    []byte
	Hash     secret
	Strings  []string
	Times    []time.Time
	Colours  map[colour]int
	ByLevel  map[level]Address
	Optional *time.Time
	Nested   Address
	Home     *Address
	List     []Address
	Deep     map[string][]Address
	Self     *full
	Raw      json.RawMessage
	Short    string `json:"x,omitempty"`
	Address
}

func (*full) Kind() string             { return "full" }
func (r *full) ID() string             { return r.Name }
func (*full) Indexes() []storage.Index { return nil }

func TestRoundTrip(t *testing.T) {
	storetest.RoundTrip(t, mem.New(), &full{})
}

type unexported struct {
	Name string
	Sub  struct{ hidden int }
}

func (*unexported) Kind() string             { return "k" }
func (r *unexported) ID() string             { return r.Name }
func (*unexported) Indexes() []storage.Index { return nil }
func (r *unexported) use() int               { return r.Sub.hidden }

type untold struct {
	Name   string
	Secret string `json:"-"`
}

func (*untold) Kind() string             { return "k" }
func (r *untold) ID() string             { return r.Name }
func (*untold) Indexes() []storage.Index { return nil }

// Left and Right are embedded together, where the encoder silently drops what
// both have.
type (
	Left  struct{ Same string }
	Right struct{ Same string }
)

type clashing struct {
	Name string
	Left
	Right
}

func (*clashing) Kind() string             { return "k" }
func (r *clashing) ID() string             { return r.Name }
func (*clashing) Indexes() []storage.Index { return nil }

type anything struct {
	Name  string
	Value any
}

func (*anything) Kind() string             { return "k" }
func (r *anything) ID() string             { return r.Name }
func (*anything) Indexes() []storage.Index { return nil }

type forgetful struct {
	Name string
	At   stamped
	Many map[string]stamped
}

// stamped loses its Note whenever it is written.
type stamped struct{ Kept, Note string }

func (s stamped) MarshalText() ([]byte, error) { return []byte(s.Kept), nil }
func (s *stamped) UnmarshalText(b []byte) error {
	s.Kept = string(b)
	return nil
}

func (*forgetful) Kind() string             { return "k" }
func (r *forgetful) ID() string             { return r.Name }
func (*forgetful) Indexes() []storage.Index { return nil }

// TestRoundTripFails looks for the field's name in each failure.
func TestRoundTripFails(t *testing.T) {
	tests := []struct {
		record storage.Record
		want   string
	}{
		{&unexported{}, "unexported.Sub.hidden"},
		{&untold{}, "untold.Secret"},
		{&clashing{}, "clashing.Left.Same"},
		{&anything{}, "anything.Value"},
		{&forgetful{}, "forgetful.At.Note"},
	}
	for _, tc := range tests {
		err := storetest.RoundTripOne(mem.New(), tc.record)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%T: got %v, want a failure that names %s", tc.record, err, tc.want)
		}
	}
	_ = (&unexported{}).use()
}
