package admin

import (
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// maxSponsors is how many there may be of one guest.
const maxSponsors = 5

// sponsors are the ids of those who answer for a guest: as named, or else the person who
// invites.
func (w *work) sponsors(names []string) (ids []string, err error) {
	if len(names) == 0 && w.actor.Type == idp.ActorUser {
		return []string{w.actor.ID}, nil
	}
	if len(names) > maxSponsors {
		return nil, idp.Errorf(idp.Invalid, "A guest has at most %d sponsors.", maxSponsors)
	}
	for _, name := range names {
		id, err := w.sponsor(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (w *work) sponsor(name string) (string, error) {
	u, err := idp.Optional(idp.FindUser(w.Tx, name))
	switch {
	case err != nil:
		return "", err
	case u != nil && u.Type.External():
		return "", idp.Errorf(idp.Invalid, "%s comes from outside and cannot be a sponsor.", u.PrincipalName)
	case u != nil:
		return u.UserID, nil
	}
	g, err := idp.Optional(storage.Get[idp.Group](w.Tx, name))
	switch {
	case err != nil:
		return "", err
	case g == nil:
		return "", idp.NoSuch(idp.ActorUser, name, "There is no user or group %q to be a sponsor.", name)
	}
	return g.GroupID, nil
}
