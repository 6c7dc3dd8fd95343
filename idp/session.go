package idp

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"latchkey/storage"
)

// Session is one browser's sign-in at one tenant.
type Session struct {
	SessionID string // the sid claim
	UserID    string
	Secret    string // HashToken of the cookie's SessionSecret
	Proofs    []Proof
	CreatedAt time.Time
	NotAfter  time.Time // nothing can move it later
	EndsAs    STS       `json:",omitzero"` // what to say once NotAfter has come
	EndedAt   time.Time `json:",omitzero"`
	EndedAs   STS       `json:",omitzero"`
	// State is what scripts of the browser may know the session by (OIDC Session
	// Management 3). Nothing else tells it, and it tells nothing.
	State string `json:",omitzero"`
	// Seen is when the log last told that an app was entered without a question.
	Seen map[string]time.Time `json:",omitzero"`
}

// How often the log tells that one app is entered by one session, and how many apps are
// remembered for that: a browser can go in and out without end.
const (
	seenAgain = time.Hour
	maxSeen   = 100
)

// See tells whether the log is to tell that the session enters an app, and marks it.
func (s *Session) See(clientID string, now time.Time) bool {
	last, known := s.Seen[clientID]
	if known && now.Sub(last) < seenAgain {
		return false
	}
	if s.Seen == nil {
		s.Seen = map[string]time.Time{}
	}
	if !known && len(s.Seen) >= maxSeen { // who has been everywhere is not unseen in the next place
		ids := slices.Collect(maps.Keys(s.Seen))
		delete(s.Seen, slices.MinFunc(ids, func(a, b string) int {
			return cmp.Or(s.Seen[a].Compare(s.Seen[b]), cmp.Compare(a, b))
		}))
	}
	s.Seen[clientID] = now
	return true
}

// NewSession makes a session on one proof. It ends with the proof, or at latest
// when the tenant says.
func NewSession(t *Tenant, userID, secret string, p Proof) *Session {
	s := &Session{SessionID: NewID(), UserID: userID, CreatedAt: p.At, NotAfter: t.SessionEnd(p.At), EndsAs: NoSession, State: random()}
	s.Renew(secret, p)
	return s
}

// Renew rests an existing session of the same user on a further proof under a
// new secret. Its end can only come nearer.
func (s *Session) Renew(secret string, p Proof) {
	s.Secret = HashToken(SessionSecret, secret)
	s.Proofs = slices.DeleteFunc(s.Proofs, func(q Proof) bool { return q.Method == p.Method && q.Credential == p.Credential })
	s.Proofs = append(s.Proofs, p)
	if !p.NotAfter.IsZero() && !p.NotAfter.After(s.NotAfter) {
		s.NotAfter, s.EndsAs = p.NotAfter, p.EndsAs
	}
}

// Kind names the record.
func (*Session) Kind() string { return "session" }

// ID is the session's GUID.
func (s *Session) ID() string { return s.SessionID }

// Indexes finds a session by its cookie, its user and the credentials behind it.
func (s *Session) Indexes() []storage.Index {
	x := []storage.Index{{Name: "secret", Value: s.Secret, Unique: true}, {Name: "user", Value: s.UserID}}
	for _, c := range s.Credentials() {
		x = append(x, storage.Index{Name: "credential", Value: c})
	}
	return x
}

// ExpiresAt lets the sweeper remove it.
func (s *Session) ExpiresAt() time.Time { return s.NotAfter }

// Credentials are the ids of the credentials the session rests on, and of what those end with,
// each once.
func (s *Session) Credentials() []string {
	var ids []string
	for _, p := range s.Proofs {
		for _, id := range append([]string{p.Credential}, p.Rests...) {
			if id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// Answering is the newest proof that reaches one of the wanted classes, with that class; if
// none does, the newest proof of all.
func (s *Session) Answering(want []string) (p Proof, acr string) {
	for i := len(s.Proofs) - 1; i >= 0; i-- {
		if acr := s.Proofs[i].Reaches(want); acr != "" {
			return s.Proofs[i], acr
		}
	}
	return s.Latest(), s.Latest().ACR
}

// Latest is the newest proof; a session has at least one.
func (s *Session) Latest() Proof { return s.Proofs[len(s.Proofs)-1] }

// AuthTime is when the person of the newest proof authenticated (OIDC Core 2).
func (s *Session) AuthTime() time.Time { return s.Latest().AuthTime() }

// ProvedAt is the moment of the newest proof, which may tell of an earlier authentication.
func (s *Session) ProvedAt() time.Time { return s.Latest().At }

// Live tells whether the session may be used by its user.
func (s *Session) Live(u *User, now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.NotAfter) && u != nil && u.UserID == s.UserID &&
		!u.Disabled && !s.ProvedAt().Before(u.SessionsValidFrom)
}

// By tells whether the session rests on a proof by a method.
func (s *Session) By(k Kind) bool {
	return slices.ContainsFunc(s.Proofs, func(p Proof) bool { return p.Method == k })
}

// End ends the session; false when it had ended.
func (s *Session) End(now time.Time, as STS) bool {
	if !s.EndedAt.IsZero() {
		return false
	}
	s.EndedAt, s.EndedAs = now, as
	return true
}
