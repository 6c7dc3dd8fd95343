package idp_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

const (
	keyID     = "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a"
	modelID   = "ee882879-721c-4913-9775-3dfcce97072a"
	noModelID = "00000000-0000-0000-0000-000000000000"
)

// key is Anna's, on her device alone.
func key() *idp.Passkey {
	return &idp.Passkey{PasskeyID: keyID, UserID: annaID, Name: "Phone", Credential: []byte("credential"), AAGUID: modelID, CreatedAt: t0}
}

func synced() *idp.Passkey {
	p := key()
	p.Synced = true
	return p
}

func TestPasskeyValidate(t *testing.T) {
	t.Parallel()
	name := func(s string) func(*idp.Passkey) { return func(p *idp.Passkey) { p.Name = s } }
	id := func(n int) func(*idp.Passkey) { return func(p *idp.Passkey) { p.Credential = make([]byte, n) } }
	const badName = "A passkey needs a name of at most 256 bytes, without control characters."
	const badID = "A credential id has between 1 and 1023 bytes."
	for label, c := range map[string]struct {
		change func(*idp.Passkey)
		want   string
	}{
		"good":                   {func(*idp.Passkey) {}, ""},
		"longest name":           {name(strings.Repeat("é", 128)), ""},
		"name too long":          {name(strings.Repeat("é", 128) + "x"), badName},
		"no name":                {name(""), badName},
		"a name of spaces":       {name("  "), badName},
		"a name of two lines":    {name("a\nb"), badName},
		"a name that is no text": {name("\xff"), badName},
		"shortest id":            {id(1), ""},
		"longest id":             {id(1023), ""},
		"no id":                  {id(0), badID},
		"id too long":            {id(1024), badID},
		"8 certificates":         {func(p *idp.Passkey) { p.Certificates = make([][]byte, 8) }, ""},
		"9 certificates":         {func(p *idp.Passkey) { p.Certificates = make([][]byte, 9) }, "An attestation has at most 8 certificates."},
	} {
		t.Run(label, func(t *testing.T) {
			p := key()
			c.change(p)
			wantError(t, p.Validate(), idp.Invalid, c.want)
		})
	}
}

// models restricts a policy to, or from, some.
func models(allow bool, ids ...string) func(*idp.PasskeyPolicy) {
	return func(p *idp.PasskeyPolicy) {
		p.Models = idp.ModelRestriction{Enforced: true, Allow: allow, AAGUIDs: ids}
	}
}

func bound(p *idp.PasskeyPolicy) { p.Synced = false }

func TestPasskeyPolicyForbids(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change      func(*idp.PasskeyPolicy)
		key, synced string // the problem, "" for none
	}{
		"default":                               {func(*idp.PasskeyPolicy) {}, "", ""},
		"device-bound only":                     {bound, "", "enrol.synced"},
		"its model allowed":                     {models(true, bobID, modelID), "", ""},
		"other models allowed":                  {models(true, bobID), "enrol.model", "enrol.model"},
		"its model blocked":                     {models(false, modelID), "enrol.model", "enrol.model"},
		"other models blocked":                  {models(false, bobID), "", ""},
		"nothing blocked":                       {models(false), "", ""},
		"listed, but not enforced":              {func(p *idp.PasskeyPolicy) { p.Models.AAGUIDs = []string{modelID} }, "", ""},
		"allowed, but not enforced":             {func(p *idp.PasskeyPolicy) { p.Models = idp.ModelRestriction{Allow: true, AAGUIDs: []string{bobID}} }, "", ""},
		"allowed, and device-bound only":        {func(p *idp.PasskeyPolicy) { models(true, modelID)(p); bound(p) }, "", "enrol.synced"},
		"attestation, which is of registration": {func(p *idp.PasskeyPolicy) { p.Attestation = true }, "", ""},
	} {
		policy := idp.DefaultPasskeyPolicy()
		c.change(&policy)
		for k, want := range map[*idp.Passkey]string{key(): c.key, synced(): c.synced} {
			r, problem := policy.Forbids(k), ""
			if r != nil {
				problem = r.Problem
			}
			if problem != want || r != nil && (r.Detail == "" || r.Wrong) {
				t.Errorf("%s, synced %t: %+v, want %q", name, k.Synced, r, want)
			}
		}
	}
	hidden := key() // an authenticator that does not tell its model is of none
	hidden.AAGUID = noModelID
	policy := idp.DefaultPasskeyPolicy()
	if models(true, modelID)(&policy); policy.Forbids(hidden) == nil {
		t.Error("a passkey of no model is of an allowed one")
	}
	if models(false, modelID)(&policy); policy.Forbids(hidden) != nil {
		t.Error("a passkey of no model is of a blocked one")
	}
}

// TestPasskeyPolicyAccepts: attestation is asked for of new passkeys, beside all else.
func TestPasskeyPolicyAccepts(t *testing.T) {
	t.Parallel()
	attested := key()
	attested.Attested = true
	for want, c := range map[string]struct {
		policy idp.PasskeyPolicy
		key    *idp.Passkey
	}{
		"":                  {idp.PasskeyPolicy{Attestation: true}, attested},
		"enrol.attestation": {idp.PasskeyPolicy{Attestation: true}, key()},
		"enrol.synced":      {idp.PasskeyPolicy{}, synced()},
	} {
		if r := c.policy.Accepts(c.key); r == nil && want != "" || r != nil && r.Problem != want {
			t.Errorf("%+v, want %q", r, want)
		}
	}
}

// people are those a policy decides about, each with what it says.
func people() map[string]*idp.User {
	guest := func(t idp.UserType) *idp.User { return &idp.User{UserID: annaID, Type: t} }
	return map[string]*idp.User{
		"a member": anna(), "an internal guest": guest(idp.InternalGuest), "an external guest": guest(idp.ExternalGuest), "an external member": guest(idp.ExternalMember),
	}
}

func TestPasskeyPolicyRegistrable(t *testing.T) {
	t.Parallel()
	off := func(p *idp.PasskeyPolicy) { p.Enabled = false }
	noSelf := func(p *idp.PasskeyPolicy) { p.SelfService = false }
	outside := func(p *idp.PasskeyPolicy) { p.Targets.Exclude = []idp.Target{{Type: "user", ID: annaID}} }
	for name, c := range map[string]struct {
		change     func(*idp.PasskeyPolicy)
		self, them idp.Reason // of somebody who is not external
	}{
		"default":                    {func(*idp.PasskeyPolicy) {}, idp.Offered, idp.Offered},
		"off":                        {off, idp.MethodDisabled, idp.MethodDisabled},
		"outside":                    {outside, idp.OutOfScope, idp.OutOfScope},
		"no self-service":            {noSelf, idp.NoSelfService, idp.Offered},
		"no self-service, outside":   {func(p *idp.PasskeyPolicy) { noSelf(p); outside(p) }, idp.OutOfScope, idp.OutOfScope},
		"what only attestation says": {func(p *idp.PasskeyPolicy) { p.Attestation = true }, idp.Offered, idp.Offered},
	} {
		for who, u := range people() {
			policy := idp.DefaultPasskeyPolicy()
			c.change(&policy)
			self, them := c.self, c.them
			if u.Type.External() && policy.Enabled {
				self, them = idp.ExternalUser, idp.ExternalUser
			}
			if got := policy.Registrable(u, true); got != self {
				t.Errorf("%s, %s by themselves: %q, want %q", name, who, got, self)
			}
			if got := policy.Registrable(u, false); got != them {
				t.Errorf("%s, %s by an administrator: %q, want %q", name, who, got, them)
			}
		}
	}
}

func TestPasskeyPolicyValidate(t *testing.T) {
	t.Parallel()
	many := func(n int) []string { return slices.Repeat([]string{modelID}, n) }
	for name, c := range map[string]struct {
		change func(*idp.PasskeyPolicy)
		want   string
	}{
		"default":                   {func(*idp.PasskeyPolicy) {}, ""},
		"500 models":                {models(true, many(500)...), ""},
		"501 models":                {models(true, many(501)...), "A policy names at most 500 models."},
		"no GUID":                   {models(false, "yubikey"), `The AAGUID "yubikey" is not a GUID in lower case, such as fa2b99dc-9e39-4257-8f92-4a30d23c4118.`},
		"upper case":                {models(false, strings.ToUpper(modelID)), `The AAGUID "` + strings.ToUpper(modelID) + `" is not a GUID in lower case, such as fa2b99dc-9e39-4257-8f92-4a30d23c4118.`},
		"checked when not enforced": {func(p *idp.PasskeyPolicy) { p.Models.AAGUIDs = []string{"x"} }, `The AAGUID "x" is not a GUID in lower case, such as fa2b99dc-9e39-4257-8f92-4a30d23c4118.`},
		"nobody":                    {models(true), "A list of allowed models that is empty would allow nobody a passkey. Disable the method instead."},
		"nobody, not enforced":      {func(p *idp.PasskeyPolicy) { p.Models.Allow = true }, ""},
		"nothing blocked":           {models(false), ""},
		"targets":                   {func(p *idp.PasskeyPolicy) { p.Targets.Include = []idp.Target{{Type: "role", ID: annaID}} }, `The target type "role" is neither user nor group.`},
	} {
		t.Run(name, func(t *testing.T) {
			p := idp.DefaultPasskeyPolicy()
			c.change(&p)
			wantError(t, p.Validate(), idp.Invalid, c.want)
		})
	}
	if d := idp.DefaultPasskeyPolicy(); !d.Enabled || !d.SelfService || !d.Synced || d.Attestation || d.Models.Enforced || !d.Targets.Covers(anna()) {
		t.Errorf("default %+v is not what a new tenant should have", d)
	}
}

func TestPasskeyUsable(t *testing.T) {
	t.Parallel()
	copied := func() *idp.Passkey {
		p := synced()
		p.CopiedAt = t0
		return p
	}
	for name, c := range map[string]struct {
		change func(*idp.PasskeyPolicy)
		key    *idp.Passkey
		want   idp.Reason
	}{
		"good":                            {func(*idp.PasskeyPolicy) {}, key(), idp.Offered},
		"synced":                          {func(*idp.PasskeyPolicy) {}, synced(), idp.Offered},
		"off":                             {func(p *idp.PasskeyPolicy) { p.Enabled = false }, key(), idp.MethodDisabled},
		"outside":                         {func(p *idp.PasskeyPolicy) { p.Targets.Include = nil }, key(), idp.OutOfScope},
		"copied":                          {func(*idp.PasskeyPolicy) {}, copied(), idp.CopiedPasskey},
		"synced, though device-bound":     {bound, synced(), idp.ForbiddenPasskey},
		"a blocked model":                 {models(false, modelID), key(), idp.ForbiddenPasskey},
		"copied and forbidden":            {bound, copied(), idp.CopiedPasskey},
		"who registers is another matter": {func(p *idp.PasskeyPolicy) { p.SelfService, p.Attestation = false, true }, key(), idp.Offered},
	} {
		for who, u := range people() {
			policy, want := idp.DefaultPasskeyPolicy(), c.want
			if c.change(&policy); u.Type.External() && want != idp.MethodDisabled && want != idp.OutOfScope {
				want = idp.ExternalUser
			}
			if got := c.key.Usable(policy, u); got != want {
				t.Errorf("%s, of %s: %q, want %q", name, who, got, want)
			}
		}
	}
}

// TestPasskeyUse: a counter must grow, except that of an authenticator that counts nothing;
// and what is refused is not changed (WebAuthn 7.2 step 22).
func TestPasskeyUse(t *testing.T) {
	t.Parallel()
	const most = 1<<32 - 1
	now := t0.Add(time.Hour)
	for _, c := range []struct{ had, says, problem any }{
		{0, 0, ""}, {0, 1, ""}, {0, most, ""}, {1, 2, ""}, {7, 8, ""}, {7, 1000, ""}, {most - 1, most, ""},
		{1, 0, "passkey.copied"}, {1, 1, "passkey.copied"}, {7, 7, "passkey.copied"}, {7, 6, "passkey.copied"}, {7, 0, "passkey.copied"},
		{most, 0, "passkey.copied"}, {most, most, "passkey.copied"},
	} {
		p := key()
		p.SignCount = uint32(c.had.(int))
		before := *p
		r := p.Use(idp.DefaultPasskeyPolicy(), anna(), uint32(c.says.(int)), true, now)
		if c.problem == "" {
			if r != nil || int(p.SignCount) != c.says || !p.LastUsedAt.Equal(now) || !p.BackedUp || !p.CopiedAt.IsZero() {
				t.Errorf("from %d to %d: %v, %+v", c.had, c.says, r, p)
			}
			continue
		}
		if r == nil || r.Problem != c.problem || r.Suspect != keyID || r.Wrong || r.Detail == "" || !reflect.DeepEqual(*p, before) {
			t.Errorf("from %d to %d: %+v, %+v", c.had, c.says, r, p)
		}
	}
	for name, c := range map[string]struct {
		change  func(*idp.PasskeyPolicy)
		copied  time.Time
		problem string
		detail  idp.Reason
	}{
		"off":             {func(p *idp.PasskeyPolicy) { p.Enabled = false }, time.Time{}, "passkey.blocked", idp.MethodDisabled},
		"outside":         {func(p *idp.PasskeyPolicy) { p.Targets.Include = nil }, time.Time{}, "passkey.blocked", idp.OutOfScope},
		"a blocked model": {models(false, modelID), time.Time{}, "passkey.blocked", idp.ForbiddenPasskey},
		"copied":          {func(*idp.PasskeyPolicy) {}, t0, "passkey.copied", idp.CopiedPasskey},
	} {
		policy, p := idp.DefaultPasskeyPolicy(), key()
		c.change(&policy)
		p.SignCount, p.CopiedAt = 3, c.copied
		for _, count := range []uint32{0, 3, 4} { // what the counter says suspends nothing then
			before := *p
			r := p.Use(policy, anna(), count, false, now)
			if r == nil || r.Problem != c.problem || r.Detail != string(c.detail) || r.Suspect != "" || !reflect.DeepEqual(*p, before) {
				t.Errorf("%s, %d: %+v, %+v", name, count, r, p)
			}
		}
	}
}

// TestPasskeySuspend: a passkey that may be there twice is not accepted any more, and the
// first sign of it is what is kept.
func TestPasskeySuspend(t *testing.T) {
	t.Parallel()
	p := key()
	if !p.Suspend(t0) || p.Suspend(t0.Add(1)) || !p.CopiedAt.Equal(t0) || p.Usable(idp.DefaultPasskeyPolicy(), anna()) != idp.CopiedPasskey {
		t.Errorf("%+v", p)
	}
}

func TestUserHandle(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		tenant, user := idp.NewID(), idp.NewID()
		h := idp.UserHandle(tenant, user)
		gotTenant, gotUser, ok := idp.ReadUserHandle(h)
		if len(h) != 32 || !ok || gotTenant != tenant || gotUser != user || seen[string(h)] || bytes.Equal(h, idp.UserHandle(user, tenant)) {
			t.Fatalf("%s, %s: %x: %s, %s, %t", tenant, user, h, gotTenant, gotUser, ok)
		}
		seen[string(h)] = true
	}
	for _, n := range []int{0, 1, 16, 31, 33, 64} { // WebAuthn 5.4.3: others' may be 64 bytes long
		if tenant, user, ok := idp.ReadUserHandle(make([]byte, n)); ok || tenant != "" || user != "" {
			t.Errorf("%d bytes: %q, %q", n, tenant, user)
		}
	}
}

// TestPasskeysOfUser: passkeys are found by their user, oldest first, and by their
// credential id, which one user alone can hold in a tenant.
func TestPasskeysOfUser(t *testing.T) {
	t.Parallel()
	made := func(user string, n int) *idp.Passkey {
		return &idp.Passkey{PasskeyID: idp.NewID(), UserID: user, Name: fmt.Sprint(n), Credential: bytes.Repeat([]byte{byte(n)}, 1023), CreatedAt: t0.Add(time.Duration(n))}
	}
	second, first, bobs := made(annaID, 2), made(annaID, 1), made(bobID, 3)
	st := update(t, func(tx *storage.Tx) error { return putAll(tx, second, bobs, first) })
	err := st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
		held, err := idp.HeldPasskeys(tx, annaID)
		if err != nil || len(held) != 2 || held[0].ID() != first.PasskeyID || held[1].ID() != second.PasskeyID || held[0].Owner() != annaID {
			t.Errorf("%v, %v", held, err)
		}
		for _, want := range []*idp.Passkey{first, second, bobs} {
			if got, err := idp.FindPasskey(tx, want.Credential); err != nil || got.PasskeyID != want.PasskeyID {
				t.Errorf("%v, %v", got, err)
			}
		}
		for _, id := range [][]byte{nil, {1}, make([]byte, 1023), first.Credential[:1022]} {
			if got, err := idp.FindPasskey(tx, id); !errors.Is(err, storage.ErrNotFound) {
				t.Errorf("%d bytes: %v, %v", len(id), got, err)
			}
		}
		if held, err := idp.HeldPasskeys(tx, staffID); len(held) != 0 || err != nil {
			t.Errorf("nobody holds %v, %v", held, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	same := made(bobID, 1)
	if err := st.Update(t.Context(), tenantID, func(tx *storage.Tx) error { return tx.Insert(same) }); !errors.Is(err, storage.ErrConflict) {
		t.Errorf("two hold one credential: %v", err)
	}
	if err := st.Update(t.Context(), bobID, func(tx *storage.Tx) error { return tx.Insert(same) }); err != nil {
		t.Errorf("in another tenant: %v", err)
	}
}

// TestRemoveEndsWhatCameFromIt: what rests on the passkey alone or among others ends with
// it, and nothing else does.
func TestRemoveEndsWhatCameFromIt(t *testing.T) {
	t.Parallel()
	now := t0.Add(time.Minute)
	for name, c := range map[string]interface {
		idp.Credential
		Remove(*storage.Tx, time.Time) error
	}{"passkey": key(), "password": &idp.Password{PasswordID: keyID, UserID: annaID, CreatedAt: t0}} {
		session := func(id string, credentials ...string) *idp.Session {
			s := &idp.Session{SessionID: id, UserID: annaID, NotAfter: t0.Add(time.Hour)}
			for _, x := range credentials {
				s.Proofs = append(s.Proofs, idp.Proof{Credential: x, At: t0})
			}
			return s
		}
		grant := func(id string, credentials ...string) *idp.Grant {
			return &idp.Grant{GrantID: id, UserID: annaID, Credentials: credentials, NotAfter: t0.Add(time.Hour)}
		}
		st := update(t, func(tx *storage.Tx) error {
			return putAll(tx, c, session("its", keyID), session("both", "other", keyID), session("other", "other"), session("none"),
				grant("its", keyID), grant("both", keyID, "other"), grant("other", "other"), grant("none"))
		})
		if err := st.Update(t.Context(), tenantID, func(tx *storage.Tx) error { return c.Remove(tx, now) }); err != nil {
			t.Fatal(err)
		}
		err := st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
			for id, ended := range map[string]bool{"its": true, "both": true, "other": false, "none": false} {
				s, err := storage.Get[idp.Session](tx, id)
				if err != nil || s.EndedAt.Equal(now) != ended || ended && s.EndedAs != idp.GrantRevoked {
					t.Errorf("%s: session %s: %+v, %v", name, id, s, err)
				}
				g, err := storage.Get[idp.Grant](tx, id)
				if err != nil || g.RevokedAt.Equal(now) != ended || ended && g.RevokedAs != idp.GrantRevoked {
					t.Errorf("%s: grant %s: %+v, %v", name, id, g, err)
				}
			}
			keys, err := idp.HeldPasskeys(tx, annaID)
			if len(keys) != 0 || err != nil {
				t.Errorf("%s: still there: %v, %v", name, keys, err)
			}
			words, err := idp.HeldPassword(tx, annaID)
			if len(words) != 0 || err != nil {
				t.Errorf("%s: still there: %v, %v", name, words, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}
