// Package authmethods holds the ways to prove who one is: a file each, and one
// list that says which there are and in which order they are offered. A method
// keeps nothing and decides only whether it is offered and whether an answer is
// right; all else is done for it by idp/signin.
package authmethods

import (
	"latchkey/authmethods/passkey"
	"latchkey/idp"
)

// Config is what methods rest on.
type Config struct {
	Keys     *idp.Keyring
	Passkeys passkey.Method
	Mails    bool     // the deployment sends mail
	Upstream Upstream // speaks with providers elsewhere
	Base     string   // URL of the deployment, which those are told
}

// All is every method in the order in which they are offered. A pass comes first:
// before any other method and before any redirect.
func All(c Config) []idp.Method {
	return []idp.Method{
		tap{c.Keys},
		c.Passkeys,
		authenticator{c.Passkeys.ID() != ""},
		homeTenant{c.Keys},
		federation{c.Keys, c.Upstream, c.Base, true},
		emailCode{c.Keys, c.Mails},
		federation{c.Keys, c.Upstream, c.Base, false},
		password{c.Keys},
	}
}
