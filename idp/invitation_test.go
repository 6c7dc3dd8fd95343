package idp_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

func invitation() *idp.Invitation {
	u := anna()
	u.Profile.Email = "anna@fabrikam.example"
	i, _ := idp.NewInvitation(u, "https://app.contoso.example/start?x=1", idp.Party{Type: idp.ActorUser, ID: bobID}, t0, t0.Add(30*24*time.Hour))
	return i
}

func TestNewInvitation(t *testing.T) {
	t.Parallel()
	u := anna()
	u.Profile.Email = "anna@fabrikam.example"
	by := idp.Party{Type: idp.ActorUser, ID: bobID}
	i, ticket := idp.NewInvitation(u, "https://a.example", by, t0, t0.Add(time.Hour))
	other, ticketToo := idp.NewInvitation(u, "https://a.example", by, t0, t0.Add(time.Hour))
	if !idp.IsID(i.InvitationID) || i.ID() != i.InvitationID || i.InvitationID == other.InvitationID || i.UserID != annaID ||
		i.Email != u.Profile.Email || i.CreatedBy != by || !i.CreatedAt.Equal(t0) || !i.Ends.Equal(t0.Add(time.Hour)) || !i.RedeemedAt.IsZero() || i.RedirectURL != "https://a.example" {
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

// TestInvitationRefuses: once accepted it is used, and from its end on it is over.
func TestInvitationRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		redeemed bool
		at       time.Duration // after its end
		want     string
	}{
		{"at once", false, -30 * 24 * time.Hour, ""},
		{"end-1ns", false, -1, ""},
		{"end", false, 0, "invitation.ended"},
		{"end+1ns", false, 1, "invitation.ended"},
		{"a year later", false, 8760 * time.Hour, "invitation.ended"},
		{"used", true, -1, "invitation.used"},
		{"used, and over", true, 0, "invitation.used"},
	} {
		i := invitation()
		if c.redeemed {
			i.RedeemedAt = t0
		}
		if got := i.Refuses(i.Ends.Add(c.at)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	old := idp.Invitation{CreatedAt: t0} // from before invitations had an end
	if old.Refuses(t0) != idp.InvitationEnded {
		t.Error("one without an end can be accepted for ever")
	}
}

// TestRedeemPath: what the link carries comes out as it went in.
func TestRedeemPath(t *testing.T) {
	t.Parallel()
	i := invitation()
	u, err := url.Parse(i.RedeemPath(tenantID, "iv_a&b=c#"))
	if err != nil || u.Path != "/"+tenantID+"/redeem" || u.Query().Get("user") != i.InvitationID || u.Query().Get("ticket") != "iv_a&b=c#" || len(u.Query()) != 3 {
		t.Errorf("%s, %v", u, err)
	}
}

// TestExternalAccept: who accepts signs in by the same way from then on.
func TestExternalAccept(t *testing.T) {
	t.Parallel()
	x := idp.External{State: idp.PendingAcceptance, ChangedAt: t0, InvitedBy: idp.Party{ID: bobID}, Sponsors: []string{bobID}}
	if !x.Pending() || (idp.External{}).Pending() {
		t.Error("who is pending is not told from who is not")
	}
	x.Accept(idp.SourceMail, t0.Add(1))
	if x.Pending() || x.State != "Accepted" || x.Source != idp.SourceMail || !x.ChangedAt.Equal(t0.Add(1)) || x.InvitedBy.ID != bobID || len(x.Sponsors) != 1 {
		t.Errorf("%+v", x)
	}
}

// TestNormalEmailKeepsMailboxesApart: what only the domain knows to be one mailbox is two,
// and what any mail program takes for one is one.
func TestNormalEmailKeepsMailboxesApart(t *testing.T) {
	t.Parallel()
	normal := func(s string) string {
		t.Helper()
		n, err := idp.NormalEmail(s)
		if again, err2 := idp.NormalEmail(n); err != nil || err2 != nil || again != n {
			t.Errorf("%q becomes %q, then %q, %v, %v", s, n, again, err, err2)
		}
		return n
	}
	apart := []string{
		"anna@a.example", "anna+1@a.example", "anna+2@a.example", "an.na@a.example", "a.nna@a.example", "an-na@a.example", "an_na@a.example",
		"ana@a.example", "änna@a.example", "\u0430nna@a.example", "anna@b.a.example", "anna@a.example.org", "anna@xn--bcher-kva.example",
		"anna@bucher.example", "anna@strasse.example", "anna@straße.example", "anna'@a.example", "anna=1@a.example", "anna%a@a.example",
		"anna#ext#@a.example", "0anna@a.example", "oanna@a.example", "strasse@a.example", "straße@a.example",
	}
	seen := map[string]string{}
	for _, a := range apart {
		n := normal(a)
		if before, there := seen[n]; there {
			t.Errorf("%q and %q both become %q", before, a, n)
		}
		seen[n] = a
	}
	for _, twins := range [][]string{
		{"anna@a.example", "ANNA@A.EXAMPLE", " anna@a.example. ", `"anna"@a.example`, "ａｎｎａ@ａ.example", "anna@a\u3002example", "anna＠a.example"},
		{"anna+Tag@a.example", "ANNA+tag@a.example", `"anna+tag"@a.example`},
		{"an.na@a.example", "An.Na@a.example"},
		{"anna@xn--bcher-kva.example", "anna@bücher.example", "anna@BÜCHER.example", "anna@bu\u0308cher.example", "anna@XN--BCHER-KVA.example"},
		{"änna@a.example", "a\u0308nna@a.example", "ÄNNA@a.example"},
	} {
		for _, a := range twins {
			if normal(a) != normal(twins[0]) {
				t.Errorf("%q becomes %q, %q becomes %q", a, normal(a), twins[0], normal(twins[0]))
			}
		}
	}
}

func TestInvitationValidate(t *testing.T) {
	t.Parallel()
	const (
		onto = "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."
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
		{"too long", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/" + strings.Repeat("x", 1983) }, onto},
		{"no URL", func(i *idp.Invitation) { i.RedirectURL = "" }, onto},
		{"relative", func(i *idp.Invitation) { i.RedirectURL = "/start" }, onto},
		{"relative to the scheme", func(i *idp.Invitation) { i.RedirectURL = "//a.example" }, onto},
		{"no host", func(i *idp.Invitation) { i.RedirectURL = "https:///start" }, onto},
		{"opaque", func(i *idp.Invitation) { i.RedirectURL = "https:a.example" }, onto},
		{"script", func(i *idp.Invitation) { i.RedirectURL = "javascript:alert(1)" }, onto},
		{"script with a host", func(i *idp.Invitation) { i.RedirectURL = "javascript://a.example/%0aalert(1)" }, onto},
		{"another scheme", func(i *idp.Invitation) { i.RedirectURL = "ftp://a.example" }, onto},
		{"line feed", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/\nx" }, onto},
		{"zero byte", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/\x00" }, onto},
		{"blank", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/ x" }, onto},
		{"right to left", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/\u202e" }, onto},
		{"bad escape", func(i *idp.Invitation) { i.RedirectURL = "https://a.example/%zz" }, onto},
		{"a message", func(i *idp.Invitation) { i.Message.Body = "Hello,\r\n\twelcome!\n" }, ""},
		{"long message", func(i *idp.Invitation) { i.Message.Body = strings.Repeat("x", 4096) }, ""},
		{"too long message", func(i *idp.Invitation) { i.Message.Body = strings.Repeat("x", 4097) }, body},
		{"message with a control character", func(i *idp.Invitation) { i.Message.Body = "a\x1b[0m" }, body},
		{"message with a zero byte", func(i *idp.Invitation) { i.Message.Body = "a\x00" }, body},
		{"a language", func(i *idp.Invitation) { i.Message.Language = "de-CH" }, ""},
		{"no language", func(i *idp.Invitation) { i.Message.Language = "de\r\nBcc: x" }, `The message language "de\r\nBcc: x" is no language tag.`},
		{"a long language", func(i *idp.Invitation) { i.Message.Language = strings.Repeat("x", 101) }, `The message language "` + strings.Repeat("x", 100) + `…" is no language tag.`},
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
		`"anna"@fabrikam.example`:              "anna@fabrikam.example", // RFC 5321 4.1.2: quotes that nothing needs
		`"Anna.B+x"@fabrikam.example`:          "anna.b+x@fabrikam.example",
		`"an\na"@fabrikam.example`:             "anna@fabrikam.example",
		`"anna@b"@fabrikam.example`:            "",
		`"anna..b"@fabrikam.example`:           "",
		`"an\"na"@fabrikam.example`:            "",
		`""@fabrikam.example`:                  "",
		`"" <anna@fabrikam.example>`:           "",
		`"Anna" <anna@fabrikam.example>`:       "",
		"anna@bücher.example":                  "anna@xn--bcher-kva.example",
		"anna@ＦＡＢＲＩＫＡＭ.example":                "anna@fabrikam.example",
		"anna@fabrikam。example":                "anna@fabrikam.example",
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
		`"a b"@a.example`, `"a"@a.example`, `"" <a@a.example>`, "a@bücher.example", "a@b@c.example", "<a@a.example>", "a_b#ext#@a.example", strings.Repeat("Ⱥ", 100) + "@a.example", strings.Repeat("a", 240) + "@a.example",
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
