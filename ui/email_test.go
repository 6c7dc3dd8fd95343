package ui

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// outsider is a browser of somebody from outside at a Site, with the cookies it was given
// and the page it shows.
type outsider struct {
	*visited
	keys    *idp.Keyring
	cookies map[string]string
	*httptest.ResponseRecorder
	at string // the address of the page
}

const onto = "https://wiki.contoso.example/start?x=1"

func newOutsider(t *testing.T) *outsider {
	t.Helper()
	v := visit(t)
	keys := testKeys(t)
	v.site.Renderer.catalogue = newRenderer(t).catalogue
	v.site.Respond = func(w http.ResponseWriter, r *http.Request, out signin.Outcome) {
		http.Redirect(w, r, "https://app.example/?error="+out.Decision.Error, http.StatusSeeOther)
	}
	return &outsider{visited: v, keys: keys, cookies: map[string]string{}}
}

// another is a second browser at the same site.
func (o *outsider) another() *outsider {
	return &outsider{visited: o.visited, keys: o.keys, cookies: map[string]string{}}
}

// do sends one request, and keeps the cookies that come back.
func (o *outsider) do(method, address string, form url.Values) {
	o.Helper()
	path := strings.TrimPrefix(address, o.site.Base)
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	for name, value := range o.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	o.ResponseRecorder = httptest.NewRecorder()
	o.handler.ServeHTTP(o.ResponseRecorder, r)
	for _, c := range o.Result().Cookies() {
		o.cookies[c.Name] = c.Value
	}
	o.at = path
}

// open looks at a page, and follows where it leads within the site.
func (o *outsider) open(address string) *outsider {
	o.Helper()
	o.do(http.MethodGet, address, nil)
	return o.follow()
}

func (o *outsider) follow() *outsider {
	o.Helper()
	for range 5 {
		to := o.Header().Get("Location")
		if !strings.HasPrefix(to, o.site.Base) {
			return o
		}
		o.do(http.MethodGet, to, nil)
	}
	o.Fatalf("led in a circle, to %s", o.at)
	return o
}

// hidden are the fields of the page that nobody fills in, and where its form leads.
func (o *outsider) hidden() (action string, fields url.Values) {
	o.Helper()
	d, fields := parse(o.T, o.Body.Bytes()), url.Values{}
	forms := d.all("form")
	if len(forms) == 0 {
		o.Fatalf("there is no form on\n%s", o.Body)
	}
	for _, n := range d.all("input") {
		if attr(n, "type") == "hidden" {
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	return attr(forms[0], "action"), fields
}

// post sends the page's form with a field, and follows nothing.
func (o *outsider) post(name, value string) {
	o.Helper()
	action, form := o.hidden()
	form.Set(name, value)
	o.do(http.MethodPost, action, form)
}

// press sends the page's form with a field, and goes where that leads.
func (o *outsider) press(name, value string) *outsider {
	o.Helper()
	o.post(name, value)
	return o.follow()
}

// sees expects the page that is shown.
func (o *outsider) sees(status int, parts ...string) *outsider {
	o.Helper()
	o.want(o.ResponseRecorder, status, parts...)
	return o
}

// leaves expects to be led away from the site.
func (o *outsider) leaves(address string) {
	o.Helper()
	if got := o.Header().Get("Location"); o.Code != http.StatusSeeOther || got != address {
		o.Errorf("status %d, to %q, want %s\n%s", o.Code, got, address, o.Body)
	}
}

// mails are those that wait to be sent about something, in the order they were asked for.
func (o *outsider) mails(about idp.MailAbout) (list []*idp.Mail) {
	o.Helper()
	err := o.store.View(context.Background(), contoso, func(tx *storage.Tx) error {
		all, _, err := storage.All[idp.Mail](tx, storage.Page{})
		list = slices.DeleteFunc(all, func(m *idp.Mail) bool { return m.About != about })
		return err
	})
	if err != nil {
		o.Fatal(err)
	}
	slices.SortStableFunc(list, func(a, b *idp.Mail) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list
}

// mail is the newest mail with a code.
func (o *outsider) mail() *idp.Mail {
	o.Helper()
	list := o.mails(idp.MailCode)
	if len(list) == 0 {
		o.Fatal("no code is on its way")
	}
	return list[len(list)-1]
}

// code is the newest one that was mailed.
func (o *outsider) code() string {
	o.Helper()
	m := o.mail()
	if m.Decoy {
		o.Fatal("nobody gets that code")
	}
	code, err := m.Secret(o.keys, contoso)
	if err != nil {
		o.Fatal(err)
	}
	return code
}

// wrong is a code that is another one.
func wrong(code string) string { return code[:7] + string('0'+(code[7]-'0'+1)%10) }

// invite invites somebody, and answers the path of the link.
func (o *outsider) invite(email string) (link string, info admin.InvitationInfo) {
	o.Helper()
	info, err := o.site.Admin.Invite(context.Background(), admin.Operator("root"), contoso, admin.InvitationRequest{Email: email, RedirectURL: onto, Send: true})
	if err != nil {
		o.Fatal(err)
	}
	return info.Invitation.RedeemPath("contoso.example", info.Ticket), info
}

func (o *outsider) user(id string) *idp.User {
	o.Helper()
	u := &idp.User{}
	if err := o.store.View(context.Background(), contoso, func(tx *storage.Tx) (err error) {
		u, err = storage.Get[idp.User](tx, id)
		return err
	}); err != nil {
		o.Fatal(err)
	}
	return u
}

func (o *outsider) set(change func(*idp.EmailPolicy)) {
	o.Helper()
	p := idp.DefaultMethodsPolicy()
	change(&p.Email)
	put(o.T, o.store, contoso, p)
}

// passes lets some time pass.
func (o *outsider) passes(d time.Duration) *outsider { o.now = o.now.Add(d); return o }

const signinHere = "/contoso.example/signin"

// TestGuestJourney is the way from the link of an invitation to where it leads, with what
// goes wrong on it.
func TestGuestJourney(t *testing.T) {
	o := newOutsider(t)
	link, info := o.invite(guest)
	before := o.store.Commits()
	o.open(link).sees(http.StatusOK, `data-page="email-send"`, "<bdi>Contoso</bdi> invites you", "<bdi>g•••@partner.example</bdi>")
	if strings.Contains(o.Body.String(), guest) || o.store.Commits() != before {
		t.Errorf("to open the link changes something, or tells the address:\n%s", o.Body)
	}
	o.press("send", "1").sees(http.StatusOK, `data-page="email-code"`, `data-wait="30"`, "12:30\u00a0UTC", "30 minutes")
	o.press("code", wrong(o.code())).sees(http.StatusForbidden, `data-page="email-code"`, `data-problem="code.wrong"`, `aria-invalid="true"`)
	o.passes(18*time.Second).press("send", "1").sees(http.StatusTooManyRequests, `data-page="email-code"`, `data-problem="code.soon"`, "in 12 seconds")
	if o.Header().Get("Retry-After") != "12" || len(o.mails(idp.MailCode)) != 1 {
		t.Errorf("Retry-After %q, %d mails", o.Header().Get("Retry-After"), len(o.mails(idp.MailCode)))
	}
	o.passes(12*time.Second).press("send", "1").sees(http.StatusOK, `data-page="email-code"`, "12:30\u00a0UTC")
	o.passes(time.Second).press("code", o.code()).sees(http.StatusOK, `data-page="redeem"`, "Review permissions", "<bdi>Contoso</bdi> invites you", "wiki.contoso.example")
	if u := o.user(info.User.UserID); !u.External.Pending() {
		t.Errorf("accepted before they said so: %+v", u.External)
	}
	o.press("invitation", "accept").leaves(onto)
	if u := o.user(info.User.UserID); u.External.State != idp.Accepted || u.External.Source != idp.SourceMail {
		t.Errorf("%+v", u.External)
	}
	o.open("/contoso.example/security-info").sees(http.StatusOK, `data-page="security-info"`, `data-method="emailCode"`, "<bdi>g•••@partner.example</bdi>", "tomorrow at", "12:00\u00a0UTC")
	for _, not := range []string{`id="add-method"`, "data-banner", `id="bounded"`, "Temporary Access Pass", "You sign in by way of"} {
		if strings.Contains(o.Body.String(), not) {
			t.Errorf("the guest's security info has %q", not)
		}
	}
	o.open("/contoso.example/security-info/sign-ins").sees(http.StatusOK, "Code by mail", "Refused: the code was wrong")
	o.open(link).sees(http.StatusGone, `data-problem="invitation.used"`, `href="https://wiki.contoso.example/start?x=1"`)
	// From then on they come by their address, in any spelling.
	b := o.another()
	b.open(signinHere).press("username", " Guadalupe@PARTNER.example").sees(http.StatusOK, `data-page="email-send"`)
	b.press("send", "1").press("code", b.code()).sees(http.StatusOK, `data-page="apps"`)
}

// TestGuestDeclines: who declines is signed out, and may still think better of it.
func TestGuestDeclines(t *testing.T) {
	o := newOutsider(t)
	link, info := o.invite(guest)
	o.open(link).press("send", "1").press("code", o.code()).press("invitation", "decline").
		sees(http.StatusOK, `data-problem="invitation.declined"`, "AADSTS65004")
	if strings.Contains(o.Body.String(), "administrator") { // nothing went wrong
		t.Error("who declines is to tell an administrator")
	}
	if u := o.user(info.User.UserID); !u.External.Pending() || u.External.Source != "" {
		t.Errorf("%+v", u.External)
	}
	o.open("/contoso.example/security-info").sees(http.StatusOK, `data-page="signin"`)
	o.passes(time.Minute).open(link).press("send", "1").press("code", o.code()).press("invitation", "accept").leaves(onto)
}

// TestGuestOnTheWayToAnApp: a pending guest who comes from an app without the link is asked
// to accept all the same, and goes on to the app either way.
func TestGuestOnTheWayToAnApp(t *testing.T) {
	o := newOutsider(t)
	_, info := o.invite(guest)
	o.cookies["__Host-latchkey-browser"] = browser
	o.flow.Request.Scopes, o.flow.Request.RedirectURI = []string{"openid"}, "https://app.example/"
	o.open(signinHere+"?state="+o.state()).press("username", guest).sees(http.StatusOK, `data-page="email-send"`, "<bdi>Intranet</bdi>", "<bdi>"+guest+"</bdi>")
	o.press("send", "1").press("code", o.code()).sees(http.StatusOK, `data-page="redeem"`, "<bdi>Intranet</bdi>")
	if page := o.Body.String(); strings.Contains(page, "You go on to") {
		t.Errorf("it says where the invitation would have led:\n%s", page)
	}
	asked := *o
	o.press("invitation", "accept").sees(http.StatusOK, `data-page="consent"`)
	asked.press("invitation", "accept").sees(http.StatusOK, `data-page="consent"`) // in a second tab
	if u := o.user(info.User.UserID); u.External.Pending() {
		t.Error("not accepted")
	}

	o = newOutsider(t)
	o.invite(guest)
	o.cookies["__Host-latchkey-browser"] = browser
	o.open(signinHere+"?state="+o.state()).press("username", guest).press("send", "1").press("code", o.code()).press("invitation", "decline").
		leaves("https://app.example/?error=access_denied")
}

// TestInvitationLinks: what a link is not good for is told, and what to do.
func TestInvitationLinks(t *testing.T) {
	o := newOutsider(t)
	const elsewhere = "22222222-2222-4222-8222-222222222222"
	put(t, o.store, storage.System, &idp.Tenant{TenantID: elsewhere, Name: "Fabrikam", Domains: []string{"fabrikam.example"}})
	old, _ := o.invite(guest)
	link, _ := o.invite(guest)
	other, _ := o.invite("other@partner.example")
	ticket := func(link string) string { _, t, _ := strings.Cut(link, "ticket="); return t }
	unknown := map[string]string{
		"of an invitation that another replaced": old,
		"at another tenant":                      strings.Replace(link, "contoso.example", "fabrikam.example", 1),
		"with the ticket of another invitation":  strings.Replace(link, ticket(link), ticket(other), 1),
		"tampered with":                          strings.Replace(link, "ticket=iv_", "ticket=iv_A", 1),
		"cut off":                                link[:strings.Index(link, "&ticket")],
		"without anything":                       "/contoso.example/redeem",
	}
	for what, address := range unknown {
		o.open(address)
		if o.Code != http.StatusNotFound || !strings.Contains(o.Body.String(), `data-problem="invitation.unknown"`) {
			t.Errorf("a link %s: %d\n%s", what, o.Code, o.Body)
		}
	}
	o.open(link).sees(http.StatusOK, `data-page="email-send"`)
	o.do(http.MethodPost, link, nil)
	o.sees(http.StatusMethodNotAllowed)
	o.open(link).press("send", "1")
	code := o.code()
	o.passes(20*time.Minute).press("code", code).sees(http.StatusOK, `data-page="redeem"`)
	// It ends while they read.
	asked := *o
	i := o.invitation(guest)
	i.Ends = o.now
	put(t, o.store, contoso, i)
	o.press("invitation", "accept").sees(http.StatusGone, `data-problem="invitation.ended"`)
	o.open(link).sees(http.StatusGone, `data-problem="invitation.ended"`)
	// And is replaced.
	o.invite(guest)
	asked.press("invitation", "accept").leaves(onto)
	o.open(link).sees(http.StatusNotFound, `data-problem="invitation.unknown"`)
}

// invitation is that of an address.
func (o *outsider) invitation(email string) (i *idp.Invitation) {
	o.Helper()
	if err := o.store.View(context.Background(), contoso, func(tx *storage.Tx) error {
		u, err := idp.FindSigner(tx, email)
		if err != nil {
			return err
		}
		i, err = storage.Lookup[idp.Invitation](tx, "user", u.UserID)
		return err
	}); err != nil {
		o.Fatal(err)
	}
	return i
}

// digits are ways in which people type a code.
var digits = map[string]func(code string) string{
	"grouped":       func(c string) string { return " " + c[:4] + "\u00a0" + c[4:] + "\t" },
	"with a hyphen": func(c string) string { return c[:4] + "-" + c[4:] },
	"Arabic-Indic":  func(c string) string { return script(c, '٠') },
	"full-width":    func(c string) string { return script(c, '０') },
	"Devanagari":    func(c string) string { return script(c, '०') },
	"marked":        func(c string) string { return "\u200e" + c + "\u200f" },
}

func script(code string, zero rune) string {
	return strings.Map(func(r rune) rune { return zero + r - '0' }, code)
}

func TestCodeDigits(t *testing.T) {
	for name, written := range digits {
		o := newOutsider(t)
		o.invite(guest)
		o.open(signinHere).press("username", guest).press("send", "1").press("code", written(o.code()))
		if !strings.Contains(o.Body.String(), `data-page="redeem"`) {
			t.Errorf("%s: %q leads to\n%s", name, written(o.code()), o.Body)
		}
	}
}

// TestEmptyCode: to press the button too soon costs no try, nor does half a code.
func TestEmptyCode(t *testing.T) {
	o := newOutsider(t)
	o.invite(guest)
	o.open(signinHere).press("username", guest).press("send", "1")
	before := o.store.Commits()
	for range 2 * idp.MaxTries {
		o.press("code", " ").sees(http.StatusBadRequest, `data-page="email-code"`, `data-problem="code.empty"`)
		o.press("code", o.code()[:7]).sees(http.StatusBadRequest, `data-page="email-code"`, `data-problem="code.malformed"`, `aria-invalid="true"`)
	}
	if o.store.Commits() != before {
		t.Error("what can be no code changes something")
	}
	o.press("code", o.code()).sees(http.StatusOK, `data-page="redeem"`)
}

// TestOldPages: of the pages of a browser, the one that the newest code was asked for on
// takes it. Another browser takes none.
func TestOldPages(t *testing.T) {
	o := newOutsider(t)
	o.invite(guest)
	o.open(signinHere).press("username", guest).press("send", "1")
	first, code := *o, o.code()
	o.passes(time.Minute).press("send", "1")
	newest, newer := *o, o.code()
	first.press("code", newer).sees(http.StatusForbidden, `data-page="email-send"`, `data-problem="code.newer"`)

	thief := o.another()
	thief.open(newest.at).sees(http.StatusBadRequest, `data-problem="state.foreign"`)
	stolen := newest
	stolen.cookies = map[string]string{"__Host-latchkey-browser": "br_2"}
	stolen.press("code", newer).sees(http.StatusBadRequest, `data-problem="state.foreign"`)

	newest.cookies = o.cookies
	newest.press("code", code).sees(http.StatusForbidden, `data-page="email-code"`, `data-problem="code.wrong"`)
	used := newest
	newest.press("code", newer).sees(http.StatusOK, `data-page="redeem"`)
	used.cookies = map[string]string{"__Host-latchkey-browser": o.cookies["__Host-latchkey-browser"]}
	used.press("code", newer).sees(http.StatusForbidden, `data-page="email-send"`, `data-problem="code.used"`)
}

// TestLateCode: a right code is told that it is late, for a while; then the sign-in is over.
func TestLateCode(t *testing.T) {
	o := newOutsider(t)
	o.invite(guest)
	o.open(signinHere).press("username", guest).press("send", "1")
	late := *o
	o.passes(30*time.Minute).press("code", o.code()).sees(http.StatusForbidden, `data-page="email-code"`, `data-problem="code.expired"`, "Have a new one sent", "That code has expired")
	o.passes(15*time.Minute).press("code", "12345678").sees(http.StatusBadRequest, `data-problem="state.expired"`)
	late.press("code", late.code()).sees(http.StatusBadRequest, `data-problem="state.expired"`)
	to := again.FindSubmatch(late.Body.Bytes())
	late.open(string(to[1])).sees(http.StatusOK, `data-page="email-send"`, guest)
}

// TestCodesOff: known or not, everybody from outside is told that there are no codes.
func TestCodesOff(t *testing.T) {
	for name, off := range map[string]func(*outsider){
		"disabled":       func(o *outsider) { o.set(func(p *idp.EmailPolicy) { p.Enabled = false }) },
		"not for guests": func(o *outsider) { o.set(func(p *idp.EmailPolicy) { p.Guests = idp.SwitchDisabled }) },
		"no mail": func(o *outsider) {
			o.site.Signin = signin.New(o.store, o.keys, authmethods.All(authmethods.Config{Keys: o.keys, Passkeys: passkey.Method{}, Mails: false}))
		},
	} {
		pages := map[string]string{}
		for _, who := range []string{guest, "unbeknown@partner.example"} {
			o := newOutsider(t)
			_, info := o.invite(guest)
			u := o.user(info.User.UserID)
			u.External.Accept(idp.SourceMail, noon)
			put(t, o.store, contoso, u)
			off(o)
			o.open(signinHere).press("username", who).sees(http.StatusOK, `data-page="email-off"`, `data-problem="code.off"`, "AADSTS500346", "Ask the person who invited you")
			pages[who] = o.masked(who)
			o.press("change", "1").sees(http.StatusOK, `data-page="signin"`)
		}
		if pages[guest] != pages["unbeknown@partner.example"] {
			t.Errorf("%s: a guest is told\n%s\nsomebody else\n%s", name, pages[guest], pages["unbeknown@partner.example"])
		}
	}
	// It is turned off while the code is on its way.
	o := newOutsider(t)
	o.invite(guest)
	o.open(signinHere).press("username", guest).press("send", "1")
	o.set(func(p *idp.EmailPolicy) { p.Enabled = false })
	o.press("code", o.code()).sees(http.StatusForbidden, `data-problem="code.off"`)
}

// TestReportCode: the link in the mail asks; the button cancels the code, and nothing else.
func TestReportCode(t *testing.T) {
	o := newOutsider(t)
	o.invite(guest)
	o.open(signinHere).press("username", guest).press("send", "1")
	owner, link := o.another(), "/contoso.example/report-code?token="+url.QueryEscape(o.mail().Details["Report"])
	before := o.store.Commits()
	owner.open(link).sees(http.StatusOK, `data-page="report-code"`, "Cancel the code")
	owner.open("/contoso.example/report-code?token=x").sees(http.StatusOK, `data-page="report-code"`)
	owner.press("x", "x").sees(http.StatusNotFound, `data-problem="code.report"`)
	if o.store.Commits() != before {
		t.Error("to look at the page changes something")
	}
	owner.open(link).press("x", "x").sees(http.StatusOK, `data-page="report-code"`, "The code is cancelled")
	o.press("code", o.code()).sees(http.StatusForbidden, `data-page="email-send"`, `data-problem="code.gone"`)
	owner.open(link).press("x", "x").sees(http.StatusNotFound, `data-problem="code.report"`)
	o.passes(time.Minute).press("send", "1").press("code", o.code()).sees(http.StatusOK, `data-page="redeem"`)
}

// TestBlockInvitations: the link in the mail asks; the button ends the invitation and keeps
// the organization from sending another.
func TestBlockInvitations(t *testing.T) {
	o := newOutsider(t)
	invited, _ := o.invite(guest)
	link := "/contoso.example/block-invitations?token=" + url.QueryEscape(idp.BlockToken(o.keys, contoso, guest))
	before := o.store.Commits()
	o.open(link).sees(http.StatusOK, `data-page="block-invitations"`, "<bdi>"+guest+"</bdi>", "<bdi>Contoso</bdi>")
	o.open("/contoso.example/block-invitations?token=x").sees(http.StatusNotFound, `data-problem="invitation.block"`)
	o.open("/contoso.example/block-invitations").sees(http.StatusNotFound, `data-problem="invitation.block"`)
	o.do(http.MethodPost, "/contoso.example/block-invitations", url.Values{"token": {"x"}})
	o.sees(http.StatusNotFound, `data-problem="invitation.block"`)
	if o.store.Commits() != before {
		t.Error("to look at the page changes something")
	}
	for range 2 { // twice, too
		o.open(link).press("x", "x").sees(http.StatusOK, `data-page="block-invitations"`, "be invited again")
	}
	o.open(invited).sees(http.StatusGone, `data-problem="invitation.ended"`)
	_, err := o.site.Admin.Invite(context.Background(), admin.Operator("root"), contoso, admin.InvitationRequest{Email: guest, RedirectURL: onto})
	if idp.ErrorCode(err) != idp.Conflict {
		t.Errorf("invited again: %v", err)
	}
}
