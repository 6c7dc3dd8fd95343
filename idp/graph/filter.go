package graph

import (
	"strconv"
	"time"
)

// The bounds of a filter.
const (
	maxFilter      = 4096
	maxFilterDepth = 20
	maxFilterNodes = 100
)

// filter is a parsed $filter.
type filter struct{ root *node }

// node is an expression that is true or false: and, or, not of nodes; a comparison
// or function of two operands; in, of an operand and literals; any and all, of a path
// and a node about its items.
type node struct {
	op          string
	kids        []*node
	left, right operand
	set         []any
}

// operand is a literal, or the path of a property or of a lambda's variable.
type operand struct {
	path    []string // canonical names; empty for a literal, and for a variable itself
	inner   bool     // path is of the variable
	literal any
	isPath  bool
	kind    kind   // of what a path leads to, where that is known
	fold    string // tolower, toupper
}

func badFilter(why string) error { return badQuery("Invalid filter clause: " + why + ".") }

func at(i int) string { return strconv.Itoa(i) }

func parseFilter(s string, t taken) (*filter, error) {
	if len(s) > maxFilter {
		return nil, badFilter("it is longer than " + at(maxFilter) + " bytes")
	}
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{taken: t, tokens: tokens}
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.peek().kind != 0 {
		return nil, p.unexpected()
	}
	return &filter{root}, nil
}

// equals is the literal that every item must have for a property, if the filter says so
// at its top: a handler then looks it up by an index rather than reading everything.
func (f *filter) equals(property string) (string, bool) {
	if f == nil {
		return "", false
	}
	for _, n := range f.root.conjuncts() {
		text, isText := n.right.literal.(string)
		if n.op == "eq" && isText && n.left.is(property) {
			return text, true
		}
	}
	return "", false
}

// between is within which times every item must have a property, as far as the filter
// says so at its top: a source in the order of time begins and ends there. Both are
// included; zero is no bound.
func (f *filter) between(property string) (since, until time.Time) {
	if f == nil {
		return since, until
	}
	for _, n := range f.root.conjuncts() {
		t, isTime := n.right.literal.(time.Time)
		if text, isText := n.right.literal.(string); isText {
			t, isTime = parseTime(text)
		}
		if !isTime || !n.left.is(property) {
			continue
		}
		if n.op == "eq" || n.op[0] == 'g' && t.After(since) {
			since = t
		}
		if n.op == "eq" || n.op[0] == 'l' && (until.IsZero() || t.Before(until)) {
			until = t
		}
	}
	return since, until
}

// conjuncts are what must hold all together.
func (n *node) conjuncts() (all []*node) {
	if n.op != "and" {
		return []*node{n}
	}
	for _, kid := range n.kids {
		all = append(all, kid.conjuncts()...)
	}
	return all
}

// is tells whether an operand is a property of the item.
func (o operand) is(property string) bool {
	return o.isPath && !o.inner && len(o.path) == 1 && o.path[0] == property
}
