package idp_test

import (
	"strings"
	"testing"

	"latchkey/idp"
)

const passAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func TestCanonicalPassCode(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"XKQF-7M2P-9RTD":           "XKQF7M2P9RTD",
		"xkqf7m2p9rtd":             "XKQF7M2P9RTD",
		"  xkqf 7m2p\t9rtd \r\n":   "XKQF7M2P9RTD",
		"oOiIlL":                   "001111",
		"０１２Ａｂ":                    "012AB",
		"ＸＫ－ＱＦ":                    "XKQF",
		"AB\u2013CD\u2014EF\u2212": "ABCDEF",
		"AB\u2010C\u2011D\u00adE":  "ABCDE",
		"A\u00a0B\u3000C\u200bD":   "ABCD",
		"①②":                       "12",
		"\u0131":                   "1", // dotless i in capitals is an I
		"":                         "",
		"---":                      "",
		"U":                        "",
		"ABCDU":                    "",
		"AB_C":                     "",
		"AB.C":                     "",
		"А":                        "", // Cyrillic
		"Ä":                        "",
		"A\u0308":                  "",
		"٣":                        "",
		"\x00":                     "",
		"\xff":                     "",
		strings.Repeat("A", 48):    strings.Repeat("A", 48),
		strings.Repeat("A", 49):    "",
		strings.Repeat("-", 600):   "",
		strings.Repeat("A ", 48):   strings.Repeat("A", 48),
	} {
		if got := idp.CanonicalPassCode(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	if got := idp.CanonicalPassCode(passAlphabet); got != passAlphabet {
		t.Errorf("the alphabet becomes %q", got)
	}
}

func TestGroupPassCode(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"": "", "A": "A", "ABCD": "ABCD", "ABCDE": "ABCD-E", "ABCDEFGH": "ABCD-EFGH", "ABCDEFGHJ": "ABCD-EFGH-J",
	} {
		if got := idp.GroupPassCode(code); got != want || idp.CanonicalPassCode(got) != code {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

func TestUserCode(t *testing.T) {
	t.Parallel()
	seen := map[rune]bool{}
	for range 200 {
		code := idp.NewUserCode()
		if idp.CanonicalUserCode(code) != code || idp.CanonicalUserCode(strings.ToLower(code[:4])+" - "+code[4:]) != code {
			t.Fatalf("%q is not canonical", code)
		}
		for _, r := range code {
			seen[r] = true
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d different letters, want 20", len(seen))
	}
	for typed, want := range map[string]string{
		"BCDF-GHJK": "BCDFGHJK", "bcdf ghjk": "BCDFGHJK", "ＢＣＤＦ・ＧＨＪＫ": "BCDFGHJK", "b.c.d.f.g.h.j.k": "BCDFGHJK",
		"BCDFGHJ": "", "BCDFGHJKL": "", "BCDFGHJA": "", "BCDFGHJ1": "", "": "", strings.Repeat(" ", 300): "",
	} {
		if got := idp.CanonicalUserCode(typed); got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	keys := keyring(t, 1)
	h := keys.UserCodeHash(tenantID, "BCDFGHJK")
	if len(h) != 64 || h == keys.UserCodeHash(bobID, "BCDFGHJK") || h == keys.UserCodeHash(tenantID, "BCDFGHJL") || h == keyring(t, 2).UserCodeHash(tenantID, "BCDFGHJK") {
		t.Errorf("hash %q is not bound to tenant, code and pepper", h)
	}
}
