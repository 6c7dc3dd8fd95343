package oidc_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

// TestKeysWhenAStrangerHangsUp: keys are fetched to the end, whoever made us begin.
func TestKeysWhenAStrangerHangsUp(t *testing.T) {
	t.Parallel()
	w, a, s := fetched(t)
	asked, answer := make(chan bool), make(chan bool)
	s.put("/keys", func(rw http.ResponseWriter, _ *http.Request) {
		asked <- true
		<-answer
		io.WriteString(rw, jwks(t, esKey()))
	})
	ctx, hangUp := context.WithCancel(context.Background())
	done := make(chan bool)
	go func() {
		form := asserted(url.Values{"grant_type": {idp.GrantClient}, "client_id": {a.ClientID}}, w.assertion(a, esKey2(), nil))
		w.do(w.request("/oauth2/v2.0/token", form).WithContext(ctx))
		done <- true
	}()
	<-asked
	hangUp()
	answer <- true
	<-done
	if status := w.asks(a, esKey()); status != 200 {
		t.Errorf("the client is answered %d", status)
	}
}

// TestReplacingIsBounded: each change of a registration leaves something behind.
func TestReplacingIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.registration(idp.RegistrationOpen)
	body := metadataOf(t, nil)
	got := w.register(body, "")
	refused := 0
	for range 100 {
		r := raw("PUT", got.str("registration_client_uri"), strings.Replace(body, "{", `{"client_id":"`+got.str("client_id")+`",`, 1))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+got.str("registration_access_token"))
		if w.do(r).Status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 70 {
		t.Errorf("%d of 100 changes at one moment were refused", refused)
	}
}

// ailing is a driver that cannot read one tenant.
type ailing struct {
	storage.Driver
	tenant atomic.Value
}

func (a *ailing) View(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	if tenant == a.tenant.Load() {
		return errors.New("damaged")
	}
	return a.Driver.View(ctx, tenant, fn)
}

// TestNoticesOfTheOthers: a tenant that cannot be read keeps nobody else from being told.
func TestNoticesOfTheOthers(t *testing.T) {
	t.Parallel()
	a := &ailing{}
	v := newVisitor(t, options{wrap: func(d storage.Driver) storage.Driver { a.Driver = d; return a }})
	e := v.listen()
	first := "00000000-0000-4000-8000-000000000000" // sorts first
	v.put(storage.System, &idp.Tenant{TenantID: first, Name: "Ill", Domains: []string{"ill.example"}, CreatedAt: epoch})
	v.put(first, v.users["ben"])
	v.logout(one("id_token_hint", v.tokens(v.hearing(e, "hears"), v.who, nil).str("id_token")))
	a.tenant.Store(first)
	if err := v.provider.DeliverNotices(v.ctx(), v.clock.Now()); err == nil {
		t.Error("the fault is not told")
	}
	if n := len(e.taken()); n != 1 {
		t.Errorf("%d calls", n)
	}
}
