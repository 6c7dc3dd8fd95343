package signin

import (
	"context"
	"errors"

	"latchkey/idp"
	"latchkey/storage"
)

// refused turns what went wrong with an answer into what the person is told, and
// logs the exact reason of an answer that was looked at.
func (s *Service) refused(ctx context.Context, a *attempt, err error) (Outcome, error) {
	if h, ok := errors.AsType[*held](err); ok {
		out := a.again(h.Problem)
		if h.spent {
			out.Flow.Challenge = ""
		}
		return out, nil
	}
	r, ok := errors.AsType[*idp.Refusal](err)
	if !ok {
		return Outcome{}, err
	}
	if a.v.Quiet && r.Suspect == "" && a.m.Info().Unguessable {
		return a.again(problemOf(r)), nil
	}
	err = s.store.Update(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) error {
		if r.Suspect != "" {
			if err := s.suspend(tx, a, r); err != nil {
				return err
			}
		}
		return s.logSignIn(tx, a, "", r)
	})
	return a.again(problemOf(r)), err
}

func problemOf(r *idp.Refusal) Problem {
	return Problem{Told: r.Told, Text: r.Problem, Start: r.Start, Unknown: r.Unknown}
}

// suspend keeps a passkey that may have been copied from being accepted, ends what came
// from it, since nobody knows of which of the two, and tells its holder and the log.
func (s *Service) suspend(tx *storage.Tx, a *attempt, r *idp.Refusal) error {
	p, err := idp.Optional(storage.Get[idp.Passkey](tx, r.Suspect))
	if p == nil || err != nil || !p.Suspend(a.v.Now) {
		return err
	}
	e := a.v.event(idp.Directory)
	e.Tell(idp.CredentialSuspended)
	e.Actor, e.Target, e.Reason = idp.Party{Type: idp.ActorSystem}, idp.PartyOf(a.subject.User), r.Detail
	e.Details = map[string]string{"method": p.PasskeyID, "name": p.Name}
	return errors.Join(tx.Put(p), idp.EndCredential(tx, p.PasskeyID, idp.GrantRevoked, a.v.Now), s.log(a.v).Append(tx, e), a.v.notify(tx, a.subject.User, idp.MailPasskeyCopied, p))
}

// again is the same question with the problem beside it.
func (a *attempt) again(p Problem) Outcome {
	f := a.f
	if a.m.Info().Unguessable && !a.waits { // another try is another question
		f.Challenge, f.Prompt = "", idp.Prompt{}
	}
	f.Problem = &p
	return Outcome{Decision: idp.Decision{Step: idp.Ask, Method: f.Chosen}, Flow: f, Prompt: f.Prompt, Problem: &p}
}
