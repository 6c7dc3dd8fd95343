// Package authmethods holds the ways to prove who one is: a file each, and one
// list that says which there are and in which order they are offered. A method
// keeps nothing and decides only whether it is offered and whether an answer is
// right; all else is done for it by idp/signin.
package authmethods

import (
	"latchkey/authmethods/passkey"
	"latchkey/idp"
)

// All is every method in the order in which they are offered. A pass comes first:
// before any other method and before any redirect.
func All(keys *idp.Keyring, passkeys passkey.Method) []idp.Method {
	return []idp.Method{
		tap{keys},
		passkeys,
		password{keys},
	}
}
