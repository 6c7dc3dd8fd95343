package device

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The types of problems.
const (
	problemRefused = "urn:latchkey:device:refused"
	problemNumber  = "urn:latchkey:device:wrong-number"
	problemEnded   = "urn:latchkey:device:ended"
)

// Problem is that a server did not accept something (RFC 9457).
type Problem struct {
	Status     int           `json:"status"`
	Type       string        `json:"type"`
	Title      string        `json:"title"`
	State      string        `json:"state"`      // of the request, where there is one
	TriesLeft  int           `json:"tries_left"` // of a wrong number
	RetryAfter time.Duration `json:"-"`          // 0: not said
}

// Error says it to the person who holds the device.
func (p *Problem) Error() string {
	switch {
	case p.Type == problemNumber && p.TriesLeft < 1:
		return "That number does not match; the request has ended"
	case p.Type == problemNumber && p.TriesLeft == 1:
		return "That number does not match; 1 try left"
	case p.Type == problemNumber:
		return fmt.Sprintf("That number does not match; %d tries left", p.TriesLeft)
	case p.Type == problemEnded:
		return ended(p.State)
	case p.Type == problemRefused:
		return "The server did not accept it: the device may have been removed, its user deleted or the method turned off"
	case p.Status == http.StatusTooManyRequests && p.RetryAfter > 0:
		return fmt.Sprintf("The server is asked too often; try again in %d seconds", int(p.RetryAfter/time.Second))
	case p.Status == http.StatusTooManyRequests:
		return "The server is asked too often; try again later"
	case p.Status == http.StatusServiceUnavailable:
		return "The server is stopping; try again"
	}
	return fmt.Sprintf("The server answered %d %s", p.Status, http.StatusText(p.Status))
}

func ended(state string) string {
	switch state {
	case "approved", "consumed":
		return "The request was approved already"
	case "denied":
		return "The request was denied already"
	case "locked":
		return "The request has ended: there were too many wrong numbers"
	case "expired":
		return "The request has expired"
	case "superseded":
		return "The request has ended: there is a newer one"
	case "cancelled":
		return "The request was cancelled in the browser"
	}
	return "The request has ended"
}

// IsRefused tells whether a server did not accept a message, for whatever reason.
func IsRefused(err error) bool { return isProblem(err, problemRefused) }

// IsWrongNumber tells whether the number, choice or scan was not that of the page.
func IsWrongNumber(err error) bool { return isProblem(err, problemNumber) }

// IsEnded tells whether a request was decided by somebody else, or took too long.
func IsEnded(err error) bool { return isProblem(err, problemEnded) }

// MayRetry tells whether the same may be tried again, and after what time.
func MayRetry(err error) (after time.Duration, may bool) {
	p, ok := errors.AsType[*Problem](err)
	if !ok || p.Status != http.StatusTooManyRequests && p.Status != http.StatusServiceUnavailable {
		return 0, false
	}
	return max(p.RetryAfter, time.Second), true
}

func isProblem(err error, kind string) bool {
	p, ok := errors.AsType[*Problem](err)
	return ok && p.Type == kind
}
