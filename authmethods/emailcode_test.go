package authmethods_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

const (
	gastID    = "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee"
	otherID   = "22222222-2222-4222-8222-222222222222"
	challenge = "33333333-3333-4333-8333-333333333333"
)

// mailed is a guest of a tenant, to whom a code was sent.
type mailed struct {
	keys    *idp.Keyring
	method  idp.Deliverer
	box     *idp.Mailbox
	code    string
	prompt  idp.Prompt
	subject idp.Subject
}

func newMailed(t *testing.T) *mailed {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	u := &idp.User{
		UserID: gastID, PrincipalName: "gast_fabrikam.example#ext#@contoso.example", Type: idp.ExternalGuest, Groups: []string{staffID},
		Profile: idp.Profile{Email: "gast@fabrikam.example"}, External: idp.External{State: idp.PendingAcceptance},
	}
	m := &mailed{keys: keys, method: mailMethod(t, keys, true), box: idp.NewMailbox(u, epoch)}
	m.subject = idp.Subject{
		Now: epoch, Tenant: &idp.Tenant{TenantID: tenantID}, Policy: idp.DefaultMethodsPolicy(), User: u, Credentials: []idp.Credential{m.box},
	}
	m.code, m.prompt = m.method.Deliver(m.subject, challenge)
	return m
}

// mailMethod is the method in the list, in a deployment that sends mail or does not.
func mailMethod(t *testing.T, keys *idp.Keyring, mails bool) idp.Deliverer {
	t.Helper()
	for _, m := range authmethods.All(authmethods.Config{Keys: keys, Passkeys: passkey.Method{}, Mails: mails}) {
		if d, ok := m.(idp.Deliverer); ok && m.Info().Kind == idp.EmailCode {
			return d
		}
	}
	t.Fatal("the list has no code by mail")
	return nil
}

func (m *mailed) verify(code string) (idp.Verdict, error) {
	return m.method.Verify(context.Background(), m.subject, m.prompt, idp.Answer{"code": code})
}

func (m *mailed) policy() *idp.EmailPolicy { return &m.subject.Policy.Email }

// wrongCode is one digit off.
func (m *mailed) wrongCode() string {
	wrong := []byte(m.code)
	wrong[7] = '0' + (wrong[7]-'0'+1)%10
	return string(wrong)
}

func TestEmailCodeInfo(t *testing.T) {
	t.Parallel()
	m := newMailed(t)
	i := m.method.Info()
	if i.Kind != "emailCode" || i.Name != "Email one-time passcode" || !slices.Equal(i.ACRs, []string{"urn:latchkey:acr:email"}) || i.Source != "mail" || i.Again != "code.used" {
		t.Errorf("%+v", i)
	}
	if i.MFA || i.Identifies || i.PhishingResistant || i.Passwordless || i.Unguessable {
		t.Errorf("more than it is: %+v", i)
	}
	if _, ok := m.method.(idp.Enroller); ok {
		t.Error("people register a mailbox themselves")
	}
	st := storage.New(mem.New())
	err := st.Update(context.Background(), tenantID, func(tx *storage.Tx) error {
		if held, err := i.Held(tx, gastID); held != nil || err != nil {
			t.Errorf("holds %v, %v", held, err)
		}
		if err := tx.Put(m.box); err != nil {
			return err
		}
		held, err := i.Held(tx, gastID)
		if len(held) != 1 || held[0].ID() != m.box.MailboxID || held[0].Owner() != gastID {
			t.Errorf("holds %v", held)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// guestSituations are what a guest may be in, why codes are then not offered to them, and
// what they are told who type the right one.
var guestSituations = []struct {
	name   string
	change func(*mailed)
	offer  idp.Reason
	told   idp.STS
}{
	{"pending", func(*mailed) {}, idp.Offered, 0},
	{"accepted by mail", func(m *mailed) { m.subject.User.External.Accept(idp.SourceMail, epoch) }, idp.Offered, 0},
	{"accepted by provider", func(m *mailed) { m.subject.User.External.Accept(idp.SourceProvider, epoch) }, idp.RedeemedOtherway, 50184},
	{"accepted at home", func(m *mailed) { m.subject.User.External.Accept(idp.SourceHome, epoch) }, idp.RedeemedOtherway, 50184},
	{"as a member from outside", func(m *mailed) { m.subject.User.Type = idp.ExternalMember }, idp.Offered, 0},
	{"switched on for guests", func(m *mailed) { m.policy().Guests = idp.SwitchEnabled }, idp.Offered, 0},
	{"policy off", func(m *mailed) { m.policy().Enabled = false }, idp.MethodDisabled, 500346},
	{"policy off for guests", func(m *mailed) { m.policy().Guests = idp.SwitchDisabled }, idp.MethodDisabled, 500346},
	{"policy off, accepted by mail", func(m *mailed) {
		m.policy().Enabled = false
		m.subject.User.External.Accept(idp.SourceMail, epoch)
	}, idp.MethodDisabled, 500346},
	{"policy off, accepted by provider", func(m *mailed) {
		m.policy().Enabled = false
		m.subject.User.External.Accept(idp.SourceProvider, epoch)
	}, idp.RedeemedOtherway, 50184},
	{"off, but switched on for guests", func(m *mailed) { m.policy().Enabled, m.policy().Guests = false, idp.SwitchEnabled }, idp.MethodDisabled, 500346},
	{"not included", func(m *mailed) { m.policy().Targets.Include = nil }, idp.OutOfScope, 50184},
	{"excluded", func(m *mailed) { m.policy().Targets.Exclude = []idp.Target{{Type: "group", ID: staffID}} }, idp.OutOfScope, 50184},
	{"made a member", func(m *mailed) { m.subject.User.Type = idp.Member }, idp.InsideUser, 50184},
	{"made a guest of the house", func(m *mailed) { m.subject.User.Type = idp.InternalGuest }, idp.InsideUser, 50184},
	{"a member, without a mailbox", func(m *mailed) { m.subject.User.Type, m.subject.Credentials = idp.Member, nil }, idp.InsideUser, 50184},
	{"no mailbox", func(m *mailed) { m.subject.Credentials = nil }, idp.NoCredential, 50184},
	{"no mailbox, and policy off", func(m *mailed) { m.subject.Credentials, m.policy().Enabled = nil, false }, idp.NoCredential, 50184},
}

func TestEmailCodeOffer(t *testing.T) {
	t.Parallel()
	for _, c := range guestSituations {
		m := newMailed(t)
		c.change(m)
		if got := m.method.Offer(m.subject); got != c.offer {
			t.Errorf("%s: %q, want %q", c.name, got, c.offer)
		}
	}
	m := newMailed(t)
	m.method = mailMethod(t, m.keys, false)
	if got := m.method.Offer(m.subject); got != idp.NoMail {
		t.Errorf("no mail: %q", got)
	}
	if m.policy().Enabled = false; m.method.Offer(m.subject) != idp.NoMail {
		t.Errorf("no mail, and policy off: %q", m.method.Offer(m.subject))
	}
}

// TestEmailCodeBegin: everybody sees the same page, but for who is known in this browser;
// and all see that there are no codes when nobody can have one.
func TestEmailCodeBegin(t *testing.T) {
	t.Parallel()
	closed := map[string]func(*mailed){
		"off":            func(m *mailed) { m.policy().Enabled = false },
		"off for guests": func(m *mailed) { m.policy().Guests = idp.SwitchDisabled },
		"no mail":        func(m *mailed) { m.method = mailMethod(t, m.keys, false) },
	}
	people := map[string]func(*mailed){
		"a guest":            func(*mailed) {},
		"nobody":             func(m *mailed) { m.subject.User, m.subject.Credentials = nil, nil },
		"of the house":       func(m *mailed) { m.subject.User.Type, m.subject.Credentials = idp.Member, nil },
		"without a mailbox":  func(m *mailed) { m.subject.Credentials = nil },
		"out of scope":       func(m *mailed) { m.policy().Targets.Include = nil },
		"otherwise redeemed": func(m *mailed) { m.subject.User.External.Accept(idp.SourceProvider, epoch) },
	}
	for who, change := range people {
		m := newMailed(t)
		change(m)
		if got := m.method.Offer(m.subject); m.subject.User == nil && got != idp.Offered {
			t.Errorf("to nobody: %q", got)
		}
		p, err := m.method.Begin(context.Background(), m.subject)
		if want := (idp.Prompt{Page: "email-send"}); err != nil || !reflect.DeepEqual(p, want) {
			t.Errorf("%s: %+v, %v", who, p, err)
		}
		m.subject.Known = true
		p, err = m.method.Begin(context.Background(), m.subject)
		shown := len(m.subject.Credentials) > 0
		if err != nil || p.Page != "email-send" || shown != (p.Fields["to"] == "gast@fabrikam.example") || !shown && p.Fields != nil {
			t.Errorf("%s, known: %+v, %v", who, p, err)
		}
		for how, shut := range closed {
			m := newMailed(t)
			change(m)
			m.subject.Known = true
			shut(m)
			if p, err := m.method.Begin(context.Background(), m.subject); err != nil || !reflect.DeepEqual(p, idp.Prompt{Page: "email-off"}) {
				t.Errorf("%s, %s: %+v, %v", who, how, p, err)
			}
		}
	}
	m := newMailed(t)
	m.subject.User, m.subject.Credentials = nil, nil
	if m.policy().Enabled = false; m.method.Offer(m.subject) != idp.MethodDisabled {
		t.Errorf("to nobody, off: %q", m.method.Offer(m.subject))
	}
	if m.method = mailMethod(t, m.keys, false); m.method.Offer(m.subject) != idp.NoMail {
		t.Errorf("to nobody, no mail: %q", m.method.Offer(m.subject))
	}
}

// TestEmailCodeDeliver: the question carries no code, for nobody as for somebody, and each
// has its own.
func TestEmailCodeDeliver(t *testing.T) {
	t.Parallel()
	m := newMailed(t)
	stranger := m.subject
	stranger.User, stranger.Credentials = nil, nil
	codes := map[string]bool{}
	for mailbox, s := range map[string]idp.Subject{m.box.MailboxID: m.subject, "00000000-0000-0000-0000-000000000000": stranger} {
		for _, minutes := range []int{5, 30} {
			s.Policy.Email.CodeLifetime = minutes
			code, p := m.method.Deliver(s, challenge)
			ends := strconv.FormatInt(epoch.Add(time.Duration(minutes)*time.Minute).Unix(), 10)
			want := idp.Prompt{
				Page: "email-code", Fields: map[string]string{"challenge": challenge, "ends": ends},
				Secret: m.keys.EmailCodeHash(tenantID, mailbox, challenge, code),
			}
			if idp.CanonicalEmailCode(code) != code || !reflect.DeepEqual(p, want) {
				t.Errorf("%q, %+v", code, p)
			}
			codes[code] = true
		}
	}
	if len(codes) < 3 {
		t.Errorf("one code for all: %v", codes)
	}
}

func TestEmailCodeVerify(t *testing.T) {
	t.Parallel()
	for _, c := range guestSituations {
		m := newMailed(t)
		c.change(m)
		m.code, m.prompt = m.method.Deliver(m.subject, challenge)
		for _, wrong := range []string{"", m.wrongCode(), m.code + "0", m.code[1:], "x" + m.code, m.box.MailboxID} {
			v, err := m.verify(wrong)
			want := &idp.Refusal{Told: 50184, Logged: 50184, Detail: "wrong code", Wrong: true}
			if r, _ := errors.AsType[*idp.Refusal](err); !reflect.DeepEqual(r, want) || v.Settle != nil {
				t.Errorf("%s, %q: %+v, %v", c.name, wrong, v, err)
			}
		}
		for _, right := range []string{m.code, " " + m.code[:4] + "-" + m.code[4:] + "\n"} {
			v, err := m.verify(right)
			r, _ := errors.AsType[*idp.Refusal](err)
			switch {
			case c.told == 0 && err != nil:
				t.Errorf("%s: %v", c.name, err)
			case c.told != 0 && (r == nil || r.Told != c.told || r.Logged != c.told || r.Detail != string(c.offer) || r.Wrong || v.Settle != nil):
				t.Errorf("%s: %+v, %+v", c.name, v, r)
			}
		}
	}
}

// TestEmailCodeEnds: the code is good before its end. Who types the right one later is told
// so, and who types a wrong one is told nothing.
func TestEmailCodeEnds(t *testing.T) {
	t.Parallel()
	for _, minutes := range []int{5, 30} {
		for _, c := range []struct {
			at   time.Duration // after its end
			told idp.STS
		}{{-time.Duration(minutes) * time.Minute, 0}, {-1, 0}, {0, 50182}, {1, 50182}, {idp.CodeRemembered, 50182}} {
			m := newMailed(t)
			m.policy().CodeLifetime = minutes
			m.code, m.prompt = m.method.Deliver(m.subject, challenge)
			m.policy().CodeLifetime = 17 // what is changed later holds for later ones
			m.subject.Now = epoch.Add(time.Duration(minutes)*time.Minute + c.at)
			_, err := m.verify(m.code)
			if r, _ := errors.AsType[*idp.Refusal](err); c.told == 0 && err != nil || c.told != 0 && (r == nil || r.Told != c.told || r.Logged != c.told || r.Wrong) {
				t.Errorf("%d minutes and %s: %v", minutes, c.at, err)
			}
			_, err = m.verify(m.wrongCode())
			if r, _ := errors.AsType[*idp.Refusal](err); r == nil || r.Told != 50184 || !r.Wrong {
				t.Errorf("%d minutes and %s, a wrong one: %v", minutes, c.at, err)
			}
			m.policy().Enabled = false
			_, err = m.verify(m.code)
			if r, _ := errors.AsType[*idp.Refusal](err); c.told != 0 && (r == nil || r.Told != c.told) {
				t.Errorf("%d minutes and %s, off since: %v", minutes, c.at, err)
			}
		}
	}
}

// TestEmailCodeOfAnother: a code answers the one question it was drawn for, and who types
// it where there is none, or for nobody, is told what is told of a wrong one.
func TestEmailCodeOfAnother(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*mailed)
		detail string
	}{
		"another question": {func(m *mailed) { m.prompt.Fields["challenge"] = gastID }, "wrong code"},
		"another tenant":   {func(m *mailed) { m.subject.Tenant = &idp.Tenant{TenantID: otherID} }, "wrong code"},
		"a newer code":     {func(m *mailed) { _, m.prompt = m.method.Deliver(m.subject, gastID) }, "wrong code"},
		"another pepper": {func(m *mailed) {
			m.prompt.Secret = otherKeys(t).EmailCodeHash(tenantID, m.box.MailboxID, challenge, m.code)
		}, "wrong code"},
		"another mailbox":      {func(m *mailed) { m.subject.Credentials = []idp.Credential{idp.NewMailbox(m.subject.User, epoch)} }, "wrong code"},
		"no mailbox meanwhile": {func(m *mailed) { m.subject.Credentials = nil }, "wrong code"},
		"a cut hash":           {func(m *mailed) { m.prompt.Secret = m.prompt.Secret[:31] }, "wrong code"},
		"no code was sent":     {func(m *mailed) { m.prompt = idp.Prompt{Page: "email-send"} }, "no code was sent"},
		"no hash":              {func(m *mailed) { m.prompt.Secret = nil }, "no code was sent"},
		"no end":               {func(m *mailed) { delete(m.prompt.Fields, "ends") }, "no code was sent"},
		"an end that is none":  {func(m *mailed) { m.prompt.Fields["ends"] = "soon" }, "no code was sent"},
		"no code, and the empty one": {func(m *mailed) {
			m.prompt.Secret, m.code = m.keys.EmailCodeHash(tenantID, m.box.MailboxID, challenge, ""), ""
		}, "wrong code"},
		"nobody": {func(m *mailed) { m.subject.User, m.subject.Credentials = nil, nil }, "there is no such user"},
	} {
		m := newMailed(t)
		c.change(m)
		v, err := m.verify(m.code)
		want := &idp.Refusal{Told: 50184, Logged: 50184, Detail: c.detail, Wrong: true}
		if r, _ := errors.AsType[*idp.Refusal](err); !reflect.DeepEqual(r, want) || v.Settle != nil {
			t.Errorf("%s: %+v, %+v", name, v, r)
		}
	}
	m := newMailed(t)
	if _, err := m.method.Verify(context.Background(), m.subject, m.prompt, nil); err == nil {
		t.Error("no answer is right")
	}
}

func otherKeys(t *testing.T) *idp.Keyring {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{2}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestEmailCodeCostsNothing: no answer stretches a code, for whomever it is and whatever it
// says: a keyed hash is all there is, and that is made before anything is looked at.
func TestEmailCodeCostsNothing(t *testing.T) {
	t.Parallel()
	m := newMailed(t)
	var spent []idp.Cost
	watched := mailMethod(t, m.keys.WithWatch(func(c idp.Cost) { spent = append(spent, c) }), true)
	for _, change := range []func(*idp.Subject){
		func(*idp.Subject) {}, func(s *idp.Subject) { s.User, s.Credentials = nil, nil }, func(s *idp.Subject) { s.Credentials = nil },
	} {
		s := m.subject
		change(&s)
		for _, code := range []string{m.code, m.wrongCode(), ""} {
			_, _ = watched.Verify(context.Background(), s, m.prompt, idp.Answer{"code": code})
		}
		watched.Deliver(s, challenge)
	}
	if len(spent) != 0 {
		t.Errorf("cost %v", spent)
	}
}

// TestEmailCodeAllocatesAlike: the same work is done for nobody, for who has no mailbox and
// for a wrong answer, as far as what is allocated tells.
func TestEmailCodeAllocatesAlike(t *testing.T) { // not in parallel: the counter is the process's
	m := newMailed(t)
	stranger, without := m.subject, m.subject
	stranger.User, stranger.Credentials, without.Credentials = nil, nil, nil
	wrong := m.wrongCode()
	verify := func(s idp.Subject, code string) float64 {
		return testing.AllocsPerRun(200, func() {
			_, _ = m.method.Verify(context.Background(), s, m.prompt, idp.Answer{"code": code})
		})
	}
	want := verify(m.subject, wrong)
	for name, got := range map[string]float64{
		"nobody, a wrong code": verify(stranger, wrong), "nobody, the right code": verify(stranger, m.code), "no mailbox": verify(without, wrong),
	} {
		if got != want {
			t.Errorf("%s: %.0f allocations, %.0f for a guest", name, got, want)
		}
	}
	deliver := func(s idp.Subject) float64 {
		return testing.AllocsPerRun(200, func() { m.method.Deliver(s, challenge) })
	}
	if a, b := deliver(m.subject), deliver(stranger); a-b > 1 || b-a > 1 { // drawing a number varies
		t.Errorf("delivering: %.0f allocations for a guest, %.0f for nobody", a, b)
	}
}

func TestEmailCodeProof(t *testing.T) {
	t.Parallel()
	m := newMailed(t)
	m.subject.Now = epoch.Add(time.Minute)
	v, err := m.verify(m.code)
	if err != nil {
		t.Fatal(err)
	}
	want := idp.Proof{
		Method: "emailCode", Credential: m.box.MailboxID, At: m.subject.Now, NotAfter: m.subject.Now.Add(24 * time.Hour), EndsAs: 50182,
		AMR: []string{"otp"}, ACR: "urn:latchkey:acr:email",
	}
	if !reflect.DeepEqual(v.Proof, want) {
		t.Errorf("%+v\nwant %+v", v.Proof, want)
	}
	if g := v.Gone; g == nil || g.Told != 50184 || g.Logged != 50184 || g.Detail == "" || g.Wrong {
		t.Errorf("when the mailbox is gone: %+v", g)
	}
}

// TestEmailCodeSettles: what was changed while the code was looked at counts.
func TestEmailCodeSettles(t *testing.T) {
	t.Parallel()
	for _, c := range guestSituations {
		m := newMailed(t)
		v, err := m.verify(m.code)
		if err != nil {
			t.Fatal(err)
		}
		c.change(m)
		err = v.Settle(m.subject, m.box)
		r, _ := errors.AsType[*idp.Refusal](err)
		switch {
		case c.told == 0 && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.told != 0 && (r == nil || r.Told != c.told || r.Detail != string(c.offer) || r.Wrong):
			t.Errorf("%s: %v", c.name, err)
		}
		if again := v.Settle(m.subject, m.box); !reflect.DeepEqual(again, err) {
			t.Errorf("%s: %v, then %v", c.name, err, again)
		}
	}
}
