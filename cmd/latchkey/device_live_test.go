package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/device"
	"latchkey/idp"
)

// liveDevice is a program that is a device, by its command line.
type liveDevice struct {
	t      *testing.T
	run    func(args ...string) (output string, ok bool)
	enrol  func(by deviceInvitedView, server string) []string
	called string
}

// says runs a command that must succeed, and expects words in what it writes.
func (d liveDevice) says(want string, args ...string) {
	d.t.Helper()
	if out, ok := d.run(args...); !ok || !strings.Contains(out, want) {
		d.t.Fatalf("%s %v: %s, want %q", d.called, args, out, want)
	}
}

// fails runs a command that must fail with these words.
func (d liveDevice) fails(want string, args ...string) {
	d.t.Helper()
	if out, ok := d.run(args...); ok || !strings.Contains(strings.ToLower(out), want) {
		d.t.Fatalf("%s %v: %s, want it to fail with %q", d.called, args, out, want)
	}
}

// TestDeviceCommands: latchkey device is somebody's device at a server that is Latchkey's.
func TestDeviceCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "device.json")
	liveDevice{
		t: t, called: "latchkey device", enrol: func(by deviceInvitedView, server string) []string {
			return []string{"enrol", "--code", by.Code, "--user", by.User, "--server", server}
		},
		run: func(args ...string) (string, bool) {
			var out bytes.Buffer
			code := run(t.Context(), append([]string{"device", args[0], "--device", file}, args[1:]...), &out, &out, nil)
			return out.String(), code == exitOK
		},
	}.journey()
}

// TestDeviceExample: so is the example in Python.
func TestDeviceExample(t *testing.T) {
	python, example := pythonWithJOSE(t), filepath.Join("..", "..", "docs", "examples", "device", "device.py")
	file := filepath.Join(t.TempDir(), "device.json")
	d := liveDevice{
		t: t, called: "device.py", enrol: func(by deviceInvitedView, _ string) []string { return []string{"enrol", by.Link} },
		run: func(args ...string) (string, bool) {
			out, err := exec.CommandContext(t.Context(), python, append([]string{example, "--file", file}, args...)...).CombinedOutput()
			return string(out), err == nil
		},
	}
	d.says("vectors are as they should be", "selftest", filepath.Join("..", "..", "docs", "device-protocol-vectors.json"))
	d.journey()
}

// pythonWithJOSE is a Python that has the example's one package: of the environment that
// `make deps` makes, or the machine's.
func pythonWithJOSE(t *testing.T) string {
	t.Helper()
	for _, name := range []string{filepath.Join("..", "..", "dist", "python", "bin", "python3"), "python3"} {
		if exec.CommandContext(t.Context(), name, "-c", "import jwcrypto").Run() == nil {
			return name
		}
	}
	if os.Getenv("LATCHKEY_TEST_REQUIRE") != "" {
		t.Fatal("there is no python3 with jwcrypto, and LATCHKEY_TEST_REQUIRE is set")
	}
	t.Skip("there is no python3 with jwcrypto: run make deps")
	return ""
}

// journey is a device's whole life at the demo.
func (d liveDevice) journey() {
	d.t.Helper()
	r := startDemo(d.t, "").report()
	user := r.tenant(d.t, "contoso.example").user(d.t, "noor@contoso.example")
	d.says("Added", d.enrol(inviteDevice(d.t, r, user), r.BaseURL)...)

	b, number := asksFor(d.t, r, user)
	d.says("Demo App", "list")
	d.fails("number", "approve", "--number", other(number))
	b.Press("approved", "1") // not yet: it shows another number
	d.says("approved", "approve", "--number", numberOn(b))
	b.Press("approved", "1")
	b.notNow()
	if b.Page() == "consent" {
		b.Press("decision", "allow")
	}
	if b.Landed().Get("code") == "" {
		d.t.Errorf("landed at %v", b.landed)
	}
	d.fails("no request", "approve", "--number", number)

	_, number = asksFor(d.t, r, user)
	d.says("denied", "deny")
	d.fails("no request", "approve", "--number", number)

	d.run("remove")
	d.fails("", "list")
}

// inviteDevice is an operator's invitation for a device of somebody.
func inviteDevice(t *testing.T, r demoReport, u reportUser) (v deviceInvitedView) {
	t.Helper()
	var out, told bytes.Buffer
	args := []string{"device", "invite", u.UserPrincipalName, "--tenant", "contoso.example", "--data", r.Data, "--json"}
	if code := run(t.Context(), args, &out, &told, nil); code != exitOK {
		t.Fatalf("%d: %s", code, told.String())
	}
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// asksFor begins to sign somebody in, up to the page with the number.
func asksFor(t *testing.T, r demoReport, u reportUser) (*person, string) {
	t.Helper()
	tenant := r.tenant(t, "contoso.example")
	web := tenant.client(t, "web")
	b := newPerson(t, web.RedirectURIs[0])
	b.Open(authorizeURL(r, tenant, web))
	b.WantPage("signin")
	b.Fill("username", u.UserPrincipalName)
	b.Submit()
	if b.Page() != "number-send" { // who has a pass is asked for that first
		b.Press("other", "1")
		b.Press("method", string(idp.AuthenticatorMethod))
	}
	b.WantPage("number-send")
	b.Press("send", "type")
	return b, numberOn(b)
}

// numberOn is the number on the page.
func numberOn(b *person) string {
	b.t.Helper()
	b.WantPage("number")
	n := b.first("strong", "id", "number")
	if n == nil {
		b.t.Fatalf("no number on the page:\n%s", b.Text())
	}
	return text(n)
}

// other is a number that is not the one.
func other(number string) string {
	if number[0] == '1' {
		return "2" + number[1:]
	}
	return "1" + number[1:]
}

// TestDeviceRekey: a device changes its key at a server that is Latchkey's, and answers by the
// new one alone.
func TestDeviceRekey(t *testing.T) {
	r := startDemo(t, "").report()
	user := r.tenant(t, "contoso.example").user(t, "noor@contoso.example")
	by, err := device.ParseLink(inviteDevice(t, r, user).Link)
	if err != nil {
		t.Fatal(err)
	}
	c, save := device.NewClient(nil, time.Now), func() error { return nil }
	e, err := c.Enrol(t.Context(), by, device.Description{Name: "Robot", App: "cli/1", Platform: "test"})
	if err != nil {
		t.Fatal(err)
	}
	old := *e.Account
	if err := c.Rekey(t.Context(), e.Account, save); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Self(t.Context(), &old); !device.IsRefused(err) {
		t.Errorf("the old key: %v", err)
	}
	_, number := asksFor(t, r, user)
	all, err := c.Challenges(t.Context(), e.Account, time.Second)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d requests, %v", len(all), err)
	}
	if state, err := c.Respond(t.Context(), e.Account, all[0], device.Answer{Decision: device.Approve, Number: number}, save); err != nil || state != "approved" {
		t.Errorf("%s, %v", state, err)
	}
	unknown := by
	unknown.Tenant = "nowhere.example"
	if _, err := c.Enrol(t.Context(), unknown, device.Description{Name: "Robot", App: "cli/1"}); !errors.Is(err, device.ErrNoTenant) {
		t.Errorf("no such tenant: %v", err)
	}
}
