package ui

import (
	"html/template"
	"time"
)

// Used says when a method was used last.
func (p *page) Used(t time.Time) (template.HTML, error) {
	if t.IsZero() {
		return p.Rich("security-info.unused")
	}
	when, err := p.Moment(t)
	if err != nil {
		return "", err
	}
	return p.Rich("security-info.used", "When", when)
}
