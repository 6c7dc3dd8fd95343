package device_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
)

// parallel runs fn so many times at once.
func parallel(n int, fn func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	all.Wait()
}

func TestOneOfManyApprovalsCounts(t *testing.T) {
	w := newWorld(t)
	p, b := w.phone(), w.browser("192.0.2.1")
	page := b.ask(anna, "")
	jws := p.fetch()[0]
	bodies := make([][]byte, 200)
	for i := range bodies {
		bodies[i] = p.answering(jws, number(page))
	}
	var approved, ended atomic.Int64
	parallel(len(bodies), func(i int) {
		switch rec := w.respond(bodies[i]); rec.Code {
		case http.StatusOK:
			approved.Add(1)
		case http.StatusConflict:
			ended.Add(1)
		default:
			t.Errorf("%d %s", rec.Code, rec.Body)
		}
	})
	if approved.Load() != 1 || ended.Load() != 199 {
		t.Errorf("%d approved, %d were told that it has ended", approved.Load(), ended.Load())
	}
}

func TestOneOfTheSameApprovalSentManyTimesCounts(t *testing.T) {
	w := newWorld(t)
	p, b := w.phone(), w.browser("192.0.2.1")
	p.count = 7 // its copies must not look like a copy of the device
	p.verifier.Count = 7
	page := b.ask(anna, "")
	body := p.answering(p.fetch()[0], number(page))
	var approved atomic.Int64
	parallel(200, func(int) {
		if w.respond(body).Code == http.StatusOK {
			approved.Add(1)
		}
	})
	if approved.Load() != 1 {
		t.Errorf("%d approved", approved.Load())
	}
	if d := p.record(); !d.CopiedAt.IsZero() {
		t.Error("a response that was sent twice makes the device a copy")
	}
}

func TestApprovalAndDenialAtOnceDecideOnce(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		p, b := w.phone(), w.browser("192.0.2.1")
		page := b.ask(anna, "")
		jws := p.fetch()[0]
		yes, no := p.answering(jws, number(page)), p.answering(jws, "", deny(idp.DeniedNotMe))
		var done atomic.Int64
		parallel(2, func(i int) {
			if w.respond([][]byte{yes, no}[i]).Code == http.StatusOK {
				done.Add(1)
			}
		})
		if done.Load() != 1 {
			t.Fatalf("%d decided", done.Load())
		}
	}
}

func TestOneOfManyFinishesSignsIn(t *testing.T) {
	w := newWorld(t)
	p, b := w.phone(), w.browser("192.0.2.1")
	page := b.ask(anna, "")
	w.reads(w.respond(p.answering(p.fetch()[0], number(page))), http.StatusOK, nil)
	var sessions atomic.Int64
	parallel(200, func(int) {
		out, err := w.signin.Answer(context.Background(), b.visit(), page.Flow, idp.Answer{})
		if err != nil {
			t.Error(err)
		}
		if out.NewSession != "" {
			sessions.Add(1)
		}
	})
	if got := len(all[idp.Session](w)); sessions.Load() != 1 || got != 1 {
		t.Errorf("%d sessions were handed out, %d are kept", sessions.Load(), got)
	}
}

func TestManyConfirmationsAddOneDevice(t *testing.T) {
	w := newWorld(t)
	b, e, token := w.invited()
	p := w.newPhone()
	o := w.begin(token)
	w.reads(w.call("POST", w.url("/enrolments/"+o.ID), "", p.show(o)), http.StatusAccepted, nil)
	var added atomic.Int64
	parallel(50, func(int) {
		if _, err := w.signin.ConfirmDevice(context.Background(), b.visit(), e.EnrolmentID, true); err == nil {
			added.Add(1)
		}
	})
	if got := len(all[idp.Authenticator](w)); added.Load() != 1 || got != 1 {
		t.Errorf("%d confirmations, %d devices", added.Load(), got)
	}
}

func TestManyDevicesComeToOneInvitation(t *testing.T) {
	w := newWorld(t)
	_, _, token := w.invited()
	o := w.begin(token)
	bodies := make([][]byte, 50)
	for i := range bodies {
		bodies[i] = w.newPhone().show(o)
	}
	var came atomic.Int64
	parallel(len(bodies), func(i int) {
		if w.call("POST", w.url("/enrolments/"+o.ID), "", bodies[i]).Code == http.StatusAccepted {
			came.Add(1)
		}
	})
	if came.Load() != 1 {
		t.Errorf("%d devices came", came.Load())
	}
}

func TestAProofCountsOnceForAsLongAsItIsFresh(t *testing.T) {
	w := newWorld(t)
	p := w.phone()
	ahead := p.proof("GET", w.url("/challenges"), nil, late(59*time.Second)) // of a clock that is fast
	w.reads(w.call("GET", w.url("/challenges"), ahead, nil), http.StatusOK, nil)
	for range 120 {
		w.pass(time.Second)
		if _, err := w.store.Sweep(context.Background(), w.tenant.TenantID, w.now(), 100); err != nil {
			t.Fatal(err)
		}
		if rec := w.call("GET", w.url("/challenges"), ahead, nil); rec.Code != http.StatusBadRequest {
			t.Fatalf("used again after %s: %d", w.now().Sub(epoch), rec.Code)
		}
	}
}

func TestAResponseCountsForNothingElse(t *testing.T) {
	w := newWorld(t)
	w.newUser("bert@contoso.example")
	p, other, berts := w.phone(), w.phone(), w.newPhone().enrol("bert@contoso.example")
	b := w.browser("192.0.2.1")
	page := b.ask(anna, "")
	mine, others := p.fetch()[0], other.fetch()[0]
	good := p.answering(mine, number(page))
	for name, body := range map[string][]byte{
		"another device of hers answers what this one was sent": other.answering(mine, number(page)),
		"this one answers what another was sent":                p.answering(others, number(page)),
		"somebody else's device":                                berts.answering(mine, number(page)),
		"another audience":                                      p.answering(mine, number(page), func(_ map[string]any, c claims) { c["aud"] = base + "/" + idp.NewID() + "/v2.0" }),
		"another app":                                           p.answering(mine, number(page), func(_ map[string]any, c claims) { c["app"] = "Mail" }),
		"another nonce":                                         p.answering(mine, number(page), func(_ map[string]any, c claims) { c["nonce"] = random() }),
		"another request":                                       p.answering(mine, number(page), func(_ map[string]any, c claims) { c["txn"] = idp.NewID() }),
		"a device's proof in its place":                         p.answering(mine, number(page), func(h map[string]any, _ claims) { h["typ"] = "oda-proof+jwt" }),
		"another issuer":                                        p.answering(mine, number(page), func(_ map[string]any, c claims) { c["iss"] = other.thumbprint() }),
		"neither yes nor no":                                    p.answering(mine, number(page), func(_ map[string]any, c claims) { c["decision"] = "Approve" }),
		"no holder":                                             p.unverified(mine, number(page), "null"),
		"a holder verified for something else":                  p.unverified(mine, number(page), p.verify("something else")),
		"another device's holder":                               p.unverified(mine, number(page), other.verify("x")),
		"for too long":                                          p.answering(mine, number(page), func(_ map[string]any, c claims) { c["exp"] = w.now().Unix() + 3600 }),
		"an end before all time":                                p.answering(mine, number(page), func(_ map[string]any, c claims) { c["exp"] = int64(-1 << 63) }),
	} {
		before := w.dump()
		if rec := w.respond(body); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
		if w.dump() != before {
			t.Errorf("%s: the store has changed", name)
		}
	}
	w.reads(w.respond(good), http.StatusOK, nil)
	thief := w.browser("192.0.2.1")
	if out, err := w.signin.Answer(context.Background(), thief.visit(), page.Flow, idp.Answer{}); err != nil || out.NewSession != "" {
		t.Errorf("another browser goes on: %v", err)
	}
	if out := b.finish(page.Flow); out.Decision.Step != idp.Issue {
		t.Errorf("step %s %+v", out.Decision.Step, out.Problem)
	}
}

// unverified is a response with another assertion beside it.
func (p *phone) unverified(jws, number, uv string) []byte {
	var in struct {
		Response string `json:"response"`
	}
	p.w.must(decode(p.answering(jws, number), &in))
	return encode(claims{"response": in.Response, "uv": raw(uv)})
}
