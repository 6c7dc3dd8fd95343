package graph

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/idp"
)

func passRoutes() []route {
	const all = "/users/{user}/authentication/temporaryAccessPassMethods"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listPasses, me: true, counts: true, family: authMethods, options: collectionOptions,
			summary: "List a user's Temporary Access Pass, of which there is at most one", action: idp.ReadPass, out: passMethods, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: createPass, family: authMethods, emptyBody: true,
			summary: "Give a user a Temporary Access Pass; 202 when it waits for a second administrator", action: idp.CreatePass,
			in: passMethods, out: passMethods, status: http.StatusCreated,
		},
		{
			method: http.MethodGet, path: all + "/{id}", handle: passMethods.reads((*call).pass), me: true, family: authMethods, options: itemOptions,
			summary: "Read a user's Temporary Access Pass, without the secret", action: idp.ReadPass, out: passMethods,
		},
		{
			method: http.MethodDelete, path: all + "/{id}", handle: deletePass, me: true, family: authMethods,
			summary: "Delete a user's Temporary Access Pass and end what came from it", action: idp.DeletePass,
		},
	}
}

// heldPass is the pass of the path's user: one or none.
func (c *call) heldPass() ([]passMethod, error) {
	info, err := c.Admin.Pass(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	if e, ok := errors.AsType[*idp.Error](err); ok && e.Kind == "pass" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []passMethod{passMethodOf(info, "")}, nil
}

func listPasses(c *call) (reply, error) {
	held, err := c.heldPass()
	if err != nil {
		return reply{}, err
	}
	return passMethods.list(c, passMethods.slice(held))
}

// pass is the one that the path names.
func (c *call) pass() (passMethod, error) {
	held, err := c.heldPass()
	if err != nil {
		return passMethod{}, err
	}
	for _, p := range held {
		if strings.EqualFold(p.id, c.param("id")) {
			return p, nil
		}
	}
	return passMethod{}, noMethod(c)
}

func createPass(c *call) (reply, error) {
	var req idp.PassRequest
	if err := passMethods.readNew(c, &req); err != nil {
		return reply{}, err
	}
	info, secret, err := c.Admin.CreatePass(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"), req)
	if err != nil {
		return reply{}, err
	}
	p := passMethodOf(info, secret)
	if info.Approval == nil {
		return passMethods.created(c, p), nil
	}
	out := passMethods.one(c, p)
	out.status = http.StatusAccepted
	out.header = http.Header{"Location": {c.Base + "/" + c.version + requestsPath + "/" + p.id}}
	return out, nil
}

func deletePass(c *call) (reply, error) {
	err := c.Admin.DeletePass(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"), strings.ToLower(c.param("id")))
	return noContent(), err
}
