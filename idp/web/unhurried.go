package web

import (
	"net/http"
	"time"
)

// Unhurried lets an answer take longer than others may, to read or to write.
func Unhurried(w http.ResponseWriter) error {
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(time.Time{}); err != nil { // else the request's context ends with it
		return err
	}
	return c.SetWriteDeadline(time.Time{})
}
