package signin

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strconv"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// How unknown names pretend: for a spell of a week each, in one of so many spells to hold a
// pass, in another a password, in a third a device, where there are any, else a passkey. People
// who have a passkey are given a pass now and then, too.
const (
	spell  = 7 * 24 * time.Hour
	spells = 4
)

// pretended is the method that a name is asked for which nobody has, or somebody who holds
// nothing. The page says which method a name is asked for, so names that have none must
// give various answers too, each for a while the same, or the page would tell who exists.
//
// Of a federated domain it is the provider, as of nearly everybody there; where it has people
// created who come for the first time, always, or they would not get there.
func (s *Service) pretended(v Visit, facts *idp.Facts, name string) idp.Kind {
	offers := facts.Offers
	open := func(k idp.Kind) bool {
		return slices.ContainsFunc(offers, func(o idp.Offer) bool { return o.Info.Kind == k && o.Open })
	}
	if idp.FromOutside(v.Tenant, name) { // whoever that may be, nothing else can be theirs
		for _, k := range []idp.Kind{idp.HomeTenant, idp.GuestProvider} {
			if open(k) {
				return k
			}
		}
		if i := slices.IndexFunc(offers, func(o idp.Offer) bool { return o.Info.Source == idp.SourceMail }); i >= 0 {
			return offers[i].Info.Kind
		}
	}
	if open(idp.FederatedDomain) && (facts.Doors.Federation.Provision || s.spell(v, name)%spells != 0) {
		return idp.FederatedDomain
	}
	first := []idp.Kind{idp.PasskeyMethod}
	switch s.spell(v, name) % spells {
	case 0:
		first = []idp.Kind{idp.TemporaryAccessPass, idp.PasskeyMethod}
	case 1:
		first = []idp.Kind{idp.PasswordMethod, idp.PasskeyMethod}
	case 2:
		first = []idp.Kind{idp.AuthenticatorMethod, idp.PasskeyMethod}
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

// signer is who signs in by a name, nil if nobody does. standIn is then somebody else of whom
// as much was read, so that it takes as long.
func (s *Service) signer(tx *storage.Tx, v Visit, name string) (u, standIn *idp.User, err error) {
	outside := idp.FromOutside(v.Tenant, name) // asked of everybody, as it takes some time
	if u, err = idp.Optional(idp.FindSigner(tx, name)); u == nil && err == nil && outside {
		standIn, err = s.standIn(tx, v.Tenant.TenantID, name)
	}
	return u, standIn, err
}

// maxStandIns is among how many people from outside a stand-in is chosen.
const maxStandIns = 1000

// standIn reads somebody from outside as idp.FindSigner reads who has a name: for each name
// somebody else, and for one name the same, since what was read a moment ago is read faster.
// Who there is is remembered, as to look for them takes longer. nil: there is nobody to tell
// apart from.
func (s *Service) standIn(tx *storage.Tx, tenant, name string) (*idp.User, error) {
	known, _ := s.standIns.Load(tenant)
	ids, _ := known.([]string)
	var m *idp.Mailbox
	if len(ids) > 0 {
		var err error
		if m, err = idp.MailboxOf(tx, ids[maphash.String(s.seed, name)%uint64(len(ids))]); err != nil {
			return nil, err
		}
	}
	if m == nil { // nobody is known yet, or this one is gone
		all, _, err := storage.All[idp.Mailbox](tx, storage.Page{Limit: maxStandIns})
		if len(all) == 0 || err != nil {
			return nil, err
		}
		m, ids = all[0], make([]string, len(all))
		for i, one := range all {
			ids[i] = one.UserID
		}
		s.standIns.Store(tenant, ids)
	}
	return idp.Optional(storage.Get[idp.User](tx, m.UserID))
}

// readAlike reads of a stand-in what is read of who signs in, and forgets it.
func readAlike(tx *storage.Tx, m idp.Method, standIn *idp.User) error {
	if standIn == nil {
		return nil
	}
	_, err := m.Info().Held(tx, standIn.UserID)
	return err
}

// offers asks every method. Of nobody, the stand-in is asked instead, and nothing of that but
// what the policy is for everybody goes further.
func (s *Service) offers(tx *storage.Tx, who idp.Subject, standIn *idp.User) ([]idp.Offer, error) {
	held := func(u *idp.User) func(idp.Info) ([]idp.Credential, error) {
		return func(i idp.Info) ([]idp.Credential, error) { return i.Held(tx, u.UserID) }
	}
	if who.User != nil || standIn == nil {
		return idp.Offers(s.methods, who, held(who.User))
	}
	who.User = standIn
	offers, err := idp.Offers(s.methods, who, held(standIn))
	for i := range offers {
		offers[i].Reason = idp.UnknownUser
	}
	return offers, err
}
