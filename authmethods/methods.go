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
// before any other method and before any redirect. mails tells whether the deployment sends
// mail.
func All(keys *idp.Keyring, passkeys passkey.Method, mails bool) []idp.Method {
	return []idp.Method{
		tap{keys},
		passkeys,
		emailCode{keys, mails},
		password{keys},
	}
}
