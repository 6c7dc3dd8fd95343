// Package ui draws the pages people see: one template a page, one catalogue a
// language, one style sheet, and a few small scripts that no page needs to work.
//
// A page is a View, which is plain data, and a Renderer turns it into an answer
// with the headers every page must have. Nothing here decides who may do what,
// and nothing reads a clock: what a page shows is in its View and its Frame.
//
// Text that people read stands in locales/, never in a template; a new language
// is one file there. Scripts and styles stand in assets/, never in a page.
package ui
