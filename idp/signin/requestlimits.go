package signin

import (
	"errors"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// barred tells why nobody is asked now: who was told that it was not them, somebody else is
// asking, or there was too much of it. What it counts is stored with the request.
func (s *Service) barred(tx *storage.Tx, a *attempt) (*Problem, error) {
	now := a.v.Now
	bars := [][]string{idp.NotMeBrowser(a.asked(), s.browser(a.v)), idp.NumbersPaused(a.asked())}
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
