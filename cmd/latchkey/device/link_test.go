package device

import (
	"strings"
	"testing"
)

const token = "en_0123456789abcdefghij"

func TestParseLink(t *testing.T) {
	for _, c := range []struct{ link, server, tenant, wrong string }{
		{"https://login.example/authenticator#e=contoso.example." + token, "https://login.example", "contoso.example", ""},
		{" https://LOGIN.example:8443/authenticator#e=5f9d1c3e-2b7a-4e80-9c41-7d6a0b1e2f33." + token + "\n", "https://login.example:8443", "5f9d1c3e-2b7a-4e80-9c41-7d6a0b1e2f33", ""},
		{"http://localhost:9400/authenticator#e=contoso.example." + token, "http://localhost:9400", "contoso.example", ""},
		{"http://127.0.0.1:9400/authenticator#e=a." + token, "http://127.0.0.1:9400", "a", ""},
		{"http://[::1]:9400/authenticator#e=a." + token, "http://[::1]:9400", "a", ""},
		{"http://login.example/authenticator#e=a." + token, "", "", "only https"},
		{"http://notlocalhost/authenticator#e=a." + token, "", "", "only https"},
		{"ftp://login.example/authenticator#e=a." + token, "", "", "https://login.example"},
		{"https://user@login.example/authenticator#e=a." + token, "", "", "not a link"},
		{"https://login.example/authenticator?e=a." + token, "", "", "not a link"},
		{"https://login.example/#e=a." + token, "", "", "not a link"},
		{"https://login.example/authenticator", "", "", "incomplete"},
		{"https://login.example/authenticator#e=" + token, "", "", "incomplete"},
		{"https://login.example/authenticator#e=a/b." + token, "", "", "incomplete"},
		{"https://login.example/authenticator#e=a.short", "", "", "incomplete"},
		{"https://login.example/authenticator#s=c2VjcmV0", "", "", "--scan"},
		{"https:///authenticator#e=a." + token, "", "", "https://login.example"},
		{"https://login.example/authenticator#e=a." + strings.Repeat("x", maxLink), "", "", "not a link"},
		{"", "", "", "not a link"},
	} {
		got, err := ParseLink(c.link)
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), token)):
			t.Errorf("%s: %+v, %v, want %q", c.link, got, err, c.wrong)
		case c.wrong == "" && (err != nil || got.Server != c.server || got.Tenant != c.tenant || got.Token != token):
			t.Errorf("%s: %+v, %v", c.link, got, err)
		}
	}
}

func TestParseCode(t *testing.T) {
	for _, c := range []struct{ code, server, user, wrong string }{
		{"ABCDE-FGHJK", "https://login.example", lee, ""},
		{"abcde fghjk", "https://login.example/", lee, ""},
		{"ABCDEFGHJK", "http://localhost:9400", lee, ""},
		{"ABCDE-FGHJ", "https://login.example", lee, "ten letters"},
		{"ABCDE_FGHJK", "https://login.example", lee, "ten letters"},
		{"ABCDE-FGHJK", "login.example", lee, "https://login.example"},
		{"ABCDE-FGHJK", "https://login.example/contoso", lee, "https://login.example"},
		{"ABCDE-FGHJK", "http://login.example", lee, "only https"},
		{"ABCDE-FGHJK", "https://login.example", "lee", "name@domain"},
		{"ABCDE-FGHJK", "https://login.example", "lee@con/toso", "name@domain"},
	} {
		got, err := ParseCode(c.code, c.server, c.user)
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%+v: %+v, %v", c, got, err)
		case c.wrong == "" && (err != nil || got.Code != "ABCDE-FGHJK" || got.Tenant != "contoso.example"):
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
}

func TestParseScan(t *testing.T) {
	const server = "https://login.example"
	for text, want := range map[string]string{
		"c2VjcmV0":                                      "c2VjcmV0",
		server + "/authenticator#s=c2VjcmV0":            "c2VjcmV0",
		server + "/authenticator#s=":                    "",
		server + "/authenticator#e=a." + token:          "",
		"https://evil.example/authenticator#s=c2VjcmV0": "",
		"c2Vj cmV0": "",
		"":          "",
	} {
		if got, err := ParseScan(text, server); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func FuzzParseLink(f *testing.F) {
	for _, link := range []string{"https://login.example/authenticator#e=contoso.example." + token, "http://localhost/authenticator#s=x", "https://[::1]:1/authenticator#e=a.b", "%"} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		got, err := ParseLink(link)
		if err != nil {
			return
		}
		// What is taken leads to the same place when it is written out.
		again, err := ParseLink(got.Server + "/authenticator#e=" + got.Tenant + "." + got.Token)
		if err != nil || again != got {
			t.Errorf("%q: %+v, then %+v, %v", link, got, again, err)
		}
	})
}

func FuzzParseCode(f *testing.F) {
	f.Add("ABCDE-FGHJK", "https://login.example", lee)
	f.Add("abcde fghjk", "http://localhost:9400/", "lee@@x")
	f.Fuzz(func(t *testing.T, code, server, user string) {
		got, err := ParseCode(code, server, user)
		if err != nil {
			return
		}
		if again, err := ParseCode(got.Code, got.Server, got.User); err != nil || again != got {
			t.Errorf("%q %q %q: %+v, then %+v, %v", code, server, user, got, again, err)
		}
	})
}
