package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"time"

	"latchkey/idp"
)

// Slip is what a person is handed who is given a pass: on paper of the size A6, or on
// the screen of whoever gives it.
type Slip struct {
	Organization string    `json:"organization"`
	DisplayName  string    `json:"display_name"`
	Username     string    `json:"username"` // empty: it is not printed
	Language     string    `json:"language"` // of the person, for the file
	Address      string    `json:"address"`  // to open
	Code         string    `json:"code"`     // in groups of four
	ValidFrom    time.Time `json:"valid_from"`
	ValidUntil   time.Time `json:"valid_until"`
	Once         bool      `json:"once"`
}

// NewSlip is the slip of a pass that was just given; without withName it does not say
// by which user name the person signs in.
func NewSlip(base string, t *idp.Tenant, u *idp.User, p *idp.Pass, code string, withName bool) Slip {
	s := Slip{
		Organization: t.Name, DisplayName: u.DisplayName, Language: u.Profile.Locale,
		Address: base + "/tap", Code: code, ValidFrom: p.StartsAt, ValidUntil: p.EndsAt(), Once: p.Once,
	}
	if withName {
		s.Username = u.PrincipalName
	}
	return s
}

// Groups are the parts of the code between which a line may break.
func (s Slip) Groups() []string { return strings.SplitAfter(s.Code, "-") }

// Pieces are the parts of an address or a user name between which a line had best break.
func (s Slip) Pieces(text string) []string {
	return strings.Split(strings.NewReplacer("://", "://\n", "/tap", "\n/tap", "@", "\n@").Replace(text), "\n")
}

// Size is a class for what must be smaller, so that all of it fits: the code, the user
// name and the address are never cut off.
func (s Slip) Size(text string) string {
	switch n := len(text); {
	case n > 100:
		return "longest"
	case n > 24:
		return "long"
	}
	return "short"
}

// link is what the QR code holds. A fragment stays in the browser: no server and no
// proxy reads the code, and opening the link redeems nothing.
func (s Slip) link() string { return s.Address + "#" + s.Code }

// QR is the code's link.
func (s Slip) QR() (shape, error) { return drawQR(s.link()) }

// slipFile is the view of a slip in a file of its own.
type slipFile struct{ Slip Slip }

// PageName implements View.
func (slipFile) PageName() string { return "slip-file" }

// Style is the style sheet of slips: the file brings it along, pages link to it.
func (slipFile) Style() (template.CSS, error) {
	css, err := assetFiles.ReadFile("assets/slip.css")
	return template.CSS(css), err
}

// Slip draws a slip as one HTML file that needs nothing else, in the language of the
// person it is for; its times are told in the zone.
func (rd *Renderer) Slip(s Slip, zone *time.Location) ([]byte, error) {
	p := &page{Frame: Frame{Zone: zone}, V: slipFile{s}, texts: rd.catalogue.choose(s.Language, "")}
	var b bytes.Buffer
	// The pages share the parts, so any of them knows how to draw a slip.
	if err := rd.pages[AdminPassGiven{}.PageName()].ExecuteTemplate(&b, slipFile{}.PageName(), p); err != nil {
		return nil, fmt.Errorf("ui: slip: %w", err)
	}
	return b.Bytes(), nil
}

// Dated is a moment by its date: paper does not know what day is today.
func (p *page) Dated(t time.Time) (template.HTML, error) {
	dated := *p
	dated.Now = time.Time{}
	return dated.Moment(t)
}
