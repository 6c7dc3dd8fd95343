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

	"latchkey/idp"
)

// mailTexts is every key that mails ask for.
func mailTexts(t *testing.T) []string {
	t.Helper()
	keys := []string{"mail.subject", "mail.fact.method", "mail.fact.name", "mail.fact.when", "mail.fact.address", "mail.fact.browser"}
	for _, about := range idp.MailAbouts {
		keys = append(keys, "mail."+string(about)+".title", "mail."+string(about)+".text")
	}
	for _, file := range []string{"mail/notice.txt", "mail/notice.html"} {
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

const lookAt = "https://login.example/contoso.example/security-info"

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
		}
		all["mail-"+string(about)] = m
	}
	all["mail-of-little"] = &idp.Mail{About: idp.MailSignedOut, To: anna, CreatedAt: noon}
	return all
}

// TestMailGolden compares every mail, in both forms, with what was looked at and found
// good.
func TestMailGolden(t *testing.T) {
	rd := newRenderer(t)
	known := map[string]bool{}
	for name, m := range mailStates() {
		subject, text, html, err := rd.Mail(m, "Contoso", lookAt)
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

// TestMailIsPlain: a mail loads nothing, runs nothing, and the one place it leads to is the
// page of one's own methods, which asks who one is.
func TestMailIsPlain(t *testing.T) {
	rd := newRenderer(t)
	address := regexp.MustCompile(`https?://[^\s"<]+`)
	for name, m := range mailStates() {
		_, text, html, err := rd.Mail(m, "Contoso", lookAt)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{text, html} {
			for _, found := range address.FindAllString(form, -1) {
				if found != lookAt {
					t.Errorf("%s: leads to %s", name, found)
				}
			}
			if !strings.Contains(form, lookAt) || !strings.Contains(form, "2026") {
				t.Errorf("%s: says not where to look, or when it was\n%s", name, form)
			}
		}
		for _, not := range []string{"<img", "<link", "<style", "<script", "<form", "<b>", "url(", "class="} {
			if strings.Contains(html, not) {
				t.Errorf("%s: has %s\n%s", name, not, html)
			}
		}
	}
}

// TestMailMethodInWords: the method is named as on the pages, and by its kind where they
// have no name for it.
func TestMailMethodInWords(t *testing.T) {
	rd := newRenderer(t)
	for kind, want := range map[string]string{"temporaryAccessPass": "Method: Temporary Access Pass\n", "somethingNew": "Method: somethingNew\n", "": ""} {
		m := &idp.Mail{About: idp.MailMethodAdded, To: anna, CreatedAt: noon, Details: map[string]string{"Method": kind}}
		_, text, html, err := rd.Mail(m, "Contoso", lookAt)
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
		subject, text, html, err := rd.Mail(m, "Contoso", lookAt)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(html, `<html lang="ar" dir="rtl">`) || !strings.Contains(html, `content="light dark"`) {
			t.Errorf("%s: not in the pseudo language\n%s", name, html)
		}
		own := append([]string{lookAt, m.To, m.ToName, "Contoso", "2026", "UTC"}, slices.Collect(maps.Values(m.Details))...)
		own = append(own, browserName(m.Details["Browser"]))
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
	if _, _, html, err := rd.Mail(m, "Contoso", lookAt); err != nil || !strings.Contains(html, `<html lang="en" dir="ltr">`) {
		t.Errorf("in a language we do not have: %v\n%s", err, html)
	}
}

// TestMailAboutNothing: what has no text is an error and not a mail with holes.
func TestMailAboutNothing(t *testing.T) {
	if subject, text, html, err := newRenderer(t).Mail(&idp.Mail{About: "nothing", To: anna, CreatedAt: noon}, "Contoso", lookAt); err == nil || subject+text+html != "" {
		t.Errorf("%q, %v", text, err)
	}
}
