package graph

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample is a reply as Graph documents it, for the replies that have this shape.
type sample struct {
	Source string // where it is documented
	One    []string
	Page   []string // of these
	Bare   []string // without a context: errors and batches

	Null     []string // fields that may be null, as paths
	Optional []string // and that may be absent
	Select   []string // that are there only when $select names them
	Entity   any
}

// wantSamples holds each reply's JSON against the sample for it, field by field: all that
// is documented is there, of the same type, and nothing else.
func wantSamples(t *testing.T) {
	samples := readSamples(t)
	compared := map[string]int{}
	for _, e := range wire.all {
		s, found := samples[e.name()]
		if e.status >= 400 {
			s, found = samples["error"]
		}
		switch {
		case e.status == 204:
			wantEqual(t, e.name()+": length of the body", len(e.reply), 0)
			continue
		case strings.HasSuffix(e.endpoint(), "/$count") && e.status == 200: // a number
			continue
		case !found:
			t.Errorf("no sample for %s: %s", e.name(), e.reply)
			continue
		}
		var reply any
		wantNone(t, json.Unmarshal(e.reply, &reply))
		faults := s.compare(e, reply)
		slices.Sort(faults)
		for _, fault := range slices.Compact(faults) {
			t.Errorf("%s: %s", e.name(), fault)
		}
		compared[fmt.Sprintf("%s (%s)", e.name(), s.Source)]++
	}
	for _, name := range sorted(compared) {
		t.Logf("%3d %s", compared[name], name)
	}
}

func readSamples(t *testing.T) map[string]*sample {
	t.Helper()
	all := map[string]*sample{}
	files := must(filepath.Glob(filepath.Join("testdata", "samples", "*.json")))(t)
	for _, file := range files {
		var s sample
		if err := json.Unmarshal(must(os.ReadFile(file))(t), &s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, name := range slices.Concat(s.One, s.Page, s.Bare) {
			if all[name] != nil {
				t.Fatalf("%s: there are two samples for %s", file, name)
			}
			all[name] = &s
		}
	}
	return all
}

type object = map[string]any

// compare lists what is wrong with a reply.
func (s *sample) compare(e *exchange, reply any) []string {
	c := comparison{sample: s, selected: selectedBy(e)}
	whole, _ := reply.(object)
	if !slices.Contains(s.Bare, e.name()) && e.status < 400 {
		context, _ := whole["@odata.context"].(string)
		version, _, _ := strings.Cut(e.request.URL.Path[1:], "/")
		if !strings.HasPrefix(context, contoso.base+"/"+version+"/$metadata#") {
			c.faultf("", "@odata.context is %q", context)
		}
		delete(whole, "@odata.context")
	}
	if slices.Contains(s.Page, e.name()) {
		c.page(whole)
	} else {
		c.same("", reply, s.Entity)
	}
	return c.faults
}

func selectedBy(e *exchange) []string {
	if s := e.request.URL.Query().Get("$select"); s != "" {
		return strings.Split(s, ",")
	}
	return nil
}
