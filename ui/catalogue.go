package ui

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	texts "github.com/nicksnyder/go-i18n/v2/i18n/template"
	"golang.org/x/text/language"
)

//go:embed locales/*.json
var localeFiles embed.FS

// catalogue is every text in every language. English comes first: it is what a
// person gets whose languages we do not speak.
type catalogue struct {
	languages  []string // as in the file names
	localizers []*i18n.Localizer
	matcher    language.Matcher
}

// A text that lacks what it is to be filled with is an error, not "<no value>".
var strict = &texts.TextParser{Option: "missingkey=error"}

func loadCatalogue(files fs.FS) (*catalogue, error) {
	names, err := fs.Glob(files, "locales/*.json")
	if err != nil {
		return nil, fmt.Errorf("ui: locales: %w", err)
	}
	bundle := i18n.NewBundle(language.English)
	c := &catalogue{languages: []string{"en"}}
	for _, name := range names {
		if _, err := bundle.LoadMessageFileFS(files, name); err != nil {
			return nil, fmt.Errorf("ui: %s: %w", name, err)
		}
		if lang := strings.TrimSuffix(strings.TrimPrefix(name, "locales/"), ".json"); lang != "en" {
			c.languages = append(c.languages, lang)
		}
	}
	var tags []language.Tag
	for _, lang := range c.languages {
		tag, err := language.Parse(lang)
		if err != nil {
			return nil, fmt.Errorf("ui: locales/%s.json is not named after a language: %w", lang, err)
		}
		tags = append(tags, tag)
		c.localizers = append(c.localizers, i18n.NewLocalizer(bundle, lang))
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// localized is one language of the catalogue.
type localized struct {
	lang string
	l    *i18n.Localizer
}

// choose takes ui_locales (space separated, OIDC Core 3.1.2.1) before
// Accept-Language. It goes by the index of the match: its tag carries what the
// person asked for, such as no-u-rg-nozzzz, and not what we have.
func (c *catalogue) choose(uiLocales, accept string) localized {
	wishes := strings.Fields(uiLocales)
	_, i := language.MatchStrings(c.matcher, append(wishes[:min(len(wishes), maxLocales)], accept)...)
	return localized{lang: c.languages[i], l: c.localizers[i]}
}

// Nobody reads more languages than this; longer lists only cost time.
const maxLocales = 10

// text is one message, filled in. With a count, its plural form is chosen by it.
// What the language lacks is given in English, or in its plain plural: better
// than no page. The tests see to it that nothing lacks.
func (t localized) text(id string, data map[string]any, count any) (string, error) {
	text, err := t.l.Localize(config(id, data, count))
	if text != "" {
		return text, nil
	}
	return text, err
}

func config(id string, data map[string]any, count any) *i18n.LocalizeConfig {
	return &i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: count, TemplateParser: strict}
}

// has tells whether there is a text by that name.
func (t localized) has(id string) bool {
	_, err := t.text(id, nil, nil)
	_, missing := errors.AsType[*i18n.MessageNotFoundErr](err)
	return !missing
}
