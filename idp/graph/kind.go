package graph

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"latchkey/idp"
)

// kind is the type of a property.
type kind struct {
	edm     string
	list    bool
	enum    []string // what a string may be
	members []field  // of a complex value
}

// field is what is known of a property whatever it belongs to.
type field struct {
	name     string
	kind     kind
	flags    flags
	readOnly bool
}

// The plain kinds.
var (
	edmString   = kind{edm: "String"}
	edmBoolean  = kind{edm: "Boolean"}
	edmInt32    = kind{edm: "Int32"}
	edmDateTime = kind{edm: "DateTimeOffset"}
	edmGUID     = kind{edm: "Guid"}
	edmAny      = kind{edm: "Untyped"} // whatever JSON there is
)

// listOf is a collection of a kind.
func listOf(k kind) kind {
	k.list = true
	return k
}

// enumOf is a string out of these, which are accepted in any case.
func enumOf(values ...string) kind { return kind{edm: "String", enum: values} }

// enumFrom is enumOf what the rules call by the same names.
func enumFrom[T ~string](values []T) kind {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return enumOf(names...)
}

// complexOf is an object within an entity. Members that are not named are tolerated.
func complexOf(members ...field) kind { return kind{edm: "Object", members: members} }

func (k kind) String() string {
	if k.list {
		return "Collection(" + k.edm + ")"
	}
	return k.edm
}

// read checks a JSON value and brings it into the form that value has accessors for.
func (k kind) read(name string, v any) (any, error) {
	if v == nil || k.edm == "Untyped" {
		return v, nil
	}
	if k.list {
		return k.readList(name, v)
	}
	out, ok := k.plain(v)
	if o, isObject := v.(object); isObject && k.edm == "Object" {
		return k.readMembers(name, o)
	}
	if !ok {
		return nil, idp.Errorf(idp.Invalid, "Invalid value specified for property '%s': expected %s.", name, k)
	}
	if len(k.enum) > 0 {
		return k.readEnum(name, out.(string))
	}
	return out, nil
}

func (k kind) readList(name string, v any) (any, error) {
	items, ok := v.([]any)
	if !ok {
		return nil, idp.Errorf(idp.Invalid, "Invalid value specified for property '%s': expected %s.", name, k)
	}
	one := k
	one.list = false
	out := make([]any, len(items))
	for i, item := range items {
		if item == nil {
			return nil, idp.Errorf(idp.Invalid, "Invalid value specified for property '%s': an item is null.", name)
		}
		var err error
		if out[i], err = one.read(name, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (k kind) readMembers(name string, o object) (any, error) {
	out := object{}
	for _, m := range k.members {
		v, there := member(o, m.name)
		if !there {
			continue
		}
		var err error
		if out[m.name], err = m.kind.read(name+"/"+m.name, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (k kind) readEnum(name, s string) (any, error) {
	i := slices.IndexFunc(k.enum, func(e string) bool { return strings.EqualFold(e, s) })
	if i < 0 {
		return nil, idp.Errorf(idp.Invalid, "Invalid value specified for property '%s': expected one of %s.", name, strings.Join(k.enum, ", "))
	}
	return k.enum[i], nil
}

// plain converts what is neither list nor object.
func (k kind) plain(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		switch k.edm {
		case "DateTimeOffset":
			return parseTimeAny(v)
		case "Guid":
			id := strings.ToLower(v)
			return id, idp.IsID(id)
		}
		return v, k.edm == "String"
	case bool:
		return v, k.edm == "Boolean"
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 32)
		return int(n), err == nil && k.edm == "Int32"
	}
	return nil, false
}

func parseTimeAny(s string) (any, bool) {
	t, ok := parseTime(s)
	return t, ok
}
