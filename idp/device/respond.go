package device

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// answered is what a device sends to decide.
type answered struct {
	Response string          `json:"response"`
	UV       json.RawMessage `json:"uv"`
}

// responseClaims are what a device signs to decide.
type responseClaims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	ID        string `json:"jti"`
	At        int64  `json:"iat"`
	Ends      int64  `json:"exp"`
	Request   string `json:"txn"`
	Challenge string `json:"ch"`
	Nonce     string `json:"nonce"`
	App       string `json:"app"`
	Decision  string `json:"decision"`
	Reason    string `json:"reason"`
	Number    string `json:"number"`
	Choice    string `json:"choice"`
	Scan      string `json:"scan"`
	UV        struct {
		Method string `json:"method"`
	} `json:"uv"`
}

// maxAnswer bounds what is compared with a number, in bytes.
const maxAnswer = 64

// secret is the answer in the way it was asked for.
func (c responseClaims) secret(mode idp.AskMode) string {
	switch mode {
	case idp.AskScan:
		return c.Scan
	case idp.AskPick:
		return c.Choice
	}
	return c.Number
}

// respond judges an answer. Its order is that of docs/device-protocol.md; one transaction decides.
func (s *Service) respond(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r)
	var in answered
	if _, err := body(r, &in); err != nil {
		return err
	}
	var claims responseClaims
	h, err := s.signedBy(r, in.Response, typeResponse, &claims)
	if err != nil {
		return err
	}
	if err := s.addressed(q, h.KeyID, claims); err != nil {
		return err
	}
	a := &answer{Service: s, r: r, q: q, in: in, claims: claims, thumbprint: h.KeyID}
	if err := s.update(r.Context(), q.Tenant, a.decide); err != nil {
		return err
	}
	s.Waker.Wake(claims.Request)
	switch {
	case a.cloned:
		return errCopied
	case a.wrong:
		s.Waker.Wake(wakeKey(q.Tenant.TenantID, a.user.UserID))
		return &ended{state: a.request.State, left: a.request.Left(), wrong: true}
	}
	return reply(w, http.StatusOK, map[string]any{"state": a.request.State})
}

// addressed tells what is wrong with an answer that the device has signed, whatever it is about.
func (s *Service) addressed(q *web.Request, thumbprint string, c responseClaims) error {
	switch {
	case c.Issuer != thumbprint || c.Audience != s.issuer(q.Tenant):
		return refuse("the response is by or for somebody else")
	case !fresh(c.At, q.Now) || c.Ends <= q.Now.Add(-skew).Unix() || c.Ends-c.At > int64(skew/time.Second):
		return refuse("the response is too old, or the device's clock is wrong")
	case len(c.ID) < 16 || len(c.ID) > 64:
		return refuse("the response has no proper jti")
	case len(c.Number)+len(c.Choice)+len(c.Scan) > maxAnswer:
		return refuse("an answer that is longer than any")
	case c.Decision != "approve" && c.Decision != "deny":
		return refuse("the response decides nothing")
	}
	return nil
}

// answer is one answer on its way through.
type answer struct {
	*Service
	r          *http.Request
	q          *web.Request
	in         answered
	claims     responseClaims
	thumbprint string
	// What comes of it.
	user          *idp.User
	request       *idp.SignInRequest
	wrong, cloned bool
}

// decide runs in one transaction, perhaps more than once.
func (a *answer) decide(tx *storage.Tx) error {
	now := a.q.Now
	a.request, a.wrong, a.cloned = nil, false, false
	c, err := a.load(tx, a.thumbprint, now)
	if err != nil {
		return err
	}
	a.user = c.user
	if c.enrolment != nil {
		return refuse("the device is not confirmed yet")
	}
	if err := a.find(tx, c); err != nil {
		return err
	}
	if why := a.allowed(c); why != idp.Offered {
		return refuse(string(why))
	}
	if a.claims.Decision == "deny" {
		return a.deny(tx, c)
	}
	return a.approve(tx, c)
}

// find is the request that is answered: sent to this device, as it was sent, and pending. Only a
// device that shows what it was sent learns what became of it.
func (a *answer) find(tx *storage.Tx, c *caller) (err error) {
	now := a.q.Now
	r, err := idp.Optional(storage.Get[idp.SignInRequest](tx, a.claims.Request))
	if err != nil {
		return err
	}
	if r == nil || r.UserID != c.user.UserID || r.Decoy && len(r.Challenges) == 0 {
		return refuse("the device was sent no such request")
	}
	state := r.StateAt(now)
	if r.Decoy { // what its browser is not told, which sees it wait
		state = idp.RequestSuperseded
	}
	spent, err := idp.Spend(tx, now.Add(4*skew), "device-jti", a.thumbprint, a.claims.ID)
	switch {
	case err != nil:
		return err
	case state != idp.RequestPending:
		return &ended{state: state}
	case !spent:
		return refuse("the response was sent before")
	}
	sent := r.Challenges[c.device.AuthenticatorID]
	if sent == "" || !same(a.claims.Challenge, hash([]byte(sent))) || !same(a.claims.Nonce, r.Nonce) {
		return refuse("the response is to another challenge")
	}
	name := ""
	if c.policy.Authenticator.ShowApp.Shows(c.user) {
		name = r.Context.App
	}
	if a.claims.App != name {
		return refuse("the response is about another app than was displayed")
	}
	a.request = r
	return nil
}

// allowed tells whether user, device and policy still are as they must be. Who denies is heard in
// any case.
func (a *answer) allowed(c *caller) idp.Reason {
	if a.claims.Decision == "deny" {
		return idp.Offered
	}
	if why := c.policy.Authenticator.Allows(c.user, a.request.Purpose == idp.PurposeStepUp); why != idp.Offered {
		return why
	}
	return c.device.Usable(c.policy.Authenticator, c.user, a.q.Now)
}

// approve lets the browser go on whose page shows what was answered. The holder is verified
// first: else a stolen device that is unlocked would tell which number is right.
func (a *answer) approve(tx *storage.Tx, c *caller) error {
	if len(a.in.UV) == 0 || a.claims.UV.Method != "webauthn" {
		return refuse("the holder was not verified")
	}
	copied, err := a.verify(c, a.in.Response, a.in.UV)
	if err != nil {
		return err
	}
	if copied {
		a.cloned = true
		return a.suspend(tx, a.r, c)
	}
	sent := a.request.Challenges[c.device.AuthenticatorID]
	if !a.request.Answer(a.Keys, a.q.Tenant.TenantID, a.claims.secret(a.request.Mode), a.q.Now) {
		a.wrong = true
		return errors.Join(tx.Put(c.device), a.missed(tx))
	}
	a.request.Approve(c.device.AuthenticatorID, a.q.Now)
	a.request.Evidence = idp.Evidence{
		Challenge: sent, Response: a.in.Response, Assertion: string(a.in.UV), Key: c.device.Key, PublicKey: c.device.Verifier.PublicKey,
	}
	return errors.Join(tx.Put(c.device), tx.Put(a.request))
}

// errCopied is what is logged of a device that is suspended.
var errCopied = refuse("the counter of the verifier went back: there may be a copy")

// verify has the device's verifier sign over what the device itself has signed, with its holder
// verified. copied: its counter went back, so that there may be another one with the same key
// (WebAuthn 6.1.1); nothing is changed then.
func (s *Service) verify(c *caller, signed string, uv json.RawMessage) (copied bool, err error) {
	v, challenge := &c.device.Verifier, sha256.Sum256([]byte(signed))
	count, backedUp, err := s.Verifier.Verified(*v, challenge[:], string(uv))
	if err != nil {
		return false, refuse(err.Error())
	}
	if (count > 0 || v.SignCount > 0) && count <= v.SignCount {
		return true, nil
	}
	v.SignCount, v.BackedUp = count, backedUp
	return false, nil
}

// missed counts a wrong number. Whoever has so many of them is not asked for a while.
func (a *answer) missed(tx *storage.Tx) error {
	quota, err := idp.LoadQuota(tx, "numbers "+a.user.UserID)
	if err != nil {
		return err
	}
	quota.Count(a.q.Now)
	e := a.failed("wrong number")
	if quota.Wait(a.q.Now, idp.WrongNumbers) > 0 {
		e.Details["paused"] = idp.WrongNumbersPause.String()
		err = idp.Block(tx, a.q.Now.Add(idp.WrongNumbersPause), idp.NumbersPaused(a.user.UserID)...)
	}
	return errors.Join(err, tx.Put(quota), tx.Put(a.request), a.log(a.q.Tenant).Append(tx, e))
}

// failed is the line of the sign-in log about a request that was not approved.
func (a *answer) failed(why string) *idp.AuditEvent {
	e := event(a.r, idp.SignIns, a.user)
	e.Method, e.Result, e.Error, e.Reason = idp.AuthenticatorName, "failure", idp.PhoneDenied, idp.PhoneDenied.Text()
	e.Details = map[string]string{"reason": why, "request": a.request.RequestID, "state": string(a.request.State)}
	return e
}

// suspend keeps a device from being accepted that may have been copied, and ends what came from
// it, since nobody knows of which of the two.
func (s *Service) suspend(tx *storage.Tx, r *http.Request, c *caller) error {
	q := web.From(r)
	if !c.device.Suspend(q.Now) {
		return nil
	}
	e := event(r, idp.Directory, c.user)
	e.Tell(idp.CredentialSuspended)
	e.Actor, e.Passing = idp.Party{Type: idp.ActorSystem}, false
	e.Reason = string(idp.CopiedDevice)
	e.Details = map[string]string{"method": c.device.AuthenticatorID, "name": c.device.Name}
	return errors.Join(tx.Put(c.device), idp.EndCredential(tx, c.device.AuthenticatorID, idp.GrantRevoked, q.Now), s.log(q.Tenant).Append(tx, e))
}

// deny ends the request. Whoever was not who asked tells on them: that browser and that network
// get nothing more from this user for a while, and administrators and the user are told.
func (a *answer) deny(tx *storage.Tx, c *caller) error {
	reason := a.claims.Reason
	if reason != idp.DeniedNotMe {
		reason = idp.DeniedCancelled
	}
	sent := a.request.Challenges[c.device.AuthenticatorID]
	a.request.Deny(c.device.AuthenticatorID, reason, a.q.Now)
	a.request.Evidence = idp.Evidence{Challenge: sent, Response: a.in.Response, Key: c.device.Key}
	err := errors.Join(tx.Put(a.request), a.log(a.q.Tenant).Append(tx, a.failed("the user denied: "+reason)))
	if reason != idp.DeniedNotMe || err != nil {
		return err
	}
	return a.report(tx, c)
}

func (a *answer) report(tx *storage.Tx, c *caller) error {
	now, from := a.q.Now, a.request.Context
	e := event(a.r, idp.Directory, a.user)
	e.Tell(idp.PromptReported)
	e.Passing = false
	e.Details = map[string]string{
		"request": a.request.RequestID, "device": c.device.AuthenticatorID, "app": from.App, "from": from.Address, "browser": from.Browser, "system": from.System,
	}
	err := errors.Join(
		idp.Block(tx, now.Add(idp.PromptBlocked), idp.NotMeBrowser(a.user.UserID, a.request.Browser)...),
		idp.Block(tx, now.Add(idp.PromptBlocked), idp.NotMeNetwork(a.user.UserID, from.Address)...),
		a.log(a.q.Tenant).Append(tx, e),
	)
	details := map[string]string{"Name": c.device.Name, "App": from.App, "Address": from.Address, "Browser": from.Browser}
	return errors.Join(err, idp.Notify(tx, a.user, idp.MailRequestReported, details, now))
}
