package graph

import "testing"

// TestSlips: a misspelt property is refused by the name that was meant; one that there is
// not at all is tolerated, as SDKs send such things.
func TestSlips(t *testing.T) {
	for name, slip := range map[string]bool{
		"isusableonc": true, "isusableoncee": true, "isusbaleonce": true, "isusableonxe": true, "susableonce": true,
		"isusableonce": false, "usable": false, "once": false, "": false, "isusable": false,
	} {
		if isSlip(name, "isusableonce") != slip {
			t.Errorf("%q: %t", name, !slip)
		}
	}
	w := newWorld(t, 1)
	w.send("POST", "/v1.0/toys", `{"displayName":"x","sise":4}`).refused(400, "Request_BadRequest")
	w.send("PATCH", "/v1.0/toys/t00000", `{"displayNam":"x"}`).refused(400, "Request_BadRequest")
	if a := w.send("POST", "/v1.0/toys", `{"displayName":"x","colour":"red","@odata.etag":"1"}`); a.Code != 201 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}
