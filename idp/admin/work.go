package admin

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// work is one use case under way: its transaction, in which tenant, for whom, when.
type work struct {
	*storage.Tx
	log    idp.AuditLog
	tenant *idp.Tenant
	actor  idp.Actor
	now    time.Time
	asked  bool // whether the actor may

	keys               *idp.Keyring // of the Service
	noPasskeys, noMail bool         // likewise
}

// may asks whether the actor may do something that is about nobody in particular.
func (w *work) may(action idp.Action) error { return w.mayTo(action, nil) }

// mayTo asks it about a person.
func (w *work) mayTo(action idp.Action, u *idp.User) error {
	o, err := idp.ObjectOf(w.Tx, w.tenant, u)
	if err != nil {
		return err
	}
	w.asked = true
	return idp.May(w.actor, action, o)
}

// user finds whom an action is about, if the actor may do it to them.
func (w *work) user(action idp.Action, name string) (*idp.User, error) {
	w.asked = true
	return idp.FindFor(w.Tx, w.actor, action, w.tenant, name)
}

// audit tells of a change, in its transaction.
func (w *work) audit(what idp.Activity, target idp.Party, reason string) error {
	return w.tell(w.event(what, target, reason))
}

// auditChange tells of a change with what was changed of a record.
func (w *work) auditChange(what idp.Activity, target idp.Party, before, after any) error {
	e := w.event(what, target, "")
	e.Modified = modified(before, after)
	return w.tell(e)
}

func (w *work) event(what idp.Activity, target idp.Party, reason string) *idp.AuditEvent {
	e := idp.NewEvent(idp.Directory, w.now)
	e.Tell(what)
	e.Actor, e.App, e.Target, e.Reason = w.actor.Party, w.actor.App, target, reason
	e.Address, e.RequestID = w.actor.Address, w.actor.RequestID
	return e
}

func (w *work) tell(e *idp.AuditEvent) error { return w.log.Append(w.Tx, e) }

// maxModified bounds what one property takes in an event, in bytes.
const maxModified = 1024

// modified are the top-level fields in which two records differ.
func modified(before, after any) []idp.Modified {
	old, now := fieldsOf(before), fieldsOf(after)
	names := maps.Clone(old)
	maps.Copy(names, now)
	var out []idp.Modified
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if string(old[name]) != string(now[name]) {
			out = append(out, idp.Modified{Name: name, Old: short(old[name]), New: short(now[name])})
		}
	}
	return out
}

func fieldsOf(record any) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	if v := reflect.ValueOf(record); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return fields
	}
	if raw, err := json.Marshal(record); err == nil {
		_ = json.Unmarshal(raw, &fields) // of what was just made: cannot fail
	}
	return fields
}

func short(raw json.RawMessage) string {
	if len(raw) > maxModified {
		return "(longer than an event may be)"
	}
	return string(raw)
}

// did is the event of what was done to a method of a user, by themselves or for them.
func (w *work) did(verb string, kind idp.Kind, u *idp.User, own, admins idp.Activity) *idp.AuditEvent {
	what := admins
	if w.actor.Is(u) {
		what = own
	}
	return w.event(what, idp.PartyOf(u), idp.Did(w.actor.Is(u), verb, kind))
}

// didTo is did of a passkey.
func (w *work) didTo(p *idp.Passkey, verb string, u *idp.User, own, admins idp.Activity) *idp.AuditEvent {
	e := w.did(verb, idp.PasskeyMethod, u, own, admins)
	e.Details = map[string]string{"method": p.PasskeyID, "name": p.Name}
	return e
}

// didToDevice is did of a device.
func (w *work) didToDevice(d *idp.Authenticator, verb string, u *idp.User, own, admins idp.Activity) *idp.AuditEvent {
	e := w.did(verb, idp.AuthenticatorMethod, u, own, admins)
	e.Details = map[string]string{"method": d.AuthenticatorID, "name": d.Name}
	return e
}

// notify tells a user by mail of what was done to a method of theirs.
func (w *work) notify(u *idp.User, about idp.MailAbout, kind idp.Kind, name string) error {
	return idp.Notify(w.Tx, u, about, map[string]string{"Method": string(kind), "Name": name, "Address": w.actor.Address}, w.now)
}
