// Package demoapp is a small relying party, as a stranger would write one with
// common libraries: it signs people in at one OpenID Provider, shows what it
// learned about them and how long that holds, refreshes, signs out, and ends a
// session when the provider sends word that the sign-in behind it has ended.
//
// It imports nothing of Latchkey and keeps its sessions in memory. It shows what
// a sign-in is worth to an app; it is not made to guard anything.
package demoapp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Config is what the app must know. Issuer, ClientID and BaseURL are required.
type Config struct {
	Name         string // what people call the app; "Demo App" if empty
	Issuer       string // of the OpenID Provider, byte for byte
	ClientID     string
	ClientSecret string
	BaseURL      string // scheme://host[:port] of the app itself, without a slash at its end
	// AccountURL is where people look after their sign-in methods; no link if empty.
	AccountURL string
	HTTPClient *http.Client     // for talking to the provider; nil: one that gives up after 10 s
	Now        func() time.Time // nil: time.Now
}

// RedirectURI is where the provider sends people back to after sign-in.
func (c Config) RedirectURI() string { return c.BaseURL + "/callback" }

// SignedOutURI is where the provider sends people back to after sign-out.
func (c Config) SignedOutURI() string { return c.BaseURL + "/" }

// BackchannelLogoutURI is where the provider's server tells that a sign-in has
// ended.
func (c Config) BackchannelLogoutURI() string { return c.BaseURL + backchannelLogoutPath }

func (c *Config) complete() error {
	if c.Issuer == "" || c.ClientID == "" || c.BaseURL == "" {
		return errors.New("demoapp: Issuer, ClientID and BaseURL are required")
	}
	for _, raw := range []string{c.Issuer, c.BaseURL} {
		if u, err := url.Parse(raw); err != nil || u.Host == "" {
			return fmt.Errorf("demoapp: %q is not an address of the web", raw)
		}
	}
	if c.Name == "" {
		c.Name = "Demo App"
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return nil
}

// app is the handlers' common ground.
type app struct {
	Config
	provider provider
	browsers browsers
	heard    *kept[struct{}] // the logout tokens of late, by their jti
	pages    *pages
}

// New makes the app. It first talks to the provider when somebody uses it, so it
// can be made before the provider is up.
func New(c Config) (http.Handler, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	p, err := newPages(c)
	if err != nil {
		return nil, err
	}
	a := &app{Config: c, provider: provider{Config: c}, browsers: newBrowsers(c), heard: newKept[struct{}](c.Now), pages: p}
	return a.routes(), nil
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET /callback", a.callback)
	mux.HandleFunc("POST /refresh", a.refresh)
	mux.HandleFunc("POST /logout", a.logout)
	mux.HandleFunc(backchannelLogoutPath, a.backchannelLogout)
	mux.Handle("GET /assets/", a.pages.assets())
	mux.HandleFunc("/", a.nothing)
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(a.foreign))
	// The provider is another site, and no cookie counts there: the token decides.
	own.AddInsecureBypassPattern("POST " + backchannelLogoutPath)
	guarded := own.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		}
		guarded.ServeHTTP(w, r)
	})
}
