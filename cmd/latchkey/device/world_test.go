package device

import (
	"net/http"
	"testing"
	"time"

	"latchkey/cmd/latchkey/device/devicetest"
)

const lee = "lee@contoso.example"

// world is a server, and a client with an account of Lee's there.
type world struct {
	t *testing.T
	*devicetest.Server
	client  *Client
	account *Account
	saves   int
}

func newServer(t *testing.T) *devicetest.Server {
	t.Helper()
	s := devicetest.Start()
	t.Cleanup(s.Close)
	return s
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, Server: newServer(t), client: NewClient(nil, time.Now)}
	w.account = w.enrol()
	return w
}

// enrol adds another device of Lee's.
func (w *world) enrol() *Account {
	w.t.Helper()
	link, _ := w.Invite(lee, true)
	by, err := ParseLink(link)
	if err != nil {
		w.t.Fatal(err)
	}
	e, err := w.client.Enrol(w.t.Context(), by, Description{"Laptop", "cli/1", "test"})
	if err != nil {
		w.t.Fatal(err)
	}
	if !e.Added {
		w.t.Error("an operator's invitation waits to be confirmed")
	}
	return e.Account
}

func (w *world) save() error {
	w.saves++
	return nil
}

// pending is the only request there is.
func (w *world) pending() *Challenge {
	w.t.Helper()
	all, err := w.client.Challenges(w.t.Context(), w.account, 0)
	if err != nil || len(all) != 1 {
		w.t.Fatalf("%d requests, %v; want one", len(all), err)
	}
	return all[0]
}

func (w *world) respond(ch *Challenge, an Answer) (string, error) {
	return w.client.Respond(w.t.Context(), w.account, ch, an, w.save)
}

func (w *world) wantState(id, state, reason string) {
	w.t.Helper()
	if s, r := w.State(id); s != state || r != reason {
		w.t.Errorf("the request is %s %q, want %s %q", s, r, state, reason)
	}
}

// instead answers a path with a status and a text.
func instead(s *devicetest.Server, name string, status int, text string) {
	s.Set(func(s *devicetest.Server) {
		s.Handle[devicetest.Path(name)] = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	})
}
