package ui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/idp/web"
)

// news is something that a page waits for.
type news struct {
	// wait is woken when there may be something new, until it is stopped.
	wait func() (woken <-chan struct{}, stop func())
	look func(ctx context.Context, now time.Time) (glance, error)
}

// glance is all that a page that waits is told.
type glance struct {
	State   string `json:"state"`
	Changes int    `json:"changes"`
	Left    int    `json:"left"` // seconds
	until   time.Time
	over    bool // nothing more will come
}

func (a glance) same(b glance) bool { return a.State == b.State && a.Changes == b.Changes }

const (
	// heartbeat keeps proxies from closing a stream on which nothing happens.
	heartbeat = 15 * time.Second
	// maxHold is how long an answer is held for browsers without scripts.
	maxHold = 20 * time.Second
)

// stream sends news as server-sent events (HTML 9.2), until nothing more will come.
func (s *Site) stream(w http.ResponseWriter, r *http.Request, n news) {
	leave, ok := s.live.Enter(web.From(r).Address)
	if !ok {
		w.Header().Set("Retry-After", "5")
		s.problemJSON(w, r, "busy")
		return
	}
	defer leave()
	if err := web.Unhurried(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold it back
	setCommonHeaders(h, s.Renderer.options.HTTPS)
	write := func(text string) error {
		if _, err := fmt.Fprint(w, text); err != nil {
			return err
		}
		return http.NewResponseController(w).Flush()
	}
	err := s.attend(r.Context(), n, func(g glance) error {
		body, err := json.Marshal(g)
		if err != nil {
			return err
		}
		return write("data: " + string(body) + "\n\n")
	}, func() error { return write(":\n\n") })
	if err != nil && r.Context().Err() == nil {
		s.Log.Debug("stream ended", "request_id", web.From(r).ID, "error", err)
	}
}

// attend tells each change, and that there is none now and then, until nothing more will come.
func (s *Site) attend(ctx context.Context, n news, tell func(glance) error, beat func() error) error {
	woken, stop := n.wait()
	defer stop()
	first, last := true, glance{}
	for {
		now := s.Now()
		g, err := n.look(ctx, now)
		if err != nil {
			return err
		}
		if g.Left = max(0, int((g.until.Sub(now)+time.Second-1)/time.Second)); first || !g.same(last) {
			if err := tell(g); err != nil {
				return err
			}
		}
		if first, last = false, g; g.over {
			return nil
		}
		timer := time.NewTimer(min(heartbeat, g.until.Sub(now)+time.Millisecond))
		select {
		case <-woken:
			timer.Stop()
			if s.Signin.Stopping() {
				return nil
			}
		case <-timer.C:
			if err := beat(); err != nil {
				return err
			}
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// await waits for a change, for as long as a page may be held.
func (s *Site) await(w http.ResponseWriter, r *http.Request, n news) (last glance, err error) {
	if last, err = n.look(r.Context(), s.Now()); err != nil || last.over {
		return last, err
	}
	leave, ok := s.live.Enter(web.From(r).Address)
	if !ok { // asked again at once, which is no worse
		return last, nil
	}
	defer leave()
	if err := web.Unhurried(w, r); err != nil {
		return last, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxHold)
	defer cancel()
	err = s.attend(ctx, n, func(g glance) error {
		if !g.same(last) {
			last = g
			return errNews
		}
		return nil
	}, func() error { return nil })
	if err == errNews || ctx.Err() != nil && r.Context().Err() == nil {
		err = nil
	}
	return last, err
}

// errNews ends what waits for a change.
var errNews = errors.New("ui: there is news")
