package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"latchkey/idp/web"
)

// TestKnownIn: the cookies of known browsers and no others, each tenant once, and no more
// than somebody should be able to have looked up.
func TestKnownIn(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	const prefix = "__Host-latchkey-known-"
	for _, c := range [][2]string{
		{"__Host-latchkey-browser", "br_x"}, {"__Host-latchkey-session-" + tenant.TenantID, "ss_x"}, {"latchkey-known-" + tenant.TenantID, "x"},
		{prefix, "x"}, {prefix + "contoso.example", "x"}, {prefix + tenant.TenantID + "x", "x"},
		{prefix + tenant.TenantID, "first"}, {prefix + tenant.TenantID, "second"},
		{prefix + "22222222-2222-4222-8222-222222222222", "other"},
	} {
		r.AddCookie(&http.Cookie{Name: c[0], Value: c[1]})
	}
	want := []web.Known{{TenantID: tenant.TenantID, Value: "first"}, {TenantID: "22222222-2222-4222-8222-222222222222", Value: "other"}}
	if got := web.KnownIn(r); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for i := range 100 {
		r.AddCookie(&http.Cookie{Name: fmt.Sprintf("%s33333333-3333-4333-8333-%012d", prefix, i), Value: "x"})
	}
	if got := web.KnownIn(r); len(got) != 32 {
		t.Errorf("%d are looked up", len(got))
	}
	if got := web.KnownIn(httptest.NewRequest("GET", "/", nil)); got != nil {
		t.Errorf("%v", got)
	}
}
