package idp

import (
	"errors"
	"slices"
	"time"

	"latchkey/storage"
)

// MethodsPolicy is a tenant's authentication methods policy: a field a method.
// A tenant that stored none has DefaultMethodsPolicy.
type MethodsPolicy struct {
	TemporaryAccessPass PassPolicy
	Passkey             PasskeyPolicy
	Password            PasswordPolicy
	Email               EmailPolicy
	Authenticator       AuthenticatorPolicy
	Registration        RegistrationPolicy
	UpdatedAt           time.Time
}

const methodsPolicyID = "authenticationMethods"

// Kind names the record.
func (*MethodsPolicy) Kind() string { return "policy" }

// ID is the same in every tenant.
func (*MethodsPolicy) ID() string { return methodsPolicyID }

// Indexes has none.
func (*MethodsPolicy) Indexes() []storage.Index { return nil }

// DefaultMethodsPolicy is that of a fresh tenant.
func DefaultMethodsPolicy() *MethodsPolicy {
	return &MethodsPolicy{
		TemporaryAccessPass: DefaultPassPolicy(), Passkey: DefaultPasskeyPolicy(), Password: DefaultPasswordPolicy(),
		Email: DefaultEmailPolicy(), Authenticator: DefaultAuthenticatorPolicy(), Registration: DefaultRegistrationPolicy(),
	}
}

// LoadMethodsPolicy reads the tenant's policy or the default.
func LoadMethodsPolicy(tx *storage.Tx) (*MethodsPolicy, error) {
	p := DefaultMethodsPolicy() // a policy that was stored before there was some method says nothing of it
	err := tx.Load(methodsPolicyID, p)
	if errors.Is(err, storage.ErrNotFound) {
		return DefaultMethodsPolicy(), nil
	}
	return p, err
}

// Naming is which policy names a user or group by its id, "" for none.
func (p *MethodsPolicy) Naming(id string) string {
	for _, x := range []struct {
		which   string
		targets Targets
	}{
		{"pass", p.TemporaryAccessPass.Targets}, {"passkey", p.Passkey.Targets}, {"password", p.Password.Targets}, {"email", p.Email.Targets},
		{"authenticator", p.Authenticator.Targets}, {"authenticator", p.Authenticator.ShowApp.Targets()}, {"authenticator", p.Authenticator.ShowPlace.Targets()},
		{"registration", p.Registration.SelfServiceReset.Targets}, {"registration", p.Registration.IdentityProtection.Targets},
		{"registration", p.Registration.Campaign.Targets},
	} {
		if x.targets.Names(id) {
			return x.which
		}
	}
	return ""
}

// Target is whom a policy names: a user, a group, or everybody.
type Target struct {
	Type string // "user" or "group"
	ID   string // GUID, or AllUsers with type group
	// Mode is what the method is for there, of those included in the policy of authenticators;
	// "" is any.
	Mode string `json:",omitzero"`
}

// AllUsers is the group everybody is in.
const AllUsers = "all_users"

// Targets are the people a policy is for. Exclude wins.
type Targets struct {
	Include []Target
	Exclude []Target `json:",omitzero"`
}

// Covers tells whether the user is in scope.
func (t Targets) Covers(u *User) bool {
	hit := func(x Target) bool {
		if x.Type == "user" {
			return x.ID == u.UserID
		}
		return x.ID == AllUsers || slices.Contains(u.Groups, x.ID)
	}
	return slices.ContainsFunc(t.Include, hit) && !slices.ContainsFunc(t.Exclude, hit)
}

// bars tells why a method with such a policy is not for a user, Offered if it is.
func bars(enabled bool, t Targets, u *User) Reason {
	switch {
	case !enabled:
		return MethodDisabled
	case !t.Covers(u):
		return OutOfScope
	case u.Type.External():
		return ExternalUser
	}
	return Offered
}

// Validate checks the form of every target.
func (t Targets) Validate() error {
	for _, x := range append(slices.Clone(t.Include), t.Exclude...) {
		switch {
		case x.Type != "user" && x.Type != "group":
			return Errorf(Invalid, "The target type %q is neither user nor group.", x.Type)
		case !IsID(x.ID) && (x.Type != "group" || x.ID != AllUsers):
			return Errorf(Invalid, "The target %q is neither a GUID nor %s.", x.ID, AllUsers)
		}
	}
	if slices.ContainsFunc(t.Exclude, func(x Target) bool { return x.ID == AllUsers }) {
		return Errorf(Invalid, "Everybody cannot be excluded: the policy would be for nobody. Disable it instead.")
	}
	if len(t.Include)+len(t.Exclude) > 200 {
		return Errorf(Invalid, "A policy names at most 200 targets.")
	}
	return nil
}

// The bounds of a pass policy, in minutes and characters.
const (
	LeastPassLifetime    = 10
	GreatestPassLifetime = 43200
	LeastPassLength      = 8
	GreatestPassLength   = 48
)

// PassPolicy says who may sign in with a Temporary Access Pass and what passes
// are like. Lifetimes are in minutes.
type PassPolicy struct {
	Enabled         bool
	Targets         Targets
	MinimumLifetime int
	MaximumLifetime int
	DefaultLifetime int
	Once            bool // every pass is one-time
	Length          int  // characters
	// Approval: a pass for a privileged person needs a second administrator.
	Approval bool `json:",omitzero"`
}

// DefaultPassPolicy is what a new tenant has: disabled, for all users.
func DefaultPassPolicy() PassPolicy {
	return PassPolicy{
		Targets:         everybody(),
		MinimumLifetime: 60, MaximumLifetime: 480, DefaultLifetime: 60, Length: 8,
	}
}

// Bars tells why passes are not for a user, Offered if they are.
func (p PassPolicy) Bars(u *User) Reason { return bars(p.Enabled, p.Targets, u) }

// Validate checks every range: min ≤ default ≤ max, all within the bounds.
func (p PassPolicy) Validate() error {
	for _, f := range []struct {
		name            string
		v, least, great int
	}{
		{"minimum lifetime", p.MinimumLifetime, LeastPassLifetime, GreatestPassLifetime},
		{"maximum lifetime", p.MaximumLifetime, LeastPassLifetime, GreatestPassLifetime},
		{"default lifetime", p.DefaultLifetime, p.MinimumLifetime, p.MaximumLifetime},
		{"length", p.Length, LeastPassLength, GreatestPassLength},
	} {
		if f.v < f.least || f.v > f.great {
			if f.least > f.great {
				return Errorf(Invalid, "The minimum lifetime %d is above the maximum lifetime %d.", f.least, f.great)
			}
			return Errorf(Invalid, "Invalid %s %d specified. The valid range between %d and %d.", f.name, f.v, f.least, f.great)
		}
	}
	return p.Targets.Validate()
}

// Names tells whether the targets name a user or group by its id.
func (t Targets) Names(id string) bool {
	return slices.ContainsFunc(append(slices.Clone(t.Include), t.Exclude...), func(x Target) bool { return x.ID == id })
}
