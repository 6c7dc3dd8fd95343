package storage

import (
	"encoding/hex"
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

// stamp is a time whose text sorts as the time does, from 1970 on.
func stamp(t time.Time) string {
	n := uint64(max(t.UnixNano(), 0))
	var b [8]byte
	for i := range b {
		b[i] = byte(n >> (56 - 8*i))
	}
	return hex.EncodeToString(b[:])
}

// checkKey refuses what could make two records share a key.
func checkKey(r Record) error {
	bad := r.Kind() == "" || r.ID() == "" || strings.ContainsAny(r.Kind()+r.ID(), sep+"\n")
	for _, x := range r.Indexes() {
		bad = bad || x.Name == "" || strings.ContainsAny(x.Name+x.Value, sep+"\n")
	}
	if bad {
		return fmt.Errorf("%w: %s %q", ErrKey, r.Kind(), r.ID())
	}
	return nil
}
