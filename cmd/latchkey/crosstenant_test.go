package main

import (
	"errors"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// neighbours is a demo in which Kim of Fabrikam is a guest at Contoso.
type neighbours struct {
	*abroad
	home string // Fabrikam
	kim  reportUser
	link string // of the invitation
}

func newNeighbours(t *testing.T) *neighbours {
	t.Helper()
	a := newAbroad(t)
	there := a.report().tenant(t, "fabrikam.example")
	n := &neighbours{abroad: a, home: there.ID, kim: there.user(t, "kim@fabrikam.example")}
	i, err := a.server.Admin.Invite(t.Context(), demoActor, a.tenant, admin.InvitationRequest{Email: "kim@fabrikam.example", RedirectURL: a.appURL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	if i.Redemption.Source != idp.SourceHome {
		t.Errorf("the inviter is told %+v", i.Redemption)
	}
	n.link = a.server.Config.BaseURL + i.Invitation.RedeemPath(a.tenant, i.Ticket)
	return n
}

// accepts signs Kim in by the pass of home, and accepts the invitation.
func (n *neighbours) accepts() *person {
	n.Helper()
	p := newPerson(n.TB, appBack)
	p.Open(n.link)
	n.byPass(p)
	p.WantPage("redeem")
	p.Press("invitation", "accept")
	p.WantPage("app-home")
	return p
}

// byPass answers the question for the pass at home.
func (n *neighbours) byPass(p *person) {
	n.Helper()
	p.WantPage("pass")
	p.WantText("Fabrikam", "kim@fabrikam.example")
	p.Fill("code", n.kim.TemporaryAccessPass)
	p.Submit()
}

// deliver tells the tenants what they are owed now.
func (n *neighbours) deliver() {
	n.Helper()
	if err := n.server.provider.DeliverNotices(n.Context(), n.server.Clock.Now()); err != nil {
		n.Fatal(err)
	}
}

// in tells whether the browser is signed in at Contoso.
func (n *neighbours) in(p *person) bool {
	n.Helper()
	p.Open(n.authorize(url.Values{"prompt": {"none"}}))
	return p.Landed().Has("code")
}

func (n *neighbours) refreshes(token any) bool {
	n.Helper()
	status, _ := n.call("token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}})
	return status == 200
}

// trust lets the MFA of Fabrikam count at Contoso.
func (n *neighbours) trust(on idp.Switch) {
	n.Helper()
	var err error
	if p, _ := n.server.Admin.CrossTenantPolicy(n.Context(), demoActor, n.tenant); len(p.Partners) == 0 {
		_, err = n.server.Admin.AddPartner(n.Context(), demoActor, n.tenant, n.home, admin.PartnerChange{AcceptMFA: &on})
	} else {
		_, err = n.server.Admin.UpdatePartner(n.Context(), demoActor, n.tenant, n.home, admin.PartnerChange{AcceptMFA: &on})
	}
	if err != nil {
		n.Fatal(err)
	}
}

// TestGuestByHomeTenant: a guest signs in where they are at home, by the pass that they have
// there, and nothing that comes of it here outlasts that pass. What they have proved there
// counts as more than one factor only where the tenant trusts the home tenant.
func TestGuestByHomeTenant(t *testing.T) {
	n := newNeighbours(t)
	p := n.accepts()
	p.Open(n.authorize(nil))
	_, tokens := n.redeem(p.allow().Get("code"))
	_, told := n.call("introspect", url.Values{"token": {tokens["access_token"].(string)}})
	pass, err := n.server.Admin.Pass(t.Context(), demoActor, n.home, n.kim.ID)
	if err != nil {
		t.Fatal(err)
	}
	if told["acr"] != idp.ACRFederated {
		t.Errorf("acr is %v", told["acr"])
	}
	n.wantBound(pass.Pass.EndsAt())
	p.Open(n.authorize(url.Values{"claims": {`{"id_token":{"acr":{"essential":true,"values":["` + idp.ACRMFA + `","` + idp.ACRBootstrap + `"]}}}`}}))
	p.Press("account", "continue")
	if got := p.Landed().Get("error"); got != "unmet_authentication_requirements" {
		t.Errorf("without trust: %v", p.Landed())
	}
	n.trust(idp.SwitchEnabled)
	p.Open(n.authorize(url.Values{"acr_values": {idp.ACRBootstrap}}))
	_, tokens = n.redeem(p.allow().Get("code"))
	if _, told = n.call("introspect", url.Values{"token": {tokens["access_token"].(string)}}); told["acr"] != idp.ACRBootstrap {
		t.Errorf("with trust, acr is %v", told["acr"])
	}
	n.trust(idp.SwitchDisabled)
	if n.in(p) || n.refreshes(tokens["refresh_token"]) {
		t.Error("what rests on a factor that is trusted no more is still there")
	}
}

// wantBound expects every session and grant of the guest to end with the pass.
func (n *neighbours) wantBound(end time.Time) {
	n.Helper()
	err := n.server.Store.View(n.Context(), n.tenant, func(tx *storage.Tx) error {
		grants, _, err := storage.All[idp.Grant](tx, storage.Page{})
		if err != nil {
			return err
		}
		sessions, _, err := storage.All[idp.Session](tx, storage.Page{})
		for _, g := range grants {
			if !g.NotAfter.Equal(end) || g.EndsAs != idp.PassExpired {
				n.Errorf("a grant ends %s as %d, the pass %s", g.NotAfter, g.EndsAs, end)
			}
		}
		for _, s := range sessions {
			if !s.NotAfter.Equal(end) {
				n.Errorf("a session ends %s, the pass %s", s.NotAfter, end)
			}
		}
		if len(grants) == 0 || len(sessions) == 0 {
			n.Error("there is nothing that could end")
		}
		return err
	})
	if err != nil {
		n.Fatal(err)
	}
}

// TestHomeEnds: whatever ends a sign-in at home ends what came of it where its person is a
// guest: what is revoked, all of it, what is only signed out, the session and no more.
func TestHomeEnds(t *testing.T) {
	if tellEvery > time.Second {
		t.Errorf("tenants are told every %s", tellEvery)
	}
	for _, row := range []struct {
		name    string
		end     func(*neighbours, *person) error
		revoked bool
	}{
		{"the pass is deleted", func(n *neighbours, _ *person) error {
			info, err := n.server.Admin.Pass(n.Context(), demoActor, n.home, n.kim.ID)
			if err != nil {
				return err
			}
			return n.server.Admin.DeletePass(n.Context(), demoActor, n.home, n.kim.ID, info.Pass.PassID)
		}, true},
		{"signed out everywhere", func(n *neighbours, _ *person) error {
			_, err := n.server.Admin.RevokeSessions(n.Context(), demoActor, n.home, n.kim.ID)
			return err
		}, true},
		{"disabled", func(n *neighbours, _ *person) error {
			_, err := n.server.Admin.UpdateUser(n.Context(), demoActor, n.home, n.kim.ID, admin.UserChange{Disabled: new(true)})
			return err
		}, true},
		{"deleted", func(n *neighbours, _ *person) error {
			return n.server.Admin.DeleteUser(n.Context(), demoActor, n.home, n.kim.ID)
		}, true},
		{"the organization is closed", func(n *neighbours, _ *person) error {
			_, err := n.server.Admin.UpdateTenant(n.Context(), demoActor, n.home, admin.TenantChange{Disabled: new(true)})
			return err
		}, true},
		{"the partner is blocked", func(n *neighbours, _ *person) error {
			_, err := n.server.Admin.AddPartner(n.Context(), demoActor, n.tenant, n.home, admin.PartnerChange{Inbound: new(idp.AccessBlocked)})
			return err
		}, true},
		{"nobody may go there", func(n *neighbours, _ *person) error {
			_, err := n.server.Admin.UpdateCrossTenantDefault(n.Context(), demoActor, n.home, admin.PartnerChange{Outbound: new(idp.AccessBlocked)})
			return err
		}, true},
		{"what they proved beside it is deleted", func(n *neighbours, _ *person) error {
			key := &idp.Passkey{
				PasskeyID: idp.NewID(), UserID: n.kim.ID, Name: "Phone", Credential: []byte("k"), Synced: true,
				AAGUID: "00000000-0000-0000-0000-000000000000", CreatedAt: n.server.Clock.Now(), Transports: []string{"internal"},
			}
			err := n.server.Store.Update(n.Context(), n.home, func(tx *storage.Tx) error {
				all, _, err := storage.List[idp.Session](tx, "user", n.kim.ID, storage.Page{})
				for _, s := range all { // as after a second proof in the same browser
					s.Proofs = append(s.Proofs, idp.Proof{Method: idp.PasskeyMethod, Credential: key.PasskeyID, At: n.server.Clock.Now(), MFA: true})
					err = errors.Join(err, tx.Put(s))
				}
				return errors.Join(err, tx.Insert(key))
			})
			return errors.Join(err, n.server.Admin.DeletePasskey(n.Context(), demoActor, n.home, n.kim.ID, key.PasskeyID))
		}, true},
		{"signed out at home", func(n *neighbours, p *person) error {
			p.Open(n.server.Config.BaseURL + "/" + n.home + "/oauth2/v2.0/logout")
			p.Press("decision", "sign-out")
			return nil
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := newNeighbours(t)
			p := n.accepts()
			p.Open(n.authorize(nil))
			_, tokens := n.redeem(p.allow().Get("code"))
			if !n.in(p) || !n.refreshes(tokens["refresh_token"]) {
				t.Fatal("not signed in")
			}
			p.Open(n.authorize(nil))
			_, tokens = n.redeem(p.allow().Get("code"))
			if err := row.end(n, p); err != nil {
				t.Fatal(err)
			}
			n.deliver()
			if n.in(p) {
				t.Error("still signed in")
			}
			// A pass bounds what came of it, session or not, so that all is over in either case.
			if n.refreshes(tokens["refresh_token"]) {
				t.Error("the refresh token still counts")
			}
		})
	}
}

// TestVouchers: what a home tenant says counts for one question in one browser at one tenant,
// once, about the guest that it is about.
func TestVouchers(t *testing.T) {
	n := newNeighbours(t)
	base := n.server.Config.BaseURL
	p := newPerson(t, base+"/"+n.tenant+"/federation/home")
	p.Open(n.link)
	n.byPass(p)
	good := p.Landed()
	at := func(q url.Values, tenant string) string {
		return base + "/" + tenant + "/federation/home?" + q.Encode()
	}

	stranger := newPerson(t, appBack)
	stranger.Open(base + "/" + n.tenant + "/signin")
	stranger.Open(at(good, n.tenant))
	stranger.wantProblem("state.foreign")

	p.away = appBack
	for name, change := range map[string]func(url.Values){
		"none":    func(q url.Values) { q.Del("voucher") },
		"torn":    func(q url.Values) { q.Set("voucher", q.Get("voucher")[1:]) },
		"swapped": func(q url.Values) { q.Set("voucher", q.Get("state")) },
	} {
		q := url.Values{"state": good["state"], "voucher": slices.Clone(good["voucher"])}
		change(q)
		p.Open(at(q, n.tenant))
		if p.first("p", "data-problem", "federation.refused") == nil {
			t.Errorf("%s: on page %q:\n%s", name, p.Page(), p.Text())
		}
	}
	p.Open(at(good, n.home))
	p.wantProblem("state.foreign")

	// For another question of the same browser.
	q := newPerson(t, base+"/"+n.tenant+"/federation/home")
	q.client = p.client
	p.away = base + "/" + n.tenant + "/federation/home"
	p.Open(n.link)
	other := p.Landed()
	p.away = appBack
	p.Open(at(url.Values{"state": other["state"], "voucher": good["voucher"]}, n.tenant))
	p.wantProblem("federation.refused")

	before := n.touched()
	p.Open(at(good, n.tenant))
	p.WantPage("redeem")
	if n.touched() == before {
		t.Error("the right one changed nothing")
	}
	before = n.touched()
	p.Open(at(good, n.tenant))
	if after := n.touched(); after != before {
		t.Errorf("a second time: %s, before %s", after, before)
	}
}

// TestVoucherOfAnother: whoever opens the invitation of somebody else at home gets nowhere.
func TestVoucherOfAnother(t *testing.T) {
	n := newNeighbours(t)
	p := newPerson(t, appBack)
	p.Open(n.link)
	p.WantPage("pass")
	p.Press("change", "1")
	p.Fill("username", "admin@fabrikam.example")
	p.Submit()
	p.Fill("code", n.report().tenant(t, "fabrikam.example").user(t, "admin@fabrikam.example").TemporaryAccessPass)
	before := n.touched()
	p.Submit()
	p.wantProblem("federation.other")
	if after := n.touched(); after != before {
		t.Errorf("%s, before %s", after, before)
	}
}

// TestHomeHoweverSpelt: an app that spells somebody's address in another way does not get them
// past their own organization.
func TestHomeHoweverSpelt(t *testing.T) {
	n := newNeighbours(t)
	for _, hint := range []string{"kim@fabrikam.example", "Kim@FABRIKAM.example", "kim@fabrikam.example.", "kim\uff20fabrikam.example", "kim@fabrikam\u3002example"} {
		p := newPerson(t, appBack)
		p.Open(n.authorize(url.Values{"login_hint": {hint}}))
		if p.Page() != "pass" || !strings.Contains(p.Text(), "Fabrikam") {
			t.Errorf("%q: on page %q:\n%s", hint, p.Page(), p.Text())
		}
	}
}

// TestHomeDomainMoves: a guest is the person of an organization that they were linked with, and
// nobody who has their address by now at another one, to which the domain has gone.
func TestHomeDomainMoves(t *testing.T) {
	const moved, lea = "moved.example", "lea@moved.example"
	n := newNeighbours(t)
	desk := n.server.Admin
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(tenant string) (*idp.User, string) {
		t.Helper()
		u, err := desk.CreateUser(t.Context(), demoActor, tenant, idp.User{PrincipalName: lea, DisplayName: "Lea", Type: idp.Member})
		must(err)
		_, code, err := desk.CreatePass(t.Context(), demoActor, tenant, u.UserID, idp.PassRequest{})
		must(err)
		return u, code
	}
	_, err := desk.AddDomain(t.Context(), demoActor, n.home, moved)
	must(err)
	first, code := at(n.home)
	i, err := desk.Invite(t.Context(), demoActor, n.tenant, admin.InvitationRequest{Email: lea, RedirectURL: n.appURL + "/"})
	must(err)
	p := newPerson(t, appBack)
	p.Open(n.server.Config.BaseURL + i.Invitation.RedeemPath(n.tenant, i.Ticket))
	p.Fill("code", code)
	p.Submit()
	p.WantPage("redeem")
	p.Press("invitation", "accept")

	_, err = desk.UpdateUser(t.Context(), demoActor, n.home, first.UserID, admin.UserChange{PrincipalName: new("lea@fabrikam.example")})
	must(err)
	_, err = desk.RemoveDomain(t.Context(), demoActor, n.home, moved)
	must(err)
	third, err := desk.CreateTenant(t.Context(), demoActor, "Third", moved)
	must(err)
	_, err = desk.UpdatePassPolicy(t.Context(), demoActor, third.TenantID, admin.PassPolicyChange{Enabled: new(true)})
	must(err)
	_, code = at(third.TenantID)
	q := newPerson(t, appBack)
	q.Open(n.authorize(url.Values{"login_hint": {lea}}))
	q.Fill("code", code)
	before := n.touched()
	q.Submit()
	q.wantProblem("federation.subject")
	if after := n.touched(); after != before {
		t.Errorf("%s, before %s", after, before)
	}
}

// TestOutbound: an organization may let none of its people be guests elsewhere.
func TestOutbound(t *testing.T) {
	n := newNeighbours(t)
	blocked := idp.AccessBlocked
	if _, err := n.server.Admin.UpdateCrossTenantDefault(t.Context(), demoActor, n.home, admin.PartnerChange{Outbound: &blocked}); err != nil {
		t.Fatal(err)
	}
	p := newPerson(t, appBack)
	p.Open(n.link)
	n.byPass(p)
	p.wantProblem("guest.outbound")
}

// commitsAtMost counts the commits of what is done after a preparation: the fewest of three times,
// since the server makes some by itself now and then.
func (n *neighbours) commitsAtMost(most uint64, what string, prepare, do func()) {
	n.Helper()
	fewest := uint64(math.MaxUint64)
	for range 3 {
		prepare()
		at := n.server.Store.Commits()
		do()
		fewest = min(fewest, n.server.Store.Commits()-at)
	}
	n.Logf("%d commits for %s", fewest, what)
	if fewest > most {
		n.Errorf("%d commits for %s, more than %d", fewest, what, most)
	}
}

// TestRoundTripCommits: the way to a provider and back costs at most two writes, the way home
// likewise at each tenant.
func TestRoundTripCommits(t *testing.T) {
	n := newNeighbours(t)
	n.user("sam@" + fedDomain)
	n.as("sam@" + fedDomain).allow() // consent and identity are there from now on
	n.commitsAtMost(2, "a sign-in by a provider", func() {}, func() { n.as("sam@" + fedDomain).Landed() })
	p := n.accepts()
	p.Open(n.authorize(nil))
	p.allow()
	n.commitsAtMost(2, "a guest who is signed in at home", func() {
		p.Open(n.server.Config.BaseURL + "/" + n.tenant + "/oauth2/v2.0/logout")
		p.Press("decision", "sign-out")
	}, func() {
		p.Open(n.authorize(url.Values{"login_hint": {"kim@fabrikam.example"}}))
		p.Landed()
	})
	if strings.Contains(n.log.String(), "panic") {
		t.Error(n.log)
	}
}
