package graph

import (
	"strings"
	"testing"
	"time"
)

// TestErrors: each kind of error in the words of each family.
func TestErrors(t *testing.T) {
	w := newWorld(t, 0)
	for _, c := range []struct {
		path          string
		status        int
		code, message string
	}{
		{"/denied/invalid", 400, "Request_BadRequest", "Text of invalid."},
		{"/denied/conflict", 400, "Request_BadRequest", "Text of conflict."},
		{"/denied/notFound", 404, "Request_ResourceNotFound", "Text of notFound."},
		{"/denied/generic", 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."},
		{"/denied/forbidden", 403, "Authorization_RequestDenied", "Text of forbidden."},
		{"/denied/tooMany", 429, "activityLimitReached", "Text of tooMany."},
		{"/denied/internal", 500, "generalException", internalText},
		{"/denied/plain", 500, "generalException", internalText},
		{"/denied/panic", 500, "generalException", internalText},
		{"/denied/other", 500, "generalException", "Text of other."},
		{"/fault/invalid", 400, "badRequest", "Text of invalid."},
		{"/fault/conflict", 400, "badRequest", "Text of conflict."},
		{"/fault/notFound", 404, "resourceNotFound", "Text of notFound."},
		{"/fault/generic", 403, "accessDenied", "Request Authorization failed"},
		{"/fault/forbidden", 403, "accessDenied", "Text of forbidden."},
		{"/fault/user", 404, "Request_ResourceNotFound", "Resource 'anna@contoso.example' does not exist or one of its queried reference-property objects are not present."},
	} {
		a := w.get("/v1.0" + c.path)
		if got := a.refused(c.status, c.code); got != c.message {
			t.Errorf("%s: %s", c.path, got)
		}
		inner := a.json()["error"].(object)["innerError"].(object)
		if inner["date"] != "2026-11-24T09:00:00Z" || inner["request-id"] != a.Header().Get("request-id") || inner["client-request-id"] != inner["request-id"] {
			t.Errorf("%v", inner)
		}
		if repeated := inner["message"] == c.message; repeated != strings.HasPrefix(c.path, "/fault") {
			t.Errorf("%s: %v", c.path, inner)
		}
		if c.status == 429 && a.Header().Get("Retry-After") != "10" {
			t.Errorf("%v", a.Header())
		}
	}
	if log := w.log.String(); !strings.Contains(log, "unexpected EOF") || strings.Contains(log, "Text of invalid") {
		t.Error(log)
	}
}

// TestUnauthenticated: the SDKs read the challenge.
func TestUnauthenticated(t *testing.T) {
	w := newWorld(t, 0)
	for token, want := range map[string][2]string{
		"":               {"Access token is empty.", "Bearer"},
		"Basic x":        {"Access token is empty.", "Bearer"},
		"Bearer expired": {"Lifetime validation failed, the token is expired.", `Bearer error="invalid_token"`},
	} {
		a := w.get("/v1.0/toys", "Authorization: "+token)
		if got := a.refused(401, "InvalidAuthenticationToken"); got != want[0] || a.Header().Get("WWW-Authenticate") != want[1] {
			t.Errorf("%q: %s %v", token, got, a.Header())
		}
	}
	w.get("/v1.0/nothing", "Authorization: ").refused(401, "InvalidAuthenticationToken")
	w.get("/v1.0/toys", "Authorization: Bearer broken").refused(500, "generalException")
}

func TestHeaders(t *testing.T) {
	w := newWorld(t, 1)
	const id = "0b7d4c58-0b7d-4c58-9a51-2f4e8d6b7c90"
	for sent, echoed := range map[string]bool{id: true, "": false, strings.Repeat("a", 65): false, "a\"b": false, "a b": false, "ü": false} {
		a := w.get("/v1.0/toys", "client-request-id: "+sent)
		want := a.Header().Get("X-Request-Id")
		if echoed {
			want = sent
		}
		if got := a.Header().Get("client-request-id"); got != want {
			t.Errorf("%q: %q", sent, got)
		}
		for name, value := range map[string]string{
			"request-id": a.Header().Get("X-Request-Id"), "OData-Version": "4.0", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
			"Content-Type": "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
		} {
			if a.Header().Get(name) != value {
				t.Errorf("%s: %q", name, a.Header().Get(name))
			}
		}
	}
	if a := w.get("/v1.0/toys"); strings.Contains(a.Body.String(), "evil") {
		t.Error("a link is built from Host")
	}
}

// TestThrottle: an actor has a burst and then fifty a second; others are not held back.
func TestThrottle(t *testing.T) {
	w := newWorld(t, 1)
	for range 500 {
		if a := w.get("/v1.0/toys/t00000"); a.Code != 200 {
			t.Fatal(a.Code)
		}
	}
	a := w.get("/v1.0/toys/t00000")
	a.refused(429, "activityLimitReached")
	if a.Header().Get("Retry-After") != "1" {
		t.Errorf("%v", a.Header())
	}
	if a := w.get("/v1.0/toys/t00000", "Authorization: Bearer client"); a.Code != 200 {
		t.Error("another actor is held back")
	}
	if a := w.get("/v1.0/toys/t00000", "Authorization: Bearer user@0b7d4c58-0b7d-4c58-9a51-2f4e8d6b7c90"); a.Code != 200 {
		t.Error("another tenant is held back")
	}
	w.now = w.now.Add(time.Second)
	for range 50 {
		if a := w.get("/v1.0/toys/t00000"); a.Code != 200 {
			t.Fatal(a.Code)
		}
	}
	w.get("/v1.0/toys/t00000").refused(429, "activityLimitReached")
}
