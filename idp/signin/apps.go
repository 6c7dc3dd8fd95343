package signin

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// MaxApps is how many apps are listed.
const MaxApps = 500

// Apps are those of the tenant that people can open from a page of ours, by name, and
// whether there are more.
func (s *Service) Apps(ctx context.Context, v Visit) (apps []*idp.Client, more bool, err error) {
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (failed error) {
		apps, more = nil, false
		err := storage.Each(tx, func(_ string, c *idp.Client, err error) bool {
			switch {
			case err != nil:
				failed = err
			case !c.Launchable() || c.LaunchURI() == "":
			case len(apps) == MaxApps:
				more = true
			default:
				apps = append(apps, c)
			}
			return failed == nil && !more
		})
		if err != nil {
			return err
		}
		return failed
	})
	slices.SortFunc(apps, func(a, b *idp.Client) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ClientID, b.ClientID))
	})
	return apps, more, err
}

// App is the app with that id, if people may be led to it, else nil.
func (s *Service) App(ctx context.Context, v Visit, id string) (c *idp.Client, err error) {
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		c, err = idp.Optional(storage.Get[idp.Client](tx, id))
		return err
	})
	if err != nil || c == nil || !c.Launchable() {
		return nil, err
	}
	return c, nil
}
