package ui

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// whoever are people from outside, and nobody, by names of one length.
var whoever = map[string]func(u *idp.User, p *idp.MethodsPolicy){
	"accepted@partner.example": func(u *idp.User, _ *idp.MethodsPolicy) { u.External.Accept(idp.SourceMail, noon) },
	"pending1@partner.example": func(*idp.User, *idp.MethodsPolicy) {},
	"disabled@partner.example": func(u *idp.User, _ *idp.MethodsPolicy) {
		u.External.Accept(idp.SourceMail, noon)
		u.Disabled = true
	},
	"provider@partner.example": func(u *idp.User, _ *idp.MethodsPolicy) { u.External.Accept(idp.SourceProvider, noon) },
	"excluded@partner.example": func(u *idp.User, p *idp.MethodsPolicy) {
		u.External.Accept(idp.SourceMail, noon)
		p.Email.Targets.Exclude = append(p.Email.Targets.Exclude, idp.Target{Type: "user", ID: u.UserID})
	},
	"nobody01@partner.example": nil,
}

// everybody is a browser at a site where all of them are.
func everybody(t *testing.T) *outsider {
	o := newOutsider(t)
	p := idp.DefaultMethodsPolicy()
	for name, make := range whoever {
		if make == nil {
			continue
		}
		_, info := o.invite(name)
		u := o.user(info.User.UserID)
		make(u, p)
		put(t, o.store, contoso, u)
	}
	put(t, o.store, contoso, p)
	return o
}

var random = []*regexp.Regexp{
	regexp.MustCompile(`(state=|name="state" value=")([^"&]+)`),
	regexp.MustCompile(`(__Host-latchkey-browser=)([^;]+)`),
	regexp.MustCompile(`(X-Request-Id: |id="problem-request" translate="no">)([^\n<]+)`),
}

// masked is all of an answer that can be seen from outside, without what is drawn anew each
// time, of which the length stays, and without the name itself.
func (o *outsider) masked(name string) string {
	var b strings.Builder
	fmt.Fprintln(&b, o.Code)
	for _, h := range slices.Sorted(maps.Keys(o.Header())) {
		fmt.Fprintf(&b, "%s: %s\n", h, strings.Join(o.Header()[h], " | "))
	}
	b.WriteString(o.Body.String())
	text := b.String()
	for _, r := range random {
		text = r.ReplaceAllStringFunc(text, func(found string) string {
			m := r.FindStringSubmatch(found)
			return m[1] + strings.Repeat("x", len(m[2]))
		})
	}
	text = strings.ReplaceAll(text, name, "NAME")
	return strings.ReplaceAll(text, idp.MaskedAddress(name), "MASKED")
}

// trace is what a browser is told on the way, step by step, by somebody who has no mailbox
// to look into.
type trace struct {
	*outsider
	name  string
	steps []string
	said  []string
}

func (r *trace) note(step string) {
	r.steps = append(r.steps, step)
	r.said = append(r.said, fmt.Sprintf("%s\n%d commits\n", r.masked(r.name), r.store.Commits()))
}

// step posts a field, notes the answer, and the page to which it leads.
func (r *trace) step(what, field, value string) {
	r.post(field, value)
	r.note(what)
	if r.Header().Get("Location") != "" {
		r.follow()
		r.note(what + ", then")
	}
}

func walkOf(t *testing.T, name string) *trace {
	r := &trace{outsider: everybody(t), name: name}
	r.open(signinHere)
	r.note("begin")
	r.step("identify", "username", name)
	r.step("other ways", "other", "1")
	r.open(signinHere).press("username", name)
	r.step("send", "send", "1")
	r.step("resend too soon", "send", "1")
	r.step("empty", "code", "")
	r.step("half a code", "code", "1234 567")
	for i := range idp.MaxTries {
		r.step(fmt.Sprint("wrong code ", i+1), "code", "00000000")
	}
	r.step("sixth", "code", "12345678")
	for i := range 5 {
		r.passes(31 * time.Second)
		r.step(fmt.Sprint("send again ", i+1), "send", "1")
	}
	r.passes(20 * time.Minute) // more than a first sign-in has
	r.step("wrong code later", "code", "12345678")
	r.passes(11 * time.Minute)
	r.step("after the end of the code", "code", "12345678")
	r.passes(20 * time.Minute)
	r.step("expired", "code", "12345678")
	return r
}

// TestAddressesAreAlike: of whom an address is, whether they may sign in with a code, and
// whether there is anybody, nothing can be seen (docs/security.md F1, F3).
func TestAddressesAreAlike(t *testing.T) {
	want := walkOf(t, "nobody01@partner.example")
	told := strings.Join(want.said, "")
	for _, id := range []string{"code.soon", "code.empty", "code.malformed", "code.wrong", "pass.toomany", "code.toomany", "state.expired"} {
		if !strings.Contains(told, `data-problem="`+id+`"`) {
			t.Errorf("the walk meets no %s:\n%q", id, want.steps)
		}
	}
	for name := range whoever {
		got := walkOf(t, name)
		if !slices.Equal(got.steps, want.steps) {
			t.Fatalf("%s: %q, want %q", name, got.steps, want.steps)
		}
		for i, step := range got.steps {
			if got.said[i] != want.said[i] {
				t.Errorf("%s, %s:\n%s\nand for somebody who is not there\n%s", name, step, got.said[i], want.said[i])
			}
		}
		for _, m := range got.mails(idp.MailCode) {
			if gets := strings.HasPrefix(name, "accepted") || strings.HasPrefix(name, "pending"); m.Decoy == gets {
				t.Errorf("%s: a mail that is a decoy: %v", name, m.Decoy)
			}
		}
	}
	t.Logf("%d answers, of %d people", len(want.steps), len(whoever))
}
