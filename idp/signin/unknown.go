package signin

import (
	"encoding/binary"
	"slices"
	"strconv"
	"time"

	"latchkey/idp"
)

// How unknown names pretend: for a spell of a week each, in one of so many spells to hold a
// pass, in another a password, where there are any, else a passkey. People who have a passkey
// are given a pass now and then, too.
const (
	spell  = 7 * 24 * time.Hour
	spells = 4
)

// pretended is the method that a name is asked for which nobody has, or somebody who holds
// nothing. The page says which method a name is asked for, so names that have none must
// give various answers too, each for a while the same, or the page would tell who exists.
func (s *Service) pretended(v Visit, offers []idp.Offer, name string) idp.Kind {
	open := func(k idp.Kind) bool {
		return slices.ContainsFunc(offers, func(o idp.Offer) bool { return o.Info.Kind == k && o.Open })
	}
	if idp.FromOutside(v.Tenant, name) { // whoever that may be, nothing else can be theirs
		if i := slices.IndexFunc(offers, func(o idp.Offer) bool { return o.Info.Source == idp.SourceMail }); i >= 0 {
			return offers[i].Info.Kind
		}
	}
	first := []idp.Kind{idp.PasskeyMethod}
	switch s.spell(v, name) % spells {
	case 0:
		first = []idp.Kind{idp.TemporaryAccessPass, idp.PasskeyMethod}
	case 1:
		first = []idp.Kind{idp.PasswordMethod, idp.PasskeyMethod}
	}
	if i := slices.IndexFunc(first, open); i >= 0 {
		return first[i]
	}
	for _, o := range offers {
		if o.Open && o.Info.Source == "" {
			return o.Info.Kind
		}
	}
	return ""
}

// spell is a number that belongs to a name for some time.
func (s *Service) spell(v Visit, name string) uint16 {
	if normal, err := idp.NormalName(name); err == nil {
		name = normal
	}
	week := strconv.FormatInt(v.Now.UnixNano()/int64(spell), 10)
	return binary.BigEndian.Uint16(s.keys.MAC("pretended", v.Tenant.TenantID, name, week))
}
