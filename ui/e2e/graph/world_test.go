package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"testing"
)

// organization is one of the demo's, as its report has it.
type organization struct {
	ID, Domain string
	Clients    []client
	Users      []user
}

type client struct {
	Name   string
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

// user is somebody with a pass.
type user struct {
	ID   string
	Name string `json:"user_principal_name"`
	Pass string `json:"temporary_access_pass"`
}

// command is Latchkey's command line on the running demo; answer is what it prints.
func (d *demo) command(answer any, args ...string) error {
	args = append(args, "--data", d.data(), "--json")
	cmd := exec.Command(d.program(), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("latchkey %v: %w: %s", args, err, &stderr)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(out, answer)
}

// app is the client of the demo that has this name there.
func (d *demo) app(t *testing.T, name string) client {
	t.Helper()
	i := slices.IndexFunc(d.Clients, func(c client) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("the demo has no client %q", name)
	}
	return d.Clients[i]
}

// person is who has this address before the @.
func (o organization) person(t *testing.T, name string) user {
	t.Helper()
	i := slices.IndexFunc(o.Users, func(u user) bool { return u.Name == name+"@"+o.Domain })
	if i < 0 {
		t.Fatalf("the demo has nobody called %s@%s", name, o.Domain)
	}
	return o.Users[i]
}
