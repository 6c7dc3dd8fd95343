package idp_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/idp"
	"latchkey/storage"
)

func TestPasswordUsable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*idp.PasswordPolicy)
		want   idp.Reason
	}{
		"on":                    {func(*idp.PasswordPolicy) {}, idp.Offered},
		"off":                   {func(p *idp.PasswordPolicy) { p.Enabled = false }, idp.MethodDisabled},
		"outside":               {func(p *idp.PasswordPolicy) { p.Targets.Include = nil }, idp.OutOfScope},
		"excluded":              {func(p *idp.PasswordPolicy) { p.Targets.Exclude = []idp.Target{{Type: "user", ID: annaID}} }, idp.OutOfScope},
		"longer ones asked for": {func(p *idp.PasswordPolicy) { p.MinimumLength = 64 }, idp.Offered},
	} {
		for who, u := range people() {
			policy := idp.DefaultPasswordPolicy()
			policy.Enabled = true
			c.change(&policy)
			want := c.want
			if u.Type.External() && want == idp.Offered {
				want = idp.ExternalUser
			}
			if got := policy.Bars(u); got != want {
				t.Errorf("%s, of %s: %q, want %q", name, who, got, want)
			}
		}
	}
}

func TestPasswordPolicyValidate(t *testing.T) {
	t.Parallel()
	length := func(n int) func(*idp.PasswordPolicy) { return func(p *idp.PasswordPolicy) { p.MinimumLength = n } }
	for name, c := range map[string]struct {
		change func(*idp.PasswordPolicy)
		want   string
	}{
		"default":   {func(*idp.PasswordPolicy) {}, ""},
		"least":     {length(8), ""},
		"greatest":  {length(64), ""},
		"too short": {length(7), "Invalid minimum length 7: it must be between 8 and 64."},
		"too long":  {length(65), "Invalid minimum length 65: it must be between 8 and 64."},
		"targets":   {func(p *idp.PasswordPolicy) { p.Targets.Include = []idp.Target{{Type: "role", ID: annaID}} }, `The target type "role" is neither user nor group.`},
	} {
		t.Run(name, func(t *testing.T) {
			p := idp.DefaultPasswordPolicy()
			c.change(&p)
			wantError(t, p.Validate(), idp.Invalid, c.want)
		})
	}
	if d := idp.DefaultPasswordPolicy(); d.Enabled || d.MinimumLength != 12 || !d.Targets.Covers(anna()) {
		t.Errorf("default %+v is not what a new tenant should have", d)
	}
}

func TestPasswordPolicyAccepts(t *testing.T) {
	t.Parallel()
	const none = "A password has between 12 and 256 characters, none of them a control character."
	const own = "The password must not contain your user name."
	for name, c := range map[string]struct{ user, typed, want string }{
		"shortest":                     {"", "correcthorse", ""},
		"too short":                    {"", "correcthors", "The password has 11 characters; it needs at least 12."},
		"characters, not bytes":        {"", "ééééééééééé", "The password has 11 characters; it needs at least 12."},
		"of any script":                {"", "пароль от замка", ""},
		"longest":                      {"", strings.Repeat("é", 256), ""},
		"longer":                       {"", strings.Repeat("é", 257), none},
		"nothing":                      {"", "", none},
		"a control character":          {"", "correct\thorse battery", none},
		"no text":                      {"", "correcthorse\xff\xff", none},
		"one character many times":     {"", strings.Repeat("a", 12), ""},
		"the whole name":               {"", "my anna@contoso.example", own},
		"the whole name, in capitals":  {"", "my ANNA@CONTOSO.EXAMPLE", own},
		"the local part":               {"", "the password of anna", own},
		"the local part, in capitals":  {"", "the password of ANNA", own},
		"the domain is not the name":   {"", "welcome to contoso.example", ""},
		"a local part of three":        {"bob@contoso.example", "the password of bob", ""},
		"a local part of three, whole": {"bob@contoso.example", "pass bob@contoso.example", own},
	} {
		u := anna()
		if c.user != "" {
			u.PrincipalName = c.user
		}
		err := idp.DefaultPasswordPolicy().Accepts(idp.CanonicalPassword(c.typed), u)
		t.Run(name, func(t *testing.T) { wantError(t, err, idp.Invalid, c.want) })
	}
}

func TestCanonicalPassword(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"correct horse":   "correct horse",
		"Correct Horse":   "Correct Horse", // case counts
		" with spaces ":   " with spaces ", // and so do these
		"e\u0301":         "\u00e9",        // one character, composed in two ways
		"a\u00a0b\u3000c": "a b c",         // any space is a space (RFC 8265 4.2.2)
		"\uff41":          "\uff41",        // but wide letters stay what they are
		"a\u0000b":        "",
		"a\nb":            "",
		"\xff":            "",
		"":                "",
	} {
		if got := idp.CanonicalPassword(typed); got != want {
			t.Errorf("%q becomes %q, want %q", typed, got, want)
		}
	}
	for n, want := range map[int]bool{256: true, 257: false, 1024: false, 1025: false} {
		if got := idp.CanonicalPassword(strings.Repeat("a", n)); (got != "") != want {
			t.Errorf("%d characters: %q", n, got)
		}
	}
	if idp.CanonicalPassword(strings.Repeat("\U0001d11e", 256)) == "" {
		t.Error("256 characters of four bytes are none")
	}
}

func FuzzCanonicalPassword(f *testing.F) {
	for _, s := range []string{"correct horse", "e\u0301", "a\u00a0b", "\uff21", "\xff", "\u1f71", "\u2000\u0345", "ﷺ", strings.Repeat("é", 257)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		p := idp.CanonicalPassword(typed)
		if n := utf8.RuneCountInString(p); n > 256 || !utf8.ValidString(p) || strings.ContainsFunc(p, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("%q becomes %q of %d characters", typed, p, n)
		}
		if again := idp.CanonicalPassword(p); again != p {
			t.Errorf("%q becomes %q, then %q", typed, p, again)
		}
	})
}

// TestNewPassword: what is kept of a password tells it apart from others, for this user of
// this tenant and this very password alone, and has no part of it.
func TestNewPassword(t *testing.T) {
	t.Parallel()
	keys := keyring(t, 1)
	p, again := idp.NewPassword(keys, tenantID, annaID, "correct horse", t0), idp.NewPassword(keys, tenantID, annaID, "correct horse", t0)
	if !idp.IsID(p.PasswordID) || p.PasswordID == again.PasswordID || p.Owner() != annaID || !p.CreatedAt.Equal(t0) {
		t.Errorf("%+v", p)
	}
	right := func(x *idp.Password, tenant, user, typed string) bool {
		return keys.Verify(x.Verifier, tenant, user, x.Kind(), p.PasswordID, typed)
	}
	switch {
	case !right(p, tenantID, annaID, "correct horse"):
		t.Error("the right password is wrong")
	case right(p, tenantID, annaID, "Correct horse"), right(p, tenantID, annaID, ""):
		t.Error("a wrong password is right")
	case right(p, tenantID, bobID, "correct horse"), right(p, bobID, annaID, "correct horse"), right(again, tenantID, annaID, "correct horse"):
		t.Error("a password is right elsewhere")
	}
}

// TestOnePasswordEach: a user has one at most.
func TestOnePasswordEach(t *testing.T) {
	t.Parallel()
	first, second := &idp.Password{PasswordID: keyID, UserID: annaID, CreatedAt: t0}, &idp.Password{PasswordID: bobID, UserID: annaID, CreatedAt: t0}
	st := update(t, func(tx *storage.Tx) error { return tx.Insert(first) })
	if err := st.Update(t.Context(), tenantID, func(tx *storage.Tx) error { return tx.Insert(second) }); err == nil {
		t.Error("a user has two passwords")
	}
	err := st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
		held, err := idp.HeldPassword(tx, annaID)
		if len(held) != 1 || held[0].ID() != keyID || held[0].Owner() != annaID {
			t.Errorf("%v", held)
		}
		none, err2 := idp.HeldPassword(tx, bobID)
		if none != nil || err2 != nil {
			t.Errorf("Bob holds %v, %v", none, err2)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
