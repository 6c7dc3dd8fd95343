package graph

import "strings"

// parser reads a filter by recursive descent, within bounds.
type parser struct {
	taken
	tokens   []token
	nodes    int
	variable string  // of the lambda that is being read
	items    []field // members of its collection's items
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// take takes a sign if it is next.
func (p *parser) take(sign byte) bool {
	if p.peek().kind == sign {
		p.next()
		return true
	}
	return false
}

// word takes a word if it is next, in any case.
func (p *parser) word(w string) bool {
	if t := p.peek(); t.kind == 'w' && strings.EqualFold(t.text, w) {
		p.next()
		return true
	}
	return false
}

func (p *parser) expect(sign byte) error {
	if !p.take(sign) {
		return p.unexpected()
	}
	return nil
}

func (p *parser) unexpected() error {
	if t := p.peek(); t.kind != 0 {
		return badFilter("'" + t.text + "' is not expected there")
	}
	return badFilter("it ends too early")
}

// make counts a node.
func (p *parser) make(n node) (*node, error) {
	if p.nodes++; p.nodes > maxFilterNodes {
		return nil, badFilter("it has more than " + at(maxFilterNodes) + " parts")
	}
	return &n, nil
}

func (p *parser) or(depth int) (*node, error) { return p.chain("or", depth, p.and) }

func (p *parser) and(depth int) (*node, error) { return p.chain("and", depth, p.unary) }

// chain reads a op b op c.
func (p *parser) chain(op string, depth int, part func(int) (*node, error)) (*node, error) {
	first, err := part(depth)
	if err != nil || !p.word(op) {
		return first, err
	}
	n, err := p.make(node{op: op, kids: []*node{first}})
	for more := true; more && err == nil; more = err == nil && p.word(op) {
		var kid *node
		kid, err = part(depth)
		n.kids = append(n.kids, kid)
	}
	return n, err
}

func (p *parser) unary(depth int) (*node, error) {
	if depth > maxFilterDepth {
		return nil, badFilter("it nests more than " + at(maxFilterDepth) + " deep")
	}
	if p.word("not") {
		kid, err := p.unary(depth + 1)
		if err != nil {
			return nil, err
		}
		return p.make(node{op: "not", kids: []*node{kid}})
	}
	if p.take('(') {
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		return n, p.expect(')')
	}
	return p.comparison(depth)
}

// isFunction tells functions of two strings, which stand by themselves.
func isFunction(word string) bool {
	return word == "startswith" || word == "endswith" || word == "contains"
}

func (p *parser) comparison(depth int) (*node, error) {
	if t := p.peek(); t.kind == 'w' && isFunction(strings.ToLower(t.text)) && p.tokens[1].kind == '(' {
		return p.function(strings.ToLower(p.next().text))
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if left.isPath && p.take('/') {
		return p.lambda(left, depth)
	}
	switch op := strings.ToLower(p.peek().text); op {
	case "eq", "ne", "gt", "ge", "lt", "le":
		p.next()
		right, err := p.operand()
		if err != nil {
			return nil, err
		}
		return p.compared(node{op: op, left: left, right: right})
	case "in":
		p.next()
		return p.in(left)
	}
	return nil, p.unexpected()
}

func (p *parser) function(name string) (*node, error) {
	p.next()
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.expect(','); err != nil {
		return nil, err
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.expect(')'); err != nil {
		return nil, err
	}
	return p.compared(node{op: name, left: left, right: right})
}

// compared makes a node of two operands that can be compared.
func (p *parser) compared(n node) (*node, error) {
	for _, pair := range [][2]operand{{n.left, n.right}, {n.right, n.left}} {
		if err := pair[0].takes(n.op, pair[1].literal, !pair[1].isPath); err != nil {
			return nil, err
		}
	}
	return p.make(n)
}

// in reads ('a', 'b'), each of which counts as a node.
func (p *parser) in(left operand) (*node, error) {
	if err := p.expect('('); err != nil {
		return nil, err
	}
	n := node{op: "in", left: left}
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		if o.isPath {
			return nil, badFilter("in takes literals")
		}
		if _, err := p.make(node{}); err != nil {
			return nil, err
		}
		if err := left.takes("eq", o.literal, true); err != nil {
			return nil, err
		}
		n.set = append(n.set, o.literal)
		if !p.take(',') {
			break
		}
	}
	if err := p.expect(')'); err != nil {
		return nil, err
	}
	return p.make(n)
}

// lambda reads any(), any(x:…) or all(x:…) after the path of a collection. They do not
// nest: no collection of ours holds another.
func (p *parser) lambda(over operand, depth int) (*node, error) {
	op := strings.ToLower(p.next().text)
	if op != "any" && op != "all" || p.variable != "" {
		return nil, badFilter("any or all of a collection is expected")
	}
	if err := p.expect('('); err != nil {
		return nil, err
	}
	if op == "any" && p.take(')') {
		return p.make(node{op: op, left: over})
	}
	f, _, err := findPath(p.shape, over.path, p.beta)
	if err != nil {
		return nil, err
	}
	p.variable, p.items = p.next().text, f.kind.members
	if !isIdentifier(p.variable) {
		return nil, badFilter("a variable is expected")
	}
	if err := p.expect(':'); err != nil {
		return nil, err
	}
	kid, err := p.or(depth + 1)
	if err != nil {
		return nil, err
	}
	p.variable, p.items = "", nil
	if err := p.expect(')'); err != nil {
		return nil, err
	}
	return p.make(node{op: op, left: over, kids: []*node{kid}})
}
