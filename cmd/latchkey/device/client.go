package device

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of what is read and waited for.
const (
	maxMessage = 16 << 10 // of a JWS, in bytes
	maxAnswer  = 1 << 20  // of an answer, in bytes
	patience   = 30 * time.Second
	maxSkew    = 30 * time.Second // between the clocks, before the server's is used
)

// Client speaks with servers. It may be used by several goroutines.
type Client struct {
	http *http.Client
	now  func() time.Time
	mu   sync.Mutex
	skew map[string]time.Duration      // how far servers' clocks are ahead, by host
	keys map[string]jose.JSONWebKeySet // that sign challenges, by jwks_uri
}

// NewClient is one that sends by a transport, nil for the usual one, and has its times of now.
// Redirects are not followed: what a device signs names the address it is for.
func NewClient(transport http.RoundTripper, now func() time.Time) *Client {
	return &Client{
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		now:  now, skew: map[string]time.Duration{}, keys: map[string]jose.JSONWebKeySet{},
	}
}

// call is a request to a server.
type call struct {
	method, url string
	body        any           // nil: none
	key         *Key          // which proves itself; nil: none does
	wait        time.Duration // how long the server may hold it
}

// do sends a request and reads its answer into a value, nil for none. Where a server's clock
// differs, a proof by our own is refused; then it is made anew by the server's.
func (c *Client) do(ctx context.Context, r call, into any) error {
	u, err := url.Parse(r.url)
	if err != nil {
		return err
	}
	before := c.offset(u.Host)
	err = c.try(ctx, r, u, into)
	if r.key != nil && IsRefused(err) && c.offset(u.Host) != before {
		err = c.try(ctx, r, u, into)
	}
	return err
}

func (c *Client) try(ctx context.Context, r call, u *url.URL, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience+r.wait)
	defer cancel()
	request, err := c.request(ctx, r, u)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	c.heed(u.Host, response.Header.Get("Date"))
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return err
	case len(raw) > maxAnswer:
		return fmt.Errorf("%s answered more than %d bytes", u.Host, maxAnswer)
	case response.StatusCode >= 300:
		return problem(response, raw)
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("the answer of %s cannot be read: %w", u.Host, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, r call, u *url.URL) (*http.Request, error) {
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.key == nil {
		return request, nil
	}
	proof, err := r.key.sign(typeProof, false, newProof(r.method, u, body, random(), c.clock(u.Host)))
	if err == nil {
		request.Header.Set("Device-Proof", proof)
	}
	return request, err
}

// newProof shows that a request to an address, with a body or none, is the device's own.
func newProof(method string, u *url.URL, body []byte, id string, now time.Time) proofClaims {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	p := proofClaims{Method: method, URL: bare.String(), ID: id, IssuedAt: now.Unix()}
	if len(body) > 0 {
		p.BodyHash = Hash(body)
	}
	return p
}

// clock is the time at a server.
func (c *Client) clock(host string) time.Time { return c.now().Add(c.offset(host)) }

func (c *Client) offset(host string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.skew[host]
}

// heed sets our clock by a server's, if they are far apart.
func (c *Client) heed(host, date string) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if off := at.Sub(c.now()); off.Abs() < maxSkew {
		delete(c.skew, host)
	} else if (off - c.skew[host]).Abs() > maxSkew {
		c.skew[host] = off
	}
}

// problem reads what a server does not accept.
func problem(response *http.Response, raw []byte) error {
	p := &Problem{Status: response.StatusCode}
	// What is no problem document has a status all the same.
	if json.Unmarshal(raw, p) != nil {
		*p = Problem{}
	}
	p.Status = response.StatusCode
	if n, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && n > 0 {
		p.RetryAfter = time.Duration(n) * time.Second
	}
	return p
}
