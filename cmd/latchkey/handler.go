package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/device"
	"latchkey/idp/graph"
	"latchkey/idp/oidc"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/ui"
)

// handlers is everything the public listener answers. The provider and the devices are there for
// what they do without being asked.
type handlers struct {
	http.Handler
	provider *oidc.Provider
	devices  *device.Service
}

func newHandler(d deps) (*handlers, error) {
	renderer, err := ui.NewRenderer(ui.Options{HTTPS: strings.HasPrefix(d.Config.BaseURL, "https:"), Log: d.Log})
	if err != nil {
		return nil, err
	}
	proxies, err := resolveProxies(d.Config.TrustedProxy)
	if err != nil {
		return nil, err
	}
	calls, err := newOutbound(d.Config.Outbound)
	if err != nil {
		return nil, err
	}
	tells, err := newOutbound(d.Config.Outbound)
	if err != nil {
		return nil, err
	}
	pushes, err := newOutbound(d.Config.Outbound)
	if err != nil {
		return nil, err
	}
	tenants := web.NewTenants(d.Store)
	site := ui.NewSite(ui.Config{Base: d.Config.BaseURL, PasskeyHost: d.Passkeys.ID(), Renderer: renderer, Signin: d.Signin, Admin: d.Admin, Tenants: tenants, Upstream: d.Upstreams, Now: d.Clock.Now, Log: d.Log})
	own := http.NewCrossOriginProtection()
	if err := own.AddTrustedOrigin(d.Config.BaseURL); err != nil {
		return nil, err
	}
	own.SetDenyHandler(site.Refuse("request.invalid"))
	provider := oidc.New(oidc.Config{
		Base: d.Config.BaseURL, Store: d.Store, Keys: d.Keys, Signin: d.Signin, Admin: d.Admin,
		Tenants: tenants, Calls: calls, Tells: tells, Pages: pages{site}, Own: own, Log: d.Log,
	})
	site.Respond = provider.Respond
	admins := graph.New(graph.Config{
		Base: d.Config.BaseURL, Admin: d.Admin, Signin: d.Signin, Keys: d.Keys, Log: d.Log,
		Authenticate: func(r *http.Request) (c graph.Caller, err error) {
			c.Tenant, c.Actor, err = provider.Admit(r)
			return c, err
		},
	})
	devices := device.New(device.Config{
		Base: d.Config.BaseURL, Store: d.Store, Keys: d.Keys, Verifier: d.Passkeys, Passkeys: d.Passkeys, Waker: d.Waker,
		Calls: pushes, Now: d.Clock.Now, Log: d.Log,
	})
	d.Signin.WithRequests(d.Waker, devices.Notify)
	entry := web.Entry{
		Now: d.Clock.Now, Proxies: proxies, Log: d.Log, Large: admins.Owns,
		Panicked: whose(admins.Owns, admins.Panicked, site.Refuse("internal")),
		TooLarge: whose(admins.Owns, admins.TooLarge, whose(device.Owns, devices.Refuse, site.TooLarge)),
	}
	return &handlers{entry.Enter(routes(d, own, site, provider, devices, admins, tenants)), provider, devices}, nil
}

// whose answers a fault in the form of who was asked.
func whose(owns func(*http.Request) bool, theirs, others http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if owns(r) {
			theirs(w, r)
			return
		}
		others(w, r)
	}
}

// routes puts protocol and pages below /{tenant}, beside the admin API. Pages refuse what another site
// makes a browser send; the protocol's endpoints are made to be called from there.
func routes(d deps, own *http.CrossOriginProtection, site *ui.Site, provider *oidc.Provider, devices *device.Service, admins *graph.API, tenants *web.Tenants) *mux.Router {
	named := func(r *http.Request) string { return mux.Vars(r)["tenant"] }
	enter := tenants.Enter(named, site.Refuse("tenant.unknown"), func(w http.ResponseWriter, r *http.Request, err error) {
		d.Log.Error("tenant not read", "request_id", web.From(r).ID, "error", err)
		site.Refuse("internal")(w, r)
	})

	root := mux.NewRouter().SkipClean(true) // a path that is not clean is no page's, and leads nowhere
	root.Use(nameRoute)
	root.NotFoundHandler = site.Refuse("notfound")
	root.MatcherFunc(func(r *http.Request, _ *mux.RouteMatch) bool { return admins.Owns(r) }).Handler(admins).Name("graph")
	shared := root.MatcherFunc(ui.Shared).Subrouter()
	shared.Use(site.TenantInLink, own.Handler)
	phones := root.MatcherFunc(func(r *http.Request, _ *mux.RouteMatch) bool { return device.Owns(r) }).Subrouter()
	phones.Use(tenants.Enter(named, devices.Unknown, devices.Failed))
	phones.NotFoundHandler = http.HandlerFunc(devices.Refuse)
	devices.Routes(phones)
	protocol := root.NewRoute().Subrouter()
	protocol.Use(enter)
	provider.Routes(protocol)
	people := root.NewRoute().Subrouter()
	people.Use(enter, own.Handler)
	site.Routes(shared, people)
	return root
}

// pages draws what the protocol shows to people.
type pages struct{ site *ui.Site }

func (p pages) Refused(w http.ResponseWriter, r *http.Request, status int, e oidc.PageError) {
	v := ui.Error{Problem: ui.Problem{ID: "request.invalid"}, Detail: e.Detail, Code: e.Code, Time: web.From(r).Now}
	if e.Code == "invalid_request_uri" {
		v.Problem.ID = "request.expired"
	}
	switch e.STS {
	case idp.ClientUnknown:
		v.Problem.ID, v.Code = "client.unknown", ""
	case idp.RedirectUnknown:
		v.Problem.ID, v.Code = "redirect.unregistered", ""
	}
	p.site.Page(w, r, status, v)
}

func (p pages) FormPost(w http.ResponseWriter, r *http.Request, action string, fields [][2]string) {
	v := ui.FormPost{Action: action}
	for _, f := range fields {
		v.Fields = append(v.Fields, ui.Field{Name: f[0], Value: f[1]})
	}
	p.site.Page(w, r, http.StatusOK, v)
}

func (p pages) ConfirmSignOut(w http.ResponseWriter, r *http.Request, action, state, app, user string) {
	p.site.Page(w, r, http.StatusOK, ui.SignOut{Action: action, State: state, AppName: app, Username: user})
}

func (p pages) SignOutElsewhere(r *http.Request, v signin.Visit, session *idp.Session, next string) string {
	return p.site.SignOutElsewhere(r, v, session, next)
}

func (p pages) SignedOut(w http.ResponseWriter, r *http.Request) { p.site.SignedOut(w, r, "") }

func (p pages) SignedOutOf(w http.ResponseWriter, r *http.Request, frames []string, next string) {
	p.site.SignedOutOf(w, r, frames, next)
}

// resolveProxies turns addresses, networks and host names into networks.
func resolveProxies(names []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, name := range names {
		if p, err := netip.ParsePrefix(name); err == nil {
			out = append(out, p)
			continue
		}
		addresses, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip", name)
		if err != nil {
			return nil, fmt.Errorf("trusted_proxy %q: %w", name, err)
		}
		for _, a := range addresses {
			a = a.Unmap()
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return out, nil
}
