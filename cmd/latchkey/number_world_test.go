package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/ui/chromiumtest"
)

// matching is a demo, and two Chromiums: one is the phones of people, the other their
// desktops. Each phone and each desktop is a context of its own there, as a profile would be.
type matching struct {
	*demo
	phones, desks context.Context
	camera        string // file of what the camera of every phone sees
}

func newMatching(t *testing.T) *matching {
	t.Helper()
	m := &matching{camera: filepath.Join(t.TempDir(), "camera.y4m")}
	m.phones = chromiumtest.New(t, chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", m.camera))
	m.desks = chromiumtest.New(t)
	m.demo = startDemo(t, "")
	return m
}

// tabIn opens a tab in a context of its own, which knows nothing of the others.
func tabIn(t *testing.T, browser context.Context) *tab {
	t.Helper()
	ctx, stop := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	return tabOf(t, ctx)
}

// org is an organization with one person, who has a phone. Limits and policy are its own.
type org struct {
	*testing.T
	*matching
	tenant *idp.Tenant
	user   *idp.User
	phone  *appPhone
}

// name is the person's.
func (o *org) name() string { return o.user.PrincipalName }

// org makes an organization whose person has no phone yet.
func (m *matching) org(t *testing.T, change ...func(*admin.AuthenticatorPolicyChange)) *org {
	t.Helper()
	domain := "org" + strings.ReplaceAll(idp.NewID(), "-", "")[:12] + ".example"
	o := &org{T: t, matching: m, tenant: must(m.server.Admin.CreateTenant(t.Context(), demoActor, "Litware", domain))}
	policy := admin.AuthenticatorPolicyChange{Enabled: new(true), Lifetime: new(idp.GreatestRequestLifetime)}
	for _, c := range change {
		c(&policy)
	}
	must(m.server.Admin.UpdateAuthenticatorPolicy(t.Context(), demoActor, domain, policy))
	o.user = must(m.server.Admin.CreateUser(t.Context(), demoActor, domain, idp.User{
		PrincipalName: "lee@" + domain, DisplayName: "Lee Gu", Type: idp.Member, Profile: idp.Profile{Email: "lee@" + domain, EmailVerified: true},
	}))
	return o
}

// orgWithPhone is an organization whose person has a phone.
func (m *matching) orgWithPhone(t *testing.T, change ...func(*admin.AuthenticatorPolicyChange)) *org {
	t.Helper()
	o := m.org(t, change...)
	o.phone = newPhone(tabIn(t, m.phones))
	o.enrols(o.phone)
	return o
}

// invite is the link by which an operator lets the person add a phone.
func (o *org) invite() string {
	o.Helper()
	in := must(o.server.Admin.InviteAuthenticator(o.Context(), demoActor, o.tenant.TenantID, o.user.UserID))
	return o.app() + "#e=" + o.tenant.TenantID + "." + in.Token
}

// app is where the authenticator is.
func (m *matching) app() string { return m.server.Config.BaseURL + "/authenticator" }

// endpoint is one of the device protocol.
func (o *org) endpoint(name string) string {
	return o.server.Config.BaseURL + "/" + o.tenant.TenantID + "/device/v1/" + name
}

// info is the organization's security info.
func (o *org) info() string { return securityInfoOf(o.server.Config.BaseURL, o.tenant) }

// enrols adds the person to a phone by an operator's link.
func (o *org) enrols(p *appPhone) {
	o.Helper()
	p.open(o.invite())
	p.wantElement("#device-name")
	p.shoot("app-enrol")
	p.press("#enrol-now")
	p.wantSaid(o.name() + " has been added.")
}

// desk is a desktop on which nobody has signed in yet.
func (o *org) desk() *tab {
	o.Helper()
	b := tabIn(o.T, o.desks)
	b.withoutAutofill()
	return b
}

// identifies goes to sign in to security info, up to where a request can be sent.
func (o *org) identifies(b *tab) {
	o.Helper()
	b.open(o.info())
	b.want("signin")
	b.fill("username", o.name())
	b.submit()
	b.want("number-send")
}

// asks has the person asked, and returns the number that the page shows.
func (o *org) asks(b *tab) (number string) {
	o.Helper()
	o.identifies(b)
	b.press("#send")
	b.want("number")
	return b.text("#number")
}

// request is what the server keeps of one.
func (o *org) request(id string) *idp.SignInRequest {
	o.Helper()
	var r *idp.SignInRequest
	err := o.server.Store.View(o.Context(), o.tenant.TenantID, func(tx *storage.Tx) (err error) {
		r, err = storage.Get[idp.SignInRequest](tx, id)
		return err
	})
	if err != nil {
		o.Fatal(err)
	}
	return r
}

// pending is the request of the person that nobody has answered.
func (o *org) pending() *idp.SignInRequest {
	o.Helper()
	var open []*idp.SignInRequest
	err := o.server.Store.View(o.Context(), o.tenant.TenantID, func(tx *storage.Tx) (err error) {
		open, err = idp.PendingRequests(tx, o.user.UserID, o.server.Clock.Now())
		return err
	})
	if err != nil || len(open) != 1 {
		o.Fatalf("%d requests are open: %v", len(open), err)
	}
	return open[0]
}

// logged are the events of a log about the person that have a reason or an activity.
func (o *org) logged(log, what string) (found []*idp.AuditEvent) {
	o.Helper()
	all, _, err := o.server.Admin.Events(o.Context(), demoActor, o.tenant.TenantID, log, storage.Page{})
	if err != nil {
		o.Fatal(err)
	}
	for _, e := range all {
		if e.Activity == what || e.Details["reason"] == what {
			found = append(found, e)
		}
	}
	return found
}

// pass gives the person a pass.
func (o *org) pass() reportUser {
	o.Helper()
	must(o.server.Admin.UpdatePassPolicy(o.Context(), demoActor, o.tenant.TenantID, admin.PassPolicyChange{Enabled: new(true)}))
	_, code, err := o.server.Admin.CreatePass(o.Context(), demoActor, o.tenant.TenantID, o.name(), idp.PassRequest{Reason: "First day"})
	if err != nil {
		o.Fatal(err)
	}
	return reportUser{UserPrincipalName: o.name(), TemporaryAccessPass: code}
}

// signedIn is a desktop on which the person has signed in by their phone.
func (o *org) signedIn() *tab {
	o.Helper()
	b := o.desk()
	o.phone.approves(o.asks(b))
	b.want("security-info")
	return b
}

// wantState expects what became of a request.
func (o *org) wantState(id string, state idp.RequestState, tries int) {
	o.Helper()
	if r := o.request(id); r.State != state || r.Tries != tries {
		o.Errorf("the request is %s after %d wrong answers; want %s after %d", r.State, r.Tries, state, tries)
	}
}

// later moves the server's clock on: it never goes back.
func (m *matching) later(t *testing.T, by time.Duration) {
	t.Helper()
	then := m.server.Clock.Now().Add(by)
	ahead := idp.NewClock(func() time.Time { return then })
	if err := m.server.Store.Update(t.Context(), storage.System, ahead.SaveClock); err != nil {
		t.Fatal(err)
	}
	if err := m.server.Store.View(t.Context(), storage.System, m.server.Clock.LoadClock); err != nil {
		t.Fatal(err)
	}
}

// appPhone is a tab with the authenticator, and the verifier of its device.
type appPhone struct {
	*tab
	keys *authenticator
	held chan *held
}

func newPhone(b *tab) *appPhone { return &appPhone{tab: b, keys: newAuthenticator(b)} }

// wantSaid waits until the app says something.
func (p *appPhone) wantSaid(words string) {
	p.t.Helper()
	p.do(chromedp.WaitReady(chromedp.Search(fmt.Sprintf(`//p[@id="said"][contains(., %q)]`, words))))
}

// wantRequest waits for a request.
func (p *appPhone) wantRequest() {
	p.t.Helper()
	p.wantElement("article.request")
	p.shoot("app-request")
}

// another tells the requests of now from those that come: what it returns waits for one of these.
func (p *appPhone) another() (comes func()) {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("article.request").forEach((a) => a.dataset.old = "")`))
	return func() {
		p.t.Helper()
		p.wantElement("article.request:not([data-old])")
	}
}

const (
	approveButton = `article.request button[id^=approve]`
	denyButton    = `article.request button[id^=deny-]`
)

// approves types a number and approves.
func (p *appPhone) approves(number string) {
	p.t.Helper()
	p.wantRequest()
	p.fill("number", number)
	p.press(approveButton)
}

// held is an answer that the app has sent and that is on its way.
type held struct {
	p    *appPhone
	id   fetch.RequestID
	body []byte
}

// holds keeps each answer of the app from the server, until it is let go.
func (p *appPhone) holds() {
	p.t.Helper()
	p.held = make(chan *held, 10)
	err := chromedp.Listen(p.ctx, func(ev any) {
		paused, ok := ev.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		var body []byte
		for _, e := range paused.Request.PostDataEntries {
			body = append(body, e.Bytes...)
		}
		p.held <- &held{p, paused.RequestID, body}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	evaluate(p.tab, chromiumtest.Call(fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*/responses"}}}))
}

// sent is the answer that the app sends next.
func (p *appPhone) sent() *held {
	p.t.Helper()
	ctx, stop := context.WithTimeout(p.ctx, chromiumtest.StepLimit)
	defer stop()
	select {
	case h := <-p.held:
		return h
	case <-ctx.Done():
		p.t.Fatalf("the app sends no answer\n%s", p.where())
		return nil
	}
}

// goes lets the answer go on to the server.
func (h *held) goes() {
	h.p.t.Helper()
	evaluate(h.p.tab, chromiumtest.Call(fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: h.id}))
}

// lost answers the app that the server is busy, which has not seen the answer.
func (h *held) lost() {
	h.p.t.Helper()
	evaluate(h.p.tab, chromiumtest.Call(fetch.FulfillRequest, fetch.FulfillRequestParams{
		RequestID: h.id, ResponseCode: http.StatusServiceUnavailable, Body: []byte("{}"),
	}))
}

// answerSent is what an app sends to decide.
type answerSent struct {
	Response string         `json:"response"`
	UV       map[string]any `json:"uv,omitempty"`
}

func (h *held) answer() (a answerSent) {
	h.p.t.Helper()
	if err := json.Unmarshal(h.body, &a); err != nil {
		h.p.t.Fatalf("%v in %q", err, h.body)
	}
	return a
}

// claims are those of a JWS, unverified.
func claimsIn(t *testing.T, jws string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(jws, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWS", jws)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// transaction is what the answer is about.
func (a answerSent) transaction(t *testing.T) string {
	t.Helper()
	id, _ := claimsIn(t, a.Response)["txn"].(string)
	return id
}

// forgery signs claims with the key of an account in the app, as a script in its page could:
// nobody can take the key away. verify has the holder verified over it, too.
const forgery = `(async ({ by, jws, claims, verify }) => {
	const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
	const base64url = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
	const utf8 = new TextEncoder();
	const part = (v) => base64url(utf8.encode(JSON.stringify(v)));
	const settled = (r) => new Promise((resolve, reject) => { r.onsuccess = () => resolve(r.result); r.onerror = () => reject(r.error); });
	const db = await settled(indexedDB.open('latchkey-authenticator', 1));
	const accounts = await settled(db.transaction('accounts').objectStore('accounts').getAll());
	db.close();
	const [head, body] = jws.split('.').map((p) => new TextDecoder().decode(bytes(p.length ? p : 'e30')));
	const header = JSON.parse(head);
	const account = accounts.find((a) => by ? a.user.name === by : a.id === header.kid);
	const text = part({ ...header, kid: account.id }) + '.' + part({ ...JSON.parse(body), iss: account.id, ...claims });
	const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, account.privateKey, utf8.encode(text));
	const response = text + '.' + base64url(signature);
	if (!verify) return { response };
	const credential = await navigator.credentials.get({ publicKey: {
		challenge: await crypto.subtle.digest('SHA-256', utf8.encode(response)), rpId: account.server.rp_id,
		allowCredentials: [{ type: 'public-key', id: bytes(account.credential) }], userVerification: 'required',
	} });
	return { response, uv: credential.toJSON() };
})`

// forgeryOf is what a forged answer differs in from the one that the app sent.
type forgeryOf struct {
	By     string         `json:"by"` // an account by its user's name; "" for the one that signed
	JWS    string         `json:"jws"`
	Claims map[string]any `json:"claims"`
	Verify bool           `json:"verify"`
}

func (p *appPhone) forges(f forgeryOf) answerSent {
	p.t.Helper()
	raw, err := json.Marshal(f)
	if err != nil {
		p.t.Fatal(err)
	}
	return evaluate(p.tab, chromedp.Evaluate[answerSent](forgery+"("+string(raw)+")", chromedp.EvalAwaitPromise))
}

// verdict is what the server answered.
type verdict struct {
	status int
	Type   string `json:"type"`
	State  string `json:"state"`
}

// send sends an answer past the app.
func (o *org) send(a answerSent) verdict {
	o.Helper()
	raw, err := json.Marshal(a)
	if err != nil {
		o.Fatal(err)
	}
	return o.sendRaw(raw)
}

func (o *org) sendRaw(body []byte) (got verdict) {
	o.Helper()
	r, err := http.NewRequestWithContext(o.Context(), http.MethodPost, o.endpoint("responses"), bytes.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		o.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(raw, &got)
	}
	if err != nil {
		o.Fatalf("%v in %q", err, raw)
	}
	got.status = resp.StatusCode
	return got
}

// notAccepted is what every answer is told that is not accepted, whatever is wrong with it.
var notAccepted = verdict{http.StatusBadRequest, "urn:latchkey:device:refused", ""}

// endedAs is what an answer is told to a request that has ended.
func endedAs(state idp.RequestState) verdict {
	return verdict{http.StatusConflict, "urn:latchkey:device:ended", string(state)}
}

// script puts a script of a test before those of each page that comes.
func (b *tab) script(source string) {
	b.t.Helper()
	evaluate(b, chromiumtest.Call(cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: source}))
}

// changed waits until an element says something else than it did.
func changed(b *tab, selector, from string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.Search(fmt.Sprintf(`//*[@id=%q][text() and text()!=%q]`, strings.TrimPrefix(selector, "#"), from))))
}

// sixDigits makes numbers that hardly two requests share.
func sixDigits(c *admin.AuthenticatorPolicyChange) { c.Digits = new(idp.GreatestDigits) }

// look waits until an expression has a value, and returns it: also where the page waits for the
// next one to come, and chromedp waits with it.
func (b *tab) look(expression string) (value string) {
	b.t.Helper()
	params := runtime.EvaluateParams{Expression: expression, ReturnByValue: new(true)}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(chromiumtest.StepLimit); time.Now().Before(end); <-tick.C {
		found, err := chromiumtest.Run(b.ctx, chromiumtest.Call(runtime.Evaluate, params))
		if err == nil && found.Result != nil && json.Unmarshal(found.Result.Value, &value) == nil && value != "" {
			return value
		}
	}
	b.t.Fatalf("%s has no value\n%s", expression, b.where())
	return ""
}

// address is where the tab is.
func (b *tab) address() string {
	b.t.Helper()
	return evaluate(b, chromedp.Evaluate[string]("location.href"))
}
