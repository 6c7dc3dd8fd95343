package idp_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// request is one to Anna, as somebody asks for it under a policy.
func request(k *idp.Keyring, mode idp.AskMode, change func(*idp.AuthenticatorPolicy)) *idp.SignInRequest {
	return idp.NewSignInRequest(k, tenantID, annaID, devicePolicy(change), mode, t0)
}

// wrong is what the page does not show.
func wrong(secret string) string {
	if strings.HasPrefix(secret, "0") {
		return "1" + secret[1:]
	}
	return "0" + secret[1:]
}

func TestNewSignInRequest(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	for mode, c := range map[idp.AskMode]struct {
		secret string // a pattern
		tries  int
	}{
		idp.AskType: {`^\d{4}$`, 5}, idp.AskScan: {`^[\w-]{22}$`, 5}, idp.AskPick: {`^\d{4}$`, 1},
	} {
		r := request(k, mode, func(p *idp.AuthenticatorPolicy) { p.Digits, p.Tries, p.Lifetime = 4, 5, 90 })
		secret := r.Secret(k, tenantID)
		if !regexp.MustCompile(c.secret).MatchString(secret) || r.Left() != c.tries || r.StateAt(t0) != idp.RequestPending || !r.Ends.Equal(t0.Add(90*time.Second)) {
			t.Errorf("%s: secret %q, %+v", mode, secret, r)
		}
		if picks := mode == idp.AskPick; picks != (len(r.Choices) == 3) || picks && (!slices.Contains(r.Choices, secret) || len(slices.Compact(slices.Sorted(slices.Values(r.Choices)))) != 3) {
			t.Errorf("%s: choices %q of %q", mode, r.Choices, secret)
		}
		// Nobody else reads it: not with another pepper, nor of another tenant or request.
		other := *r
		other.RequestID = idp.NewID()
		for i, got := range []string{r.Secret(keyring(t, 2), tenantID), r.Secret(k, bobID), other.Secret(k, tenantID)} {
			if got != "" {
				t.Errorf("%s: %d reads %q", mode, i, got)
			}
		}
		raw, err := json.Marshal(r)
		if err != nil || mode == idp.AskScan && strings.Contains(string(raw), secret) {
			t.Errorf("%s: the secret is stored: %s, %v", mode, raw, err)
		}
	}
}

func TestSignInRequestStates(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	const approvedAt = 50 * time.Second
	at := func(d time.Duration) time.Time { return t0.Add(d) }
	for what, c := range map[string]struct {
		do   func(*idp.SignInRequest)
		when time.Duration
		want idp.RequestState
	}{
		"at once":                 {nil, 0, idp.RequestPending},
		"a moment before its end": {nil, time.Minute - 1, idp.RequestPending},
		"at its end":              {nil, time.Minute, idp.RequestExpired},
		"approved":                {func(r *idp.SignInRequest) { r.Approve("d", at(approvedAt)) }, approvedAt, idp.RequestApproved},
		"approved before its end": {func(r *idp.SignInRequest) { r.Approve("d", at(approvedAt)) }, approvedAt + idp.FinishWithin - 1, idp.RequestApproved},
		"approved long ago":       {func(r *idp.SignInRequest) { r.Approve("d", at(approvedAt)) }, approvedAt + idp.FinishWithin, idp.RequestExpired},
		"denied":                  {func(r *idp.SignInRequest) { r.Deny("d", idp.DeniedNotMe, at(0)) }, time.Hour, idp.RequestDenied},
		"superseded":              {func(r *idp.SignInRequest) { r.Drop(idp.RequestSuperseded, at(0)) }, time.Hour, idp.RequestSuperseded},
		"cancelled too late":      {func(r *idp.SignInRequest) { r.Drop(idp.RequestCancelled, at(time.Minute)) }, time.Minute, idp.RequestExpired},
		"cancelled after a denial": {func(r *idp.SignInRequest) {
			r.Deny("d", idp.DeniedCancelled, at(0))
			r.Drop(idp.RequestCancelled, at(1))
		}, 2, idp.RequestDenied},
	} {
		r := request(k, idp.AskType, nil)
		if c.do != nil {
			c.do(r)
		}
		if got := r.StateAt(at(c.when)); got != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
	}
}

// TestSignInRequestAnswer: a right answer is one, at each try; three wrong ones lock, and the
// number is longer after the first.
func TestSignInRequestAnswer(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	r := request(k, idp.AskType, nil)
	if !r.Answer(k, tenantID, r.Secret(k, tenantID), t0) || r.Tries != 0 {
		t.Errorf("the right number is refused: %+v", r)
	}
	digits := []int{2, 3, 3}
	for i, want := range digits {
		secret := r.Secret(k, tenantID)
		if len(secret) != want || r.Digits != want || r.Left() != 3-i {
			t.Errorf("try %d: %q of %+v", i, secret, r)
		}
		r.Challenges = map[string]string{"d": "sent"}
		if r.Answer(k, tenantID, wrong(secret), t0) {
			t.Errorf("try %d: a wrong number is accepted", i)
		}
	}
	if r.StateAt(t0) != idp.RequestLocked || r.Left() != 0 || !r.DecidedAt.Equal(t0) {
		t.Errorf("after three wrong numbers: %+v", r)
	}
	for _, given := range []string{"", " ", "7", "007"} {
		if r := request(k, idp.AskType, nil); r.Answer(k, tenantID, given, t0) {
			t.Errorf("%q is accepted", given)
		}
	}
	// What cannot be opened, such as with another pepper, is nothing to be right about.
	if r := request(k, idp.AskType, nil); r.Answer(keyring(t, 2), tenantID, "", t0) {
		t.Error("nothing is right")
	}
}

// TestSignInRequestPick: a wrong pick ends the request, whatever the policy says of tries.
func TestSignInRequestPick(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	r := request(k, idp.AskPick, func(p *idp.AuthenticatorPolicy) { p.Tries = 5 })
	i := slices.IndexFunc(r.Choices, func(n string) bool { return n != r.Secret(k, tenantID) })
	if r.Answer(k, tenantID, r.Choices[i], t0) || r.StateAt(t0) != idp.RequestLocked {
		t.Errorf("%+v", r)
	}
}

func TestSignInRequestConsume(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	r := request(k, idp.AskType, nil)
	if r.Consume(t0) {
		t.Error("a request that nobody approved is consumed")
	}
	r.Approve("d", t0)
	if late := *r; late.Consume(t0.Add(idp.FinishWithin)) {
		t.Error("an approval of long ago is consumed")
	}
	if !r.Consume(t0) || r.StateAt(t0.Add(time.Hour)) != idp.RequestConsumed || r.AuthenticatorID != "d" {
		t.Errorf("%+v", r)
	}
	if r.Consume(t0) {
		t.Error("it is consumed twice")
	}
	if r.Drop(idp.RequestCancelled, t0) {
		t.Error("what is consumed is cancelled")
	}
}

// TestSignInRequestNeverRepeats: whatever is answered wrongly, what devices were sent is void,
// and neither nonce nor number is the one before.
func TestSignInRequestNeverRepeats(t *testing.T) {
	t.Parallel()
	k, random := keyring(t, 1), random(7)
	for range 500 {
		mode := idp.AskModes[random.IntN(len(idp.AskModes))]
		r := request(k, mode, func(p *idp.AuthenticatorPolicy) { p.Digits, p.Tries = 2+random.IntN(5), 1+random.IntN(5) })
		nonces, seals := []string{r.Nonce}, []string{r.Sealed}
		for r.StateAt(t0) == idp.RequestPending {
			r.Challenges = map[string]string{"d": "over " + r.Nonce}
			before := r.Digits
			if r.Answer(k, tenantID, wrong(r.Secret(k, tenantID)), t0) {
				t.Fatalf("%+v: a wrong answer is accepted", r)
			}
			if r.StateAt(t0) != idp.RequestPending {
				break
			}
			if r.Challenges != nil || slices.Contains(nonces, r.Nonce) || slices.Contains(seals, r.Sealed) || r.Digits < before || r.Digits > before+1 {
				t.Fatalf("%+v, after nonces %q", r, nonces)
			}
			nonces, seals = append(nonces, r.Nonce), append(seals, r.Sealed)
		}
		if r.StateAt(t0) != idp.RequestLocked || len(nonces) != r.MaxTries {
			t.Fatalf("%d nonces of %+v", len(nonces), r)
		}
	}
}

// TestDrawnNumbers: each number is as likely as far as anybody can tell, and begins with zeros
// as often as it should.
func TestDrawnNumbers(t *testing.T) {
	t.Parallel()
	k, seen := keyring(t, 1), map[string]int{}
	for range 3000 {
		seen[request(k, idp.AskType, nil).Secret(k, tenantID)]++
	}
	if len(seen) != 100 {
		t.Errorf("%d of 100 numbers were drawn", len(seen))
	}
	for n, times := range seen {
		if len(n) != 2 || times > 75 { // 30 on average; more than 75 is eight deviations off
			t.Errorf("%q was drawn %d times", n, times)
		}
	}
}

func TestPendingRequests(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	made := func(user string, at time.Time) *idp.SignInRequest {
		return idp.NewSignInRequest(k, tenantID, user, devicePolicy(nil), idp.AskType, at)
	}
	second, first, others := made(annaID, t0.Add(time.Second)), made(annaID, t0), made(bobID, t0)
	old, denied := made(annaID, t0.Add(-time.Minute)), made(annaID, t0)
	denied.Deny("d", idp.DeniedCancelled, t0)
	update(t, func(tx *storage.Tx) error {
		if err := putAll(tx, second, first, others, old, denied); err != nil {
			return err
		}
		got, err := idp.PendingRequests(tx, annaID, t0)
		if err != nil || len(got) != 2 || got[0].RequestID != first.RequestID || got[1].RequestID != second.RequestID {
			t.Errorf("%+v, %v", got, err)
		}
		return nil
	})
	if kept := denied.ExpiresAt(); !kept.After(first.ExpiresAt()) {
		t.Errorf("a decided request is kept until %s, one that nobody answered until %s", kept, first.ExpiresAt())
	}
	decoy := made(annaID, t0)
	decoy.Decoy = true
	decoy.Drop(idp.RequestCancelled, t0)
	if !decoy.ExpiresAt().Equal(first.ExpiresAt()) {
		t.Error("a decoy is kept as evidence")
	}
}

func TestSameNetwork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"192.0.2.7", "192.0.2.7", true}, {"192.0.2.7", "192.0.2.8", false}, {"192.0.2.7", "::ffff:192.0.2.7", true},
		{"2001:db8:1:2::7", "2001:db8:1:2:ffff::8", true}, {"2001:db8:1:2::7", "2001:db8:1:3::7", false},
		{"192.0.2.7", "2001:db8::7", false}, {"", "", false}, {"192.0.2.7", "", false}, {"x", "x", false},
	} {
		if got, back := idp.SameNetwork(c.a, c.b), idp.SameNetwork(c.b, c.a); got != c.want || back != c.want {
			t.Errorf("%q and %q: %t, %t", c.a, c.b, got, back)
		}
	}
}
