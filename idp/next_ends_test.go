package idp_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

// TestNextEnds plays random requests through with a person who does what each
// step asks for: every sign-in comes to an end, prompt=none asks nothing, and what
// is issued is what was asked for.
func TestNextEnds(t *testing.T) {
	t.Parallel()
	steps := map[idp.Step]int{}
	for seed := range uint64(20_000) {
		p := newPerson(seed)
		for n := 0; ; n++ {
			d := idp.Next(p.facts)
			if again := idp.Next(p.facts); !reflect.DeepEqual(d, again) {
				t.Fatalf("seed %d: not pure: %+v, then %+v", seed, d, again)
			}
			steps[d.Step]++
			if d.Step == idp.Refuse {
				break
			}
			if d.Step == idp.Issue {
				p.checkIssued(t, seed)
				break
			}
			if p.facts.Request.Asks("none") {
				t.Fatalf("seed %d: prompt=none leads to %+v", seed, d)
			}
			if n == 8 {
				t.Fatalf("seed %d: still %+v after %d steps\n%+v\n%+v", seed, d, n, p.facts, p.facts.Request)
			}
			if !p.act(d) {
				break
			}
		}
	}
	for _, s := range []idp.Step{idp.Identify, idp.Ask, idp.ConsentStep, idp.RedeemStep, idp.Refuse, idp.Issue} {
		if steps[s] < 1000 {
			t.Errorf("the step %s came only %d times", s, steps[s])
		}
	}
}

// person signs in as one of two users, each with some of the two methods.
type person struct {
	facts   idp.Facts
	users   map[string]*idp.User
	offered map[string][]idp.Offer
	me      string // whose name is typed
	goesOn  bool   // takes the account offered
	yields  string // the class a passkey gives
}

func newPerson(seed uint64) *person {
	r := random(seed)
	one := func(values ...string) string { return values[r.IntN(len(values))] }
	reason := func() idp.Reason { return []idp.Reason{idp.Offered, idp.NoCredential}[r.IntN(2)] }
	p := &person{
		users:   map[string]*idp.User{annaID: {UserID: annaID, PrincipalName: "anna@contoso.example"}, bobID: {UserID: bobID, PrincipalName: "bob@contoso.example"}},
		offered: map[string][]idp.Offer{annaID: offers(idp.Offered, reason()), bobID: offers(reason(), reason())},
		me:      one(annaID, bobID), goesOn: r.IntN(2) == 0, yields: one(idp.ACRPhishing, idp.ACRMFA),
	}
	for _, id := range []string{annaID, bobID} {
		if u := p.users[id]; r.IntN(4) == 0 {
			u.Type, u.External.State = idp.ExternalGuest, idp.PendingAcceptance
		}
	}
	req := &idp.AuthRequest{
		Scopes: []string{"openid"}, MaxAge: []int{-1, 0, 60, 7200}[r.IntN(4)],
		Subject: one("", "", annaID, bobID), ACREssential: r.IntN(2) == 0,
	}
	for _, prompt := range []string{"login", "consent", "select_account"} {
		if r.IntN(3) == 0 {
			req.Prompt = append(req.Prompt, prompt)
		}
	}
	if r.IntN(6) == 0 {
		req.Prompt = []string{"none"}
	}
	if acr := one("", "", idp.ACRBootstrap, idp.ACRPhishing, idp.ACRHardware); acr != "" {
		req.ACRValues = []string{acr}
	}
	p.facts = idp.Facts{Now: t0, StartedAt: t0, Client: &idp.Client{Trusted: r.IntN(2) == 0}, Request: req}
	if r.IntN(3) > 0 {
		p.facts.Session, p.facts.SessionUser = session(), p.users[annaID]
	}
	p.typeName(one("", "", annaID, bobID))
	p.facts.Another = false // so far it is but a hint
	return p
}

func (p *person) typeName(id string) {
	p.facts.Identifier, p.facts.User, p.facts.Account, p.facts.Another = id, p.users[id], false, true
	p.facts.Offers = offers(idp.UnknownUser, idp.UnknownUser)
	if id != "" {
		p.facts.Offers = p.offered[id]
	} else if p.facts.Session != nil {
		p.facts.Offers = p.offered[p.facts.Session.UserID]
	}
}

// act does what the step asks for; false: the person cannot.
func (p *person) act(d idp.Decision) bool {
	p.facts.Now = p.facts.Now.Add(2 * time.Second)
	switch {
	case d.Step == idp.RedeemStep && !p.goesOn:
		return false // they decline
	case d.Step == idp.RedeemStep:
		p.facts.SessionUser.External.Accept(idp.SourceMail, p.facts.Now)
	case d.Step == idp.ConsentStep:
		p.facts.Allowed = true
	case d.Step == idp.Identify && d.Account && p.goesOn:
		p.typeName("")
		p.facts.Account, p.facts.Another = true, false
	case d.Step == idp.Identify:
		p.typeName(p.me)
	default:
		return p.answer(d)
	}
	return true
}

func (p *person) answer(d idp.Decision) bool {
	i := slices.IndexFunc(d.Offers, func(o idp.Offer) bool { return o.Info.Kind == d.Method })
	if d.Offers[i].Reason != idp.Offered {
		return false
	}
	id := p.facts.Identifier
	if id == "" {
		id = p.facts.Session.UserID
	}
	proof := idp.Proof{Method: d.Method, Credential: string(d.Method) + id, At: p.facts.Now, ACR: idp.ACRBootstrap}
	if d.Method == idp.PasskeyMethod {
		proof.ACR = p.yields
	}
	p.facts.Session, p.facts.SessionUser = idp.NewSession(contoso(), id, idp.NewToken(idp.SessionSecret), proof), p.users[id]
	return true
}

func (p *person) checkIssued(t *testing.T, seed uint64) {
	t.Helper()
	req, s := p.facts.Request, p.facts.Session
	isFresh := !s.AuthTime().Before(t0)
	reached := slices.ContainsFunc(s.Proofs, func(q idp.Proof) bool { return slices.Contains(req.ACRValues, q.ACR) })
	switch {
	case p.facts.SessionUser.External.Pending():
		t.Fatalf("seed %d: issued for a guest who has not accepted: %+v", seed, req)
	case req.Subject != "" && req.Subject != s.UserID:
		t.Fatalf("seed %d: issued for %s, asked for %s", seed, s.UserID, req.Subject)
	case req.Asks("login") && !isFresh, req.MaxAge == 0 && !isFresh, req.MaxAge == 60 && !isFresh:
		t.Fatalf("seed %d: issued on an old sign-in: %+v", seed, req)
	case req.ACREssential && len(req.ACRValues) > 0 && !reached:
		t.Fatalf("seed %d: issued without an essential class: %+v, %+v", seed, req, s.Proofs)
	case (req.Asks("consent") || !p.facts.Client.Trusted) && !p.facts.Allowed:
		t.Fatalf("seed %d: issued without consent: %+v", seed, req)
	}
}
