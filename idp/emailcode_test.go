package idp_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/runenames"

	"latchkey/idp"
)

func TestEmailPolicy(t *testing.T) {
	t.Parallel()
	d := idp.DefaultEmailPolicy()
	if !d.Enabled || d.Guests != idp.SwitchDefault || d.CodeLifetime != 30 || d.CodeInSubject || !d.Targets.Covers(anna()) || !d.On() {
		t.Errorf("default %+v is not what a new tenant should have", d)
	}
	guests, lifetime := func(s idp.Switch) func(*idp.EmailPolicy) {
		return func(p *idp.EmailPolicy) { p.Guests = s }
	}, func(n int) func(*idp.EmailPolicy) {
		return func(p *idp.EmailPolicy) { p.CodeLifetime = n }
	}
	for _, c := range []struct {
		name   string
		change func(*idp.EmailPolicy)
		want   string
	}{
		{"default", func(*idp.EmailPolicy) {}, ""},
		{"enabled", guests("enabled"), ""},
		{"disabled", guests("disabled"), ""},
		{"neither", guests(""), `The value "" is none of default, enabled, disabled.`},
		{"in another case", guests("Enabled"), `The value "Enabled" is none of default, enabled, disabled.`},
		{"shortest", lifetime(5), ""},
		{"longest", lifetime(30), ""},
		{"too short", lifetime(4), "Invalid code lifetime 4: it must be between 5 and 30 minutes."},
		{"too long", lifetime(31), "Invalid code lifetime 31: it must be between 5 and 30 minutes."},
		{"none", lifetime(0), "Invalid code lifetime 0: it must be between 5 and 30 minutes."},
		{"off, and of no lifetime", func(p *idp.EmailPolicy) { p.Enabled, p.CodeLifetime = false, -1 }, "Invalid code lifetime -1: it must be between 5 and 30 minutes."},
		{"targets are checked", func(p *idp.EmailPolicy) { p.Targets.Include = []idp.Target{{Type: "user", ID: "anna"}} }, `The target "anna" is neither a GUID nor all_users.`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := idp.DefaultEmailPolicy()
			c.change(&p)
			wantError(t, p.Validate(), idp.Invalid, c.want)
		})
	}
}

// TestEmailPolicyBars: for whom codes are, whichever way they are turned off, and what is
// told first.
func TestEmailPolicyBars(t *testing.T) {
	t.Parallel()
	excluded := []idp.Target{{Type: "group", ID: staffID}}
	for _, enabled := range []bool{true, false} {
		for _, guests := range idp.Switches {
			for _, u := range idp.UserTypes {
				for _, covered := range []bool{true, false} {
					p := idp.DefaultEmailPolicy()
					p.Enabled, p.Guests = enabled, guests
					if !covered {
						p.Targets.Exclude = excluded
					}
					user := &idp.User{UserID: annaID, Type: u, Groups: []string{staffID}}
					want := idp.Offered
					switch {
					case !enabled || guests == "disabled":
						want = idp.MethodDisabled
					case u == "member" || u == "internalGuest":
						want = idp.InsideUser
					case !covered:
						want = idp.OutOfScope
					}
					if got := p.Bars(user); got != want || p.On() != (enabled && guests != "disabled") {
						t.Errorf("enabled %t, guests %s, %s, covered %t: %q, on %t; want %q", enabled, guests, u, covered, got, p.On(), want)
					}
				}
			}
		}
	}
}

// TestNewEmailCode: eight digits, zeros at the beginning too, and no two alike in a few.
func TestNewEmailCode(t *testing.T) {
	t.Parallel()
	form, seen, zeros := regexp.MustCompile(`^[0-9]{8}$`), map[string]bool{}, 0
	for range 2000 {
		code := idp.NewEmailCode()
		if !form.MatchString(code) || idp.CanonicalEmailCode(code) != code {
			t.Fatalf("%q", code)
		}
		if code[0] == '0' {
			zeros++
		}
		seen[code] = true
	}
	// Both bounds are missed by chance once in 1e9 runs at most.
	if len(seen) < 1995 || zeros < 110 || zeros > 310 {
		t.Errorf("%d codes, %d begin with a zero", len(seen), zeros)
	}
}

// TestEmailCodeHash: it is bound to tenant, mailbox and question, and the pepper goes in.
func TestEmailCodeHash(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	is := k.EmailCodeHash(tenantID, "box", "question", "12345678")
	if !bytes.Equal(is, k.EmailCodeHash(tenantID, "box", "question", "12345678")) || len(is) != 32 || bytes.Contains(is, []byte("1234")) {
		t.Errorf("%x", is)
	}
	for name, other := range map[string][]byte{
		"another code":     k.EmailCodeHash(tenantID, "box", "question", "12345679"),
		"another question": k.EmailCodeHash(tenantID, "box", "questionx", "12345678"),
		"another mailbox":  k.EmailCodeHash(tenantID, "boxx", "question", "12345678"),
		"another tenant":   k.EmailCodeHash(annaID, "box", "question", "12345678"),
		"moved over":       k.EmailCodeHash(tenantID, "box", "question1", "2345678"),
		"another pepper":   keyring(t, 2).EmailCodeHash(tenantID, "box", "question", "12345678"),
	} {
		if bytes.Equal(is, other) {
			t.Errorf("%s: the same", name)
		}
	}
}

func TestCanonicalEmailCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"12345678":                            "12345678",
		"00000000":                            "00000000",
		" 1234 5678 \r\n":                     "12345678",
		"1234-5678":                           "12345678",
		"12-34-56-78":                         "12345678",
		"1234\u20135678":                      "12345678", // en dash
		"1234\u20115678":                      "12345678", // hyphen that does not break
		"1234\u00a05678":                      "12345678",
		"1234\u200b5678":                      "12345678", // zero width, as mail programs put in
		"\ufeff12345678\u200d":                "12345678",
		"\u202a12345678\u202c":                "12345678", // embedded from left to right
		"\u00ad1234\u00ad5678":                "12345678",
		"1234\t5678":                          "12345678",
		"１２３４５６７８":                            "12345678",
		"١٢٣٤٥٦٧٨":                            "12345678", // Arabic-Indic
		"۱۲۳۴۵۶۷۸":                            "12345678", // of Persian and Urdu
		"१२३४५६७८":                            "12345678", // Devanagari
		"𝟏𝟐𝟑𝟒𝟻𝟼𝟽𝟾":                            "12345678", // mathematical, bold and monospace
		"१2३4５٦۷8":                            "12345678",
		"":                                    "",
		"1234567":                             "",
		"123456789":                           "",
		"1234567a":                            "",
		"a12345678":                           "",
		"１２３４５６７":                             "",
		"1234.5678":                           "",
		"1234,5678":                           "",
		"+12345678":                           "",
		"1234_5678":                           "",
		"12345678\x00":                        "",
		"12345678\xff":                        "",
		"1234567\ufffd":                       "",
		"1234567Ⅷ":                            "", // a Roman number is letters
		"1234567八":                            "",
		"12345678\u0301":                      "",
		"O2345678":                            "",
		"l2345678":                            "",
		"--------":                            "",
		strings.Repeat(" ", 192) + "12345678": "12345678",
		strings.Repeat(" ", 193) + "12345678": "",
		strings.Repeat("1", 1<<20):            "",
	} {
		if got := idp.CanonicalEmailCode(typed); got != want || idp.CanonicalEmailCode(got) != got {
			t.Errorf("%.40q: %q, want %q", typed, got, want)
		}
	}
}

// TestEveryDigit: each decimal digit of each script is read as its name says.
func TestEveryDigit(t *testing.T) {
	t.Parallel()
	values := map[string]byte{
		"ZERO": '0', "ONE": '1', "TWO": '2', "THREE": '3', "FOUR": '4', "FIVE": '5', "SIX": '6', "SEVEN": '7', "EIGHT": '8', "NINE": '9',
	}
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		name := runenames.Name(r)
		want, known := values[name[strings.LastIndex(name, " ")+1:]]
		if !known {
			t.Errorf("%U has the name %q", r, name)
			continue
		}
		n++
		if got := idp.CanonicalEmailCode("1234567" + string(r)); got != "1234567"+string(want) {
			t.Errorf("%U, %s: %q", r, name, got)
		}
		if got := idp.CanonicalEmailCode(strings.Repeat(string(r), 8)); got != strings.Repeat(string(want), 8) {
			t.Errorf("%U, %s, eight times: %q", r, name, got)
		}
	}
	if n < 650 || n%10 != 0 {
		t.Errorf("%d digits", n)
	}
}

// TestMaskedAddress: it shows what was typed of the domain and one letter, and stands
// everything.
func TestMaskedAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"anna@fabrikam.example": "a•••@fabrikam.example",
		"a@fabrikam.example":    "a•••@fabrikam.example",
		"änna@fabrikam.example": "ä•••@fabrikam.example",
		"日本@fabrikam.example":   "日•••@fabrikam.example",
		"anna@b@c":              "a•••@b@c",
		"@fabrikam.example":     "•••@fabrikam.example",
		"anna@":                 "a•••@",
		"@":                     "•••@",
		"anna":                  "anna",
		"":                      "",
		"\xff\xfe@x":            "\xff•••@x",
	} {
		if got := idp.MaskedAddress(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
	r := random(7)
	for range 20_000 {
		raw := make([]byte, r.IntN(12))
		for i := range raw {
			raw[i] = []byte("a@\xc3\xa4\x00\xff.é")[r.IntN(9)]
		}
		local, domain, ok := strings.Cut(string(raw), "@")
		got := idp.MaskedAddress(string(raw))
		if ok && (!strings.HasSuffix(got, "•••@"+domain) || len(got) > len("•••@")+len(domain)+utf8.UTFMax || utf8.RuneCountInString(local) > 1 && strings.HasPrefix(got, local)) {
			t.Fatalf("%q: %q", raw, got)
		}
	}
}
