package ui

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	plain "text/template"

	"latchkey/idp"
)

//go:embed mail/*.txt mail/*.html
var mailFiles embed.FS

// mailNotice draws the mails that tell of what was done, in two forms.
type mailNotice struct {
	text *plain.Template
	html *template.Template
}

func parseMails() (n mailNotice, err error) {
	const option = "missingkey=error"
	n.text, err = plain.New("notice.txt").Option(option).ParseFS(mailFiles, "mail/notice.txt")
	if err == nil {
		n.html, err = template.New("notice.html").Option(option).ParseFS(mailFiles, "mail/notice.html")
	}
	if err != nil {
		err = fmt.Errorf("ui: mail: %w", err)
	}
	return n, err
}

// mailView is what the templates of mails see as .V. There is nothing to press in it: a
// link in a mail that signed anybody in would teach people to follow such links.
type mailView struct {
	Title, Text  string // names of texts
	Name         string // of the person
	Organization string
	URL          string // of the page of one's own methods
	Facts        []choice
}

// PageName implements View.
func (mailView) PageName() string { return "mail" }

// Mail draws a mail to a person, in their language.
func (rd *Renderer) Mail(m *idp.Mail, tenantName, securityInfoURL string) (subject, text, html string, err error) {
	id := "mail." + string(m.About)
	p := &page{texts: rd.catalogue.choose(m.Lang, "")}
	v := mailView{Title: id + ".title", Text: id + ".text", Name: cmp.Or(m.ToName, m.To), Organization: tenantName, URL: securityInfoURL}
	v.Facts, err = p.mailFacts(m)
	p.V = v
	var asText, asHTML bytes.Buffer
	if err = errors.Join(err, rd.mails.text.Execute(&asText, p), rd.mails.html.Execute(&asHTML, p)); err != nil {
		return "", "", "", fmt.Errorf("ui: mail about %s: %w", m.About, err)
	}
	what, err := p.T(v.Title)
	if err != nil {
		return "", "", "", err
	}
	subject, err = p.T("mail.subject", "What", what, "Organization", tenantName)
	return subject, asText.String(), asHTML.String(), err
}

// mailFacts puts what is known of what was done into words: what it was about, when it
// happened, and from where.
func (p *page) mailFacts(m *idp.Mail) (facts []choice, err error) {
	when, err := p.moment(m.CreatedAt)
	if err != nil {
		return nil, err
	}
	method, err := p.methodTitle(m.Details["Method"])
	if err != nil {
		return nil, err
	}
	for _, f := range []struct{ name, value string }{
		{"method", method}, {"name", m.Details["Name"]}, {"when", when}, {"address", m.Details["Address"]}, {"browser", browserName(m.Details["Browser"])},
	} {
		if f.value == "" {
			continue
		}
		title, err := p.T("mail.fact." + f.name)
		if err != nil {
			return nil, err
		}
		facts = append(facts, choice{Name: f.name, Title: title, Text: f.value})
	}
	return facts, nil
}

// methodTitle is a kind of method in words, or the kind itself if there are none.
func (p *page) methodTitle(kind string) (string, error) {
	if id := "method." + kind + ".title"; p.texts.has(id) {
		return p.T(id)
	}
	return kind, nil
}
