package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"latchkey/idp"
)

// maxDepth bounds how deep a body nests.
const maxDepth = 32

var errDepth, errTwice = errors.New("too deep"), errors.New("a member twice")

// parseObject reads exactly one JSON object. A member that is there twice is refused,
// whatever its case, as one reader would take the first and another the last.
func parseObject(raw []byte) (object, error) {
	if !utf8.Valid(raw) || !json.Valid(raw) { // RFC 8259 8.1; encoding/json would put U+FFFD
		return nil, idp.Errorf(idp.Invalid, badPayload)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := parseValue(d, 0)
	o, isObject := v.(object)
	switch {
	case errors.Is(err, errTwice):
		return nil, idp.Errorf(idp.Invalid, "The JSON payload has a property twice.")
	case errors.Is(err, errDepth):
		return nil, idp.Errorf(idp.Invalid, "The JSON payload nests more than %d deep.", maxDepth)
	case err != nil || !isObject:
		return nil, idp.Errorf(idp.Invalid, badPayload)
	}
	return o, nil
}

// parseValue reads one value of valid JSON.
func parseValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	t, err := d.Token()
	switch t {
	case json.Delim('{'):
		return parseMembers(d, depth)
	case json.Delim('['):
		return parseItems(d, depth)
	}
	return t, err
}

func parseMembers(d *json.Decoder, depth int) (any, error) {
	o, seen := object{}, map[string]bool{}
	for d.More() {
		t, _ := d.Token()
		name, _ := t.(string)
		if seen[strings.ToLower(name)] {
			return nil, errTwice
		}
		seen[strings.ToLower(name)] = true
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o[name] = v
	}
	_, err := d.Token()
	return o, err
}

func parseItems(d *json.Decoder, depth int) (any, error) {
	items := []any{}
	for d.More() {
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	_, err := d.Token()
	return items, err
}
