package oidc_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// newPlayer makes a world with one app more, which gets tokens from the authorization
// endpoint; with an API that checks tokens by itself, another that does not, and leave for
// the first to use the second; with apps that hear of logouts; and nothing obtained yet.
func newPlayer(t testing.TB) *player {
	p := &player{w: newWorld(t, options{}), m: newModel(epoch), ears: &ears{}}
	p.w.tenant.Registration = idp.RegistrationToken
	p.w.put(storage.System, p.w.tenant)
	exchanging := func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantExchange) }
	p.w.relying("front", answering(), exchanging)
	p.w.permit(p.w.relying("store", exchanging), mail+"read")
	for identifier, jwt := range map[string]bool{files: true, mail: false} {
		api := idp.API{Identifier: identifier, Name: "API", Scopes: []string{"read"}, JWT: jwt}
		if jwt {
			api.ClientID = "store"
		}
		p.w.must2(p.w.admin.CreateAPI(p.w.ctx(), operator, tenantID, api))
	}
	p.listens()
	p.w.stop() // leaves a mark of the clock
	return p
}

// exchangeToken lets an app exchange a token, most often a living one that it holds.
func (p *player) exchangeToken(s step) {
	a := p.w.apps[[]string{"front", "store", "store", "web"}[s.y%4]]
	var tokens []*mToken
	for _, t := range p.m.tokens {
		if held := p.m.holds(a, t); s.z%4 == 0 || held && s.z%4 == 1 || held && t.grant != nil && p.m.tokenWorks(t) {
			tokens = append(tokens, t)
		}
	}
	t, ok := choose(tokens, s.x)
	if !ok {
		return
	}
	target, change := t.api, url.Values{}
	if s.z/4%3 == 0 {
		target = mail
		change.Set("resource", mail)
	}
	p.tell("%s exchanges %s for %q", a.ClientID, p.name(t), target)
	got := p.w.exchange(a, t.value, change)
	switch m := p.m; {
	case !a.Allows(idp.GrantExchange):
		p.want(got.Status == http.StatusBadRequest && got.str("error") == "unauthorized_client", "want unauthorized_client, got %d %s", got.Status, got.Body)
	case t.refresh || t.grant == nil || !m.tokenWorks(t) || !m.holds(a, t):
		p.refused(got, false)
	case target != t.api && a.ClientID != "store":
		p.want(got.Status == http.StatusBadRequest && got.str("error") == "invalid_scope", "want invalid_scope, got %d %s", got.Status, got.Body)
	case m.left(t.grant) == 0:
		p.refused(got, t.grant.end.Equal(t.grant.pass.end))
	case t.end.Sub(m.now) < time.Second: // what is exchanged ends with what it was exchanged for
		p.refused(got, false)
	default:
		p.want(got.Status == http.StatusOK && got.str("refresh_token")+got.str("id_token") == "", "no exchange: %d %s", got.Status, got.Body)
		p.receiveAccess(t.grant, a, got, target, false, t.end.Sub(m.now))
	}
}

// holds: it was issued to the app, or is for the API that the app is.
func (m *model) holds(a *app, t *mToken) bool {
	return t.app == a || a.ClientID == "store" && t.api == files
}

// registerApp lets an app register itself, one at a time.
func (p *player) registerApp(step) {
	if p.guest != nil {
		return
	}
	p.tell("an app registers itself")
	got := p.w.register(metadataOf(p.w.t, claims{
		"redirect_uris": []string{"https://guest.example/callback"}, "grant_types": []string{idp.GrantCode, idp.GrantRefresh, idp.GrantImplicit},
		"response_types": []string{"code", "code id_token token", "id_token token"}, "backchannel_logout_uri": p.hears("guest"),
	}), p.w.initial(1, time.Hour))
	p.want(got.Status == http.StatusCreated, "not registered: %d %s", got.Status, got.Body)
	p.guest, p.access = p.w.joined(got.str("client_id"), got.str("client_secret")), got.str("registration_access_token")
}

// removeApp ends that, and all the app has.
func (p *player) removeApp(step) {
	if p.guest == nil {
		return
	}
	p.tell("the app that registered itself is removed")
	got := p.w.do(registering("DELETE", "/"+p.guest.ClientID, "", p.access))
	p.want(got.Status == http.StatusNoContent, "not removed: %d %s", got.Status, got.Body)
	p.m.gone[p.guest], p.guest = true, nil
	p.checkAll()
}

// keyOf is the key that a grant's refresh tokens are bound to, nil for none.
func (p *player) keyOf(g *mGrant) *signing {
	if g.keyed {
		return esKey()
	}
	return nil
}
