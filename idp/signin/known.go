package signin

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"latchkey/idp"
)

// known is what a browser that has signed in before can show for itself. It has
// a throttle of its own for each of its users, so that strangers who guess at a
// user's pass from elsewhere cannot lock that user out of it.
type known struct {
	ID    string
	Users []string // ids, latest last
}

const (
	knownPurpose = "known-browser"
	maxKnown     = 8
)

func (s *Service) openKnown(v Visit) known {
	var k known
	raw, err := s.keys.Open(knownPurpose, v.Tenant.TenantID, "", v.Known)
	if err != nil || json.Unmarshal(raw, &k) != nil {
		return known{}
	}
	return k
}

// sealKnown adds the user to the browser's cookie.
func (s *Service) sealKnown(a *attempt) string {
	k, id := a.known, a.subject.User.UserID
	if k.ID == "" {
		k.ID = idp.NewID()
	}
	if slices.Contains(k.Users, id) {
		return "" // the cookie in the browser says so already
	}
	if k.Users = append(slices.Clone(k.Users), id); len(k.Users) > maxKnown {
		k.Users = k.Users[1:]
	}
	raw, err := json.Marshal(k)
	if err != nil {
		return ""
	}
	return s.keys.Seal(knownPurpose, a.v.Tenant.TenantID, "", raw)
}

// throttleKey names the throttle of the user in this browser. Names nobody has
// share 65,536 shadow throttles a tenant, so that strangers cannot fill the
// store with names, while each single name is held back like a real one.
func (s *Service) throttleKey(a *attempt) string {
	u := a.subject.User
	if u == nil {
		name, err := idp.NormalName(a.f.Username)
		if err != nil {
			name = strings.ToLower(a.f.Username)
		}
		sum := s.keys.MAC("shadow", a.v.Tenant.TenantID, name)
		return fmt.Sprintf("nobody %04x", binary.BigEndian.Uint16(sum))
	}
	if slices.Contains(a.known.Users, u.UserID) {
		return "known " + u.UserID + " " + a.known.ID
	}
	return "user " + u.UserID
}
