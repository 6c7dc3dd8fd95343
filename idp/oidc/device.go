package oidc

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// deviceAnswer is the device authorization response (RFC 8628 3.2); message is
// what MSAL prints.
type deviceAnswer struct {
	DeviceCode      string `json:"device_code"`
	UserCode        string `json:"user_code"`
	VerificationURI string `json:"verification_uri"`
	Complete        string `json:"verification_uri_complete"`
	ExpiresIn       int    `json:"expires_in"` // seconds
	Interval        int    `json:"interval"`   // seconds
	Message         string `json:"message"`
}

// pollInterval is how long a device waits between two polls.
const pollInterval = 5 * time.Second

// deviceAuthorization is the device authorization endpoint (RFC 8628 3.1). It
// stores something for whoever asks, so each address is held back.
func (p *Provider) deviceAuthorization(w http.ResponseWriter, r *http.Request) {
	answer, err := p.startDevice(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) startDevice(r *http.Request) (*deviceAnswer, error) {
	given, shown, err := p.readClientForm(r)
	if err != nil {
		return nil, err
	}
	q := &tokenRequest{Request: web.From(r), given: given, shown: shown}
	if !p.stores.Allow(q.Address, q.Now) {
		return nil, tooMany("Too many devices ask from this address. Try again in a minute.")
	}
	code, userCode := idp.NewToken(idp.DeviceCode), idp.NewUserCode()
	err = p.within(r.Context(), q, deviceGrant, func(tx *storage.Tx) (*protocolError, error) {
		asked, err := p.scopesWanted(tx, q.client, given)
		if err != nil {
			return nil, err
		}
		if len(asked.scopes) == 0 {
			return nil, scopeUnknown()
		}
		ends := q.Now.Add(idp.DeviceLifetime)
		return nil, tx.Insert(&idp.Grant{
			GrantID: idp.NewID(), ClientID: q.client.ClientID, Scopes: asked.scopes, Resources: asked.resources, CreatedAt: q.Now, NotAfter: ends, EndsAs: idp.GrantExpired,
			Device: idp.Device{Hash: idp.HashToken(idp.DeviceCode, code), UserCode: p.Keys.UserCodeHash(q.Tenant.TenantID, userCode), Ends: ends},
		})
	})
	if err != nil {
		return nil, err
	}
	return p.deviceAnswer(q.Tenant, code, userCode), nil
}

func (p *Provider) deviceAnswer(t *idp.Tenant, code, userCode string) *deviceAnswer {
	page := p.Base + "/" + t.Domains[0] + "/device" // people type it: the domain, not the GUID
	shown := userCode[:4] + "-" + userCode[4:]
	return &deviceAnswer{
		DeviceCode: code, UserCode: shown, VerificationURI: page, Complete: page + "?user_code=" + shown,
		ExpiresIn: int(idp.DeviceLifetime / time.Second), Interval: int(pollInterval / time.Second),
		Message: "To sign in, use a web browser to open the page " + page + " and enter the code " + shown + " to authenticate.",
	}
}

// redeemDevice is the device grant at the token endpoint (RFC 8628 3.4, 3.5).
func (p *Provider) redeemDevice(tx *storage.Tx, q *tokenRequest, m *minting) (*protocolError, error) {
	g, err := idp.Optional(storage.Lookup[idp.Grant](tx, "device", idp.HashToken(idp.DeviceCode, q.given["device_code"])))
	if err != nil {
		return nil, err
	}
	if g == nil || g.ClientID != q.client.ClientID {
		return invalidGrant(idp.GrantExpired), nil
	}
	if fault := waiting(g, q.Now); fault != nil {
		return fault, nil
	}
	if sts := g.RedeemDevice(q.Now); sts != 0 {
		return invalidGrant(sts), tx.Put(g)
	}
	if refusal, err := q.usable(tx, g); refusal != nil || err != nil {
		return refusal, err
	}
	if m.target, err = p.redeemed(tx, q, g); err != nil {
		return nil, err
	}
	m.grant = g
	q.firstRefresh(g, m)
	return nil, tx.Put(g)
}

// slowDown tells a device that asks too often so (RFC 8628 3.5).
func (p *Provider) slowDown(q *tokenRequest, err error) error {
	hash := idp.HashToken(idp.DeviceCode, q.given["device_code"])
	if e, ok := errors.AsType[*protocolError](err); ok && e.Code == pending && p.polls.tooSoon(hash, q.Now) {
		return bad("slow_down", "The device asks more often than every five seconds.")
	}
	return err
}

const pending = "authorization_pending"

// waiting is what a device that has nothing to redeem yet is told (RFC 8628 3.5).
func waiting(g *idp.Grant, now time.Time) *protocolError {
	switch {
	case g.Device.Denied:
		return bad("access_denied", "The person refused the request.")
	case !now.Before(g.Device.Ends):
		return bad("expired_token", "The device code has expired. Start again.")
	case g.UserID == "":
		return bad(pending, "Nobody has entered the code yet.")
	}
	return nil
}

// polls remembers when each waiting device asked last. It is kept in memory: after
// a restart a device merely gets one poll for free.
type polls struct {
	mu   sync.Mutex
	last map[string]time.Time // by hash of the device code
}

const maxPolls = 10_000

func newPolls() *polls { return &polls{last: map[string]time.Time{}} }

func (p *polls) tooSoon(code string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, asked := p.last[code]
	if len(p.last) >= maxPolls {
		clear(p.last)
	}
	p.last[code] = now
	return asked && now.Sub(before) < pollInterval
}
