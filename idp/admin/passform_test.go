package admin_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// TestFormMakesOnePass is A5: a form that is sent many times, at once and later, makes
// one pass, which stays.
func TestFormMakesOnePass(t *testing.T) {
	t.Parallel()
	for store, open := range map[string]func(*testing.T) storage.Driver{"mem": func(*testing.T) storage.Driver { return mem.New() }, "bolt": onBolt} {
		t.Run(store, func(t *testing.T) {
			w := worldOn(t, open(t))
			send := func(form string) error {
				return err3(w.admin.CreatePass(w.ctx, op, tenantID, name, idp.PassRequest{Form: form}))
			}
			var made atomic.Int32
			var all20 sync.WaitGroup
			for range 20 {
				all20.Go(func() {
					switch err := send("form"); {
					case err == nil:
						made.Add(1)
					case !errors.Is(err, admin.ErrSentBefore):
						t.Error(err)
					}
				})
			}
			all20.Wait()
			first := all[idp.Pass](w)
			w.pass(idp.ChallengeLifetime - time.Second)
			if err := send("form"); made.Load() != 1 || !errors.Is(err, admin.ErrSentBefore) {
				t.Errorf("%d passes were made; later: %v", made.Load(), err)
			}
			if now := all[idp.Pass](w); len(now) != 1 || len(first) != 1 || now[0].PassID != first[0].PassID {
				t.Errorf("the passes are %v, were %v", now, first)
			}
			if err := errors.Join(send("another form"), send(""), send("")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFormThatFailed: what makes no pass spends no form.
func TestFormThatFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	send := func(req idp.PassRequest) error {
		req.Form = "form"
		return err3(w.admin.CreatePass(w.ctx, op, tenantID, name, req))
	}
	if err := send(idp.PassRequest{Lifetime: 1}); idp.ErrorCode(err) != idp.Invalid {
		t.Fatal(err)
	}
	if err := send(idp.PassRequest{}); err != nil {
		t.Error(err)
	}
	if err := send(idp.PassRequest{Lifetime: 90}); !errors.Is(err, admin.ErrSentBefore) {
		t.Errorf("%v", err)
	}
}
