package ui

import (
	"bytes"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// document is a page as a browser reads it.
type document struct{ elements []*html.Node }

func parse(t *testing.T, page []byte) *document {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	d := &document{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			d.elements = append(d.elements, n)
		}
	}
	return d
}

// all are the elements by that name.
func (d *document) all(name string) []*html.Node {
	return slices.DeleteFunc(slices.Clone(d.elements), func(n *html.Node) bool { return n.Data != name })
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// visible is all that a page says, by text or by an attribute that is read out.
func visible(t *testing.T, page []byte) string {
	t.Helper()
	var b strings.Builder
	for _, n := range parse(t, page).elements {
		for _, name := range []string{"title", "alt", "placeholder", "aria-label", "data-soon", "data-left", "data-cancelled", "data-failed", "data-held", "data-unsupported", "data-name"} {
			b.WriteString(attr(n, name) + "\n")
		}
		if n.Data == "html" {
			b.WriteString(text(n))
		}
	}
	return slot.ReplaceAllString(b.String(), "") // filled in by scripts
}

var slot = regexp.MustCompile(`\{[a-z]+\}`)

// values are the strings a view brings itself, the longest first.
func values(v View) []string {
	var list []string
	collect(reflect.ValueOf(v), &list)
	switch v := v.(type) {
	case Error:
		list = append(list, v.Problem.Code())
	case Organizations:
		list = append(list, v.Problem.Code())
	case EmailOff:
		list = append(list, v.Problem.Code())
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return list
}

func collect(v reflect.Value, list *[]string) {
	switch v.Kind() {
	case reflect.String:
		*list = append(*list, v.String())
	case reflect.Struct:
		if v.Type().PkgPath() == "time" {
			return
		}
		for i := range v.NumField() {
			collect(v.Field(i), list)
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), list)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			collect(key, list)
			collect(v.MapIndex(key), list)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			collect(v.Elem(), list)
		}
	}
}

// TestDocuments holds every page to what people and machines rely on.
func TestDocuments(t *testing.T) {
	rd := newRenderer(t)
	for _, s := range states() {
		t.Run(s.name, func(t *testing.T) {
			d := parse(t, get(rd, s.frame(), s.view).Body.Bytes())
			checkFrame(t, d, s.view.PageName())
			checkForms(t, d)
			checkReferences(t, d)
			checkNothingInline(t, d)
		})
	}
}

func checkFrame(t *testing.T, d *document, name string) {
	t.Helper()
	if lang := attr(d.all("html")[0], "lang"); lang != "en" {
		t.Errorf("lang is %q", lang)
	}
	if title := d.all("title"); len(title) != 1 || strings.HasPrefix(text(title[0]), "·") {
		t.Error("no title")
	}
	if main := d.all("main"); len(main) != 1 || attr(main[0], "data-page") != name {
		t.Error("not one main with the page's name")
	}
	if h1 := d.all("h1"); len(h1) != 1 || text(h1[0]) == "" {
		t.Error("not one heading")
	}
	for _, dup := range []string{"header", "title"} {
		if len(d.all(dup)) != 1 {
			t.Errorf("not one %s", dup)
		}
	}
}

// checkForms: plain POSTs, one primary action a page, a label for each field
// that people fill in, and a name for each that is sent.
func checkForms(t *testing.T, d *document) {
	t.Helper()
	primary := 0
	for _, n := range d.elements {
		if slices.Contains(strings.Fields(attr(n, "class")), "primary") && !waits(n) {
			primary++
		}
	}
	if primary > 1 {
		t.Errorf("%d primary actions", primary)
	}
	for _, form := range d.all("form") {
		if attr(form, "method") != "post" || attr(form, "action") == "" {
			t.Error("a form is not a plain POST to somewhere")
		}
	}
	labelled := map[string]bool{}
	for _, label := range d.all("label") {
		labelled[attr(label, "for")] = text(label) != ""
	}
	for _, input := range d.all("input") {
		if attr(input, "name") == "" {
			t.Error("an input has no name")
		}
		if attr(input, "type") == "hidden" {
			continue
		}
		if primary != 1 && !waits(input) {
			t.Error("a page with a field has no primary action")
		}
		if !labelled[attr(input, "id")] {
			t.Errorf("input %s has no label", attr(input, "name"))
		}
		if attr(input, "autocomplete") == "" {
			t.Errorf("input %s does not say what may fill it in", attr(input, "name"))
		}
	}
	for _, button := range d.all("button") {
		if text(button) == "" && !waits(button) || attr(button, "type") != "" && !(attr(button, "type") == "button" && scripted(button)) {
			t.Error("a button says nothing or does not send its form")
		}
	}
}

// scripted: nobody without a script sees the element.
func scripted(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n.Data == "template" || slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "hidden" }) {
			return true
		}
	}
	return false
}

// waits tells whether an element stands in a template, for a script to show in place of
// all else.
func waits(n *html.Node) bool {
	for p := range n.Ancestors() {
		if p.Data == "template" {
			return true
		}
	}
	return false
}

// checkReferences: ids are unique, and what is referred to is there.
func checkReferences(t *testing.T, d *document) {
	t.Helper()
	ids := map[string]bool{}
	for _, n := range d.elements {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("the id %s stands twice", id)
			}
			ids[id] = true
		}
	}
	for _, n := range d.elements {
		for _, name := range []string{"for", "aria-describedby", "aria-labelledby"} {
			for _, id := range strings.Fields(attr(n, name)) {
				if !ids[id] {
					t.Errorf("%s of %s refers to %s, which is not there", name, n.Data, id)
				}
			}
		}
	}
}

// checkNothingInline: what the Content-Security-Policy would stop is not there.
func checkNothingInline(t *testing.T, d *document) {
	t.Helper()
	if len(d.all("style")) > 0 {
		t.Error("an inline style sheet")
	}
	for _, n := range d.all("script") {
		if attr(n, "src") == "" || text(n) != "" || attr(n, "type") != "module" {
			t.Error("an inline script, or one that is no module")
		}
	}
	for _, n := range d.elements {
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(a.Val), "javascript:") {
				t.Errorf("%s has the attribute %s", n.Data, a.Key)
			}
		}
	}
}

// TestIDs holds the ids that drivers of a browser rely on. Whatever people fill in or
// press has one.
func TestIDs(t *testing.T) {
	rd := newRenderer(t)
	for _, s := range states() {
		var got []string
		for _, n := range parse(t, get(rd, s.frame(), s.view).Body.Bytes()).elements {
			if attr(n, "type") == "hidden" || !slices.Contains([]string{"input", "button", "a", "main", "dd"}, n.Data) {
				continue
			}
			if id := attr(n, "id"); id != "" {
				got = append(got, id)
			} else if n.Data != "main" && n.Data != "dd" {
				t.Errorf("%s: %s %q has no id", s.name, n.Data, text(n))
			}
		}
		if want, ok := ids[s.name]; ok && strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", s.name, got, want)
		}
	}
}

var ids = map[string]string{
	"signin":               "username next",
	"signin-app":           "username next app-policy app-terms",
	"signin-account":       "account-continue account-other",
	"pass-wrong":           "code sign-in other-ways change-user",
	"other-ways":           "method-temporaryAccessPass method-somethingNew",
	"consent":              "allow deny",
	"consent-app":          "app-home allow deny app-policy app-terms",
	"sign-out":             "sign-out stay",
	"signed-out":           "sign-in-again",
	"signed-out-of":        "continue",
	"signed-out-of-here":   "sign-in-again",
	"security-info":        "add-method delete-pass sign-out apps sign-ins sign-out-everywhere sign-in-again",
	"security-info-bound":  "delete-pass rename-k1 remove-k1 add-method sign-out use-passkey apps sign-ins sign-out-everywhere sign-in-again",
	"rename-method":        "name rename cancel",
	"remove-method":        "remove keep",
	"set-password":         "new-password set cancel",
	"rename-device":        "name rename cancel",
	"remove-device":        "remove keep",
	"clean-up":             "remove-k0 remove-k2 remove-k1 remove-d1 remove-d2 remove-password remove-selected keep-all sign-out-everywhere",
	"sign-out-everywhere":  "sign-out-everywhere stay",
	"sign-ins":             "back",
	"delete-pass":          "delete keep",
	"device":               "code next",
	"device-confirm":       "allow deny",
	"organizations":        "tenant next",
	"organizations-guest":  "tenant next problem-code",
	"organizations-recent": "tenant next recent-" + contoso + " recent-f1",
	"apps":                 "app-wiki app-ledger app-payroll security-info sign-out",
	"apps-none":            "security-info sign-out",
	"form-post":            "continue",
	"home":                 "organizations",
	"error":                "problem try-again problem-code problem-detail problem-request",
	"admin-pass":           "username starts lifetime reason once slip-username give back",
	"admin-pass-given":     "print copy another again",
	"admin-pass-waits":     "get another",
	"signin-passkey":       "username next passkey",
	"passkey":              "passkey use-pass other-ways change-user",
	"passkey-new":          "passkey onward",
	"password":             "username password sign-in use-pass other-ways change-user",
	"add-method":           "add-passkey add-phone add-security-key name later",
	"add-method-must":      "go-on add-passkey add-phone add-security-key name sign-out",
	"method-added":         "use-new onward",
	"email-send":           "send change-user",
	"email-code":           "code sign-in resend change-user",
	"email-off":            "problem change-user problem-code problem-request",
	"redeem":               "accept decline",
	"report-code":          "cancel-code",
	"report-code-done":     "",
	"block-invitations":    "block",
	"security-info-guest":  "sign-out apps sign-ins sign-out-everywhere sign-in-again",
	"error-tenant.unknown": "problem problem-code problem-request",
}

// TestProblemsAreMarked: a driver finds what went wrong whatever the language.
func TestProblemsAreMarked(t *testing.T) {
	rd := newRenderer(t)
	for id := range problems {
		for _, v := range []View{Error{Problem: Problem{ID: id}}, Pass{Action: "/t", Problem: Problem{ID: id}}} {
			d := parse(t, get(rd, testFrame, v).Body.Bytes())
			i := slices.IndexFunc(d.elements, func(n *html.Node) bool { return attr(n, "id") == "problem" })
			if i < 0 || attr(d.elements[i], "data-problem") != id {
				t.Errorf("%s: the problem %s is not marked", v.PageName(), id)
			}
		}
	}
}

// TestFieldNames holds the names that scripts, load tools and the conformance
// suite's browser rely on.
func TestFieldNames(t *testing.T) {
	rd := newRenderer(t)
	for _, s := range states() {
		var got []string
		d := parse(t, get(rd, s.frame(), s.view).Body.Bytes())
		for _, n := range d.elements {
			if name := attr(n, "name"); name != "" && n.Data != "meta" && name != "state" {
				got = append(got, strings.TrimSuffix(name+"="+attr(n, "value"), "="))
			}
		}
		if want, ok := fieldNames[s.name]; ok && !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", s.name, got, want)
		}
	}
}

var fieldNames = map[string][]string{
	"signin":              {"username"},
	"signin-account":      {"account=continue", "account=other"},
	"pass":                {"code", "change=1"},
	"pass-wrong":          {"code", "other=1", "change=1"},
	"other-ways":          {"method=temporaryAccessPass", "method=somethingNew"},
	"consent":             {"decision=allow", "decision=deny"},
	"sign-out":            {"decision=sign-out", "decision=stay"},
	"security-info":       {"add=passkey", "delete=5b1f", "decision=sign-out"},
	"rename-method":       {"name=MacBook"},
	"remove-method":       {"decision=remove", "decision=keep"},
	"set-password":        {"username=anna@contoso.example", "new-password"},
	"clean-up":            {"remove=k0", "remove=k2", "remove=k1", "remove=d1", "remove=d2", "remove=d0", "decision=remove", "decision=keep"},
	"sign-out-everywhere": {"decision=sign-out", "decision=stay"},
	"delete-pass":         {"delete=5b1f", "decision=delete", "decision=keep"},
	"email-send":          {"send=1", "change=1"},
	"email-code":          {"code", "send=1", "change=1"},
	"redeem":              {"invitation=accept", "invitation=decline"},
	"report-code":         {"token=t1"},
	"block-invitations":   {"token=t1"},
	"device-code":         {"code=BCDF-GHJK"},
	"device-confirm":      {"decision=allow", "decision=deny"},
	"organizations":       {"tenant"},
	"apps":                {"decision=sign-out"},
	"admin-pass":          {"username", "starts", "lifetime", "reason", "once=1", "slip_user_name=1"},
	"admin-pass-waits": {
		"username=global-reader@contoso.example", "starts=2026-11-24T14:00", "lifetime=90", "reason=lost phone", "once=1", "slip_user_name",
	},
}
