package signin

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Asking somebody on a device of theirs. Whoever types a name can have somebody asked, so what is
// asked is bounded, and looks the same for names that nobody has: a decoy is asked then, which
// nobody answers.

// requested tells whether somebody was asked on a device by the method.
func (f Flow) requested(m idp.Method) bool {
	_, ok := m.(idp.Requester)
	return ok && f.Sent != 0 && f.Chosen == m.Info().Kind && f.requestID() != ""
}

func (f Flow) requestID() string { return f.Prompt.Fields["request"] }

// browser is what a request keeps of the browser that asked.
func (s *Service) browser(v Visit) string {
	return hex.EncodeToString(s.keys.MAC("request-browser", v.Tenant.TenantID, v.Browser))
}

// request has the person of the flow asked on their devices, or pretends to. The outcome is the
// page that waits, or carries a Problem.
func (s *Service) request(ctx context.Context, a *attempt, m idp.Requester, mode idp.AskMode) (Outcome, error) {
	var made *idp.SignInRequest
	var problem *Problem
	quiet := false
	err := s.store.Update(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		made, problem, a.aside, a.dropped = nil, nil, false, nil
		if err := s.loadSubject(tx, a); err != nil {
			return err
		}
		quiet = a.subject.Policy.Authenticator.Quiet && !a.subject.Known
		if problem, err = s.barred(tx, a); problem != nil || err != nil {
			return err
		}
		made, err = s.ask(tx, a, m, mode)
		return err
	})
	if err != nil {
		return s.refused(ctx, a, err)
	}
	if problem != nil {
		a.waits = a.f.requestID() != ""
		return a.again(*problem), nil
	}
	for _, id := range a.dropped { // their pages tell so at once
		s.waker.Wake(id)
	}
	s.notify(a.v.Tenant.TenantID, made, quiet)
	f := a.f
	f.Challenge, f.Problem, f.Sent = made.RequestID, nil, a.v.Now.UnixNano()
	f.Prompt = idp.Prompt{Page: "number", Fields: map[string]string{"request": made.RequestID}}
	return Outcome{Decision: idp.Decision{Step: idp.Ask, Method: f.Chosen}, Flow: f, Prompt: f.Prompt}, nil
}

// asked is whose devices a request is for: of names that nobody has, those that share a throttle.
func (a *attempt) asked() string {
	if u := a.subject.User; u != nil {
		return u.UserID
	}
	return a.key
}

// barred tells why nobody is asked now: who was told that it was not them, somebody else is
// asking, or there was too much of it. What it counts is stored with the request.
func (s *Service) barred(tx *storage.Tx, a *attempt) (*Problem, error) {
	now := a.v.Now
	bars := [][]string{idp.NotMeBrowser(a.asked(), s.browser(a.v)), {"wrong-numbers", a.asked()}}
	if !a.subject.Known { // else whoever is behind the same address could shut its owner out
		bars = append(bars, idp.NotMeNetwork(a.asked(), a.v.Address))
	}
	for _, by := range bars {
		block, err := idp.Blocked(tx, now, by...)
		if err != nil {
			return nil, err
		}
		if !block.IsZero() {
			return &Problem{Text: "number.blocked", Until: block.UnixNano()}, nil
		}
	}
	open, err := idp.PendingRequests(tx, a.asked(), now)
	if err != nil {
		return nil, err
	}
	for _, r := range open {
		switch {
		case r.Browser == s.browser(a.v), a.subject.Known && !r.Known:
		case r.Known && !a.subject.Known: // to say so would tell that the user is signing in elsewhere
			a.aside = true
		default:
			return &Problem{Text: "number.open", Until: r.Ends.UnixNano()}, nil
		}
	}
	wait, err := s.countPrompt(tx, a)
	if wait > 0 {
		return &Problem{Text: "number.toomany", Until: now.Add(wait).UnixNano()}, err
	}
	for _, r := range open {
		switch {
		case r.Browser == s.browser(a.v):
			r.Drop(idp.RequestSuperseded, now)
			a.dropped = append(a.dropped, r.RequestID)
		case a.subject.Known: // a stranger's, whom it does not wait for
			r.Decoy = true
		default:
			continue
		}
		err = errors.Join(err, tx.Put(r))
	}
	return nil, err
}

// countPrompt counts a request, or tells how long it takes until there may be one. Strangers are
// counted by their network too.
func (s *Service) countPrompt(tx *storage.Tx, a *attempt) (wait time.Duration, err error) {
	type counted struct {
		key    string
		limits []idp.Limit
	}
	all := []counted{{promptKey(a.key), idp.StrangerPrompts}, {networkKey(a.v.Address), idp.NetworkPrompts}}
	if a.subject.Known {
		all = []counted{{promptKey(a.key), idp.KnownPrompts}}
	}
	quotas := make([]*idp.Quota, len(all))
	for i, c := range all {
		if quotas[i], err = idp.LoadQuota(tx, c.key); err != nil {
			return 0, err
		}
		wait = max(wait, quotas[i].Wait(a.v.Now, c.limits))
	}
	if wait > 0 {
		return wait, nil
	}
	for _, q := range quotas {
		q.Count(a.v.Now)
		err = errors.Join(err, tx.Put(q))
	}
	return 0, err
}

func promptKey(throttle string) string { return "prompts " + throttle }

func networkKey(address string) string { return "prompts network " + idp.Network(address) }

// ask stores the request. Who has no device that the policy accepts is a decoy; so is, in a
// browser that does not know them, who has one and is outside the policy, or is being asked by a
// browser that does. The log tells.
func (s *Service) ask(tx *storage.Tx, a *attempt, m idp.Requester, want idp.AskMode) (*idp.SignInRequest, error) {
	why := idp.UnknownUser
	u := a.subject.User
	if u != nil {
		why = m.Offer(a.subject)
	}
	if u != nil && u.Disabled {
		why = idp.DisabledUser
	}
	if r := outsidePolicy(a, why); r != nil {
		if a.subject.Known {
			return nil, r
		}
		if err := s.logSignIn(tx, a, "", r); err != nil {
			return nil, err
		}
	}
	mode, page, err := s.modes(tx, a, m, want)
	if err != nil {
		return nil, err
	}
	r := idp.NewSignInRequest(s.keys, a.v.Tenant.TenantID, a.asked(), a.subject.Policy.Authenticator, mode, a.v.Now)
	r.Decoy, r.Browser, r.Known, r.Throttle, r.Page = why != idp.Offered || a.aside, s.browser(a.v), a.subject.Known, a.key, page
	if a.subject.Again {
		r.Purpose = idp.PurposeStepUp
	}
	if r.Context, err = s.context(tx, a); err != nil {
		return nil, err
	}
	question := &idp.Challenge{ChallengeID: r.RequestID, Ends: r.Ends.Add(idp.ChallengeLifetime)}
	return r, errors.Join(tx.Insert(r), tx.Insert(question))
}

// outsidePolicy is the refusal of who holds a device and is not allowed to sign in by it, nil
// for everybody else.
func outsidePolicy(a *attempt, why idp.Reason) *idp.Refusal {
	if len(a.subject.Credentials) == 0 || why != idp.OutOfScope && why != idp.OutOfMode && why != idp.MethodDisabled {
		return nil
	}
	return &idp.Refusal{Told: idp.PhoneBlocked, Logged: idp.PhoneBlocked, Detail: string(why)}
}

// modes are how devices ask, and how the page says that they do: the same, but that strangers
// are not told who is privileged and therefore does not pick.
func (s *Service) modes(tx *storage.Tx, a *attempt, m idp.Requester, want idp.AskMode) (asked, page idp.AskMode, err error) {
	careful, err := s.careful(tx, a)
	asked = m.Mode(a.subject, want, careful)
	page = m.Mode(a.subject, want, false)
	if !careful || page != idp.AskPick || a.subject.Known {
		return asked, asked, err
	}
	return idp.AskType, page, err
}

// careful tells whether a guess among a few must not be enough: of the privileged, and of who
// steps up.
func (s *Service) careful(tx *storage.Tx, a *attempt) (bool, error) {
	if a.subject.User == nil || a.subject.Again {
		return a.subject.Again, nil
	}
	o, err := idp.ObjectOf(tx, a.v.Tenant, a.subject.User)
	return err == nil && o.Privileged(), err
}

// context is what the device shows of who asks.
func (s *Service) context(tx *storage.Tx, a *attempt) (c idp.RequestContext, err error) {
	c = idp.RequestContext{App: idp.OneLine(a.v.Tenant.Name), Address: a.v.Address}
	c.Browser, c.System = idp.UserAgent(a.v.UserAgent)
	if a.f.Request == nil {
		return c, nil
	}
	client, err := liveClient(tx, a.f)
	if err != nil {
		return c, err
	}
	c.App = idp.OneLine(client.Name)
	if u, err := url.Parse(a.f.Request.RedirectURI); err == nil && u.Host != "" {
		c.Origin = u.Scheme + "://" + u.Host
	}
	return c, nil
}

// Await is what became of the request that the flow waits for, and when its end comes. It is the
// same for a decoy.
func (s *Service) Await(ctx context.Context, v Visit, f Flow) (state idp.RequestState, changes int, ends time.Time, err error) {
	r, _, err := s.loadFlowRequest(ctx, v, f)
	if r == nil || err != nil {
		return idp.RequestExpired, 0, v.Now, err
	}
	return r.StateAt(v.Now), r.Tries, r.Ends, nil
}

// RequestWaker wakes who waits for the request of a flow.
func (s *Service) RequestWaker(f Flow) (woken <-chan struct{}, stop func()) {
	return s.waker.Wait(f.requestID())
}

// Stopping tells whether nobody is to wait any more.
func (s *Service) Stopping() bool { return s.waker.Closed() }

// loadFlowRequest is the request of a flow, nil for none of this browser's, and the policy.
func (s *Service) loadFlowRequest(ctx context.Context, v Visit, f Flow) (r *idp.SignInRequest, policy *idp.MethodsPolicy, err error) {
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		if r, err = idp.Optional(storage.Get[idp.SignInRequest](tx, f.requestID())); err != nil {
			return err
		}
		policy, err = idp.LoadMethodsPolicy(tx)
		return err
	})
	if r != nil && r.Browser != s.browser(v) {
		return nil, policy, err
	}
	return r, policy, err
}

// showRequest shows the request that the flow waits for. asked is false when it has ended: the
// flow then tells why, and the person can have another sent.
func (s *Service) showRequest(ctx context.Context, v Visit, out *Outcome) (asked bool, err error) {
	r, policy, err := s.loadFlowRequest(ctx, v, out.Flow)
	if err != nil {
		return false, err
	}
	state := idp.RequestExpired
	if r != nil {
		state = r.StateAt(v.Now)
	}
	if state != idp.RequestPending && state != idp.RequestApproved {
		f := out.Flow.unasked()
		f.Problem = &Problem{Text: endedTexts[state]}
		if out.Flow.Problem != nil && state == idp.RequestExpired {
			f.Problem = out.Flow.Problem
		}
		out.Flow = f
		return false, nil
	}
	out.Prompt = idp.Prompt{Page: "number", Fields: map[string]string{
		"request": r.RequestID, "state": string(state), "mode": string(r.Page), "secret": r.Secret(s.keys, v.Tenant.TenantID),
		"ends": strconv.FormatInt(r.Ends.UnixNano(), 10), "tries": strconv.Itoa(r.Tries), "left": strconv.Itoa(r.Left()),
	}}
	if slices.Contains(policy.Authenticator.Ask, idp.AskScan) {
		out.Prompt.Fields["scan"] = "true"
	}
	return true, nil
}

// endedTexts tell why a request goes on no further.
var endedTexts = map[idp.RequestState]string{
	idp.RequestDenied:     "number.denied",
	idp.RequestLocked:     "number.locked",
	idp.RequestExpired:    "number.expired",
	idp.RequestSuperseded: "number.superseded",
	idp.RequestCancelled:  "number.cancelled",
	idp.RequestConsumed:   "number.again",
}

// Withdraw ends the request that the flow waits for, as the person goes another way: their devices
// have no reason to ask any more.
func (s *Service) Withdraw(ctx context.Context, v Visit, f Flow) error {
	if !f.requested(s.method(f.Chosen)) {
		return nil
	}
	return s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		r, err := idp.Optional(storage.Get[idp.SignInRequest](tx, f.requestID()))
		if r == nil || err != nil || r.Browser != s.browser(v) || !r.Drop(idp.RequestCancelled, v.Now) {
			return err
		}
		return tx.Put(r)
	})
}

// loadRequest reads what became of the request that is answered, and keeps who presses a button
// too early waiting.
func (s *Service) loadRequest(tx *storage.Tx, a *attempt) error {
	if !a.f.requested(a.m) {
		return nil
	}
	r, err := idp.Optional(storage.Get[idp.SignInRequest](tx, a.f.requestID()))
	if err != nil {
		return err
	}
	state := idp.RequestExpired
	if r != nil && r.Browser == s.browser(a.v) {
		a.subject.Request, state = r, r.StateAt(a.v.Now)
	}
	switch state {
	case idp.RequestApproved:
		return nil
	case idp.RequestPending:
		a.waits = true
		return &held{Problem: Problem{Text: "number.waiting"}}
	}
	return &held{Problem: Problem{Text: endedTexts[state]}, spent: true}
}

// consume lets an approved request be used once, and gives the prompt back, which was no
// nuisance.
func consume(tx *storage.Tx, a *attempt) error {
	if a.subject.Request == nil {
		return nil
	}
	r, err := storage.Get[idp.SignInRequest](tx, a.subject.Request.RequestID)
	if err != nil {
		return err
	}
	if !r.Consume(a.v.Now) {
		return &idp.Refusal{Problem: a.m.Info().Again, Detail: fmt.Sprintf("the request is %s", r.StateAt(a.v.Now))}
	}
	err = tx.Put(r)
	keys := []string{promptKey(r.Throttle)}
	if !r.Known { // that of a known browser was not counted there
		keys = append(keys, networkKey(r.Context.Address))
	}
	for _, key := range keys {
		q, failed := idp.LoadQuota(tx, key)
		if failed != nil {
			return failed
		}
		if q.Forget(r.CreatedAt) {
			err = errors.Join(err, tx.Put(q))
		}
	}
	return err
}
