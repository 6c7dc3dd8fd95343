package main

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"latchkey/config"
	"latchkey/idp/admin"
)

// breachedList is a file of SHA-1 hashes of passwords that are known to others: one a line,
// ascending, each with how often it was seen or without (HASH[:COUNT]). It may be larger
// than memory: a hash is looked for by binary search in the file.
type breachedList struct {
	name string
	file io.ReaderAt
	size int64
}

const (
	breachedLine    = 64   // bytes; more than the longest line has, its end included
	breachedSamples = 1024 // places that are looked at before a list is trusted
)

var breachedForm = regexp.MustCompile(`^[0-9A-Fa-f]{40}(:[0-9]{1,19})?\r?$`)

// newBreached looks passwords up in the list that the operator has supplied; nil without one.
func newBreached(cfg config.Config) (admin.Breached, error) {
	if cfg.BreachedPasswords == "" {
		return nil, nil
	}
	l, err := openBreached(cfg.BreachedPasswords)
	if err != nil {
		return nil, fmt.Errorf("breached_passwords: %w", err)
	}
	return l.has, nil
}

// openBreached opens a list and looks whether it is one. The file stays open as long as
// anything refers to it.
func openBreached(path string) (*breachedList, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", path)
	}
	l := &breachedList{name: path, file: f}
	if err == nil {
		l.size = info.Size()
		err = l.check()
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// check looks at the first line, the last, and many between, each with the one behind it.
func (l *breachedList) check() error {
	if l.size == 0 {
		return fmt.Errorf("%s is empty: supply the list, or leave breached_passwords empty", l.name)
	}
	var before breachedEntry
	for i := range int64(breachedSamples) {
		place := (l.size - 1) * i / (breachedSamples - 1)
		if place < before.end { // looked at
			continue
		}
		start, err := l.lineAt(before.end, place)
		if err != nil {
			return err
		}
		first, err := l.follows(before, start)
		if err != nil {
			return err
		}
		if first.end < l.size {
			if _, err := l.follows(first, first.end); err != nil {
				return err
			}
		}
		before = first
	}
	return nil
}

// follows reads the line that begins at a place, which must not come before an earlier one.
func (l *breachedList) follows(before breachedEntry, start int64) (breachedEntry, error) {
	e, err := l.entry(start)
	if err == nil && bytes.Compare(e.hash[:], before.hash[:]) < 0 {
		err = fmt.Errorf("%s is not sorted: the hash at byte %d is less than one before it. Supply the list that is ordered by hash", l.name, start)
	}
	return e, err
}

// breachedEntry is a line.
type breachedEntry struct {
	hash [sha1.Size]byte
	end  int64 // where the next one begins
}

// lineAt is where the line begins that the byte at a place belongs to. A line begins at
// low, at the latest there.
func (l *breachedList) lineAt(low, place int64) (int64, error) {
	from := max(low, place-breachedLine)
	buffer := make([]byte, place-from)
	if err := l.read(buffer, from); err != nil {
		return 0, err
	}
	i := bytes.LastIndexByte(buffer, '\n')
	if i < 0 && from > low {
		return 0, l.malformed(from)
	}
	return from + int64(i) + 1, nil
}

// entry reads the line that begins at a place.
func (l *breachedList) entry(start int64) (e breachedEntry, err error) {
	buffer := make([]byte, min(breachedLine, l.size-start))
	if err := l.read(buffer, start); err != nil {
		return e, err
	}
	line, _, ended := bytes.Cut(buffer, []byte{'\n'})
	e.end = start + int64(len(line)) + 1
	if !ended && e.end <= l.size || !breachedForm.Match(line) {
		return e, l.malformed(start)
	}
	_, err = hex.Decode(e.hash[:], line[:hex.EncodedLen(len(e.hash))])
	return e, err
}

func (l *breachedList) read(buffer []byte, at int64) error {
	if n, err := l.file.ReadAt(buffer, at); n < len(buffer) {
		return fmt.Errorf("%s cannot be read at byte %d: %w", l.name, at, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	return nil
}

func (l *breachedList) malformed(at int64) error {
	return fmt.Errorf("%s is no list of SHA-1 hashes: at byte %d there is no line of 40 hexadecimal digits, or these, a colon and a count", l.name, at)
}

// has tells whether a password is on the list.
func (l *breachedList) has(password string) (bool, error) { return l.find(sha1.Sum([]byte(password))) }

// find tells whether a hash is on the list. It is in a line that begins in [low, high).
func (l *breachedList) find(wanted [sha1.Size]byte) (bool, error) {
	for low, high := int64(0), l.size; low < high; {
		start, err := l.lineAt(low, low+(high-low)/2)
		if err != nil {
			return false, err
		}
		e, err := l.entry(start)
		if err != nil {
			return false, err
		}
		switch order := bytes.Compare(wanted[:], e.hash[:]); {
		case order == 0:
			return true, nil
		case order < 0:
			high = start
		default:
			low = e.end
		}
	}
	return false, nil
}
