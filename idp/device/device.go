// Package device is the open device protocol (docs/device-protocol.md): by it phones and programs
// of people become authenticators, fetch the sign-in requests that wait for them, and answer.
//
// The threat is an answer that is taken for another one: of another device, tenant, browser or
// request, or one that nobody has verified. So everything a device sends is signed by a key that
// is known or being made known, names what it is about, and counts once; what is wrong with it
// only the log tells.
package device

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/outbound"
	"latchkey/idp/web"
	"latchkey/storage"
)

// Verifier checks that a device has had its holder verified (WebAuthn).
type Verifier interface {
	ID() string // of the relying party, "" when there can be no devices
	BindingOptions(handle, challenge []byte, tenant, user string) (string, error)
	Bind(handle, challenge []byte, attestation string) (idp.AuthenticatorVerifier, error)
	AssertionOptions(k idp.AuthenticatorVerifier) (string, error)
	Verified(k idp.AuthenticatorVerifier, challenge []byte, assertion string) (count uint32, backedUp bool, err error)
}

// Config is what a Service needs.
type Config struct {
	Base     string // absolute URL without path
	Store    *storage.Store
	Keys     *idp.Keyring
	Verifier Verifier
	Passkeys idp.Enroller // of which a device may become one too
	Waker    *idp.Waker
	Calls    *outbound.Client // to push services
	Now      func() time.Time
	Log      *slog.Logger
}

// Service answers devices, at every tenant of a deployment.
type Service struct {
	Config
	signers *signers
	vapid   vapid
	pushes  chan push
	// noted bounds the lines of the log that one address causes.
	noted *web.Limiter
	held  *web.Held // requests that wait for a challenge
}

// New makes the service.
func New(c Config) *Service {
	return &Service{
		Config: c, signers: newSigners(c.Keys), vapid: newVAPID(c.Keys), pushes: make(chan push, maxPushes),
		noted: web.NewLimiter(2*time.Second, 30), held: web.NewHeld(web.MaxHeld, web.MaxHeldOfNetwork),
	}
}

// The bounds of what devices send.
const (
	maxBody = 16 << 10 // bytes
	maxWait = 25       // seconds that a request may be held
)

const root = "/device/v1"

// Owns tells whether a request is for a device's endpoint, whatever the tenant.
func Owns(r *http.Request) bool {
	_, rest, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return ok && (strings.HasPrefix("/"+rest, root+"/") || strings.HasSuffix(r.URL.Path, wellKnown))
}

// Routes is every endpoint, below /{tenant}.
func (s *Service) Routes(tenant *mux.Router) {
	const one = root + "/enrolments/{id:[0-9a-f-]{36}}"
	for path, methods := range map[string]web.Methods{
		wellKnown:              {http.MethodGet: s.answer(s.discover)},
		root + "/enrolments":   {http.MethodPost: s.answer(s.beginEnrolment)},
		one:                    {http.MethodPost: s.answer(s.finishEnrolment)},
		root + "/challenges":   {http.MethodGet: s.answer(s.challenges)},
		root + "/responses":    {http.MethodPost: s.answer(s.respond)},
		root + "/subscription": {http.MethodPut: s.answer(s.subscribe), http.MethodDelete: s.answer(s.unsubscribe)},
		root + "/self":         {http.MethodGet: s.answer(s.self), http.MethodDelete: s.answer(s.removeSelf)},
		root + "/rekey":        {http.MethodPost: s.answer(s.rekey)},
	} {
		tenant.HandleFunc("/{tenant}"+path, methods.Or(s.Refuse))
	}
}

// issuer is who a tenant is to its devices.
func (s *Service) issuer(t *idp.Tenant) string { return s.url(t, "/v2.0") }

func (s *Service) url(t *idp.Tenant, path string) string { return s.Base + "/" + t.TenantID + path }

// refusal is why something is not accepted: for the log alone.
type refusal struct{ reason string }

func (r *refusal) Error() string { return "device: " + r.reason }

func refuse(reason string) error { return &refusal{reason} }

// ended tells a device that has shown who it is what became of a request.
type ended struct {
	state idp.RequestState
	left  int // tries; for a wrong answer
	wrong bool
}

func (*ended) Error() string { return "device: the request has ended, or the answer was wrong" }

// answer lets fn answer, or says why it did not.
func (s *Service) answer(fn func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := fn(w, r)
		if err == nil || r.Context().Err() != nil {
			return
		}
		var why *refusal
		var end *ended
		switch {
		case errors.As(err, &end):
			s.tellEnded(w, end)
		case errors.As(err, &why):
			s.refuse(w, r, why.reason)
		case errors.Is(err, errStopping), errors.Is(err, errCrowded):
			w.Header().Set("Retry-After", "5")
			problem(w, http.StatusServiceUnavailable, map[string]any{"type": "about:blank", "title": "Try again in a moment."})
		default:
			s.Failed(w, r, err)
		}
	}
}

// Refuse is the answer to everything that is not accepted before anybody looks at it.
func (s *Service) Refuse(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, "no such endpoint, organization or method, or too large")
}

// Failed answers for a fault of ours.
func (s *Service) Failed(w http.ResponseWriter, r *http.Request, err error) {
	s.Log.Error("device request failed", "request_id", web.From(r).ID, "path", r.URL.Path, "error", err)
	problem(w, http.StatusInternalServerError, map[string]any{"type": "about:blank", "title": "Something went wrong here."})
}

// Unknown answers where there is no such organization. Discovery says so: whoever types a code
// types a domain, too.
func (s *Service) Unknown(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, wellKnown) {
		problem(w, http.StatusNotFound, map[string]any{"type": "about:blank", "title": "There is no such organization here."})
		return
	}
	s.Refuse(w, r)
}

func (s *Service) refuse(w http.ResponseWriter, r *http.Request, reason string) {
	q := web.From(r)
	level := slog.LevelInfo
	if !s.noted.Allow(q.Address, q.Now) {
		level = slog.LevelDebug
	}
	s.Log.Log(r.Context(), level, "device request refused", "request_id", q.ID, "path", r.URL.Path, "address", q.Address, "reason", reason)
	problem(w, http.StatusBadRequest, map[string]any{"type": "urn:latchkey:device:refused", "title": "The request was not accepted."})
}

func (s *Service) tellEnded(w http.ResponseWriter, e *ended) {
	if e.wrong {
		problem(w, http.StatusForbidden, map[string]any{
			"type": "urn:latchkey:device:wrong-number", "title": "That number does not match.", "state": e.state, "tries_left": e.left,
		})
		return
	}
	problem(w, http.StatusConflict, map[string]any{"type": "urn:latchkey:device:ended", "title": "The request has ended.", "state": e.state})
}

// problem writes an RFC 9457 problem.
func problem(w http.ResponseWriter, status int, members map[string]any) {
	members["status"] = status
	send(w, status, "application/problem+json", members)
}

func reply(w http.ResponseWriter, status int, v any) error {
	send(w, status, "application/json", v)
	return nil
}

func send(w http.ResponseWriter, status int, media string, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic("device: " + err.Error()) // of our own types: cannot fail
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body) // a reader who has gone away is no error of ours
}

// body reads what was sent, within its bound, and as JSON into a value unless that is nil.
func body(r *http.Request, into any) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, refuse("the body could not be read")
	case len(raw) > maxBody:
		return nil, refuse("a body of more than 16 KiB")
	}
	if into != nil && json.Unmarshal(raw, into) != nil {
		return nil, refuse("a body that is not the JSON of this endpoint")
	}
	return raw, nil
}

// log is the log of a tenant.
func (s *Service) log(t *idp.Tenant) idp.AuditLog {
	return idp.AuditLog{Keys: s.Keys, Tenant: t.TenantID}
}

// event is a line about what a device of somebody did.
func event(r *http.Request, log string, u *idp.User) *idp.AuditEvent {
	q := web.From(r)
	e := idp.NewEvent(log, q.Now)
	e.Address, e.UserAgent, e.RequestID = q.Address, idp.Clip(r.UserAgent(), 256), q.ID
	e.Actor, e.Target, e.Passing = idp.PartyOf(u), idp.PartyOf(u), true
	return e
}

// update does something in a transaction of the request's tenant.
func (s *Service) update(ctx context.Context, t *idp.Tenant, fn func(*storage.Tx) error) error {
	return s.Store.Update(ctx, t.TenantID, fn)
}
