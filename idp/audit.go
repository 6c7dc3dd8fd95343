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
	Target    Party             `json:",omitzero"`
	ClientID  string            `json:",omitzero"`
	Method    string            `json:",omitzero"` // authenticationMethod
	SessionID string            `json:",omitzero"`
	Address   string            `json:",omitzero"`
	UserAgent string            `json:",omitzero"`
	RequestID string            `json:",omitzero"`
	Details   map[string]string `json:",omitzero"`
}

// Party is who acted or who was acted on.
type Party struct {
	Type string // user, client, operator, system
	ID   string `json:",omitzero"`
	Name string `json:",omitzero"`
}

// The two logs.
const (
	SignIns   = "signIns"
	Directory = "directoryAudits"
)

// Texts that other software matches on: do not change.
const (
	AdminRegistered = "Admin registered security info"
	UserRegistered  = "User registered security info"
	AdminDeleted    = "Admin deleted security info"
	UserDeleted     = "User deleted security info"
	PolicyUpdated   = "Authentication Methods Policy Update"

	PassRegisteredReason = "Admin registered temporary access pass method for user"
	PassDeletedReason    = "Admin deleted temporary access pass method for user"
	PassDeletedByUser    = "User deleted temporary access pass method"

	UserManagement        = "UserManagement"
	PolicyManagement      = "Policy"
	AuthenticationService = "Authentication Methods"
	CoreService           = "Core Directory"
)

// NewEvent gives an event its time and an id that sorts by it.
func NewEvent(log string, now time.Time) *AuditEvent {
	return &AuditEvent{EventID: fmt.Sprintf("%016x-%s", now.UnixNano(), NewID()), At: now, Log: log, Result: "success"}
}

// SignInLogKept is how long a line of the sign-in log stays: the month that
// administrators know from Microsoft Entra ID.
const SignInLogKept = 30 * 24 * time.Hour

// ExpiresAt lets the sweeper remove what anybody can cause by typing something, or by
// registering a client, so that strangers do not fill the store; what administrators did
// stays.
func (e *AuditEvent) ExpiresAt() time.Time {
	if e.Log != SignIns && e.Actor.Type != "client" {
		return time.Time{}
	}
	return e.At.Add(SignInLogKept)
}

// Kind names the record.
func (*AuditEvent) Kind() string { return "audit" }

// ID sorts by time.
func (e *AuditEvent) ID() string { return e.EventID }

// Indexes finds the events of one log, and of one user.
func (e *AuditEvent) Indexes() []storage.Index {
	x := []storage.Index{{Name: "log", Value: e.Log}}
	if e.Target.Type == "user" && e.Target.ID != "" {
		x = append(x, storage.Index{Name: "user", Value: e.Target.ID})
	}
	return x
}
