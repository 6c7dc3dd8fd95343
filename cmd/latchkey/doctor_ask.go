package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"latchkey/config"
)

// lookupTimeout is how long DNS may take for one answer.
const lookupTimeout = 10 * time.Second

// directory asks DNS. A name that is not there has no records, which is no error.
type directory struct{ *net.Resolver }

// newDirectory asks one server, or the system's.
func newDirectory(address string) directory {
	if address == "" {
		return directory{net.DefaultResolver}
	}
	return directory{&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}}
}

// lookedUp is what a lookup of the library's answered.
func lookedUp[T any](ctx context.Context, name string, lookup func(context.Context, string) ([]T, error)) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	all, err := lookup(ctx, name+".") // no search list of the machine's
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		if e.IsNotFound {
			return nil, nil
		}
		return nil, errors.New(e.Err) // without the server, which is another than was asked
	}
	return all, err
}

func (d directory) texts(ctx context.Context, name string) ([]string, error) {
	return lookedUp(ctx, name, d.LookupTXT)
}

// takers are the servers that take mail for a domain, and its own addresses if none do.
func (d directory) takers(ctx context.Context, domain string) (exchangers, addresses []string, err error) {
	mx, err := lookedUp(ctx, domain, d.LookupMX)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range mx {
		name := m.Host
		if name != "." {
			name = strings.TrimSuffix(name, ".")
		}
		exchangers = append(exchangers, name)
	}
	if len(exchangers) == 0 {
		addresses, err = lookedUp(ctx, domain, d.LookupHost)
	}
	return exchangers, addresses, err
}

// organization is the domain that was registered, such as contoso.example of
// login.contoso.example; a domain that nothing is known of is its own.
func organization(domain string) string {
	registered, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return domain
	}
	return registered
}

// askDNS looks at what receivers of mail will look at. DNS that cannot be asked is no fault
// of the records.
func (e mailExam) askDNS(ctx context.Context, s config.SMTP) []symptom {
	domain := s.From[strings.LastIndex(s.From, "@")+1:]
	if _, err := netip.ParseAddr(domain); err == nil {
		return []symptom{warning("domain", "%s is an address and has no records", domain).
			hint("Set smtp_from to an address of a domain of yours: few servers take mail from a number.")}
	}
	d := newDirectory(e.resolver)
	exchangers, addresses, err := d.takers(ctx, domain)
	if err != nil {
		return []symptom{unanswered("dns", domain, err).
			hint("SPF, DKIM and DMARC were not looked at. Name another server by --resolver, or run this where DNS can be asked.")}
	}
	host, _ := hostPort(s.Address)
	found := []symptom{judgeDomain(domain, exchangers, addresses), d.spf(ctx, domain, host)}
	for _, selector := range e.selectors {
		found = append(found, d.dkim(ctx, selector, domain))
	}
	if len(e.selectors) == 0 {
		found = append(found, warning("dkim", "not looked at: no selector was named").
			hint("Name it by --dkim-selector. It is the s= in the header DKIM-Signature of a mail that arrived; without that header your mail server does not sign."))
	}
	return append(found, d.dmarc(ctx, domain))
}

func unanswered(check, name string, err error) symptom {
	return warning(check, "DNS does not answer for %s: %s", name, err).hint("Try again, or name another server by --resolver.")
}

func (d directory) spf(ctx context.Context, domain, host string) symptom {
	texts, err := d.texts(ctx, domain)
	if err != nil {
		return unanswered("spf", domain, err)
	}
	return judgeSPF(domain, host, texts)
}

// atOrAbove asks for what lies below a label at the domain, and if nothing of that counts, at
// the organizational one. at is the domain that has it.
func (d directory) atOrAbove(ctx context.Context, label, domain string, counts func(text string) bool) (at string, texts []string, err error) {
	for _, at := range slices.Compact([]string{domain, organization(domain)}) {
		texts, err := d.texts(ctx, label+at)
		if err != nil || slices.ContainsFunc(texts, counts) {
			return at, texts, err
		}
	}
	return domain, nil, nil
}

// dkim looks for a key at the domain, then at the organizational one, with which a mail may
// be signed as well.
func (d directory) dkim(ctx context.Context, selector, domain string) symptom {
	label := selector + "._domainkey."
	at, texts, err := d.atOrAbove(ctx, label, domain, func(string) bool { return true })
	if err != nil {
		return unanswered("dkim", label+at, err)
	}
	return judgeDKIM(label+at, texts)
}

// dmarc looks for a policy likewise (RFC 7489 6.6.3).
func (d directory) dmarc(ctx context.Context, domain string) symptom {
	at, texts, err := d.atOrAbove(ctx, "_dmarc.", domain, isDMARC)
	if err != nil {
		return unanswered("dmarc", "_dmarc."+at, err)
	}
	return judgeDMARC(domain, at, texts)
}
