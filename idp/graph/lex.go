package graph

import "strings"

// token of a filter: a string literal, a word (name, number, date, GUID or operator),
// or one sign.
type token struct {
	kind byte // 's' string, 'w' word, otherwise the sign itself; 0 is the end
	text string
}

const signs = "(),:/"

// lex splits a filter into tokens. Words that begin with a digit or sign may hold
// colons, as dates do.
func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		switch ch := s[i]; {
		case ch == ' ' || ch == '\t':
			i++
		case ch == '\'':
			text, end, ok := lexString(s, i)
			if !ok {
				return nil, badFilter("there is an unterminated string literal at position " + at(i))
			}
			out = append(out, token{'s', text})
			i = end
		case strings.IndexByte(signs, ch) >= 0:
			out = append(out, token{ch, string(ch)})
			i++
		default:
			end := wordEnd(s, i)
			if end == i && (ch == '"' || ch == '`') {
				return nil, badFilter("texts stand in single quotes, at position " + at(i))
			}
			if end == i {
				return nil, badFilter("there is a syntax error at position " + at(i))
			}
			out = append(out, token{'w', s[i:end]})
			i = end
		}
	}
	return append(out, token{}), nil
}

// lexString reads a literal in quotes from i on; an apostrophe within is doubled.
func lexString(s string, i int) (text string, end int, ok bool) {
	var b strings.Builder
	for i++; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 >= len(s) || s[i+1] != '\'' {
			return b.String(), i + 1, true
		}
		b.WriteByte('\'')
		i++
	}
	return "", i, false
}

func wordEnd(s string, i int) int {
	literal := s[i] == '-' || s[i] == '+' || s[i] >= '0' && s[i] <= '9'
	for ; i < len(s); i++ {
		ch := s[i]
		letter := ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9'
		if !letter && strings.IndexByte("_.-@$+", ch) < 0 && !(literal && ch == ':') {
			break
		}
	}
	return i
}
