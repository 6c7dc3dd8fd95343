package graph

import (
	"container/heap"
	"slices"
)

// smallest keeps the first few items of an order out of any number.
type smallest[T any] struct {
	orders  []ordering
	limit   int
	items   []placed[T]
	dropped bool // there are more
}

type placed[T any] struct {
	at   position
	item T
}

func newSmallest[T any](orders []ordering, limit int) *smallest[T] {
	return &smallest[T]{orders: orders, limit: limit}
}

func (s *smallest[T]) compare(a, b placed[T]) int { return comparePositions(s.orders, a.at, b.at) }

// add keeps an item if it comes before the last of those kept.
func (s *smallest[T]) add(at position, item T) {
	p := placed[T]{at, item}
	switch {
	case len(s.items) < s.limit:
		heap.Push(s, p)
		return
	case s.compare(p, s.items[0]) < 0:
		s.items[0] = p
		heap.Fix(s, 0)
	}
	s.dropped = true
}

func (s *smallest[T]) sorted() []placed[T] {
	slices.SortFunc(s.items, s.compare)
	return s.items
}

// The heap has the last item of the order on top.

func (s *smallest[T]) Len() int           { return len(s.items) }
func (s *smallest[T]) Less(i, j int) bool { return s.compare(s.items[i], s.items[j]) > 0 }
func (s *smallest[T]) Swap(i, j int)      { s.items[i], s.items[j] = s.items[j], s.items[i] }
func (s *smallest[T]) Push(p any)         { s.items = append(s.items, p.(placed[T])) }

// Pop is there for the interface; nothing is ever taken out.
func (s *smallest[T]) Pop() any { panic("graph: not used") }
