package idp_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

func invitation() *idp.Invitation {
	u := anna()
	u.Profile.Email = "anna@fabrikam.example"
	i, _ := idp.NewInvitation(u, "https://app.contoso.example/start?x=1", idp.Party{Type: idp.ActorUser, ID: bobID}, t0)
	return i
}

func TestNewInvitation(t *testing.T) {
	t.Parallel()
	u := anna()
	u.Profile.Email = "anna@fabrikam.example"
	by := idp.Party{Type: idp.ActorUser, ID: bobID}
	i, ticket := idp.NewInvitation(u, "https://a.example", by, t0)
	other, ticketToo := idp.NewInvitation(u, "https://a.example", by, t0)
	if !idp.IsID(i.InvitationID) || i.ID() != i.InvitationID || i.InvitationID == other.InvitationID || i.UserID != annaID ||
		i.Email != u.Profile.Email || i.CreatedBy != by || !i.CreatedAt.Equal(t0) || i.RedirectURL != "https://a.example" {
		t.Errorf("%+v", i)
	}
	if ticket == ticketToo || !strings.HasPrefix(ticket, "iv_") || i.Ticket != idp.HashToken(idp.InvitationTicket, ticket) || i.Ticket == "" || strings.Contains(i.Ticket, ticket) {
		t.Errorf("ticket %q is kept as %q", ticket, i.Ticket)
	}
	if x := i.Indexes(); len(x) != 1 || x[0] != (storage.Index{Name: "user", Value: annaID, Unique: true}) {
		t.Errorf("%+v", x)
	}
	if err := i.Validate(); err != nil {
		t.Error(err)
	}
}

func TestInvitationValidate(t *testing.T) {
	t.Parallel()
	const (
		url  = "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."
		body = "The message body may have at most 4,096 bytes, without control characters."
	)
	for _, c := range []struct {
		name   string
		change func(*idp.Invitation)
		want   string
	}{
		{"as it is", func(*idp.Invitation) {}, ""},
		{"http", func(i *idp.Invitation) { i.RedirectURL = "http://localhost:8080" }, ""},
		{"HTTPS", func(i *idp.Invitation) { i.RedirectURL = "HTTPS://A.example/" }, ""},
		{"long", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/" + strings.Repeat("x", 1982) }, ""},
		{"too long", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/" + strings.Repeat("x", 1983) }, url},
		{"no URL", func(i *idp.Invitation) { i.RedirectURL = "" }, url},
		{"relative", func(i *idp.Invitation) { i.RedirectURL = "/start" }, url},
		{"relative to the scheme", func(i *idp.Invitation) { i.RedirectURL = "//a.example" }, url},
		{"no host", func(i *idp.Invitation) { i.RedirectURL = "https:///start" }, url},
		{"opaque", func(i *idp.Invitation) { i.RedirectURL = "https:a.example" }, url},
		{"script", func(i *idp.Invitation) { i.RedirectURL = "javascript:alert(1)" }, url},
		{"script with a host", func(i *idp.Invitation) { i.RedirectURL = "javascript://a.example/%0aalert(1)" }, url},
		{"another scheme", func(i *idp.Invitation) { i.RedirectURL = "ftp://a.example" }, url},
		{"line feed", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/\nx" }, url},
		{"zero byte", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/\x00" }, url},
		{"blank", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/ x" }, url},
		{"right to left", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/\u202e" }, url},
		{"bad escape", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/%zz" }, url},
		{"a message", func(i *idp.Invitation) { i.Message.Body = "Hello,\r\n\twelcome!\n" }, ""},
		{"long message", func(i *idp.Invitation) { i.Message.Body = strings.Repeat("x", 4096) }, ""},
		{"too long message", func(i *idp.Invitation) { i.Message.Body = strings.Repeat("x", 4097) }, body},
		{"message with a control character", func(i *idp.Invitation) { i.Message.Body = "a\x1b[0m" }, body},
		{"message with a zero byte", func(i *idp.Invitation) { i.Message.Body = "a\x00" }, body},
		{"a language", func(i *idp.Invitation) { i.Message.Language = "de-CH" }, ""},
		{"no language", func(i *idp.Invitation) { i.Message.Language = "de\r\nBcc: x" }, `The message language "de\r\nBcc: x" is no language tag.`},
		{"a copy", func(i *idp.Invitation) { i.Message.Copies = []string{"bob@contoso.example"} }, ""},
		{"two copies", func(i *idp.Invitation) { i.Message.Copies = []string{"a@a.example", "b@a.example"} }, "An invitation has at most one ccRecipient."},
		{"a copy to nobody", func(i *idp.Invitation) { i.Message.Copies = []string{""} }, `"" is not an e-mail address.`},
		{"a copy to more", func(i *idp.Invitation) { i.Message.Copies = []string{"a@a.example, b@a.example"} }, `"a@a.example, b@a.example" is not an e-mail address.`},
		{"no address", func(i *idp.Invitation) { i.Email = "anna" }, `"anna" is not an e-mail address.`},
	} {
		i := invitation()
		c.change(i)
		err := i.Validate()
		if t.Run(c.name, func(t *testing.T) { wantError(t, err, idp.Invalid, c.want) }); err != nil && len(err.Error()) > 300 {
			t.Errorf("%s: the text is long: %s", c.name, err)
		}
	}
}

func TestNormalEmail(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"anna@fabrikam.example":                        "anna@fabrikam.example",
		" Anna.B+x@Fabrikam.EXAMPLE \n":                "anna.b+x@fabrikam.example",
		"o'neil@fabrikam.example":                      "o'neil@fabrikam.example",
		"straße@fabrikam.example":                      "straße@fabrikam.example",
		"ＡＮＮＡ@fabrikam.example":                        "anna@fabrikam.example",
		strings.Repeat("a", 240) + "@fabrikam.example": "",
		strings.Repeat("a", 237) + "@fabrikam.example": strings.Repeat("a", 237) + "@fabrikam.example",
		"":                                     "",
		"anna":                                 "",
		"@fabrikam.example":                    "",
		"anna@":                                "",
		"anna@fabrikam":                        "",
		"anna@[192.0.2.1]":                     "",
		"anna@192.0.2.1":                       "",
		"anna@@fabrikam.example":               "",
		"anna..b@fabrikam.example":             "",
		".anna@fabrikam.example":               "",
		"Anna <anna@fabrikam.example>":         "",
		"<anna@fabrikam.example>":              "",
		"anna@fabrikam.example (Anna)":         "",
		"an(n)a@fabrikam.example":              "",
		`"anna b"@fabrikam.example`:            "",
		`"anna"@fabrikam.example`:              "",
		"anna@fabrikam.example\r\nBcc: x@y.zz": "",
		"anna@fabrikam.example,b@a.example":    "",
		"an\x00na@fabrikam.example":            "",
		"an\u200bna@fabrikam.example":          "",
		"\xff@fabrikam.example":                "",
		// What only looks like another character until it is in its normal form.
		"an（n）a@fabrikam.example":                      "",
		"anna．．b@fabrikam.example":                     "",
		"anna＠b@fabrikam.example":                      "",
		"a，b@fabrikam.example":                         "",
		strings.Repeat("Ⱥ", 100) + "@fabrikam.example": "",
	} {
		got, err := idp.NormalEmail(typed)
		if got != want || (err != nil) != (want == "") || err != nil && idp.ErrorCode(err) != idp.Invalid {
			t.Errorf("%q: got %q, %v", typed, got, err)
		}
	}
}

func FuzzNormalEmail(f *testing.F) {
	for _, s := range []string{
		"anna@fabrikam.example", " ÅNGSTRÖM@Contoso.Example.", "an（n）a@a.example", "anna．．b@a.example", "אב1@a.example", "ﷺ@a.example",
		`"a b"@a.example`, "a@b@c.example", "<a@a.example>", "a_b#ext#@a.example", strings.Repeat("Ⱥ", 100) + "@a.example", strings.Repeat("a", 240) + "@a.example",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		email, err := idp.NormalEmail(typed)
		if err != nil {
			if len(err.Error()) > 700 { // what was typed is repeated, clipped and quoted
				t.Errorf("%q: the text has %d bytes", typed, len(err.Error()))
			}
			return
		}
		if again, err := idp.NormalEmail(email); again != email || err != nil {
			t.Errorf("%q becomes %q, then %q, %v", typed, email, again, err)
		}
		if strings.ContainsAny(email, " \r\n\x00<>(),;:\"\\") || strings.Count(email, "@") != 1 {
			t.Errorf("%q becomes %q", typed, email)
		}
		name := idp.GuestName(email, contoso())
		if again, err := idp.NormalName(name); again != name || err != nil {
			t.Errorf("the guest %q would have the name %q: %q, %v", email, name, again, err)
		}
		u := &idp.User{UserID: idp.NewID(), PrincipalName: name, DisplayName: "Guest", Type: idp.ExternalGuest, CreatedAt: time.Now()}
		if u.Profile.Email = email; u.Validate(contoso()) != nil {
			t.Errorf("the guest %q is refused: %v", email, u.Validate(contoso()))
		}
	})
}

func TestGuestName(t *testing.T) {
	t.Parallel()
	c := contoso()
	c.Domains = append(c.Domains, "second.example")
	for email, want := range map[string]string{
		"anna@fabrikam.example":       "anna_fabrikam.example#ext#@contoso.example",
		"a_b@fabrikam.example":        "a_b_fabrikam.example#ext#@contoso.example",
		"o'neil+x@sub.fabrikam.co.uk": "o'neil+x_sub.fabrikam.co.uk#ext#@contoso.example",
	} {
		if got := idp.GuestName(email, c); got != want {
			t.Errorf("%s: %q, want %q", email, got, want)
		}
		if n, err := idp.NormalName(want); n != want || err != nil {
			t.Errorf("%q is not in its normal form: %q, %v", want, n, err)
		}
	}
}
