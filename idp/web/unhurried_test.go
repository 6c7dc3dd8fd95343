package web

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A request that announces a body and sends none would else be waited for without end, by a
// server that reads the rest of it before it answers.
func TestUnhurriedDoesNotWaitForABodyThatNeverComes(t *testing.T) {
	for _, head := range []string{"Content-Length: 5", "Transfer-Encoding: chunked"} {
		done := make(chan error, 1)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			done <- Unhurried(w, r)
		}))
		s.Config.ReadTimeout = 100 * time.Millisecond
		s.Start()
		t.Cleanup(s.Close)
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n" + head + "\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil { // else the test would wait, too
			t.Fatal(err)
		}
		_, err = bufio.NewReader(c).ReadString('\n')
		if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
			t.Errorf("%s: the server waits", head)
		}
	}
}
