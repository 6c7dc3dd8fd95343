package main

import (
	"github.com/rogpeppe/go-internal/testscript"

	"latchkey/cmd/latchkey/device/devicetest"
)

type scriptAskers struct{}

// scriptAsker starts a server that asks devices until the end of the script, and sets a variable
// to its address: asker SERVER.
func scriptAsker(ts *testscript.TestScript, _ bool, args []string) {
	s := devicetest.Start()
	ts.Defer(s.Close)
	ts.Setenv(args[0], s.URL)
	ts.Value(scriptAskers{}).(map[string]*devicetest.Server)["server"] = s
}

func askerOf(ts *testscript.TestScript) *devicetest.Server {
	return ts.Value(scriptAskers{}).(map[string]*devicetest.Server)["server"]
}

// scriptInvites lets somebody add a device, and sets variables to the link and the code:
// invites LINK CODE anna@contoso.example [operator].
func scriptInvites(ts *testscript.TestScript, _ bool, args []string) {
	link, code := askerOf(ts).Invite(args[2], len(args) > 3)
	ts.Setenv(args[0], link)
	ts.Setenv(args[1], code)
}

// scriptConfirms confirms the device of somebody once it has shown itself; negated, it is
// removed instead.
func scriptConfirms(ts *testscript.TestScript, neg bool, args []string) {
	askerOf(ts).Shown(args[0])
	if neg {
		askerOf(ts).Forget(args[0])
		return
	}
	askerOf(ts).Confirm(args[0])
}

// scriptAsks asks the devices of somebody, and sets a variable to the request's id:
// asks ID anna@contoso.example type 47.
func scriptAsks(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], askerOf(ts).Ask(args[1], args[2], args[3]))
}

// scriptBecame expects a state of a request, and why: became $ID denied not_me.
func scriptBecame(ts *testscript.TestScript, _ bool, args []string) {
	state, reason := askerOf(ts).State(args[0])
	if state != args[1] || len(args) > 2 && reason != args[2] {
		ts.Fatalf("the request is %s %s", state, reason)
	}
}
