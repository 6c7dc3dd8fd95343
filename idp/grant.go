package idp

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// Grant is one client's access for one user, from the approved request over code
// and refresh tokens until it ends. Every token belongs to a grant, and
// Lifetime is the one place where a token's end is computed.
type Grant struct {
	GrantID       string
	ClientID      string
	UserID        string   `json:",omitzero"` // "" while a device waits
	SessionID     string   `json:",omitzero"`
	Credentials   []string `json:",omitzero"` // ids of the credentials behind the session
	Scopes        []string
	Claims        ClaimsRequest `json:",omitzero"`
	RedirectURI   string        `json:",omitzero"`
	Nonce         string        `json:",omitzero"`
	CodeChallenge string        `json:",omitzero"`
	Resources     []string      `json:",omitzero"` // APIs that tokens may be for (RFC 8707)
	KeyThumb      string        `json:",omitzero"` // JWK thumbprint that code and refresh token are bound to (RFC 9449)
	AuthTime      time.Time     `json:",omitzero"`
	Undated       bool          `json:",omitzero"` // as the proof has it
	ProvedAt      time.Time     `json:",omitzero"` // when that was proved here; zero: at AuthTime
	AMR           []string      `json:",omitzero"`
	ACR           string        `json:",omitzero"`
	Issuer        string        `json:",omitzero"` // as the proof has it
	CreatedAt     time.Time
	NotAfter      time.Time // nothing of the grant outlives it
	EndsAs        STS       `json:",omitzero"`
	RevokedAt     time.Time `json:",omitzero"`
	RevokedAs     STS       `json:",omitzero"`
	Code          AuthCode  `json:",omitzero"`
	Refresh       Refresh   `json:",omitzero"`
	Device        Device    `json:",omitzero"`
}

// AuthCode is a grant's authorization code.
type AuthCode struct {
	Hash   string
	Ends   time.Time
	UsedAt time.Time `json:",omitzero"`
}

// Refresh is a grant's refresh token. A token is a family secret, by which it is
// found, and a secret of its generation; whoever shows the family secret with an
// older generation shows a stolen or replayed token (RFC 9700 4.14).
type Refresh struct {
	Family     string // HashToken of the family part
	Secret     string // HashToken of the current generation's part
	Generation int
	IssuedAt   time.Time
}

// Device is the state of a device authorization (RFC 8628).
type Device struct {
	Hash     string    // HashToken of the DeviceCode
	UserCode string    // keyed hash of the code people type
	Ends     time.Time // of the codes, not of what is granted
	Denied   bool      `json:",omitzero"`
	UsedAt   time.Time `json:",omitzero"`
}

// Lifetimes of what a grant gives out, before the bound clips them.
const (
	CodeLifetime        = time.Minute // RFC 6749 4.1.2 allows ten at most
	AccessTokenLifetime = time.Hour
	IDTokenLifetime     = time.Hour
	OfflineLifetime     = 90 * 24 * time.Hour
	DeviceLifetime      = 15 * time.Minute
)

// NewGrant turns a request that the session's user may have into a grant with
// nothing issued yet. It ends when the earliest of the session's proofs does;
// without offline access, when the session does.
func NewGrant(s *Session, req *AuthRequest, now time.Time) *Grant {
	g := &Grant{
		GrantID: NewID(), ClientID: req.ClientID, Scopes: req.Scopes, Claims: req.Claims,
		RedirectURI: req.RedirectURI, Nonce: req.Nonce, CodeChallenge: req.CodeChallenge, CreatedAt: now,
		Resources: req.Resources, KeyThumb: req.KeyThumb,
	}
	g.Bind(s, req, now)
	if once := now.Add(max(AccessTokenLifetime, IDTokenLifetime)); req.FrontOnly() && once.Before(g.NotAfter) {
		g.NotAfter, g.EndsAs = once, GrantExpired // all that can come of it comes now
	}
	return g
}

// Bind rests the grant on a session. It tells of the proof that reaches a class that was
// asked for, if one does (OIDC Core 5.5.1.1).
func (g *Grant) Bind(s *Session, req *AuthRequest, now time.Time) {
	p, acr := s.Answering(req.ACRValues)
	if !p.Since(req.Oldest(now)) || req.Asks("login") { // the app wants to hear of a new one
		p, acr = s.Latest(), s.Latest().ACR
	}
	g.UserID, g.SessionID, g.Credentials = s.UserID, s.SessionID, s.Credentials()
	g.AuthTime, g.Undated, g.ProvedAt, g.AMR, g.ACR = p.AuthTime(), p.Undated, p.At, p.AMR, acr
	g.Issuer = p.Issuer
	g.NotAfter, g.EndsAs = s.NotAfter, s.EndsAs
	if g.Offline() {
		g.NotAfter, g.EndsAs = now.Add(OfflineLifetime), GrantExpired
		for _, p := range s.Proofs {
			if !p.NotAfter.IsZero() && p.NotAfter.Before(g.NotAfter) {
				g.NotAfter, g.EndsAs = p.NotAfter, p.EndsAs
			}
		}
	}
}

// Kind names the record.
func (*Grant) Kind() string { return "grant" }

// ID is the grant's GUID.
func (g *Grant) ID() string { return g.GrantID }

// Indexes finds a grant by each secret that names it, and by what it rests on.
func (g *Grant) Indexes() []storage.Index {
	x := []storage.Index{
		{Name: "code", Value: g.Code.Hash, Unique: true},
		{Name: "refresh", Value: g.Refresh.Family, Unique: true},
		{Name: "device", Value: g.Device.Hash, Unique: true},
		{Name: "usercode", Value: g.Device.UserCode, Unique: true},
		{Name: "session", Value: g.SessionID},
	}
	for _, c := range g.Credentials {
		x = append(x, storage.Index{Name: "credential", Value: c})
	}
	return x
}

// ExpiresAt lets the sweeper remove it, but not so soon that a second use of its
// code could pass for an unknown code. What nobody has redeemed ends with its code:
// a browser that is signed in could else pile up months of grants in a minute.
func (g *Grant) ExpiresAt() time.Time {
	end := g.NotAfter
	switch {
	case g.Code.Hash != "" && g.Code.UsedAt.IsZero():
		end = g.Code.Ends
	case g.Device.Hash != "" && g.Device.UsedAt.IsZero():
		end = g.Device.Ends
	}
	return end.Add(24 * time.Hour)
}

// Offline tells whether the grant outlives its session.
func (g *Grant) Offline() bool { return slices.Contains(g.Scopes, ScopeOffline) }

// Revoke ends the grant now; false when it had ended so before.
func (g *Grant) Revoke(now time.Time, as STS) bool {
	if !g.RevokedAt.IsZero() {
		return false
	}
	g.RevokedAt, g.RevokedAs = now, as
	return true
}

// Check tells why nothing may come from the grant any more, 0 if something may.
func (g *Grant) Check(u *User, now time.Time) STS {
	switch {
	case !g.RevokedAt.IsZero():
		return cmp.Or(g.RevokedAs, GrantRevoked)
	case !now.Before(g.NotAfter):
		return cmp.Or(g.EndsAs, GrantExpired) // a method that says nothing must not lift the bound
	case u == nil || u.Disabled:
		return UserDisabled
	case g.proved().Before(u.SessionsValidFrom):
		return GrantRevoked
	}
	return 0
}

func (g *Grant) proved() time.Time {
	if g.ProvedAt.IsZero() {
		return g.AuthTime
	}
	return g.ProvedAt
}

// Lifetime clips the wanted lifetime of a token to the grant's end, in whole
// seconds. 0: less than a second is left and nothing may be issued.
func (g *Grant) Lifetime(now time.Time, want time.Duration) time.Duration {
	return max(min(want, g.NotAfter.Sub(now)), 0).Truncate(time.Second)
}

// IssueCode gives the grant its code and returns it.
func (g *Grant) IssueCode(now time.Time) string {
	code := NewToken(AuthorizationCode)
	g.Code = AuthCode{Hash: HashToken(AuthorizationCode, code), Ends: now.Add(min(CodeLifetime, g.NotAfter.Sub(now)))}
	return code
}

// RedeemCode spends the code. A second use revokes the grant and everything from
// the first (RFC 6749 4.1.2): the caller stores the grant in either case.
func (g *Grant) RedeemCode(now time.Time) STS {
	switch {
	case !g.Code.UsedAt.IsZero():
		g.Revoke(now, GrantRevoked)
		return CodeRedeemed
	case !now.Before(g.Code.Ends):
		return GrantExpired
	}
	g.Code.UsedAt = now
	return 0
}

// RedeemDevice spends the device code.
func (g *Grant) RedeemDevice(now time.Time) STS {
	if !g.Device.UsedAt.IsZero() {
		g.Revoke(now, GrantRevoked)
		return CodeRedeemed
	}
	g.Device.UsedAt = now
	return 0
}

// IssueRefresh makes the first refresh token of the grant.
func (g *Grant) IssueRefresh(now time.Time) string {
	family := NewToken(RefreshToken)
	g.Refresh = Refresh{Family: HashToken(RefreshToken, family)}
	return g.rotate(family, now)
}

// RotateRefresh replaces a refresh token that Refreshes accepted.
func (g *Grant) RotateRefresh(shown string, now time.Time) string {
	family, _, _ := strings.Cut(shown, ".")
	return g.rotate(family, now)
}

func (g *Grant) rotate(family string, now time.Time) string {
	secret := NewToken(RefreshToken)
	g.Refresh.Secret, g.Refresh.IssuedAt = HashToken(RefreshToken, secret), now
	g.Refresh.Generation++
	return family + "." + secret
}

// RefreshFamily is the value of the index that finds the grant of a refresh token.
func RefreshFamily(shown string) string {
	family, _, _ := strings.Cut(shown, ".")
	return HashToken(RefreshToken, family)
}

// Refreshes tells whether the token is of the current generation. One that is not
// was replayed or stolen, and who redeems tokens revokes the grant for it.
func (g *Grant) Refreshes(shown string) bool {
	_, secret, _ := strings.Cut(shown, ".")
	return sameHash(HashToken(RefreshToken, secret), g.Refresh.Secret)
}
