package graph

import (
	"strconv"
	"strings"
	"time"

	"latchkey/idp"
)

func (p *parser) operand() (operand, error) {
	t := p.next()
	switch lower := strings.ToLower(t.text); {
	case t.kind == 's':
		return operand{literal: t.text}, nil
	case t.kind != 'w':
		p.tokens = append([]token{t}, p.tokens...)
		return operand{}, p.unexpected()
	case (lower == "tolower" || lower == "toupper") && p.take('('):
		o, err := p.operandOnce()
		o.fold = lower
		if err != nil {
			return o, err
		}
		return o, p.expect(')')
	}
	if v, ok := literal(t.text); ok {
		return operand{literal: v}, nil
	}
	return p.path(t.text)
}

// operandOnce keeps tolower from nesting.
func (p *parser) operandOnce() (operand, error) {
	if t := p.peek(); t.kind == 'w' && p.tokens[1].kind == '(' {
		return operand{}, p.unexpected()
	}
	return p.operand()
}

// path reads the rest of a path, up to any or all, and gives its names as the entity
// spells them.
func (p *parser) path(first string) (operand, error) {
	names := []string{first}
	for p.peek().kind == '/' && p.tokens[1].kind == 'w' && !p.lambdaAhead() {
		p.next()
		names = append(names, p.next().text)
	}
	if p.variable != "" && first == p.variable {
		return operand{isPath: true, inner: true, path: memberNames(names[1:], p.items)}, nil
	}
	if p.peek().kind == '(' {
		return operand{}, badFilter("there is no function '" + first + "'; there are startswith, endswith, contains, tolower and toupper")
	}
	if first[0] >= '0' && first[0] <= '9' {
		return operand{}, badFilter("'" + first + "' is neither a date, such as 2026-11-24T09:00:00Z, nor a number; texts stand in single quotes")
	}
	f, canonical, err := findPath(p.shape, names, p.beta)
	return operand{isPath: true, path: canonical, kind: f.kind}, err
}

func (p *parser) lambdaAhead() bool {
	w := strings.ToLower(p.tokens[1].text)
	return (w == "any" || w == "all") && p.tokens[2].kind == '('
}

func memberNames(names []string, members []field) []string {
	for i, name := range names {
		for _, m := range members {
			if strings.EqualFold(m.name, name) {
				names[i] = m.name
			}
		}
	}
	return names
}

// literal reads what is written without quotes. Names of enumerations are not: they
// are quoted.
func literal(word string) (any, bool) {
	switch word {
	case "true":
		return true, true
	case "false":
		return false, true
	case "null":
		return nil, true
	}
	if id := strings.ToLower(word); idp.IsID(id) {
		return id, true
	}
	if strings.IndexByte("+-0123456789", word[0]) < 0 {
		return nil, false
	}
	if t, ok := parseTime(word); ok {
		return t, true
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(word, 64)
	return f, err == nil
}

// takes refuses to compare a property with a literal of another type, which nothing could
// ever equal.
func (o operand) takes(op string, literal any, isLiteral bool) error {
	if !o.isPath || o.inner || !isLiteral || literal == nil || o.kind.list || o.kind.fits(literal) {
		return nil
	}
	return badFilter("A binary operator with incompatible types was detected. Found operand types 'Edm." + o.kind.edm + "' and '" + edmOf(literal) + "' for operator '" + op + "'")
}

// fits tells whether a literal is of a kind, as far as that says.
func (k kind) fits(literal any) bool {
	switch v := literal.(type) {
	case string:
		if k.edm == "DateTimeOffset" {
			_, isTime := parseTime(v)
			return isTime
		}
		return k.edm != "Boolean" && k.edm != "Int32"
	case bool:
		return k.edm == "Boolean" || k.edm == "Untyped" || k.edm == ""
	case time.Time:
		return k.edm != "Boolean" && k.edm != "Int32"
	}
	return k.edm == "Int32" || k.edm == "Untyped" || k.edm == ""
}

func edmOf(literal any) string {
	switch literal.(type) {
	case string:
		return "Edm.String"
	case bool:
		return "Edm.Boolean"
	case time.Time:
		return "Edm.DateTimeOffset"
	}
	return "Edm.Int32"
}
