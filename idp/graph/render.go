package graph

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// metadata is how every @odata.context begins.
func (c *call) metadata() string { return c.Base + "/" + c.version + "/$metadata#" }

// context is the @odata.context of what the path names: users, users('1')/memberOf;
// single is for one item of it.
func (c *call) context(single bool) string {
	path := c.route.context
	if path == "" {
		path = c.contextPath(single)
	}
	if len(c.query.selected) > 0 {
		path += "(" + strings.Join(c.query.selected, ",") + ")"
	}
	if single {
		path += "/$entity"
	}
	return c.metadata() + path
}

func (c *call) contextPath(single bool) string {
	pattern := strings.Split(strings.TrimPrefix(c.route.path, "/"), "/")
	if single && isName(pattern[len(pattern)-1]) {
		pattern = pattern[:len(pattern)-1]
	}
	var b strings.Builder
	for i, s := range pattern {
		switch {
		case isName(s):
			key := strings.ReplaceAll(c.params[s[1:len(s)-1]], "'", "''")
			b.WriteString("('" + url.PathEscape(key) + "')")
			continue
		case i > 0:
			b.WriteByte('/')
		}
		name, _, _ := strings.Cut(s, "(")
		b.WriteString(name)
	}
	return b.String()
}

// one answers 200 with an item.
func (e *entity[T, C]) one(c *call, item T) reply {
	o := e.render(c, item)
	o["@odata.context"] = c.context(true)
	return ok(o)
}

// reads is the handler of a route that answers with the one item that find finds.
func (e *entity[T, C]) reads(find func(*call) (T, error)) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		item, err := find(c)
		if err == nil {
			err = e.ready(c, []T{item})
		}
		if err != nil {
			return reply{}, err
		}
		return e.one(c, item), nil
	}
}

// single answers 200 with what there is one of, which is no item of a collection.
func (e *entity[T, C]) single(c *call, it T) reply {
	out := e.one(c, it)
	out.body.(object)["@odata.context"] = c.context(false)
	return out
}

// created answers 201 with an item. Its place is the request's own path and its id.
func (e *entity[T, C]) created(c *call, item T) reply {
	out := e.one(c, item)
	out.status = http.StatusCreated
	path := strings.TrimSuffix(c.request.URL.EscapedPath(), "/")
	out.header = http.Header{"Location": {c.Base + path + "/" + url.PathEscape(e.id(item))}}
	return out
}

// render is an item with the properties that were asked for.
func (e *entity[T, C]) render(c *call, item T) object {
	selected := c.query.selected
	if e.derived != nil {
		return chosen(plainObject(e.derived(c.whole(len(selected) > 0), item)), selected)
	}
	o := object{}
	for _, p := range e.properties {
		asked := slices.Contains(selected, p.name)
		if p.get == nil || !asked && (len(selected) > 0 || p.flags.has(onSelect) && !c.query.whole) || p.flags.has(betaOnly) && c.version != "beta" {
			continue
		}
		o[p.name] = plain(p.get(c, item))
	}
	if e.typed {
		o["@odata.type"] = e.odataType()
	}
	return o
}

// typedObject is an item with its @odata.type, whatever is selected: for derived, and for
// objects within objects.
func (e *entity[T, C]) typedObject(c *call, item T) object {
	o := e.render(c.whole(c.query.whole), item)
	o["@odata.type"] = e.odataType()
	return o
}

// whole is the call without a selection: of every property there is, or of those that
// are shown unasked.
func (c *call) whole(every bool) *call {
	all := *c
	all.query = &query{whole: every}
	return &all
}

func (e *entity[T, C]) odataType() string { return "#microsoft.graph." + e.name }

// chosen keeps what $select names, and annotations.
func chosen(o object, selected []string) object {
	if len(selected) == 0 {
		return o
	}
	out := object{}
	for name, v := range o {
		if strings.HasPrefix(name, "@") || slices.Contains(selected, name) {
			out[name] = v
		}
	}
	return out
}

// lookup is a property of an item as filters, orders and searches see it.
func (e *entity[T, C]) lookup(c *call, item T) func(name string) any {
	if e.derived != nil {
		o := e.derived(c.whole(true), item)
		return func(name string) any { return normal(o[name]) }
	}
	return func(name string) any {
		for _, p := range e.properties {
			if p.name == name && p.get != nil {
				return normal(p.get(c, item))
			}
		}
		return nil
	}
}

// plain is normal with times written out: what goes into JSON.
func plain(v any) any {
	switch v := normal(v).(type) {
	case time.Time:
		return formatTime(v)
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		return v
	case object:
		return plainObject(v)
	default:
		return v
	}
}

func plainObject(o object) object {
	out := make(object, len(o))
	for name, v := range o {
		out[name] = plain(v)
	}
	return out
}

// normal reduces what a property may be to nil, string, bool, int64, float64,
// time.Time, []any and object. The zero time and nil pointers are null; nil lists are
// empty ones.
func normal(v any) any {
	switch v := v.(type) {
	case nil, string, bool, object:
		return v
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.String:
		return r.String()
	case reflect.Bool:
		return r.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int()
	case reflect.Float32, reflect.Float64:
		return r.Float()
	case reflect.Pointer:
		if r.IsNil() {
			return nil
		}
		return normal(r.Elem().Interface())
	case reflect.Slice:
		items := make([]any, r.Len())
		for i := range items {
			items[i] = normal(r.Index(i).Interface())
		}
		return items
	}
	panic("graph: a property is a " + r.Type().String())
}
