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
	err = s.store.Update(ctx, a.v.Tenant.TenantID, func(tx *storage.Tx) error {
		return s.logSignIn(tx, a, "", r)
	})
	return a.again(Problem{Told: r.Told, Start: r.Start}), err
}

// again is the same question with the problem beside it.
func (a *attempt) again(p Problem) Outcome {
	f := a.f
	f.Problem = &p
	return Outcome{Decision: idp.Decision{Step: idp.Ask, Method: f.Chosen}, Flow: f, Prompt: f.Prompt, Problem: &p}
}

// clip cuts text from outside to n bytes, whole characters, and drops what the
// store refuses.
func clip(s string, n int) string {
	clean := make([]rune, 0, min(len(s), n))
	size := 0
	for _, r := range s {
		if size += len(string(r)); size > n {
			break
		}
		if r >= ' ' && r != 0x7f {
			clean = append(clean, r)
		}
	}
	return string(clean)
}
