package storage

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	fastjson "github.com/go-json-experiment/json/v1"
)

// format is the first byte of every stored record. Version 1 is: the length of
// the owned keys as a varint, those keys one a line, then the record as JSON. A
// reader refuses what it does not know instead of guessing.
const format = 1

func encode(r Record, owned []string) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if holdsRefusedText(body) || !utf8.Valid(body) {
		return nil, ErrText
	}
	keys := strings.Join(owned, "\n")
	out := make([]byte, 0, 1+binary.MaxVarintLen32+len(keys)+len(body))
	out = append(out, format)
	out = binary.AppendUvarint(out, uint64(len(keys)))
	out = append(out, keys...)
	return append(out, body...), nil
}

// decode fills r from what encode made of it. Every request reads records; this
// reader means what encoding/json means, in half the time (decision 9).
func decode(raw []byte, r Record) error {
	_, body, err := split(raw)
	if err != nil {
		return fmt.Errorf("%w: %s", err, r.Kind())
	}
	if err := fastjson.Unmarshal(body, r); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, r.Kind(), err)
	}
	return nil
}

// split takes a stored record apart into its owned keys and its JSON.
func split(raw []byte) (owned []string, body []byte, err error) {
	if len(raw) == 0 {
		return nil, nil, ErrDamaged
	}
	if raw[0] != format {
		return nil, nil, ErrFormat
	}
	n, w := binary.Uvarint(raw[1:])
	rest := raw[1+max(w, 0):]
	if w <= 0 || n > uint64(len(rest)) {
		return nil, nil, ErrDamaged
	}
	if n > 0 {
		owned = strings.Split(string(rest[:n]), "\n")
	}
	return owned, rest[n:], nil
}

// holdsRefusedText looks for the two escapes the encoder writes for text that
// would not come back the same from every driver: U+0000, which jsonb refuses,
// and the replacement it puts, as an escape, for bytes that are not UTF-8 (a
// genuine U+FFFD is written as itself).
func holdsRefusedText(encoded []byte) bool {
	for i := 0; i+5 < len(encoded); i++ {
		if encoded[i] != '\\' {
			continue
		}
		switch string(encoded[i : i+6]) {
		case `\u0000`, `\ufffd`:
			return true
		}
		i++ // whatever is escaped begins no escape itself
	}
	return false
}
