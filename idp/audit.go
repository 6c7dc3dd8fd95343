package idp

import (
	"fmt"
	"time"

	"latchkey/storage"
)

// AuditEvent is one line of a tenant's sign-in log or directory audit, written
// in the transaction of what it tells.
type AuditEvent struct {
	EventID   string
	At        time.Time
	Log       string            // SignIns or Directory
	Activity  string            `json:",omitzero"` // activityDisplayName
	Category  string            `json:",omitzero"`
	Service   string            `json:",omitzero"` // loggedByService
	Result    string            // "success" or "failure"
	Reason    string            `json:",omitzero"` // resultReason
	Error     STS               `json:",omitzero"`
	Actor     Party             `json:",omitzero"`
	App       Party             `json:",omitzero"` // through which the actor acted
	Target    Party             `json:",omitzero"`
	Tenant    string            `json:",omitzero"` // whose the event is, in the partition System
	ClientID  string            `json:",omitzero"`
	Method    string            `json:",omitzero"` // authenticationMethod
	SessionID string            `json:",omitzero"`
	Address   string            `json:",omitzero"`
	UserAgent string            `json:",omitzero"`
	RequestID string            `json:",omitzero"`
	Details   map[string]string `json:",omitzero"`
	Modified  []Modified        `json:",omitzero"`
	// Passing: anybody can cause such lines, by typing something or by registering a
	// client. They go after PassingKept, so that strangers do not fill the store.
	Passing bool `json:",omitzero"`
	Link    Link `json:",omitzero"`
}

// Party is who acted or who was acted on.
type Party struct {
	Type string // user, client, operator, system
	ID   string `json:",omitzero"`
	Name string `json:",omitzero"`
}

// The types of parties that only are acted on. NoSuch takes these as kinds, too.
const (
	PartyGroup  = "group"
	PartyRole   = "role"
	PartyPolicy = "policy"
	// PartyFederation is a provider elsewhere.
	PartyFederation = "federation"
	PartyTenant     = "tenant"
	PartyAPI        = "api"
	PartyToken      = "registrationToken"
)

// PartyOf is a person as events name them.
func PartyOf(u *User) Party { return Party{Type: ActorUser, ID: u.UserID, Name: u.PrincipalName} }

// Same tells whether two parties are the same one: by id, or by name where there is none.
func (p Party) Same(q Party) bool {
	if p.ID != "" || q.ID != "" {
		return p.Type == q.Type && p.ID == q.ID
	}
	return p.Type == q.Type && p.Name == q.Name
}

// Modified is one property that was changed, before and after, as JSON.
type Modified struct {
	Name string
	Old  string `json:",omitzero"`
	New  string `json:",omitzero"`
}

// The two logs.
const (
	SignIns   = "signIns"
	Directory = "directoryAudits"
)

// NewEvent gives an event its time and an id that sorts by it. What is in the sign-in
// log passes.
func NewEvent(log string, now time.Time) *AuditEvent {
	return &AuditEvent{
		EventID: fmt.Sprintf("%016x-%s", now.UnixNano(), NewID()), At: now.UTC(), Log: log, Result: "success", Passing: log == SignIns,
	}
}

// Tell says what happened.
func (e *AuditEvent) Tell(what Activity) {
	e.Activity, e.Category, e.Service = what.Name, what.Category, what.Service
}

// PassingKept is how long a line stays that anybody can cause: the month that
// administrators know from Microsoft Entra ID.
const PassingKept = 30 * 24 * time.Hour

// ExpiresAt lets the sweeper remove what passes, in the order of its chain; what
// administrators did stays.
func (e *AuditEvent) ExpiresAt() time.Time {
	if !e.Passing {
		return time.Time{}
	}
	return e.Link.At.Add(PassingKept)
}

// Kind names the record.
func (*AuditEvent) Kind() string { return "audit" }

// ID sorts by time.
func (e *AuditEvent) ID() string { return e.EventID }

// Indexes finds the events of one log, of one user, and, in the partition System, of
// one tenant.
func (e *AuditEvent) Indexes() []storage.Index {
	x := []storage.Index{{Name: "log", Value: e.Log}, {Name: "tenant", Value: e.Tenant}}
	if e.Target.Type == ActorUser {
		x = append(x, storage.Index{Name: "user", Value: e.Target.ID})
	}
	return x
}
