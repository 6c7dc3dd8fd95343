package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"latchkey/idp"
)

// knownEnd is an end of a chain that was written down.
type knownEnd struct {
	log  string // as it was named: a tenant's id or domain, or deployment; "" when it was left out
	head idp.AuditHead
}

// knownEnds is a flag that takes them as they are shown.
type knownEnds []knownEnd

// String is empty: there is no default.
func (k *knownEnds) String() string { return "" }

// Type names the value in --help.
func (k *knownEnds) Type() string { return "end" }

var endPattern = regexp.MustCompile(`^(?:([^/\s]+)/)?(` + idp.ChainKept + `|` + idp.ChainPassing + `):([0-9]{1,19}):([0-9a-f]{64})$`)

// Set parses the flag.
func (k *knownEnds) Set(text string) error {
	m := endPattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return errors.New("write it as it was shown: TENANT/CHAIN:NUMBER:MAC, the MAC in 64 hexadecimal digits")
	}
	seq, err := strconv.ParseUint(m[3], 10, 64)
	if err != nil || seq == 0 {
		return errors.New("the number counts from 1")
	}
	*k = append(*k, knownEnd{m[1], idp.AuditHead{Chain: m[2], Seq: seq, MAC: m[4]}})
	return nil
}

// sorted has each end name its log by its id. One of a log that is not looked at must not
// pass unnoticed: the tenant may have been taken away with its log.
func (k knownEnds) sorted(logs []auditLogName, one bool) (knownEnds, error) {
	all := knownEnds{}
	for _, end := range k {
		if end.log == "" && !one {
			return nil, misused("--head %s does not say of which log: write TENANT/ before it, or give --tenant", end.head.String())
		}
		i := slices.IndexFunc(logs, func(l auditLogName) bool { return end.log == "" || slices.Contains(l.names, end.log) })
		if i < 0 && one {
			return nil, fmt.Errorf("the end %s is of another log than that of --tenant", end)
		}
		if i < 0 {
			return nil, fmt.Errorf("the end %s is of a log that is not there: there is no tenant %q", end, end.log)
		}
		all = append(all, knownEnd{logs[i].tenant, end.head})
	}
	return all, nil
}

// of are the ends of one log, once they are sorted.
func (k knownEnds) of(l auditLogName) []idp.AuditHead {
	heads := []idp.AuditHead{}
	for _, end := range k {
		if end.log == l.tenant {
			heads = append(heads, end.head)
		}
	}
	return heads
}

func (e knownEnd) String() string { return e.log + "/" + e.head.String() }
