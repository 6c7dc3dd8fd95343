package storetest

import (
	"context"

	"latchkey/storage"
)

// Interrupted is a driver before whose next Update something else happens: a test
// sets First, which may use the driver itself.
type Interrupted struct {
	storage.Driver
	First func()
}

// Update runs First, once, and then fn.
func (d *Interrupted) Update(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	if first := d.First; first != nil {
		d.First = nil
		first()
	}
	return d.Driver.Update(ctx, tenant, fn)
}
