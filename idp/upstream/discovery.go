package upstream

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	strict "github.com/go-json-experiment/json"

	"latchkey/idp"
	"latchkey/idp/outbound"
)

// How long what is known of a provider counts.
const (
	leastLife   = 5 * time.Minute  // a document is fresh for so long at least, and
	longestLife = time.Hour        // so long at most, whatever its headers say
	staleLife   = 24 * time.Hour   // after that, while the provider is out of reach
	stateLife   = 10 * time.Second // whether the provider is there: it is not asked again before
)

// maxProviders is how many documents are kept at most.
const maxProviders = 1000

const wellKnownPath = "/.well-known/openid-configuration" // OIDC Discovery 4

// documents are the discovery documents of providers, each fetched once for all that wait.
type documents struct {
	calls *outbound.Client
	log   *slog.Logger
	mu    sync.Mutex
	kept  map[string]*entry // by issuer
}

type entry struct {
	mu       sync.Mutex
	doc      *document
	until    time.Time
	asked    time.Time     // when the provider answered last, or did not
	err      error         // why it did not
	fetching chan struct{} // closed once the fetch that runs is over; nil: none does
}

func newDocuments(calls *outbound.Client, log *slog.Logger) *documents {
	return &documents{calls: calls, log: log, kept: map[string]*entry{}}
}

// get is the document of a provider, for what goes on whether it is there just now or not.
func (d *documents) get(ctx context.Context, issuer string, now time.Time) (*document, error) {
	e := d.entry(issuer)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.doc == nil || !now.Before(e.until) {
		fetching := d.ask(ctx, issuer, e, now)
		if usable := e.doc != nil && now.Before(e.until.Add(staleLife)); !usable {
			if err := e.wait(ctx, fetching); err != nil {
				return nil, err
			}
		}
	}
	if e.doc != nil && now.Before(e.until.Add(staleLife)) {
		return e.doc, nil
	}
	return nil, e.err
}

// live is the document of a provider that is there: nobody is sent to one that is not.
func (d *documents) live(ctx context.Context, issuer string, now time.Time) (*document, error) {
	e := d.entry(issuer)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.wait(ctx, d.ask(ctx, issuer, e, now)); err != nil {
		return nil, err
	}
	return e.doc, e.err
}

// ask makes a fetch begin, unless there was one lately, and is that which runs, if any. The
// caller holds e.mu.
func (d *documents) ask(ctx context.Context, issuer string, e *entry, now time.Time) (fetching chan struct{}) {
	if e.fetching == nil && (e.asked.IsZero() || now.Sub(e.asked) >= stateLife) {
		e.fetching = make(chan struct{})
		go d.fetch(context.WithoutCancel(ctx), issuer, e, now) // others wait for it, too
	}
	return e.fetching
}

// wait waits for a fetch, if there is one. The caller holds e.mu, but not meanwhile.
func (e *entry) wait(ctx context.Context, fetching chan struct{}) error {
	if fetching == nil {
		return nil
	}
	e.mu.Unlock()
	defer e.mu.Lock()
	select {
	case <-fetching:
		return nil
	case <-ctx.Done():
		return fault(idp.UpstreamDown, "the discovery document did not come in time")
	}
}

func (d *documents) entry(issuer string) *entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.kept[issuer]
	if e == nil {
		if len(d.kept) >= maxProviders {
			clear(d.kept)
		}
		e = &entry{}
		d.kept[issuer] = e
	}
	return e
}

func (d *documents) fetch(ctx context.Context, issuer string, e *entry, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	doc, keep, err := d.read(ctx, issuer)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err, e.asked = err, now; err == nil {
		e.doc, e.until = doc, now.Add(min(max(keep, leastLife), longestLife))
	} else {
		d.log.Warn("a provider cannot be asked", "issuer", issuer, "error", err)
	}
	close(e.fetching)
	e.fetching = nil
}

// read fetches a document and judges it.
func (d *documents) read(ctx context.Context, issuer string) (*document, time.Duration, error) {
	answer, err := d.calls.Get(ctx, strings.TrimSuffix(issuer, "/")+wellKnownPath, "application/json")
	switch {
	case err != nil:
		return nil, 0, fault(idp.UpstreamDown, "discovery: "+told(err))
	case answer.Status != 200:
		return nil, 0, fault(idp.UpstreamDown, "discovery: the status is not 200")
	}
	doc, err := d.parse(answer.Body, issuer)
	if err != nil {
		return nil, 0, err
	}
	return doc, answer.CacheFor, nil
}

// parse judges a document (OIDC Discovery 4.3). Members that are there twice are refused.
func (d *documents) parse(raw []byte, issuer string) (*document, error) {
	var doc document
	if err := strict.Unmarshal(raw, &doc); err != nil {
		return nil, fault(idp.UpstreamDown, "discovery: not a JSON object of the right form")
	}
	if doc.Issuer != issuer {
		return nil, fault(idp.UpstreamDown, "discovery: the document is of another issuer: "+clip(doc.Issuer))
	}
	for _, u := range []struct {
		name, url string
		needed    bool
	}{
		{"authorization_endpoint", doc.Authorization, true}, {"token_endpoint", doc.Token, true}, {"jwks_uri", doc.Keys, true},
		{"userinfo_endpoint", doc.UserInfo, false}, {"end_session_endpoint", doc.EndSession, false},
	} {
		if u.url == "" && !u.needed {
			continue
		}
		if _, err := d.calls.CheckURL(u.url); err != nil {
			return nil, fault(idp.UpstreamDown, "discovery: "+u.name+": "+told(err))
		}
	}
	return &doc, nil
}

// told is the kind of an error of a call: its text may name addresses of ours.
func told(err error) string {
	for _, kind := range []error{
		outbound.ErrURL, outbound.ErrRefused, outbound.ErrBusy, outbound.ErrTimeout, outbound.ErrRedirect, outbound.ErrTooLarge, outbound.ErrFailed,
	} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "call failed"
}
