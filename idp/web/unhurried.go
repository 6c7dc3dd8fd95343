package web

import (
	"net/http"
	"time"
)

// Unhurried lets the answer to a request take longer than others may. That of one that has a body
// ends in time all the same: the server reads the body first, and would wait for it without end.
func Unhurried(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength != 0 {
		return nil
	}
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(time.Time{}); err != nil { // else the request's context ends with it
		return err
	}
	return c.SetWriteDeadline(time.Time{})
}
