package ui

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strconv"
	plain "text/template"
	"time"

	"latchkey/idp"
)

//go:embed mail/*.txt mail/*.html
var mailFiles embed.FS

// MailSource is what a mail says beside what is kept with it: where it comes from, and what
// only its recipient may read.
type MailSource struct {
	Organization string // name
	URL          string // of the organization's pages
	Secret       string // see idp.Mail.Secret
	Accept       string // address that an invitation leads to
	Block        string // see idp.BlockToken
}

// mailKind is how mails about something are drawn: the name of the two templates, and what
// they see.
type mailKind struct {
	name string
	view func(*page, *idp.Mail, MailSource) (letter, error)
}

// letter is what the templates of a mail see as .V.
type letter interface {
	View
	subject() string
}

// mailKinds are those that are drawn in a way of their own. All others tell of what was done.
var (
	mailKinds = map[idp.MailAbout]mailKind{
		idp.MailCode:       {"code", (*page).codeMail},
		idp.MailInvitation: {"invitation", (*page).invitationMail},
	}
	notice = mailKind{"notice", (*page).noticeMail}
)

// mailForms draws one kind of mail in two forms.
type mailForms struct {
	text *plain.Template
	html *template.Template
}

// parseMails reads each kind together with the shared parts, whose names begin with an
// underscore.
func parseMails() (map[string]mailForms, error) {
	const option = "missingkey=error"
	all := map[string]mailForms{}
	for _, k := range append(slices.Collect(maps.Values(mailKinds)), notice) {
		text, err := plain.New(k.name+".txt").Option(option).ParseFS(mailFiles, "mail/_*.txt", "mail/"+k.name+".txt")
		if err != nil {
			return nil, fmt.Errorf("ui: mail: %w", err)
		}
		html, err := template.New(k.name+".html").Option(option).ParseFS(mailFiles, "mail/_*.html", "mail/"+k.name+".html")
		if err != nil {
			return nil, fmt.Errorf("ui: mail: %w", err)
		}
		all[k.name] = mailForms{text, html}
	}
	return all, nil
}

// mailView is what every mail has. There is nothing to press in it that signs anybody in: a
// mail with such a link would teach people to follow such links.
type mailView struct {
	Subject, Title string // in words
	Name           string // of the person
	Organization   string
	Facts          []choice
}

// PageName implements View.
func (mailView) PageName() string { return "mail" }

func (v mailView) subject() string { return v.Subject }

// Mail draws a mail to a person, in their language.
func (rd *Renderer) Mail(m *idp.Mail, s MailSource) (subject, text, html string, err error) {
	k, ok := mailKinds[m.About]
	if !ok {
		k = notice
	}
	p := &page{texts: rd.catalogue.choose(m.Lang, "")}
	var asText, asHTML bytes.Buffer
	v, err := k.view(p, m, s)
	if err == nil {
		p.V = v
		err = errors.Join(rd.mails[k.name].text.Execute(&asText, p), rd.mails[k.name].html.Execute(&asHTML, p))
	}
	if err != nil {
		return "", "", "", fmt.Errorf("ui: mail about %s: %w", m.About, err)
	}
	return v.subject(), asText.String(), asHTML.String(), nil
}

// newMailView has what mails of all kinds say. Whatever somebody chose is made sound here.
func newMailView(m *idp.Mail, s MailSource) mailView {
	return mailView{Name: idp.OneLine(cmp.Or(m.ToName, m.To)), Organization: idp.OneLine(s.Organization)}
}

// noticeView tells of what was done.
type noticeView struct {
	mailView
	Text string // name of a text
	URL  string // of the page of one's own methods
}

func (p *page) noticeMail(m *idp.Mail, s MailSource) (_ letter, err error) {
	id := "mail." + string(m.About)
	v := noticeView{mailView: newMailView(m, s), Text: id + ".text", URL: s.URL + securityInfo}
	if v.Title, err = p.T(id + ".title"); err != nil {
		return nil, err
	}
	if v.Subject, err = p.T("mail.subject", "What", v.Title, "Organization", v.Organization); err != nil {
		return nil, err
	}
	method, err := p.methodTitle(m.Details["Method"])
	if err != nil {
		return nil, err
	}
	v.Facts, err = p.mailFacts(m, choice{Name: "method", Text: method}, choice{Name: "name", Text: m.Details["Name"]})
	return v, err
}

// codeView has a code. What is said of it stands before it, so that the beginning of the
// mail, which a locked screen may show, is without the code.
type codeView struct {
	mailView
	Code   string
	Life   string // how long it is valid
	Report string // address; "" if there is nothing to cancel
}

func (p *page) codeMail(m *idp.Mail, s MailSource) (_ letter, err error) {
	v := codeView{mailView: newMailView(m, s), Code: s.Secret}
	if v.Code == "" {
		return nil, errors.New("there is no code")
	}
	minutes, err := strconv.Atoi(m.Details["Minutes"])
	if err != nil {
		return nil, err
	}
	if v.Life, err = p.Plural("duration.minutes", minutes); err != nil {
		return nil, err
	}
	if v.Title, err = p.T("mail.code.title", "Organization", v.Organization); err != nil {
		return nil, err
	}
	v.Subject = v.Title
	if m.Details["InSubject"] != "" {
		if v.Subject, err = p.T("mail.code.subject", "What", v.Title, "Code", grouped(v.Code)); err != nil {
			return nil, err
		}
	}
	if token := m.Details["Report"]; token != "" {
		v.Report = s.URL + reportCode + "?token=" + url.QueryEscape(token)
	}
	v.Facts, err = p.mailFacts(m, choice{Name: "app", Text: m.Details["App"]})
	return v, err
}

// grouped is a code as it is read aloud: "1234 5678".
func grouped(code string) string {
	if len(code) < 6 {
		return code
	}
	return code[:len(code)/2] + " " + code[len(code)/2:]
}

// invitationView asks somebody in.
type invitationView struct {
	mailView
	By            string   // who invites; empty: nobody who is known outside
	Words         []string // the inviter's own, line by line
	To            string
	Accept, Block string // addresses
}

func (p *page) invitationMail(m *idp.Mail, s MailSource) (_ letter, err error) {
	v := invitationView{mailView: newMailView(m, s), To: idp.OneLine(m.To), Accept: s.Accept, Block: s.URL + blockInvitations + "?token=" + url.QueryEscape(s.Block)}
	if v.Accept == "" {
		return nil, errors.New("there is no address to accept at")
	}
	v.By = idp.OneLine(m.Details["Inviter"])
	if words := idp.Lines(m.Body); len(words) > 1 || words[0] != "" {
		v.Words = words
	}
	if v.By == "" {
		v.Title, err = p.T("mail.invitation.by-organization", "Organization", v.Organization)
	} else {
		v.Title, err = p.T("mail.invitation.title", "Inviter", v.By, "Organization", v.Organization)
	}
	if err != nil {
		return nil, err
	}
	v.Subject = v.Title
	until := ""
	if at, err := time.Parse(time.RFC3339, m.Details["Until"]); err == nil {
		if until, err = p.moment(at); err != nil {
			return nil, err
		}
	}
	v.Facts, err = p.facts(choice{Name: "onto", Text: m.Details["Onto"]}, choice{Name: "until", Text: until})
	return v, err
}

// mailFacts puts what is known of what was done into words: what it was about, when it
// happened, and from where.
func (p *page) mailFacts(m *idp.Mail, what ...choice) ([]choice, error) {
	when, err := p.moment(m.CreatedAt)
	if err != nil {
		return nil, err
	}
	browser := browserName(m.Details["Browser"])
	if known, _ := idp.UserAgent(m.Details["Browser"]); known == "" && m.About == idp.MailCode { // what a stranger calls it
		browser = ""
	}
	return p.facts(append(what,
		choice{Name: "when", Text: when}, choice{Name: "address", Text: m.Details["Address"]}, choice{Name: "browser", Text: browser})...)
}

// facts names those that are known.
func (p *page) facts(all ...choice) (known []choice, err error) {
	for _, f := range all {
		if f.Text = idp.OneLine(f.Text); f.Text == "" {
			continue
		}
		if f.Title, err = p.T("mail.fact." + f.Name); err != nil {
			return nil, err
		}
		known = append(known, f)
	}
	return known, nil
}

// methodTitle is a kind of method in words, or the kind itself if there are none.
func (p *page) methodTitle(kind string) (string, error) {
	if id := "method." + kind + ".title"; p.texts.has(id) {
		return p.T(id)
	}
	return kind, nil
}
