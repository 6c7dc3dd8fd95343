package main

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// apiFields is what may be set of an API. In an answer every field is there; in a
// change nil leaves it as it is.
type apiFields struct {
	Name     *string   `json:"name"`
	Scopes   *[]string `json:"scopes"`
	JWT      *bool     `json:"jwt"`
	ClientID *string   `json:"client_id"`
}

// apiView is an API as it is shown.
type apiView struct {
	ID         string `json:"id"`
	Identifier string `json:"identifier"`
	apiFields
	CreatedAt *time.Time `json:"created_at"`
}

type apiCreateArgs struct {
	Tenant     string `json:"tenant"`
	Identifier string `json:"identifier"`
	apiFields
}

// apiUpdateArgs names an API by its identifier or id.
type apiUpdateArgs struct {
	API namedArgs `json:"api"`
	apiFields
}

func (a apiCreateArgs) scope() (tenant, user string) { return a.Tenant, "" }

func (a apiUpdateArgs) scope() (tenant, user string) { return a.API.scope() }

var apiCreate = operation[apiCreateArgs, apiView]{"api.create",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a apiCreateArgs) (apiView, error) {
		return apiAnswer(d.Admin.CreateAPI(ctx, d.actor, t.TenantID, idp.API{
			Identifier: a.Identifier, Name: valueOf(a.Name), Scopes: valueOf(a.Scopes), JWT: valueOf(a.JWT), ClientID: valueOf(a.ClientID),
		}))
	})}

var apiList = operation[listArgs, page[apiView]]{"api.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (page[apiView], error) {
		as, next, err := d.Admin.APIs(ctx, d.actor, t.TenantID, a.page())
		return page[apiView]{each(as, viewAPI), next}, err
	})}

var apiShow = operation[namedArgs, apiView]{"api.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (apiView, error) {
		return apiAnswer(d.Admin.API(ctx, d.actor, t.TenantID, a.Name))
	})}

var apiUpdate = operation[apiUpdateArgs, apiView]{"api.update",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a apiUpdateArgs) (apiView, error) {
		return apiAnswer(d.Admin.UpdateAPI(ctx, d.actor, t.TenantID, a.API.Name, admin.APIChange{
			Name: a.Name, Scopes: a.Scopes, JWT: a.JWT, ClientID: a.ClientID,
		}))
	})}

var apiDelete = operation[namedArgs, deleted]{"api.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (deleted, error) {
		return deleted{a.Name}, d.Admin.DeleteAPI(ctx, d.actor, t.TenantID, a.Name)
	})}

func apiAnswer(a *idp.API, err error) (apiView, error) {
	if err != nil {
		return apiView{}, err
	}
	return viewAPI(a), nil
}

func viewAPI(a *idp.API) apiView {
	return apiView{a.APIID, a.Identifier, apiFields{&a.Name, new(array(a.Scopes)), &a.JWT, &a.ClientID}, moment(a.CreatedAt)}
}
