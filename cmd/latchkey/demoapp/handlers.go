package demoapp

import (
	"crypto/rand"
	"net/http"

	"golang.org/x/oauth2"
)

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	s, id, ok := a.browsers.session(r)
	switch {
	case !ok && a.browsers.wasEnded(id):
		a.browsers.signOut(w, id)
		a.pages.home(w, homeView{Over: true})
	case !ok:
		a.pages.home(w, homeView{SignedOut: r.URL.Query().Has("state")})
	case !a.Now().Before(s.ends):
		a.browsers.signOut(w, id)
		a.pages.home(w, homeView{Ended: s.ends})
	default:
		a.signedIn(w, r, s)
	}
}

// signedIn asks the provider each time whether the session still holds: that
// question is what the page is for.
func (a *app) signedIn(w http.ResponseWriter, r *http.Request, s session) {
	v := signedInView{session: s}
	ctx := a.provider.context(r)
	d, err := a.provider.discover(ctx)
	if err == nil {
		err = d.ask(ctx, &v.session)
	}
	if v.Honoured = err == nil; !v.Honoured {
		v.Doubt = doubt(err)
	}
	a.pages.signedIn(w, v)
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	d, err := a.provider.discover(a.provider.context(r))
	if err != nil {
		a.pages.problem(w, explain(err))
		return
	}
	begun := attempt{nonce: rand.Text(), verifier: oauth2.GenerateVerifier()}
	state := a.browsers.begin(w, r, begun)
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(begun.verifier), // RFC 7636 4.3
		oauth2.SetAuthURLParam("nonce", begun.nonce),
	}
	http.Redirect(w, r, d.oauth.AuthCodeURL(state, options...), http.StatusSeeOther)
}

func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	begun, ok := a.browsers.finish(r, q.Get("state"))
	if _, _, in := a.browsers.session(r); !ok && in { // by going back to a sign-in that is done
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if !ok {
		a.pages.problem(w, unknownAttempt())
		return
	}
	ctx := a.provider.context(r)
	d, err := a.provider.discover(ctx)
	if err != nil {
		a.pages.problem(w, explain(err))
		return
	}
	// RFC 9207 2.4: before anything else of the answer is believed.
	if iss := q.Get("iss"); iss != a.Issuer && (d.SendsIss || iss != "") {
		p := unknownAttempt()
		p.Text, p.Detail = "The answer came from another provider than the one this app asked. Start again from this app.", "iss is "+iss
		a.pages.problem(w, p)
		return
	}
	if code := q.Get("error"); code != "" {
		a.pages.problem(w, refusal(code, q.Get("error_description")))
		return
	}
	s, err := d.exchange(ctx, q.Get("code"), begun)
	if err == nil {
		err = a.enter(w, r, d, s)
	}
	if err != nil {
		a.pages.problem(w, explain(err))
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// enter signs the browser in, if the provider still stands behind the session.
// It is kept before that is asked: word of its end that comes from then on finds
// it, and if the end was before, the answer tells.
func (a *app) enter(w http.ResponseWriter, r *http.Request, d *discovered, s session) error {
	id := a.browsers.keep(s)
	if err := d.ask(a.provider.context(r), &s); err != nil {
		a.browsers.sessions.take(id)
		return err
	}
	a.browsers.signIn(w, r, id, s)
	return nil
}

func (a *app) refresh(w http.ResponseWriter, r *http.Request) {
	s, id, ok := a.browsers.session(r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	ctx := a.provider.context(r)
	d, err := a.provider.discover(ctx)
	if err == nil {
		s, err = d.renew(ctx, s)
	}
	if err != nil {
		p := explain(err)
		if p.Code == "invalid_grant" { // RFC 6749 5.2: the sign-in is over
			a.browsers.signOut(w, id)
		}
		a.pages.problem(w, p)
		return
	}
	a.browsers.sessions.replace(id, s)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	s, id, ok := a.browsers.session(r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	a.browsers.signOut(w, id)
	d, err := a.provider.discover(a.provider.context(r))
	if err != nil {
		a.pages.problem(w, explain(err))
		return
	}
	to := d.endSession(a.Config, s, rand.Text())
	if to == "" {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (a *app) nothing(w http.ResponseWriter, _ *http.Request) {
	a.pages.problem(w, problem{
		Status: http.StatusNotFound, Title: "There is nothing here",
		Text: "This app has one page; the link leads to it.",
	})
}

// foreign answers forms that other sites make a browser send.
func (a *app) foreign(w http.ResponseWriter, _ *http.Request) {
	a.pages.problem(w, problem{
		Status: http.StatusForbidden, Title: "That came from another site",
		Text: "This app only acts on its own buttons. Nothing has changed.",
	})
}
