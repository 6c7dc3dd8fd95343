package device_test

import (
	"context"
	"net/http"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

func TestAPasskeyThatADeviceBringsIsToldOf(t *testing.T) {
	w := newWorld(t)
	w.policy(func(p *idp.MethodsPolicy) { p.Passkey.Enabled = true })
	b, e, token := w.invited()
	p := w.newPhone()
	o := w.begin(token)
	if len(o.Passkey) == 0 {
		t.Fatal("no passkey is offered")
	}
	o.WebAuthn = o.Passkey
	body := p.show(o, func(_ map[string]any, _, out claims) { out["passkey"] = true })
	w.reads(w.call("POST", w.url("/enrolments/"+o.ID), "", body), http.StatusAccepted, nil)
	if _, err := w.signin.ConfirmDevice(context.Background(), b.visit(), e.EnrolmentID, true); err != nil {
		t.Fatal(err)
	}
	keys := all[idp.Passkey](w)
	if len(keys) != 1 {
		t.Fatalf("%d passkeys", len(keys))
	}
	events, _, err := w.admin.Events(context.Background(), admin.Operator("test"), w.tenant.TenantID, idp.Directory, storage.Page{})
	w.must(err)
	told := 0
	for _, e := range events {
		if e.Details["method"] == keys[0].PasskeyID {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the log tells of the passkey %d times", told)
	}
}
