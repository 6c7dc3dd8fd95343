package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"latchkey/idp"
)

// readTexts reads a catalogue file by itself: every leaf by its dotted key, a plural
// by its forms. It refuses a key that stands twice, of which JSON keeps the last.
func readTexts(t *testing.T, data []byte) map[string]string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	found := map[string]string{}
	if err := walk(d, "", found); err != nil {
		t.Fatal(err)
	}
	return found
}

func walk(d *json.Decoder, key string, found map[string]string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case string:
		found[key] = v
	case json.Delim:
		seen := map[string]bool{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return err
			}
			inner := strings.TrimPrefix(key+"."+name.(string), ".")
			if seen[inner] {
				return fmt.Errorf("the key %s stands twice", inner)
			}
			seen[inner] = true
			if err := walk(d, inner, found); err != nil {
				return err
			}
		}
		_, err = d.Token() // the closing brace
	}
	return err
}

func TestReadTextsRefusesDuplicates(t *testing.T) {
	d := json.NewDecoder(strings.NewReader(`{"a": {"b": "1"}, "a": "2"}`))
	if err := walk(d, "", map[string]string{}); err == nil {
		t.Error("a key that stands twice is taken")
	}
}

var plurals = regexp.MustCompile(`^(duration\.(?:days|hours|minutes|seconds)|authenticator\.tries|number\.missed)\.(zero|one|two|few|many|other)$`)

// keys are the names texts are asked for by: the forms of a plural have one.
func keys(texts map[string]string) map[string]string {
	named := map[string]string{}
	for key, text := range texts {
		if m := plurals.FindStringSubmatch(key); m != nil {
			key = m[1]
		}
		named[key] = text
	}
	return named
}

var placeholder = regexp.MustCompile(`\{\{\.(\w+)\}\}`)

func placeholders(text string) []string {
	names := placeholder.FindAllString(text, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

// TestLanguagesAreComplete holds every catalogue to the English one.
func TestLanguagesAreComplete(t *testing.T) {
	files, err := fs.Glob(localeFiles, "locales/*.json")
	if err != nil {
		t.Fatal(err)
	}
	english := keys(readTexts(t, read(t, "locales/en.json")))
	for _, file := range files {
		texts := keys(readTexts(t, read(t, file)))
		for key, text := range english {
			other, ok := texts[key]
			if !ok {
				t.Errorf("%s lacks %s", file, key)
			} else if !slices.Equal(placeholders(text), placeholders(other)) {
				t.Errorf("%s: %s has placeholders %v, want %v", file, key, placeholders(other), placeholders(text))
			}
		}
		for key, text := range texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has %s, which English lacks", file, key)
			}
			if strings.TrimSpace(text) == "" || strings.Contains(placeholder.ReplaceAllString(text, ""), "{{") {
				t.Errorf("%s: %s is empty or has a strange placeholder: %q", file, key, text)
			}
		}
	}
}

// TestPluralsAreComplete asks every language for every number it may need to say.
func TestPluralsAreComplete(t *testing.T) {
	c, err := loadCatalogue(localeFiles)
	if err != nil {
		t.Fatal(err)
	}
	for i, lang := range c.languages {
		for _, id := range []string{"duration.days", "duration.hours", "duration.minutes", "duration.seconds", "authenticator.tries"} {
			for n := range 200 {
				if _, err := c.localizers[i].Localize(config(id, map[string]any{"N": n}, n)); err != nil {
					t.Errorf("%s: %v", lang, err)
				}
			}
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := fs.ReadFile(localeFiles, file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var named = regexp.MustCompile(`\.(?:T|Rich|Plural) "([a-z0-9.-]+)"`)

// used is every key that templates and code ask for.
func used(t *testing.T) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(templateFiles, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllSubmatch(data, -1) {
			keys[string(m[1])] = true
		}
	}
	for _, key := range mailTexts(t) {
		keys[key] = true
	}
	raised := raisedProblems(t)
	for id := range problems {
		if !raised[id] {
			t.Errorf("nothing raises the problem %s", id)
		}
		for _, part := range []string{"title", "text", "remedy"} {
			keys["error."+id+"."+part] = true
		}
	}
	for _, name := range append([]string{"temporaryAccessPass"}, scopes[:6]...) {
		group := "scope."
		if name == "temporaryAccessPass" {
			group = "method."
		}
		keys[group+name+".title"], keys[group+name+".text"] = true, true
	}
	for _, name := range idp.Permissions() {
		keys["permission."+name+".title"] = true
	}
	for m := range 12 {
		keys[fmt.Sprintf("time.month.%d", m+1)] = true
	}
	for _, key := range strings.Fields(`
		usability.EnabledByPolicy usability.NotYetValid usability.Expired usability.OneTimeUsed usability.DisabledByPolicy
		permission.bounded scope.api.title scope.whole.title time.today time.tomorrow time.date add-method.device
		authenticator.app.name authenticator.app.short authenticator.notification.title authenticator.notification.text
		duration.days duration.hours duration.minutes duration.seconds duration.both duration.moment`) {
		keys[key] = true
	}
	for _, key := range accountTexts {
		keys[key] = true
	}
	return keys
}

// raisedProblems are the short strings of the code that can raise a problem: that of
// the pages beside the table of problems, that which puts the program together, and that
// which judges answers.
func raisedProblems(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, pattern := range []string{"*.go", "../cmd/latchkey/*.go", "../idp/*.go", "../idp/signin/*.go", "../authmethods/*.go", "../authmethods/passkey/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if file == "problem.go" || strings.HasSuffix(file, "_test.go") {
				continue
			}
			code, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllSubmatch(code, -1) {
				found[string(m[1])] = true
			}
		}
	}
	return found
}

var quoted = regexp.MustCompile(`"([a-z.]+)"`)

func TestEveryTextIsUsedAndThere(t *testing.T) {
	there, used := keys(readTexts(t, read(t, "locales/en.json"))), used(t)
	for key := range used {
		if _, ok := there[key]; !ok {
			t.Errorf("locales/en.json lacks %s", key)
		}
	}
	for key := range there {
		if !used[key] {
			t.Errorf("locales/en.json has %s, which nothing uses", key)
		}
	}
}

// pseudo is a language in which every text is its own key in brackets, so that
// whatever a page says outside of brackets did not come from the catalogue.
func pseudo(t *testing.T, lang string) *catalogue {
	t.Helper()
	texts := map[string]any{}
	for key, text := range readTexts(t, read(t, "locales/en.json")) {
		texts[key] = "⟦" + key + "⟧" + strings.Join(placeholders(text), "")
		if m := plurals.FindStringSubmatch(key); m != nil {
			delete(texts, key)
			texts[m[1]] = forms("⟦" + m[1] + "⟧")
		}
	}
	data, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	c, err := loadCatalogue(fstest.MapFS{
		"locales/en.json":           {Data: read(t, "locales/en.json")},
		"locales/" + lang + ".json": {Data: data},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forms is one text for every plural.
func forms(text string) map[string]string {
	return map[string]string{"zero": text, "one": text, "two": text, "few": text, "many": text, "other": text}
}

var (
	brackets = regexp.MustCompile(`⟦[^⟧]*⟧`)
	letters  = regexp.MustCompile(`\p{L}+`)
	refresh  = regexp.MustCompile(`<noscript><meta [^>]*></noscript>`) // which says nothing
)

func TestEveryTextGoesThroughTheCatalogue(t *testing.T) {
	rd := newRenderer(t)
	rd.catalogue = pseudo(t, "ar")
	for _, s := range states() {
		f := s.frame()
		f.UILocales = "ar"
		body := get(rd, f, s.view).Body.Bytes()
		if !bytes.Contains(body, []byte(`<html lang="ar" dir="rtl">`)) {
			t.Errorf("%s: not in the pseudo language", s.name)
		}
		text := brackets.ReplaceAllString(visible(t, refresh.ReplaceAll(body, nil)), "")
		for _, permission := range slices.Backward(idp.Permissions()) { // the longer of two before the one it begins with
			text = strings.ReplaceAll(text, permission, "")
		}
		for _, own := range append(values(s.view), f.TenantName, f.RequestID, "2026", "UTC", "read") { // read: a scope
			text = strings.ReplaceAll(text, own, "")
		}
		if left := letters.FindString(text); left != "" {
			t.Errorf("%s: %q did not come from the catalogue", s.name, left)
		}
	}
}

func TestLanguageChoice(t *testing.T) {
	c := pseudo(t, "de")
	for _, test := range []struct{ uiLocales, accept, want string }{
		{"", "", "en"},
		{"", "de-AT,de;q=0.9", "de"},
		{"", "fr,de;q=0.5", "de"},
		{"", "fr", "en"},
		{"de", "en", "de"},
		{"fr de", "en", "de"},
		{"fr", "de", "de"},
		{"not!a!language de", "en", "de"},
		{"", "not!a!language", "en"},
		{"de-u-rg-nozzzz", "", "de"},
		{strings.Repeat("fr ", 11) + "de", "en", "en"},
	} {
		if got := c.choose(test.uiLocales, test.accept).lang; got != test.want {
			t.Errorf("ui_locales %q, Accept-Language %q: %s, want %s", test.uiLocales, test.accept, got, test.want)
		}
	}
}

func TestTextFallsBackToEnglish(t *testing.T) {
	c, err := loadCatalogue(fstest.MapFS{
		"locales/en.json": {Data: []byte(`{"a": "one", "b": "two {{.N}}"}`)},
		"locales/de.json": {Data: []byte(`{"a": "eins"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	german := c.choose("de", "")
	if got, err := german.text("b", map[string]any{"N": 3}, nil); got != "two 3" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := german.text("b", nil, nil); err == nil {
		t.Error("a placeholder without a value is no error")
	}
	if _, err := german.text("c", nil, nil); err == nil {
		t.Error("a text that is nowhere is no error")
	}
}

func TestBadCatalogues(t *testing.T) {
	for name, file := range map[string]string{"locales/en.json": `{`, "locales/nolanguage.json": `{"a": "b"}`, "locales/x!.json": `{"a": "b"}`} {
		if _, err := loadCatalogue(fstest.MapFS{name: {Data: []byte(file)}}); err == nil {
			t.Errorf("%s with %s is taken", name, file)
		}
	}
}

func TestRichEscapes(t *testing.T) {
	rd := newRenderer(t)
	p := &page{texts: rd.catalogue.choose("", "")}
	got, err := p.Rich("signin.continue", "Account", "<i>\uE0000\uE001&")
	if want := "Continue as <bdi>&lt;i&gt;\uE0000\uE001&amp;</bdi>"; string(got) != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, pairs := range [][]any{{"Account"}, {1, "x"}, {}} {
		if _, err := p.Rich("signin.continue", pairs...); err == nil {
			t.Errorf("%v is taken", pairs)
		}
		if _, err := p.T("signin.continue", pairs...); err == nil {
			t.Errorf("%v is taken as plain text", pairs)
		}
	}
}
