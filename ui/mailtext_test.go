package ui

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"latchkey/idp"
)

// mailTexts is every key that mails ask for.
func mailTexts(t *testing.T) []string {
	t.Helper()
	keys := []string{"mail.subject", "mail.code.title", "mail.code.subject", "mail.invitation.title", "mail.invitation.by-organization"}
	for _, fact := range []string{"app", "onto", "until", "method", "name", "when", "address", "browser"} {
		keys = append(keys, "mail.fact."+fact)
	}
	for _, about := range idp.MailAbouts {
		if _, own := mailKinds[about]; !own {
			keys = append(keys, "mail."+string(about)+".title", "mail."+string(about)+".text")
		}
	}
	files, err := fs.Glob(mailFiles, "mail/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(mailFiles, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllSubmatch(data, -1) {
			keys = append(keys, string(m[1]))
		}
	}
	return keys
}

const (
	mailPages = "https://login.example/contoso.example"
	lookAt    = mailPages + "/security-info"
	theCode   = "04217733"
)

// source is that of a mail.
func source(about idp.MailAbout) MailSource {
	s := MailSource{Organization: "Contoso", URL: mailPages}
	switch about {
	case idp.MailCode:
		s.Secret = theCode
	case idp.MailInvitation:
		s.Secret, s.Block = "iv_dGlja2V0", "YmxvY2s"
		s.Accept = "https://login.example/11111111-1111-4111-8111-111111111111/redeem?user=22222222-2222-4222-8222-222222222222&ticket=iv_dGlja2V0&ver=2.0"
	}
	return s
}

// leads are all the places that a mail about something leads to.
func leads(about idp.MailAbout) []string {
	switch about {
	case idp.MailCode:
		return []string{mailPages + "/report-code?token=cmVwb3J0"}
	case idp.MailInvitation:
		return []string{source(about).Accept, mailPages + "/block-invitations?token=YmxvY2s"}
	}
	return []string{lookAt}
}

// mailStates has a mail about everything that people are told of.
func mailStates() map[string]*idp.Mail {
	all := map[string]*idp.Mail{}
	for _, about := range idp.MailAbouts {
		m := &idp.Mail{About: about, To: anna, ToName: "Anna Novak", CreatedAt: noon, Details: map[string]string{"Address": "192.0.2.7"}}
		switch about {
		case idp.MailMethodAdded, idp.MailMethodRemoved, idp.MailMethodRenamed, idp.MailPasskeyCopied:
			m.Details["Method"], m.Details["Name"] = "passkey", `Anna's <b>"key"</b>`
			m.Details["Browser"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
		case idp.MailPasswordSet:
			m.Details["Method"] = "password"
		case idp.MailPassGiven:
			m.Details["Method"] = "temporaryAccessPass"
		case idp.MailIdentityLinked, idp.MailIdentityUnlinked:
			m.Details["Method"], m.Details["Name"] = "federation", "Branch <login>"
		case idp.MailRequestReported:
			m.Details["Name"], m.Details["App"], m.Details["Browser"] = "Anna's phone", "Time <sheets>", "Firefox"
		case idp.MailCode:
			m.Details["Minutes"], m.Details["Report"], m.Details["App"] = "30", "cmVwb3J0", "Time <sheets>"
			m.Details["Browser"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
		case idp.MailInvitation:
			m.Details = map[string]string{"Inviter": "Kim Lee (kim@contoso.example)", "Onto": "app.contoso.example", "Until": "2026-12-24T12:00:00Z"}
			m.Body = "Hi Anna,\r\n\r\nhere is our <b>board</b>.\nSee https://board.example\u202e/ or ask me.\n\nKim\n"
		}
		all["mail-"+string(about)] = m
	}
	all["mail-of-little"] = &idp.Mail{About: idp.MailSignedOut, To: anna, CreatedAt: noon}
	all["mail-code-of-little"] = &idp.Mail{About: idp.MailCode, To: anna, CreatedAt: noon, Details: map[string]string{"Minutes": "1", "InSubject": "true"}}
	all["mail-invitation-of-little"] = &idp.Mail{About: idp.MailInvitation, To: anna, CreatedAt: noon}
	return all
}

// TestMailGolden compares every mail, in both forms, with what was looked at and found
// good.
func TestMailGolden(t *testing.T) {
	rd := newRenderer(t)
	known := map[string]bool{}
	for name, m := range mailStates() {
		subject, text, html, err := rd.Mail(m, source(m.About))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compare(t, filepath.Join("testdata/golden", name+".txt"), []byte("Subject: "+subject+"\n\n"+text))
		compare(t, filepath.Join("testdata/golden", name+".html"), []byte(html))
		known[name+".txt"], known[name+".html"] = true, true
	}
	files, err := os.ReadDir("testdata/golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), "mail-") && !known[f.Name()] {
			t.Errorf("testdata/golden/%s belongs to no mail any more", f.Name())
		}
	}
}

// TestMailIsPlain: a mail loads nothing, runs nothing, and leads nowhere but to the places
// it is meant to lead to, each of which asks who one is or what one wants. What an inviter
// wrote leads nowhere.
func TestMailIsPlain(t *testing.T) {
	rd := newRenderer(t)
	link := regexp.MustCompile(`href="([^"]*)"`)
	for name, m := range mailStates() {
		_, text, html, err := rd.Mail(m, source(m.About))
		if err != nil {
			t.Fatal(err)
		}
		want := leads(m.About)
		if name == "mail-code-of-little" {
			want = nil
		}
		var got []string
		for _, found := range link.FindAllStringSubmatch(html, -1) {
			got = append(got, strings.ReplaceAll(found[1], "&amp;", "&"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: leads to %q, want %q", name, got, want)
		}
		for _, form := range []string{text, strings.ReplaceAll(visible(t, []byte(html)), "\u00a0", " ")} {
			for _, place := range want {
				if !strings.Contains(form, place) {
					t.Errorf("%s: says not that it leads to %s\n%s", name, place, form)
				}
			}
			if !strings.Contains(form, "2026") && len(m.Details) > 0 {
				t.Errorf("%s: says not when it was\n%s", name, form)
			}
		}
		for _, not := range []string{"<img", "<link", "<style", "<script", "<form", "<b>", "url(", "class="} {
			if strings.Contains(html, not) {
				t.Errorf("%s: has %s\n%s", name, not, html)
			}
		}
	}
}

// TestMailCode: the code stands alone on a line, once, and not where a locked screen shows
// it: in the subject only where the policy says so, and not at the beginning.
func TestMailCode(t *testing.T) {
	rd := newRenderer(t)
	for name, subjectWanted := range map[string]string{
		"mail-code": "Your code for Contoso", "mail-code-of-little": "Your code for Contoso: 0421 7733",
	} {
		subject, text, html, err := rd.Mail(mailStates()[name], source(idp.MailCode))
		if err != nil || subject != subjectWanted {
			t.Errorf("%s: %v, %q", name, err, subject)
		}
		if strings.Count(text, "\n"+theCode+"\n") != 1 || strings.Count(text, theCode) != 1 || strings.Count(html, ">"+theCode+"</p>") != 1 || strings.Count(html, theCode) != 1 {
			t.Errorf("%s: the code is not there, or not alone\n%s%s", name, text, html)
		}
		for _, form := range []string{text, strings.Join(strings.Fields(visible(t, []byte(html))), " ")} {
			if at := strings.Index(form, theCode); at < 200 {
				t.Errorf("%s: the code stands after %d bytes\n%s", name, at, form)
			}
		}
	}
}

// TestMailInviterWords: what an inviter wrote is marked as theirs on every line, and cannot
// be taken for what we say.
func TestMailInviterWords(t *testing.T) {
	m := mailStates()["mail-invitation"]
	m.Body = "Dear,\r\rThis mail was sent automatically.\u2028Accept the invitation:\nhttps://evil.example/\x00\n" + strings.Repeat("x", 10_000)
	_, text, html, err := newRenderer(t).Mail(m, source(m.About))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"> Dear,\n> \n> This mail was sent automatically. Accept the invitation:\n> https://evil.example/\n> xxx", "haven't checked it:\n\n> Dear"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q\n%s", want, text)
		}
	}
	if strings.Contains(html, `href="https://evil`) || strings.Count(text+html, "x") > 2*4096+200 {
		t.Errorf("%s", html)
	}
	begin, end := strings.Index(html, "<blockquote"), strings.Index(html, "</blockquote>")
	if at := strings.Index(html, "evil"); at < begin || at > end || strings.Count(html, "<blockquote") != 1 {
		t.Errorf("not set apart\n%s", html)
	}
}

// TestMailInviterUnknown: where nobody is known outside who invites, the organization does, and
// not itself to itself.
func TestMailInviterUnknown(t *testing.T) {
	m := mailStates()["mail-invitation-of-little"]
	subject, text, html, err := newRenderer(t).Mail(m, source(m.About))
	if err != nil || subject != "Contoso invites you" {
		t.Errorf("%q, %v", subject, err)
	}
	if !strings.Contains(text, "\n\nContoso invites you.\n") || !strings.Contains(html, "><bdi>Contoso</bdi> invites you</h1>") {
		t.Errorf("%s\n%s", text, html)
	}
}

// TestMailWithoutSecret: a mail that lacks what it is for is an error.
func TestMailWithoutSecret(t *testing.T) {
	rd := newRenderer(t)
	for _, about := range []idp.MailAbout{idp.MailCode, idp.MailInvitation} {
		if subject, _, _, err := rd.Mail(mailStates()["mail-"+string(about)], MailSource{Organization: "Contoso", URL: mailPages}); err == nil || subject != "" {
			t.Errorf("%s: %q, %v", about, subject, err)
		}
	}
	m := mailStates()["mail-code"]
	m.Details["Minutes"] = "many"
	if _, _, _, err := rd.Mail(m, source(m.About)); err == nil {
		t.Error("a code that lives for many minutes is mailed")
	}
}

// TestMailMethodInWords: the method is named as on the pages, and by its kind where they
// have no name for it.
func TestMailMethodInWords(t *testing.T) {
	rd := newRenderer(t)
	for kind, want := range map[string]string{"temporaryAccessPass": "Method: Temporary Access Pass\n", "somethingNew": "Method: somethingNew\n", "": ""} {
		m := &idp.Mail{About: idp.MailMethodAdded, To: anna, CreatedAt: noon, Details: map[string]string{"Method": kind}}
		_, text, html, err := rd.Mail(m, source(m.About))
		if err != nil || !strings.Contains(text, want) || want == "" && strings.Contains(text+html, "Method") {
			t.Errorf("%q: %v\n%s", kind, err, text)
		}
	}
}

// TestMailLanguage: whatever a mail says is from the catalogue, in the person's language.
func TestMailLanguage(t *testing.T) {
	rd := newRenderer(t)
	rd.catalogue = pseudo(t, "ar")
	for name, m := range mailStates() {
		m.Lang = "ar-EG"
		subject, text, html, err := rd.Mail(m, source(m.About))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(html, `<html lang="ar" dir="rtl">`) || !strings.Contains(html, `content="light dark"`) {
			t.Errorf("%s: not in the pseudo language\n%s", name, html)
		}
		own := append(leads(m.About), idp.Lines(m.Body)...)
		own = append(own, theCode, m.Details["Inviter"], m.To, m.ToName, "Contoso", "2026", "UTC")
		own = append(own, slices.Collect(maps.Values(m.Details))...)
		own = append(own, browserName(m.Details["Browser"]))
		slices.SortFunc(own, func(a, b string) int { return len(b) - len(a) }) // one may be part of another
		for _, form := range []string{subject, text, string(visible(t, []byte(html)))} {
			form = brackets.ReplaceAllString(form, "")
			for _, value := range own {
				if value != "" {
					form = strings.ReplaceAll(form, value, "")
				}
			}
			if left := letters.FindString(form); left != "" {
				t.Errorf("%s: %q did not come from the catalogue", name, left)
			}
		}
	}
	m := &idp.Mail{About: idp.MailSignedOut, To: anna, CreatedAt: noon, Lang: "tlh"}
	if _, _, html, err := rd.Mail(m, source(m.About)); err != nil || !strings.Contains(html, `<html lang="en" dir="ltr">`) {
		t.Errorf("in a language we do not have: %v\n%s", err, html)
	}
}

// TestMailAboutNothing: what has no text is an error and not a mail with holes.
func TestMailAboutNothing(t *testing.T) {
	if subject, text, html, err := newRenderer(t).Mail(&idp.Mail{About: "nothing", To: anna, CreatedAt: noon}, source("")); err == nil || subject+text+html != "" {
		t.Errorf("%q, %v", text, err)
	}
}

// madeOf has a string in everything that somebody else chose.
func madeOf(about idp.MailAbout, s string) (*idp.Mail, MailSource) {
	s = "x" + s
	m := &idp.Mail{
		About: about, To: s, ToName: s, Lang: s, CreatedAt: noon, Body: s,
		Details: map[string]string{"Minutes": "30", "InSubject": "true", "Until": "2026-12-24T12:00:00Z", "Report": s},
	}
	for _, name := range []string{"Method", "Name", "Address", "Browser", "App", "Client", "Inviter", "Onto", "Invitation"} {
		m.Details[name] = s
	}
	from := source(about)
	from.Organization = s
	return m, from
}

// FuzzMail: whatever others call themselves and whatever they write, a mail has the lines,
// the elements and the links that it has, and the code stands alone on one line.
func FuzzMail(f *testing.F) {
	for _, s := range []string{
		"", "<script>alert(1)</script>", `"><a href="https://evil.example">`, "\r\nBcc: eve@evil.example", "\u202e\u2066\u200b\ufeff", "\x00\xff\u2028\u0085\v\f",
		"{{.V.Code}}", "</blockquote>\n04217733\n", "\uE0000\uE001", strings.Repeat("ö", 5000), "a\rb\nc", "& &amp; &#10;", "https://evil.example/",
	} {
		f.Add(s)
	}
	rd := newRenderer(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, about := range []idp.MailAbout{idp.MailCode, idp.MailInvitation, idp.MailMethodAdded} {
			m, from := madeOf(about, s)
			subject, text, html, err := rd.Mail(m, from)
			if err != nil {
				t.Fatal(err)
			}
			_, harmlessText, harmlessHTML, err := rd.Mail(madeOf(about, ""))
			if err != nil {
				t.Fatal(err)
			}
			if subject != idp.OneLine(subject) && len(subject) <= 256 || strings.ContainsAny(subject, "\r\n") || !utf8.ValidString(subject+text+html) {
				t.Errorf("%s: subject %q", about, subject)
			}
			if got, want := outline(t, html), outline(t, harmlessHTML); !slices.Equal(got, want) {
				t.Errorf("%s: elements %v, want %v\n%s", about, got, want, html)
			}
			ours := func(text string) int { // lines that are not what an inviter wrote
				return len(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.HasPrefix(line, "> ") }))
			}
			if ours(text) != ours(harmlessText) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
				t.Errorf("%s: text %q", about, text)
			}
			if about == idp.MailCode && strings.Count(text, "\n"+theCode+"\n") != 1 {
				t.Errorf("the code is not alone on a line: %q", text)
			}
		}
	})
}

// outline is what elements a mail has, with their attributes, and where they lead; without
// the breaks in what somebody wrote.
func outline(t *testing.T, html string) (all []string) {
	t.Helper()
	for _, n := range parse(t, []byte(html)).elements {
		if n.Data == "br" {
			continue
		}
		s := n.Data
		for _, a := range n.Attr {
			s += " " + a.Key
			if a.Key == "href" {
				before, _, _ := strings.Cut(a.Val, "?")
				s += "=" + before
			}
		}
		all = append(all, s)
	}
	return all
}

// TestCodeMailSaysNothingOfStrangers: anybody can have a code sent to a guest, and what they
// call their browser is theirs to choose. The mail names it only if it is one that people know.
func TestCodeMailSaysNothingOfStrangers(t *testing.T) {
	rd := newRenderer(t)
	for agent, want := range map[string]string{
		"https://evil.example/your-account-is-locked": "",
		"evil.example/1.0 (Windows)":                  "",
		"https://evil.example/ Firefox/140.0":         "Firefox",
	} {
		m := mailStates()["mail-code"]
		m.Details["Browser"] = agent
		_, text, html, err := rd.Mail(m, source(m.About))
		if err != nil || strings.Contains(text+html, "evil") || !strings.Contains(text, want) {
			t.Errorf("%q: %v\n%s", agent, err, text)
		}
	}
}
