package device_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"latchkey/idp"
)

// served is the world behind a listener, as requests that are held need one.
func (w *world) served() *httptest.Server {
	s := httptest.NewServer(w.handler)
	w.Cleanup(s.Close)
	return s
}

// holds asks for challenges and waits; it returns once the server does.
func (p *phone) holds(ctx context.Context, s *httptest.Server, before int) (answer chan string) {
	answer = make(chan string, 1)
	url := p.w.url("/challenges")
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL+strings.TrimPrefix(url, base)+"?wait=25", nil)
	p.w.must(err)
	r.Header.Set("Device-Proof", p.proof("GET", url, nil))
	go func() {
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer a.Body.Close()
		var in struct {
			Challenges []string `json:"challenges"`
		}
		err = json.NewDecoder(a.Body).Decode(&in)
		answer <- a.Status + " " + strings.Join(in.Challenges, " ")
		_ = err // an answer that is none has no challenges
	}()
	for p.w.waker.Waiting() <= before {
		runtime.Gosched()
	}
	return answer
}

func TestWhoeverGoesAwayIsWaitedForNoLonger(t *testing.T) {
	w := newWorld(t)
	p, s := w.phone(), w.served()
	ctx, leave := context.WithCancel(t.Context())
	var answers []chan string
	for i := range 20 {
		answers = append(answers, p.holds(ctx, s, i))
	}
	leave()
	for _, a := range answers {
		<-a
	}
	for w.waker.Waiting() > 0 { // for ever, if they are held still
		runtime.Gosched()
	}
}

// What a device is told after it has waited depends on how things are by then.
func TestADeviceThatWaitsDoesNotOutliveItsUser(t *testing.T) {
	for name, c := range map[string]func(w *world, p *phone){
		"deleted user": func(w *world, _ *phone) { w.deleteUser() },
		"disabled":     func(w *world, _ *phone) { w.disable(w.user) },
		"method off": func(w *world, _ *phone) {
			w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Enabled = false })
		},
		"copied": func(w *world, p *phone) {
			d := p.record()
			d.CopiedAt = w.now()
			w.put(d)
		},
		"removed": func(w *world, p *phone) { w.reads(p.send("DELETE", "/self", nil), http.StatusNoContent, nil) },
	} {
		w := newWorld(t)
		p, s := w.phone(), w.served()
		kept := p.record()
		answer := p.holds(t.Context(), s, 0)
		c(w, p)
		r := idp.NewSignInRequest(w.keys, w.tenant.TenantID, kept.UserID, idp.DefaultAuthenticatorPolicy(), idp.AskType, w.now())
		w.put(r)
		w.waker.Wake(w.tenant.TenantID + " " + kept.UserID)
		if got := <-answer; got != "400 Bad Request " {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAServerThatStopsLetsNobodyWait(t *testing.T) {
	w := newWorld(t)
	p, s := w.phone(), w.served()
	answer := p.holds(t.Context(), s, 0)
	w.waker.Close()
	if got := <-answer; got != "503 Service Unavailable " {
		t.Errorf("%q", got)
	}
}

// A device is approved and removed before its browser goes on: nobody is signed in by it.
func TestNobodySignsInByWhatIsGoneMeanwhile(t *testing.T) {
	for name, c := range map[string]func(w *world, p *phone){
		"the device was removed": func(w *world, p *phone) { w.reads(p.send("DELETE", "/self", nil), http.StatusNoContent, nil) },
		"the user was disabled":  func(w *world, _ *phone) { w.disable(w.user) },
		"the user was deleted":   func(w *world, _ *phone) { w.deleteUser() },
		"the method was turned off": func(w *world, _ *phone) {
			w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Enabled = false })
		},
		"the user is left out": func(w *world, _ *phone) {
			w.policy(func(p *idp.MethodsPolicy) {
				p.Authenticator.Targets.Exclude = []idp.Target{{Type: "user", ID: w.user.UserID}}
			})
		},
		"the device may have been copied": func(w *world, p *phone) {
			d := p.record()
			d.CopiedAt = w.now()
			w.put(d)
		},
		"a minute has passed": func(w *world, _ *phone) { w.pass(idp.FinishWithin) },
	} {
		w := newWorld(t)
		p, b := w.phone(), w.browser("192.0.2.1")
		page := b.ask(anna, "")
		w.reads(w.respond(p.answering(p.fetch()[0], number(page))), http.StatusOK, nil)
		c(w, p)
		out, err := w.signin.Answer(t.Context(), b.visit(), page.Flow, idp.Answer{})
		if err != nil || out.NewSession != "" || len(all[idp.Session](w)) != 0 {
			t.Errorf("%s: %v %+v", name, err, out.Problem)
		}
	}
}

// Each answer that approves is looked at anew.
func TestNobodyApprovesWithWhatIsGoneMeanwhile(t *testing.T) {
	for name, c := range map[string]func(w *world, p *phone){
		"second factor only": func(w *world, _ *phone) {
			w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Targets.Include[0].Mode = idp.AuthenticatePush })
		},
		"out of the policy": func(w *world, _ *phone) {
			w.policy(func(p *idp.MethodsPolicy) {
				p.Authenticator.Targets.Exclude = []idp.Target{{Type: "user", ID: w.user.UserID}}
			})
		},
		"soft": func(w *world, p *phone) {
			d := p.record()
			d.Soft = true
			w.put(d)
		},
		"disabled": func(w *world, _ *phone) { w.disable(w.user) },
	} {
		w := newWorld(t)
		p, b := w.phone(), w.browser("192.0.2.1")
		page := b.ask(anna, "")
		jws := p.fetch()[0]
		c(w, p)
		before := w.dump()
		if rec := w.respond(p.answering(jws, number(page))); rec.Code != http.StatusBadRequest || w.dump() != before {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}
