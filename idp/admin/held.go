package admin

import (
	"slices"

	"latchkey/idp"
)

// First is what the user is asked for first, as idp.Next decides; "" for nothing.
func (m Methods) First() idp.Kind {
	if m.passUsable() {
		return idp.TemporaryAccessPass
	}
	return m.Default()
}

// Default is what they are asked for where no pass comes before it.
func (m Methods) Default() idp.Kind {
	usable := m.Usable()
	switch {
	case slices.Contains(usable, m.User.Preferred):
		return m.User.Preferred
	case len(usable) == 0:
		return ""
	}
	return usable[0]
}

// Provable tells whether the user holds something to give a strong proof with.
func (m Methods) Provable() bool {
	return m.passUsable() || slices.Contains(m.Usable(), idp.PasskeyMethod)
}

// OnlyWay tells whether the user can sign in with this credential and with nothing else.
func (m Methods) OnlyWay(id string) bool {
	var ways []string
	if m.passUsable() {
		ways = append(ways, m.Pass.Pass.PassID)
	}
	for _, k := range m.Passkeys {
		if k.Reason == idp.Offered {
			ways = append(ways, k.PasskeyID)
		}
	}
	if m.Password != nil && m.Password.Reason == idp.Offered {
		ways = append(ways, m.Password.PasswordID)
	}
	return len(ways) == 1 && ways[0] == id
}

func (m Methods) passUsable() bool { return m.Pass != nil && m.Pass.Reason == idp.EnabledByPolicy }
