package idp

import (
	"math"
	"slices"
)

// AskMode is how a device shows that its holder sees the sign-in page.
type AskMode string

// The modes.
const (
	AskType AskMode = "type" // the number is typed
	AskScan AskMode = "scan" // a QR code is scanned
	AskPick AskMode = "pick" // the number is picked among three; the form of 2019
)

// AskModes are all, safest first.
var AskModes = []AskMode{AskScan, AskType, AskPick}

// The modes of an authenticator's target, as Microsoft Graph names them: what the device is for.
const (
	AuthenticateAny  = "any"
	AuthenticatePush = "push"            // only as a second factor of who has signed in
	AuthenticateBare = "deviceBasedPush" // only without a password
)

// FeatureState is whether something is shown on the device.
type FeatureState string

// The states; a feature in its default state is on.
const (
	FeatureDefault FeatureState = "default"
	FeatureOn      FeatureState = "enabled"
	FeatureOff     FeatureState = "disabled"
)

// FeatureStates are all of them.
var FeatureStates = []FeatureState{FeatureDefault, FeatureOn, FeatureOff}

// Feature is something that is shown on devices of those included and not of those excluded.
type Feature struct {
	State   FeatureState
	Include Target
	Exclude Target `json:",omitzero"`
}

func defaultFeature() Feature {
	return Feature{State: FeatureDefault, Include: everybody().Include[0]}
}

// Shows tells whether the user's device shows it.
func (f Feature) Shows(u *User) bool { return f.State != FeatureOff && f.Targets().Covers(u) }

// Targets are those whose devices show it, unless it is off.
func (f Feature) Targets() Targets {
	t := Targets{Include: []Target{f.Include}}
	if f.Exclude.ID != "" {
		t.Exclude = []Target{f.Exclude}
	}
	return t
}

// AuthenticatorPolicy says who may sign in by a device of theirs, and how they are asked.
type AuthenticatorPolicy struct {
	Enabled bool
	Targets Targets   // those included have a mode
	Ask     []AskMode // how people may be asked; the first is used unless they want another
	Digits  int       // of the number; one more after a wrong answer
	// Lifetime is how long a request stands, in seconds.
	Lifetime int
	Tries    int // wrong numbers that end a request
	// Soft: programs that answer for people are accepted.
	Soft bool `json:",omitzero"`
	// Quiet: nothing wakes a device for a request from an unknown browser; its holder opens the
	// app.
	Quiet     bool `json:",omitzero"`
	ShowApp   Feature
	ShowPlace Feature
	// Matching is what Graph was told of number matching, which is always on, "" for nothing.
	Matching FeatureState `json:",omitzero"`
}

// The bounds of the policy, seconds for lifetimes.
const (
	LeastDigits             = 2
	GreatestDigits          = 6
	LeastRequestLifetime    = 30
	GreatestRequestLifetime = 180
	LeastNumberTries        = 1
	GreatestNumberTries     = 5
)

// DefaultAuthenticatorPolicy is what a new tenant has: disabled, for all users.
func DefaultAuthenticatorPolicy() AuthenticatorPolicy {
	return AuthenticatorPolicy{
		Targets: everybody(), Ask: []AskMode{AskType, AskScan}, Digits: 2, Lifetime: 60, Tries: 3,
		ShowApp: defaultFeature(), ShowPlace: defaultFeature(),
	}
}

// Bars tells why the method is not for a user, Offered if it is.
func (p AuthenticatorPolicy) Bars(u *User) Reason { return bars(p.Enabled, p.Targets, u) }

// Allows tells whether the user may sign in by a device: as the first thing they prove, or, with
// again, as another once they are signed in.
func (p AuthenticatorPolicy) Allows(u *User, again bool) Reason {
	if why := p.Bars(u); why != Offered {
		return why
	}
	for _, t := range p.Targets.Include {
		if one := (Targets{Include: []Target{t}}); !one.Covers(u) {
			continue
		}
		if t.Mode != AuthenticatePush || again {
			return Offered
		}
	}
	return OutOfMode
}

// Registrable tells why somebody cannot have a device registered; "" if they can.
func (p AuthenticatorPolicy) Registrable(u *User, held int) Reason {
	switch {
	case !p.Enabled:
		return MethodDisabled
	case u.Type.External():
		return ExternalUser
	case !p.Targets.Covers(u):
		return OutOfScope
	case held >= MaxAuthenticators:
		return MaxHeld
	}
	return Offered
}

// Mode is how somebody is asked who wants to be asked in a way, "" for any. Picking is for no
// privileged person, and for nobody who steps up: one of three guesses would be enough.
func (p AuthenticatorPolicy) Mode(want AskMode, careful bool) AskMode {
	able := slices.DeleteFunc(slices.Clone(p.Ask), func(m AskMode) bool { return careful && m == AskPick })
	switch {
	case slices.Contains(able, want):
		return want
	case len(able) > 0:
		return able[0]
	}
	return AskType
}

// Blind is how likely a request is approved by somebody who does not see the sign-in page and
// guesses as often as they may, where it is asked in a mode.
func (p AuthenticatorPolicy) Blind(m AskMode) float64 {
	switch m {
	case AskScan:
		return math.Pow(2, -128)
	case AskPick: // a wrong pick ends the request
		return 1.0 / pickOf
	}
	return math.Pow10(-p.Digits) + float64(p.Tries-1)*math.Pow10(-p.Digits-1)
}

// Validate checks every range.
func (p AuthenticatorPolicy) Validate() error {
	for _, f := range []struct {
		name            string
		v, least, great int
	}{
		{"number of digits", p.Digits, LeastDigits, GreatestDigits},
		{"lifetime of a request in seconds", p.Lifetime, LeastRequestLifetime, GreatestRequestLifetime},
		{"number of tries", p.Tries, LeastNumberTries, GreatestNumberTries},
	} {
		if f.v < f.least || f.v > f.great {
			return Errorf(Invalid, "Invalid %s %d specified. The valid range is between %d and %d.", f.name, f.v, f.least, f.great)
		}
	}
	if len(p.Ask) == 0 || len(p.Ask) > len(AskModes) {
		return Errorf(Invalid, "A policy names between 1 and %d ways to ask.", len(AskModes))
	}
	for i, m := range p.Ask {
		if !slices.Contains(AskModes, m) || slices.Contains(p.Ask[:i], m) {
			return Errorf(Invalid, "The ways to ask are type, scan and pick, each once; not %q.", m)
		}
	}
	for _, t := range p.Targets.Include {
		if !slices.Contains([]string{"", AuthenticateAny, AuthenticatePush, AuthenticateBare}, t.Mode) {
			return Errorf(Invalid, "The authentication mode %q is none of any, push and deviceBasedPush.", t.Mode)
		}
	}
	for _, f := range []Feature{p.ShowApp, p.ShowPlace} {
		if !slices.Contains(FeatureStates, f.State) {
			return Errorf(Invalid, "The state %q is none of default, enabled and disabled.", f.State)
		}
		if err := f.Targets().Validate(); err != nil {
			return err
		}
	}
	if p.Matching != "" && !slices.Contains(FeatureStates, p.Matching) {
		return Errorf(Invalid, "The state %q is none of default, enabled and disabled.", p.Matching)
	}
	return p.Targets.Validate()
}
