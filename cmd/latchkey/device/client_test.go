package device

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/device/devicetest"
)

func TestEnrol(t *testing.T) {
	s, client := newServer(t), NewClient(nil, time.Now)
	link, code := s.Invite(lee, false)
	typed, err := ParseCode(" "+strings.ToLower(code), s.URL+"/", lee)
	if err != nil {
		t.Fatal(err)
	}
	e, err := client.Enrol(t.Context(), typed, Description{"Laptop", "cli/1", "test"})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.CheckValue) != 4 || e.Added || !e.Ends.After(time.Now()) || e.Account.User.Name != lee || e.Account.Tenant.Name != "Contoso" {
		t.Errorf("%+v", e)
	}
	self, err := client.Self(t.Context(), e.Account)
	if err != nil || self.State != StateShown || self.DeviceID != e.Account.DeviceID {
		t.Errorf("%+v, %v", self, err)
	}
	s.Confirm(lee)
	if self, err = client.Self(t.Context(), e.Account); err != nil || self.State != StateActive {
		t.Errorf("%+v, %v", self, err)
	}
	used, err := ParseLink(link)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Enrol(t.Context(), used, Description{"Laptop", "cli/1", "test"}); !IsRefused(err) {
		t.Errorf("an invitation that was used: %v", err)
	}
	used.Tenant = "fabrikam.example"
	if _, err := client.Enrol(t.Context(), used, Description{}); !errors.Is(err, ErrNoTenant) {
		t.Errorf("no such tenant: %v", err)
	}
}

func TestRespond(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		mode, want string
		answer     Answer
		state      string
		reason     string
	}{
		{ModeType, "47", Answer{Decision: Approve, Number: "47"}, "approved", ""},
		{ModePick, "41", Answer{Decision: Approve, Choice: "41"}, "approved", ""},
		{ModeScan, "c2VjcmV0", Answer{Decision: Approve, Scan: "c2VjcmV0"}, "approved", ""},
		{ModeType, "47", Answer{Decision: Deny, Reason: NotMe, Number: "47"}, "denied", NotMe},
		{ModeScan, "c2VjcmV0", Answer{Decision: Deny, Reason: Cancelled}, "denied", Cancelled},
	} {
		id := w.Ask(lee, c.mode, c.want)
		ch := w.pending()
		if ch.ID != id || ch.App.Name != devicetest.AppName || ch.From.Browser != "Firefox" || !ch.ExpiresAt().After(time.Now()) {
			t.Errorf("%+v", ch)
		}
		if state, err := w.respond(ch, c.answer); err != nil || state != c.state {
			t.Errorf("%s: %s, %v", c.mode, state, err)
		}
		w.wantState(id, c.state, c.reason)
		if _, err := w.respond(ch, c.answer); !IsEnded(err) || !strings.Contains(err.Error(), "already") {
			t.Errorf("a second answer: %v", err)
		}
	}
	if w.saves != 6 || w.account.Verifier.Counter != 6 {
		t.Errorf("%d saves and a counter of %d for 6 assertions", w.saves, w.account.Verifier.Counter)
	}
}

func TestWrongNumber(t *testing.T) {
	w := newWorld(t)
	id := w.Ask(lee, ModeType, "47")
	old := w.pending()
	for _, want := range []string{"That number does not match; 2 tries left", "That number does not match; 1 try left", "That number does not match; the request has ended"} {
		ch := w.pending()
		if _, err := w.respond(ch, Answer{Decision: Approve, Number: "11"}); !IsWrongNumber(err) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	w.wantState(id, "locked", "")
	if _, err := w.respond(old, Answer{Decision: Approve, Number: "47"}); !IsEnded(err) {
		t.Errorf("a request that is locked: %v", err)
	}
	again := w.Ask(lee, ModeType, "47")
	if _, err := w.respond(w.pending(), Answer{Decision: Approve, Number: "12"}); !IsWrongNumber(err) {
		t.Error(err)
	}
	stale := *w.pending()
	stale.raw = old.raw
	if _, err := w.respond(&stale, Answer{Decision: Approve, Number: "47"}); !IsRefused(err) {
		t.Errorf("an answer to another challenge: %v", err)
	}
	if _, err := w.respond(w.pending(), Answer{Decision: Approve, Number: "47"}); err != nil {
		t.Error(err)
	}
	w.wantState(again, "approved", "")
}

// TestCheck: what cannot be right costs no try.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		ask  Ask
		an   Answer
		want string
	}{
		{Ask{Mode: ModeType, Digits: 2}, Answer{Number: "47"}, ""},
		{Ask{Mode: ModeType, Digits: 2}, Answer{}, "--number"},
		{Ask{Mode: ModeType, Digits: 2}, Answer{Number: "470"}, "has 2 digits"},
		{Ask{Mode: ModeType, Digits: 2}, Answer{Number: "4a"}, "has 2 digits"},
		{Ask{Mode: ModeType, Digits: 2}, Answer{Choice: "47"}, "--number"},
		{Ask{Mode: ModeScan}, Answer{Scan: "x"}, ""},
		{Ask{Mode: ModeScan}, Answer{Number: "47"}, "--scan"},
		{Ask{Mode: ModePick, Choices: []string{"07", "41", "93"}}, Answer{Choice: "41"}, ""},
		{Ask{Mode: ModePick, Choices: []string{"07", "41", "93"}}, Answer{Choice: "42"}, "one of 07, 41, 93"},
		{Ask{Mode: ModePick}, Answer{Number: "41"}, "--choice"},
		{Ask{Mode: "dance"}, Answer{Number: "41"}, "does not know"},
		{Ask{Mode: "dance"}, Answer{Decision: Deny}, ""},
	} {
		err := c.an.Check(&Challenge{Ask: c.ask})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v to %+v: %v, want %q", c.an, c.ask, err, c.want)
		}
	}
}

func TestRekeyAndRemove(t *testing.T) {
	w := newWorld(t)
	old := w.account.Key
	if err := w.client.Rekey(t.Context(), w.account, w.save); err != nil {
		t.Fatal(err)
	}
	if w.account.Key == old || w.account.Next != nil || w.saves != 2 {
		t.Errorf("after a new key: %d saves, %v", w.saves, w.account.Next)
	}
	if _, err := w.client.selfBy(t.Context(), w.account, old); !IsRefused(err) {
		t.Errorf("the old key: %v", err)
	}
	// An answer that was lost: the server has the new key, and this side does not know.
	if err := w.client.Rekey(t.Context(), w.account, w.save); err != nil {
		t.Fatal(err)
	}
	w.account.Key, w.account.Next = NewKey(), w.account.Key
	if err := w.client.Rekey(t.Context(), w.account, w.save); err != nil || w.account.Next != nil {
		t.Errorf("an answer that was lost: %v", err)
	}
	if err := w.client.Remove(t.Context(), w.account); err != nil || w.Devices(lee) != 0 {
		t.Errorf("%d devices, %v", w.Devices(lee), err)
	}
	if err := w.client.Remove(t.Context(), w.account); !IsRefused(err) {
		t.Errorf("a device that is no more: %v", err)
	}
	if err := w.client.Rekey(t.Context(), w.account, w.save); !IsRefused(err) || w.account.Next == nil {
		t.Errorf("a key of a device that is no more: %v", err)
	}
}

// TestNotSaved: a counter that could not be kept is not used.
func TestNotSaved(t *testing.T) {
	w := newWorld(t)
	id := w.Ask(lee, ModeType, "47")
	full := errors.New("no space left")
	fails := func() error { return full }
	if _, err := w.client.Respond(t.Context(), w.account, w.pending(), Answer{Decision: Approve, Number: "47"}, fails); !errors.Is(err, full) {
		t.Error(err)
	}
	if err := w.client.Rekey(t.Context(), w.account, fails); !errors.Is(err, full) {
		t.Error(err)
	}
	w.wantState(id, "pending", "")
}

// TestWait: a request that comes ends the wait.
func TestWait(t *testing.T) {
	w := newWorld(t)
	type result struct {
		all []*Challenge
		err error
	}
	done := make(chan result)
	go func() {
		all, err := w.client.Challenges(t.Context(), w.account, time.Hour)
		done <- result{all, err}
	}()
	id := w.Ask(lee, ModeType, "47")
	if r := <-done; r.err != nil || len(r.all) != 1 || r.all[0].ID != id {
		t.Errorf("%+v", r)
	}
	if _, err := w.respond(w.pending(), Answer{Decision: Deny, Reason: NotMe}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if _, err := w.client.Challenges(ctx, w.account, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

// TestRotated: challenges by a new key are believed once the issuer has it.
func TestRotated(t *testing.T) {
	w := newWorld(t)
	w.Ask(lee, ModeType, "47")
	w.pending()
	w.pending()
	if n := w.Asked(devicetest.Path("keys")); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
	w.Rotate()
	if _, err := w.respond(w.pending(), Answer{Decision: Deny, Reason: NotMe}); err != nil {
		t.Fatal(err)
	}
	w.Ask(lee, ModeType, "48")
	w.pending()
	if n := w.Asked(devicetest.Path("keys")); n != 2 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

// TestClock: a device whose clock is off goes by the server's.
func TestClock(t *testing.T) {
	for _, off := range []time.Duration{-time.Hour, time.Hour} {
		w := newWorld(t)
		w.client = NewClient(nil, func() time.Time { return time.Now().Add(off) })
		id := w.Ask(lee, ModeType, "47")
		if _, err := w.respond(w.pending(), Answer{Decision: Approve, Number: "47"}); err != nil {
			t.Fatal(err)
		}
		w.wantState(id, "approved", "")
		w.enrol()
	}
}

func TestProblems(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		status int
		header string
		want   string
		retry  bool
	}{
		{429, "7", "try again in 7 seconds", true},
		{429, "", "try again later", true},
		{503, "", "stopping", true},
		{500, "", "500 Internal Server Error", false},
		{302, "", "302 Found", false}, // not followed
	} {
		w.Set(func(s *devicetest.Server) {
			s.Handle[devicetest.Path("challenges")] = func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Retry-After", c.header)
				rw.Header().Set("Location", w.URL+devicetest.Path("self"))
				rw.WriteHeader(c.status)
			}
		})
		_, err := w.client.Challenges(t.Context(), w.account, 0)
		if _, may := MayRetry(err); err == nil || !strings.Contains(err.Error(), c.want) || may != c.retry {
			t.Errorf("%d: %v, may try again: %v", c.status, err, may)
		}
	}
}
