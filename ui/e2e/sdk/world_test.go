package sdk

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"
)

// What the demo gets beside its own: two APIs, so that a token for one is none for the
// other. Each test makes clients and people of its own.
const (
	calendarRead  = "https://api.contoso.example/calendar.read" // its tokens are JWTs
	calendarWrite = "https://api.contoso.example/calendar.write"
	calendarAll   = "https://api.contoso.example/.default"
	filesRead     = "https://files.contoso.example/files.read" // opaque
)

// dexDomain is federated with Dex. It is there before anything is asked of the server, which
// remembers for a second whose domains are whose.
const dexDomain = "dex.example"

// leastPass is how long the shortest pass lasts: shorter than an access token would.
const leastPass = 10 * time.Minute

func (d *demo) furnish() error {
	for _, args := range [][]string{
		{"policy", "set", "--min-lifetime", leastPass.String()},
		{"domain", "add", dexDomain},
		{"api", "create", "Calendar", "--identifier", "https://api.contoso.example", "--scope", "calendar.read", "--scope", "calendar.write", "--jwt"},
		{"api", "create", "Files", "--identifier", "https://files.contoso.example", "--scope", "files.read"},
	} {
		if err := d.command(nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// client is a registration whose tokens carry what Microsoft's libraries read.
type client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

func (d *demo) client(t *testing.T, args ...string) client {
	t.Helper()
	var c client
	if err := d.command(&c, append([]string{"client", "create", t.Name(), "--claims", "entra"}, args...)...); err != nil {
		t.Fatal(err)
	}
	return c
}

// user is somebody with a pass, or a guest without one, whom codes are mailed to.
type user struct {
	ID      string    `json:"user_id"`
	Name    string    `json:"user_principal_name"`
	Pass    string    `json:"temporary_access_pass"`
	PassEnd time.Time `json:"ends_at"`
}

func (d *demo) user(t *testing.T) user {
	t.Helper()
	name := strings.ToLower(t.Name()+rand.Text()) + "@contoso.example"
	if err := d.command(nil, "user", "create", name); err != nil {
		t.Fatal(err)
	}
	var u user
	if err := d.command(&u, "pass", "create", name, "--lifetime", leastPass.String()); err != nil {
		t.Fatal(err)
	}
	return u
}

func (d *demo) deletePass(t *testing.T, u user) {
	t.Helper()
	if err := d.command(nil, "pass", "delete", u.Name); err != nil {
		t.Fatal(err)
	}
}

// homeAccount is how Microsoft's libraries find somebody's account again.
func (d *demo) homeAccount(u user) string { return u.ID + "." + d.tenant }

// wantWithin: a token that ends then does not outlive the pass. For an end that a
// library counted, from when it got the token rather than when it was made, slack is
// how long ago that can have been asked for.
func (u user) wantWithin(t *testing.T, ends time.Time, slack time.Duration) {
	t.Helper()
	if late := ends.Sub(u.PassEnd); ends.IsZero() || late > slack {
		t.Errorf("a token ends %s, %v after the pass", ends, late)
	}
}

func wantEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func wantNone(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(explain(err))
	}
}

// explain adds the answer that a library's error has kept.
func explain(err error) string {
	if body := answerIn(err); body != "" {
		return fmt.Sprintf("%v\n%s", err, body)
	}
	return err.Error()
}
