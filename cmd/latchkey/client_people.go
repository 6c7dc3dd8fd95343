package main

import "latchkey/idp"

// plainly is the word for what is kept as "": nothing beside the standards.
const plainly = "plain"

// clientPeople is how a client tells people apart, and what it reads of them.
type clientPeople struct {
	Subject   *string `json:"subject_type"` // public when empty
	SectorURI *string `json:"sector_identifier_uri"`
	Claims    *string `json:"claims"` // plain when empty
}

func peopleOf(c *idp.Client) clientPeople {
	return clientPeople{&c.Subject.Type, &c.Subject.SectorURI, &c.ClaimsProfile}
}

func (f *clientPeople) flags(s fieldFlags) {
	s.word(&f.Subject, "subject", "whether a person has the same sub for every app, or one of its own for this app's hosts (default public)", "public", "public", idp.SubjectPairwise)
	s.text(&f.SectorURI, "sector-uri", "the `URI` of a list of its redirect URIs, which pairwise needs if they have several hosts, or none")
	s.word(&f.Claims, "claims", "entra: its tokens also carry what Microsoft's libraries read (default plain)", plainly, plainly, idp.ClaimsEntra)
}

func (f clientPeople) edit(c *idp.Client) {
	assign(&c.Subject.Type, f.Subject)
	assign(&c.Subject.SectorURI, f.SectorURI)
	assign(&c.ClaimsProfile, f.Claims)
}

func (f clientPeople) shown() []string {
	return []string{"Subjects", valueOf(f.Subject), "Sector", valueOf(f.SectorURI), "Claims", valueOf(f.Claims)}
}
