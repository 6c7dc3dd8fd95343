package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// comparison is of one reply with its sample.
type comparison struct {
	*sample
	selected []string
	faults   []string
}

func (c *comparison) faultf(at, format string, args ...any) {
	c.faults = append(c.faults, strings.TrimPrefix(at+": ", ": ")+fmt.Sprintf(format, args...))
}

func (c *comparison) page(whole object) {
	items, ok := whole["value"].([]any)
	if !ok {
		c.faultf("value", "is %T", whole["value"])
	}
	for name := range whole {
		if !slices.Contains([]string{"value", "@odata.nextLink", "@odata.count"}, name) {
			c.faultf(name, "is not documented")
		}
	}
	for _, item := range items {
		c.same("", item, c.variant(item, c.Entity))
	}
}

// variant is, of several samples, the one of the same type.
func (c *comparison) variant(item, samples any) any {
	all, several := samples.([]any)
	if !several {
		return samples
	}
	fields, _ := item.(object)
	i := slices.IndexFunc(all, func(s any) bool { return s.(object)["@odata.type"] == fields["@odata.type"] })
	if i < 0 {
		c.faultf("@odata.type", "%v is not documented", fields["@odata.type"])
		return object{}
	}
	return all[i]
}

// same compares values: an empty list or object of the sample stands for any.
func (c *comparison) same(at string, got, want any) {
	if got == nil {
		if want != nil && !slices.Contains(c.Null, at) {
			c.faultf(at, "is null")
		}
		return
	}
	switch want := want.(type) {
	case object:
		if fields, ok := got.(object); !ok {
			c.faultf(at, "is %T, documented as an object", got)
		} else if len(want) > 0 {
			c.fields(at, fields, want)
		}
	case []any:
		c.list(at, got, want)
	case string:
		c.text(at, got, want)
	default:
		if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			c.faultf(at, "is %T, documented as %T", got, want)
		}
	}
}

func (c *comparison) fields(at string, got, want object) {
	asked := func(name string) bool {
		if at == "" && c.selected != nil {
			return slices.Contains(c.selected, name)
		}
		return at != "" || !slices.Contains(c.Select, name)
	}
	for _, name := range sorted(want) {
		v, there := got[name]
		switch path := strings.TrimPrefix(at+"."+name, "."); {
		case there:
			c.same(path, v, want[name])
		case asked(name) && !slices.Contains(c.Optional, path):
			c.faultf(path, "is missing")
		}
	}
	for _, name := range sorted(got) {
		_, documented := want[name]
		if !documented {
			c.faultf(strings.TrimPrefix(at+"."+name, "."), "is not documented: %v", got[name])
		} else if !asked(name) && name != "id" && !strings.HasPrefix(name, "@") {
			c.faultf(name, "was not selected")
		}
	}
}

func (c *comparison) list(at string, got any, want []any) {
	items, ok := got.([]any)
	if !ok {
		c.faultf(at, "is %T, documented as a list", got)
		return
	}
	for _, item := range items {
		switch len(want) {
		case 0:
		case 1:
			c.same(at, item, want[0])
		default:
			c.same(at, item, c.variant(item, want))
		}
	}
	if len(want) > 1 && len(items) < len(want) {
		c.faultf(at, "has %d of %d kinds", len(items), len(want))
	}
}

// text: what is a moment in the sample is one in the reply.
func (c *comparison) text(at string, got any, want string) {
	s, ok := got.(string)
	if !ok {
		c.faultf(at, "is %T, documented as a string", got)
		return
	}
	if _, err := time.Parse(time.RFC3339, want); err != nil {
		return
	}
	if when, err := time.Parse(time.RFC3339, s); err != nil || when.Location() != time.UTC || !strings.HasSuffix(s, "Z") {
		c.faultf(at, "%q is no moment in UTC", s)
	}
}

// TestComparison: what a sample is for.
func TestComparison(t *testing.T) {
	const entity = `{"id": "a", "when": "2026-01-02T03:04:05Z", "name": "b", "count": 1, "of": [{"kind": "c"}], "any": []}`
	for _, c := range []struct{ name, reply, want string }{
		{"same", `{"id": "z", "when": "2027-01-02T03:04:05.1234567Z", "name": null, "count": 7, "of": [{"kind": "y"}, {"kind": "x"}], "any": [1]}`, ""},
		{"missing", `{"id": "z", "when": "2027-01-02T03:04:05Z", "count": 7, "of": [], "any": []}`, "name: is missing"},
		{"null", `{"id": null, "when": "2027-01-02T03:04:05Z", "name": "y", "count": 7, "of": [], "any": []}`, "id: is null"},
		{"type", `{"id": "z", "when": "2027-01-02T03:04:05Z", "name": "y", "count": "7", "of": {}, "any": []}`, "count: is string, documented as float64; of: is map[string]interface {}, documented as a list"},
		{"inner", `{"id": "z", "when": "2027-01-02T03:04:05Z", "name": "y", "count": 7, "of": [{"kind": 1}], "any": []}`, "of.kind: is float64, documented as a string"},
		{"more", `{"id": "z", "when": "2027-01-02T03:04:05Z", "name": "y", "count": 7, "of": [], "any": [], "own": 1}`, "own: is not documented: 1"},
		{"moment", `{"id": "z", "when": "2027-01-02 03:04", "name": "y", "count": 7, "of": [], "any": []}`, `when: "2027-01-02 03:04" is no moment in UTC`},
	} {
		var reply, sampled any
		wantNone(t, json.Unmarshal([]byte(c.reply), &reply))
		wantNone(t, json.Unmarshal([]byte(entity), &sampled))
		got := comparison{sample: &sample{Null: []string{"name"}}}
		got.same("", reply, sampled)
		wantEqual(t, c.name, strings.Join(got.faults, "; "), c.want)
	}
}
