package oidc_test

import (
	"net/url"
	"testing"
	"time"

	"latchkey/idp"
)

func TestSmoke(t *testing.T) {
	w := newWorld(t, options{})
	p, code := w.pass("anna", idp.PassRequest{Lifetime: 30})
	b := w.browser()
	for _, name := range []string{"web", "native", "spa", "trusted"} {
		got := b.tokens(w.apps[name], person{name: "anna", code: code}, nil)
		t.Log(name, got.num("expires_in"), w.claims(got.str("id_token")), w.userinfo(got.str("access_token")).JSON)
		got = w.refresh(w.apps[name], got.str("refresh_token"), "")
		t.Log(got.Status, w.introspect(w.apps["worker"], got.str("access_token")).JSON)
	}
	d := w.device(w.apps["native"])
	t.Log(d.JSON)
	t.Log(b.approve(d.str("user_code"), person{}).Status)
	t.Log(w.poll(w.apps["native"], d.str("device_code")).JSON)
	got := b.authorize(w.apps["web"], url.Values{"prompt": {"none"}, "response_mode": {"fragment"}})
	t.Log(got.Mode, got.Fields)
	w.stop()
	w.start()
	w.advance(time.Until(p.EndsAt()))
	lo := b.logout(url.Values{})
	t.Logf("%+v", lo.Page)
	t.Logf("%+v", b.confirmLogout(lo.Page.State).Page)
	w.advance(30 * time.Minute)
	t.Log(b.signIn(person{name: "anna", code: code}).Problem)
	t.Log(w.clientToken(w.apps["worker"]).JSON)
}

func BenchmarkWorld(b *testing.B) {
	for b.Loop() {
		newWorld(b, options{})
	}
}
func BenchmarkFlow(b *testing.B) {
	w := newWorld(b, options{})
	_, code := w.pass("anna", idp.PassRequest{Lifetime: 30})
	for b.Loop() {
		w.browser().tokens(w.apps["web"], person{name: "anna", code: code}, nil)
	}
}
func BenchmarkUserinfo(b *testing.B) {
	w := newWorld(b, options{})
	_, code := w.pass("anna", idp.PassRequest{Lifetime: 30})
	got := w.browser().tokens(w.apps["web"], person{name: "anna", code: code}, nil)
	for b.Loop() {
		w.userinfo(got.str("access_token"))
	}
}
