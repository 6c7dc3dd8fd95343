package idp

import (
	"time"

	"latchkey/storage"
)

// DirectoryRole is a role that a tenant has taken into use from its template. Global
// Administrator is in use from the beginning.
type DirectoryRole struct {
	TemplateID  string
	RoleID      string
	ActivatedAt time.Time
}

// Kind names the record.
func (*DirectoryRole) Kind() string { return "directoryrole" }

// ID is that of the template: a role is taken into use once.
func (r *DirectoryRole) ID() string { return r.TemplateID }

// Indexes finds a role by its own id.
func (r *DirectoryRole) Indexes() []storage.Index {
	return []storage.Index{{Name: "role", Value: r.RoleID, Unique: true}}
}
