package demoapp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	backchannelLogoutPath = "/backchannel-logout"
	logoutEvent           = "http://schemas.openid.net/event/backchannel-logout"
	logoutBody            = 8 << 10         // bytes; a logout token has a tenth of it
	logoutFresh           = 5 * time.Minute // how old a logout token may be
	logoutAhead           = time.Minute     // how far the provider's clock may be before ours
)

// backchannelLogout is told by the provider's server that a sign-in has ended
// (OIDC Back-Channel Logout 2.5).
func (a *app) backchannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // 2.8
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuseLogout(w, http.StatusMethodNotAllowed, errors.New("a logout token comes by POST"))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, logoutBody)
	if err := r.ParseForm(); err != nil {
		refuseLogout(w, http.StatusBadRequest, err)
		return
	}
	over, err := a.verifyLogout(r)
	if err != nil {
		refuseLogout(w, http.StatusBadRequest, err)
		return
	}
	a.browsers.end(over.SessionID, over.Subject)
	w.WriteHeader(http.StatusOK)
}

// verifyLogout accepts a logout token once (2.6). The library checks signature,
// iss, aud, exp, that there are jti, the event, and sub or sid, and no nonce.
func (a *app) verifyLogout(r *http.Request) (*oidc.LogoutToken, error) {
	given := r.PostForm["logout_token"]
	if len(given) != 1 {
		return nil, errors.New("the form has not one logout_token")
	}
	ctx := a.provider.context(r)
	d, err := a.provider.discover(ctx)
	if err != nil {
		return nil, err
	}
	t, err := d.verifier.VerifyLogout(ctx, given[0])
	if err != nil {
		return nil, err
	}
	var claims struct {
		Events map[string]map[string]any `json:"events"`
	}
	if err := t.Claims(&claims); err != nil {
		return nil, err
	}
	now := a.Now()
	switch {
	case !typedLogout(given[0]):
		return nil, errors.New("typ is that of another kind of token")
	case claims.Events[logoutEvent] == nil: // 2.4: its value is an object
		return nil, errors.New("the event is no object")
	case t.IssuedAt.Before(now.Add(-logoutFresh)), t.IssuedAt.After(now.Add(logoutAhead)):
		return nil, errors.New("iat is not of late")
	case !a.heard.first(t.TokenID, struct{}{}, 2*logoutFresh): // until after it is too old
		return nil, errors.New("a token of this jti was here before")
	}
	return t, nil
}

// typedLogout looks at the typ of a token whose signature was verified: logout+jwt
// (2.4), or nothing said, as by providers from before that was written.
func typedLogout(token string) bool {
	first, _, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(first)
	var header struct {
		Type string `json:"typ"`
	}
	if err != nil || json.Unmarshal(data, &header) != nil {
		return false
	}
	// A media type without regard to case, its "application/" left out or not (RFC 7515 4.1.9).
	kind := strings.TrimPrefix(strings.ToLower(header.Type), "application/")
	return slices.Contains([]string{"", "jwt", "logout+jwt"}, kind)
}

func refuseLogout(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// Whoever hung up needs no answer.
	_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_request", "error_description": firstLine(err)})
}
