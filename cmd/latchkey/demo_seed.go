package main

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// demoSeed makes the demo's world, or brings one that exists up to date, through
// the same use cases that administrators have.
type demoSeed struct {
	admin  *admin.Service
	memory *demoMemory
	now    time.Time
}

// seeded is a tenant as it then is.
type seeded struct {
	tenant  *idp.Tenant
	clients []seededClient
	users   []seededUser
}

type seededClient struct {
	name   string
	client *idp.Client
	secret string
}

type seededUser struct {
	demoUser
	user *idp.User
	pass *idp.Pass
	code string
}

var (
	demoActor  = admin.Operator("demo")
	demoSecond = admin.Operator("demo's second administrator")
)

// almostOver is how little a pass may have left without being renewed at a start.
const almostOver = 10 * time.Minute

func (s demoSeed) grow(ctx context.Context, world []demoTenant) ([]seeded, error) {
	var all []seeded
	for _, d := range world {
		one, err := s.organization(ctx, d)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (s demoSeed) organization(ctx context.Context, d demoTenant) (one seeded, err error) {
	if one.tenant, err = s.tenant(ctx, d); err != nil {
		return one, err
	}
	for _, domain := range d.domains {
		if err := s.domain(ctx, d.domain, domain); err != nil {
			return one, err
		}
	}
	known, _, err := s.admin.Clients(ctx, demoActor, d.domain, storage.Page{})
	if err != nil {
		return one, err
	}
	for _, c := range demoClients(d.app) {
		made, err := s.client(ctx, d.domain, c, known)
		if err != nil {
			return one, err
		}
		one.clients = append(one.clients, made)
	}
	one.users, err = s.people(ctx, d)
	return one, err
}

// people makes several at once, since each pass takes a processor a while.
func (s demoSeed) people(ctx context.Context, d demoTenant) ([]seededUser, error) {
	made, errs := make([]seededUser, len(d.users)), make([]error, len(d.users))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i, u := range d.users {
		wg.Go(func() {
			slots <- struct{}{}
			made[i], errs[i] = s.user(ctx, d.domain, u)
			<-slots
		})
	}
	wg.Wait()
	for _, u := range made {
		if u.pass != nil {
			s.memory.keepPass(d.domain, u.demoUser.user.PrincipalName, rememberedPass{u.pass.PassID, u.code})
		}
	}
	return made, cmp.Or(errs...)
}

// tenant sees to it, whenever it comes by, that the policy allows the demo's passes.
func (s demoSeed) tenant(ctx context.Context, d demoTenant) (*idp.Tenant, error) {
	t, err := s.admin.Tenant(ctx, d.domain)
	if idp.ErrorCode(err) == idp.NotFound {
		t, err = s.admin.CreateTenant(ctx, demoActor, d.name, d.domain)
		if err == nil {
			t, err = s.admin.UpdateTenant(ctx, demoActor, d.domain, admin.TenantChange{Accent: &d.accent})
		}
	}
	if err != nil {
		return nil, err
	}
	if err := s.devices(ctx, d.domain); err != nil {
		return nil, err
	}
	policy, err := s.admin.PassPolicy(ctx, demoActor, d.domain)
	fits := policy.Enabled && !policy.Once && policy.MinimumLifetime <= d.shortestPass() && policy.MaximumLifetime >= d.longestPass
	if err != nil || fits {
		return t, err
	}
	_, err = s.admin.UpdatePassPolicy(ctx, demoActor, d.domain, admin.PassPolicyChange{
		Enabled: new(true), Once: new(false), MinimumLifetime: new(min(policy.MinimumLifetime, d.shortestPass())), MaximumLifetime: &d.longestPass,
	})
	return t, err
}

// devices sees to it that people can sign in by a phone, and programs that answer for them.
func (s demoSeed) devices(ctx context.Context, domain string) error {
	policy, err := s.admin.MethodsPolicy(ctx, demoActor, domain)
	if err != nil || policy.Authenticator.Enabled && policy.Authenticator.Soft {
		return err
	}
	_, err = s.admin.UpdateAuthenticatorPolicy(ctx, demoActor, domain, admin.AuthenticatorPolicyChange{Enabled: new(true), Soft: new(true)})
	return err
}

// client finds the client that was remembered, or else one of that name, and
// gives it the addresses and permissions of today, beside other permissions that it
// has. A secret that was forgotten is replaced.
func (s demoSeed) client(ctx context.Context, domain string, d demoClient, known []*idp.Client) (seededClient, error) {
	kept := s.memory.client(domain, d.name)
	i := slices.IndexFunc(known, func(c *idp.Client) bool {
		return c.ClientID == kept.ID || kept.ID == "" && c.Name == d.client.Name
	})
	if i < 0 {
		c, secret, err := s.admin.CreateClient(ctx, demoActor, domain, d.client)
		return s.remember(domain, d.name, c, secret, err)
	}
	c, secret := known[i], kept.Secret
	var err error
	if !d.asToday(c) {
		c, err = s.admin.UpdateClient(ctx, demoActor, domain, c.ClientID, func(c *idp.Client) {
			c.RedirectURIs, c.PostLogoutRedirectURIs, c.Logout = d.client.RedirectURIs, d.client.PostLogoutRedirectURIs, d.client.Logout
			c.About.HomeURI = d.client.About.HomeURI
			c.Permissions = append(c.Permissions, idp.Without(d.client.Permissions, c.Permissions)...)
		})
	}
	if err == nil && !c.Public() && !c.SecretMatches(secret) {
		c, secret, err = s.admin.NewClientSecret(ctx, demoActor, domain, c.ClientID)
	}
	return s.remember(domain, d.name, c, secret, err)
}

// asToday tells whether a registration has the addresses and permissions of today.
func (d demoClient) asToday(c *idp.Client) bool {
	return slices.Equal(c.RedirectURIs, d.client.RedirectURIs) &&
		slices.Equal(c.PostLogoutRedirectURIs, d.client.PostLogoutRedirectURIs) && c.Logout == d.client.Logout &&
		c.About.HomeURI == d.client.About.HomeURI &&
		len(idp.Without(d.client.Permissions, c.Permissions)) == 0
}

func (s demoSeed) remember(domain, name string, c *idp.Client, secret string, err error) (seededClient, error) {
	if err != nil {
		return seededClient{}, err
	}
	s.memory.keepClient(domain, name, rememberedClient{c.ClientID, secret})
	return seededClient{name, c, secret}, nil
}

func (s demoSeed) user(ctx context.Context, domain string, d demoUser) (made seededUser, err error) {
	made.demoUser = d
	made.user, err = s.admin.User(ctx, demoActor, domain, d.user.PrincipalName)
	if idp.ErrorCode(err) == idp.NotFound {
		made.user, err = s.admin.CreateUser(ctx, demoActor, domain, d.user)
	}
	if err != nil || d.pass == 0 {
		return made, err
	}
	made.pass, made.code, err = s.pass(ctx, domain, d)
	return made, err
}

// pass keeps the pass whose code is known, as long as it can be used; otherwise
// the person gets a new one.
func (s demoSeed) pass(ctx context.Context, domain string, d demoUser) (*idp.Pass, string, error) {
	name := d.user.PrincipalName
	kept := s.memory.pass(domain, name)
	info, err := s.admin.Pass(ctx, demoActor, domain, name)
	switch {
	case err != nil && idp.ErrorCode(err) != idp.NotFound:
		return nil, "", err
	case err == nil && info.Pass.PassID == kept.ID && info.Usable() && s.now.Add(almostOver).Before(info.Pass.EndsAt()):
		return info.Pass, kept.Code, nil
	}
	req := idp.PassRequest{Lifetime: d.pass, Once: &d.once, Reason: "First day at the demo"}
	info, code, err := s.admin.CreatePass(ctx, demoActor, domain, name, req)
	if err == nil && info.Approval != nil { // the policy wants two administrators: the demo is both
		if _, err = s.admin.ApprovePass(ctx, demoSecond, domain, name); err == nil {
			info, code, err = s.admin.CreatePass(ctx, demoActor, domain, name, req)
		}
	}
	return info.Pass, code, err
}
