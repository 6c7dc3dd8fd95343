package main

import (
	"slices"
	"strings"

	"latchkey/idp"
)

// shortName is a word of the command line and what is kept for it.
type shortName struct{ short, full string }

// grants are the grant types.
func grants() []shortName {
	return []shortName{
		{"code", idp.GrantCode}, {"implicit", idp.GrantImplicit}, {"refresh", idp.GrantRefresh},
		{"client", idp.GrantClient}, {"device", idp.GrantDevice}, {"exchange", idp.GrantExchange},
	}
}

// auths are the ways a client authenticates.
func auths() []shortName {
	return []shortName{
		{"basic", idp.AuthBasic}, {"post", idp.AuthPost}, {"secret-jwt", idp.AuthSecretJWT},
		{"private-key-jwt", idp.AuthKeyJWT}, {"none", idp.AuthNone},
	}
}

func shorts(of []shortName) []string { return each(of, func(n shortName) string { return n.short }) }

// fullName is what is kept for a short name; anything else is left to the server.
func fullName(of []shortName, short string) string {
	if i := slices.IndexFunc(of, func(n shortName) bool { return n.short == short }); i >= 0 {
		return of[i].full
	}
	return short
}

func grantType(short string) string { return fullName(grants(), short) }

func authMethod(short string) string { return fullName(auths(), short) }

// grantName is the short name of a grant type.
func grantName(full string) string {
	if i := slices.IndexFunc(grants(), func(n shortName) bool { return n.full == full }); i >= 0 {
		return grants()[i].short
	}
	return full
}

// responseType is a response type as it is kept: a sorted set.
func responseType(typed string) string {
	words := strings.Fields(typed)
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}
