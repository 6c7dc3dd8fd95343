package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

const guest = "gia@partner.example"

// invite invites the guest.
func (w *world) invite() admin.InvitationInfo {
	w.t.Helper()
	info, err := w.admin.Invite(w.ctx(), operator, tenantID, admin.InvitationRequest{Email: guest, DisplayName: "Gia", RedirectURL: "https://app.example/"})
	w.must(err)
	return info
}

// mailedCode is the code in the newest mail.
func (w *world) mailedCode() (code string) {
	w.t.Helper()
	w.must(w.store.View(w.ctx(), tenantID, func(tx *storage.Tx) error {
		mails, _, err := storage.All[idp.Mail](tx, storage.Page{})
		if err != nil {
			return err
		}
		mails = slices.DeleteFunc(mails, func(m *idp.Mail) bool { return m.About != idp.MailCode })
		newest := slices.MaxFunc(mails, func(a, b *idp.Mail) int { return a.CreatedAt.Compare(b.CreatedAt) })
		code, err = newest.Secret(testRing(), tenantID)
		return err
	}))
	return code
}

// TestGuestBound: all that comes of a code ends a day after it, whatever is asked for and
// however often; and none of it says that more than one factor was proved.
func TestGuestBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.invite()
	b, web, worker := w.browser(), w.apps["web"], w.apps["worker"]
	first := b.tokens(web, person{name: guest}, nil)
	end := w.wall.now().Add(idp.GuestSession)
	claims := w.claims(first.JSON["id_token"].(string))
	if amr := claims["amr"].([]any); len(amr) != 1 || amr[0] != "otp" || claims["acr"] != idp.ACREmail {
		t.Errorf("claims %v", claims)
	}
	if told := w.userinfo(first.JSON["access_token"].(string)).JSON; told["email"] != guest || told["email_verified"] != true || told["preferred_username"] != guest {
		t.Errorf("userinfo %v", told)
	}
	until := func(what string, got *reply, claim string) {
		t.Helper()
		if exp, _ := got.JSON[claim].(float64); time.Unix(int64(exp), 0).After(end) {
			t.Errorf("%s ends at %v, after %d", what, exp, end.Unix())
		}
	}
	refresh := first.JSON["refresh_token"].(string)
	for range 47 {
		w.advance(30 * time.Minute)
		got := w.refresh(web, refresh, "")
		if got.Status != http.StatusOK {
			t.Fatalf("refresh: %d %s", got.Status, got.Body)
		}
		if next, ok := got.JSON["refresh_token"].(string); ok {
			refresh = next
		}
		until("access token", w.introspect(worker, got.JSON["access_token"].(string)), "exp")
		until("refresh token", w.introspect(worker, refresh), "exp")
		if id, ok := got.JSON["id_token"].(string); ok {
			if exp := w.claims(id)["exp"].(float64); time.Unix(int64(exp), 0).After(end) {
				t.Errorf("ID token ends at %v", exp)
			}
		}
	}
	last := w.refresh(web, refresh, "")
	w.advance(end.Sub(w.wall.now()))
	access := last.JSON["access_token"].(string)
	if got := w.refresh(web, refresh, ""); got.Status != http.StatusBadRequest || got.JSON["error"] != "invalid_grant" || got.JSON["suberror"] != "basic_action" {
		t.Errorf("refresh at the end: %d %s", got.Status, got.Body)
	}
	if got := w.introspect(worker, access); got.JSON["active"] != false {
		t.Errorf("introspection at the end: %s", got.Body)
	}
	if got := w.userinfo(access); got.Status != http.StatusUnauthorized {
		t.Errorf("userinfo at the end: %d", got.Status)
	}
	if got := b.authorize(web, url.Values{"prompt": {"none"}}); got.Fields.Get("error") != "login_required" {
		t.Errorf("silently at the end: %v", got.Fields)
	}
}

// TestGuestNeverMFA: an app that insists on more than a code is told that there is none.
func TestGuestNeverMFA(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.invite()
	b, web := w.browser(), w.apps["web"]
	b.tokens(web, person{name: guest}, nil)
	for _, acr := range []string{idp.ACRMFA, idp.ACRPhishing, idp.ACRBootstrap, idp.ACRPassword} {
		insists := url.Values{"claims": {`{"id_token":{"acr":{"essential":true,"values":["` + acr + `"]}}}`}, "login_hint": {guest}}
		got := b.authorize(web, insists)
		for got.State != "" && got.Fields.Get("error") == "" && got.code() == "" {
			before := got.State
			if got = b.answer(got.State, person{name: guest}); got.State == before {
				break
			}
		}
		if got.code() != "" || got.Fields.Get("error") == "" {
			t.Errorf("%s: %d %v", acr, got.Status, got.Fields)
		}
	}
}

// TestGuestDevice: a device that a guest lets in ends with the code, too.
func TestGuestDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.invite()
	native := w.apps["native"]
	asked := w.device(native, fullScope)
	w.browser().approve(asked.JSON["user_code"].(string), person{name: guest})
	end := w.wall.now().Add(idp.GuestSession)
	got := w.poll(native, asked.JSON["device_code"].(string))
	if got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	w.advance(end.Sub(w.wall.now()))
	if got := w.refresh(native, got.JSON["refresh_token"].(string), ""); got.JSON["error"] != "invalid_grant" {
		t.Errorf("refresh at the end: %s", got.Body)
	}
}

// TestGuestResetReachesApps: what a guest's apps have is over when the redemption is reset.
func TestGuestResetReachesApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.invite()
	web := w.apps["web"]
	got := w.browser().tokens(web, person{name: guest}, nil)
	w.advance(time.Second)
	if _, err := w.admin.ResetRedemption(w.ctx(), operator, tenantID, guest, ""); err != nil {
		t.Fatal(err)
	}
	if got := w.refresh(web, got.JSON["refresh_token"].(string), ""); got.JSON["error"] != "invalid_grant" {
		t.Errorf("refresh: %s", got.Body)
	}
	if got := w.userinfo(got.JSON["access_token"].(string)); got.Status != http.StatusUnauthorized {
		t.Errorf("userinfo: %d", got.Status)
	}
}
