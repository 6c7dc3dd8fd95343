package oidc

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/idp/outbound"
	"latchkey/idp/web"
)

// clientKeys are the keys of clients.
type clientKeys struct {
	sets *jwt.KeySets
	// fetches holds back, tenant by tenant, what clients that nobody vouches for make us
	// fetch: 50 at once and two a second.
	fetches *web.Limiter
}

func newClientKeys(calls *outbound.Client) *clientKeys {
	return &clientKeys{sets: jwt.NewKeySets(calls), fetches: web.NewLimiter(500*time.Millisecond, 50)}
}

// keysOf are the keys of a client that may have made a signature with the header.
func (k *clientKeys) keysOf(ctx context.Context, tenant string, c *idp.Client, h jwt.Header, now time.Time) ([]any, error) {
	if c.Keys.URI == "" {
		set, err := jwt.ParseKeys([]byte(c.Keys.Set))
		if err != nil {
			return nil, jwt.Err
		}
		return jwt.Candidates(set, h), nil
	}
	may := func() bool { return !c.Counted || k.fetches.Allow(tenant, now) }
	return k.sets.Find(ctx, c.Keys.URI, h, now, may), nil
}

// verifyByClient reads a JWT that a client has signed with one of its keys.
func (p *Provider) verifyByClient(ctx context.Context, q *web.Request, c *idp.Client, token string, algs []string, into any) (jwt.Header, error) {
	return jwt.Verify(token, algs, func(h jwt.Header) ([]any, error) { return p.clientKeys.keysOf(ctx, q.Tenant.TenantID, c, h, q.Now) }, into)
}
