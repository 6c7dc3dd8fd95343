package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

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
