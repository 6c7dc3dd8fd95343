package main

import (
	"fmt"

	"latchkey/config"
	"latchkey/idp/outbound"
)

// newOutbound makes a client that calls what others registered.
func newOutbound(c config.Outbound) (*outbound.Client, error) {
	roots, err := c.Roots()
	if err != nil {
		return nil, fmt.Errorf("outbound.ca: %q %w", c.CA, err)
	}
	return outbound.New(outbound.Config{Allow: c.Allow, Roots: roots}), nil
}
