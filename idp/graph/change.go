package graph

import (
	"maps"
	"slices"
	"strings"

	"latchkey/idp"
)

// readNew collects a body that creates. What the client cannot set is ignored, as SDKs
// send whole objects.
func (e *entity[T, C]) readNew(c *call, in C) error { return e.readInto(c, in, true) }

// readChange collects a body that changes. Either all of it can be set or none is.
func (e *entity[T, C]) readChange(c *call, in C) error { return e.readInto(c, in, false) }

func (e *entity[T, C]) readInto(c *call, in C, creating bool) error {
	if err := e.checkType(c.body); err != nil {
		return err
	}
	var sets []func() error // none runs before all have been read
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.body)) {
		p, known := e.property(c, name)
		if meant := e.meant(name); !known && meant != "" {
			return idp.Errorf(idp.Invalid, "The property '%s' does not exist on type 'microsoft.graph.%s'. Did you mean '%s'?", name, e.name, meant)
		}
		if !known || creating && p.set == nil {
			continue
		}
		v, err := p.read(c.body[name], creating)
		if err != nil {
			return err
		}
		seen[p.name] = true
		sets = append(sets, func() error { return p.set(in, v) })
	}
	if err := e.checkRequired(seen, creating); err != nil {
		return err
	}
	for _, set := range sets {
		if err := set(); err != nil {
			return err
		}
	}
	return nil
}

// property finds one by name, in any case, as people write them in scripts.
func (e *entity[T, C]) property(c *call, name string) (p property[T, C], known bool) {
	for _, p := range e.properties {
		if strings.EqualFold(p.name, name) {
			return p, !p.flags.has(betaOnly) || p.flags.has(writtenInV1) || c.version == "beta"
		}
	}
	return p, false
}

// read checks what a body has for the property.
func (p property[T, C]) read(given any, creating bool) (value, error) {
	if p.set == nil || p.flags.has(onCreate) && !creating {
		return value{}, idp.Errorf(idp.Invalid, "Property '%s' is read-only and cannot be set.", p.name)
	}
	v, err := p.kind.read(p.name, given)
	if err == nil && v == nil && p.flags.has(required) {
		err = idp.Errorf(idp.Invalid, "Property '%s' cannot be null.", p.name)
	}
	return value{v}, err
}

func (e *entity[T, C]) checkRequired(seen map[string]bool, creating bool) error {
	for _, p := range e.properties {
		if creating && p.flags.has(required) && !seen[p.name] {
			return idp.Errorf(idp.Invalid, "A value is required for property '%s' of resource '%s'.", p.name, e.name)
		}
	}
	return nil
}

// checkType refuses a body that says it is of another type.
func (e *entity[T, C]) checkType(body object) error {
	said, there := body["@odata.type"]
	if !e.typed || !there {
		return nil
	}
	name, _ := said.(string)
	if !strings.EqualFold(strings.TrimPrefix(name, "#"), "microsoft.graph."+e.name) {
		return idp.Errorf(idp.Invalid, "The @odata.type must be '%s'.", e.odataType())
	}
	return nil
}

// meant is the property that a name is a slip of, "" for none. What there is not at all is
// tolerated, as SDKs send such things; a misspelt property of a pass would leave it weaker
// than was meant.
func (e *entity[T, C]) meant(name string) string {
	for _, p := range e.properties {
		if p.set != nil && isSlip(strings.ToLower(name), strings.ToLower(p.name)) {
			return p.name
		}
	}
	return ""
}

// isSlip tells whether two words are a letter apart: one too many, missing or wrong, or
// two in the wrong order.
func isSlip(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	swapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	return a != b && (len(a) <= 1 && len(b) <= 1 || swapped)
}
