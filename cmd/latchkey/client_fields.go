package main

import (
	"slices"

	"latchkey/idp"
)

// clientFields is what may be set of a client. In an answer every field is there;
// in a change nil leaves it as it is.
type clientFields struct {
	clientApp
	clientKeys
	clientPeople
	clientRequests
	clientLogout
	clientAbout
}

func fieldsOf(c *idp.Client) clientFields {
	return clientFields{appOf(c), keysOf(c), peopleOf(c), requestsOf(c), logoutOf(c), aboutOf(c)}
}

// groups are the flags of the fields; own are those that only one command has.
func (f *clientFields) groups(own func(fieldFlags)) []flagGroup {
	return []flagGroup{
		{"The app", func(s fieldFlags) { own(s); f.clientApp.flags(s) }},
		{"Signing out", f.clientLogout.flags},
		{"Keys and signatures", f.clientKeys.flags},
		{"How people are told apart", f.clientPeople.flags},
		{"Authorization requests", f.clientRequests.flags},
		{"What people may want to know", f.clientAbout.flags},
	}
}

// edit puts what was given into c.
func (f clientFields) edit(c *idp.Client) {
	f.clientApp.edit(c)
	f.clientKeys.edit(c)
	f.clientPeople.edit(c)
	f.clientRequests.edit(c)
	f.clientLogout.edit(c)
	f.clientAbout.edit(c)
}

// shown are names and values for people.
func (f clientFields) shown() []string {
	return slices.Concat(f.clientApp.shown(), f.clientLogout.shown(), f.clientKeys.shown(), f.clientPeople.shown(), f.clientRequests.shown(), f.clientAbout.shown())
}

// clientApp is what kind of app a client is.
type clientApp struct {
	Name          *string   `json:"name"`
	RedirectURIs  *[]string `json:"redirect_uris"`
	GrantTypes    *[]string `json:"grant_types"`
	ResponseTypes *[]string `json:"response_types"` // code when empty
	Origins       *[]string `json:"origins"`
	Native        *bool     `json:"native"`
	Trusted       *bool     `json:"trusted"`
	Introspect    *bool     `json:"introspect"`
	Permissions   *[]string `json:"permissions"` // see permissions
	Disabled      *bool     `json:"disabled"`
}

func appOf(c *idp.Client) clientApp {
	return clientApp{
		&c.Name, new(array(c.RedirectURIs)), new(array(c.GrantTypes)), new(array(c.ResponseTypes)), new(array(c.Origins)),
		&c.Native, &c.Trusted, &c.Introspect, new(permissions(c.Permissions)), &c.Disabled,
	}
}

func (f *clientApp) flags(s fieldFlags) {
	s.list(&f.RedirectURIs, "redirect-uri", "a `URI` where answers may go, or none; may be repeated")
	s.listOf(&f.GrantTypes, grantType, "grant", "what it may ask tokens with: a `grant` of code, implicit, refresh, client, device or exchange; may be repeated (default code and refresh)")
	s.listOf(&f.ResponseTypes, responseType, "response-type", "a `type` of answer it may ask for, such as code or \"code id_token\", or none for code alone; may be repeated")
	s.list(&f.Origins, "origin", "a browser `origin` that may call for it, such as https://app.example, or none; may be repeated")
	s.yes(&f.Native, "native", "an installed app: the port of a loopback redirect URI is free")
	s.yes(&f.Trusted, "trusted", "nobody is asked for consent")
	s.yes(&f.Introspect, "introspect", "it may introspect the tokens of other clients")
	s.checked(&f.Permissions, permission, "permission", "a `scope` that it may have for itself (grants client and exchange), such as User.Read.All of the administration API or "+exampleAPI+"/calendar.read, or none; may be repeated")
	s.yes(&f.Disabled, "disabled", "nobody can sign in to it while it is disabled")
}

func (f clientApp) edit(c *idp.Client) {
	assign(&c.Name, f.Name)
	assign(&c.RedirectURIs, f.RedirectURIs)
	assign(&c.GrantTypes, f.GrantTypes)
	assign(&c.ResponseTypes, f.ResponseTypes)
	assign(&c.Origins, f.Origins)
	assign(&c.Native, f.Native)
	assign(&c.Trusted, f.Trusted)
	assign(&c.Introspect, f.Introspect)
	assign(&c.Permissions, keptPermissions(f.Permissions))
	assign(&c.Disabled, f.Disabled)
}

func (f clientApp) shown() []string {
	return []string{
		"Grants", joined(each(valueOf(f.GrantTypes), grantName)), "Response types", joined(valueOf(f.ResponseTypes)),
		"Redirect URIs", joined(valueOf(f.RedirectURIs)), "Origins", joined(valueOf(f.Origins)),
		"Native", yesNo(valueOf(f.Native)), "Trusted", yesNo(valueOf(f.Trusted)), "May introspect", yesNo(valueOf(f.Introspect)),
		"Permissions", joined(valueOf(f.Permissions)),
	}
}

// valueOf is what is pointed at, or the zero value.
func valueOf[T any](p *T) (v T) {
	assign(&v, p)
	return v
}

// onlyYes is yes, or nothing to show.
func onlyYes(b *bool) string {
	if valueOf(b) {
		return "yes"
	}
	return ""
}
