package graph

import (
	"encoding/json"
	"strings"
	"testing"

	"latchkey/idp"
)

// inviting is a body with these members beside those that every invitation has.
func inviting(t *testing.T, members object) string {
	t.Helper()
	o := object{"inviteRedirectUrl": "https://app.example", "sendInvitationMessage": true}
	for name, v := range members {
		o[name] = v
	}
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestInviteSpellings: what reaches one mailbox invites one person; what may reach another
// invites another.
func TestInviteSpellings(t *testing.T) {
	for _, spellings := range [][]string{
		{"anna@mail.example", "ANNA@Mail.Example", " anna@mail.example ", `"anna"@mail.example`, `"Anna"@MAIL.example`, "\uff41nna@mail.example", "anna@ｍail.example", "anna@ma\u2060il.example"},
		{"anna+news@mail.example", "Anna+News@mail.example", `"anna+news"@mail.example`},
		{"anna@bücher.example", "anna@xn--bcher-kva.example", "ANNA@BÜCHER.example", "anna@XN--BCHER-KVA.example", "anna@bu\u0308cher.example"},
		{"büro@mail.example", "BÜRO@mail.example", "bu\u0308ro@mail.example"},
	} {
		a := newArchive(t)
		ids := map[any]bool{}
		for _, spelling := range spellings {
			r := a.as("app", "POST", "/v1.0/invitations", inviting(t, object{"invitedUserEmailAddress": spelling, "sendInvitationMessage": false}))
			if r.Code != 201 {
				t.Errorf("%q: %d %s", spelling, r.Code, r.Body)
				continue
			}
			ids[dig(r.json(), "invitedUser", "id")] = true
		}
		if len(ids) != 1 {
			t.Errorf("%q are %d people", spellings, len(ids))
		}
	}
	a := newArchive(t)
	ids := map[any]bool{}
	different := []string{"anna@mail.example", "anna+news@mail.example", "an.na@mail.example", "anna@mail2.example", "аnna@mail.example"} // the last with a Cyrillic letter
	for _, address := range different {
		r := a.as("app", "POST", "/v1.0/invitations", inviting(t, object{"invitedUserEmailAddress": address}))
		ids[dig(r.json(), "invitedUser", "id")] = true
	}
	if len(ids) != len(different) {
		t.Errorf("%q are %d people", different, len(ids))
	}
}

// TestInviteBadInput: what is no address, and what would break a header or turn text around,
// is refused as the inviter's fault, and nobody is invited.
func TestInviteBadInput(t *testing.T) {
	a := newArchive(t)
	address := func(s string) object { return object{"invitedUserEmailAddress": s} }
	and := func(name string, v any) object { return object{"invitedUserEmailAddress": "g@mail.example", name: v} }
	message := func(name string, v any) object { return and("invitedUserMessageInfo", object{name: v}) }
	before := a.store.Commits()
	for _, members := range []object{
		address(""), address("@"), address("anna"), address("@mail.example"), address("anna@"), address("anna@@mail.example"), address("anna@b@mail.example"),
		address(`"a b"@mail.example`), address(`"a@b"@mail.example`), address(`"a\"b"@mail.example`), address(`""@mail.example`), address("a b@mail.example"),
		address("Anna <anna@mail.example>"), address("<anna@mail.example>"), address("a@mail.example, b@mail.example"), address("a@mail.example;b@mail.example"),
		address("anna@mail.example\r\nBcc: eve@evil.example"), address("anna@mail.example\nBcc: eve@evil.example"), address("anna\r\n@mail.example"), address("anna\x00@mail.example"),
		address("an\u202ena@mail.example"), address("an\u2066na@mail.example"), address("an\u200bna@mail.example"), address("an\u200dna@mail.example"), address("an\ufeffna@mail.example"),
		address("anna@ma\u202eil.example"), address("anna@[127.0.0.1]"), address("anna@mail..example"), address("anna@-mail.example"),
		address(strings.Repeat("a", 300) + "@mail.example"), address("anna@" + strings.Repeat("a", 70) + ".example"), address(strings.Repeat("a", 10_000)),
		address("mailto:anna@mail.example?cc=eve@evil.example"), address("anna(comment)@mail.example"), address("anna@mail.example(comment)"),

		and("invitedUserDisplayName", "Anna\r\nBcc: eve@evil.example"), and("invitedUserDisplayName", "Anna\nX"), and("invitedUserDisplayName", "An\x00na"),
		and("invitedUserDisplayName", strings.Repeat("a", 300)), and("invitedUserDisplayName", 7), and("invitedUserDisplayName", "   "),
		and("inviteRedirectUrl", "https://app.example/\r\nX: y"), and("inviteRedirectUrl", "//app.example"), and("inviteRedirectUrl", "data:text/html,x"),
		message("customizedMessageBody", "a\x00b"), message("customizedMessageBody", "a\x1b[31mb"), message("customizedMessageBody", strings.Repeat("a", 5000)),
		message("messageLanguage", "de\r\nX: y"), message("messageLanguage", strings.Repeat("d", 40)), message("customizedMessageBody", []any{"a"}),
		message("ccRecipients", []any{object{"emailAddress": object{"address": "boss@mail.example\r\nBcc: eve@evil.example"}}}),
		message("ccRecipients", []any{object{"emailAddress": object{"address": "b@a.example"}}, object{"emailAddress": object{"address": "c@a.example"}}}),
		message("ccRecipients", []any{object{"emailAddress": "b@a.example"}}),
	} {
		body := inviting(t, members)
		if r := a.as("app", "POST", "/v1.0/invitations", body); r.Code != 400 {
			t.Errorf("%.200s: %d %.300s", body, r.Code, r.Body)
		}
	}
	if a.store.Commits() != before {
		t.Error("somebody was invited")
	}
	if log := a.log.String(); log != "" {
		t.Errorf("it counts as our fault: %s", log)
	}
}

// TestInviteHeaders: what the inviter wrote stays where it is put: the name is one line, and
// the body is body.
func TestInviteHeaders(t *testing.T) {
	a := newArchive(t)
	const body = "Hello\r\nBcc: eve@evil.example\r\n\r\n.\r\nQUIT\n<b>bold</b> \u202e"
	for i, name := range []string{"Anna\u202eexe", "=?utf-8?q?Bcc=3A?=", `Anna" <eve@evil.example>`, "Anna\u2028Bcc: eve@evil.example", "\u200bAnna"} {
		members := object{"invitedUserEmailAddress": string(rune('a'+i)) + "@mail.example", "invitedUserDisplayName": name, "invitedUserMessageInfo": object{"customizedMessageBody": body}}
		r := a.as("app", "POST", "/v1.0/invitations", inviting(t, members))
		if r.Code != 201 {
			t.Errorf("%q: %d %s", name, r.Code, r.Body)
			continue
		}
		mails := a.owed(dig(r.json(), "invitedUser", "id").(string))
		if len(mails) != 1 {
			t.Fatalf("%q: %d mails", name, len(mails))
		}
		m := mails[0]
		if m.To != string(rune('a'+i))+"@mail.example" || strings.ContainsAny(m.ToName, "\r\n\u2028\u202e") || m.Body != body || len(m.Copies) != 0 {
			t.Errorf("%q: %+v", name, m)
		}
		for key, v := range m.Details {
			if v != idp.OneLine(v) {
				t.Errorf("%q: the detail %s is %q", name, key, v)
			}
		}
	}
}
