package main

import (
	"cmp"
	"context"
	"slices"

	"latchkey/idp"
)

// sponsor is the user or the group of a name or an id, nobody if there is none.
func (d desk) sponsor(ctx context.Context, t *idp.Tenant, name string) (p idp.Party, err error) {
	u, err := d.Admin.User(ctx, d.actor, t.TenantID, name)
	if err == nil {
		return idp.PartyOf(u), nil
	}
	if idp.ErrorCode(err) != idp.NotFound {
		return p, err
	}
	g, err := d.Admin.Group(ctx, d.actor, t.TenantID, name)
	switch {
	case err == nil:
		return idp.Party{Type: idp.PartyGroup, ID: g.GroupID, Name: g.Name}, nil
	case idp.ErrorCode(err) != idp.NotFound:
		return p, err
	}
	return p, nil
}

// sponsors are who answers for a guest, by name; one that is deleted has none.
func (d desk) sponsors(ctx context.Context, t *idp.Tenant, ids []string) ([]partyView, error) {
	views := []partyView{}
	for _, id := range ids {
		p, err := d.sponsor(ctx, t, id)
		if err != nil {
			return nil, err
		}
		p.ID = id
		views = append(views, partyView(p))
	}
	return views, nil
}

// sponsorIDs are ids in place of names; what names nobody is left to be refused.
func (d desk) sponsorIDs(ctx context.Context, t *idp.Tenant, names []string) ([]string, error) {
	ids := slices.Clone(names)
	for i, name := range names {
		p, err := d.sponsor(ctx, t, name)
		if err != nil {
			return nil, err
		}
		ids[i] = cmp.Or(p.ID, name)
	}
	return ids, nil
}

func sponsorNames(all []partyView) string {
	return joined(each(all, func(s partyView) string {
		switch {
		case s.Name == "":
			return s.ID + " (deleted)"
		case s.Type == idp.PartyGroup:
			return "group " + s.Name
		}
		return s.Name
	}))
}
