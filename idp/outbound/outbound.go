// Package outbound owns the HTTP client that calls URLs others registered: clients
// (request_uri, jwks_uri, sector_identifier_uri, back-channel logout), and administrators for
// providers elsewhere.
//
// The threat is a URL that makes the server reach what only it can reach: its own
// ports, the private network, a cloud's metadata. So the address decides, not the
// name, and at the moment of connecting, when DNS can no longer change it. Besides,
// nobody can make a call long, large or frequent: redirects are not followed, time,
// header, body and number of calls are bounded, and each call has a connection of
// its own, without cookies, proxy or decompression.
//
// What an answer means, whether it is kept, and whether to try again is the
// caller's business. An operator's NAT64 under a prefix of their own looks like the
// public internet and is not recognised.
package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// The bounds of each call.
const (
	MaxBody    = 1 << 20         // of an answer, in bytes
	MaxHeader  = 16 << 10        // of an answer, in bytes
	MaxTime    = 5 * time.Second // from asking for a call to the last byte of its answer
	MaxCalls   = 64              // at once
	MaxPerHost = 4               // at once to one name or literal address
)

// The kinds of errors, for errors.Is. Their texts repeat nothing of an answer and
// are meant for the log. They name addresses: whoever gave the URL should learn the
// kind only, or could use us to look around.
var (
	ErrURL      = errors.New("not a URL we call")
	ErrRefused  = errors.New("may not be called")
	ErrBusy     = errors.New("too many calls at once")
	ErrTimeout  = errors.New("no answer in time")
	ErrRedirect = errors.New("answered with a redirect")
	ErrTooLarge = errors.New("answer too large")
	ErrFailed   = errors.New("call failed")
)

// Config is what a deployment decides.
type Config struct {
	// Allow are networks that may be reached although they are not public, by http
	// and on any port too.
	Allow []netip.Prefix
	// Roots are the certificate authorities trusted; nil means the system's.
	Roots *x509.CertPool
	// PerHost is how many calls run at once to one name or literal address; 0 means MaxPerHost.
	PerHost int

	timeout  time.Duration // 0 means MaxTime
	resolver *net.Resolver // nil means the system's
}

// Client calls URLs that others gave us. It is safe for concurrent use.
type Client struct {
	allow    []netip.Prefix
	tls      *tls.Config
	timeout  time.Duration
	resolver *net.Resolver
	slots    *slots
}

// New makes a Client. Its bounds are its own: two of them make twice as many calls.
func New(cfg Config) *Client {
	c := &Client{
		allow:    cfg.Allow,
		tls:      &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots},
		timeout:  cfg.timeout,
		resolver: cfg.resolver,
		slots:    newSlots(MaxCalls, cmp.Or(cfg.PerHost, MaxPerHost)),
	}
	if c.timeout == 0 {
		c.timeout = MaxTime
	}
	return c
}

// Get fetches a URL. accept is the media type wanted, "" for any. Every status but
// a redirect is an Answer; the errors are this package's, and ErrTooLarge comes
// instead of a part of a body.
func (c *Client) Get(ctx context.Context, url, accept string) (*Answer, error) {
	return c.Do(ctx, Request{URL: url, Accept: accept})
}

// Request is one call.
type Request struct {
	URL           string
	Form          url.Values // posted; nil: the URL is fetched
	Accept        string     // the media type wanted, "" for any
	Authorization string     // the header, "" for none
}

// Do makes a call and reads the answer, as Get does.
func (c *Client) Do(ctx context.Context, q Request) (a *Answer, err error) {
	method, header := http.MethodGet, http.Header{}
	if q.Form != nil {
		method = http.MethodPost
		header.Set("Content-Type", formType)
	}
	if q.Accept != "" {
		header.Set("Accept", q.Accept)
	}
	if q.Authorization != "" {
		header.Set("Authorization", q.Authorization)
	}
	err = c.call(ctx, method, q.URL, q.Form.Encode(), header, func(r *http.Response) (err error) {
		a, err = readAnswer(r)
		return err
	})
	return a, err
}

const formType = "application/x-www-form-urlencoded"

// PostForm posts a form and tells the status of the answer, whose body is not read.
// An error does not say that nothing arrived.
func (c *Client) PostForm(ctx context.Context, url string, form url.Values) (status int, err error) {
	header := http.Header{"Content-Type": {formType}}
	err = c.call(ctx, http.MethodPost, url, form.Encode(), header, func(r *http.Response) error {
		status = r.StatusCode
		return nil
	})
	return status, err
}

// Post sends a body with some headers and tells the status of the answer, whose body is not read.
func (c *Client) Post(ctx context.Context, url string, header http.Header, body []byte) (status int, err error) {
	err = c.call(ctx, http.MethodPost, url, string(body), header.Clone(), func(r *http.Response) error {
		status = r.StatusCode
		return nil
	})
	return status, err
}

// call makes one call and lets use look at the answer while it lasts.
func (c *Client) call(ctx context.Context, method, raw, body string, header http.Header, use func(*http.Response) error) error {
	u, err := c.CheckURL(raw)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	release, err := c.slots.take(ctx, strings.ToLower(u.Hostname()))
	if err != nil {
		return err
	}
	defer release()
	request, err := http.NewRequestWithContext(ctx, method, raw, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: no such request", ErrURL)
	}
	header.Set("User-Agent", "latchkey")
	header.Set("Accept-Encoding", "identity")
	request.Header = header
	response, err := c.transport(ctx, u.Scheme).RoundTrip(request)
	if err != nil {
		return told(ctx, err)
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case status < 200:
		return fmt.Errorf("%w: no proper answer", ErrFailed)
	case status >= 300 && status < 400:
		return fmt.Errorf("%w: status %d", ErrRedirect, status)
	}
	if err := use(response); err != nil {
		return told(ctx, err)
	}
	return nil
}

// transport is for one call: a connection that is used once can neither mix up the
// answers of two calls nor outlive the decision to make it.
func (c *Client) transport(ctx context.Context, scheme string) *http.Transport {
	var only1 http.Protocols
	only1.SetHTTP1(true)
	return &http.Transport{
		// The context the transport hands over outlives the call.
		DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			return c.dial(ctx, scheme, network, address)
		},
		TLSClientConfig:        c.tls,
		Protocols:              &only1,
		DisableKeepAlives:      true,
		DisableCompression:     true, // a small answer that inflates is not inflated
		MaxResponseHeaderBytes: MaxHeader,
	}
}

// dial connects to an address that is permitted, until the end of the call.
func (c *Client) dial(ctx context.Context, scheme, network, address string) (net.Conn, error) {
	d := net.Dialer{
		Resolver: c.resolver,
		// Control sees each resolved address right before it is connected to.
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: not an address", ErrRefused)
			}
			return c.permit(scheme, to)
		},
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	end, _ := ctx.Deadline() // else a slow TLS handshake would outlive the call
	return conn, conn.SetDeadline(end)
}

// told is a call's error without what the other side wrote into it, such as the
// first line of its answer.
func told(ctx context.Context, err error) error {
	slow, isNet := errors.AsType[net.Error](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, ErrRefused), errors.Is(err, ErrTooLarge):
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %w", ErrTimeout, ctx.Err())
	case isNet && slow.Timeout():
		return fmt.Errorf("%w: %w", ErrTimeout, context.DeadlineExceeded)
	case isDNS:
		return fmt.Errorf("%w: the name does not resolve", ErrFailed)
	case isCertificate:
		return fmt.Errorf("%w: the certificate is not trusted", ErrFailed)
	case isOp && op.Op == "dial":
		return fmt.Errorf("%w: cannot connect", ErrFailed)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the answer broke off", ErrFailed)
	}
	return fmt.Errorf("%w: no proper answer", ErrFailed)
}
