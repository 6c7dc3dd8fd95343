package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
	"latchkey/idp/upstream/upstreamtest"
	"latchkey/storage"
)

// attack is something wrong with a provider, or with what a browser brings back, by which
// nobody may get in.
type attack struct {
	name string
	does func(*abroad)
	who  string // who signs in; "": sam
	want string // the problem that the person is told
	log  string // what the sign-in log says of it
}

func claims(change func(c map[string]any)) func(*abroad) {
	return func(a *abroad) { a.provider.Set(func(p *upstreamtest.Provider) { p.Claims = change }) }
}

func claim(name string, value any) func(*abroad) {
	return claims(func(c map[string]any) { c[name] = value })
}

func lacking(name string) func(*abroad) {
	return claims(func(c map[string]any) { delete(c, name) })
}

func telling(name string, value any) func(*abroad) {
	return func(a *abroad) { a.provider.Set(func(p *upstreamtest.Provider) { p.Person[name] = value }) }
}

func signing(by func(p *upstreamtest.Provider, c map[string]any) string) func(*abroad) {
	return func(a *abroad) {
		a.provider.Set(func(p *upstreamtest.Provider) { p.Sign = func(c map[string]any) string { return by(p, c) } })
	}
}

func answering(change func(q url.Values)) func(*abroad) {
	return func(a *abroad) { a.provider.Set(func(p *upstreamtest.Provider) { p.Answer = change }) }
}

func discovering(change func(doc map[string]any) any) func(*abroad) {
	return func(a *abroad) { a.provider.Set(func(p *upstreamtest.Provider) { p.Discovery = change }) }
}

func strange() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// byPublicKey signs with a key that everybody has.
func byPublicKey(p *upstreamtest.Provider, c map[string]any) string {
	key, kid := p.Key()
	public, err := json.Marshal(jose.JSONWebKey{Key: key.Public()})
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, (&jose.SignerOptions{}).WithHeader("kid", kid))
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return token
}

// byHint is who comes without a name, by a hint at the domain.
const byHint = "?"

func attacks() []attack {
	day := int64(24 * 60 * 60)
	now := time.Now().Unix()
	return []attack{
		{"unverified e-mail", telling("email_verified", false), "", "federation.unverified", "verified no address"},
		{"e-mail verified in words", telling("email_verified", "true"), "", "federation.refused", "another kind"},
		{"e-mail verified by a number", telling("email_verified", 1), "", "federation.refused", "another kind"},
		{"no word of verification", func(a *abroad) { a.provider.Set(func(p *upstreamtest.Provider) { delete(p.Person, "email_verified") }) }, "", "federation.unverified", "verified no address"},
		{"e-mail of a domain that is not the provider's", telling("email", "noor@contoso.example"), "", "federation.other", "another address"},
		{"e-mail of somebody else of the domain", telling("email", "kim@fed.example"), "", "federation.other", "another address"},
		{"e-mail of an administrator", telling("email", "boss@fed.example"), "boss@fed.example", "federation.unlinked", "administrative rights"},
		{"e-mail of nobody", telling("email", "nobody@fed.example"), byHint, "federation.nobody", "no such user"},
		{"e-mail in letters that only look like those", telling("email", "\uff53am@fed.example"), "", "federation.unverified", "another than it looks like"},
		{"e-mail with a long s", telling("email", "\u017fam@fed.example"), "", "federation.unverified", "another than it looks like"},
		{"e-mail with the sign of Kelvin", telling("email", "\u212aim@fed.example"), "kim@fed.example", "federation.unverified", "another than it looks like"},
		{"nonce swapped", claim("nonce", "another"), "", "federation.refused", "nonce"},
		{"nonce missing", lacking("nonce"), "", "federation.refused", "nonce"},
		{"iss of another provider", claim("iss", "https://other.example"), "", "federation.refused", "iss"},
		{"aud of another client", claim("aud", "other"), "", "federation.refused", "aud"},
		{"two aud", claim("aud", []string{upstreamtest.ClientID, "other"}), "", "federation.refused", "aud"},
		{"no aud", lacking("aud"), "", "federation.refused", "aud"},
		{"azp of another client", claim("azp", "other"), "", "federation.refused", "azp"},
		{"exp has passed", claim("exp", now-day), "", "federation.refused", "exp has passed"},
		{"exp missing", lacking("exp"), "", "federation.refused", "exp or iat"},
		{"exp in words", claim("exp", "tomorrow"), "", "federation.refused", "another kind"},
		{"iat in the future", claim("iat", now+day), "", "federation.refused", "future"},
		{"iat long ago", claim("iat", now-day), "", "federation.refused", "long ago"},
		{"nbf in the future", claim("nbf", now+day), "", "federation.refused", "nbf"},
		{"a session that is over there", claim("session_expiry", now-day), "", "federation.refused", "session_expiry"},
		{"a session that ends at no time", claim("session_expiry", 0), "", "federation.refused", "session_expiry"},
		{"sub a number", claim("sub", 7), "", "federation.refused", "another kind"},
		{"sub missing", lacking("sub"), "", "federation.refused", "sub"},
		{"sub without end", claim("sub", strings.Repeat("s", 256)), "", "federation.refused", "sub"},
		{"at_hash of another token", claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "", "federation.refused", "at_hash"},
		{"logout token in place of an ID token", claim("events", map[string]any{}), "", "federation.refused", "logout token"},
		{"algorithm none", signing(func(_ *upstreamtest.Provider, c map[string]any) string { return upstreamtest.Unsigned(c) }), "", "federation.refused", "signature"},
		{"HS256 with the public key", signing(byPublicKey), "", "federation.refused", "signature"},
		{"foreign key by the same kid", signing(func(p *upstreamtest.Provider, c map[string]any) string {
			_, kid := p.Key()
			return upstreamtest.SignBy(strange(), kid, "JWT", c)
		}), "", "federation.refused", "signature"},
		{"foreign key by a kid of its own", signing(func(_ *upstreamtest.Provider, c map[string]any) string {
			return upstreamtest.SignBy(strange(), "mine", "JWT", c)
		}), "", "federation.refused", "no key that fits"},
		{"access token in place of an ID token", signing(func(p *upstreamtest.Provider, c map[string]any) string {
			key, kid := p.Key()
			return upstreamtest.SignBy(key, kid, "at+jwt", c)
		}), "", "federation.refused", "another type"},
		{"userinfo of somebody else", func(a *abroad) {
			a.provider.Set(func(p *upstreamtest.Provider) {
				p.Scoped = true
				p.Handle["/userinfo"] = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.Write([]byte(`{"sub":"another","email":"sam@fed.example","email_verified":true}`))
				}
			})
		}, "", "federation.refused", "somebody else"},
		{"mix-up: iss of the answer is another's", answering(func(q url.Values) { q.Set("iss", "https://other.example") }), "", "federation.refused", "iss is of another"},
		{"mix-up: iss of the answer is missing", answering(func(q url.Values) { q.Del("iss") }), "", "federation.refused", "iss is missing"},
		{"code of somebody's own", answering(func(q url.Values) { q.Set("code", "made-up") }), "", "federation.refused", "invalid_grant"},
		{"two codes", answering(func(q url.Values) { q.Add("code", "made-up") }), "", "federation.refused", "neither a code"},
		{"error of the provider", answering(func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }), "", "federation.cancelled", "access_denied"},
		{"error nobody knows", answering(func(q url.Values) { q.Del("code"); q.Set("error", "no\r\nsuch thing") }), "", "federation.failed", "nosuchthing"},
		{"discovery is null", discovering(func(map[string]any) any { return nil }), "", "federation.down", ""},
		{"discovery of another issuer", discovering(func(d map[string]any) any { d["issuer"] = "https://other.example"; return d }), "", "federation.down", ""},
		{"discovery names an address that may not be called", discovering(func(d map[string]any) any { d["token_endpoint"] = "http://169.254.169.254/token"; return d }), "", "federation.down", ""},
		{"discovery names a script", discovering(func(d map[string]any) any { d["authorization_endpoint"] = "javascript:alert(1)"; return d }), "", "federation.down", ""},
		{"discovery goes round in circles", func(a *abroad) {
			a.provider.Set(func(p *upstreamtest.Provider) {
				p.Handle["/.well-known/openid-configuration"] = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }
			})
		}, "", "federation.down", ""},
	}
}

// TestFederationAttacks: whatever a provider does wrong, or whoever stands between, nobody gets
// in, the page names the provider and what to do, the log has the reason, and no account is
// touched (docs/security.md, K1).
func TestFederationAttacks(t *testing.T) {
	var a *abroad
	for i, k := range attacks() {
		if i%20 == 0 { // what is wrong from one address again and again is not logged each time
			a = newAbroad(t)
			a.user("sam@" + fedDomain)
			a.user("kim@" + fedDomain)
			a.user("boss@"+fedDomain, idp.GlobalReader)
		}
		t.Run(k.name, func(t *testing.T) {
			a := a.anew(t)
			k.does(a)
			before := a.touched()
			who := k.who
			if who == "" {
				who = "sam@" + fedDomain
			}
			p := a.as(who)
			if who == byHint {
				p = a.come(url.Values{"domain_hint": {fedDomain}})
				p.Follow("away")
			}
			p.wantProblem(k.want)
			p.WantText("Upstream")
			if after := a.touched(); after != before {
				t.Errorf("%s, before %s", after, before)
			}
			if k.log != "" {
				a.wantLogged(k.log)
			}
			if strings.Contains(a.log.String(), "eyJ") {
				t.Errorf("the log has a token:\n%s", a.log)
			}
		})
	}
}

// wantLogged expects a failure in the sign-in log with a reason.
func (a *abroad) wantLogged(reason string) {
	a.Helper()
	var all []string
	err := a.server.Store.View(a.Context(), a.tenant, func(tx *storage.Tx) error {
		return storage.Each(tx, func(_ string, e *idp.AuditEvent, err error) bool {
			if err == nil && e.Log == idp.SignIns && e.Result == "failure" {
				all = append(all, e.Details["reason"])
			}
			return true
		})
	})
	if err != nil || !strings.Contains(strings.Join(all, "\n"), reason) {
		a.Errorf("the log has %q, %v, want %q", all, err, reason)
	}
}

// TestFederationSubjects: once linked, the subject alone decides: another with the same address
// gets nowhere, and the same with another address still does.
func TestFederationSubjects(t *testing.T) {
	a := newAbroad(t)
	sam := a.user("sam@" + fedDomain)
	a.as(sam.PrincipalName).allow()
	telling("sub", "sam-2")(a)
	a.as(sam.PrincipalName).wantProblem("federation.subject")
	telling("sub", "sam-1")(a)
	telling("email", "samuel@"+fedDomain)(a)
	telling("email_verified", false)(a)
	a.as(sam.PrincipalName).allow()
	a.user("kim@" + fedDomain)
	a.as("kim@" + fedDomain).wantProblem("federation.other")
}

// TestFederationStates: what a browser brings back counts in that browser, once, and for the
// question that was asked there.
func TestFederationStates(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	callback := func() string { // of somebody who goes no further
		p := newPerson(t, a.server.Config.BaseURL+"/"+a.tenant+"/federation/")
		p.Open(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}}))
		return a.server.Config.BaseURL + a.federation.CallbackPath(a.tenant) + "?" + p.Landed().Encode()
	}
	before := a.touched()
	victim := newPerson(t, appBack)
	victim.Open(a.authorize(nil))
	victim.Open(callback())
	victim.wantProblem("state.foreign")
	if after := a.touched(); after != before {
		t.Errorf("the state of another browser: %s, before %s", after, before)
	}

	// The attacker's code in the victim's own sign-in.
	stolen, err := url.Parse(callback())
	if err != nil {
		t.Fatal(err)
	}
	p := newPerson(t, a.server.Config.BaseURL+"/"+a.tenant+"/federation/")
	p.Open(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}}))
	q := p.Landed()
	good := q.Encode()
	q.Set("code", stolen.Query().Get("code"))
	p.away = appBack
	p.Open(a.server.Config.BaseURL + a.federation.CallbackPath(a.tenant) + "?" + q.Encode())
	p.wantProblem("federation.refused")

	// At the callback of another provider.
	other := a.federate("other.example", func(f *idp.Federation) { f.Name = "Other" })
	p.Open(a.server.Config.BaseURL + other.CallbackPath(a.tenant) + "?" + good)
	p.wantProblem("federation.off")
	p.Open(a.server.Config.BaseURL + a.federation.CallbackPath(a.tenant) + "?" + good)
	p.allow()
	before, _ = a.touched(), a.provider.Asked("/token")
	p.Open(a.server.Config.BaseURL + a.federation.CallbackPath(a.tenant) + "?" + good)
	if after := a.touched(); after != before || a.provider.Asked("/token") > 0 {
		t.Errorf("a second time: %s, before %s", after, before)
	}
}

// TestFederationDisabled: who is on the way when the provider is disabled gets nowhere, neither
// back from there nor by a code that was given out already; and what came before is over.
func TestFederationDisabled(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	earlier := a.as("sam@" + fedDomain)
	_, tokens := a.redeem(earlier.allow().Get("code"))
	code := a.as("sam@" + fedDomain).allow().Get("code")
	under := newPerson(t, a.server.Config.BaseURL+"/"+a.tenant+"/federation/")
	under.Open(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}}))
	back := under.Landed()

	a.update(func(f *idp.Federation) { f.Disabled = true })
	if status, answer := a.redeem(code); status != 400 || answer["error"] != "invalid_grant" {
		t.Errorf("the code: %d %v", status, answer)
	}
	if status, answer := a.call("token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens["refresh_token"].(string)}}); status != 400 {
		t.Errorf("the refresh token: %d %v", status, answer)
	}
	under.away = appBack
	under.Open(a.server.Config.BaseURL + a.federation.CallbackPath(a.tenant) + "?" + back.Encode())
	under.wantProblem("federation.off")
	earlier.Open(a.authorize(url.Values{"prompt": {"none"}}))
	if got := earlier.Landed().Get("error"); got != "login_required" {
		t.Errorf("the session: %q", got)
	}
}

// TestFederationRotates: keys that a provider changes are followed, and the one it has taken
// back is worth nothing.
func TestFederationRotates(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	old, kid := a.provider.Key()
	a.provider.Rotate()
	a.as("sam@" + fedDomain).allow()
	signing(func(_ *upstreamtest.Provider, c map[string]any) string {
		return upstreamtest.SignBy(old, kid, "JWT", c)
	})(a)
	a.as("sam@" + fedDomain).wantProblem("federation.refused")
}

// TestLogoutTokens: what says that a session is over is believed as the provider's word about
// it, once (docs/security.md, K1).
func TestLogoutTokens(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	p := a.as("sam@" + fedDomain)
	p.allow()
	tell := func(token string) int {
		t.Helper()
		resp, err := http.PostForm(a.server.Config.BaseURL+a.federation.LogoutPath(a.tenant), url.Values{"logout_token": {token}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	signedIn := func() bool {
		t.Helper()
		p.Open(a.authorize(url.Values{"prompt": {"none"}}))
		return p.Landed().Has("code")
	}
	now := time.Now().Unix()
	for name, change := range map[string]func(map[string]any){
		"another issuer": func(c map[string]any) { c["iss"] = "https://other.example" },
		"another client": func(c map[string]any) { c["aud"] = "other" },
		"a nonce":        func(c map[string]any) { c["nonce"] = "n" },
		"no event":       func(c map[string]any) { delete(c, "events") },
		"another event":  func(c map[string]any) { c["events"] = map[string]any{"x": map[string]any{}} },
		"an event that is not": func(c map[string]any) {
			c["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": "yes"}
		},
		"no jti":     func(c map[string]any) { delete(c, "jti") },
		"no session": func(c map[string]any) { delete(c, "sid") },
		"old":        func(c map[string]any) { c["iat"] = now - 3600 },
		"over":       func(c map[string]any) { c["exp"] = now - 3600 },
		"not yet":    func(c map[string]any) { c["iat"] = now + 3600 },
	} {
		if status := tell(a.provider.LogoutToken(change)); status != 400 || !signedIn() {
			t.Errorf("%s: %d, signed in %t", name, status, signedIn())
		}
	}
	for name, token := range map[string]string{
		"an ID token": a.provider.IDToken("n", false), "nothing": "", "none": upstreamtest.Unsigned(map[string]any{"iss": a.provider.URL}),
	} {
		if status := tell(token); status != 400 || !signedIn() {
			t.Errorf("%s: %d", name, status)
		}
	}
	token := a.provider.LogoutToken(nil)
	if status := tell(token); status != 200 || signedIn() {
		t.Errorf("the right one: %d, signed in %t", status, signedIn())
	}
	if status := tell(token); status != 400 {
		t.Errorf("a second time: %d", status)
	}
}

// TestFrontLogout: a frame of the provider's ends the session that it names, and no other.
func TestFrontLogout(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	p := a.as("sam@" + fedDomain)
	p.allow()
	for _, q := range []url.Values{
		{"iss": {a.provider.URL}, "sid": {"another"}}, {"iss": {"https://other.example"}, "sid": {"sid-of-sam-1"}}, {"iss": {a.provider.URL}}, {"sid": {"sid-of-sam-1"}},
	} {
		newPerson(t, "").Open(a.server.Config.BaseURL + a.federation.FrontLogoutPath(a.tenant) + "?" + q.Encode())
	}
	p.Open(a.authorize(url.Values{"prompt": {"none"}}))
	if !p.Landed().Has("code") {
		t.Fatal("signed out by another's frame")
	}
	frame := newPerson(t, "")
	frame.Open(a.server.Config.BaseURL + a.federation.FrontLogoutPath(a.tenant) + "?" + url.Values{"iss": {a.provider.URL}, "sid": {"sid-of-sam-1"}}.Encode())
	p.Open(a.authorize(url.Values{"prompt": {"none"}}))
	if p.Landed().Has("code") {
		t.Error("still signed in")
	}
}

// TestFederationMoved: whom a provider has signed in comes by it no more when their domain is
// federated with another.
func TestFederationMoved(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	a.as("sam@" + fedDomain).allow()
	other := a.federate("other.example", func(f *idp.Federation) { f.Name = "Other" })
	a.update(func(f *idp.Federation) { f.Domains = []string{"third.example"} })
	if _, err := a.server.Admin.UpdateFederation(t.Context(), demoActor, a.tenant, other.FederationID, nil, func(f *idp.Federation) error {
		f.Domains = append(f.Domains, fedDomain)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	before := a.touched()
	p := a.as("sam@" + fedDomain)
	p.wantProblem("federation.off")
	if after := a.touched(); after != before {
		t.Errorf("%s, before %s", after, before)
	}
}

// TestHearsayKeepsNothing: frames about sessions that are not there cost nothing to keep.
func TestHearsayKeepsNothing(t *testing.T) {
	a := newAbroad(t)
	before := a.server.Store.Commits()
	for i := range 50 {
		q := url.Values{"iss": {a.provider.URL}, "sid": {fmt.Sprint("made up ", i)}}
		newPerson(t, "").Open(a.server.Config.BaseURL + a.federation.FrontLogoutPath(a.tenant) + "?" + q.Encode())
	}
	if made := a.server.Store.Commits() - before; made > 5 { // of the demo's own
		t.Errorf("%d commits", made)
	}
}

// TestFederationHeldBack: who brings back nonsense without end has the provider asked no more.
func TestFederationHeldBack(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	answering(func(q url.Values) { q.Set("code", "made-up") })(a)
	for range 60 {
		newPerson(t, appBack).Open(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}}))
	}
	if n := a.provider.Asked("/token"); n > 45 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// TestFederationHeldBackAtOnce: nor does it help to bring it back all at the same moment.
func TestFederationHeldBackAtOnce(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	at := a.server.Config.BaseURL + a.federation.CallbackPath(a.tenant)
	come := make([]*person, 100)
	for i := range come {
		come[i] = newPerson(t, at)
		come[i].Open(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}}))
	}
	var back atomic.Int32
	half := make(chan struct{}) // closed once half of them are back, while nobody has had an answer
	a.provider.Set(func(p *upstreamtest.Provider) {
		p.Handle["/token"] = func(w http.ResponseWriter, _ *http.Request) {
			<-half
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"error":"invalid_grant"}`))
		}
	})
	var all sync.WaitGroup
	for _, p := range come {
		answer := at + "?" + p.Landed().Encode()
		p.away = appBack
		all.Go(func() {
			p.Open(answer)
			if back.Add(1) == int32(len(come)/2) {
				close(half)
			}
		})
	}
	all.Wait()
	held := 0
	for _, p := range come {
		if p.first("p", "data-problem", "pass.toomany") != nil {
			held++
		}
	}
	if held < len(come)/2 {
		t.Errorf("%d of %d were held back", held, len(come))
	}
	if n := a.provider.Asked("/token"); n == 0 || n > 45 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// TestFederationHeldBackAtHome: nor more for who has signed in in that browser before.
func TestFederationHeldBackAtHome(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	p := a.as("sam@" + fedDomain)
	p.allow()
	answering(func(q url.Values) { q.Set("code", "made-up") })(a)
	a.provider.Asked("/token")
	for range 80 {
		p.Open(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}, "prompt": {"login"}}))
	}
	if n := a.provider.Asked("/token"); n == 0 || n > 45 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// TestFederationBelievedLess: what is settled about a provider while it is asked holds for its
// answer, too: what its word is worth, who links people, and who is created.
func TestFederationBelievedLess(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*idp.Federation)
		who, want string
	}{
		"MFA rejected":           {func(f *idp.Federation) { f.MFA = idp.MFARejected }, "sam", "federation.refused"},
		"a class less":           {func(f *idp.Federation) { f.MFAClasses = nil }, "sam", "federation.refused"},
		"an administrator links": {func(f *idp.Federation) { f.Linking = idp.LinkByAdmin }, "sam", "federation.unlinked"},
		"nobody is created":      {func(f *idp.Federation) { f.Provision = false }, "new", "federation.nobody"},
		"another's domain":       {func(f *idp.Federation) { f.Domains = []string{"other.example"} }, "sam", "federation.off"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAbroad(t, func(f *idp.Federation) { f.MFAClasses, f.Provision = []string{"strong"}, true })
			a.user("sam@" + fedDomain)
			telling("email", c.who+"@"+fedDomain)(a)
			claims(func(got map[string]any) {
				if got["acr"] = "strong"; name == "MFA rejected" {
					got["amr"] = []string{"mfa"}
				}
				a.update(c.change)
			})(a)
			before := a.touched()
			a.as(c.who + "@" + fedDomain).wantProblem(c.want)
			if after := a.touched(); after != before {
				t.Errorf("%s, before %s", after, before)
			}
		})
	}
}

// TestAnotherTab: who is to sign in anew is not taken to have done so by a sign-in in another tab,
// which was not asked for that, and for which the provider asked nobody anything.
func TestAnotherTab(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	claim("auth_time", time.Now().Add(-8*time.Hour).Unix())(a)
	p := a.as("sam@" + fedDomain)
	p.allow()
	for name, wants := range map[string]url.Values{"anew": {"prompt": {"login"}}, "within an hour": {"max_age": {"3600"}}} {
		p.Open(a.server.Config.BaseURL + "/" + a.tenant + "/oauth2/v2.0/logout")
		p.Press("decision", "sign-out")
		wants.Set("login_hint", "sam@"+fedDomain)
		a.doorOnly()
		p.Open(a.authorize(wants))
		state := p.at.Query().Get("state")
		a.provider.Set(func(p *upstreamtest.Provider) { delete(p.Handle, "/authorize") })
		p.Open(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}}))
		if !p.Landed().Has("code") {
			t.Fatal("not signed in in the other tab")
		}
		p.Open(a.server.Config.BaseURL + "/" + a.tenant + "/signin?" + url.Values{"state": {state}}.Encode())
		if p.landed != nil {
			t.Errorf("%s: the app gets %v", name, p.landed)
			continue
		}
		p.wantProblem("federation.stale")
	}
}

// TestNobodyKnowsWhen: a provider that has known somebody for long and does not say when they
// signed in there has proved nothing of the last minutes (docs/security.md, H13), and an app that
// wants to know is not told that it was now.
func TestNobodyKnowsWhen(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	for told, at := range map[string]any{"not told": nil, "a moment ago": time.Now().Unix(), "this morning": time.Now().Add(-8 * time.Hour).Unix()} {
		claims(func(c map[string]any) {
			if c["amr"] = []string{"mfa"}; at != nil {
				c["auth_time"] = at
			}
		})(a)
		p := a.as("sam@" + fedDomain)
		p.allow()
		p.Open(a.authorize(url.Values{"max_age": {"3600"}, "prompt": {"none"}}))
		now := told == "a moment ago"
		if p.Landed().Has("code") != now {
			t.Errorf("%s: within an hour: %v", told, p.Landed())
		}
		p.Open(a.server.Config.BaseURL + "/" + a.tenant + "/security-info")
		p.WantPage("security-info")
		if may := p.first("button", "name", "add") != nil; may != now {
			t.Errorf("%s: may add a passkey: %t", told, may)
		}
	}
}
