package graph

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// ordering is one part of $orderby.
type ordering struct {
	path       []string
	descending bool
}

// maxOrderings bounds $orderby.
const maxOrderings = 5

func parseOrder(s string, t taken) ([]ordering, error) {
	var out []ordering
	for part := range strings.SplitSeq(s, ",") {
		words := strings.Fields(part)
		if len(words) == 0 || len(words) > 2 || len(out) == maxOrderings {
			return nil, badQuery("Invalid $orderby: '" + s + "'.")
		}
		f, path, err := findPath(t.shape, strings.Split(words[0], "/"), t.beta)
		if err != nil {
			return nil, err
		}
		if f.kind.list || f.kind.edm == "Object" {
			return nil, unsupported(f.name)
		}
		o := ordering{path: path}
		if len(words) == 2 {
			o.descending = strings.EqualFold(words[1], "desc")
			if !o.descending && !strings.EqualFold(words[1], "asc") {
				return nil, badQuery("Invalid $orderby: '" + s + "'.")
			}
		}
		out = append(out, o)
	}
	return out, nil
}

// position is where an item stands in an order: the keys of $orderby, then its id. It
// travels in the token of the next page.
type position struct {
	Keys []string `json:"k,omitempty"`
	ID   string   `json:"i"`
}

func positionOf(orders []ordering, item lookup, id string) position {
	p := position{ID: id}
	for _, o := range orders {
		p.Keys = append(p.Keys, sortKey(walk(item(o.path[0]), o.path[1:])))
	}
	return p
}

// comparePositions tells which comes first. A position with fewer keys, which only a
// token of another order could hold, compares by those it has.
func comparePositions(orders []ordering, a, b position) int {
	for i, o := range orders {
		if i >= len(a.Keys) || i >= len(b.Keys) {
			break
		}
		c := cmp.Compare(a.Keys[i], b.Keys[i])
		if o.descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(a.ID, b.ID)
}

// sortKey is text that sorts as the value does: null first, strings in any case.
func sortKey(v any) string {
	switch v := v.(type) {
	case string:
		return "s" + strings.ToLower(v)
	case bool:
		return fmt.Sprintf("b%t", v) // false, true
	case time.Time:
		return "t" + v.UTC().Format("2006-01-02T15:04:05.000000000")
	case int64, float64:
		f, _ := float(v)
		bits := math.Float64bits(f)
		if f < 0 {
			bits = ^bits
		} else {
			bits |= 1 << 63
		}
		return fmt.Sprintf("n%016x", bits)
	}
	return ""
}
