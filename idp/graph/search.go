package graph

import (
	"slices"
	"strings"
	"unicode"
)

// search is a parsed $search: one of its lists must hold, in each of its terms.
type search [][]term

// term holds where each of its words begins a word of the property.
type term struct {
	path  []string
	words []string
}

// maxTerms bounds $search.
const maxTerms = 20

func badTerms(s string) error {
	return badQuery(`Invalid $search: ` + s + `. It is made of "property:text" terms with AND or OR between them.`)
}

// parseSearch reads "displayName:anna" AND "mail:x" OR …; AND binds tighter.
func parseSearch(s string, t taken) (search, error) {
	out, rest := search{nil}, strings.TrimSpace(s)
	if len(s) > maxFilter {
		return nil, badTerms("it is too long")
	}
	for n := 0; ; n++ {
		quoted, after, ok := cutQuoted(rest)
		if !ok || n == maxTerms {
			return nil, badTerms(s)
		}
		parsed, err := parseTerm(quoted, t)
		if err != nil {
			return nil, err
		}
		out[len(out)-1] = append(out[len(out)-1], parsed)
		word, next, _ := strings.Cut(strings.TrimSpace(after), " ")
		rest = strings.TrimSpace(next)
		switch word {
		case "":
			return out, nil
		case "AND":
		case "OR":
			out = append(out, nil)
		default:
			return nil, badTerms(s)
		}
	}
}

// cutQuoted cuts a leading "…", in which a backslash escapes.
func cutQuoted(s string) (quoted, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

func parseTerm(s string, t taken) (term, error) {
	name, text, found := strings.Cut(s, ":")
	words := splitWords(text)
	if !found || len(words) == 0 {
		return term{}, badTerms(s)
	}
	f, path, err := findPath(t.shape, []string{strings.TrimSpace(name)}, t.beta)
	if err == nil && f.kind.edm != "String" {
		err = unsupported(f.name)
	}
	return term{path, words}, err
}

func splitWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// matches tells whether an item passes; without a search everything does.
func (s search) matches(item lookup) bool {
	return s == nil || slices.ContainsFunc(s, func(all []term) bool {
		return !slices.ContainsFunc(all, func(t term) bool { return !t.matches(item) })
	})
}

func (t term) matches(item lookup) bool {
	v := item(t.path[0])
	values, isList := v.([]any)
	if !isList {
		values = []any{v}
	}
	return slices.ContainsFunc(values, func(v any) bool {
		s, _ := v.(string)
		have := splitWords(s)
		return !slices.ContainsFunc(t.words, func(want string) bool {
			return !slices.ContainsFunc(have, func(w string) bool { return strings.HasPrefix(w, want) })
		})
	})
}
