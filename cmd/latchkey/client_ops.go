package main

import (
	"context"
	"time"

	"latchkey/idp"
)

// clientView is a client as it is shown. The secret is there only in the answer
// that made it.
type clientView struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"`
	AuthMethod   string `json:"auth_method"`
	clientFields
	Issuer    string     `json:"issuer"`
	CreatedAt *time.Time `json:"created_at"`
}

type clientCreateArgs struct {
	Tenant     string `json:"tenant"`
	ClientID   string `json:"client_id"` // empty: drawn
	AuthMethod string `json:"auth_method"`
	clientFields
}

type clientUpdateArgs struct {
	Tenant   string `json:"tenant"`
	ClientID string `json:"client_id"`
	clientFields
}

func (a clientCreateArgs) scope() (tenant, user string) { return a.Tenant, "" }

func (a clientUpdateArgs) scope() (tenant, user string) { return a.Tenant, "" }

var clientCreate = operation[clientCreateArgs, clientView]{"client.create",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a clientCreateArgs) (v clientView, err error) {
		client := idp.Client{ClientID: a.ClientID, AuthMethod: a.AuthMethod}
		a.edit(&client)
		created, secret, err := d.Admin.CreateClient(ctx, d.actor, t.TenantID, client)
		return d.clientAnswer(t, created, secret, err)
	})}

var clientList = operation[listArgs, page[clientView]]{"client.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (p page[clientView], err error) {
		cs, next, err := d.Admin.Clients(ctx, d.actor, t.TenantID, a.page())
		return page[clientView]{each(cs, func(c *idp.Client) clientView { return d.clientView(t, c) }), next}, err
	})}

var clientShow = operation[namedArgs, clientView]{"client.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (v clientView, err error) {
		c, err := d.Admin.Client(ctx, d.actor, t.TenantID, a.Name)
		return d.clientAnswer(t, c, "", err)
	})}

var clientUpdate = operation[clientUpdateArgs, clientView]{"client.update",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a clientUpdateArgs) (v clientView, err error) {
		c, err := d.Admin.UpdateClient(ctx, d.actor, t.TenantID, a.ClientID, a.edit)
		return d.clientAnswer(t, c, "", err)
	})}

var clientDelete = operation[namedArgs, deleted]{"client.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (deleted, error) {
		return deleted{a.Name}, d.Admin.DeleteClient(ctx, d.actor, t.TenantID, a.Name)
	})}

var clientNewSecret = operation[namedArgs, clientView]{"client.new-secret",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (v clientView, err error) {
		c, secret, err := d.Admin.NewClientSecret(ctx, d.actor, t.TenantID, a.Name)
		return d.clientAnswer(t, c, secret, err)
	})}

func (d desk) clientAnswer(t *idp.Tenant, c *idp.Client, secret string, err error) (clientView, error) {
	if err != nil {
		return clientView{}, err
	}
	v := d.clientView(t, c)
	v.ClientSecret = secret
	return v, nil
}

func (d desk) clientView(t *idp.Tenant, c *idp.Client) clientView {
	return clientView{
		ClientID: c.ClientID, AuthMethod: c.AuthMethod, clientFields: fieldsOf(c),
		Issuer: issuer(d.Config.BaseURL, t), CreatedAt: moment(c.CreatedAt),
	}
}
