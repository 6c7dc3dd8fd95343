package graph

import "latchkey/idp"

// sameValue is Graph's text for a value that another object has.
func sameValue(err error, property string) error {
	return conflict(err, "Another object with the same value for property "+property+" already exists.")
}

// conflict words a conflict as Graph does.
func conflict(err error, text string) error {
	if idp.ErrorCode(err) == idp.Conflict {
		return idp.Errorf(idp.Conflict, "%s", text)
	}
	return err
}

func noObject(id string) error { return idp.NoSuch("object", id, "There is no object %q.", id) }

// memberTwice is Graph's text for a member that is there.
const memberTwice = "One or more added object references already exist for the following modified properties: 'members'."
