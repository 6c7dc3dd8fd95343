//go:build conformance

package main

import (
	"flag"
	"fmt"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"
)

var (
	conformanceSuite  = flag.String("suite", "", "URL of a running OpenID conformance suite")
	conformancePlans  = flag.String("plans", "*", "which plans to run: names as in plans.json, or patterns, separated by commas")
	conformanceModule = flag.String("module", "*", "which modules to run: a name or a pattern")
	conformanceReport = flag.String("report", "", "file to write the report to")
	conformanceHost   = flag.String("host", "localhost", "name by which the suite and its browser reach this provider")
)

// moduleLimit ends a module that hangs. The slowest wait a minute on purpose.
const moduleLimit = 4 * time.Minute

// TestConformance has a running conformance suite test a provider: every plan of
// testdata/conformance/plans.json, every module of a plan in order. A warning or
// failure that explained.json does not explain fails the test.
func TestConformance(t *testing.T) {
	if *conformanceSuite == "" {
		t.Fatal("no suite: name a running one with -suite=https://…")
	}
	s := newSuite(t, *conformanceSuite)
	version, err := s.version()
	if err != nil {
		t.Fatal(err)
	}
	w := newConformanceWorld(t, s)
	d := &conformance{suite: s, world: w, script: w.script(t), known: readExplained(t), report: conformanceRun{Version: version, Day: time.Now()}}
	for _, p := range w.plans(t) {
		if named(*conformancePlans, p.Name) {
			t.Run(p.Name, func(t *testing.T) { d.plan(t, p) })
		}
	}
	if len(d.report.Plans) == 0 {
		t.Fatalf("no plan is called %q", *conformancePlans)
	}
	fmt.Println()
	for _, p := range d.report.Plans {
		fmt.Println(p.line())
	}
	if *conformancePlans == "*" && *conformanceModule == "*" {
		for _, e := range d.known.unused() {
			t.Errorf("explained, but did not happen: %s %s %s", e.Plan, e.Module, e.Src)
		}
	}
	if err := d.report.write(*conformanceReport); err != nil {
		t.Error(err)
	}
}

// named tells whether one of the patterns, separated by commas, fits a name.
func named(patterns, name string) bool {
	for p := range strings.SplitSeq(patterns, ",") {
		if ok, err := path.Match(strings.TrimSpace(p), name); ok && err == nil {
			return true
		}
	}
	return false
}

// conformance runs plans of the suite against a provider.
type conformance struct {
	suite  *suite
	world  *conformanceWorld
	script script
	known  *explanations
	report conformanceRun
}

// plan creates a plan and runs its modules in order.
func (d *conformance) plan(t *testing.T, p conformancePlan) {
	made, err := d.suite.createPlan(p.Plan, p.Variant, d.world.config(t, p, d.script))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%s: %d modules, %s\n", p.Name, len(made.Modules), d.suite.page("plan-detail.html", url.Values{"plan": {made.ID}}))
	result := planResult{Plan: p}
	for _, m := range made.Modules {
		if !named(*conformanceModule, m.Name) {
			continue
		}
		t.Run(m.label(), func(t *testing.T) {
			r := d.module(t, p, made.ID, m)
			d.known.explain(p.Name, &r)
			fmt.Println(r.lines())
			if !r.settled() {
				t.Errorf("%s: %s", m.label(), r.Result)
			}
			result.Modules = append(result.Modules, r)
		})
	}
	if len(result.Modules) > 0 {
		d.report.Plans = append(d.report.Plans, result)
		fmt.Println(result.line())
	}
}
