package graph

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"latchkey/storage"
)

// source reads items in the order of their ids: at most limit of those after the id
// "after". next is the id to go on after, "" at the end. storage.All and storage.List
// page in this way.
type source[T any] func(after string, limit int) (items []T, next string, err error)

func pageAt(after string, limit int) storage.Page { return storage.Page{After: after, Limit: limit} }

// The bounds of one request. Each chunk beyond the first counts as a call of its own, so
// that nobody reads a large directory over and over for the price of a few requests.
const (
	chunk      = 500  // records in memory
	scanBudget = 5000 // records read for one page of what is filtered, before it is given out short
	scanWait   = 5 * time.Second
)

// pageOf is a page of a collection; next is where the following one begins.
type pageOf[T any] struct {
	items []T
	next  *position
}

// list answers GET of a collection, and its $count.
func (e *entity[T, C]) list(c *call, from source[T]) (reply, error) {
	if c.counting {
		n, err := e.count(c, from)
		return number(n), err
	}
	after, err := c.openToken()
	if err != nil {
		return reply{}, err
	}
	read := e.straight
	if len(c.query.order) > 0 {
		read = e.ordered
	}
	page, err := read(c, from, after)
	if err != nil {
		return reply{}, err
	}
	if err := e.ready(c, page.items); err != nil {
		return reply{}, err
	}
	body := e.collection(c, page)
	if c.query.count && after == nil { // only the first page has it
		if body["@odata.count"], err = e.count(c, from); err != nil {
			return reply{}, err
		}
	}
	return ok(body), nil
}

func (e *entity[T, C]) collection(c *call, page pageOf[T]) object {
	values := make([]object, len(page.items))
	for i, item := range page.items {
		values[i] = e.render(c, item)
	}
	body := object{"@odata.context": c.context(false), "value": values}
	if page.next != nil {
		body["@odata.nextLink"] = c.nextLink(*page.next)
	}
	return body
}

// read is items of a source, ready to be looked at.
func (e *entity[T, C]) read(c *call, from source[T], after string, limit int) ([]T, string, error) {
	items, next, err := from(after, limit)
	if err == nil && (c.query.filter != nil || c.query.search != nil || len(c.query.order) > 0) {
		err = e.ready(c, items)
	}
	return items, next, err
}

// ready prepares items to be looked at, or shown.
func (e *entity[T, C]) ready(c *call, items []T) error {
	if e.prepare == nil {
		return nil
	}
	return e.prepare(c, items)
}

// slice is a source of what is in memory, in the order of ids.
func (e *entity[T, C]) slice(items []T) source[T] {
	return func(after string, limit int) ([]T, string, error) {
		rest := items
		for len(rest) > 0 && after != "" && e.id(rest[0]) <= after {
			rest = rest[1:]
		}
		if len(rest) > limit {
			return rest[:limit], e.id(rest[limit-1]), nil
		}
		return rest, "", nil
	}
}

// unordered is slice of items in any order.
func (e *entity[T, C]) unordered(items []T) source[T] {
	return e.slice(slices.SortedFunc(slices.Values(items), func(a, b T) int { return cmp.Compare(e.id(a), e.id(b)) }))
}

// pick finds one of what is in memory.
func (e *entity[T, C]) pick(items []T, id string) (T, error) {
	i := slices.IndexFunc(items, func(item T) bool { return e.id(item) == id })
	if i < 0 {
		var nothing T
		return nothing, noObject(id)
	}
	return items[i], nil
}

// asked tells whether an item passes filter and search.
func (e *entity[T, C]) asked(c *call, item T) bool {
	if c.query.filter == nil && c.query.search == nil {
		return true
	}
	see := e.lookup(c, item)
	return c.query.filter.matches(see) && c.query.search.matches(see)
}

// straight reads a page in the order of the source. After the budget it is given out as
// it is, if need be empty, and the next one goes on from there.
func (e *entity[T, C]) straight(c *call, from source[T], after *position) (page pageOf[T], err error) {
	at, limit := "", chunk
	if after != nil {
		at = after.ID
	}
	if c.query.filter == nil && c.query.search == nil {
		limit = c.query.top
	}
	for read := 0; read < scanBudget; read += limit {
		if read > 0 {
			c.calls.Charge(c.payer(), c.now)
		}
		items, next, err := e.read(c, from, at, limit)
		if err != nil {
			return page, err
		}
		for i, item := range items {
			if !e.asked(c, item) {
				continue
			}
			page.items = append(page.items, item)
			if last := i == len(items)-1; len(page.items) == c.query.top && (!last || next != "") {
				page.next = &position{ID: e.id(item)}
				return page, nil
			}
		}
		if next == "" {
			return page, nil
		}
		at = next
	}
	page.next = &position{ID: at}
	return page, nil
}

// each visits every item that was asked for.
func (e *entity[T, C]) each(c *call, from source[T], visit func(T)) error {
	leave := func() {}
	defer func() { leave() }()
	for after := ""; ; {
		if err := c.ctx().Err(); err != nil {
			return err
		}
		if after != "" {
			c.calls.Charge(c.payer(), c.now)
		}
		items, next, err := e.read(c, from, after, chunk)
		if err != nil {
			return err
		}
		for _, item := range items {
			if e.asked(c, item) {
				visit(item)
			}
		}
		if next == "" {
			return nil
		}
		if after == "" { // it is more than a chunk: not everybody at once
			if leave, err = c.enterScan(); err != nil {
				return err
			}
		}
		after = next
	}
}

// enterScan takes one of the places for reading whole collections, and tells how to
// leave it.
func (c *call) enterScan() (leave func(), err error) {
	ctx, cancel := context.WithTimeout(c.ctx(), scanWait)
	defer cancel()
	select {
	case c.scans <- struct{}{}:
		return func() { <-c.scans }, nil
	case <-ctx.Done():
		return func() {}, throttled(scanWait)
	}
}

func (e *entity[T, C]) count(c *call, from source[T]) (n int, err error) {
	err = e.each(c, from, func(T) { n++ })
	return n, err
}

// ordered reads a page of a $orderby: the first items behind a position, out of all.
func (e *entity[T, C]) ordered(c *call, from source[T], after *position) (page pageOf[T], err error) {
	best := newSmallest[T](c.query.order, c.query.top)
	err = e.each(c, from, func(item T) {
		at := positionOf(c.query.order, e.lookup(c, item), e.id(item))
		if after == nil || comparePositions(c.query.order, at, *after) > 0 {
			best.add(at, item)
		}
	})
	if err != nil {
		return page, err
	}
	items := best.sorted()
	for _, it := range items {
		page.items = append(page.items, it.item)
	}
	if best.dropped {
		page.next = &items[len(items)-1].at
	}
	return page, nil
}

// badToken answers for a $skiptoken that is not ours, or was made for another query.
func badToken() error {
	return &refusal{
		status: http.StatusBadRequest, code: "Directory_ExpiredPageToken",
		message: "The page token is not valid for this request. Start again from the first page.",
	}
}
