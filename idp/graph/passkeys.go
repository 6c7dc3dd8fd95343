package graph

import (
	"net/http"
	"strconv"
	"strings"

	"latchkey/idp"
)

func passkeyRoutes() []route {
	const all, options = "/users/{user}/authentication/fido2Methods", "microsoft.graph.webauthnCredentialCreationOptions"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listPasskeys, me: true, counts: true, family: authMethods, options: collectionOptions,
			summary: "List the passkeys of a user", action: idp.ReadPasskey, out: passkeyMethods, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: createPasskey, me: true, family: authMethods,
			summary: "Register a passkey that was made by creationOptions", action: idp.WritePasskey,
			in: passkeyMethods, out: passkeyMethods, status: http.StatusCreated,
		},
		{
			method: http.MethodGet, path: all + "/creationOptions", handle: getCreationOptions, me: true, family: authMethods, context: options,
			summary: "Begin to register a passkey of a user", action: idp.WritePasskey, out: creationOptions,
		},
		{
			method: http.MethodGet, path: all + "/creationOptions(challengeTimeoutInMinutes={minutes})", handle: getCreationOptions, me: true, betaOnly: true,
			family: authMethods, context: options,
			summary: "Begin to register a passkey of a user; the challenge stands for 5 minutes", action: idp.WritePasskey, out: creationOptions,
		},
		{
			method: http.MethodGet, path: all + "/{id}", handle: passkeyMethods.reads((*call).passkey), me: true, family: authMethods, options: itemOptions,
			summary: "Read a passkey of a user", action: idp.ReadPasskey, out: passkeyMethods,
		},
		{
			method: http.MethodPatch, path: all + "/{id}", handle: renamePasskey, me: true, family: authMethods,
			summary: "Give a passkey of a user another name", action: idp.WritePasskey, in: passkeyMethods,
		},
		{
			method: http.MethodDelete, path: all + "/{id}", handle: deletePasskey, me: true, family: authMethods,
			summary: "Delete a passkey of a user and end what came from it", action: idp.WritePasskey,
		},
	}
}

// heldPasskeys are those of the path's user.
func (c *call) heldPasskeys() ([]*idp.Passkey, error) {
	infos, err := c.Admin.Passkeys(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	held := make([]*idp.Passkey, len(infos))
	for i, info := range infos {
		held[i] = info.Passkey
	}
	return held, err
}

func listPasskeys(c *call) (reply, error) {
	held, err := c.heldPasskeys()
	if err != nil {
		return reply{}, err
	}
	return passkeyMethods.list(c, passkeyMethods.unordered(held))
}

// passkey is the one that the path names.
func (c *call) passkey() (*idp.Passkey, error) {
	held, err := c.heldPasskeys()
	if err != nil {
		return nil, err
	}
	for _, p := range held {
		if strings.EqualFold(p.PasskeyID, c.param("id")) {
			return p, nil
		}
	}
	return nil, noMethod(c)
}

func getCreationOptions(c *call) (reply, error) {
	if err := c.checkChallenge(); err != nil {
		return reply{}, err
	}
	x, err := c.Signin.CreationOptions(c.ctx(), c.Actor, c.Tenant, c.key("user"), c.now)
	if err != nil {
		return reply{}, err
	}
	return creationOptions.single(c, x), nil
}

// checkChallenge refuses what Graph would refuse of how long the challenge is to stand.
func (c *call) checkChallenge() error {
	const name = "challengeTimeoutInMinutes"
	given, asked := c.params["minutes"]
	for _, p := range c.query.pairs {
		if strings.EqualFold(p.name, name) {
			given, asked = p.value, true
		}
	}
	n, err := strconv.Atoi(given)
	if asked && (err != nil || n < leastChallenge || n > greatestChallenge) {
		return idp.Errorf(idp.Invalid, "Invalid %s '%s': it must be between %d and %d.", name, given, leastChallenge, greatestChallenge)
	}
	return nil
}

func createPasskey(c *call) (reply, error) {
	var in passkeyInput
	if err := passkeyMethods.readNew(c, &in); err != nil {
		return reply{}, err
	}
	answer, err := in.answer()
	if err != nil {
		return reply{}, err
	}
	p, err := c.Signin.RegisterFor(c.ctx(), c.Actor, c.Tenant, c.key("user"), answer, c.now)
	if err != nil {
		return reply{}, err
	}
	return passkeyMethods.created(c, p), nil
}

func renamePasskey(c *call) (reply, error) {
	var in passkeyInput
	if err := passkeyMethods.readChange(c, &in); err != nil {
		return reply{}, err
	}
	if in.name == nil {
		return reply{}, idp.Errorf(idp.Invalid, "A value is required for property 'displayName', which is all that can be changed.")
	}
	_, err := c.Admin.RenamePasskey(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"), strings.ToLower(c.param("id")), *in.name)
	return noContent(), err
}

func deletePasskey(c *call) (reply, error) {
	err := c.Admin.DeletePasskey(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"), strings.ToLower(c.param("id")))
	return noContent(), err
}
