package idp_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
)

// TestDomainRecord: what proves a domain is the same each time, and another for every tenant,
// domain and deployment.
func TestDomainRecord(t *testing.T) {
	t.Parallel()
	keys, others := keyring(t, 1), keyring(t, 2)
	record := keys.DomainRecord(annaID, "contoso.example")
	if !regexp.MustCompile(`^latchkey-domain-verification=[0-9a-f]{32}$`).MatchString(record) {
		t.Fatal(record)
	}
	if again := keys.DomainRecord(annaID, "contoso.example"); again != record {
		t.Errorf("then %s", again)
	}
	for what, other := range map[string]string{
		"tenant": keys.DomainRecord(bobID, "contoso.example"), "domain": keys.DomainRecord(annaID, "sub.contoso.example"),
		"deployment": others.DomainRecord(annaID, "contoso.example"),
	} {
		if other == record {
			t.Errorf("another %s has the same record", what)
		}
	}
}

// TestProvesDomain: a record counts whole and alone.
func TestProvesDomain(t *testing.T) {
	t.Parallel()
	const want = "latchkey-domain-verification=00112233445566778899aabbccddeeff"
	others := slices.Repeat([]string{"v=spf1 -all"}, 300)
	for _, c := range []struct {
		name    string
		records []string
		proves  bool
	}{
		{"alone", []string{want}, true},
		{"last of 301", append(others, want), true},
		{"with space around", []string{" " + want + "\t"}, true},
		{"none", nil, false},
		{"others", others, false},
		{"nothing", []string{""}, false},
		{"in capitals", []string{strings.ToUpper(want)}, false},
		{"with more behind", []string{want + "0"}, false},
		{"with more before", []string{"x" + want}, false},
		{"among words", []string{"v=spf1 " + want + " -all"}, false},
		{"in quotes", []string{`"` + want + `"`}, false},
		{"cut off", []string{want[:len(want)-1]}, false},
		{"in two records", []string{want[:20], want[20:]}, false},
		{"the value alone", []string{strings.TrimPrefix(want, "latchkey-domain-verification=")}, false},
	} {
		if got := idp.ProvesDomain(c.records, want); got != c.proves {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// TestDefaultDomain: it is the initial one until somebody says another; guests' names stay on the
// initial one.
func TestDefaultDomain(t *testing.T) {
	t.Parallel()
	x := contoso()
	initial := x.Domains[0]
	if got := x.DefaultDomain(); got != initial {
		t.Errorf("%s", got)
	}
	x.Domains, x.Default = append(x.Domains, "b.example"), "b.example"
	if got := x.DefaultDomain(); got != "b.example" {
		t.Errorf("then %s", got)
	}
	if got := idp.GuestName("lea@fabrikam.example", x); !strings.HasSuffix(got, "@"+initial) {
		t.Errorf("a guest is %s", got)
	}
}
