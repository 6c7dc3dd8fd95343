package demoapp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const signedOutByProvider = "You were signed out because your sign-in has ended."

// world is an app with three people at it: one of them twice.
type world struct {
	*fake
	in map[string]*browser // by the sid of their sign-in
}

func newWorld(t *testing.T) *world {
	t.Helper()
	f := newFake(t)
	w := &world{fake: f, in: map[string]*browser{}}
	first := open(t, f)
	for _, p := range []struct{ sid, sub string }{{"s1", "u1"}, {"s2", "u1"}, {"s3", "u2"}} {
		b := &browser{t: t, app: first.app, now: f.now, cookies: map[string]*http.Cookie{}, header: http.Header{}}
		f.claims, f.person = map[string]any{"sub": p.sub, "sid": p.sid}, p.sub
		b.signIn(f)
		w.in[p.sid] = b
	}
	return w
}

// token is a good logout token about s1 after the changes: a nil takes a claim
// away, and a duration is a time from now.
func (w *world) token(how signing, change map[string]any) string {
	w.t.Helper()
	return w.sign(how, w.logout(change))
}

func (w *world) logout(change map[string]any) map[string]any {
	claims := map[string]any{
		"iss": w.server.URL, "aud": "app", "iat": w.now.Unix(), "exp": w.now.Add(2 * time.Minute).Unix(),
		"jti": "j1", "sid": "s1", "events": map[string]any{logoutEvent: map[string]any{}},
	}
	for name, v := range change {
		if d, ok := v.(time.Duration); ok {
			v = w.now.Add(d).Unix()
		}
		claims[name] = v
	}
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// post is what the provider's server sends: no cookie, no Origin.
func post(form url.Values) *http.Request {
	r := httptest.NewRequest("POST", "http://127.0.0.1:9401/backchannel-logout", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (w *world) hear(r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	w.in["s1"].app.ServeHTTP(rec, r)
	return rec.Result()
}

func (w *world) tell(token string) *http.Response {
	return w.hear(post(url.Values{"logout_token": {token}}))
}

// wantEnded expects these sessions to be over, and told so once, and no others.
func (w *world) wantEnded(sids ...string) {
	w.t.Helper()
	for sid, b := range w.in {
		w.person = map[string]string{"s3": "u2"}[sid]
		if w.person == "" {
			w.person = "u1"
		}
		if !slices.Contains(sids, sid) {
			b.page("GET", "/", "app-signed-in")
			continue
		}
		b.page("GET", "/", "app-home", signedOutByProvider)
		var again strings.Builder
		if err := b.do("GET", "/").Write(&again); err != nil || strings.Contains(again.String(), signedOutByProvider) || len(b.cookies) != 1 {
			w.t.Errorf("%s is told again, or keeps the session's cookie: %v", sid, b.cookies)
		}
	}
}

func (w *world) wantRefused(resp *http.Response, status int) {
	w.t.Helper()
	var said struct {
		Code   string `json:"error"`
		Detail string `json:"error_description"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		w.t.Errorf("%s, %v", resp.Status, err)
		return
	}
	if resp.StatusCode != status || said.Code != "invalid_request" || said.Detail == "" || resp.Header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("%s, %v, %+v", resp.Status, resp.Header, said)
	}
}

func TestLogoutToken(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("s3cret, and long enough for HMAC with SHA-256")
	for name, c := range map[string]struct {
		how    signing
		change map[string]any
		ended  []string // nil: refused
	}{
		"good":               {ended: []string{"s1"}},
		"typ logout+jwt":     {how: signing{typ: "logout+jwt"}, ended: []string{"s1"}},
		"typ as media type":  {how: signing{typ: "application/Logout+JWT"}, ended: []string{"s1"}},
		"typ JWT":            {how: signing{typ: "JWT"}, ended: []string{"s1"}},
		"sid and sub":        {change: map[string]any{"sub": "u1"}, ended: []string{"s1"}},
		"sub only":           {change: map[string]any{"sub": "u1", "sid": nil}, ended: []string{"s1", "s2"}},
		"sid of nobody":      {change: map[string]any{"sid": "s9", "sub": "u1"}, ended: []string{}},
		"sub of nobody":      {change: map[string]any{"sid": nil, "sub": "u9"}, ended: []string{}},
		"aud among others":   {change: map[string]any{"aud": []string{"other", "app"}}, ended: []string{"s1"}},
		"more events":        {change: map[string]any{"events": map[string]any{logoutEvent: map[string]any{}, "https://e": map[string]any{"a": 1}}}, ended: []string{"s1"}},
		"issued a while ago": {change: map[string]any{"iat": -4 * time.Minute}, ended: []string{"s1"}},
		"clock ahead":        {change: map[string]any{"iat": 30 * time.Second}, ended: []string{"s1"}},

		"typ of an access token": {how: signing{typ: "at+jwt"}},
		"typ of an event":        {how: signing{typ: "secevent+jwt"}},
		"wrong aud":              {change: map[string]any{"aud": "other"}},
		"no aud":                 {change: map[string]any{"aud": nil}},
		"wrong iss":              {change: map[string]any{"iss": "https://evil.example"}},
		"no iss":                 {change: map[string]any{"iss": nil}},
		"HS256":                  {how: signing{alg: jose.HS256, key: secret}},
		"unknown kid":            {how: signing{kid: "k2"}},
		"unknown key":            {how: signing{key: other}},
		"nonce":                  {change: map[string]any{"nonce": "n"}},
		"empty nonce":            {change: map[string]any{"nonce": ""}},
		"no events":              {change: map[string]any{"events": nil}},
		"other event":            {change: map[string]any{"events": map[string]any{"https://e": map[string]any{}}}},
		"event is null":          {change: map[string]any{"events": map[string]any{logoutEvent: nil}}},
		"event is text":          {change: map[string]any{"events": map[string]any{logoutEvent: "yes"}}},
		"events is a list":       {change: map[string]any{"events": []string{logoutEvent}}},
		"old iat":                {change: map[string]any{"iat": -6 * time.Minute}},
		"iat to come":            {change: map[string]any{"iat": 2 * time.Minute}},
		"no iat":                 {change: map[string]any{"iat": nil}},
		"expired":                {change: map[string]any{"exp": -2 * time.Second}},
		"no exp":                 {change: map[string]any{"exp": nil}},
		"no jti":                 {change: map[string]any{"jti": nil}},
		"neither sid nor sub":    {change: map[string]any{"sid": nil}},
		"empty sid":              {change: map[string]any{"sid": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			resp := w.tell(w.token(c.how, c.change))
			if c.ended == nil {
				w.wantRefused(resp, http.StatusBadRequest)
			} else if resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Control") != "no-store" {
				said, _ := io.ReadAll(resp.Body)
				t.Errorf("%s, %v, %s", resp.Status, resp.Header, said)
			}
			w.wantEnded(c.ended...)
		})
	}
}

// TestLogoutTokenShape: what is no signed token in a form is refused too.
func TestLogoutTokenShape(t *testing.T) {
	w := newWorld(t)
	encode := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	good := w.token(signing{}, nil)
	parts := strings.Split(good, ".")
	for name, form := range map[string]url.Values{
		"alg none":    {"logout_token": {encode(map[string]string{"alg": "none"}) + "." + encode(w.logout(nil)) + "."}},
		"as JSON":     {"logout_token": {`{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`}},
		"an ID token": {"logout_token": {w.idToken()}},
		"altered":     {"logout_token": {parts[0] + "." + encode(w.logout(map[string]any{"sid": "s2"})) + "." + parts[2]}},
		"no token":    {"logout_token": {"x"}},
		"empty":       {"logout_token": {""}},
		"none":        {"token": {good}},
		"two":         {"logout_token": {good, good}},
		"oversized":   {"logout_token": {good}, "more": {strings.Repeat("x", logoutBody)}},
	} {
		t.Log(name)
		w.wantRefused(w.hear(post(form)), http.StatusBadRequest)
	}
	query := post(nil)
	query.URL.RawQuery = url.Values{"logout_token": {good}}.Encode()
	w.wantRefused(w.hear(query), http.StatusBadRequest)

	get := w.hear(httptest.NewRequest("GET", "/backchannel-logout?"+query.URL.RawQuery, nil))
	w.wantRefused(get, http.StatusMethodNotAllowed)
	if get.Header.Get("Allow") != "POST" {
		t.Errorf("Allow is %q", get.Header.Get("Allow"))
	}
	w.wantEnded()
	if resp := w.tell(good); resp.StatusCode != http.StatusOK {
		t.Errorf("the good one is refused: %s", resp.Status)
	}
}

// TestLogoutTokenOnce: a token seen before ends nothing, as long as it would be
// accepted; after that it is too old.
func TestLogoutTokenOnce(t *testing.T) {
	w := newWorld(t)
	about := map[string]any{"sid": nil, "sub": "u2", "exp": time.Hour}
	token := w.token(signing{}, about)
	if resp := w.tell(token); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	w.wantEnded("s3")
	w.claims, w.person = map[string]any{"sub": "u2", "sid": "s4"}, "u2"
	w.in["s3"].signIn(w.fake)
	w.wantRefused(w.tell(token), http.StatusBadRequest)
	w.wantRefused(w.tell(w.token(signing{typ: "logout+jwt"}, about)), http.StatusBadRequest)
	w.wantEnded()
	about["jti"] = "j2"
	if resp := w.tell(w.token(signing{}, about)); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	w.wantEnded("s3")
}

func TestReplayedLater(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	w := &world{fake: f, in: map[string]*browser{"s1": b}}
	token := w.token(signing{}, map[string]any{"iat": logoutAhead, "exp": time.Hour})
	if resp := w.tell(token); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	for range 60 {
		b.now = b.now.Add(10 * time.Second)
		w.wantRefused(w.tell(token), http.StatusBadRequest)
	}
	f.now = b.now
	if resp := w.tell(w.token(signing{}, nil)); resp.StatusCode != http.StatusOK {
		t.Errorf("a jti is refused for ever: %s", resp.Status)
	}
}

// TestLogoutFromAnywhere: the guard against foreign forms is not for servers.
func TestLogoutFromAnywhere(t *testing.T) {
	w := newWorld(t)
	r := post(url.Values{"logout_token": {w.token(signing{}, nil)}})
	r.Header.Set("Origin", w.server.URL)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if resp := w.hear(r); resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
	w.wantEnded("s1")
}

// TestEndedThenAct: whoever presses a button of the page that is still there is
// told as well, and a refresh under way brings nothing back.
func TestEndedThenAct(t *testing.T) {
	w := newWorld(t)
	for sid, target := range map[string]string{"s1": "/refresh", "s2": "/logout"} {
		if resp := w.tell(w.token(signing{}, map[string]any{"sid": sid, "jti": sid})); resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status)
		}
		if resp := w.in[sid].do("POST", target); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" {
			t.Errorf("%s: %s to %q", target, resp.Status, resp.Header.Get("Location"))
		}
	}
	w.wantEnded("s1", "s2")
}

// TestEndedAfterRefresh: the sid of the sign-in holds when a refreshed ID token
// leaves it out.
func TestEndedAfterRefresh(t *testing.T) {
	w := newWorld(t)
	w.claims, w.person = map[string]any{"sub": "u1"}, "u1"
	if resp := w.in["s1"].do("POST", "/refresh"); resp.StatusCode != http.StatusSeeOther {
		t.Fatal(resp.Status)
	}
	if resp := w.tell(w.token(signing{}, nil)); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	w.wantEnded("s1")
}

// TestEndedWhileSigningIn: word of the end that overtakes the sign-in counts.
func TestEndedWhileSigningIn(t *testing.T) {
	f := newFake(t)
	b := open(t, f)
	w := &world{fake: f, in: map[string]*browser{"s1": b}}
	f.claims["sid"] = "s1"
	f.asked = func() {
		f.asked = nil
		if resp := w.tell(w.token(signing{}, nil)); resp.StatusCode != http.StatusOK {
			t.Error(resp.Status)
		}
	}
	b.signIn(f)
	w.wantEnded("s1")
}
