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
		if !p.MFA {
			continue
		}
		end := p.At.Add(StrongFor)
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

// MFA tells whether more than one factor was proved.
func (s *Session) MFA() bool {
	return slices.ContainsFunc(s.Proofs, func(p Proof) bool { return p.MFA })
}

// Bounded tells whether the session ends with one of its proofs.
func (s *Session) Bounded() bool {
	return slices.ContainsFunc(s.Proofs, func(p Proof) bool { return !p.NotAfter.IsZero() })
}

// RegistrationPolicy says who is asked, after signing in, to add a sign-in method.
type RegistrationPolicy struct {
	// SelfServiceReset and IdentityProtection ask until it is done.
	SelfServiceReset   Requirement
	IdentityProtection Requirement
	Campaign           Campaign
}

// Requirement asks those it is for to register before they go on.
type Requirement struct {
	Enabled bool
	Targets Targets
}

// Campaign asks too, and takes "not now" for an answer, for some days.
type Campaign struct {
	Enabled    bool
	Targets    Targets
	SnoozeDays int // 0: asked at every sign-in
}

// MaxSnooze is the longest a campaign waits, in days.
const MaxSnooze = 14

// DefaultRegistrationPolicy is what a new tenant has: nobody is asked in the middle of
// the way to an app.
func DefaultRegistrationPolicy() RegistrationPolicy {
	return RegistrationPolicy{
		SelfServiceReset:   Requirement{Targets: everybody()},
		IdentityProtection: Requirement{Targets: everybody()},
		Campaign:           Campaign{Targets: everybody(), SnoozeDays: 1},
	}
}

// Validate checks the form of the policy.
func (p RegistrationPolicy) Validate() error {
	if p.Campaign.SnoozeDays < 0 || p.Campaign.SnoozeDays > MaxSnooze {
		return Errorf(Invalid, "Invalid snoozeDurationInDays %d specified. The valid range between 0 and %d.", p.Campaign.SnoozeDays, MaxSnooze)
	}
	for _, t := range []Targets{p.SelfServiceReset.Targets, p.IdentityProtection.Targets, p.Campaign.Targets} {
		if err := t.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// Interrupt is whether somebody is asked to add a sign-in method before they go on.
type Interrupt string

// The answers.
const (
	NoInterrupt   Interrupt = ""
	MayRegister   Interrupt = "may"  // "not now" will do
	MustRegister  Interrupt = "must" // it will not
	interruptDays           = 24 * time.Hour
)

// Interrupts decides about somebody who can register a method and holds no passwordless
// one. A sign-in that began at Latchkey itself leads to it anyway.
func (p RegistrationPolicy) Interrupts(u *User, own bool, now time.Time) Interrupt {
	for _, r := range []Requirement{p.SelfServiceReset, p.IdentityProtection} {
		if r.Enabled && r.Targets.Covers(u) {
			return MustRegister
		}
	}
	switch c := p.Campaign; {
	case own:
		return MayRegister
	case c.Enabled && c.Targets.Covers(u) && !now.Before(u.SnoozedAt.Add(time.Duration(c.SnoozeDays)*interruptDays)):
		return MayRegister
	}
	return NoInterrupt
}
