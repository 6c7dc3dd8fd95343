package signin_test

import (
	"testing"

	"latchkey/idp"
)

// TestAppOfTenant: an app is found where it belongs, and where people may be led to it.
func TestAppOfTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(&idp.Client{ClientID: "off", Name: "Off", Disabled: true, About: idp.ClientAbout{HomeURI: "https://off.example/"}})
	v := w.browser().visit()
	for id, want := range map[string]bool{"web": true, "off": false, "nobody": false, "": false} {
		if c, err := w.signin.App(t.Context(), v, id); err != nil || (c != nil) != want {
			t.Errorf("%q: %v, %v", id, c, err)
		}
	}
	v.Tenant = &idp.Tenant{TenantID: otherID}
	if c, err := w.signin.App(t.Context(), v, "web"); c != nil || err != nil {
		t.Errorf("at another tenant: %v, %v", c, err)
	}
}
