package signin

import (
	"encoding/json"
	"errors"
	"time"

	"latchkey/idp"
)

// Flow is the state of one sign-in in one browser tab. It travels sealed through
// the browser and is bound to that browser's cookie.
type Flow struct {
	Request   *idp.AuthRequest `json:",omitzero"` // nil: one of Latchkey's own pages
	Return    string           `json:",omitzero"` // path of that page
	Device    string           `json:",omitzero"` // id of the grant a device waits for
	UserCode  string           `json:",omitzero"` // the code that device shows
	Username  string           `json:",omitzero"` // as typed
	Chosen    idp.Kind         `json:",omitzero"`
	Challenge string           `json:",omitzero"`
	Prompt    idp.Prompt       `json:",omitzero"`
	Account   bool             `json:",omitzero"` // go on as who is signed in
	Another   bool             `json:",omitzero"` // sign in as somebody else, or as who was typed
	Asked     string           `json:",omitzero"` // id of the user who was shown the consent page
	Strong    bool             `json:",omitzero"` // the page needs a strong proof of the last minutes
	Prove     idp.Kind         `json:",omitzero"` // this method must be answered
	Unnamed   bool             `json:",omitzero"` // whoever answers the question says who they are
	Enrol     idp.Kind         `json:",omitzero"` // the person came to register one of these
	Begun     int64            `json:",omitzero"` // when the registration began, in Unix nanoseconds
	BegunFor  string           `json:",omitzero"` // id of the user who was to register something
	Later     bool             `json:",omitzero"` // they do not want to register one now
	Sent      int64            `json:",omitzero"` // when a code was sent last, in Unix nanoseconds
	Stands    int64            `json:",omitzero"` // until when the sign-in lasts for its sake, likewise
	Invited   string           `json:",omitzero"` // id of the invitation whose link was opened
	Onto      string           `json:",omitzero"` // URL that the invitation leads to
	New       string           `json:",omitzero"` // id of the credential they have just registered
	Hint      string           `json:",omitzero"` // domain whose provider the app wants
	Rather    idp.Kind         `json:",omitzero"` // picked before there was a name
	Visiting  *Visiting        `json:",omitzero"` // the person is a guest elsewhere, and is to go there
	Problem   *Problem         `json:",omitzero"`
	Started   int64            // in Unix nanoseconds, so that no state is longer than another by its time
}

// StartedAt is when the sign-in began.
func (f Flow) StartedAt() time.Time { return time.Unix(0, f.Started).UTC() }

// Ends is when the sign-in has taken too long. One that waits for a mail waits for as long as
// the code in it is told from a wrong one.
func (f Flow) Ends() time.Time {
	ends := f.StartedAt().Add(idp.ChallengeLifetime)
	if stands := time.Unix(0, f.Stands).UTC(); stands.After(ends) {
		return stands
	}
	return ends
}

// ErrStale: the sign-in took too long.
var ErrStale = errors.New("signin: state has expired")

const purpose = "flow"

// Start begins a sign-in for a client's request, or for one of Latchkey's own
// pages when req is nil.
func Start(req *idp.AuthRequest, returnTo string, now time.Time) Flow {
	f := Flow{Request: req, Return: returnTo, Started: now.UnixNano()}
	if req != nil {
		f = f.Hinted(req.LoginHint)
		f.Hint = req.DomainHint
	}
	return f
}

// At is the flow for whom a provider signs in, at the domain of a hint.
func (f Flow) At(hint string) Flow {
	f.Hint, _ = idp.NormalDomain(hint) // what is none leads nowhere
	return f
}

// wants is what is asked of a proof. What may have happened before is measured from the
// beginning of the sign-in, so that the way to a provider and back makes nothing too old.
func (f Flow) wants() idp.Wants {
	w := idp.Wants{MFA: f.Strong}
	since := func(t time.Time) {
		if t.After(w.Since) {
			w.Since = t
		}
	}
	if f.Strong {
		since(f.StartedAt().Add(-idp.StrongFor))
	}
	if v := f.Visiting; v != nil {
		w.ACRs, w.MFA, w.For = v.ACRs, v.MFA, v.Tenant
		since(v.Since)
		w.Anew = !w.Since.Before(f.StartedAt())
	}
	if r := f.Request; r != nil {
		w.Anew, w.ACRs, w.MFA = r.Asks("login"), r.ACRValues, r.WantsMFA()
		if w.Anew {
			since(f.StartedAt())
		}
		since(r.Oldest(f.StartedAt()))
	}
	return w
}

// Hinted is the flow for whom the hint names. A hint that can be no user name is
// none (OIDC Core 3.1.2.1): the person is asked.
func (f Flow) Hinted(hint string) Flow {
	if _, err := idp.NormalName(hint); err == nil {
		f.Username = hint
	}
	return f
}

// Seal makes the state that goes into forms and links.
func (s *Service) Seal(v Visit, f Flow) (string, error) {
	raw, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	return s.keys.Seal(purpose, v.Tenant.TenantID, v.Browser, raw), nil
}

// Open reverses Seal. idp.ErrSealed: another browser's, another tenant's, or
// nobody's; ErrStale: too old.
func (s *Service) Open(v Visit, state string) (Flow, error) {
	raw, err := s.keys.Open(purpose, v.Tenant.TenantID, v.Browser, state)
	if err != nil {
		return Flow{}, err
	}
	var f Flow
	if err := json.Unmarshal(raw, &f); err != nil {
		return Flow{}, idp.ErrSealed
	}
	if !v.Now.Before(f.Ends()) {
		return f, ErrStale
	}
	return f, nil
}

// unasked is the flow without the question put last.
func (f Flow) unasked() Flow {
	f.Chosen, f.Challenge, f.Prompt, f.Problem, f.Asked, f.Unnamed = "", "", idp.Prompt{}, nil, "", false
	f.Begun, f.BegunFor, f.Sent = 0, "", 0
	return f
}

// WithUser is the flow after the person has typed a name, or has said to sign in
// as somebody else; whatever belonged to an earlier name is forgotten.
func (f Flow) WithUser(name string) Flow {
	f = f.unasked()
	f.Username, f.Account, f.Another, f.Hint = name, false, true, ""
	f.Invited, f.Onto = "", "" // the link was for somebody
	if name != "" {
		f.Chosen, f.Rather = f.Rather, ""
	}
	return f
}

// WithMethod is the flow after the person has picked another way.
func (f Flow) WithMethod(k idp.Kind) Flow {
	nameless := f.Username == "" && f.Unnamed
	f = f.unasked()
	if f.Chosen = k; nameless { // whose it is must be asked first
		f.Chosen, f.Rather, f.Another, f.Hint = "", k, true, ""
	}
	return f
}

// Stronger is the flow to a page that needs a strong proof.
func (f Flow) Stronger() Flow {
	f.Strong = true
	return f
}

// Enrolling is the flow to the registration of a method.
func (f Flow) Enrolling(k idp.Kind) Flow {
	f = f.unasked()
	f.Enrol, f.Strong = k, true
	return f
}

// Proving is the flow that asks for what was just registered, so that nothing rests on an
// older proof any longer.
func (f Flow) Proving(k idp.Kind) Flow {
	f = f.unasked()
	f.Prove, f.New, f.Username, f.Account, f.Another = k, "", "", true, false
	return f
}

// Onward is the flow after the person was told what they have registered.
func (f Flow) Onward() Flow {
	f = f.unasked()
	f.New = ""
	return f
}

// WithAccount is the flow after the person chose to go on as who is signed in.
func (f Flow) WithAccount() Flow {
	f = f.unasked()
	f.Username, f.Account, f.Another = "", true, false
	return f
}

// Restarted is the flow begun anew, for one that took too long.
func (f Flow) Restarted(now time.Time) Flow {
	f = f.unasked()
	f.Started, f.Stands = now.UnixNano(), 0
	return f
}

// WithProblem is the same question with a problem beside it.
func (f Flow) WithProblem(p Problem) Flow {
	f.Problem = &p
	return f
}
