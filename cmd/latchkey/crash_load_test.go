package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"

	"latchkey/idp"
)

// resident is a user with a browser and a phone, who does one thing at a time. What
// a resident knows is what servers have acknowledged; a deed under way when the
// server died is in doubt until inspect has looked what became of it.
type resident struct {
	w      *crashWorld
	number int
	random *rand.Rand

	arrivals int
	name     string
	userID   string
	pass     passView
	entries  int               // acknowledged sign-ins as this user
	cut      int               // sign-ins that were cut off
	cookies  map[string]string // of the browser that is signed in; nil: none is

	codes    []*crashCode
	families []*family
	devices  []string // device codes that nobody has approved

	doubt   string // name of the deed in doubt, "" for none
	doubted any    // the *crashCode or *family it was about
}

// crashCode is an authorization code that was issued and not yet redeemed.
type crashCode struct {
	landed   url.Values
	verifier string
	at       time.Time
}

// family is a grant of the phone, by its refresh token.
type family struct {
	code       string // that it came from, "" if a whole sign-in did
	tokens     tokens
	generation int // acknowledged rotations, the first token being one
	revoked    bool
}

// deed is something a resident does, as often as its weight says among those
// that are possible. It answers what it is about.
type deed struct {
	name     string
	weight   int
	possible func(*resident) bool
	do       func(*resident, *crashServer) (about any, err error)
}

func deeds() []deed {
	return []deed{
		{"user", 1, func(r *resident) bool { return r.userID == "" }, (*resident).becomeSomebody},
		{"pass", 1, func(r *resident) bool { return r.userID != "" && r.pass.ID == "" }, (*resident).getPass},
		{"sign-in", 1, func(r *resident) bool { return r.pass.ID != "" && r.cookies == nil }, (*resident).enter},
		{"code", 20, func(r *resident) bool { return r.cookies != nil && len(r.codes)+len(r.families) < 6 }, (*resident).getCode},
		{"redemption", 20, func(r *resident) bool { return len(r.codes) > 0 }, (*resident).redeemCode},
		{"refresh", 40, func(r *resident) bool { return len(r.live()) > 0 }, (*resident).refreshOne},
		{"revocation", 5, func(r *resident) bool { return len(r.live()) > 2 }, (*resident).revokeOne},
		{"replay", 3, func(r *resident) bool { return len(r.live()) > 2 && r.live()[0].code != "" }, (*resident).replayOne},
		{"deletion", 1, func(r *resident) bool { return r.cookies != nil && len(r.live()) > 0 }, (*resident).losePass},
		{"replacement", 1, func(r *resident) bool { return r.cookies != nil && len(r.live()) > 0 }, (*resident).replacePass},
		{"device", 1, func(r *resident) bool { return r.cookies != nil && len(r.devices) < 3 }, (*resident).startDevice},
	}
}

// busy does one deed after another until the server is gone, and counts them.
func (r *resident) busy(s *crashServer) map[string]int {
	done := map[string]int{}
	for {
		d := r.choose()
		about, err := d.do(r, s)
		if err == nil {
			done[d.name]++
			continue
		}
		if !errors.As(err, new(cutOff)) {
			s.t.Errorf("%s of %s: %v", d.name, r.name, err)
		}
		r.doubt, r.doubted = d.name, about
		return done
	}
}

func (r *resident) choose() deed {
	all := slices.DeleteFunc(deeds(), func(d deed) bool { return !d.possible(r) })
	sum := 0
	for _, d := range all {
		sum += d.weight
	}
	n := r.random.IntN(sum)
	for _, d := range all {
		if n -= d.weight; n < 0 {
			return d
		}
	}
	panic("unreachable")
}

func (r *resident) live() []*family {
	return slices.DeleteFunc(slices.Clone(r.families), func(f *family) bool { return f.revoked })
}

func (r *resident) any() *family {
	live := r.live()
	return live[r.random.IntN(len(live))]
}

// leave forgets the user: the next deed is to become another.
func (r *resident) leave() {
	*r = resident{w: r.w, number: r.number, random: r.random, arrivals: r.arrivals}
}

func (r *resident) becomeSomebody(s *crashServer) (any, error) {
	r.arrivals++
	r.name = fmt.Sprintf("r%d-%d@contoso.example", r.number, r.arrivals)
	u, err := control(s, userCreate, userCreateArgs{userArgs: userArgs{User: r.name}})
	r.userID = u.ID
	return nil, err
}

func (r *resident) getPass(s *crashServer) (any, error) {
	once := r.random.IntN(2) == 0
	pass, err := control(s, passCreate, passCreateArgs{userArgs: userArgs{User: r.name}, OneTime: &once})
	if err == nil {
		r.pass = pass
	}
	return nil, err
}

func (r *resident) enter(s *crashServer) (any, error) {
	a := s.browser.fresh()
	t, _, err := a.signIn(r.w.phone, r.name, r.pass.Code)
	if err == nil {
		r.cookies = a.cookies
		r.entries++
		r.families = append(r.families, &family{tokens: t, generation: 1})
	}
	return nil, err
}

func (r *resident) getCode(s *crashServer) (any, error) {
	landed, verifier, err := r.browser(s).code(r.w.phone)
	if err == nil {
		r.codes = append(r.codes, &crashCode{landed, verifier, time.Now()})
	}
	return nil, err
}

func (r *resident) browser(s *crashServer) *agent {
	a := s.browser.fresh()
	maps.Copy(a.cookies, r.cookies)
	return a
}

func (r *resident) redeemCode(s *crashServer) (any, error) {
	c := r.codes[0]
	t, err := s.browser.fresh().redeem(r.w.phone, c.landed, c.verifier)
	if err == nil {
		r.codes = r.codes[1:]
		r.families = append(r.families, &family{code: c.landed.Get("code"), tokens: t, generation: 1})
	}
	return c, err
}

func (r *resident) refreshOne(s *crashServer) (any, error) {
	f := r.any()
	t, err := s.browser.fresh().refresh(r.w.phone, f.tokens.Refresh)
	if err == nil {
		f.tokens = t
		f.generation++
	}
	return f, err
}

func (r *resident) revokeOne(s *crashServer) (any, error) {
	f := r.any()
	err := s.browser.fresh().post("/oauth2/v2.0/revoke", r.w.phone, url.Values{"token": {f.tokens.Refresh}}, nil)
	f.revoked = err == nil
	return f, err
}

// replayOne shows a used code again, as a thief would, which revokes what it gave.
func (r *resident) replayOne(s *crashServer) (any, error) {
	f := r.live()[0]
	err := s.browser.fresh().post("/oauth2/v2.0/token", r.w.phone, url.Values{
		"grant_type": {"authorization_code"}, "code": {f.code}, "redirect_uri": {r.w.phone.redirect}, "code_verifier": {"x"},
	}, &tokens{})
	if told, ok := errors.AsType[refusal](err); ok && told.code == "invalid_grant" {
		f.revoked = true
		return f, nil
	}
	if err == nil {
		s.t.Errorf("a code of %s was redeemed twice", r.name)
	}
	return f, err
}

func (r *resident) losePass(s *crashServer) (any, error) {
	_, err := control(s, passDelete, userArgs{User: r.name})
	if err == nil {
		r.passGone()
	}
	return nil, err
}

// replacePass gets a new pass in place of the one that is held, which ends.
func (r *resident) replacePass(s *crashServer) (any, error) {
	once := r.random.IntN(2) == 0
	pass, err := control(s, passCreate, passCreateArgs{userArgs: userArgs{User: r.name}, OneTime: &once})
	if err == nil {
		r.passGone()
		r.pass = pass
	}
	return nil, err
}

// startDevice asks for a device code. An address may ask for 30 at once, which
// is more than all residents keep.
func (r *resident) startDevice(s *crashServer) (any, error) {
	var answer struct {
		Code string `json:"device_code"`
	}
	err := s.browser.fresh().post("/oauth2/v2.0/devicecode", r.w.phone, url.Values{"scope": {r.w.phone.scope}}, &answer)
	if err == nil {
		r.devices = append(r.devices, answer.Code)
	}
	return nil, err
}

// passGone ends all that came from the pass. What is left is looked at once more
// and then forgotten.
func (r *resident) passGone() {
	r.pass, r.cookies, r.codes = passView{}, nil, nil
	for _, f := range r.families {
		f.revoked = true
	}
}

// control carries out an operation over the control socket.
func control[A, R any](s *crashServer, o operation[A, R], args A) (result R, err error) {
	body, err := json.Marshal(args)
	if err != nil {
		return result, err
	}
	request, err := http.NewRequest(http.MethodPost, "http://latchkey/"+o.name, bytes.NewReader(body))
	if err != nil {
		return result, err
	}
	response, answer, err := s.control.send(request)
	if err != nil {
		return result, err
	}
	if response.StatusCode != http.StatusOK {
		told := &controlError{}
		if err := json.Unmarshal(answer, told); err != nil {
			return result, fmt.Errorf("%s: %s", response.Status, answer)
		}
		return result, told
	}
	return result, json.Unmarshal(answer, &result)
}

// askAgain asks the next server about all tokens: what is acknowledged must hold.
func (w *crashWorld) askAgain(s *crashServer) {
	for _, r := range w.residents {
		for _, f := range r.families {
			active, err := s.browser.fresh().introspect(w.resource, f.tokens.Access)
			w.must(err)
			if active == f.revoked {
				w.t.Errorf("an access token of %s: active is %t, although revoked is %t", r.name, active, f.revoked)
			}
		}
		r.families = r.live()
		// Those that would expire under way.
		r.codes = slices.DeleteFunc(r.codes, func(c *crashCode) bool { return time.Since(c.at) > idp.CodeLifetime/2 })
	}
}
