package authmethods_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

const (
	tenantID = "11111111-1111-4111-8111-111111111111"
	annaID   = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
	staffID  = "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
)

var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// holder is somebody with a pass of an hour, and its code.
type holder struct {
	keys    *idp.Keyring
	tap     idp.Method
	pass    *idp.Pass
	code    string
	subject idp.Subject
}

func newHolder(t *testing.T, once bool) *holder {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	h := &holder{keys: keys.WithCost(idp.Cost{Passes: 1, Memory: 8})}
	methods := authmethods.All(authmethods.Config{Keys: h.keys, Passkeys: passkey.Method{}, Mails: true})
	h.tap = methods[0]
	policy := idp.DefaultMethodsPolicy()
	policy.TemporaryAccessPass.Enabled = true
	u := &idp.User{UserID: annaID, PrincipalName: "anna@contoso.example", Type: idp.Member, Groups: []string{staffID}}
	h.pass, h.code, err = idp.NewPass(h.keys, tenantID, policy.TemporaryAccessPass, u, idp.PassRequest{Once: &once}, epoch)
	if err != nil {
		t.Fatal(err)
	}
	h.subject = idp.Subject{
		Now: epoch, Tenant: &idp.Tenant{TenantID: tenantID}, Policy: policy, User: u, Credentials: []idp.Credential{h.pass},
	}
	return h
}

func (h *holder) verify(code string) (idp.Verdict, error) {
	return h.tap.Verify(context.Background(), h.subject, idp.Prompt{}, idp.Answer{"code": code})
}

// situations are what a pass and its holder may be in, why the pass is then not
// offered, and what who types the right code is told.
var situations = []struct {
	name   string
	change func(*holder)
	once   bool
	offer  idp.Reason
	told   idp.STS
	detail string
}{
	{"good", func(*holder) {}, false, idp.Offered, 0, ""},
	{"good, once", func(*holder) {}, true, idp.Offered, 0, ""},
	{"end-1ns", func(h *holder) { h.subject.Now = h.pass.EndsAt().Add(-1) }, false, idp.Offered, 0, ""},
	{"end", func(h *holder) { h.subject.Now = h.pass.EndsAt() }, false, "the pass is Expired", 130504, "Expired"},
	{"end+1ns", func(h *holder) { h.subject.Now = h.pass.EndsAt().Add(1) }, false, "the pass is Expired", 130504, "Expired"},
	{"used", func(h *holder) { h.pass.UsedAt = epoch }, true, "the pass is OneTimeUsed", 130505, "OneTimeUsed"},
	{"multi-use, used", func(h *holder) { h.pass.LastUsedAt = epoch }, false, idp.Offered, 0, ""},
	{"not yet", func(h *holder) { h.subject.Now = epoch.Add(-1) }, false, "the pass is NotYetValid", 130502, "NotYetValid"},
	{"policy off", func(h *holder) { h.policy().Enabled = false }, false, idp.MethodDisabled, 130502, "DisabledByPolicy"},
	{"excluded", func(h *holder) { h.policy().Targets.Exclude = []idp.Target{{Type: "group", ID: staffID}} }, false, idp.OutOfScope, 130502, "DisabledByPolicy"},
	{"not included", func(h *holder) { h.policy().Targets.Include = nil }, false, idp.OutOfScope, 130502, "DisabledByPolicy"},
	{"one-time only", func(h *holder) { h.policy().Once = true }, false, "the pass is multi-use and the policy allows one-time passes only", 130502, "DisabledByPolicy"},
	{"one-time only, once", func(h *holder) { h.policy().Once = true }, true, idp.Offered, 0, ""},
	{"policy off and one-time only", func(h *holder) { h.policy().Enabled, h.policy().Once = false, true }, false, idp.MethodDisabled, 130502, "DisabledByPolicy"},
	{"an external guest", func(h *holder) { h.subject.User.Type = idp.ExternalGuest }, false, "external guests sign in elsewhere", 130502, "DisabledByPolicy"},
	{"expired and policy off", func(h *holder) { h.subject.Now, h.policy().Enabled = h.pass.EndsAt(), false }, false, "the pass is Expired", 130504, "Expired"},
}

func (h *holder) policy() *idp.PassPolicy { return &h.subject.Policy.TemporaryAccessPass }

func TestPassInfo(t *testing.T) {
	t.Parallel()
	h := newHolder(t, false)
	i := h.tap.Info()
	if i.Kind != "temporaryAccessPass" || i.Name != "Temporary Access Pass" || !slices.Equal(i.ACRs, []string{idp.ACRBootstrap}) || !i.MFA || i.Identifies || i.PhishingResistant {
		t.Errorf("%+v", i)
	}
	p, err := h.tap.Begin(context.Background(), h.subject)
	if err != nil || p.Page != "pass" || len(p.Fields) != 0 || p.Secret != nil {
		t.Errorf("%+v, %v", p, err)
	}
	st := storage.New(mem.New())
	err = st.Update(context.Background(), tenantID, func(tx *storage.Tx) error {
		if held, err := i.Held(tx, annaID); held != nil || err != nil {
			t.Errorf("holds %v, %v", held, err)
		}
		if err := tx.Put(h.pass); err != nil {
			return err
		}
		held, err := i.Held(tx, annaID)
		if len(held) != 1 || held[0].ID() != h.pass.PassID || held[0].Owner() != annaID {
			t.Errorf("holds %v", held)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestPassOffer(t *testing.T) {
	t.Parallel()
	for _, c := range situations {
		h := newHolder(t, c.once)
		c.change(h)
		if got := h.tap.Offer(h.subject); got != c.offer {
			t.Errorf("%s: %q, want %q", c.name, got, c.offer)
		}
	}
	h := newHolder(t, false)
	h.subject.Credentials = nil
	if got := h.tap.Offer(h.subject); got != idp.NoCredential {
		t.Errorf("no pass: %q", got)
	}
	if h.subject.User = nil; h.tap.Offer(h.subject) != idp.Offered {
		t.Errorf("to anybody: %q", h.tap.Offer(h.subject))
	}
	if h.policy().Enabled = false; h.tap.Offer(h.subject) != idp.MethodDisabled {
		t.Errorf("to nobody: %q", h.tap.Offer(h.subject))
	}
}

func TestPassVerify(t *testing.T) {
	t.Parallel()
	for _, c := range situations {
		h := newHolder(t, c.once)
		c.change(h)
		for _, wrong := range []string{"", "ZZZZ-ZZZZ", h.code + "0", h.code[1:], "U", h.pass.PassID} {
			v, err := h.verify(wrong)
			r, ok := errors.AsType[*idp.Refusal](err)
			if !ok || r.Told != idp.PassWrong || r.Logged != idp.PassWrong || r.Detail != "wrong code" || !r.Wrong || !r.Start.IsZero() || v.Settle != nil {
				t.Errorf("%s, %q: %+v, %v", c.name, wrong, v, err)
			}
		}
		v, err := h.verify(" " + h.code + "\n")
		r, _ := errors.AsType[*idp.Refusal](err)
		switch {
		case c.told == 0 && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.told != 0 && (r == nil || r.Told != c.told || r.Logged != c.told || r.Detail != c.detail || r.Wrong || v.Settle != nil):
			t.Errorf("%s: %+v, %v", c.name, v, err)
		case c.detail == "NotYetValid" && !r.Start.Equal(epoch):
			t.Errorf("%s: starts %s", c.name, r.Start)
		}
	}
}

// TestPassVerifyNobody: without a user or a pass the answer is told as a wrong code
// is, and only the log knows more.
func TestPassVerifyNobody(t *testing.T) {
	t.Parallel()
	h := newHolder(t, false)
	known, stranger := h.subject, h.subject
	known.Credentials, stranger.Credentials, stranger.User = nil, nil, nil
	for detail, s := range map[string]idp.Subject{"the user has none": known, "there is no such user": stranger} {
		for _, code := range []string{"", h.code, "ZZZZ-ZZZZ"} {
			v, err := h.tap.Verify(context.Background(), s, idp.Prompt{}, idp.Answer{"code": code})
			want := &idp.Refusal{Told: idp.PassWrong, Logged: idp.PassNotFound, Detail: detail, Wrong: true}
			if r, _ := errors.AsType[*idp.Refusal](err); !reflect.DeepEqual(r, want) || v.Settle != nil {
				t.Errorf("%s: %+v, want %+v", detail, r, want)
			}
		}
	}
	if _, err := h.tap.Verify(context.Background(), h.subject, idp.Prompt{}, nil); err == nil {
		t.Error("no answer is right")
	}
	other := h.subject
	other.Tenant = &idp.Tenant{TenantID: annaID}
	if _, err := h.tap.Verify(context.Background(), other, idp.Prompt{}, idp.Answer{"code": h.code}); err == nil {
		t.Error("the code is right in another tenant")
	}
}

// TestPassVerifyCostsAlike: every answer costs one hash at the cost of new passes, for
// whomever it is and whatever it says, so that no clock tells who is there.
func TestPassVerifyCostsAlike(t *testing.T) {
	t.Parallel()
	cost := idp.Cost{Passes: 2, Memory: 8}
	h := newHolder(t, false)
	var spent []idp.Cost
	keys := h.keys.WithCost(cost).WithWatch(func(c idp.Cost) { spent = append(spent, c) })
	var err error
	if h.pass, h.code, err = idp.NewPass(keys, tenantID, *h.policy(), h.subject.User, idp.PassRequest{}, epoch); err != nil {
		t.Fatal(err)
	}
	h.subject.Credentials = []idp.Credential{h.pass}
	for _, watched := range []*idp.Keyring{keys, keys.WithCost(cost)} {
		tap := authmethods.All(authmethods.Config{Keys: watched, Passkeys: passkey.Method{}, Mails: true})[0]
		for name, change := range map[string]func(*idp.Subject){
			"unknown":     func(s *idp.Subject) { s.User, s.Credentials = nil, nil },
			"pass-less":   func(s *idp.Subject) { s.Credentials = nil },
			"disabled":    func(s *idp.Subject) { u := *s.User; u.Disabled = true; s.User = &u },
			"holder":      func(*idp.Subject) {},
			"of an ended": func(s *idp.Subject) { s.Now = h.pass.EndsAt() },
		} {
			s := h.subject
			change(&s)
			for _, code := range []string{h.code, "ZZZZ-ZZZZ", "", "U"} {
				spent = nil
				_, _ = tap.Verify(context.Background(), s, idp.Prompt{}, idp.Answer{"code": code})
				if !slices.Equal(spent, []idp.Cost{cost}) {
					t.Errorf("%s, %q: cost %v, want %v once", name, code, spent, cost)
				}
			}
		}
	}
}

func TestPassProof(t *testing.T) {
	t.Parallel()
	for _, once := range []bool{true, false} {
		h := newHolder(t, once)
		h.subject.Now = epoch.Add(time.Minute)
		v, err := h.verify(h.code)
		if err != nil {
			t.Fatal(err)
		}
		p := v.Proof
		if p.Method != idp.TemporaryAccessPass || p.Credential != h.pass.PassID || !p.At.Equal(h.subject.Now) || !p.NotAfter.Equal(h.pass.EndsAt()) || p.EndsAs != idp.PassExpired {
			t.Errorf("%+v", p)
		}
		if !slices.Equal(p.AMR, []string{"otp", "mfa"}) || p.ACR != "urn:latchkey:acr:bootstrap" || !p.MFA {
			t.Errorf("%+v", p)
		}
		if window := p.RegisterBy; once && !window.Equal(h.subject.Now.Add(10*time.Minute)) || !once && !window.IsZero() {
			t.Errorf("once %t: register by %s", once, window)
		}
		stored := *h.pass // as it stands when the session is stored
		if err := v.Settle(h.subject, &stored); err != nil || stored.UsedAt.IsZero() == once || !stored.LastUsedAt.Equal(h.subject.Now) {
			t.Errorf("once %t: settled %v, %+v", once, err, stored)
		}
		if !h.pass.LastUsedAt.IsZero() {
			t.Error("verifying changes the pass")
		}
		err = v.Settle(h.subject, &stored)
		if r, ok := errors.AsType[*idp.Refusal](err); ok != once || ok && r.Told != idp.PassUsed {
			t.Errorf("once %t, settled again: %v", once, err)
		}
	}
}
