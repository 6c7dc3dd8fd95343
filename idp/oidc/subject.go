package oidc

import (
	"context"

	"latchkey/idp"
	"latchkey/idp/web"
)

const subjectPurpose = "pairwise-subject"

// subject is a user's sub for a client: the user's id, or a name that only the
// client's sector knows (OIDC Core 8.1). It never changes as long as the sector does
// not.
func (p *Provider) subject(t *idp.Tenant, c *idp.Client, userID string) string {
	if c.Subject.Type != idp.SubjectPairwise {
		return userID
	}
	return p.Keys.SealFixed(subjectPurpose, t.TenantID, c.Subject.Sector, []byte(userID))
}

// userOf is the id of the user a client means by sub. For one that means nobody it is
// what no user's id is, and not "", which would mean anybody.
func (p *Provider) userOf(t *idp.Tenant, c *idp.Client, sub string) string {
	if c.Subject.Type != idp.SubjectPairwise {
		return sub
	}
	id, err := p.Keys.Open(subjectPurpose, t.TenantID, c.Subject.Sector, sub)
	if err != nil {
		return "nobody"
	}
	return string(id)
}

// hinted is what an id_token_hint tells that was issued to any client of the tenant.
func (p *Provider) hinted(ctx context.Context, q *web.Request, token string) (hint, error) {
	h, err := p.verifyHint(ctx, q, token)
	if err != nil {
		return h, err
	}
	h.user = h.Subject
	c, err := p.client(ctx, q.Tenant, h.Audience)
	if c != nil {
		h.user = p.userOf(q.Tenant, c, h.Subject)
	}
	return h, err
}
