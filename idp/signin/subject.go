package signin

import (
	"errors"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// loadSubject reads who is to be proved, and the throttle that holds for them
// in this browser.
func (s *Service) loadSubject(tx *storage.Tx, a *attempt) (err error) {
	a.subject, err = s.subject(tx, a.v, a.f, a.m)
	if err != nil {
		return err
	}
	if finder, ok := a.m.(idp.Finder); ok {
		err = s.found(tx, a, finder)
	}
	if err == nil {
		a.invited, err = opened(tx, a)
	}
	a.key = s.throttleKey(a)
	return err
}

// opened tells whether the flow began with the link of an invitation that the user can still
// accept.
func opened(tx *storage.Tx, a *attempt) (bool, error) {
	if a.f.Invited == "" || a.subject.User == nil {
		return false, nil
	}
	i, err := idp.Optional(storage.Get[idp.Invitation](tx, a.f.Invited))
	return i != nil && i.UserID == a.subject.User.UserID && i.Refuses(a.v.Now) == "", err
}

// found puts in whose credential the answer shows. Somebody else than the flow is about is
// nobody: an answer for one must not sign in another.
func (s *Service) found(tx *storage.Tx, a *attempt, m idp.Finder) error {
	u, err := m.Find(tx, a.answer)
	if err != nil {
		return err
	}
	a.other = u != nil && !a.f.Unnamed && (a.subject.User == nil || a.subject.User.UserID != u.UserID)
	a.subject.User, a.subject.Credentials = u, nil
	if u == nil {
		return nil
	}
	a.subject.Credentials, err = m.Info().Held(tx, u.UserID)
	return err
}

// subject is who is to be proved by a method, as they are now.
func (s *Service) subject(tx *storage.Tx, v Visit, f Flow, m idp.Method) (idp.Subject, error) {
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return idp.Subject{}, err
	}
	now := idp.Subject{Now: v.Now, Tenant: v.Tenant, Policy: policy, Wants: f.wants()}
	if f.Unnamed {
		now.Doors, err = s.doorsOfHint(tx, v, f.Hint)
		return now, err
	}
	var standIn *idp.User
	if now.User, standIn, err = s.wanted(tx, v, f); err != nil {
		return now, err
	}
	if now.Name = f.Username; now.Name == "" && now.User != nil {
		now.Name = now.User.SignInName()
	}
	if now.Doors, err = s.doors(tx, v, now.Name); now.User == nil || err != nil {
		return now, errors.Join(err, readAlike(tx, m, standIn))
	}
	session, err := findSession(tx, v.Session)
	if err != nil {
		return now, err
	}
	now.Again = again(session, now.User, v.Now)
	now.Known = f.Username == "" || slices.Contains(s.openKnown(v).Users, now.User.UserID)
	now.Credentials, err = m.Info().Held(tx, now.User.UserID)
	return now, err
}

// wanted is the user an answer is about: who was named, or who steps up. standIn is as
// signer has it.
func (s *Service) wanted(tx *storage.Tx, v Visit, f Flow) (u, standIn *idp.User, err error) {
	if f.Username != "" {
		return s.signer(tx, v, f.Username)
	}
	session, err := findSession(tx, v.Session)
	if session == nil || err != nil {
		return nil, nil, err
	}
	u, err = idp.Optional(storage.Get[idp.User](tx, session.UserID))
	return u, nil, err
}

// held is what failures in a row are counted against: what the user holds, or the code that
// they were sent, which no other takes the place of.
func (a *attempt) held() string {
	if a.sends() {
		return a.f.Challenge
	}
	ids := ""
	for _, c := range a.subject.Credentials {
		ids += c.ID() + " "
	}
	return ids
}
