package graph

import (
	"strings"
	"time"
)

// member finds a member by name in any case, as people write them in scripts.
func member(o object, name string) (any, bool) {
	if v, ok := o[name]; ok {
		return v, true
	}
	for key, v := range o {
		if strings.EqualFold(key, name) {
			return v, true
		}
	}
	return nil, false
}

// value is what a request gives a property, of the property's kind.
type value struct{ v any }

func (v value) null() bool      { return v.v == nil }
func (v value) text() string    { s, _ := v.v.(string); return s }
func (v value) boolean() bool   { b, _ := v.v.(bool); return b }
func (v value) number() int     { n, _ := v.v.(int); return n }
func (v value) time() time.Time { t, _ := v.v.(time.Time); return t }

// list is each item of a collection.
func (v value) list() []value {
	items, _ := v.v.([]any)
	out := make([]value, len(items))
	for i, item := range items {
		out[i] = value{item}
	}
	return out
}

// texts is a collection of strings.
func (v value) texts() []string {
	out := []string{}
	for _, item := range v.list() {
		out = append(out, item.text())
	}
	return out
}

// member is a member of a complex value, null where it is not there.
func (v value) member(name string) value { return value{v.object()[name]} }

func (v value) object() object { o, _ := v.v.(object); return o }
