package admin

import (
	"context"
	"errors"
	"reflect"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// PassInfo is a pass as administrators and its holder see it, without the secret.
type PassInfo struct {
	Pass   *idp.Pass
	User   *idp.User
	Reason idp.Usability
	// Approval, in place of Pass, is one that waits for a second administrator.
	Approval *idp.PassApproval
}

// CreatePass gives a user a new pass and returns its secret, which is not kept.
// A pass the user has is replaced, and what came from it ends. Where the policy wants
// a second administrator for a privileged person, the first request makes an approval
// that waits (PassInfo.Approval) and no pass; the same request, once it is approved,
// makes the pass. A form (PassRequest.Form) makes one pass, however often it is sent:
// then ErrSentBefore.
func (s *Service) CreatePass(ctx context.Context, actor idp.Actor, tenant, name string, req idp.PassRequest) (info PassInfo, secret string, err error) {
	if req.Actor == "" {
		req.Actor = actor.Name
	}
	// The verifier is made outside the transaction, as it takes some 15 ms; the
	// transaction checks that what the pass rests on still stands.
	var want passInputs
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		if want, err = w.passInputs(name, req); err != nil {
			return err
		}
		return w.unsent(req.Form)
	})
	if err != nil {
		return info, "", err
	}
	if want.waits() {
		return s.requestApproval(ctx, actor, tenant, want.user.UserID, req)
	}
	now := s.now()
	give := want.given(req, now)
	p, secret, err := s.makePass(ctx, want, give, now)
	if err != nil {
		return info, "", err
	}
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		current, err := w.passInputs(p.UserID, req)
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(current.policy, want.policy) || current.waits() { // the pass is as long, and lasts, as the policy said
			return errChangedMeanwhile
		}
		if err := give.Check(current.policy, current.user, now); err != nil {
			return err
		}
		if err := w.spend(req.Form); err != nil {
			return err
		}
		anyone := idp.Object{Tenant: w.tenant.TenantID, User: current.user, Guarded: true}
		p.ForPrivileged = current.two || !current.policy.Approval && idp.May(w.actor, idp.CreatePass, anyone) == nil
		if err := w.removePass(current.user); err != nil {
			return err
		}
		if err := w.Insert(p); err != nil {
			return err
		}
		if err := removeOf[idp.PassApproval](w, current.user); err != nil { // used, or no longer needed
			return err
		}
		info = PassInfo{Pass: p, User: current.user, Reason: p.Usability(current.policy, current.user, now)}
		return errors.Join(w.auditPass(p, current), w.notify(current.user, idp.MailPassGiven, idp.TemporaryAccessPass, ""))
	})
	if err != nil {
		return PassInfo{}, "", err
	}
	return info, secret, nil
}

// ErrSentBefore: the form has made its pass already, whose code was shown then.
var ErrSentBefore = idp.Errorf(idp.Conflict, "The pass was made before, and its code is not shown again.")

// unsent refuses a form that has made a pass: a page that is reloaded sends it again,
// and would replace the pass that somebody has just been handed.
func (w *work) unsent(form string) error {
	if form == "" {
		return nil
	}
	spent, err := idp.Spent(w.Tx, "form", form)
	if err == nil && spent {
		err = ErrSentBefore
	}
	return err
}

// spend lets a form through once, in the transaction that makes the pass. A request that
// waits for approval spends nothing, as it is the same request that fetches the pass.
func (w *work) spend(form string) error {
	if form == "" {
		return nil
	}
	fresh, err := idp.Spend(w.Tx, w.now.Add(idp.ChallengeLifetime), "form", form)
	if err == nil && !fresh {
		err = ErrSentBefore
	}
	return err
}

// MayCreatePass tells whether the actor may give anybody a pass; whom, CreatePass
// decides.
func (s *Service) MayCreatePass(ctx context.Context, actor idp.Actor, tenant string) error {
	return s.read(ctx, actor, tenant, idp.CreatePass, func(*work) error { return nil })
}

// makePass waits for its turn.
func (s *Service) makePass(ctx context.Context, in passInputs, req idp.PassRequest, now time.Time) (*idp.Pass, string, error) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	return idp.NewPass(s.keys, in.tenant, in.policy, in.user, req, now)
}

var errChangedMeanwhile = idp.Errorf(idp.Conflict, "The policy was changed, or the approval used, meanwhile. Try again.")

// auditPass tells that the pass was given, why if that was said, and by which two if
// it took two.
func (w *work) auditPass(p *idp.Pass, in passInputs) error {
	e := w.event(idp.PassGiven, idp.PartyOf(in.user), idp.PassRegisteredReason)
	e.Details = map[string]string{}
	if p.Reason != "" {
		e.Details["reason"] = p.Reason
	}
	if a := in.approval; in.two {
		e.Details["requestedBy"], e.Details["approvedBy"] = a.RequestedBy.Name, a.ApprovedBy.Name
	}
	return w.tell(e)
}

// passInputs is what a new pass rests on.
type passInputs struct {
	tenant   string
	user     *idp.User
	policy   idp.PassPolicy
	two      bool              // a second administrator is needed
	approval *idp.PassApproval // of this very request, or nil
}

// waits tells whether the second administrator is still to be asked.
func (in passInputs) waits() bool { return in.two && (in.approval == nil || !in.approval.Approved()) }

// given is the request as it is carried out: one whose start has come while it waited for
// approval begins now.
func (in passInputs) given(req idp.PassRequest, now time.Time) idp.PassRequest {
	if in.two && req.StartsAt.Before(now) {
		req.StartsAt = now
	}
	return req
}

func (w *work) passInputs(name string, req idp.PassRequest) (in passInputs, err error) {
	in.tenant = w.tenant.TenantID
	if in.user, err = w.user(idp.CreatePass, name); err != nil {
		return in, err
	}
	all, err := idp.LoadMethodsPolicy(w.Tx)
	if err != nil {
		return in, err
	}
	in.policy = all.TemporaryAccessPass
	o, err := idp.ObjectOf(w.Tx, w.tenant, in.user)
	if in.two = in.policy.Approval && o.Privileged(); !in.two || err != nil {
		return in, err
	}
	in.approval, err = w.approval(in.user)
	if err != nil || in.approval == nil {
		return in, err
	}
	stands, err := w.stands(in.approval, o)
	if !stands || !in.approval.Covers(req, w.actor.Party) {
		in.approval = nil
	}
	return in, err
}

// stands tells whether whoever approved, if somebody has, still may.
func (w *work) stands(p *idp.PassApproval, o idp.Object) (bool, error) {
	if !p.Approved() || p.ApprovedBy.Type != idp.ActorUser {
		return true, nil
	}
	u, err := idp.Optional(storage.Get[idp.User](w.Tx, p.ApprovedBy.ID))
	if u == nil || u.Disabled {
		return false, err
	}
	return idp.May(idp.Person(w.tenant.TenantID, u), idp.ApprovePass, o) == nil, nil
}

// pass is the one of a user, or nil.
func (w *work) pass(u *idp.User) (*idp.Pass, error) {
	return idp.Optional(storage.Lookup[idp.Pass](w.Tx, "user", u.UserID))
}

// removePass removes the pass of a user, if there is one, and ends what came from it.
func (w *work) removePass(u *idp.User) error {
	p, err := w.pass(u)
	if p == nil || err != nil {
		return err
	}
	return p.Remove(w.Tx, w.now)
}

// Pass reads the pass of a user.
func (s *Service) Pass(ctx context.Context, actor idp.Actor, tenant, name string) (info PassInfo, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.ReadPass, name)
		if err != nil {
			return err
		}
		p, err := findPass(w.Tx, u)
		if err != nil {
			return err
		}
		info, err = w.inform(p, u)
		return err
	})
	return info, err
}

// Passes lists the passes of a tenant by id.
func (s *Service) Passes(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (infos []PassInfo, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadPass, func(w *work) error {
		ps, after, err := storage.All[idp.Pass](w.Tx, page)
		if err != nil {
			return err
		}
		infos, next = nil, after
		for _, p := range ps {
			u, err := storage.Get[idp.User](w.Tx, p.UserID)
			if err != nil {
				return err
			}
			if w.mayTo(idp.ReadPass, u) != nil { // not this one
				continue
			}
			info, err := w.inform(p, u)
			if err != nil {
				return err
			}
			infos = append(infos, info)
		}
		return nil
	})
	return infos, next, err
}

// DeletePass removes a user's pass and ends what came from it, and nothing else.
// With an id it removes only the pass of that id. A person may delete the own
// pass.
func (s *Service) DeletePass(ctx context.Context, actor idp.Actor, tenant, name, id string) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.DeletePass, name)
		if err != nil {
			return err
		}
		p, err := findPass(w.Tx, u)
		if err != nil {
			return err
		}
		if id != "" && p.PassID != id {
			return idp.NoSuch("pass", id, "%s has no pass %q.", u.PrincipalName, id)
		}
		if err := p.Remove(w.Tx, w.now); err != nil {
			return err
		}
		if actor.Is(u) {
			return w.audit(idp.PassGivenUp, idp.PartyOf(u), idp.PassDeletedByUser)
		}
		return w.audit(idp.PassTaken, idp.PartyOf(u), idp.PassDeletedReason)
	})
}

func findPass(tx *storage.Tx, u *idp.User) (*idp.Pass, error) {
	p, err := storage.Lookup[idp.Pass](tx, "user", u.UserID)
	return p, missing(err, "pass", u.UserID, "%s has no Temporary Access Pass.", u.PrincipalName)
}

func (w *work) inform(p *idp.Pass, u *idp.User) (PassInfo, error) {
	policy, err := idp.LoadMethodsPolicy(w.Tx)
	if err != nil {
		return PassInfo{}, err
	}
	return PassInfo{Pass: p, User: u, Reason: p.Usability(policy.TemporaryAccessPass, u, w.now)}, nil
}
