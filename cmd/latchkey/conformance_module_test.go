//go:build conformance

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// rotates is the module before whose start the provider has to rotate its keys.
const rotates = "oidcc-server-rotate-keys"

// driver is where findings come from that the suite has not made.
const driver = "driver"

// module runs one module to its end, or to moduleLimit.
func (d *conformance) module(t *testing.T, p conformancePlan, plan string, m suiteModule) moduleResult {
	begun := time.Now()
	r := moduleResult{Module: m, Result: "FAILED"}
	id, err := d.suite.createModule(plan, m)
	if err != nil {
		return r.with(driver, err.Error())
	}
	r.Page = d.suite.page("log-detail.html", url.Values{"log": {id}})
	ctx, stop := context.WithTimeout(t.Context(), moduleLimit)
	defer stop()
	var by *surfer
	if p.Chromium {
		if by, err = newSurfer(t, d, id); err != nil {
			return r.with(driver, err.Error())
		}
	}
	info, err := d.follow(ctx, m, id, by)
	r.Took = time.Since(begun)
	if err != nil {
		return d.read(id, r.with(driver, err.Error()))
	}
	if info.Status == "FINISHED" {
		r.Result = info.Result
	}
	return d.read(id, r)
}

// follow polls a module and does what it waits for.
func (d *conformance) follow(ctx context.Context, m suiteModule, id string, by *surfer) (suiteInfo, error) {
	started := false
	for {
		info, err := d.suite.info(id)
		switch {
		case err != nil:
			return info, err
		case info.Status == "FINISHED" || info.Status == "INTERRUPTED":
			return info, nil
		case info.Status == "CONFIGURED" && !started:
			started = true
			err = d.start(ctx, m, id)
		case info.Status == "WAITING" && by != nil:
			err = by.surf()
		}
		if err != nil {
			return info, err
		}
		select {
		case <-ctx.Done():
			return info, d.stuck(id, info)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// start sets off a module that does not do so by itself; for the others it
// changes nothing.
func (d *conformance) start(ctx context.Context, m suiteModule, id string) error {
	if m.Name == rotates {
		if err := d.world.rotateKeys(ctx); err != nil {
			return err
		}
	}
	return d.suite.start(id)
}

// stuck ends a module that hangs, and tells what it was waiting for.
func (d *conformance) stuck(id string, info suiteInfo) error {
	told := fmt.Sprintf("hangs in %s after %v", info.Status, moduleLimit)
	if b, err := d.suite.browser(id); err == nil {
		for _, u := range b.URLs {
			told += "; nobody visits " + u
		}
		for _, r := range b.Runners {
			told += fmt.Sprintf("; its browser is at %s, in %q (%s) %s", r.CurrentURL, r.CurrentTask, r.CurrentCommand, r.LastException)
		}
	}
	if entries, err := d.suite.log(id); err == nil {
		for _, e := range entries {
			if e.Upload != "" {
				told += "; it wants a picture: " + e.Msg
			}
		}
	}
	if err := d.suite.cancel(id); err != nil {
		told += "; " + err.Error()
	}
	return errors.New(told)
}

// read takes from a module's log what it found and why it was skipped.
func (d *conformance) read(id string, r moduleResult) moduleResult {
	entries, err := d.suite.log(id)
	if err != nil {
		return r.with(driver, err.Error())
	}
	for _, e := range entries {
		switch {
		case e.Result == "FAILURE" || e.Result == "WARNING":
			msg, _, _ := strings.Cut(e.Msg, "\n") // the rest is the suite's own stack
			r.Findings = append(r.Findings, finding{Result: e.Result, Src: e.Src, Msg: msg})
		case e.Result == "SKIPPED":
			r.Reason = strings.TrimPrefix(e.Msg, "The test was skipped: ")
		}
	}
	if r.Result != "PASSED" && r.Result != "REVIEW" && r.Result != "SKIPPED" && len(r.Findings) == 0 {
		r = r.with(driver, "the module ended without saying why: "+lastWords(entries))
	}
	return r
}

func lastWords(entries []suiteEntry) string {
	if len(entries) == 0 {
		return "its log is empty"
	}
	last := entries[len(entries)-1]
	return last.Src + ": " + last.Msg
}
