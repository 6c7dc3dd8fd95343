package main

import (
	"context"
	"time"

	"latchkey/idp"
)

// registrationTokenView is a registration token as it is shown.
type registrationTokenView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	UsesLeft  int        `json:"uses_left"`
	CreatedAt *time.Time `json:"created_at"`
	EndsAt    *time.Time `json:"ends_at"`
}

// newRegistrationToken is the answer that made one: the only one with the token.
type newRegistrationToken struct {
	registrationTokenView
	Token        string `json:"initial_access_token"`
	Registration string `json:"registration"` // of the tenant: off, token or open
}

type registrationTokenArgs struct {
	namedArgs
	Uses     int `json:"uses"`
	Lifetime int `json:"lifetime_minutes"`
}

var registrationTokenCreate = operation[registrationTokenArgs, newRegistrationToken]{"registration-token.create",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a registrationTokenArgs) (newRegistrationToken, error) {
		made, token, err := d.Admin.CreateInitialToken(ctx, d.actor, t.TenantID, a.Name, a.Uses, ofMinutes(a.Lifetime))
		if err != nil {
			return newRegistrationToken{}, err
		}
		return newRegistrationToken{viewRegistrationToken(made), token, registrationOf(t)}, nil
	})}

var registrationTokenList = operation[listArgs, page[registrationTokenView]]{"registration-token.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (page[registrationTokenView], error) {
		ts, next, err := d.Admin.InitialTokens(ctx, d.actor, t.TenantID, a.page())
		return page[registrationTokenView]{each(ts, viewRegistrationToken), next}, err
	})}

var registrationTokenDelete = operation[namedArgs, deleted]{"registration-token.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (deleted, error) {
		return deleted{a.Name}, d.Admin.DeleteInitialToken(ctx, d.actor, t.TenantID, a.Name)
	})}

func viewRegistrationToken(t *idp.InitialToken) registrationTokenView {
	return registrationTokenView{t.TokenID, t.Name, t.Left, moment(t.CreatedAt), moment(t.Ends)}
}

// registrationOf is who may register clients with a tenant.
func registrationOf(t *idp.Tenant) string {
	if t.Registration == "" {
		return string(idp.RegistrationOff)
	}
	return string(t.Registration)
}

// ofMinutes is a duration that does not overflow: what is beyond a century is out of
// every range.
func ofMinutes(n int) time.Duration {
	const century = 100 * 366 * 24 * 60
	return time.Duration(min(n, century)) * time.Minute
}
