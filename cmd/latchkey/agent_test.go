package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// agent is a browser and the app behind it, for tests that put load on a server:
// unlike person it answers errors, since the server may be killed under it.
type agent struct {
	transport http.RoundTripper
	issuer    string
	cookies   map[string]string
}

// newTransport keeps connections alive and, if an address is given, goes there
// whatever host a URL names.
func newTransport(network, address string) *http.Transport {
	t := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true, ResponseHeaderTimeout: 15 * time.Second}
	if address != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	}
	return t
}

// app is the relying party that an agent acts for.
type app struct {
	id, secret, redirect, scope string
}

func (r reportClient) app(redirect, scope string) app {
	return app{r.ClientID, r.ClientSecret, redirect, scope}
}

// endpoint is a URL of the agent's tenant.
func (a *agent) endpoint(path string) string { return strings.TrimSuffix(a.issuer, "/v2.0") + path }

// fresh is the same agent with a browser that has never been anywhere.
func (a *agent) fresh() *agent {
	return &agent{transport: a.transport, issuer: a.issuer, cookies: map[string]string{}}
}

// tokens are the part of a token response that apps keep.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Error   string `json:"error"`
}

// refusal is an OAuth error: the server has answered, and said no.
type refusal struct{ code string }

func (r refusal) Error() string { return "refused: " + r.code }

// cutOff is the error of a request whose answer did not come, or not whole.
type cutOff struct{ error }

// get reads a document, with a bearer token if one is given.
func (a *agent) get(address, bearer string) ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, body, err := a.send(r)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %.200s", r.URL.Path, response.Status, body)
	}
	return body, err
}

// post sends a form as a client and reads the JSON answer. A refusal is an error.
func (a *agent) post(path string, by app, form url.Values, into any) error {
	if by.secret == "" {
		form.Set("client_id", by.id)
	}
	r, err := http.NewRequest(http.MethodPost, a.endpoint(path), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if by.secret != "" {
		r.SetBasicAuth(url.QueryEscape(by.id), url.QueryEscape(by.secret))
	}
	response, body, err := a.send(r)
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusOK && len(body) == 0 { // a revocation
		return nil
	}
	var told struct{ Error string }
	if err := json.Unmarshal(body, &told); err != nil {
		return fmt.Errorf("POST %s: %s: %.200s", path, response.Status, body)
	}
	if told.Error != "" {
		return refusal{told.Error}
	}
	return json.Unmarshal(body, into)
}

func (a *agent) send(r *http.Request) (*http.Response, []byte, error) {
	for name, value := range a.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := a.transport.RoundTrip(r)
	if err != nil {
		return nil, nil, cutOff{err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, cutOff{err}
	}
	if response.StatusCode >= http.StatusInternalServerError {
		err = fmt.Errorf("%s %s: %s: %.200s", r.Method, r.URL.Path, response.Status, body)
	}
	for _, c := range response.Cookies() {
		if c.MaxAge < 0 {
			delete(a.cookies, c.Name)
		} else {
			a.cookies[c.Name] = c.Value
		}
	}
	return response, body, err
}

// place is where a browser has come to: a page, or the app's redirect URI.
type place struct {
	at     *url.URL
	page   string // data-page; "" at the app
	body   []byte
	landed url.Values
}

// browse follows redirects until there is a page or the app is reached.
func (a *agent) browse(method, address string, form url.Values, app app) (place, error) {
	at, err := url.Parse(address)
	for hop := 0; err == nil && hop < 10; hop++ {
		if strings.HasPrefix(at.String(), app.redirect) {
			return place{at: at, landed: at.Query()}, nil
		}
		var r *http.Request
		if r, err = http.NewRequest(method, at.String(), strings.NewReader(form.Encode())); err != nil {
			break
		}
		r.Header.Set("Accept", "text/html")
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
		response, body, err := a.send(r)
		if err != nil {
			return place{}, err
		}
		to, err := response.Location()
		if errors.Is(err, http.ErrNoLocation) {
			return place{at: at, page: firstOf(pagePattern, body), body: body}, nil
		}
		at, method, form = to, http.MethodGet, nil
	}
	return place{}, errors.Join(err, errors.New("too many redirects"))
}

// The pages write these in one way, which saves the parsing.
var (
	pagePattern    = regexp.MustCompile(`data-page="([a-z-]+)"`)
	statePattern   = regexp.MustCompile(`name="state" value="([^"]+)"`)
	problemPattern = regexp.MustCompile(`id="problem"[^>]*>([^<]+)<`)
	actionPattern  = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
)

func firstOf(p *regexp.Regexp, body []byte) string {
	if m := p.FindSubmatch(body); m != nil {
		return string(m[1])
	}
	return ""
}

// submit sends the form of a page with a field filled in or a button pressed.
func (a *agent) submit(p place, name, value string, app app) (place, error) {
	action, state := firstOf(actionPattern, p.body), firstOf(statePattern, p.body)
	if action == "" || state == "" {
		return p, fmt.Errorf("no form on page %q at %s", p.page, p.at)
	}
	to, err := p.at.Parse(action)
	if err != nil {
		return p, err
	}
	return a.browse(http.MethodPost, to.String(), url.Values{"state": {state}, name: {value}}, app)
}

// errWrongCode: the pass was not accepted, or sign-in is held back.
var errWrongCode = errors.New("the pass was not accepted")

// signIn goes through the whole of a sign-in, consent if it is asked for, and
// answers the tokens, and whether consent was asked for.
func (a *agent) signIn(app app, user, pass string) (tokens, bool, error) {
	request, verifier := a.request(app)
	p, err := a.browse(http.MethodGet, request, nil, app)
	if err == nil {
		p, err = a.submit(p, "username", user, app)
	}
	if err == nil {
		p, err = a.submit(p, "code", pass, app)
	}
	if err == nil && p.page == "pass" {
		err = fmt.Errorf("%w: %s", errWrongCode, firstOf(problemPattern, p.body))
	}
	asked := err == nil && p.page == "consent"
	if asked {
		p, err = a.submit(p, "decision", "allow", app)
	}
	if err != nil {
		return tokens{}, asked, err
	}
	got, err := a.redeem(app, p.landed, verifier)
	return got, asked, err
}

// code asks for an authorization code on the strength of the session.
func (a *agent) code(app app) (code url.Values, verifier string, err error) {
	request, verifier := a.request(app, "prompt", "none")
	p, err := a.browse(http.MethodGet, request, nil, app)
	if err == nil && p.landed.Get("error") != "" {
		err = refusal{p.landed.Get("error")}
	}
	return p.landed, verifier, err
}

// request is an authorization request with PKCE.
func (a *agent) request(app app, more ...string) (address, verifier string) {
	verifier = oauth2.GenerateVerifier()
	q := url.Values{
		"client_id": {app.id}, "response_type": {"code"}, "redirect_uri": {app.redirect}, "scope": {app.scope},
		"state": {verifier[:16]}, "nonce": {verifier[16:32]},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return a.endpoint("/oauth2/v2.0/authorize?") + q.Encode(), verifier
}

// redeem checks where the browser landed and trades the code for tokens.
func (a *agent) redeem(app app, landed url.Values, verifier string) (t tokens, err error) {
	switch {
	case landed.Get("error") != "":
		return t, refusal{landed.Get("error")}
	case landed.Get("code") == "":
		return t, errors.New("the app was sent no code")
	case landed.Get("state") != verifier[:16] || landed.Get("iss") != a.issuer:
		return t, fmt.Errorf("the app was sent %v", landed)
	}
	err = a.post("/oauth2/v2.0/token", app, url.Values{
		"grant_type": {"authorization_code"}, "code": {landed.Get("code")}, "redirect_uri": {app.redirect}, "code_verifier": {verifier},
	}, &t)
	if err == nil && (t.Access == "" || t.ID == "") {
		err = errors.New("tokens are missing")
	}
	return t, err
}

// refresh trades a refresh token for new tokens. One that does not rotate is kept.
func (a *agent) refresh(app app, token string) (t tokens, err error) {
	err = a.post("/oauth2/v2.0/token", app, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, &t)
	if err == nil && t.Access == "" {
		err = errors.New("tokens are missing")
	}
	if t.Refresh == "" {
		t.Refresh = token
	}
	return t, err
}

// introspect tells whether a token is active.
func (a *agent) introspect(by app, token string) (bool, error) {
	var answer struct{ Active bool }
	err := a.post("/oauth2/v2.0/introspect", by, url.Values{"token": {token}}, &answer)
	return answer.Active, err
}
