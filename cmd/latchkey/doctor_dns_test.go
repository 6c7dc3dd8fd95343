package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
)

// judged compares a symptom with the result that is wanted, and with words of it.
func judged(t *testing.T, got symptom, check, result string, words ...string) {
	t.Helper()
	if got.Check != check || got.Result != result {
		t.Errorf("%+v, want %s", got, result)
	}
	if (got.Result == wellResult) != (got.Hint == "") && check != "dmarc" {
		t.Errorf("hint: %+v", got)
	}
	for _, word := range words {
		if !strings.Contains(got.Seen+"\n"+got.Hint, word) {
			t.Errorf("%+v lacks %q", got, word)
		}
	}
}

func TestJudgeDomain(t *testing.T) {
	for _, c := range []struct {
		exchangers, addresses []string
		result, word          string
	}{
		{[]string{"mx1.contoso.example", "mx2.contoso.example"}, nil, wellResult, "mx1.contoso.example, mx2.contoso.example"},
		{nil, []string{"192.0.2.1"}, wellResult, "192.0.2.1"},
		{[]string{"."}, nil, warningResult, "takes no mail"},
		{nil, nil, failedResult, "neither an MX nor an address"},
	} {
		judged(t, judgeDomain("contoso.example", c.exchangers, c.addresses), "domain", c.result, c.word)
	}
}

func TestJudgeSPF(t *testing.T) {
	eleven := "v=spf1" + strings.Repeat(" include:x.example", 11) + " ip4:192.0.2.1 -all"
	for _, c := range []struct {
		texts        []string
		result, word string
	}{
		{[]string{"v=spf1 mx ~all"}, wellResult, "v=spf1 mx ~all"},
		{[]string{"google-site-verification=1", "v=spf1 a:smtp.contoso.example -all"}, wellResult, ""},
		{[]string{"V=SPF1 IP4:192.0.2.0/24 -ALL"}, wellResult, ""},
		{[]string{"v=spf1 ip6:2001:db8::/32 ip4:192.0.2.1 exists:%{i}.x.example mx/24 a:x.example//64 ~all"}, wellResult, ""},
		{[]string{"v=spf1 redirect=_spf.contoso.example"}, wellResult, ""},
		{[]string{"v=spf1 include:x.example exp=why.example unknown=1 -all"}, wellResult, ""},
		{[]string{"v=spf1" + strings.Repeat(" include:x.example", 10) + " -all"}, wellResult, ""},
		{[]string{"v=spf1  mx   -all "}, wellResult, ""},
		{nil, failedResult, "v=spf1 a:smtp.contoso.example ~all"},
		{[]string{"v=spf10 mx -all"}, failedResult, "no record"},
		{[]string{"v=spf1;mx -all"}, failedResult, "no record"},
		{[]string{"spf2.0/pra mx -all"}, failedResult, "no record"},
		{[]string{"v=spf1 mx ~all", "v=spf1 include:x.example mx -all"}, failedResult, "v=spf1 mx include:x.example ~all"},
		{[]string{"v=spf1 redirect=y.example", "v=spf1 mx -all"}, failedResult, "v=spf1 include:y.example mx ~all"},
		{[]string{"v=spf1 -all", "v=spf1 ~all"}, failedResult, "v=spf1 a:smtp.contoso.example ~all"},
		{[]string{"v=spf1 mx +all"}, failedResult, "Write v=spf1 mx ~all"},
		{[]string{"v=spf1 all"}, failedResult, "Write v=spf1 a:smtp.contoso.example ~all"},
		{[]string{"v=spf1 -all"}, failedResult, "lets nobody send"},
		{[]string{"v=spf1 -mx ~all"}, failedResult, "lets nobody send"},
		{[]string{"v=spf1 mx"}, warningResult, "Write v=spf1 mx ~all"},
		{[]string{"v=spf1"}, warningResult, "Write v=spf1 a:smtp.contoso.example ~all"},
		{[]string{"v=spf1 mx ?all"}, warningResult, "Write v=spf1 mx ~all"},
		{[]string{"v=spf1 mx ptr -all"}, warningResult, "Write v=spf1 mx -all"},
		{[]string{eleven}, failedResult, "11 look-ups"},
		{[]string{eleven}, failedResult, "name networks by ip4:"},
		{[]string{"v=spf1" + strings.Repeat(" a:x.example", 10) + " redirect=x.example"}, failedResult, "11 look-ups"},
		{[]string{"v=spf1 ipv4:192.0.2.1 mx -all"}, failedResult, "ipv4:192.0.2.1 is no term"},
		{[]string{"v=spf1 ip4:192.0.2.300 mx -all"}, failedResult, "Write v=spf1 mx -all"},
		{[]string{"v=spf1 ip4:2001:db8::1 mx -all"}, failedResult, "ip4:2001:db8::1 is no term"},
		{[]string{"v=spf1 ip6:192.0.2.1 mx -all"}, failedResult, "ip6:192.0.2.1 is no term"},
		{[]string{"v=spf1 include: mx -all"}, failedResult, "include: is no term"},
		{[]string{"v=spf1 include mx -all"}, failedResult, "include is no term"},
		{[]string{"v=spf1 a: mx -all"}, failedResult, "a: is no term"},
		{[]string{"v=spf1 redirect= mx"}, failedResult, "Write v=spf1 mx ~all"},
		{[]string{"v=spf1 mx -all:x.example"}, failedResult, "-all:x.example is no term"},
		{[]string{"v=spf1 =x - mx -all"}, failedResult, "=x is no term"},
	} {
		judged(t, judgeSPF("contoso.example", "smtp.contoso.example", c.texts), "spf", c.result, c.word)
	}
}

// TestSPFFor: what would do for a server depends on how it is named.
func TestSPFFor(t *testing.T) {
	for host, want := range map[string]string{
		"smtp.contoso.example": "v=spf1 a:smtp.contoso.example ~all", "192.0.2.1": "v=spf1 ip4:192.0.2.1 ~all",
		"2001:db8::1": "v=spf1 ip6:2001:db8::1 ~all", "localhost": "v=spf1 a mx ~all", "::1": "v=spf1 a mx ~all",
	} {
		if got := spfFor(host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
		judged(t, judgeSPF("contoso.example", host, []string{want}), "spf", wellResult)
	}
}

// rsaKey is a public key of a length, as it is published. Nobody has the private one, and
// it takes none to be read.
func rsaKey(t *testing.T, bits int, framed bool) string {
	t.Helper()
	n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
	key := &rsa.PublicKey{N: n, E: 65537}
	der := x509.MarshalPKCS1PublicKey(key)
	if framed {
		var err error
		if der, err = x509.MarshalPKIXPublicKey(key); err != nil {
			t.Fatal(err)
		}
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestJudgeDKIM(t *testing.T) {
	long, short := rsaKey(t, 2048, true), rsaKey(t, 1024, true)
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed := base64.StdEncoding.EncodeToString(edwards)
	other, err := x509.MarshalPKIXPublicKey(edwards)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		texts        []string
		result, word string
	}{
		{[]string{"v=DKIM1; k=rsa; p=" + long}, wellResult, "2048 bits"},
		{[]string{"p=" + long}, wellResult, "2048 bits"},
		{[]string{"v=DKIM1;k=rsa;t=s;s=email;n=of the year;p=" + long[:100] + " " + long[100:] + ";"}, wellResult, ""},
		{[]string{"v=DKIM1; s=*; p=" + rsaKey(t, 4096, false)}, wellResult, "4096 bits"},
		{[]string{"v=DKIM1; p=" + short}, warningResult, "1024 bits"},
		{[]string{"v=DKIM1; p=" + rsaKey(t, 2047, true)}, warningResult, "2047 bits"},
		{[]string{"v=DKIM1; p=" + rsaKey(t, 1023, true)}, failedResult, "1023 bits"},
		{[]string{"v=DKIM1; p=" + rsaKey(t, 512, false)}, failedResult, "512 bits"},
		{[]string{"v=DKIM1; k=ed25519; p=" + ed}, warningResult, "RSA of 2048 bits as well"},
		{[]string{"v=DKIM1; k=ed25519; p=" + short}, failedResult, "Ed25519 has 32"},
		{[]string{"v=DKIM1; t=y:s; p=" + long}, warningResult, "t=y"},
		{nil, failedResult, "no record"},
		{[]string{"v=DKIM1; p=" + long, "v=DKIM1; p=" + short}, failedResult, "2 records"},
		{[]string{"v=DKIM1; k=rsa; p="}, failedResult, "revoked"},
		{[]string{"v=DKIM1; k=rsa"}, failedResult, "no p="},
		{[]string{"v=DKIM2; p=" + long}, failedResult, "v=DKIM1"},
		{[]string{"p=" + long + "; v=DKIM1"}, failedResult, "begin with v=DKIM1"},
		{[]string{"v=DKIM1; s=tlsrpt; p=" + long}, failedResult, "s=tlsrpt"},
		{[]string{"v=DKIM1; k=dsa; p=" + long}, failedResult, "k=dsa"},
		{[]string{"v=DKIM1; p=%%%"}, failedResult, "not base64"},
		{[]string{"v=DKIM1; p=" + long[:len(long)-8]}, failedResult, "cannot be read"},
		{[]string{"v=DKIM1; p=" + base64.StdEncoding.EncodeToString(other)}, failedResult, "not for RSA"},
		{[]string{"v=DKIM1; p=" + long + "; p=" + short}, failedResult, "there twice"},
		{[]string{"v=spf1 -all"}, failedResult, "begin with v=DKIM1"},
		{[]string{"wildcard"}, failedResult, "no name=value"},
	} {
		judged(t, judgeDKIM("s1._domainkey.contoso.example", c.texts), "dkim", c.result, "s1._domainkey.contoso.example", c.word)
	}
}

func TestJudgeDMARC(t *testing.T) {
	const domain, above = "login.contoso.example", "contoso.example"
	for _, c := range []struct {
		at           string
		texts        []string
		result, word string
	}{
		{domain, []string{"v=DMARC1; p=reject; rua=mailto:d@contoso.example"}, wellResult, "SPF is aligned"},
		{domain, []string{"v=DMARC1;p=QUARANTINE;pct=100;rua=mailto:d@contoso.example;"}, wellResult, "p=quarantine"},
		{domain, []string{"something else", " v = DMARC1 ; p=reject"}, wellResult, "Add rua=mailto:postmaster@login.contoso.example"},
		{domain, []string{"v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:d@contoso.example"}, wellResult, "d=login.contoso.example exactly"},
		{domain, []string{"v=DMARC1; p=reject; sp=none"}, wellResult, "p=reject at _dmarc.login"},
		{above, []string{"v=DMARC1; p=reject"}, wellResult, "p=reject at _dmarc.contoso"},
		{above, []string{"v=DMARC1; p=reject; sp=none"}, warningResult, "sp=none at _dmarc.contoso"},
		{above, []string{"v=DMARC1; p=none; sp=reject"}, wellResult, "sp=reject"},
		{domain, []string{"v=DMARC1; p=none; rua=mailto:d@contoso.example"}, warningResult, "p=quarantine, then p=reject"},
		{domain, []string{"v=DMARC1; p=none"}, warningResult, "Add rua="},
		{domain, []string{"v=DMARC1; p=reject; pct=20"}, warningResult, "20 of 100"},
		{domain, nil, warningResult, "_dmarc.login.contoso.example: v=DMARC1; p=quarantine; rua=mailto:postmaster@login.contoso.example"},
		{domain, []string{"v=DMARC2; p=reject", "v=spf1 -all", "p=reject; v=DMARC1"}, warningResult, "no policy"},
		{domain, []string{"v=DMARC1; p=reject", "v=DMARC1; p=none"}, failedResult, "2 records"},
		{domain, []string{"v=DMARC1; p=refuse"}, failedResult, "p=refuse"},
		{domain, []string{"v=DMARC1"}, failedResult, "is no policy"},
		{domain, []string{"v=DMARC1; reject"}, failedResult, "no name=value"},
		{domain, []string{"v=DMARC1; p=reject; p=none"}, failedResult, "there twice"},
	} {
		judged(t, judgeDMARC(domain, c.at, c.texts), "dmarc", c.result, c.word)
	}
}

func TestOrganization(t *testing.T) {
	for domain, want := range map[string]string{
		"login.contoso.com": "contoso.com", "a.b.contoso.co.uk": "contoso.co.uk", "contoso.com": "contoso.com", "com": "com", "login.contoso.example": "contoso.example",
	} {
		if got := organization(domain); got != want {
			t.Errorf("%s: %s, want %s", domain, got, want)
		}
	}
}
