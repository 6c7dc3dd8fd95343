package graph

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// options are the query options that a route takes.
type options uint

const (
	optSelect options = 1 << iota
	optFilter
	optOrder
	optTop
	optCount
	optSearch

	itemOptions       = optSelect
	collectionOptions = optSelect | optFilter | optOrder | optTop | optCount | optSearch
)

const (
	defaultTop = 100
	maxTop     = 999

	maxQuery    = 48 << 10 // bytes
	maxSelected = 200
)

// taken is what the options are checked against.
type taken struct {
	options options
	shape   shape
	beta    bool
}

// query is the query options of a request.
type query struct {
	selected []string // nil: all
	filter   *filter
	order    []ordering
	search   search
	whole    bool // also what is shown only where it is selected
	top      int
	count    bool
	token    string
	pairs    []pair // of the whole query but $skiptoken, to build the next link of
}

type pair struct{ name, value string }

// parseQuery reads the query options strictly: what is not known or not taken here is
// refused rather than ignored, since a listing that is not filtered as asked misleads.
func parseQuery(raw string, h http.Header, t taken) (*query, error) {
	q := &query{top: defaultTop}
	seen := map[string]bool{}
	if len(raw) > maxQuery {
		return nil, badQuery("The query is longer than " + at(maxQuery) + " bytes.")
	}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		p, err := parsePair(part)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(p.name, "$") {
			q.pairs = append(q.pairs, p)
			continue
		}
		option := strings.ToLower(p.name)
		if seen[option] {
			return nil, badQuery("Query option '" + p.name + "' was specified more than once, but it must be specified at most once.")
		}
		seen[option] = true
		if option != "$skiptoken" {
			q.pairs = append(q.pairs, p)
		}
		if err := q.set(option, p.value, h, t); err != nil {
			return nil, err
		}
	}
	return q, nil
}

func parsePair(part string) (p pair, err error) {
	name, value, _ := strings.Cut(part, "=")
	if p.name, err = url.QueryUnescape(name); err == nil {
		p.value, err = url.QueryUnescape(value)
	}
	if err != nil {
		return p, badQuery("The query is not encoded correctly.")
	}
	return p, nil
}

func (q *query) set(option, value string, h http.Header, t taken) (err error) {
	if !t.options.take(option) {
		return badQuery("Query option '" + option + "' is not supported here.")
	}
	switch option {
	case "$select":
		q.selected, err = parseSelect(value, t)
	case "$filter":
		q.filter, err = parseFilter(value, t)
	case "$orderby":
		q.order, err = parseOrder(value, t)
	case "$top":
		q.top, err = parseTop(value)
	case "$count":
		q.count, err = parseCount(value)
	case "$search":
		if !strings.EqualFold(h.Get("ConsistencyLevel"), "eventual") {
			return badSearch
		}
		q.search, err = parseSearch(value, t)
	case "$skiptoken":
		q.token = value
	}
	return err
}

// queryOptions are all there are, with what a route must take for each. Pages are of
// whatever has $top.
var queryOptions = []struct {
	name string
	need options
}{
	{"$select", optSelect}, {"$filter", optFilter}, {"$orderby", optOrder}, {"$top", optTop}, {"$skiptoken", optTop},
	{"$count", optCount}, {"$search", optSearch},
}

func (o options) take(name string) bool {
	for _, q := range queryOptions {
		if q.name == name {
			return o&q.need != 0
		}
	}
	return false
}

var badSearch = &refusal{
	status: http.StatusBadRequest, code: "Request_UnsupportedQuery",
	message: "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
}

// parseSelect gives each name once, as the entity spells it.
func parseSelect(value string, t taken) ([]string, error) {
	var names []string
	if strings.Count(value, ",") >= maxSelected {
		return nil, badQuery("$select names more than " + at(maxSelected) + " properties.")
	}
	for name := range strings.SplitSeq(value, ",") {
		f, err := findField(t.shape, strings.TrimSpace(name), t.beta)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(names, f.name) {
			names = append(names, f.name)
		}
	}
	return names, nil
}

func parseTop(value string) (int, error) {
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || n < 1 || n > maxTop {
		return 0, badQuery("Invalid page size specified: '" + value + "'. Must be between 1 and 999 inclusive.")
	}
	return int(n), nil
}

func parseCount(value string) (bool, error) {
	switch strings.ToLower(value) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, badQuery("Invalid value '" + value + "' for $count query option found. Valid values are 'true' and 'false'.")
}

// encoded is the query without $skiptoken, as the next link repeats it.
func (q *query) encoded() string {
	parts := make([]string, len(q.pairs))
	for i, p := range q.pairs {
		parts[i] = escape(p.name) + "=" + escape(p.value)
	}
	return strings.Join(parts, "&")
}

// escape leaves $ as clients of Graph write it, and writes blanks in the form that
// every URL parser reads alike.
func escape(s string) string {
	return strings.NewReplacer("+", "%20", "%24", "$", "%2C", ",").Replace(url.QueryEscape(s))
}
