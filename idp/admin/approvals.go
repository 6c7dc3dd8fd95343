package admin

import (
	"context"
	"errors"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// ApprovalInfo is a pass that waits for a second administrator, or for the first to
// fetch it.
type ApprovalInfo struct {
	Approval *idp.PassApproval
	User     *idp.User
}

// requestApproval puts a request before a second administrator. The same request again
// finds the one that waits.
func (s *Service) requestApproval(ctx context.Context, actor idp.Actor, tenant, name string, req idp.PassRequest) (info PassInfo, _ string, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		in, err := w.passInputs(name, req)
		if err != nil {
			return err
		}
		if !in.two {
			return errChangedMeanwhile
		}
		info = PassInfo{User: in.user, Approval: in.approval}
		if in.approval != nil { // it waits already, or was approved a moment ago
			return nil
		}
		if err := req.Check(in.policy, in.user, w.now); err != nil {
			return err
		}
		if err := w.makeWay(in.user); err != nil {
			return err
		}
		info.Approval = idp.NewPassApproval(in.user, req, actor.Party, w.now)
		if err := w.Insert(info.Approval); err != nil {
			return err
		}
		return w.audit(idp.PassRequested, idp.PartyOf(in.user), "")
	})
	if err != nil {
		return PassInfo{}, "", err
	}
	return info, "", nil
}

// makeWay removes what the actor asked for before. What somebody else asked for is not
// theirs to undo by asking for something else.
func (w *work) makeWay(u *idp.User) error {
	old, err := w.approval(u)
	if err != nil {
		return err
	}
	switch {
	case old == nil:
		return removeOf[idp.PassApproval](w, u) // one that has ended
	case old.RequestedBy.Same(w.actor.Party):
		return errors.Join(w.Delete(old), w.audit(idp.PassDenied, idp.PartyOf(u), "Replaced by another request"))
	case old.Approved():
		return idp.Errorf(idp.Conflict, "A pass for %s was approved, and %s can fetch it until %s. It has to be denied first.", u.PrincipalName, old.RequestedBy.Name, old.Ends.UTC().Format(time.RFC3339))
	}
	return idp.Errorf(idp.Conflict, "A pass for %s that %s asked for waits for approval. It has to be denied first.", u.PrincipalName, old.RequestedBy.Name)
}

// approval is the live one of a user, or nil.
func (w *work) approval(u *idp.User) (*idp.PassApproval, error) {
	p, err := idp.Optional(storage.Lookup[idp.PassApproval](w.Tx, "user", u.UserID))
	if p != nil && !p.Live(w.now) {
		p = nil
	}
	return p, err
}

// Approvals lists the passes that wait, by id.
func (s *Service) Approvals(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (all []ApprovalInfo, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadPass, func(w *work) error {
		waiting, after, err := storage.All[idp.PassApproval](w.Tx, page)
		if err != nil {
			return err
		}
		all, next = nil, after
		for _, p := range waiting {
			u, err := idp.Optional(storage.Get[idp.User](w.Tx, p.UserID))
			if err != nil {
				return err
			}
			if u != nil && p.Live(w.now) && w.mayTo(idp.ReadPass, u) == nil {
				all = append(all, ApprovalInfo{p, u})
			}
		}
		return nil
	})
	return all, next, err
}

// Approval finds the one that waits for a user, by the user or by its own id.
func (s *Service) Approval(ctx context.Context, actor idp.Actor, tenant, name string) (info ApprovalInfo, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadPass, func(w *work) error {
		info, err = w.findApproval(idp.ReadPass, name)
		return err
	})
	return info, err
}

// ApprovePass lets the one who asked fetch the pass. Whoever asked does not approve.
func (s *Service) ApprovePass(ctx context.Context, actor idp.Actor, tenant, name string) (info ApprovalInfo, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		if info, err = w.findApproval(idp.ApprovePass, name); err != nil {
			return err
		}
		if err := info.Approval.Approve(actor.Party, w.now); err != nil {
			return err
		}
		if err := w.Put(info.Approval); err != nil {
			return err
		}
		return w.auditApproval(idp.PassApproved, info)
	})
	return info, err
}

// DenyPass ends a request. Whoever asked may take it back so.
func (s *Service) DenyPass(ctx context.Context, actor idp.Actor, tenant, name string) (info ApprovalInfo, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		if info, err = w.findApproval(idp.ApprovePass, name); err != nil {
			return err
		}
		if err := w.Delete(info.Approval); err != nil {
			return err
		}
		return w.auditApproval(idp.PassDenied, info)
	})
	return info, err
}

func (w *work) auditApproval(what idp.Activity, info ApprovalInfo) error {
	e := w.event(what, idp.PartyOf(info.User), "")
	e.Details = map[string]string{"requestedBy": info.Approval.RequestedBy.Name}
	return w.tell(e)
}

// findApproval finds one by its id or by the user it is for.
func (w *work) findApproval(action idp.Action, name string) (info ApprovalInfo, err error) {
	p, err := idp.Optional(storage.Get[idp.PassApproval](w.Tx, name))
	if err != nil {
		return info, err
	}
	if p != nil {
		name = p.UserID
	}
	if info.User, err = w.user(action, name); err != nil {
		return info, err
	}
	if info.Approval, err = w.approval(info.User); err == nil && info.Approval == nil {
		err = idp.NoSuch("approval", name, "No pass for %s waits for approval.", info.User.PrincipalName)
	}
	return info, err
}
