package ui

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"latchkey/idp"
)

// page is what templates see as their dot: the View as .V, the Frame's fields,
// and the texts and times as methods.
type page struct {
	Frame
	V     View
	texts localized
}

// Lang is the language the page is drawn in.
func (p *page) Lang() string { return p.texts.lang }

// Dir is the direction of that language's script.
func (p *page) Dir() string { return direction(p.texts.lang) }

// T is a text of the catalogue as plain text; pairs are the names and values of
// its placeholders.
func (p *page) T(id string, pairs ...any) (string, error) {
	data, err := pairsOf(pairs)
	if err != nil {
		return "", fmt.Errorf("text %s: %w", id, err)
	}
	return p.texts.text(id, data, nil)
}

// Rich is a text of the catalogue whose placeholders may hold markup. Strings
// are set apart by bdi, since a name may run the other way than the sentence.
func (p *page) Rich(id string, pairs ...any) (template.HTML, error) {
	data, err := pairsOf(pairs)
	if err != nil {
		return "", fmt.Errorf("text %s: %w", id, err)
	}
	// The sentence is escaped with a mark in each place, and only then filled,
	// so neither the catalogue nor a value can bring markup of its own.
	var fill []string
	for name, value := range data {
		mark := "\uE000" + strconv.Itoa(len(fill)) + "\uE001"
		data[name], fill = mark, append(fill, mark, markup(value))
	}
	text, err := p.texts.text(id, data, nil)
	if err != nil {
		return "", err
	}
	text = strings.NewReplacer(fill...).Replace(template.HTMLEscapeString(text))
	return template.HTML(text), nil
}

// Plural is the form of a text that fits n, which is its placeholder N.
func (p *page) Plural(id string, n int) (string, error) {
	return p.texts.text(id, map[string]any{"N": n}, n)
}

// markup is a placeholder's value as it stands in the page.
func markup(value any) string {
	if safe, ok := value.(template.HTML); ok {
		return string(safe)
	}
	return "<bdi>" + template.HTMLEscapeString(fmt.Sprint(value)) + "</bdi>"
}

// Linked is a name that leads to an address of the web, if there is one.
func (p *page) Linked(name, address string) template.HTML {
	text := markup(name)
	if webOrigin(address) == "" {
		return template.HTML(text)
	}
	return template.HTML(`<a id="app-home" href="` + template.HTMLEscapeString(address) +
		`" target="_blank" rel="noopener noreferrer">` + text + `</a>`)
}

func pairsOf(pairs []any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("a placeholder lacks its value: %v", pairs)
	}
	data := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("%v is not the name of a placeholder", pairs[i])
		}
		data[name] = pairs[i+1]
	}
	return data, nil
}

// choice is one thing of a list that the catalogue describes.
type choice struct{ Name, Title, Text string }

// Scopes puts scopes in words; apis are the names of APIs by their identifiers. A scope
// that neither tells of is shown as it is: the person must see everything that is asked
// for.
func (p *page) Scopes(names []string, apis map[string]string) ([]choice, error) {
	list, err := p.choices("scope", names)
	for i, c := range list {
		for identifier, api := range apis {
			scope, ok := idp.ScopeName(identifier, c.Name)
			if err != nil || !ok && c.Name != idp.ScopeOf(identifier, "") {
				continue
			}
			id := "scope.api.title"
			if !ok { // none of its scopes in particular
				id = "scope.whole.title"
			}
			if identifier == idp.GraphID && ok {
				list[i], err = p.permission(scope)
				continue
			}
			list[i].Text = c.Name
			list[i].Title, err = p.texts.text(id, map[string]any{"API": api, "Scope": scope}, nil)
		}
	}
	return list, err
}

// permission puts one of the admin API in words, and says where the person's role bounds
// it.
func (p *page) permission(name string) (c choice, err error) {
	c = choice{Name: name, Text: name}
	if c.Title, err = p.texts.text("permission."+name+".title", nil, nil); err != nil || !slices.Contains(idp.AppPermissions(), name) {
		return c, err
	}
	c.Text, err = p.texts.text("permission.bounded", map[string]any{"Permission": name}, nil)
	return c, err
}

// Methods puts the kinds of sign-in methods in words.
func (p *page) Methods(kinds []string) ([]choice, error) { return p.choices("method", kinds) }

func (p *page) choices(group string, names []string) ([]choice, error) {
	list := make([]choice, 0, len(names))
	for _, name := range names {
		c := choice{Name: name, Title: name}
		if id := group + "." + name; p.texts.has(id + ".title") {
			var err error
			if c.Title, err = p.texts.text(id+".title", nil, nil); err != nil {
				return nil, err
			}
			if c.Text, err = p.texts.text(id+".text", nil, nil); err != nil {
				return nil, err
			}
		}
		list = append(list, c)
	}
	return list, nil
}

// told is one Problem in words.
type told struct {
	Title        string
	Text, Remedy template.HTML
}

// Tell puts a problem in words; one that the catalogue does not know is told as
// a fault of ours, which it is.
func (p *page) Tell(pr Problem) (t told, err error) {
	id := "error." + pr.ID
	if _, ok := problems[pr.ID]; !ok {
		id = "error.internal"
	}
	if t.Title, err = p.T(id + ".title"); err != nil {
		return t, err
	}
	wait, err := p.wait(pr)
	if err != nil {
		return t, err
	}
	start, err := p.Moment(pr.Start)
	if err != nil {
		return t, err
	}
	if pr.Provider == "" { // it is there no longer
		if pr.Provider, err = p.T("federated.unnamed"); err != nil {
			return t, err
		}
	}
	if t.Text, err = p.Rich(id+".text", "Start", start, "Least", pr.Least, "Greatest", pr.Greatest, "Provider", pr.Provider); err != nil {
		return t, err
	}
	t.Remedy, err = p.Rich(id+".remedy", "Start", start, "Provider", pr.Provider, "Wait", template.HTML(template.HTMLEscapeString(wait)))
	return t, err
}

// wait is how long a problem lasts, in words.
func (p *page) wait(pr Problem) (string, error) {
	switch {
	case pr.soon():
		return p.Plural("duration.seconds", max(pr.Seconds, 1))
	case pr.Minutes < 60:
		return p.Plural("duration.minutes", max(pr.Minutes, 1))
	}
	return p.pair("duration.hours", pr.Minutes/60, "duration.minutes", pr.Minutes%60)
}

// Explain is the problem in one line of English, for programs.
func (rd *Renderer) Explain(pr Problem) string {
	p := &page{texts: rd.catalogue.choose("", "en")}
	title, err := p.T("error." + pr.ID + ".title")
	if err != nil {
		return pr.Code()
	}
	return pr.Code() + ": " + title + "."
}
