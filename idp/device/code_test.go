package device_test

import (
	"context"
	"net/http"
	"testing"

	"latchkey/idp"
)

func TestCodesThatAreNotLookedAtAreNotWritten(t *testing.T) {
	w := newWorld(t)
	w.invited()
	guess := encode(claims{"code": "AAAAA-AAAAA", "user": anna})
	for range idp.MaxEnrolmentTries {
		w.call("POST", w.url("/enrolments"), "", guess)
	}
	before := w.store.Commits()
	for range 10 {
		if rec := w.call("POST", w.url("/enrolments"), "", guess); rec.Code != http.StatusBadRequest {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
	}
	if got := w.store.Commits() - before; got != 0 {
		t.Errorf("ten guesses too many were written %d times", got)
	}
}

func TestATypedCodeTakesFiveTries(t *testing.T) {
	w := newWorld(t)
	b := w.browser("192.0.2.1")
	b.signInByPass(anna, idp.PassRequest{})
	_, _, code, err := w.signin.InviteDevice(context.Background(), b.visit())
	w.must(err)
	for range idp.MaxEnrolmentTries {
		w.call("POST", w.url("/enrolments"), "", encode(claims{"code": "AAAAA-AAAAA", "user": anna}))
	}
	if rec := w.call("POST", w.url("/enrolments"), "", encode(claims{"code": code, "user": anna})); rec.Code != http.StatusBadRequest {
		t.Errorf("the right code after five wrong ones: %d", rec.Code)
	}
}
