package demoapp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// fake is a provider that says what a test wants to hear. The real one is met in
// the tests of cmd/latchkey.
type fake struct {
	t      *testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey
	now    time.Time
	// claims of the next ID token; iss, aud, iat and exp are filled in.
	claims map[string]any
	// refuse is the error the token endpoint answers, "" to serve.
	refuse string
	// revoked makes userinfo refuse.
	revoked bool
	// asked, if set, runs when userinfo is asked.
	asked func()
	// person is the sub that userinfo answers.
	person string
	form   url.Values // what the token endpoint was last sent
}

func newFake(t *testing.T) *fake {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{t: t, key: key, now: time.Now().Truncate(time.Second), claims: map[string]any{"sub": "u1"}, person: "u1"}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", f.discovery)
	mux.HandleFunc("/keys", f.keys)
	mux.HandleFunc("/token", f.token)
	mux.HandleFunc("/userinfo", f.userinfo)
	f.server = httptest.NewServer(mux)
	t.Cleanup(f.server.Close)
	return f
}

func (f *fake) reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		f.t.Error(err)
	}
}

func (f *fake) discovery(w http.ResponseWriter, _ *http.Request) {
	base := f.server.URL
	f.reply(w, http.StatusOK, map[string]any{
		"issuer": base, "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/token",
		"jwks_uri": base + "/keys", "userinfo_endpoint": base + "/userinfo", "end_session_endpoint": base + "/logout",
		"id_token_signing_alg_values_supported":          []string{"ES256"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (f *fake) keys(w http.ResponseWriter, _ *http.Request) {
	f.reply(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: f.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
}

func (f *fake) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		f.t.Error(err)
	}
	f.form = r.PostForm
	if f.refuse != "" {
		f.reply(w, http.StatusBadRequest, map[string]any{"error": f.refuse, "error_description": "The pass was deleted."})
		return
	}
	f.reply(w, http.StatusOK, map[string]any{
		"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "rt", "id_token": f.idToken(),
	})
}

func (f *fake) idToken() string {
	claims := map[string]any{"iss": f.server.URL, "aud": "app", "iat": f.now.Unix(), "exp": f.now.Add(time.Hour).Unix()}
	for name, v := range f.claims {
		claims[name] = v
	}
	return f.sign(signing{}, claims)
}

// signing is how a token is signed; its zero value is how the provider does it.
type signing struct {
	alg jose.SignatureAlgorithm // ES256
	kid string                  // k1
	key any                     // the provider's
	typ string
}

func (f *fake) sign(how signing, claims map[string]any) string {
	f.t.Helper()
	if how.alg == "" {
		how.alg = jose.ES256
	}
	if how.kid == "" {
		how.kid = "k1"
	}
	if how.key == nil {
		how.key = f.key
	}
	options := &jose.SignerOptions{}
	if how.typ != "" {
		options.WithType(jose.ContentType(how.typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: how.alg, Key: jose.JSONWebKey{Key: how.key, KeyID: how.kid}}, options)
	if err != nil {
		f.t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		f.t.Fatal(err)
	}
	return raw
}

func (f *fake) userinfo(w http.ResponseWriter, _ *http.Request) {
	if f.revoked {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		f.reply(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token", "error_description": "The token was revoked."})
		return
	}
	if f.asked != nil {
		f.asked()
	}
	f.reply(w, http.StatusOK, map[string]any{"sub": f.person, "name": "Ada", "email": "ada@contoso.example"})
}
