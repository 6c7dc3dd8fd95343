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
	Username  string           `json:",omitzero"` // as typed
	Chosen    idp.Kind         `json:",omitzero"`
	Challenge string           `json:",omitzero"`
	Prompt    idp.Prompt       `json:",omitzero"`
	Account   bool             `json:",omitzero"`
	Problem   *Problem         `json:",omitzero"`
	StartedAt time.Time
}

// ErrStale: the sign-in took longer than idp.ChallengeLifetime.
var ErrStale = errors.New("signin: state has expired")

const purpose = "flow"

// Start begins a sign-in for a client's request, or for one of Latchkey's own
// pages when req is nil.
func Start(req *idp.AuthRequest, returnTo string, now time.Time) Flow {
	f := Flow{Request: req, Return: returnTo, StartedAt: now}
	if req != nil {
		f.Username = req.LoginHint
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
	if !v.Now.Before(f.StartedAt.Add(idp.ChallengeLifetime)) {
		return f, ErrStale
	}
	return f, nil
}

// WithUser is the flow after the person has typed a name; whatever belonged to
// an earlier one is forgotten.
func (f Flow) WithUser(name string) Flow {
	return Flow{Request: f.Request, Return: f.Return, Device: f.Device, StartedAt: f.StartedAt, Username: name}
}

// WithMethod is the flow after the person has picked another way.
func (f Flow) WithMethod(k idp.Kind) Flow {
	g := f.WithUser(f.Username)
	g.Chosen = k
	return g
}

// WithAccount is the flow after the person chose to go on as who is signed in.
func (f Flow) WithAccount() Flow {
	g := f.WithUser("")
	g.Account = true
	return g
}
