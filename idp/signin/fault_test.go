package signin_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

// TestFaults fails every call of the store in turn during a sign-in: nobody is signed
// in, nothing is handed out, and there are no half-states. After a commit whose
// outcome is unknown nothing is handed out either.
func TestFaults(t *testing.T) {
	t.Parallel()
	for op, what := range map[storetest.Op]string{
		storetest.OpGet: "get", storetest.OpPut: "put", storetest.OpDelete: "delete", storetest.OpScan: "scan",
		storetest.OpCommit: "commit", storetest.OpAnswer: "answer of the commit",
	} {
		fired := 0
		for nth := 1; ; nth++ {
			d := storetest.NewFailing(mem.New())
			w := worldOn(t, d)
			_, code := w.oneTime()
			b := w.browser()
			f := b.asked(w.request("own"), name)
			d.Fail(op, nth)
			out, err := b.try(f, code)
			if d.Fired() == 0 {
				if err != nil || out.Code == "" {
					t.Errorf("%s: without a failure: %v", what, err)
				}
				break
			}
			fired++
			name := fmt.Sprintf("%s %d", what, nth)
			if err == nil || out.Code != "" || out.NewSession != "" || out.NewKnown != "" || out.Grant != nil || idp.ErrorCode(err) != idp.Internal {
				t.Errorf("%s: %+v, %v", name, out, err)
			}
			if !errors.Is(err, storetest.ErrInjected) {
				t.Errorf("%s: %v", name, err)
			}
			w.checkWhole(name)
		}
		t.Logf("%s: %d failures", what, fired)
		if fired == 0 && op != storetest.OpDelete && op != storetest.OpScan {
			t.Errorf("%s: no failure happened", what)
		}
	}
}

// checkWhole: session, grant, used pass and log line are all there, or none is.
func (w *world) checkWhole(what string) {
	w.Helper()
	s, g, n := len(all[idp.Session](w)), len(all[idp.Grant](w)), countSignIns(all[idp.AuditEvent](w))
	used := 0
	if !all[idp.Pass](w)[0].UsedAt.IsZero() {
		used = 1
	}
	if s != g || g != n || n != used {
		w.Errorf("%s: %d sessions, %d grants, %d log lines, %d passes used", what, s, g, n, used)
	}
}

// TestFaultyMethod: a fault of a method is no answer for people.
func TestFaultyMethod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.givePass(name, idp.PassRequest{})
	for _, m := range []idp.Method{brokenMethod{w.tap, true}, brokenMethod{w.tap, false}} {
		w.signin = signin.New(w.store, w.keys, []idp.Method{m})
		b := w.browser()
		f := b.start(w.request("own")).WithUser(name)
		f.Chosen, f.Challenge = idp.TemporaryAccessPass, idp.NewID()
		if m.(brokenMethod).begin {
			f.Challenge = ""
			_, err := w.signin.Look(t.Context(), b.visit(), f)
			if !errors.Is(err, storage.ErrDamaged) {
				t.Errorf("begin: %v", err)
			}
			continue
		}
		out, err := b.try(f, wrong)
		if !errors.Is(err, storage.ErrDamaged) || out.Problem != nil {
			t.Errorf("verify: %+v, %v", out, err)
		}
	}
}

// brokenMethod fails to begin, or else to verify.
type brokenMethod struct {
	idp.Method
	begin bool
}

func (m brokenMethod) Begin(ctx context.Context, s idp.Subject) (idp.Prompt, error) {
	if m.begin {
		return idp.Prompt{}, storage.ErrDamaged
	}
	return m.Method.Begin(ctx, s)
}

func (brokenMethod) Verify(context.Context, idp.Subject, idp.Prompt, idp.Answer) (idp.Verdict, error) {
	return idp.Verdict{}, storage.ErrDamaged
}
