package admin

import (
	"slices"

	"latchkey/idp"
)

// What a user's methods are good for as things are now.

// Usable tells whether the user can sign in with the pass.
func (i PassInfo) Usable() bool { return i.Reason == idp.EnabledByPolicy }

// PassUsable tells whether the user can sign in with a pass.
func (m Methods) PassUsable() bool { return m.Pass != nil && m.Pass.Usable() }

// Passwordless tells whether the user can sign in with a passkey or a device.
func (m Methods) Passwordless() bool { return m.PasskeyUsable() || m.AuthenticatorUsable() }

// PasskeyUsable tells whether the user can sign in with a passkey.
func (m Methods) PasskeyUsable() bool {
	return slices.ContainsFunc(m.Passkeys, func(k PasskeyInfo) bool { return k.Reason == idp.Offered })
}

// AuthenticatorUsable tells whether the user can sign in with a device.
func (m Methods) AuthenticatorUsable() bool {
	return slices.ContainsFunc(m.Authenticators, func(d AuthenticatorInfo) bool { return d.Reason == idp.Offered })
}

// PasswordUsable tells whether the user can sign in with a password.
func (m Methods) PasswordUsable() bool {
	return m.Password != nil && m.Password.Reason == idp.Offered
}

// MFA tells whether something that the user can prove who they are with stands for more than
// one factor: a device, too, that is only for those who have signed in.
func (m Methods) MFA() bool {
	again := func(d AuthenticatorInfo) bool { return d.Reason == idp.OutOfMode }
	return m.PassUsable() || m.Passwordless() || slices.ContainsFunc(m.Authenticators, again)
}

// MFARegistered is MFA of what they hold, whether it is accepted now or not. A pass that is
// over is nothing they hold.
func (m Methods) MFARegistered() bool {
	return m.PassUsable() || len(m.Passkeys)+len(m.Authenticators) > 0
}

// Lasting are the kinds of methods that the user can sign in with, in the order in which
// they are offered. A pass is none: it ends.
func (m Methods) Lasting() (kinds []idp.Kind) {
	if m.PasskeyUsable() {
		kinds = append(kinds, idp.PasskeyMethod)
	}
	if m.AuthenticatorUsable() {
		kinds = append(kinds, idp.AuthenticatorMethod)
	}
	if m.PasswordUsable() {
		kinds = append(kinds, idp.PasswordMethod)
	}
	return kinds
}

// First is what the user is asked for first; "" for nothing.
func (m Methods) First() idp.Kind {
	offered := m.Lasting()
	if m.PassUsable() {
		offered = slices.Insert(offered, 0, idp.TemporaryAccessPass)
	}
	return idp.FirstOf(offered, m.User)
}

// Default is what they are asked for where no pass comes before it.
func (m Methods) Default() idp.Kind { return idp.FirstOf(m.Lasting(), m.User) }

// OnlyWay tells whether the user can sign in with this credential and with nothing else.
func (m Methods) OnlyWay(id string) bool {
	var ways []string
	if m.PassUsable() {
		ways = append(ways, m.Pass.Pass.PassID)
	}
	for _, k := range m.Passkeys {
		if k.Reason == idp.Offered {
			ways = append(ways, k.PasskeyID)
		}
	}
	for _, d := range m.Authenticators {
		if d.Reason == idp.Offered {
			ways = append(ways, d.AuthenticatorID)
		}
	}
	if m.PasswordUsable() {
		ways = append(ways, m.Password.PasswordID)
	}
	return len(ways) == 1 && ways[0] == id
}
