package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

// keyView is a signing key as it is shown.
type keyView struct {
	ID        string     `json:"kid"`
	Alg       string     `json:"alg"`
	State     string     `json:"state"` // published, signing, retiring or gone
	CreatedAt *time.Time `json:"created_at"`
	SignsFrom *time.Time `json:"signs_from"`
	GoneAt    *time.Time `json:"gone_at"`
}

var keysList = operation[namedArgs, []keyView]{"keys.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) ([]keyView, error) {
		ks, err := d.Admin.Keys(ctx, d.actor, t.TenantID)
		return d.keyViews(ks), err
	})}

var keysRotate = operation[namedArgs, []keyView]{"keys.rotate",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) ([]keyView, error) {
		if _, err := d.Admin.RotateKeys(ctx, d.actor, t.TenantID); err != nil {
			return nil, err
		}
		ks, err := d.Admin.Keys(ctx, d.actor, t.TenantID)
		return d.keyViews(ks), err
	})}

func (d desk) keyViews(ks []*idp.SigningKey) []keyView {
	now := d.Clock.Now()
	return each(ks, func(k *idp.SigningKey) keyView {
		return keyView{k.KeyID, k.Alg, keyState(k, ks, now), moment(k.CreatedAt), moment(k.SignsFrom), moment(k.GoneAt)}
	})
}

// keyState says what a key is for now: it signs until its successor does.
func keyState(k *idp.SigningKey, all []*idp.SigningKey, now time.Time) string {
	switch {
	case !k.Published(now):
		return "gone"
	case now.Before(k.SignsFrom):
		return "published"
	}
	for _, other := range all {
		if other.Alg == k.Alg && other.SignsFrom.After(k.SignsFrom) && !now.Before(other.SignsFrom) {
			return "retiring"
		}
	}
	return "signing"
}

func (c *cli) keysCommand() *cobra.Command {
	return c.group("keys", "Show or rotate the keys that sign a tenant's tokens",
		c.keysAct("list", "List signing keys", "", keysList),
		c.keysAct("rotate", "Publish new signing keys",
			"Publish new signing keys. They sign once apps have had time to fetch them; the old ones stay published until the last token they signed has ended.",
			keysRotate))
}

func (c *cli) keysAct(verb, short, long string, o operation[namedArgs, []keyView]) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: verb, Short: short, Long: long,
		Example: "  latchkey keys " + verb,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return act(c, cmd, o, namedArgs{Tenant: c.tenant}, func(p *printer, ks []keyView) {
				rows := each(ks, func(k keyView) []string {
					return []string{k.ID, k.Alg, k.State, p.when(k.SignsFrom), p.when(k.GoneAt)}
				})
				p.table("There are no keys.", []string{"KEY", "ALGORITHM", "STATE", "SIGNS FROM", "GONE AT"}, rows)
			})
		},
	})
}
