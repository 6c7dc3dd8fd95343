//go:build conformance

package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// conformancePlan is a plan of the suite and how it is to be run.
type conformancePlan struct {
	Name     string // what -plans names it by
	Plan     string // what the suite calls it
	Variant  map[string]string
	Clients  map[string]string            // static clients: the suite's name → ours; none: they register themselves
	Modules  map[string]map[string]string // modules that use other ones of these
	Chromium bool                         // our Chromium opens the pages, not the suite's own browser
	Config   map[string]any               // what the suite is told besides
}

// variant lists what is chosen.
func (p conformancePlan) variant() string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(p.Variant)) {
		out = append(out, strings.ReplaceAll(k, "_", " ")+" "+p.Variant[k])
	}
	return strings.Join(out, ", ")
}

// readConformance reads a file of the profile with {words} replaced.
func readConformance(t *testing.T, name string, words *strings.Replacer, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "conformance", name))
	if err != nil {
		t.Fatal(err)
	}
	text := words.Replace(string(data))
	if word := regexp.MustCompile(`\{[a-z-]+\}`).FindString(text); word != "" {
		t.Fatalf("%s: nothing is called %s", name, word)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// script is what the suite's own browser does on our pages. A journey is one visit:
// its address and the tasks on the pages that follow.
type script struct {
	Tasks    map[string]map[string]any
	Journeys map[string]struct {
		Match string
		Limit int `json:"match-limit"` // how often; 0 for always
		Tasks []string
	}
	Always  []string            // journeys of every module
	Modules map[string][]string // journeys of those that go another way
}

// browser puts journeys as the suite wants them.
func (s script) browser(t *testing.T, names []string) []any {
	t.Helper()
	var out []any
	for _, name := range names {
		j, ok := s.Journeys[name]
		if !ok {
			t.Fatalf("browser.json has no journey %q", name)
		}
		var tasks []any
		for _, task := range j.Tasks {
			if s.Tasks[task] == nil {
				t.Fatalf("browser.json has no task %q", task)
			}
			one := maps.Clone(s.Tasks[task])
			one["task"] = task
			tasks = append(tasks, one)
		}
		visit := map[string]any{"match": j.Match, "tasks": tasks}
		if j.Limit > 0 {
			visit["match-limit"] = j.Limit
		}
		out = append(out, visit)
	}
	return out
}

// explanations are findings that are known and all right.
type explanations struct {
	list []explanation
	used map[int]bool
}

type explanation struct {
	Plan   string // "" for every plan
	Module string
	Src    string
	Why    string
}

func readExplained(t *testing.T) *explanations {
	t.Helper()
	e := &explanations{used: map[int]bool{}}
	readConformance(t, "explained.json", strings.NewReplacer(), &e.list)
	return e
}

// explain fills in why findings are all right.
func (e *explanations) explain(plan string, r *moduleResult) {
	for i, x := range e.list {
		for j, f := range r.Findings {
			if (x.Plan == "" || x.Plan == plan) && x.Module == r.Module.Name && x.Src == f.Src {
				r.Findings[j].Why, e.used[i] = x.Why, true
			}
		}
	}
}

func (e *explanations) unused() []explanation {
	var out []explanation
	for i, x := range e.list {
		if !e.used[i] {
			out = append(out, x)
		}
	}
	return out
}
