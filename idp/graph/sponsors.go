package graph

import "latchkey/idp"

// sponsorsOf are the users and groups that answer for the path's user. One of whom the caller
// may know no more is there by its id; one that is gone is not there.
func sponsorsOf(c *call) (source[directoryObject], error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	var all []directoryObject
	for _, id := range u.External.Sponsors {
		o, err := c.object(id)
		switch code := idp.ErrorCode(err); {
		case err == nil:
			all = append(all, o)
		case code == idp.Forbidden:
			all = append(all, directoryObject{bare: id})
		case code != idp.NotFound:
			return nil, err
		}
	}
	return objects.unordered(all), nil
}
