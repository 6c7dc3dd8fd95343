package demoinbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 9, 1, 14, 0, 0, 0, time.FixedZone("", 2*60*60))

// world is an inbox and who writes to it.
type world struct {
	*testing.T
	inbox *Inbox
}

func newWorld(t *testing.T) world {
	t.Helper()
	inbox, err := Open(Config{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	w := world{t, inbox}
	t.Cleanup(w.close)
	return w
}

func (w world) close() {
	w.Helper()
	if err := w.inbox.Close(); err != nil {
		w.Error(err)
	}
}

// send hands a mail over as any program does, with lines as they are on the wire.
func (w world) send(mail string, to ...string) error {
	return smtp.SendMail(w.inbox.Address(), nil, "no-reply@login.example", to, []byte(strings.ReplaceAll(mail, "\n", "\r\n")))
}

// sent is a mail that must be taken.
func (w world) sent(mail string, to ...string) {
	w.Helper()
	if err := w.send(mail, to...); err != nil {
		w.Fatal(err)
	}
}

func (w world) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRecorder()
	w.inbox.ServeHTTP(r, httptest.NewRequest(http.MethodGet, path, nil))
	return r
}

// page is a page that must be there.
func (w world) page(path string) string {
	w.Helper()
	r := w.get(path)
	if r.Code != http.StatusOK {
		w.Fatalf("%s: %d %s", path, r.Code, r.Body)
	}
	return r.Body.String()
}

func (w world) messages() []Message {
	w.Helper()
	var all []Message
	if err := json.Unmarshal([]byte(w.page("/messages")), &all); err != nil {
		w.Fatal(err)
	}
	return all
}
