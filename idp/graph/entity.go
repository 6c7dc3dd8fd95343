package graph

import (
	"slices"
	"strings"
)

// entity describes a resource of Graph's: T is what it is made of, C what a request
// that creates or changes it is collected in; none for what nobody writes.
type entity[T, C any] struct {
	name       string // user: its type is microsoft.graph.user
	properties []property[T, C]
	// id is what a source of a collection continues after, and what breaks ties of order.
	id func(T) string
	// typed: every rendering says @odata.type; a body that says another is refused.
	typed bool
	// derived renders an item of a mixed collection in full, with its @odata.type;
	// kinds are what it may be. The entity's own properties are what all have in common.
	derived func(*call, T) object
	kinds   []shape
	// prepare reads what the query takes of items beside themselves, before they are looked
	// at; nil where that is nothing.
	prepare func(*call, []T) error
}

// none is C of an entity that is only read, and T of the parameters of an action.
type none struct{}

// property is one property of an entity.
type property[T, C any] struct {
	name  string
	kind  kind
	flags flags
	get   func(*call, T) any        // nil: never shown, as a parameter of an action is not
	set   func(in C, v value) error // nil: read-only
}

// constant is what a property is that is the same of every item.
func constant[T any](v any) func(*call, T) any { return func(*call, T) any { return v } }

// fixed is such a property, which nobody sets.
func fixed[T, C any](name string, k kind, v any) property[T, C] {
	return property[T, C]{name: name, kind: k, get: constant[T](v)}
}

// flags are what is special about a property.
type flags uint

const (
	onSelect    flags = 1 << iota // shown only where $select names it
	betaOnly                      // unknown in v1.0
	noFilter                      // neither filtered nor ordered nor searched by
	required                      // in a body that creates; never null
	onCreate                      // read-only afterwards
	writtenInV1                   // beta only, but taken in a body of v1.0
)

func (f flags) has(one flags) bool { return f&one != 0 }

// shape is an entity without its type parameters.
type shape interface {
	typeName() string // user
	fields() []field
	derivedShapes() []shape
}

func (e *entity[T, C]) typeName() string       { return e.name }
func (e *entity[T, C]) derivedShapes() []shape { return e.kinds }

func (e *entity[T, C]) fields() []field {
	out := make([]field, 0, len(e.properties))
	for _, p := range e.properties {
		out = append(out, field{name: p.name, kind: p.kind, flags: p.flags, readOnly: p.set == nil})
	}
	return out
}

// allFields are those of a shape and of what is derived from it.
func allFields(s shape) []field {
	out := s.fields()
	for _, d := range s.derivedShapes() {
		out = append(out, allFields(d)...)
	}
	return out
}

// findField finds a property by name, in any case.
func findField(s shape, name string, beta bool) (field, error) {
	fields := allFields(s)
	i := slices.IndexFunc(fields, func(f field) bool { return strings.EqualFold(f.name, name) && (beta || !f.flags.has(betaOnly)) })
	if i < 0 {
		return field{}, badQuery("Could not find a property named '" + name + "' on type 'microsoft.graph." + s.typeName() + "'.")
	}
	return fields[i], nil
}

// findPath is findField for a path such as status/errorCode.
func findPath(s shape, path []string, beta bool) (field, []string, error) {
	f, err := findField(s, path[0], beta)
	if err != nil {
		return f, nil, err
	}
	if f.flags.has(noFilter) {
		return f, nil, unsupported(f.name)
	}
	names := []string{f.name}
	for _, name := range path[1:] {
		i := slices.IndexFunc(f.kind.members, func(m field) bool { return strings.EqualFold(m.name, name) })
		if i < 0 {
			return f, nil, badQuery("Could not find a property named '" + name + "' on '" + f.name + "'.")
		}
		f = f.kind.members[i]
		names = append(names, f.name)
	}
	return f, names, nil
}
