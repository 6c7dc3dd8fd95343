// Package signin is the use case of signing in: it opens the sealed state of a
// sign-in, gathers the facts, asks idp.Next, puts the question, judges the
// answer, and stores session, grant and log in one transaction.
//
// A first sign-in takes two commits here (an answer is reserved before it is
// looked at; everything that follows from it is stored at once) and a silent
// one takes one. Nothing is stored for a browser that has answered nothing.
package signin

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Service signs people in at every tenant of a deployment.
type Service struct {
	store   *storage.Store
	methods []idp.Method
	keys    *idp.Keyring
	slots   *slots
	observe func(idp.Kind, error)
	// standIns are ids of people from outside, by tenant: see standIn.
	standIns sync.Map
	seed     maphash.Seed // of the choice among them
	waker    *idp.Waker
	notify   func(tenantID string, r *idp.SignInRequest, quiet bool)
}

// New makes the service. The order of methods is the order they are offered in.
func New(store *storage.Store, keys *idp.Keyring, methods []idp.Method) *Service {
	return &Service{store: store, keys: keys, methods: methods, slots: newSlots(), observe: func(idp.Kind, error) {}, seed: maphash.MakeSeed(), waker: idp.NewWaker(), notify: func(string, *idp.SignInRequest, bool) {}}
}

// Observe has each told of the judgement of every answer. It is called before the service
// is used.
func (s *Service) Observe(each func(idp.Kind, error)) { s.observe = each }

// WithRequests has the waker woken for whoever waits for a request or its answer, and each request
// told of to notify, which wakes devices; quiet: only those that ask by themselves. It is called
// before the service is used.
func (s *Service) WithRequests(w *idp.Waker, notify func(tenantID string, r *idp.SignInRequest, quiet bool)) {
	s.waker, s.notify = w, notify
}

// Visit is one request of one browser.
type Visit struct {
	Now       time.Time
	Tenant    *idp.Tenant
	Browser   string // value of the cookie that binds sealed states
	Session   string // value of the session cookie, or ""
	Known     string // value of the known-browser cookie, or ""
	Address   string
	UserAgent string
	RequestID string
	home      *idp.Tenant // of the deployment, that the name is at home at: see located
	Quiet     bool        // so many wrong answers came from the address that more of them are not logged
}

// Outcome is what follows from a visit.
type Outcome struct {
	Decision idp.Decision
	Tenant   *idp.Tenant
	Flow     Flow
	Prompt   idp.Prompt   // for Ask and EnrolStep, and what Identify can be answered with at once
	Client   *idp.Client  // nil on Latchkey's own pages
	APIs     []*idp.API   // those the client asks for, on the way to consent
	User     *idp.User    // whose session it is, or nil
	Session  *idp.Session // or nil
	Problem  *Problem     // why the last answer was not accepted
	By       time.Time    // for EnrolStep: when the registration must be finished
	Device   bool         // for EnrolStep: a device can be added instead
	New      *idp.Passkey // for Enrolled: what was registered
	// Invitation is what RedeemStep is about; nil if there is none any more.
	Invitation *idp.Invitation
	Outside    bool // the name typed is one of somebody from outside

	NewSession string     // value for the session cookie, "" to leave it
	NewKnown   string     // value for the known-browser cookie, "" to leave it
	Grant      *idp.Grant // for Issue to a client
	Code       string     // its authorization code, "" for a device
}

// Why a sign-in cannot go on.
var (
	// ErrClient: the client was disabled, removed or registered anew since the
	// sign-in began.
	ErrClient = errors.New("signin: the client is gone")
	// ErrDevice: no device waits with that code, or none any longer.
	ErrDevice = errors.New("signin: no device waits")
)

// Problem is what a person is told about an answer that was not accepted.
type Problem struct {
	Told  idp.STS   `json:",omitzero"`
	Text  string    `json:",omitzero"` // the key of a text, where there is no number
	Until int64     `json:",omitzero"` // when another try is looked at, in Unix nanoseconds: as long at any time
	Start time.Time `json:",omitzero"` // when the pass begins
	// Unknown is the id of a credential that nobody here knows any more, base64url.
	Unknown string `json:",omitzero"`
}

// Pause is the problem of who has to wait before another try is looked at; 0 means
// for an administrator.
func Pause(now time.Time, wait time.Duration) Problem {
	p := Problem{Told: idp.UserLocked}
	if wait > 0 {
		p.Until = now.Add(wait).UnixNano()
	}
	return p
}

// Left is how long a pause still lasts, 0 or less when it is over or is none.
func (p Problem) Left(now time.Time) time.Duration {
	if p.Until == 0 {
		return 0
	}
	return time.Unix(0, p.Until).Sub(now)
}

// ACRs are the authentication context classes that can be reached, each once.
func (s *Service) ACRs() []string {
	var out []string
	for _, m := range s.methods {
		for _, acr := range m.Info().ACRs {
			if !slices.Contains(out, acr) {
				out = append(out, acr)
			}
		}
	}
	return out
}

func (s *Service) method(k idp.Kind) idp.Method {
	for _, m := range s.methods {
		if m.Info().Kind == k {
			return m
		}
	}
	return nil
}

// Look decides what the visit leads to and, if that is a code, issues it.
func (s *Service) Look(ctx context.Context, v Visit, f Flow) (Outcome, error) {
	var out Outcome
	v, err := s.located(ctx, v, f)
	if err != nil {
		return Outcome{}, err
	}
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		out, err = s.decide(tx, v, f, nil, false)
		return err
	})
	if err == nil && out.Decision.Step == idp.Issue && f.Request != nil {
		// Only now is there something to write; it is decided anew with the write.
		err = s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
			if out, err = s.decide(tx, v, f, nil, false); err != nil || out.Decision.Step != idp.Issue {
				return err
			}
			if err := s.logEntered(tx, v, out); err != nil {
				return err
			}
			return s.finish(tx, v, &out)
		})
	}
	if err != nil {
		return Outcome{}, err
	}
	err = s.question(ctx, v, &out)
	out.Problem = out.Flow.Problem
	return out, err
}
