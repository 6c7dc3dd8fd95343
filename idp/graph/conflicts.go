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

// objectTwice is Graph's text for an object that is there.
const objectTwice = "A conflicting object with one or more of the specified property values is present in the directory."

// memberTwice is Graph's text for a member that is there.
const memberTwice = "One or more added object references already exist for the following modified properties: 'members'."
