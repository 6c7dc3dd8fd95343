package storage

import "bytes"

// Range is the keys that begin with Prefix and lie strictly beyond After in the
// direction of the scan (After empty: from the end the scan starts at).
type Range struct {
	Prefix  []byte
	After   []byte
	Reverse bool
}

// Bounds gives the same keys as an interval: from is its first possible key, and
// end the first key behind it; a nil end means that there is none.
func (r Range) Bounds() (from, end []byte) {
	from, end = r.Prefix, following(r.Prefix)
	switch {
	case len(r.After) == 0:
	case r.Reverse:
		if end == nil || bytes.Compare(r.After, end) < 0 {
			end = r.After
		}
	case bytes.Compare(r.After, from) >= 0:
		from = append(bytes.Clone(r.After), 0)
	}
	return from, end
}

// following is the first key that is greater than all keys with a prefix.
func following(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			next := bytes.Clone(prefix[:i+1])
			next[i]++
			return next
		}
	}
	return nil
}
