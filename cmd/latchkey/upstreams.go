package main

import (
	"fmt"
	"log/slog"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/outbound"
	"latchkey/idp/upstream"
)

// upstreamsPerHost is how many calls to one provider run at once: all that its people's
// sign-ins take go to the same place.
const upstreamsPerHost = 16

// newUpstreams makes what speaks with providers elsewhere. It calls by a client of its own, so
// that a provider that is slow holds up nobody who calls for something else.
func newUpstreams(c config.Config, keys *idp.Keyring, log *slog.Logger) (*upstream.Client, error) {
	roots, err := c.Outbound.Roots()
	if err != nil {
		return nil, fmt.Errorf("outbound.ca: %q %w", c.Outbound.CA, err)
	}
	calls := outbound.New(outbound.Config{Allow: c.Outbound.Allow, Roots: roots, PerHost: upstreamsPerHost})
	return upstream.New(calls, keys, log), nil
}
