package idp

import "time"

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
	NoInterrupt  Interrupt = ""
	MayRegister  Interrupt = "may"  // "not now" will do
	MustRegister Interrupt = "must" // it will not
)

// Interrupts decides about somebody who can register a method and holds no passwordless
// one. A sign-in that began at Latchkey itself leads to it anyway.
func (p RegistrationPolicy) Interrupts(u *User, own bool, now time.Time) Interrupt {
	for _, r := range []Requirement{p.SelfServiceReset, p.IdentityProtection} {
		if r.Enabled && r.Targets.Covers(u) {
			return MustRegister
		}
	}
	if own || p.Campaign.asks(u, now) {
		return MayRegister
	}
	return NoInterrupt
}

// asks tells whether the campaign is for the user, and they did not put it off.
func (c Campaign) asks(u *User, now time.Time) bool {
	return c.Enabled && c.Targets.Covers(u) && c.Rested(u, now)
}

// Rested tells whether somebody who said "not now" may be asked again.
func (c Campaign) Rested(u *User, now time.Time) bool {
	return !now.Before(u.SnoozedAt.Add(time.Duration(c.SnoozeDays) * 24 * time.Hour))
}
