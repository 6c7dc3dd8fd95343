package oidc_test

import (
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// deed is a kind of step, drawn as often as its weight says.
type deed struct {
	weight int
	do     func(*player, step)
}

// The first deeds, which drawSteps names.
const (
	givingPass = iota
	signingIn
	redeeming
	exchanging
	joining
	removing
)

var deeds = []deed{
	{8, (*player).givePass},
	{16, (*player).signInHere},
	{10, (*player).redeemCode},
	{8, (*player).exchangeToken},
	{2, (*player).registerApp},
	{2, (*player).removeApp},
	{5, (*player).deletePass},
	{4, (*player).changePolicy},
	{10, (*player).singleSignOn},
	{4, (*player).answerLater},
	{14, (*player).refreshToken},
	{3, (*player).startDevice},
	{5, (*player).approveDevice},
	{5, (*player).pollDevice},
	{2, (*player).clientCredentials},
	{4, (*player).look},
	{4, (*player).lookAtAll},
	{3, (*player).revokeToken},
	{3, (*player).signOut},
	{3, (*player).disableUser},
	{2, (*player).revokeSessions},
	{11, (*player).moveClock},
	{3, (*player).moveToEnd},
	{2, (*player).setClockBack},
	{2, (*player).restart},
	{1, (*player).crash},
	{5, (*player).deliverNotices},
}

// Administrators.

func (p *player) givePass(s step) {
	u := p.user(s.x)
	life := []time.Duration{10, 10, 60, 60, 60, 480, 480, 1440, 43200, 11, 9, 43201}[s.y%12] * time.Minute
	delay := []time.Duration{0, 0, 0, 0, 5 * time.Minute, 3 * time.Hour}[s.y/12%6]
	yes, no := true, false
	once := []*bool{&yes, nil, nil, nil, &no}[s.z%5]
	actor, self := operator, s.z%17 == 0
	if self {
		actor = p.person(u)
	}
	req := idp.PassRequest{Lifetime: int(life / time.Minute), Once: once}
	if delay > 0 {
		req.StartsAt = p.m.now.Add(delay)
	}
	info, code, err := p.w.admin.CreatePass(p.w.ctx(), actor, tenantID, u.name+"@contoso.example", req)
	var pass *mPass
	if !self {
		pass = p.m.givePass(u, delay, life, once)
	}
	if pass == nil {
		p.tell("%s asks for a pass for %s, in vain", actor.Type, u.name)
		p.want(err != nil, "a pass was given against the rules")
		return
	}
	p.tell("%s gets pass %d for %v, to begin in %v, once: %v", u.name, pass.n, life, delay, pass.once)
	p.want(err == nil, "no pass: %v", err)
	pass.id, pass.code = info.Pass.PassID, code
	p.want(info.Pass.EndsAt().Equal(pass.end), "pass %d ends at %v, want %v", pass.n, info.Pass.EndsAt(), pass.end)
}

func (p *player) person(u *mUser) idp.Actor {
	return idp.Person(tenantID, p.w.users[u.name])
}

func (p *player) deletePass(s step) {
	u, actor, id := p.user(s.x), operator, ""
	if s.y%2 == 1 {
		actor = p.person(u)
	}
	if pass, ok := choose(p.m.passes, s.z/4); ok && s.z%4 == 0 {
		id = pass.id // perhaps one that was replaced
	}
	err := p.w.admin.DeletePass(p.w.ctx(), actor, tenantID, u.name+"@contoso.example", id)
	if u.pass == nil || id != "" && id != u.pass.id {
		p.tell("%s deletes a pass that %s has not", actor.Type, u.name)
		p.want(idp.ErrorCode(err) == idp.NotFound, "want not found, got %v", err)
		return
	}
	p.tell("%s deletes pass %d of %s", actor.Type, u.pass.n, u.name)
	p.want(err == nil, "pass not deleted: %v", err)
	u.pass.gone, u.pass = true, nil
}

func (p *player) changePolicy(s step) {
	m, c := p.m, admin.PassPolicyChange{}
	switch s.x % 4 {
	case 0:
		m.off = !m.off && s.y%3 == 0
		on := !m.off
		c.Enabled = &on
	case 1:
		m.once = !m.once && s.y%2 == 0
		c.Once = &m.once
	case 2:
		u := p.user(s.y)
		u.excluded = !u.excluded && s.z%2 == 0
		c.Exclude = &[]idp.Target{}
		for _, u := range m.people {
			if u.excluded {
				*c.Exclude = append(*c.Exclude, idp.Target{Type: "user", ID: p.w.users[u.name].UserID})
			}
		}
	case 3:
		bounds := [][2]int{{10, 43200}, {60, 480}, {10, 60}}[s.y%3]
		c.MinimumLifetime, c.MaximumLifetime = &bounds[0], &bounds[1]
		m.least, m.most = time.Duration(bounds[0])*time.Minute, time.Duration(bounds[1])*time.Minute
	}
	p.tell("policy: off %v, once %v, lifetimes %v to %v, without anna %v, without ben %v", m.off, m.once, m.least, m.most, m.people[0].excluded, m.people[1].excluded)
	_, err := p.w.admin.UpdatePassPolicy(p.w.ctx(), operator, tenantID, c)
	p.want(err == nil, "policy not changed: %v", err)
}

func (p *player) disableUser(s step) {
	u := p.user(s.x)
	p.move(time.Millisecond) // what happened just now was before
	u.disabled = !u.disabled && s.y%2 == 0
	if u.disabled {
		u.validFrom = p.m.now
	}
	p.tell("%s disabled: %v", u.name, u.disabled)
	_, err := p.w.admin.UpdateUser(p.w.ctx(), operator, tenantID, u.name+"@contoso.example", admin.UserChange{Disabled: &u.disabled})
	p.want(err == nil, "user not changed: %v", err)
}

func (p *player) revokeSessions(s step) {
	u := p.user(s.x)
	p.move(time.Millisecond) // what happened just now was before
	u.validFrom = p.m.now
	p.tell("%s is signed out everywhere", u.name)
	_, err := p.w.admin.RevokeSessions(p.w.ctx(), operator, tenantID, u.name+"@contoso.example")
	p.want(err == nil, "sessions not revoked: %v", err)
}

// Time.

// move moves the wall clock on server and model. The server leaves its mark as
// often as it does in life.
func (p *player) move(d time.Duration) {
	p.w.advance(d)
	p.m.move(d)
	if p.m.now.Sub(p.m.mark) >= markEvery {
		p.m.mark = p.m.now
		p.w.stop()
	}
}

func (p *player) moveClock(s step) {
	d := []time.Duration{
		time.Millisecond, time.Second, time.Second, 6 * time.Second, 6 * time.Second, 29 * time.Second, 59 * time.Second, 59 * time.Second, 60 * time.Second,
		5 * time.Minute, 5 * time.Minute, 10 * time.Minute, 16 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 25 * time.Hour, 8 * 24 * time.Hour,
	}[s.x%18]
	p.move(d)
	p.tell("%v have passed", d)
}

// moveToEnd goes to the end of a pass or a session, or to before or after it.
func (p *player) moveToEnd(s step) {
	var ends []time.Time
	for _, pass := range p.m.passes {
		ends = append(ends, pass.end)
	}
	for _, session := range p.m.sessions {
		ends = append(ends, session.end)
	}
	end, ok := choose(ends, s.x)
	before := []time.Duration{30 * time.Minute, time.Second, time.Second / 2, time.Nanosecond, 0, -time.Second}[s.y%6]
	if to := end.Add(-before); ok && to.After(p.m.now) {
		p.move(to.Sub(p.m.now))
		p.tell("it is %v before an end", before)
	}
}

func (p *player) setClockBack(s step) {
	d := []time.Duration{-time.Second, -time.Hour, -30 * 24 * time.Hour}[s.x%3]
	p.move(d)
	p.tell("the wall clock is moved by %v", d)
}

func (p *player) restart(step) {
	p.w.stop()
	p.w.start()
	p.m.mark = p.m.now
	p.tell("the server is restarted")
}

// crash loses what the clock saw since its last mark, if the wall clock was set
// back meanwhile. That is less than markEvery, which the test lets go by.
func (p *player) crash(step) {
	p.w.start()
	lost := p.m.now.Sub(p.w.clock.Now())
	p.want(lost >= 0 && lost < markEvery, "a crash loses %v", lost)
	p.m.wall = p.m.wall.Add(lost)
	p.w.advance(lost)
	p.tell("the server has crashed and is back, its clock %v behind", lost)
}
