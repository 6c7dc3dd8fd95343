package idp_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

func nouns() []storage.Record {
	return []storage.Record{
		&idp.API{}, &idp.AuditEvent{}, &idp.AuditHead{}, &idp.Authenticator{}, &idp.AuthenticatorEnrolment{}, &idp.Challenge{}, &idp.Client{}, &idp.Consent{}, &idp.CrossTenantPolicy{}, &idp.Delivery{}, &idp.DirectoryRole{}, &idp.DomainClaim{}, &idp.Federation{},
		&idp.Grant{}, &idp.Group{}, &idp.GuestPolicy{}, &idp.Identity{}, &idp.InitialToken{}, &idp.Invitation{}, &idp.InvitationBlock{}, &idp.LogoutNotice{}, &idp.Mail{}, &idp.Mailbox{}, &idp.MethodsPolicy{}, &idp.Once{},
		&idp.Pass{}, &idp.PassApproval{}, &idp.Passkey{}, &idp.Password{}, &idp.PushedRequest{}, &idp.Quota{},
		&idp.RevokedToken{}, &idp.SelfRegistered{}, &idp.Session{}, &idp.SignInRequest{}, &idp.SigningKey{}, &idp.Tenant{}, &idp.Throttle{}, &idp.User{},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	t.Run("mem", func(t *testing.T) { storetest.RoundTrip(t, mem.New(), nouns()...) })
	t.Run("bolt", func(t *testing.T) {
		d, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"))
		if err != nil {
			t.Fatal(err)
		}
		storetest.RoundTrip(t, d, nouns()...)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestNounsAreAll: a noun that nouns leaves out would be tested by nobody. The
// clock's mark is not exported and has TestClockMark.
func TestNounsAreAll(t *testing.T) {
	t.Parallel()
	var have, want []string
	kinds := map[string]bool{}
	for _, r := range nouns() {
		have = append(have, reflect.TypeOf(r).Elem().Name())
		if kinds[r.Kind()] {
			t.Errorf("two nouns of the kind %q", r.Kind())
		}
		kinds[r.Kind()] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	kind := regexp.MustCompile(`(?m)^func \(\*?(?:\w+ )?\*?(\w+)\) Kind\(\) string`)
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range kind.FindAllStringSubmatch(string(src), -1) {
			if !strings.HasSuffix(f, "_test.go") && m[1] != "mark" {
				want = append(want, m[1])
			}
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("nouns %v\nwant  %v", have, want)
	}
}
