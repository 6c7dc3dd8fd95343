package graph

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// lookup is an item as expressions see it: its properties by name.
type lookup func(name string) any

// matches tells whether an item passes; without a filter everything does.
func (f *filter) matches(item lookup) bool { return f == nil || f.root.eval(item, nil) }

// eval judges an item; inner is what the variable of a lambda stands for.
func (n *node) eval(item lookup, inner any) bool {
	holds := func(kid *node) bool { return kid.eval(item, inner) }
	switch n.op {
	case "and":
		return !slices.ContainsFunc(n.kids, func(kid *node) bool { return !holds(kid) })
	case "or":
		return slices.ContainsFunc(n.kids, holds)
	case "not":
		return !holds(n.kids[0])
	case "any", "all":
		return n.overItems(item)
	}
	left := n.left.value(item, inner)
	if n.op == "in" {
		return slices.ContainsFunc(n.set, func(v any) bool { return same(left, v) })
	}
	return compareBy(n.op, left, n.right.value(item, inner))
}

func (n *node) overItems(item lookup) bool {
	items, _ := n.left.value(item, nil).([]any)
	if len(n.kids) == 0 {
		return len(items) > 0
	}
	holds := func(v any) bool { return n.kids[0].eval(item, v) }
	if n.op == "any" {
		return slices.ContainsFunc(items, holds)
	}
	return !slices.ContainsFunc(items, func(v any) bool { return !holds(v) })
}

func (o operand) value(item lookup, inner any) any {
	v := o.literal
	switch {
	case o.isPath && o.inner:
		v = walk(inner, o.path)
	case o.isPath:
		v = walk(item(o.path[0]), o.path[1:])
	}
	if s, ok := v.(string); ok && o.fold == "toupper" {
		return strings.ToUpper(s)
	}
	return v
}

func walk(v any, path []string) any {
	for _, name := range path {
		o, _ := v.(object)
		v = normal(o[name])
	}
	return v
}

// compareBy compares as Entra does: strings in any case, and nothing is greater or
// less than null.
func compareBy(op string, a, b any) bool {
	switch op {
	case "eq":
		return same(a, b)
	case "ne":
		return !same(a, b)
	case "startswith", "endswith", "contains":
		return compareText(op, a, b)
	}
	order, ok := compare(a, b)
	return ok && (order > 0 && op[0] == 'g' || order < 0 && op[0] == 'l' || order == 0 && op[1] == 'e')
}

func compareText(op string, a, b any) bool {
	s, ok := a.(string)
	part, isText := b.(string)
	s, part = strings.ToLower(s), strings.ToLower(part)
	switch {
	case !ok || !isText:
		return false
	case op == "startswith":
		return strings.HasPrefix(s, part)
	case op == "endswith":
		return strings.HasSuffix(s, part)
	}
	return strings.Contains(s, part)
}

func same(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	order, ok := compare(a, b)
	return ok && order == 0
}

// compare orders two values of one kind; a date may be written as a string.
func compare(a, b any) (int, bool) {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(strings.ToLower(a), strings.ToLower(b)), true
		}
		if t, ok := parseTime(a); ok {
			return compareTime(t, b)
		}
	case bool:
		b, ok := b.(bool)
		return cmp.Compare(sortKey(a), sortKey(b)), ok
	case time.Time:
		return compareTime(a, b)
	case int64, float64:
		x, _ := float(a)
		y, ok := float(b)
		return cmp.Compare(x, y), ok
	}
	return 0, false
}

func compareTime(a time.Time, b any) (int, bool) {
	switch b := b.(type) {
	case time.Time:
		return a.Compare(b), true
	case string:
		t, ok := parseTime(b)
		return a.Compare(t), ok
	}
	return 0, false
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
