package oidc_test

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// browser keeps the cookies of one person's browser.
type browser struct {
	w       *world
	cookies map[string]string
}

func (w *world) browser() *browser { return &browser{w, map[string]string{}} }

// clone is a browser with the same cookies, as another tab has them.
func (b *browser) clone() *browser {
	c := b.w.browser()
	for name, value := range b.cookies {
		c.cookies[name] = value
	}
	return c
}

// do sends the cookies, over plain HTTP too, and keeps those that come back.
func (b *browser) do(r *http.Request) *reply {
	names := make([]string, 0, len(b.cookies))
	for name := range b.cookies {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		r.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
	}
	got := b.w.do(r)
	for _, c := range (&http.Response{Header: got.Header}).Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return got
}

// authorize opens the app's authorization request in the browser.
func (b *browser) authorize(a *app, change url.Values) *reply {
	return b.do(b.w.request("/oauth2/v2.0/authorize?"+a.params(change).Encode(), nil))
}

// person is how somebody answers the pages of a sign-in. Without a name they go
// on as who is signed in; without a code they stop at that page.
type person struct {
	name string // the first part of a user name, or a whole mail address
	code string
	deny bool
}

func (p person) signsInAs() string {
	if strings.Contains(p.name, "@") {
		return p.name
	}
	return p.name + "@contoso.example"
}

// answer goes through the pages of a sign-in as ui would, until it ends or the
// person is stuck.
func (b *browser) answer(state string, p person) *reply {
	return b.page(func(rw http.ResponseWriter, r *http.Request, v signin.Visit) (signin.Outcome, error) {
		f, err := b.w.signin.Open(v, state)
		if err != nil {
			return signin.Outcome{}, err
		}
		f.Problem = nil // the person has read it
		return b.walk(rw, r, v, f, p)
	})
}

// approve enters the code of a device and answers the pages that follow.
func (b *browser) approve(userCode string, p person) *reply {
	return b.page(func(rw http.ResponseWriter, r *http.Request, v signin.Visit) (signin.Outcome, error) {
		f, err := b.w.signin.DeviceFlow(r.Context(), v, userCode)
		if err != nil {
			return signin.Outcome{}, err
		}
		return b.walk(rw, r, v, f, p)
	})
}

// signIn signs in at Latchkey's own pages, for no app.
func (b *browser) signIn(p person) *reply {
	return b.page(func(rw http.ResponseWriter, r *http.Request, v signin.Visit) (signin.Outcome, error) {
		return b.walk(rw, r, v, signin.Start(nil, "/security-info", v.Now), p)
	})
}

// walk takes one step after another. A decision is taken at most once a page.
func (b *browser) walk(rw http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow, p person) (signin.Outcome, error) {
	s := b.w.signin
	out, err := s.Look(r.Context(), v, f)
	for pages := 0; err == nil && out.Problem == nil && pages < 8; pages++ {
		switch step := out.Decision.Step; {
		case step == idp.Identify && p.name != "":
			out, err = s.Look(r.Context(), v, out.Flow.WithUser(p.signsInAs()))
		case step == idp.Identify && out.Decision.Account:
			out, err = s.Look(r.Context(), v, out.Flow.WithAccount())
		case step == idp.Ask && out.Prompt.Page == "email-send":
			out, err = s.Send(r.Context(), v, out.Flow, "")
		case step == idp.Ask && out.Prompt.Page == "email-code":
			p.code = b.w.mailedCode()
			fallthrough
		case step == idp.Ask && p.code != "":
			out, err = s.Answer(r.Context(), v, out.Flow, idp.Answer{"code": p.code})
			web.Keep(rw, r, out)
			v.Session, v.Known = cmp.Or(out.NewSession, v.Session), cmp.Or(out.NewKnown, v.Known)
		case step == idp.RedeemStep:
			out, err = s.Redeem(r.Context(), v, out.Flow, !p.deny)
		case step == idp.ConsentStep:
			out, err = s.Decide(r.Context(), v, out.Flow, !p.deny)
		default:
			return out, nil
		}
	}
	return out, err
}

type pageKey struct{}

// page runs fn where pages run, below the tenant, and answers as ui would: to the
// app when the sign-in is over, else with the state to go on from.
func (b *browser) page(fn func(http.ResponseWriter, *http.Request, signin.Visit) (signin.Outcome, error)) *reply {
	var out signin.Outcome
	run := func(rw http.ResponseWriter, r *http.Request) {
		v := web.Visit(rw, r)
		var err error
		if out, err = fn(rw, r, v); err != nil {
			rw.Header().Set("X-Error", err.Error())
			status := web.Status(idp.ErrorCode(err))
			if errors.Is(err, signin.ErrDevice) || errors.Is(err, signin.ErrClient) {
				status = http.StatusNotFound
			}
			rw.WriteHeader(status)
			return
		}
		over := out.Decision.Step == idp.Issue || out.Decision.Step == idp.Refuse
		switch {
		case over && out.Flow.Request != nil && out.Flow.Device == "":
			b.w.provider.Respond(rw, r, out)
		case !over:
			state, err := b.w.signin.Seal(v, out.Flow)
			b.w.must(err)
			http.Redirect(rw, r, baseURL+"/"+tenantID+"/signin?state="+state, http.StatusSeeOther)
		}
	}
	r := b.w.request("/signin", nil)
	got := b.do(r.WithContext(context.WithValue(r.Context(), pageKey{}, http.HandlerFunc(run))))
	got.Problem = out.Problem
	return got
}

// code gets an authorization code for the app, signing in as p if need be.
func (b *browser) code(a *app, p person, change url.Values) string {
	b.w.t.Helper()
	got := b.authorize(a, change)
	if got.State != "" {
		got = b.answer(got.State, p)
	}
	if got.code() == "" {
		b.w.t.Fatalf("no code: %d %v %v %s", got.Status, got.Fields, got.Problem, got.Header.Get("X-Error"))
	}
	return got.code()
}

// tokens gets the tokens of the code flow for the app.
func (b *browser) tokens(a *app, p person, change url.Values) *reply {
	b.w.t.Helper()
	got := b.w.redeem(a, b.code(a, p, change), nil)
	if got.Status != http.StatusOK {
		b.w.t.Fatalf("no tokens: %d %s", got.Status, got.Body)
	}
	return got
}

// logout opens the logout endpoint with the parameters.
func (b *browser) logout(params url.Values) *reply {
	return b.do(b.w.request("/oauth2/v2.0/logout?"+params.Encode(), nil))
}

// confirmLogout answers the page that asks whether to sign out.
func (b *browser) confirmLogout(state string) *reply {
	return b.do(b.w.request("/oauth2/v2.0/logout/confirm", url.Values{"state": {state}, "decision": {"sign-out"}}))
}
