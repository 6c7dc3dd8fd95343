package device

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// storeEnv names the file that a process of TestStoreProcesses adds accounts to.
const storeEnv = "LATCHKEY_TEST_STORE"

func TestMain(m *testing.M) {
	if path := os.Getenv(storeEnv); path != "" {
		addAccounts(path)
		return
	}
	os.Exit(m.Run())
}

const addedEach = 20

func addAccounts(path string) {
	for i := range addedEach {
		err := Store{path}.Change(func(s *State, save func() error) error {
			s.Add(anAccount(fmt.Sprintf("%d-%d", os.Getpid(), i)))
			return save()
		})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

// anAccount is one as an enrolment makes it, without a server.
func anAccount(id string) *Account {
	const server = "https://login.example"
	at := server + "/t/device/v1/x"
	return &Account{
		Server: server, DeviceID: id, User: User{Name: lee}, Key: NewKey(), EnrolledAt: time.Unix(1764290000, 0).UTC(),
		Verifier: &Verifier{Key: NewKey(), CredentialID: "YQ", Handle: "YQ", RPID: "login.example", Origin: server},
		Discovery: Discovery{
			Issuer: server + "/t/v2.0", Version: 1, JWKSURI: at, Enrolments: at, Challenges: at, Responses: at, Self: at, Rekey: at,
			Algs: []string{"ES256"}, UVMethods: []string{"webauthn"}, RPID: "login.example", MaxWait: 25,
		},
	}
}

func add(t *testing.T, s Store, a *Account) {
	t.Helper()
	err := s.Change(func(state *State, save func() error) error {
		state.Add(a)
		return save()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "new", "device.json")}
	if state, err := s.Load(); err != nil || len(state.Accounts) != 0 {
		t.Errorf("no file: %+v, %v", state, err)
	}
	one := anAccount("one")
	one.Next = NewKey()
	one.Verifier.Counter = 7
	add(t, s, one)
	add(t, s, anAccount("two"))
	add(t, s, anAccount("two"))
	state, err := s.Load()
	if err != nil || len(state.Accounts) != 2 {
		t.Fatalf("%+v, %v", state, err)
	}
	got := state.Find("one")
	if got.Key.Thumbprint() != one.Key.Thumbprint() || got.Next.Thumbprint() != one.Next.Thumbprint() || got.Verifier.Counter != 7 ||
		!got.EnrolledAt.Equal(one.EnrolledAt) || got.Verifier.Key.Thumbprint() != one.Verifier.Key.Thumbprint() {
		t.Errorf("%+v", got)
	}
	if state.Drop("one"); state.Find("one") != nil || state.Find("two") == nil {
		t.Error("the wrong account is gone")
	}
	for _, path := range []string{s.Path, s.Path + ".lock"} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if info, err := os.Stat(filepath.Dir(s.Path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info.Mode(), err)
	}
}

func TestStoreRefuses(t *testing.T) {
	never := func(*State, func() error) error { return errors.New("it was changed") }
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o666} {
		s := Store{filepath.Join(t.TempDir(), "device.json")}
		add(t, s, anAccount("one"))
		if err := os.Chmod(s.Path, mode); err != nil {
			t.Fatal(err)
		}
		if err := s.Change(never); err == nil || !strings.Contains(err.Error(), "chmod 600 "+s.Path) {
			t.Errorf("of mode %v: %v", mode, err)
		}
	}
	good := filepath.Join(t.TempDir(), "good")
	add(t, Store{good}, anAccount("one"))
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "cut": string(whole[:len(whole)/2]), "another version": `{"version":2}`, "no keys": `{"version":1,"accounts":[{"device_id":"a"}]}`, "null": `{"version":1,"accounts":[null]}`,
		"a public key": strings.Replace(string(whole), `"d":`, `"e":`, 1), "another server": strings.Replace(string(whole), `"server": "https://login.example"`, `"server": "https://evil.example"`, 1),
		"another kind of key": strings.Replace(string(whole), `"crv": "P-256"`, `"crv": "P-384"`, 1),
	} {
		s := Store{filepath.Join(t.TempDir(), "device.json")}
		if err := os.WriteFile(s.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(); err == nil || !strings.Contains(err.Error(), s.Path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := (Store{t.TempDir()}).Load(); err == nil {
		t.Error("a directory")
	}
}

// TestStoreFailed: what a change does not save is as before, and leaves nothing behind.
func TestStoreFailed(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "device.json")}
	add(t, s, anAccount("one"))
	fails := errors.New("the server did not answer")
	err := s.Change(func(state *State, _ func() error) error {
		state.Drop("one")
		return fails
	})
	if state, loaded := s.Load(); !errors.Is(err, fails) || loaded != nil || state.Find("one") == nil {
		t.Errorf("%v, %v, %+v", err, loaded, state)
	}
	entries, err := os.ReadDir(filepath.Dir(s.Path))
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestStoreProcesses: no process undoes what another has done at the same time.
func TestStoreProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.json")
	const processes = 3
	var all []*exec.Cmd
	for range processes {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), storeEnv+"="+path)
		cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	state, err := Store{path}.Load()
	if err != nil || len(state.Accounts) != processes*addedEach {
		t.Errorf("%d accounts of %d, %v", len(state.Accounts), processes*addedEach, err)
	}
}

// TestCounters: two who approve with one account at the same time never count backwards.
func TestCounters(t *testing.T) {
	w := newWorld(t)
	s := Store{filepath.Join(t.TempDir(), "device.json")}
	add(t, s, w.account)
	const people = 8
	failed := make(chan error)
	for range people {
		w.Ask(lee, ModeType, "47")
	}
	all, err := w.client.Challenges(t.Context(), w.account, 0)
	if err != nil || len(all) != people {
		t.Fatal(len(all), err)
	}
	for _, ch := range all {
		go func() {
			failed <- s.Change(func(state *State, save func() error) error {
				_, err := w.client.Respond(t.Context(), state.Find(w.account.DeviceID), ch, Answer{Decision: Approve, Number: "47"}, save)
				return err
			})
		}()
	}
	for range all {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	for _, ch := range all {
		w.wantState(ch.ID, "approved", "")
	}
}
