package main

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// judgeDomain looks at where answers to mails of a domain go. Many servers take no mail
// from a domain that cannot be answered.
func judgeDomain(domain string, exchangers, addresses []string) symptom {
	switch {
	case slices.Equal(exchangers, []string{"."}): // RFC 7505 3
		return warning("domain", "%s says that it takes no mail", domain).
			hint("Some servers refuse mail that cannot be answered (RFC 7505): let %s have an MX that takes it.", domain)
	case len(exchangers) > 0:
		return well("domain", "%s takes mail at %s", domain, joined(exchangers))
	case len(addresses) > 0: // RFC 5321 5.1
		return well("domain", "%s has no MX, but an address, %s", domain, joined(addresses))
	}
	return failed("domain", "%s has neither an MX nor an address", domain).
		hint("Servers refuse mail from a domain that cannot be answered: give it an MX, or set smtp_from to an address of one that has.")
}

// mostLookups is how many terms of SPF may take a look-up (RFC 7208 4.6.4).
const mostLookups = 10

// judgeSPF looks at the TXT records of a domain; host is the server that sends for it. What
// other domains' records say that one includes is not looked at.
func judgeSPF(domain, host string, texts []string) symptom {
	var records []string
	for _, text := range texts {
		if isSPF(text) {
			records = append(records, text)
		}
	}
	switch len(records) {
	case 0:
		return failed("spf", "%s has no record of SPF", domain).
			hint("Add a TXT record at %s: %s, or what your mail provider names. A record of a domain above does not count.", domain, spfFor(host))
	case 1:
		return judgeSPFRecord(host, records[0])
	}
	return failed("spf", "%s has %d records of SPF, so that none counts", domain, len(records)).
		hint("Leave one, with all that is in them: %s", mergedSPF(host, records))
}

func judgeSPFRecord(host, record string) symptom {
	s := readSPF(record)
	switch {
	case s.fault != "":
		return failed("spf", "%q: %s, so that all of it is void", record, s.fault).hint("Write %s", s.sound(host))
	case s.all == '+':
		return failed("spf", "%q lets everybody send", record).hint("Write %s", s.sound(host))
	case !s.lets && (s.all == '-' || s.all == '~'):
		return failed("spf", "%q lets nobody send", record).hint("Write %s, or what your mail provider names.", s.sound(host))
	case s.lookups > mostLookups:
		return failed("spf", "%q takes %d look-ups, %d may be, so that all of it is void", record, s.lookups, mostLookups).
			hint("Remove what no longer sends, and name networks by ip4: and ip6: in place of include:, a: and mx:.")
	case s.all == 0 && !s.redirect, s.all == '?':
		return warning("spf", "%q says nothing about who else sends", record).hint("Write %s", s.sound(host))
	case s.ptr:
		return warning("spf", "%q has ptr, which many servers pass over", record).hint("Write %s", s.sound(host))
	}
	return well("spf", "%s", record)
}

func isSPF(text string) bool {
	version, _, _ := strings.Cut(text, " ")
	return strings.EqualFold(version, "v=spf1")
}

// spf is a record of SPF as it is read.
type spf struct {
	terms    []string
	lookups  int
	all      byte // the qualifier of all; 0: there is none
	redirect bool
	lets     bool // somebody may send
	ptr      bool
	fault    string
}

// readSPF reads a record (RFC 7208 5, 6).
func readSPF(record string) spf {
	s := spf{terms: strings.Fields(record)[1:]}
	for _, term := range s.terms {
		s.read(strings.ToLower(term))
	}
	return s
}

func (s *spf) read(term string) {
	if name, value, ok := modifierOf(term); ok {
		if name == "redirect" {
			s.redirect, s.lets = true, true
			s.lookups++
			s.blame(value == "", term)
		}
		return // RFC 7208 6: others are passed over
	}
	qualifier, rest := byte('+'), term
	if strings.IndexByte("+-~?", term[0]) >= 0 {
		qualifier, rest = term[0], term[1:]
	}
	name, value := rest, ""
	if i := strings.IndexAny(rest, ":/"); i >= 0 {
		name, value = rest[:i], rest[i:]
	}
	s.lets = s.lets || qualifier == '+' && name != "all"
	switch name {
	case "all":
		s.all = cmp.Or(s.all, qualifier) // the first one decides
		s.blame(value != "", term)
	case "ip4", "ip6":
		s.blame(!isNetwork(strings.TrimPrefix(value, ":"), name == "ip6"), term)
	case "include", "exists":
		s.lookups++
		s.blame(len(value) < 2 || value[0] != ':', term)
	case "a", "mx", "ptr":
		s.lookups++
		s.ptr = s.ptr || name == "ptr"
		s.blame(value == ":", term)
	default:
		s.blame(true, term)
	}
}

// modifierOf splits name=value, whose sign comes before any of a mechanism.
func modifierOf(term string) (name, value string, ok bool) {
	i := strings.IndexAny(term, "=:/")
	if i < 1 || term[i] != '=' {
		return "", "", false
	}
	return term[:i], term[i+1:], true
}

// blame keeps the first term that is wrong.
func (s *spf) blame(wrong bool, term string) {
	if wrong && s.fault == "" {
		s.fault = term + " is no term of SPF"
	}
}

func isNetwork(text string, six bool) bool {
	p, err := netip.ParsePrefix(text)
	a := p.Addr()
	if err != nil {
		a, err = netip.ParseAddr(text)
	}
	return err == nil && a.Is6() == six && a.Zone() == ""
}

// sound is the record with only what is right in it, and an end that is; where that is
// nothing, one that would do for the server that sends.
func (s spf) sound(host string) string {
	kept, end := []string{"v=spf1"}, "~all"
	for _, term := range s.terms {
		switch one := readSPF("v=spf1 " + term); {
		case one.fault != "" || one.ptr:
		case one.all == '-':
			end = "-all"
		case one.redirect:
			end = term
		case one.all == 0 && !slices.Contains(kept, term):
			kept = append(kept, term)
		}
	}
	if len(kept) == 1 && strings.HasSuffix(end, "all") {
		return spfFor(host)
	}
	return strings.Join(append(kept, end), " ")
}

// spfFor is a record that would do for what one server sends.
func spfFor(host string) string {
	address, err := netip.ParseAddr(host)
	switch {
	case host == "localhost", err == nil && address.IsLoopback():
		return "v=spf1 a mx ~all"
	case err == nil && address.Is4():
		return "v=spf1 ip4:" + host + " ~all"
	case err == nil:
		return "v=spf1 ip6:" + host + " ~all"
	}
	return "v=spf1 a:" + host + " ~all"
}

// mergedSPF is one record of several.
func mergedSPF(host string, records []string) string {
	terms := "v=spf1"
	for _, r := range records {
		for _, term := range strings.Fields(r)[1:] {
			if name, value, ok := modifierOf(term); ok && strings.EqualFold(name, "redirect") {
				term = "include:" + value // which one of several may have
			}
			if readSPF("v=spf1 "+term).all == 0 {
				terms += " " + term
			}
		}
	}
	return readSPF(terms).sound(host)
}
