package device

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What a device decides, and why it denies.
const (
	Approve   = "approve"
	Deny      = "deny"
	NotMe     = "not_me"    // "I am not signing in": the tenant's administrators are told
	Cancelled = "cancelled" // "I changed my mind"
)

// Answer is what somebody decided about a request.
type Answer struct {
	Decision string // Approve or Deny
	Reason   string // to deny
	// One of these, by the mode, to approve.
	Number, Choice, Scan string
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// Check finds what cannot be right, before one of the few tries is spent on it.
func (an Answer) Check(ch *Challenge) error {
	if an.Decision == Deny {
		return nil
	}
	switch mode := ch.Ask.Mode; {
	case mode == ModeType && an.Number == "":
		return errors.New("the request asks for the number on the page: give it with --number")
	case mode == ModeScan && an.Scan == "":
		return errors.New("the request asks for the QR code on the page: give what it says with --scan")
	case mode == ModePick && an.Choice == "":
		return errors.New("the request asks which number is on the page: give it with --choice")
	case mode == ModeType && (!digits.MatchString(an.Number) || ch.Ask.Digits > 0 && len(an.Number) != ch.Ask.Digits):
		return fmt.Errorf("the number on the page has %d digits", ch.Ask.Digits)
	case mode == ModePick && !slices.Contains(ch.Ask.Choices, an.Choice):
		return fmt.Errorf("the number on the page is one of %s", strings.Join(ch.Ask.Choices, ", "))
	case mode != ModeType && mode != ModeScan && mode != ModePick:
		return fmt.Errorf("the request asks in a way that this program does not know (%q)", mode)
	}
	return nil
}

// Respond answers a request, and tells what became of it. save keeps the account, whose counter
// goes up, and is called before anything is sent. The error is that of Check, of save, or of the
// server: IsWrongNumber, IsEnded and IsRefused tell which.
func (c *Client) Respond(ctx context.Context, a *Account, ch *Challenge, an Answer, save func() error) (state string, err error) {
	if err := an.Check(ch); err != nil {
		return "", err
	}
	jws, err := a.Key.sign(typeResponse, false, a.responseClaims(ch, an, random(), c.clockOf(a)))
	if err != nil {
		return "", err
	}
	body := map[string]any{"response": jws}
	if an.Decision == Approve {
		body["uv"] = a.Verifier.assert(Hash([]byte(jws)))
		if err := save(); err != nil {
			return "", err
		}
	}
	return c.send(ctx, a, body)
}

func (c *Client) send(ctx context.Context, a *Account, body map[string]any) (state string, err error) {
	var told struct{ State string }
	err = c.do(ctx, call{method: http.MethodPost, url: a.Discovery.Responses, body: body}, &told)
	return told.State, err
}

// responseClaims bind the answer to the very bytes of the challenge, and to what was displayed.
func (a *Account) responseClaims(ch *Challenge, an Answer, id string, now time.Time) responseClaims {
	r := responseClaims{
		Issuer: a.Key.Thumbprint(), Audience: a.Discovery.Issuer, ID: id, IssuedAt: now.Unix(), Expires: now.Add(responseLifetime).Unix(),
		Request: ch.ID, Challenge: Hash([]byte(ch.raw)), Nonce: ch.Nonce, App: ch.App.Name, Decision: an.Decision,
	}
	if an.Decision == Deny {
		r.Reason = an.Reason
		return r
	}
	r.UV = &uvClaim{"webauthn"}
	switch ch.Ask.Mode {
	case ModeScan:
		r.Scan = an.Scan
	case ModePick:
		r.Choice = an.Choice
	default:
		r.Number = an.Number
	}
	return r
}
