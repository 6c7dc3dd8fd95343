package web

import (
	"sync"

	"latchkey/idp"
)

// Held bounds the requests whose answers are held back until there is news: all together, and
// those of one network, which must not take them all.
type Held struct {
	all, each int
	mu        sync.Mutex
	count     int
	by        map[string]int
}

// How many answers one surface holds back, as each has a connection of its own: all together, and
// those of one network.
const (
	MaxHeld          = 20_000
	MaxHeldOfNetwork = 5_000
)

// NewHeld holds so many, and so many of one network.
func NewHeld(all, each int) *Held { return &Held{all: all, each: each, by: map[string]int{}} }

// Enter counts one more from an address; false: there are too many.
func (h *Held) Enter(address string) (leave func(), ok bool) {
	network := idp.Network(address)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= h.all || h.by[network] >= h.each {
		return nil, false
	}
	h.count++
	h.by[network]++
	return func() { h.leave(network) }, true
}

func (h *Held) leave(network string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count--
	if h.by[network]--; h.by[network] <= 0 {
		delete(h.by, network)
	}
}
