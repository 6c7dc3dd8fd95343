package signin_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"latchkey/authmethods/passkey"
	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

const crowd = 200

// atOnce runs n things at the same moment and counts how they end.
func atOnce(n int, fn func(i int) string) map[string]int {
	var ready, finished sync.WaitGroup
	start, ends := make(chan struct{}), make([]string, n)
	for i := range n {
		ready.Add(1)
		finished.Go(func() {
			ready.Done()
			<-start
			ends[i] = fn(i)
		})
	}
	ready.Wait()
	close(start)
	finished.Wait()
	count := map[string]int{}
	for _, end := range ends {
		count[end]++
	}
	return count
}

// end is how a registration or sign-in ended: by what was shown, else by the step.
func end(out signin.Outcome, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case out.Problem != nil:
		return out.Problem.Text
	}
	return string(out.Decision.Step)
}

// rounds of a crowd that registers.
func rounds(all int) int { return max(2, all*2/5) }

// TestOneChallengeParallel: of 200 answers at once to the question of one registration one
// is kept, whether they are the same credential or 200.
func TestOneChallengeParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, n int, open func(*testing.T) storage.Driver) {
		for round := range rounds(n) {
			w := keyWorldOn(t, open(t))
			_, code := w.oneTime()
			b, asked := w.entered(name, code)
			k := passkeytest.New(passkeytest.ES256)
			made := make([]string, crowd)
			for i := range made {
				if round%2 == 1 {
					k = passkeytest.New(passkeytest.ES256)
				}
				made[i] = k.Create(asked.Prompt.Fields[passkey.OptionsField])
			}
			ends := atOnce(crowd, func(i int) string { return end(b.register(asked.Flow, made[i])) })
			if ends["issue"] != 1 || ends["issue"]+ends["enrol.again"]+ends["enrol.taken"] != crowd || len(all[idp.Passkey](w.world)) != 1 {
				t.Fatalf("round %d: %v, %d kept", round, ends, len(all[idp.Passkey](w.world)))
			}
			w.wantOneTold(round)
		}
	})
}

// wantOneTold: the log tells of one registration that succeeded.
func (w *keyWorld) wantOneTold(round int) {
	w.Helper()
	n := 0
	for _, e := range all[idp.AuditEvent](w.world) {
		if e.Activity == registered && e.Result == "success" {
			n++
		}
	}
	if n != 1 {
		w.Fatalf("round %d: the log tells of %d", round, n)
	}
}

// TestOneCredentialParallel: of 200 sessions that register one credential at once one gets it.
func TestOneCredentialParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, n int, open func(*testing.T) storage.Driver) {
		for round := range rounds(n) {
			w := keyWorldOn(t, open(t))
			_, code := w.givePass(name, idp.PassRequest{})
			k := passkeytest.New(passkeytest.ES256)
			browsers, asked, made := make([]*browser, crowd), make([]signin.Outcome, crowd), make([]string, crowd)
			for i := range browsers {
				browsers[i], asked[i] = w.entered(name, code)
				made[i] = k.Create(asked[i].Prompt.Fields[passkey.OptionsField])
			}
			ends := atOnce(crowd, func(i int) string { return end(browsers[i].register(asked[i].Flow, made[i])) })
			if ends["issue"] != 1 || ends["enrol.taken"] != crowd-1 || len(all[idp.Passkey](w.world)) != 1 {
				t.Fatalf("round %d: %v, %d kept", round, ends, len(all[idp.Passkey](w.world)))
			}
			w.wantOneTold(round)
		}
	})
}

// TestMaxPasskeysParallel: a crowd does not get more than one may have.
func TestMaxPasskeysParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, _ int, open func(*testing.T) storage.Driver) {
		w := keyWorldOn(t, open(t))
		_, code := w.givePass(name, idp.PassRequest{})
		const n = 3 * idp.MaxPasskeys
		browsers, asked, made := make([]*browser, n), make([]signin.Outcome, n), make([]string, n)
		for i := range browsers {
			browsers[i], asked[i] = w.entered(name, code)
			made[i] = passkeytest.New(passkeytest.ES256).Create(asked[i].Prompt.Fields[passkey.OptionsField])
		}
		ends := atOnce(n, func(i int) string { return end(browsers[i].register(asked[i].Flow, made[i])) })
		if kept := len(all[idp.Passkey](w.world)); ends["issue"] != idp.MaxPasskeys || ends["enrol.full"] != n-idp.MaxPasskeys || kept != idp.MaxPasskeys {
			t.Errorf("%v, %d kept", ends, kept)
		}
	})
}

// keyHolder is a world in which the user holds a passkey, and nobody is signed in.
func keyHolder(t *testing.T, d storage.Driver, change ...func(*passkeytest.Say)) (*keyWorld, *passkeytest.Key) {
	t.Helper()
	w := keyWorldOn(t, d)
	_, code := w.oneTime()
	b, asked := w.entered(name, code)
	k := passkeytest.New(passkeytest.ES256)
	b.wantStep(b.make(asked, k, change...), idp.Issue)
	w.pass(time.Minute)
	return w, k
}

// atKey is the sign-in to the trusted app of whoever has a passkey.
func (b *browser) atKey() signin.Outcome {
	b.w.Helper()
	out := b.look(b.start(b.w.request("own")))
	if b.wantStep(out, idp.Identify); out.Decision.Method != idp.PasskeyMethod || out.Prompt.Page != "passkey" || !out.Flow.Unnamed {
		b.w.Fatalf("%+v", out)
	}
	return out
}

// TestKeyAsAnother: who wants to sign in as somebody else may say who by a passkey.
func TestKeyAsAnother(t *testing.T) {
	t.Parallel()
	w, k := keyHolder(t, mem.New())
	b := w.browser()
	_, code := w.givePass(w.newUser("bob@contoso.example").PrincipalName, idp.PassRequest{})
	b.wantEnrolment(b.answer(b.asked(nil, "bob@contoso.example"), code))
	asked := b.look(b.start(w.request("own")).WithUser(""))
	b.wantStep(asked, idp.Identify)
	out := b.show(asked, k)
	if b.wantStep(out, idp.Issue); out.Session.UserID != w.user.UserID {
		t.Errorf("%+v", out.Session)
	}
}

// TestOneAssertionParallel: of 200 answers at once to one question, all right, one signs in,
// and the passkey is not taken for a copied one, counter or not.
func TestOneAssertionParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, n int, open func(*testing.T) storage.Driver) {
		for round := range rounds(n) {
			w, k := keyHolder(t, open(t))
			before := len(all[idp.Session](w.world))
			b := w.browser()
			asked := b.atKey()
			assertion := k.Get(asked.Prompt.Fields[passkey.OptionsField], passkeytest.Counted(uint32(round%2)))
			ends := atOnce(crowd, func(int) string {
				one := *b
				return end(one.tryKey(asked.Flow, assertion))
			})
			p := all[idp.Passkey](w.world)[0]
			if sessions := len(all[idp.Session](w.world)) - before; ends["issue"] != 1 || ends["passkey.again"] != crowd-1 || sessions != 1 || !p.CopiedAt.IsZero() {
				t.Fatalf("round %d: %v, %d sessions, copied %s", round, ends, sessions, p.CopiedAt)
			}
		}
	})
}

// TestSentTwice: a form that is sent again, as a browser does that did not get the answer,
// does nothing: above all it makes nobody suspect of a copy.
func TestSentTwice(t *testing.T) {
	t.Parallel()
	for _, count := range []uint32{0, 7} {
		w, k := keyHolder(t, mem.New())
		b := w.browser()
		asked := b.atKey()
		assertion := k.Get(asked.Prompt.Fields[passkey.OptionsField], passkeytest.Counted(count))
		first, err := b.tryKey(asked.Flow, assertion)
		w.must(err)
		b.wantStep(first, idp.Issue)
		again, err := b.tryKey(asked.Flow, assertion)
		w.must(err)
		if p := all[idp.Passkey](w.world)[0]; shown(again) != "passkey.again" || again.NewSession != "" || !p.CopiedAt.IsZero() {
			t.Errorf("counter %d: %s, suspended %v", count, shown(again), !p.CopiedAt.IsZero())
		}
	}
}

// TestSentTwiceLater: nor once the question is swept away, in a sign-in that lasts longer since a
// code was sent in it.
func TestSentTwiceLater(t *testing.T) {
	t.Parallel()
	w, k := keyHolder(t, mem.New())
	b := w.browser()
	asked := b.atKey()
	asked.Flow.Stands = w.now().Add(2 * idp.ChallengeLifetime).UnixNano()
	assertion := k.Get(asked.Prompt.Fields[passkey.OptionsField])
	w.pass(idp.ChallengeLifetime + time.Minute)
	first, err := b.tryKey(asked.Flow, assertion)
	w.must(err)
	b.wantStep(first, idp.Issue)
	_, err = w.store.Sweep(t.Context(), tenantID, w.now(), 1000)
	w.must(err)
	again, err := b.tryKey(asked.Flow, assertion)
	w.must(err)
	if shown(again) != "passkey.again" || again.NewSession != "" {
		t.Errorf("%s", shown(again))
	}
}

// TestCopy: a second device that counts lower makes the passkey suspect. It is accepted
// from neither from then on, and its holder is told once.
func TestCopy(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} {
		w, k := keyHolder(t, mem.New(), passkeytest.Counted(1))
		b, thief := w.browser(), w.browser()
		b.wantStep(b.show(b.atKey(), k, passkeytest.Counted(5)), idp.Issue)
		w.pass(time.Minute)
		at, asked := w.now(), thief.atKey()
		v := thief.visit()
		v.Quiet = quiet // which a copy is told of all the same
		out, err := w.signin.Answer(t.Context(), v, asked.Flow, idp.Answer{passkey.AssertionField: k.Twin().Get(asked.Prompt.Fields[passkey.OptionsField], passkeytest.Counted(3))})
		w.must(err)
		p := all[idp.Passkey](w.world)[0]
		if shown(out) != "passkey.copied" || out.NewSession != "" || out.Code != "" || !p.CopiedAt.Equal(at) || p.SignCount != 5 {
			t.Fatalf("%+v %+v\n%+v", out, out.Problem, p)
		}
		e := w.audited("Suspend authentication method")
		if e.Result != "success" || e.Actor.Type != idp.ActorSystem || e.Target != idp.PartyOf(w.user) || e.Details["method"] != p.PasskeyID || e.Details["name"] != "My key" || e.Reason != "the signature counter went back: there may be a copy" || e.Passing {
			t.Errorf("%+v", e)
		}
		if s := w.last(); s.Result != "failure" || s.Reason != "the signature counter went back: there may be a copy" || s.Actor != idp.PartyOf(w.user) {
			t.Errorf("%+v", s)
		}
		w.pass(time.Minute)
		for i, who := range []*browser{w.browser(), w.browser()} {
			if out := who.show(who.atKey(), k, passkeytest.Counted(uint32(6-4*i))); shown(out) != "passkey.copied" || out.NewSession != "" {
				t.Errorf("further use: %+v", out)
			}
		}
		if p := all[idp.Passkey](w.world)[0]; !p.CopiedAt.Equal(at) {
			t.Errorf("%+v", p)
		}
		w.wantSuspensionTold()
	}
}

// wantSuspensionTold: log and mail tell of one.
func (w *keyWorld) wantSuspensionTold() {
	w.Helper()
	n := 0
	for _, e := range all[idp.AuditEvent](w.world) {
		if e.Activity == "Suspend authentication method" {
			n++
		}
	}
	if n != 1 {
		w.Errorf("the log tells of %d suspensions", n)
	}
	w.wantMail(idp.MailPasskeyCopied, "My key", 1)
}

// meeting is the method with all answers looked at before one goes on.
type meeting struct {
	passkey.Method
	all *sync.WaitGroup
}

func (m meeting) Verify(ctx context.Context, s idp.Subject, p idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	defer m.all.Wait()
	defer m.all.Done()
	return m.Method.Verify(ctx, s, p, a)
}

// TestCopiesAtOnce: many copies at once are told of once.
func TestCopiesAtOnce(t *testing.T) {
	t.Parallel()
	const n = 10
	w, k := keyHolder(t, mem.New(), passkeytest.Counted(n))
	m := meeting{all: &sync.WaitGroup{}}
	m.Method, _ = passkey.New("https://login.example", nil)
	m.all.Add(n)
	w.signin = signin.New(w.store, w.keys, []idp.Method{w.tap, m})
	asked, browsers, made := make([]signin.Outcome, n), make([]*browser, n), make([]string, n)
	for i := range browsers {
		browsers[i] = w.browser()
		asked[i] = browsers[i].atKey()
		made[i] = k.Get(asked[i].Prompt.Fields[passkey.OptionsField], passkeytest.Counted(uint32(i)))
	}
	if ends := atOnce(n, func(i int) string { return end(browsers[i].tryKey(asked[i].Flow, made[i])) }); ends["passkey.copied"] != n {
		t.Errorf("%v", ends)
	}
	w.wantSuspensionTold()
}

// TestQuietAssertion: where so much wrong comes from that it is not logged, it is refused
// all the same, and the right answer is not.
func TestQuietAssertion(t *testing.T) {
	t.Parallel()
	w, k := keyHolder(t, mem.New())
	b := w.browser()
	asked := b.atKey()
	v := b.visit()
	for i, quiet := range []bool{true, false} {
		v.Quiet = quiet
		n := w.commits(func() {
			bogus := k.Get(asked.Prompt.Fields[passkey.OptionsField], func(s *passkeytest.Say) { s.Bogus = true })
			out, err := w.signin.Answer(t.Context(), v, asked.Flow, idp.Answer{passkey.AssertionField: bogus})
			if w.must(err); shown(out) != "passkey.wrong" || out.NewSession != "" || out.Flow.Challenge != "" {
				t.Errorf("%+v", out)
			}
		})
		if n != uint64(i) {
			t.Errorf("quiet %v: %d commits", quiet, n)
		}
	}
	w.pass(time.Second)
	v = b.visit()
	v.Quiet = true
	out, err := w.signin.Answer(t.Context(), v, asked.Flow, idp.Answer{passkey.AssertionField: k.Get(asked.Prompt.Fields[passkey.OptionsField])})
	w.must(err)
	b.wantStep(out, idp.Issue)
	if s := w.last(); s.Result != "success" || s.Method != "Passkey" {
		t.Errorf("%+v", s)
	}
}

// TestOtherUsersKey: who is asked by name is not signed in as another.
func TestOtherUsersKey(t *testing.T) {
	t.Parallel()
	w, k := keyHolder(t, mem.New())
	bob := w.newUser("bob@contoso.example")
	b := w.browser()
	asked := b.look(b.start(w.request("own")).WithUser(bob.PrincipalName).WithMethod(idp.PasskeyMethod))
	if b.wantStep(asked, idp.Ask); asked.Prompt.Page != "passkey" {
		t.Fatalf("%+v", asked)
	}
	out := b.show(asked, k)
	if shown(out) != "passkey.other" || out.NewSession != "" {
		t.Errorf("%+v", out)
	}
	if n := len(all[idp.Grant](w.world)); n != 0 {
		t.Errorf("%d grants", n)
	}
}
