// Package idp holds the nouns of Latchkey and the rules that belong to them:
// no HTTP, no HTML, no database, no protocol library.
//
// Each noun has a file with its fields, its validation and its own transitions;
// next.go decides what a person is asked, as a pure function. The bound that
// everything obtained through a pass ends with the pass is one value: it starts
// as Proof.NotAfter, becomes Session.NotAfter and Grant.NotAfter, and every
// token is clipped to it by Grant.Lifetime and nowhere else.
//
// Records are stored whole; see docs/nouns.md for the glossary.
package idp
