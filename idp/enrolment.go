package idp

import (
	"slices"
	"time"
)

// StrongFor is how long after a proof of more than one factor its person may change
// their own sign-in methods.
const StrongFor = 5 * time.Minute

// EnrolmentLifetime is how long a registration that was begun may take.
const EnrolmentLifetime = 5 * time.Minute

// StrongUntil is until when the session's person may change their own sign-in methods:
// StrongFor after a proof of more than one factor, or as long as the window lasts that a
// one-time pass has opened. Zero: no such proof.
func (s *Session) StrongUntil() (until time.Time) {
	for _, p := range s.Proofs {
		if !p.MFA || p.Undated {
			continue
		}
		end := p.AuthTime().Add(StrongFor)
		if !p.RegisterBy.IsZero() { // the window is all that a one-time pass gives
			end = p.RegisterBy
		}
		if end.After(until) {
			until = end
		}
	}
	return until
}

// Strong tells whether the session's person may change their own sign-in methods now.
func (s *Session) Strong(now time.Time) bool { return now.Before(s.StrongUntil()) }

// EnrolBy is when a registration that is begun now must be finished: in time for the
// session, for itself, and for the window of a one-time pass, which nothing prolongs.
// Zero: it must not begin.
func (s *Session) EnrolBy(begun time.Time) time.Time {
	if !s.Strong(begun) {
		return time.Time{}
	}
	by := begun.Add(EnrolmentLifetime)
	if s.NotAfter.Before(by) {
		by = s.NotAfter
	}
	if w := s.Window(); !w.IsZero() && w.Before(by) {
		by = w
	}
	return by
}

// Window is the end of the window that a one-time pass has opened, when nothing
// stronger stands beside it; else zero.
func (s *Session) Window() (end time.Time) {
	for _, p := range s.Proofs {
		switch {
		case p.MFA && p.RegisterBy.IsZero():
			return time.Time{}
		case p.RegisterBy.After(end):
			end = p.RegisterBy
		}
	}
	return end
}

// Recovers tells whether the session came of a pass. Whoever held something else before
// has perhaps lost what that is on.
func (s *Session) Recovers() bool {
	return slices.ContainsFunc(s.Proofs, func(p Proof) bool { return p.Method == TemporaryAccessPass })
}

// Predates tells whether a credential was there before the session began, and is not what
// it rests on: that one its person has.
func (s *Session) Predates(credential string, made time.Time) bool {
	return made.Before(s.CreatedAt) && !slices.Contains(s.Credentials(), credential)
}

// MFA tells whether more than one factor was proved.
func (s *Session) MFA() bool {
	return slices.ContainsFunc(s.Proofs, func(p Proof) bool { return p.MFA })
}

// Bounded tells whether the session ends with one of its proofs.
func (s *Session) Bounded() bool {
	return slices.ContainsFunc(s.Proofs, func(p Proof) bool { return !p.NotAfter.IsZero() })
}
