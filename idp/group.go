package idp

import (
	"strings"
	"time"

	"latchkey/storage"
)

// Group is a set of users, for the targets of policies. Membership is kept on
// the user (User.Groups), where it is needed.
type Group struct {
	GroupID     string
	Name        string
	Description string `json:",omitzero"`
	Nickname    string `json:",omitzero"` // mailNickname
	// Guarded: roles may be given to the group (isAssignableToRole), so that its members
	// are kept from administrators of ordinary users. It is set once and for all.
	Guarded   bool `json:",omitzero"`
	CreatedAt time.Time
}

// Kind names the record.
func (*Group) Kind() string { return "group" }

// ID is the group's GUID.
func (g *Group) ID() string { return g.GroupID }

// Indexes finds a group by its name, whatever its case.
func (g *Group) Indexes() []storage.Index {
	return []storage.Index{{Name: "name", Value: strings.ToLower(g.Name), Unique: true}}
}

// Validate checks the name.
func (g *Group) Validate() error {
	switch {
	case !isName(g.Name):
		return Errorf(Invalid, "A group needs a name of at most 256 bytes, without control characters.")
	case g.Nickname != "" && (!isName(g.Nickname) || len(g.Nickname) > 64):
		return Errorf(Invalid, "A mail nickname may have at most 64 bytes, without control characters.")
	case len(g.Description) > 1024 || strings.ContainsFunc(g.Description, isControlInText):
		return Errorf(Invalid, "A description may have at most 1,024 bytes, without control characters.")
	}
	return nil
}

// FindGroup finds a group by GUID or name.
func FindGroup(tx *storage.Tx, name string) (*Group, error) {
	if IsID(name) {
		return storage.Get[Group](tx, name)
	}
	return storage.Lookup[Group](tx, "name", strings.ToLower(name))
}
