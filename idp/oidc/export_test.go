package oidc

// What the tests of this package look at from inside.
var (
	ParseBasic   = parseBasic
	Printable    = printable
	VerifierFits = verifierFits
)
