package passkey_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
)

type say = passkeytest.Say

// TestAssertion accepts keys of each algorithm, and says what they are worth.
func TestAssertion(t *testing.T) {
	t.Parallel()
	for name, alg := range map[string]int{"ES256": passkeytest.ES256, "EdDSA": passkeytest.EdDSA, "RS256": passkeytest.RS256} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, k := newBench(t, nil), passkeytest.New(alg)
			p := b.holds(k)
			if p.Name != "My key" || p.UserID != b.subject.User.UserID || p.Synced || p.BackedUp || p.Attested || p.Model != "" || !slices.Equal(p.Transports, []string{"internal"}) || p.AAGUID != passkeytest.GUID(k.AAGUID) {
				t.Errorf("%+v", p)
			}
			q := b.question()
			b.subject.Now = epoch.Add(1)
			verdict, err := b.verify(q, k.Get(q.Fields["options"]))
			if err != nil {
				t.Fatalf("%#v", err)
			}
			x := verdict.Proof
			if x.Method != idp.PasskeyMethod || x.Credential != p.PasskeyID || !x.MFA || x.ACR != idp.ACRPhishing || !slices.Equal(x.AMR, []string{"fido", "mfa", "pop", "user"}) || !x.NotAfter.IsZero() || !x.RegisterBy.IsZero() || !x.At.Equal(b.subject.Now) {
				t.Errorf("%+v", x)
			}
			if !p.LastUsedAt.IsZero() {
				t.Error("the method changed the passkey itself")
			}
			if err := verdict.Settle(b.subject, p); err != nil || !p.LastUsedAt.Equal(b.subject.Now) {
				t.Errorf("%v: %+v", err, p)
			}
		})
	}
}

// TestAssertionRefused has all that an assertion can have wrong, with the reason that the
// log gives for each.
func TestAssertionRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change          func(*say)
		problem, detail string
	}{
		"not verified":     {func(s *say) { s.Flags &^= passkeytest.UV }, "passkey.wrong", "the user was not verified"},
		"nobody present":   {func(s *say) { s.Flags &^= passkeytest.UP }, "passkey.wrong", "nobody was present"},
		"origin":           {func(s *say) { s.Origin = "https://login.examp1e" }, "passkey.wrong", "Error validating origin"},
		"origin's port":    {func(s *say) { s.Origin = "https://login.example:8443" }, "passkey.wrong", "Error validating origin"},
		"origin's scheme":  {func(s *say) { s.Origin = "http://login.example" }, "passkey.wrong", "Error validating origin"},
		"host below":       {func(s *say) { s.Origin = "https://evil.login.example" }, "passkey.wrong", "Error validating origin"},
		"relying party":    {func(s *say) { s.RPID = "example" }, "passkey.wrong", "made for another host"},
		"handle of other":  {func(s *say) { copy(s.Handle[16:], make([]byte, 16)) }, "passkey.wrong", "User handle and User ID do not match"},
		"handle elsewhere": {func(s *say) { copy(s.Handle, make([]byte, 16)) }, "passkey.elsewhere", "a passkey of another tenant"},
		"no handle":        {func(s *say) { s.Handle = nil }, "passkey.wrong", "the passkey does not say whose it is"},
		"empty handle":     {func(s *say) { s.Handle = []byte{} }, "passkey.wrong", "the passkey does not say whose it is"},
		"other challenge":  {func(s *say) { s.Challenge[0]++ }, "passkey.wrong", "Error validating challenge"},
		"no challenge":     {func(s *say) { s.Challenge = nil }, "passkey.wrong", "Error validating challenge"},
		"signature":        {func(s *say) { s.Bogus = true }, "passkey.wrong", "Error validating the assertion signature"},
		"ceremony":         {func(s *say) { s.Type = "webauthn.create" }, "passkey.wrong", "Error validating ceremony type"},
		"cross-origin":     {func(s *say) { s.CrossOrigin = true }, "passkey.wrong", "Error validating cross origin flag"},
		"eligible now":     {func(s *say) { s.Flags |= passkeytest.BE }, "passkey.wrong", "Backup Eligible flag inconsistency detected during login validation"},
		"backed up only":   {func(s *say) { s.Flags |= passkeytest.BS }, "passkey.wrong", "Backup State Flag is true but Backup Eligible flag is false which is invalid"},
		"short data":       {func(s *say) { s.Data = func(raw []byte) []byte { return raw[:36] } }, "passkey.wrong", "Error unmarshalling auth data"},
		"long data":        {func(s *say) { s.Data = func(raw []byte) []byte { return append(raw, 0) } }, "passkey.wrong", "Error unmarshalling auth data"},
		"client data":      {func(s *say) { s.Client = func(raw []byte) []byte { return raw[:len(raw)-1] } }, "passkey.wrong", "the answer cannot be read"},
		"huge id":          {func(s *say) { s.ID = bytes.Repeat([]byte{7}, 1<<20) }, "passkey.wrong", "a credential id that is too long"},
		"id by a byte":     {func(s *say) { s.ID = bytes.Repeat([]byte{7}, idp.MaxCredentialID+1) }, "passkey.wrong", "a credential id that is too long"},
		"empty id":         {func(s *say) { s.ID = nil }, "passkey.wrong", "CredentialAssertionResponse with ID missing"},
		"kind":             {func(s *say) { s.Kind = "password" }, "passkey.wrong", "CredentialAssertionResponse with bad type"},
		"unknown":          {func(s *say) { s.ID = []byte("nobody's credential") }, "passkey.unknown", "nobody here has this passkey"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
			p := b.holds(k)
			before := *p
			q := b.question()
			q.Secret = bytes.Clone(q.Secret)
			k.Handle = bytes.Clone(k.Handle)
			answer := k.Get(q.Fields["options"], c.change)
			_, err := b.verify(q, answer)
			r := wantRefusal(t, err, c.problem, c.detail, answer)
			if !r.Wrong || r.Suspect != "" || p.SignCount != before.SignCount || !p.LastUsedAt.IsZero() {
				t.Errorf("%+v, %+v", r, p)
			}
			if (r.Unknown != "") != (name == "unknown") {
				t.Errorf("the browser is told to forget %q", r.Unknown)
			}
		})
	}
}

// TestUnknownCredential: a browser is told to forget a credential only if it says that it
// is this tenant's.
func TestUnknownCredential(t *testing.T) {
	t.Parallel()
	b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
	here := idp.UserHandle(b.subject.Tenant.TenantID, idp.NewID())
	for name, c := range map[string]struct {
		handle []byte
		forget bool
	}{
		"ours": {here, true}, "none": {nil, false}, "short": {here[:31], false}, "other software's": {[]byte("user 17"), false},
	} {
		q := b.question()
		k.Handle = c.handle
		answer := k.Get(q.Fields["options"])
		_, err := b.verify(q, answer)
		r := wantRefusal(t, err, "passkey.unknown", "nobody here has this passkey", answer)
		if want := base64.RawURLEncoding.EncodeToString(k.ID); (r.Unknown == want) != c.forget || r.Unknown != "" && !c.forget {
			t.Errorf("%s: forget %q", name, r.Unknown)
		}
	}
}

// TestAnswersThatAreNone: what is no answer at all is refused, with what is wrong with it.
func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
	b.holds(k)
	q := b.question()
	right := k.Get(q.Fields["options"])
	for name, c := range map[string]struct{ answer, problem, detail string }{
		"nothing":       {"", "passkey.cancelled", "no passkey was shown"},
		"no JSON":       {"<secret-of-the-browser>", "passkey.wrong", "Parse error for Assertion"},
		"null":          {"null", "passkey.wrong", "CredentialAssertionResponse with ID missing"},
		"cut":           {right[:len(right)-1], "passkey.wrong", "Parse error for Assertion"},
		"twice":         {right + right, "passkey.wrong", "Parse error for Assertion"},
		"another rawId": {strings.Replace(right, `"rawId":"`, `"rawId":"AAAA`, 1), "passkey.wrong", "CredentialAssertionResponse with ID that does not match the rawId"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.verify(q, c.answer)
			wantRefusal(t, err, c.problem, c.detail, c.answer)
		})
	}
}

// TestReplay: an answer is right for the question that it was given to, and no other.
func TestReplay(t *testing.T) {
	t.Parallel()
	b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
	b.holds(k)
	q, another := b.question(), b.question()
	answer := k.Get(q.Fields["options"])
	if _, err := b.verify(q, answer); err != nil {
		t.Fatal(err)
	}
	_, err := b.verify(another, answer)
	wantRefusal(t, err, "passkey.wrong", "Error validating challenge", answer)
	_, err = b.verify(idp.Prompt{Page: "passkey", Fields: q.Fields}, answer) // the server has forgotten its challenge
	wantRefusal(t, err, "passkey.wrong", "Session has an invalid challenge", answer)
}

// TestCounter: a counter that does not grow makes the passkey suspect, when it is looked at
// and when it is settled (WebAuthn 7.2 step 22).
func TestCounter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stored, shown uint32
		suspect       bool
	}{
		{0, 0, false}, {0, 1, false}, {1, 2, false}, {5, 5, true}, {5, 4, true}, {5, 0, true}, {1<<32 - 1, 0, true},
	} {
		b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
		p := b.holds(k, passkeytest.Counted(c.stored))
		q := b.question()
		answer := k.Get(q.Fields["options"], passkeytest.Counted(c.shown))
		verdict, err := b.verify(q, answer)
		if !c.suspect {
			if err != nil || verdict.Settle(b.subject, p) != nil || p.SignCount != c.shown {
				t.Errorf("%d after %d: %v, %+v", c.shown, c.stored, err, p)
			}
			continue
		}
		r := wantRefusal(t, err, "passkey.copied", "the signature counter went back: there may be a copy", answer)
		if r.Suspect != p.PasskeyID || r.Wrong || p.SignCount != c.stored {
			t.Errorf("%d after %d: %+v, %+v", c.shown, c.stored, r, p)
		}
	}
	b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
	p := b.holds(k)
	q := b.question()
	verdict, err := b.verify(q, k.Get(q.Fields["options"], passkeytest.Counted(7)))
	if err != nil {
		t.Fatal(err)
	}
	p.SignCount = 8 // by the copy, meanwhile
	r := wantRefusal(t, verdict.Settle(b.subject, p), "passkey.copied", "the signature counter went back: there may be a copy", "")
	if r.Suspect != p.PasskeyID || p.SignCount != 8 {
		t.Errorf("%+v", r)
	}
}

// TestBogusSuspectsNobody: whoever does not hold the key cannot have it suspended.
func TestBogusSuspectsNobody(t *testing.T) {
	t.Parallel()
	b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
	b.holds(k, passkeytest.Counted(9))
	q := b.question()
	answer := k.Get(q.Fields["options"], passkeytest.Counted(1), func(s *say) { s.Bogus = true })
	_, err := b.verify(q, answer)
	if r := wantRefusal(t, err, "passkey.wrong", "Error validating the assertion signature", answer); r.Suspect != "" {
		t.Errorf("%+v", r)
	}
}

// TestBlocked: a right assertion by what the policy, as it is when it is looked at and as it
// is when it is settled, does not accept.
func TestBlocked(t *testing.T) {
	t.Parallel()
	model := passkeytest.GUID(passkeytest.New(passkeytest.ES256).AAGUID)
	for name, c := range map[string]struct {
		change          func(*idp.Subject, *idp.Passkey)
		problem, detail string
	}{
		"suspended": {func(_ *idp.Subject, p *idp.Passkey) { p.Suspend(epoch) }, "passkey.copied", string(idp.CopiedPasskey)},
		"off":       {func(s *idp.Subject, _ *idp.Passkey) { s.Policy.Passkey.Enabled = false }, "passkey.blocked", string(idp.MethodDisabled)},
		"no target": {func(s *idp.Subject, _ *idp.Passkey) { s.Policy.Passkey.Targets = idp.Targets{} }, "passkey.blocked", string(idp.OutOfScope)},
		"guest":     {func(s *idp.Subject, _ *idp.Passkey) { s.User.Type = idp.ExternalGuest }, "passkey.blocked", string(idp.ExternalUser)},
		"synced":    {func(s *idp.Subject, _ *idp.Passkey) { s.Policy.Passkey.Synced = false }, "passkey.blocked", string(idp.ForbiddenPasskey)},
		"model blocked": {func(s *idp.Subject, _ *idp.Passkey) {
			s.Policy.Passkey.Models = idp.ModelRestriction{Enforced: true, AAGUIDs: []string{model}}
		}, "passkey.blocked", string(idp.ForbiddenPasskey)},
		"model missing": {func(s *idp.Subject, _ *idp.Passkey) {
			s.Policy.Passkey.Models = idp.ModelRestriction{Enforced: true, Allow: true, AAGUIDs: []string{idp.NewID()}}
		}, "passkey.blocked", string(idp.ForbiddenPasskey)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, k := newBench(t, nil), passkeytest.New(passkeytest.ES256)
			k.Flags |= passkeytest.BE
			p := b.holds(k)
			q := b.question()
			answer := k.Get(q.Fields["options"])
			verdict, err := b.verify(q, answer)
			if err != nil {
				t.Fatal(err)
			}
			c.change(&b.subject, p)
			wantRefusal(t, verdict.Settle(b.subject, p), c.problem, c.detail, answer)
			_, err = b.verify(q, answer)
			wantRefusal(t, err, c.problem, c.detail, answer)
			if why := b.m.Offer(b.subject); string(why) != c.detail || !p.LastUsedAt.IsZero() {
				t.Errorf("offered: %q; %+v", why, p)
			}
		})
	}
}
