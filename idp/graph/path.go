package graph

import (
	"net/url"
	"strings"
)

// maxSegments bounds how deep a path goes.
const maxSegments = 32

// splitPath unescapes the segments of a path, each by itself: a name may hold a slash.
// The key form users('id') is two segments.
func splitPath(path string) ([]string, error) {
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return nil, nil
	}
	if strings.Count(path, "/") >= maxSegments {
		return nil, badQuery("The path has too many segments.")
	}
	var segments []string
	for raw := range strings.SplitSeq(path, "/") {
		s, err := url.PathUnescape(raw)
		if err != nil {
			return nil, badQuery("The path is not encoded correctly.")
		}
		if name, key, ok := keyForm(s); ok {
			segments = append(segments, name, key)
			continue
		}
		segments = append(segments, s)
	}
	return segments, nil
}

// keyForm splits users('id') into its name and key; an apostrophe within is doubled.
func keyForm(s string) (name, key string, ok bool) {
	name, rest, found := strings.Cut(s, "('")
	key, closed := strings.CutSuffix(rest, "')")
	if !found || !closed || !isIdentifier(name) {
		return "", "", false
	}
	return name, strings.ReplaceAll(key, "''", "'"), true
}

func isIdentifier(s string) bool {
	for _, r := range s {
		if r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return s != ""
}

// match compares segments with the pattern as far as they are alike.
func (p *place) match(segments []string) (params map[string]string, depth int) {
	params = map[string]string{}
	for i, want := range p.pattern {
		if i >= len(segments) || !matchSegment(want, segments[i], params) {
			return params, i
		}
	}
	return params, len(p.pattern)
}

func matchSegment(want, got string, params map[string]string) bool {
	if isName(want) {
		params[want[1:len(want)-1]] = got
		return got != ""
	}
	if name, names, ok := strings.Cut(want, "("); ok {
		return matchArguments(name, strings.TrimSuffix(names, ")"), got, params)
	}
	return want == got || fold(got) == fold(want)
}

// matchArguments matches name(a={x},b={y}) with name(a='1',b=2).
func matchArguments(name, names, got string, params map[string]string) bool {
	called, args, ok := strings.Cut(got, "(")
	args, closed := strings.CutSuffix(args, ")")
	if !ok || !closed || fold(called) != fold(name) {
		return false
	}
	for want := range strings.SplitSeq(names, ",") {
		var arg string
		arg, args, _ = strings.Cut(args, ",")
		key, param, _ := strings.Cut(want, "=")
		given, value, _ := strings.Cut(arg, "=")
		value, opened := strings.CutPrefix(value, "'")
		value, ended := strings.CutSuffix(value, "'")
		if !strings.EqualFold(key, strings.TrimSpace(given)) || opened != ended || !opened && !isNumber(value) {
			return false
		}
		params[param[1:len(param)-1]] = strings.ReplaceAll(value, "''", "'")
	}
	return args == ""
}

// isNumber tells whether an argument may stand without quotes.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isName(segment string) bool { return strings.HasPrefix(segment, "{") }

// fold is the form in which literals are compared: of actions and casts, the
// namespace and empty parentheses may be left out.
func fold(segment string) string {
	s := strings.TrimSuffix(strings.ToLower(segment), "()")
	return strings.TrimPrefix(strings.TrimPrefix(s, "microsoft."), "graph.")
}

// head is what a table is indexed by: a first segment without arguments.
func head(segment string) string {
	name, _, _ := strings.Cut(fold(segment), "(")
	return name
}
