package graph

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"latchkey/idp"
)

// unchanging is a property that is the same of every item, and of which a body may repeat what
// it is, as tools do that send back what they have read.
func unchanging[T, C any](name string, k kind, v any) property[T, C] {
	raw, _ := json.Marshal(v) // of a literal: cannot fail
	var is any
	_ = json.Unmarshal(raw, &is)
	set := func(_ C, said value) error {
		if !repeats(said.v, is) {
			return idp.Errorf(idp.Invalid, "Property '%s' can only be %s.", name, raw)
		}
		return nil
	}
	return property[T, C]{name: name, kind: k, get: constant[T](v), set: set}
}

// repeats tells whether JSON says of something nothing else than it is.
func repeats(said, is any) bool {
	switch said := said.(type) {
	case nil:
		return true
	case object:
		whole, ok := is.(object)
		for name, v := range said {
			ok = ok && (strings.HasPrefix(name, "@odata.") || repeats(v, whole[name]))
		}
		return ok
	case []any:
		all, ok := is.([]any)
		return ok && slices.EqualFunc(said, all, repeats)
	}
	return reflect.DeepEqual(said, is)
}
