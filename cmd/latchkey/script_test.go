package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/device/devicetest"
	"latchkey/idp"
)

func TestMain(m *testing.M) {
	if args := strings.Join(os.Args[1:], " "); strings.Contains(args, "-test.") && !strings.Contains(args, "-test.bench") {
		idp.DefaultCost = idp.Cost{Passes: 1, Memory: 8} // each demo stretches the codes of some fifty passes
	}
	testscript.Main(m, map[string]func(){"latchkey": main})
}

// TestScripts runs the command line as people do. Beside testscript's own
// commands there are those of scriptCommands.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("LATCHKEY_DATA", "data")
			e.Values[scriptServers{}] = map[string]*scriptServer{}
			e.Values[scriptAskers{}] = map[string]*devicetest.Server{}
			e.Values[scriptOffices{}] = &scriptOffice{make(chan string, 100)}
			return nil
		},
		Cmds: scriptCommands(),
	})
}

type scriptServers struct{}

// scriptServer is a server that a script started.
type scriptServer struct {
	cmd    *exec.Cmd
	served chan struct{} // its output has ended
}

func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"start": scriptStart, "end": scriptEnd, "exits": scriptExits, "field": scriptField, "get": scriptGet, "truncate": scriptTruncate, "same": scriptSame, "port": scriptPort,
		"as": scriptAs, "tamper": scriptTamper, "holds": scriptHolds, "post": scriptPost,
		"office": scriptStartOffice, "answered": scriptAnswered, "accepts": scriptAccepts, "blocks": scriptBlocks, "dns": scriptDNS, "provider": scriptProvider,
		"asker": scriptAsker, "invites": scriptInvites, "confirms": scriptConfirms, "asks": scriptAsks, "became": scriptBecame,
	}
}

// scriptStart runs serve on free ports, with more flags if given, until "end" or the end of
// the script. It returns once the server says that it serves, and sets
// $LISTEN and $METRICS to its addresses.
func scriptStart(ts *testscript.TestScript, _ bool, args []string) {
	program, err := exec.LookPath("latchkey")
	ts.Check(err)
	args = append([]string{"serve", "--base-url", "https://login.example", "--listen", "localhost:0", "--metrics-listen", "localhost:0"}, args...)
	s := &scriptServer{exec.Command(program, args...), make(chan struct{})}
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = []string{"TZ=UTC", "LATCHKEY_DATA=" + ts.Getenv("LATCHKEY_DATA")}
	out, err := s.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	ts.Value(scriptServers{}).(map[string]*scriptServer)["server"] = s
	ts.Defer(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })

	log, err := os.Create(ts.MkAbs("server.log"))
	ts.Check(err)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(log, lines.Text())
		var line struct{ Msg, Listen, Metrics string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			ts.Setenv("LISTEN", line.Listen)
			ts.Setenv("METRICS", line.Metrics)
			go func() {
				_, _ = io.Copy(log, out)
				_ = log.Close()
				close(s.served)
			}()
			return
		}
	}
	ts.Fatalf("the server did not start:\n%s", ts.ReadFile("server.log"))
}

// scriptEnd stops the server by SIGTERM, which must end well, or by another signal.
func scriptEnd(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(scriptServers{}).(map[string]*scriptServer)["server"]
	if len(args) > 0 && args[0] == "-KILL" {
		ts.Check(s.cmd.Process.Kill())
		<-s.served
		_ = s.cmd.Wait() // killed
		return
	}
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	<-s.served
	ts.Check(s.cmd.Wait())
}

// scriptExits runs a program that must exit with a code. From 1 on it must write to
// the standard error exactly one line, which begins with the program's name.
func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if told := ts.ReadFile("stderr"); want > 0 && (!strings.HasPrefix(told, "latchkey: ") || strings.Count(told, "\n") != 1) {
		ts.Fatalf("not one line of latchkey's: %q", told)
	}
}

// scriptField sets a variable to a field of the JSON object on the standard output:
// scriptField ID id.
func scriptField(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	value, ok := object[args[1]]
	if !ok {
		ts.Fatalf("there is no field %q", args[1])
	}
	ts.Setenv(args[0], fmt.Sprint(value))
}

// scriptGet writes what an address answers; it fails unless the status is 200.
func scriptGet(ts *testscript.TestScript, neg bool, args []string) {
	response, err := http.Get(args[0])
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
	if (response.StatusCode == http.StatusOK) == neg {
		ts.Fatalf("%s answered %s", args[0], response.Status)
	}
}

// scriptTruncate cuts a file: truncate FILE BYTES.
func scriptTruncate(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// scriptPort sets a variable to the port of a URL: port PORT $LISTEN.
func scriptPort(ts *testscript.TestScript, _ bool, args []string) {
	u, err := url.Parse(args[1])
	ts.Check(err)
	ts.Setenv(args[0], u.Port())
}

// scriptSame fails unless two files have the same content; unlike cmp it shows none.
func scriptSame(ts *testscript.TestScript, _ bool, args []string) {
	if ts.ReadFile(args[0]) != ts.ReadFile(args[1]) {
		ts.Fatalf("%s and %s differ", args[0], args[1])
	}
}

// TestExamples expects that each command has an example, and that a script runs
// every one of them as it is printed.
func TestExamples(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts: ", err)
	}
	var ran []string
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		ran = append(ran, strings.Split(string(text), "\n")...)
	}
	// The ports in the examples of these may be taken where the tests run;
	// every script starts serve, and TestDemo… the demo. Of the others, one needs an id,
	// and one the address of a server.
	elsewhere := []string{"latchkey serve", "latchkey demo", "latchkey federation unlink", "latchkey device enrol"}
	for _, cmd := range leaves((&cli{}).root()) {
		if cmd.Example == "" || cmd.Short == "" {
			t.Errorf("%s has no example or description", cmd.CommandPath())
		}
		for example := range strings.Lines(cmd.Example) {
			example = strings.TrimSpace(example)
			if !slices.Contains(elsewhere, cmd.CommandPath()) && !slices.Contains(ran, example) {
				t.Errorf("no script runs: %s", example)
			}
		}
	}
}

// leaves are the commands that do something.
func leaves(cmd *cobra.Command) []*cobra.Command {
	if len(cmd.Commands()) == 0 {
		return []*cobra.Command{cmd}
	}
	var all []*cobra.Command
	for _, sub := range cmd.Commands() {
		all = append(all, leaves(sub)...)
	}
	return all
}
