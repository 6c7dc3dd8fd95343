package storage

import (
	"fmt"
	"strings"
	"time"
)

// Keys are fields joined by zero bytes, which no field may hold, nor a line feed:
//
//	r kind id                   → the record and the keys below that it owns
//	u kind index value          → id, for unique indexes
//	i kind index value id       → nothing
//	x time kind id              → nothing, in order of expiry
const sep = "\x00"

func join(fields ...string) string { return strings.Join(fields, sep) }

func recordKey(kind, id string) string { return join("r", kind, id) }

func indexKey(kind, id string, x Index) string {
	if x.Unique {
		return join("u", kind, x.Name, x.Value)
	}
	return join("i", kind, x.Name, x.Value, id)
}

func expiryKey(at time.Time, kind, id string) string {
	return join("x", stamp(at), kind, id)
}

// stamp is a time whose text sorts as the time does, from 1970 on. It counts
// milliseconds, because nanoseconds overflow in 2262 and a record that expires
// in the year 9999 would be swept at once.
func stamp(t time.Time) string {
	return fmt.Sprintf("%016x", max(t.UnixMilli(), 0))
}

// maxKey is what every driver can hold as one key, in bytes: PostgreSQL indexes
// no more than a third of a page. A longer one must not reach a driver, where it
// would look like a failed commit.
const maxKey = 1024

// checkKey refuses what could make two records share a key, and what is too long.
func checkKey(r Record) error {
	ok := r.Kind() != "" && r.ID() != "" && fit(r.Kind(), r.ID())
	for _, x := range r.Indexes() {
		ok = ok && x.Name != "" && fit(r.Kind(), r.ID(), x.Name, x.Value)
	}
	if !ok {
		return fmt.Errorf("%w: %.40s %.80q", ErrKey, r.Kind(), r.ID())
	}
	return nil
}

func fit(fields ...string) bool {
	room := maxKey - 32 // a time and the separators
	for _, f := range fields {
		room -= len(f)
		if strings.ContainsAny(f, sep+"\n") {
			return false
		}
	}
	return room >= 0
}
