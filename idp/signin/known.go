package signin

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// known is what a browser that has signed in before can show for itself. It has
// a throttle apart from strangers, for each of its users, so that whoever guesses
// at a user's pass from elsewhere cannot lock that user out of it.
type known struct {
	ID    string
	Users []string // ids, latest last
	Since int64    // when it was sealed, in Unix seconds
}

// KnownFor is how long a browser stays known without signing in.
const KnownFor = 180 * 24 * time.Hour

const (
	knownPurpose = "known-browser"
	maxKnown     = 8
	// knownContexts is how many throttles all known browsers of a user share: one
	// each would let whoever held an earlier pass gather any number of them.
	// With that of strangers, nine times 1.1e-10 a day stays below 1e-9.
	knownContexts = 8
)

func (s *Service) openKnown(v Visit) known {
	var k known
	raw, err := s.keys.Open(knownPurpose, v.Tenant.TenantID, "", v.Known)
	if err != nil || json.Unmarshal(raw, &k) != nil || k.age(v.Now) >= KnownFor {
		return known{}
	}
	return k
}

func (k known) age(now time.Time) time.Duration { return now.Sub(time.Unix(k.Since, 0)) }

// Knows tells whether the visit's browser has signed in before the user whom the
// flow names.
func (s *Service) Knows(ctx context.Context, v Visit, f Flow) (yes bool, err error) {
	k := s.openKnown(v)
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		u, _, err := s.wanted(tx, v, f)
		yes = u != nil && slices.Contains(k.Users, u.UserID)
		return err
	})
	return yes, err
}

// sealKnown adds the user to the browser's cookie.
func (s *Service) sealKnown(a *attempt) string {
	k, id := a.known, a.subject.User.UserID
	if slices.Contains(k.Users, id) && k.age(a.v.Now) < KnownFor/2 {
		return "" // the cookie in the browser says so already
	}
	if k.ID == "" {
		k.ID = idp.NewID()
	}
	others := slices.DeleteFunc(slices.Clone(k.Users), func(u string) bool { return u == id })
	if k.Users = append(others, id); len(k.Users) > maxKnown {
		k.Users = k.Users[1:]
	}
	k.Since = a.v.Now.Unix()
	raw, err := json.Marshal(k)
	if err != nil {
		return ""
	}
	return s.keys.Seal(knownPurpose, a.v.Tenant.TenantID, "", raw)
}

// throttleKey names the throttle of the user in this browser. Who has the link of an
// invitation is not held back by strangers, who could else keep its guest from ever
// accepting it. Names nobody has
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
		sum := s.keys.MAC("known", a.v.Tenant.TenantID, u.UserID, a.known.ID)
		return fmt.Sprintf("known %s %d", u.UserID, sum[0]%knownContexts)
	}
	if a.invited {
		return "invited " + u.UserID
	}
	return "user " + u.UserID
}

// Remembers tells whether somebody signed in at the visit's tenant in its browser before;
// not who.
func (s *Service) Remembers(v Visit) bool { return s.openKnown(v).ID != "" }
