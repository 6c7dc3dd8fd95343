package idp_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

func FuzzCanonicalPassCode(f *testing.F) {
	for _, s := range []string{"XKQF-7M2P-9RTD", "oil ＯＩＬ\u00ad", "\u0131\u017f\u212a", "A\u0301", "\xff\x00", "ﬁ①٣", strings.Repeat("A-", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := idp.CanonicalPassCode(typed)
		if strings.Trim(code, passAlphabet) != "" || len(code) > idp.GreatestPassLength {
			t.Errorf("%q becomes %q", typed, code)
		}
		if again := idp.CanonicalPassCode(code); again != code {
			t.Errorf("%q becomes %q, then %q", typed, code, again)
		}
		if again := idp.CanonicalPassCode(idp.GroupPassCode(strings.ToLower(code))); again != code {
			t.Errorf("%q, grouped and in lower case, becomes %q", code, again)
		}
	})
}

func FuzzCanonicalUserCode(f *testing.F) {
	for _, s := range []string{"BCDF-GHJK", "bcdfghjk", "ＢＣＤＦ・ＧＨＪＫ", "B\u0301CDFGHJK", "\u212aBCDFGHJ", "BCDFGHJA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := idp.CanonicalUserCode(typed)
		if strings.Trim(code, "BCDFGHJKLMNPQRSTVWXZ") != "" || len(code) != 0 && len(code) != 8 {
			t.Errorf("%q becomes %q", typed, code)
		}
		if again := idp.CanonicalUserCode(code); again != code {
			t.Errorf("%q becomes %q, then %q", typed, code, again)
		}
	})
}

func FuzzNormalName(f *testing.F) {
	for _, s := range []string{"anna@contoso.example", "ÅNGSTRÖM@Contoso.Example.", "\u0130@a.example", "ΑΣ@a.example", "\u1e9e@a.example", "אב1@a.example", "a\u0345@a.example", "ﷺ@a.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		name, err := idp.NormalName(typed)
		if err != nil {
			return
		}
		if again, err := idp.NormalName(name); again != name || err != nil {
			t.Errorf("%q becomes %q, then %q, %v", typed, name, again, err)
		}
		local, domain, _ := strings.Cut(name, "@")
		if d, err := idp.NormalDomain(domain); local == "" || d != domain || err != nil || len(name) > 320 {
			t.Errorf("%q becomes %q", typed, name)
		}
	})
}

// FuzzRedirectAllowed holds RedirectAllowed against a second reading of the rule:
// what is allowed is registered byte for byte, or is a loopback address with
// another port.
func FuzzRedirectAllowed(f *testing.F) {
	web, native := webClient(), nativeClient()
	for _, s := range append(append([]string{}, web.RedirectURIs...), native.RedirectURIs...) {
		f.Add(s)
		f.Add(s + ":80")
		f.Add(strings.Replace(s, "http://localhost", "http://localhost:1234", 1))
		f.Add(strings.Replace(s, "127.0.0.1", "127.0.0.1:1234", 1))
		f.Add(strings.Replace(s, "//", "//u@", 1))
		f.Add(s + "#")
	}
	f.Fuzz(func(t *testing.T, uri string) {
		for _, c := range []*idp.Client{web, native} {
			if c.RedirectAllowed(uri) && !registered(c, uri) {
				t.Errorf("%s allows %q", c.ClientID, uri)
			}
		}
	})
}

var anyPort = regexp.MustCompile(`:[0-9]{1,5}$`)

// registered takes the URI apart and puts it together again without its port.
func registered(c *idp.Client, uri string) bool {
	without := func(s string) string {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" || u.User != nil || u.Fragment != "" || strings.Contains(s, "#") {
			return "no loopback: " + s
		}
		if h := u.Hostname(); h != "localhost" && h != "127.0.0.1" && h != "::1" {
			return "no loopback: " + s
		}
		host := anyPort.ReplaceAllString(u.Host, "")
		return "http://" + host + strings.TrimPrefix(s, "http://"+u.Host)
	}
	for _, r := range c.RedirectURIs {
		if uri == r || c.Native && without(uri) == without(r) {
			return true
		}
	}
	return false
}

func FuzzOpenSealed(f *testing.F) {
	keys := keyring(f, 1)
	sealed := keys.Seal("flow", tenantID, "browser", []byte("plain"))
	for _, s := range []string{"", sealed, sealed + "A", sealed[1:], "AAAA", "!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain, err := keys.Open("flow", tenantID, "browser", s)
		if err == nil && string(plain) == "plain" { // a seed, or one of another worker's
			raw, _ := base64.RawURLEncoding.DecodeString(s)
			if base64.RawURLEncoding.EncodeToString(raw) != s {
				t.Errorf("%q opens, but is not as it was sealed", s)
			}
			return
		}
		if plain != nil || !errors.Is(err, idp.ErrSealed) {
			t.Errorf("%q opens: %q, %v", s, plain, err)
		}
	})
}

func FuzzRefreshFamily(f *testing.F) {
	g := &idp.Grant{NotAfter: t0.Add(time.Hour)}
	current := g.IssueRefresh(t0)
	for _, s := range []string{current, "", ".", "rt_", "rt_.rt_", "ac_x.rt_y", current + ".rt_x", "." + current, strings.Replace(current, ".", "..", 1)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, shown string) {
		family := idp.RefreshFamily(shown)
		if len(family) != 0 && len(family) != 64 || family != "" && !strings.HasPrefix(shown, "rt_") {
			t.Errorf("%q: family %q", shown, family)
		}
		if taken := g.Refreshes(shown); taken && family == g.Refresh.Family && shown != current {
			t.Errorf("%q is taken for the token", shown)
		}
	})
}

func FuzzCanonicalEmailCode(f *testing.F) {
	for _, s := range []string{
		"12345678", "1234 5678", "1234-5678\r\n", "١٢٣٤٥٦٧٨", "१२३४५६७८", "１２３４５６７８", "𝟏𝟐𝟑𝟒𝟻𝟼𝟽𝟾", "①②③④⑤⑥⑦⑧", "\u200b12345678\ufeff", "1234567", "123456789", "\xff2345678", "",
		strings.Repeat("1-", 150),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := idp.CanonicalEmailCode(typed)
		if strings.Trim(code, "0123456789") != "" || len(code) != 0 && len(code) != 8 {
			t.Errorf("%q becomes %q", typed, code)
		}
		if again := idp.CanonicalEmailCode(code); again != code {
			t.Errorf("%q becomes %q, then %q", typed, code, again)
		}
		if code == "" {
			return
		}
		if again := idp.CanonicalEmailCode(code[:4] + " \u2013 " + code[4:] + "\r\n"); again != code {
			t.Errorf("%q, in groups, becomes %q", code, again)
		}
	})
}

// FuzzInvitationValidate: what is accepted can stand in a page, a mail and a header.
func FuzzInvitationValidate(f *testing.F) {
	f.Add("anna@fabrikam.example", "https://app.example/start?x=1", "Hello,\r\n\twelcome!", "de-CH", "bob@contoso.example")
	f.Add("anna@bücher.example", "javascript://a.example/%0aalert(1)", "\x1b[0m", "de\r\nBcc: x", "")
	f.Add("", "https:///x", strings.Repeat("x", 4097), "", "a@a.example, b@a.example")
	f.Add("a@a.example", "https://a.example", "", strings.Repeat("\x00", 1000), "b@a.example")
	f.Add("a@a.example", "http://[::1]:80/\u202e", "\x00", "\u2028", "<b@a.example>")
	f.Fuzz(func(t *testing.T, email, redirect, body, language, copied string) {
		i := invitation()
		i.Email, i.RedirectURL = email, redirect
		i.Message = idp.InvitationMessage{Body: body, Language: language, Copies: []string{copied}}
		if err := i.Validate(); err != nil {
			if idp.ErrorCode(err) != idp.Invalid || len(err.Error()) > 700 {
				t.Errorf("%s %q", idp.ErrorCode(err), err)
			}
			return
		}
		u, err := url.Parse(redirect)
		if err != nil || u.Host == "" || u.Opaque != "" || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("%q leads nowhere: %+v, %v", redirect, u, err)
		}
		if strings.ContainsAny(redirect+language, "\r\n\x00 ") || strings.ContainsAny(body, "\x00\x1b\x7f") || len(body) > 4096 {
			t.Errorf("%q %q %q is accepted", redirect, language, body)
		}
		for _, a := range []string{email, copied} {
			if _, err := idp.NormalEmail(a); err != nil {
				t.Errorf("%q is accepted: %v", a, err)
			}
		}
	})
}

func FuzzBlockedAddress(f *testing.F) {
	keys := keyring(f, 1)
	const address = "anna@fabrikam.example"
	token := idp.BlockToken(keys, tenantID, address)
	for _, s := range []string{
		"", token, token + "A", token[1:], token + "=", token + "\n", idp.BlockToken(keys, annaID, address), idp.BlockToken(keyring(f, 2), tenantID, address),
		keys.Seal("flow", tenantID, "", []byte(address)), keys.SealFixed("invitation-block", tenantID, "x", []byte(address)),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := idp.BlockedAddress(keys, tenantID, s); got != "" && (got != address || s != token) {
			t.Errorf("%q is about %q", s, got)
		}
	})
}
