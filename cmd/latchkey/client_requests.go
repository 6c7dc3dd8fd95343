package main

import (
	"slices"
	"time"

	"latchkey/idp"
)

// clientRequests is what a client's authorization requests must be.
type clientRequests struct {
	Profile       *string   `json:"profile"`     // plain when empty
	RequestAlg    *string   `json:"request_alg"` // any when empty
	RequestURIs   *[]string `json:"request_uris"`
	RequireSigned *bool     `json:"require_signed_request"`
	RequirePAR    *bool     `json:"require_par"`
	DefaultMaxAge *int      `json:"default_max_age"` // seconds; 0: none
	DefaultACR    *[]string `json:"default_acr_values"`
}

func requestsOf(c *idp.Client) clientRequests {
	r := &c.Request
	return clientRequests{&c.Profile, &r.Alg, new(array(r.URIs)), &r.Signed, &r.Pushed, &r.DefaultMaxAge, new(array(r.DefaultACR))}
}

func (f *clientRequests) flags(s fieldFlags) {
	s.word(&f.Profile, "profile", "fapi2: the FAPI 2.0 Security Profile is enforced (default plain)", plainly, plainly, idp.ProfileFAPI)
	s.yes(&f.RequirePAR, "require-par", "requests must be pushed first (PAR)")
	s.yes(&f.RequireSigned, "require-signed-request", "requests must be signed objects")
	s.word(&f.RequestAlg, "request-alg", "how they are signed (default any)", "any", slices.Concat(idp.ClientAlgs, []string{"any"})...)
	s.list(&f.RequestURIs, "request-uri", "a `URI` where a signed request may be, or none; may be repeated")
	s.seconds(&f.DefaultMaxAge, "default-max-age", "how long ago people may have signed in when a request does not say: `seconds`, or with a unit such as 8h, or none")
	s.list(&f.DefaultACR, "default-acr", "an acr `value` that is wanted when a request does not say, or none; may be repeated")
}

func (f clientRequests) edit(c *idp.Client) {
	assign(&c.Profile, f.Profile)
	assign(&c.Request.Alg, f.RequestAlg)
	assign(&c.Request.URIs, f.RequestURIs)
	assign(&c.Request.Signed, f.RequireSigned)
	assign(&c.Request.Pushed, f.RequirePAR)
	assign(&c.Request.DefaultMaxAge, f.DefaultMaxAge)
	assign(&c.Request.DefaultACR, f.DefaultACR)
}

func (f clientRequests) shown() []string {
	var age string
	if n := valueOf(f.DefaultMaxAge); n > 0 {
		age = span(time.Duration(n) * time.Second)
	}
	return []string{
		"Profile", valueOf(f.Profile), "Must push requests", onlyYes(f.RequirePAR), "Must sign requests", onlyYes(f.RequireSigned),
		"Signs requests with", valueOf(f.RequestAlg), "Request URIs", joined(valueOf(f.RequestURIs)),
		"Default max age", age, "Default acr", joined(valueOf(f.DefaultACR)),
	}
}
