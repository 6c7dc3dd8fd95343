package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const goodZone = `
contoso.com MX mx.contoso.com
login.contoso.com A 192.0.2.1
login.contoso.com TXT v=spf1 a:smtp.contoso.com -all
login.contoso.com TXT something else
_dmarc.contoso.com TXT v=DMARC1; p=reject; rua=mailto:d@contoso.com
_dmarc.login.contoso.com TXT nothing of DMARC
`

// patient is a deployment whose mail the doctor looks at.
type patient struct {
	post          *post // nil: nobody listens
	zone          string
	until         time.Duration // how long the server's certificate lasts
	protection    string
	password      string
	noDNS, forged bool // DNS cannot be reached; the certificate is not trusted
	args          []string
}

func runs(t *testing.T, serve func() (string, func(), error)) string {
	t.Helper()
	address, stop, err := serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}

// closed is an address at which nobody listens any more.
func closed(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return c.LocalAddr().String()
}

// examine runs the command as it is, and answers with its exit code, findings and all that it wrote.
func (p patient) examine(t *testing.T) (code int, found []symptom, wrote string) {
	t.Helper()
	if p.until == 0 {
		p.until = 60 * 24 * time.Hour
	}
	certificate, pem := certificateOf(t, time.Now().Add(p.until))
	if p.forged {
		_, pem = certificateOf(t, time.Now().Add(p.until))
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	address, resolver := closed(t), closed(t)
	if p.post != nil {
		if p.protection == "" {
			p.post.certificate = &certificate
		}
		address = runs(t, p.post.serve)
	}
	if !p.noDNS {
		resolver = runs(t, zoneOf(p.zone).serve)
	}
	env := []string{"LATCHKEY_SMTP_PASSWORD=" + p.password}
	args := append([]string{"doctor", "mail", "--json", "--smtp-address", address, "--smtp-from", "no-reply@login.contoso.com",
		"--outbound-ca", ca, "--resolver", resolver}, p.args...)
	if p.protection == "none" {
		args = append(args, "--smtp-tls", "none")
	}
	if p.password != "" {
		args = append(args, "--smtp-username", "latchkey")
	}
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs, env)
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), errs.String())
	}
	return code, found, out.String() + errs.String()
}

// TestDoctorMail: the doctor finds what is wrong with each deployment, and nothing else.
func TestDoctorMail(t *testing.T) {
	const password, wrong = "open sesame", "tell nobody"
	key := rsaKey(t, 2048, true)
	signed := goodZone + "s1._domainkey.login.contoso.com TXT v=DKIM1; k=rsa; p=" + key + "\ns2._domainkey.contoso.com TXT v=DKIM1; p=" + key + "\n"
	for name, c := range map[string]struct {
		patient
		code int
		want string // check and result of each symptom
		told []string
	}{
		"all is good": {
			patient: patient{zone: signed, password: password, args: []string{"--dkim-selector", "s1", "--dkim-selector", "s2", "--to", "ada@contoso.com"}},
			want:    "settings ok server ok greeting ok tls ok sign-in ok sender ok delivery ok domain ok spf ok dkim ok dkim ok dmarc ok",
			told:    []string{"as latchkey; the server offers PLAIN", "2.0.0 OK: queued", "s2._domainkey.contoso.com", "p=reject at _dmarc.contoso.com"},
		},
		"the certificate ends soon": {
			patient: patient{zone: goodZone, password: password, until: 13*24*time.Hour + time.Hour},
			want:    "settings ok server ok greeting ok tls warning sign-in ok sender ok domain ok spf ok dkim warning dmarc ok",
			told:    []string{"13 days more", "DKIM-Signature"},
		},
		"the certificate has ended": {
			patient: patient{zone: goodZone, password: password, until: -time.Hour}, code: exitFailure,
			want: "settings ok server ok greeting ok tls failed domain ok spf ok dkim warning dmarc ok",
			told: []string{"has expired", "clock of this machine"},
		},
		"the certificate is not trusted": {
			patient: patient{zone: goodZone, password: password, forged: true}, code: exitFailure,
			want: "settings ok server ok greeting ok tls failed domain ok spf ok dkim warning dmarc ok",
			told: []string{"unknown authority", "outbound.ca"},
		},
		"no STARTTLS": {
			patient: patient{zone: goodZone, password: password, protection: "missing"}, code: exitFailure,
			want: "settings ok server ok greeting ok tls failed domain ok spf ok dkim warning dmarc ok",
			told: []string{"offers no STARTTLS", "587"},
		},
		"a wrong password, which the server repeats": {
			patient: patient{zone: goodZone, password: wrong}, code: exitFailure,
			want: "settings ok server ok greeting ok tls ok sign-in failed domain ok spf ok dkim warning dmarc ok",
			told: []string{"535 5.7.8 not (password)\uFFFD[31m", "mail: 1 of 9 checks failed"},
		},
		"no password": {
			patient: patient{zone: goodZone}, code: exitFailure,
			want: "settings ok server ok greeting ok tls ok sign-in ok sender failed domain ok spf ok dkim warning dmarc ok",
			told: []string{"Please authenticate first", "Set smtp_username"},
		},
		"nobody listens": {
			patient: patient{post: nil, zone: goodZone, password: password}, code: exitFailure,
			want: "settings ok server failed domain ok spf ok dkim warning dmarc ok",
			told: []string{"connection refused"},
		},
		"no records": {
			patient: patient{zone: "", password: password, args: []string{"--dkim-selector", "s1"}}, code: exitFailure,
			want: "settings ok server ok greeting ok tls ok sign-in ok sender ok domain failed spf failed dkim failed dmarc warning",
			told: []string{"s1._domainkey.login.contoso.com has no record"},
		},
		"DNS fails for some": {
			patient: patient{zone: "login.contoso.com MX mx.contoso.com\ns1._domainkey.login.contoso.com fail\n_dmarc.contoso.com fail\nlogin.contoso.com TXT v=spf1 mx\u009b -all",
				password: password, args: []string{"--dkim-selector", "s1"}}, code: exitFailure,
			want: "settings ok server ok greeting ok tls ok sign-in ok sender ok domain ok spf failed dkim warning dmarc warning",
			told: []string{"mx\uFFFD", "for _dmarc.contoso.com: server misbehaving"},
		},
		"DNS is not there, without TLS": {
			patient: patient{protection: "none", noDNS: true, password: password},
			want:    "settings ok server ok greeting ok tls ok sign-in ok sender ok dns warning",
			told:    []string{"connection refused", "--resolver"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "nobody listens" {
				c.post = &post{secret: password}
			}
			code, found, wrote := c.examine(t)
			var got []string
			for _, f := range found {
				got = append(got, f.Check, f.Result)
				if f.Seen == "" || f.Result != wellResult && f.Hint == "" {
					t.Errorf("%+v", f)
				}
			}
			if code != c.code || strings.Join(got, " ") != c.want {
				t.Errorf("exit code %d, %s\nwant %d, %s\n%s", code, got, c.code, c.want, wrote)
			}
			for _, told := range c.told {
				if !strings.Contains(wrote, told) {
					t.Errorf("lacks %q\n%s", told, wrote)
				}
			}
			if strings.Contains(wrote, password) || strings.Contains(wrote, wrong) {
				t.Errorf("tells the password\n%s", wrote)
			}
			if to := slices.Contains(c.args, "--to"); c.post != nil && len(c.post.mails()) == 1 != to {
				t.Errorf("%d mails arrived", len(c.post.mails()))
			}
		})
	}
}
