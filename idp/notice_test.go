package idp_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

func told(id string) *idp.Client {
	return &idp.Client{ClientID: id, Logout: idp.ClientLogout{Back: "https://app.example/out"}}
}

// session is anna's, by a pass of an hour.
func passSession(id string) *idp.Session {
	s := idp.NewSession(contoso(), annaID, "ss_"+id, idp.Proof{Credential: "p1", At: t0, NotAfter: t0.Add(time.Hour), EndsAs: idp.PassExpired})
	s.SessionID = id
	return s
}

func notices(tx *storage.Tx) []*idp.LogoutNotice {
	all, _, err := storage.All[idp.LogoutNotice](tx, storage.Page{})
	if err != nil {
		panic(err)
	}
	return all
}

// TestOweNotice: one notice for each app in each session, due at the session's end,
// found by whatever may end it; none for an app that wants none.
func TestOweNotice(t *testing.T) {
	t.Parallel()
	update(t, func(tx *storage.Tx) error {
		for _, s := range []*idp.Session{passSession("s1"), passSession("s2")} {
			g := idp.NewGrant(s, &idp.AuthRequest{ClientID: "a"}, t0)
			for range 2 {
				for _, c := range []*idp.Client{told("a"), told("b"), {ClientID: "c"}} {
					if err := idp.OweNotice(tx, c, g, s); err != nil {
						return err
					}
				}
			}
		}
		all := notices(tx)
		if len(all) != 4 {
			t.Errorf("%d notices", len(all))
		}
		for _, n := range all {
			if !n.Due.Equal(t0.Add(time.Hour)) || n.UserID != annaID || !slices.Equal(n.Credentials, []string{"p1"}) || n.Tries != 0 || n.ClientID == "c" {
				t.Errorf("%+v", n)
			}
		}
		for index, value := range map[string]string{"session": "s1", "user": annaID, "credential": "p1"} {
			found, _, err := storage.List[idp.LogoutNotice](tx, index, value, storage.Page{})
			if want := map[string]int{"session": 2, "user": 4, "credential": 4}[index]; err != nil || len(found) != want {
				t.Errorf("by %s: %d, %v", index, len(found), err)
			}
		}
		return nil
	})
}

// TestHastenNotices: those found come sooner and never later, and only those.
func TestHastenNotices(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		index, value string
		by           time.Duration
		due          []time.Duration // of s1's and s2's, sorted
	}{
		"a session's":        {"session", "s1", time.Minute, []time.Duration{time.Minute, time.Hour}},
		"a person's":         {"user", annaID, time.Minute, []time.Duration{time.Minute, time.Minute}},
		"a credential's":     {"credential", "p1", time.Minute, []time.Duration{time.Minute, time.Minute}},
		"to later":           {"user", annaID, 2 * time.Hour, []time.Duration{time.Hour, time.Hour}},
		"to the same":        {"user", annaID, time.Hour, []time.Duration{time.Hour, time.Hour}},
		"to the past":        {"session", "s2", -time.Hour, []time.Duration{-time.Hour, time.Hour}},
		"nobody's":           {"user", bobID, time.Minute, []time.Duration{time.Hour, time.Hour}},
		"by the wrong index": {"session", annaID, time.Minute, []time.Duration{time.Hour, time.Hour}},
		"of no credential":   {"credential", "", time.Minute, []time.Duration{time.Hour, time.Hour}},
	} {
		update(t, func(tx *storage.Tx) error {
			for _, s := range []*idp.Session{passSession("s1"), passSession("s2")} {
				if err := idp.OweNotice(tx, told("a"), idp.NewGrant(s, &idp.AuthRequest{}, t0), s); err != nil {
					return err
				}
			}
			if err := idp.HastenNotices(tx, test.index, test.value, t0.Add(test.by)); err != nil {
				return err
			}
			var due []time.Duration
			for _, n := range notices(tx) { // the next one is the first
				due = append(due, n.Due.Sub(t0))
			}
			if !slices.Equal(due, test.due) {
				t.Errorf("%s: due %v, want %v", name, due, test.due)
			}
			return nil
		})
	}
}

// TestNoticeOrder: whatever moves them, and in whatever zone the times are, notices are
// read in the order in which they are due, and each is there once.
func TestNoticeOrder(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	rnd := random(seed)
	zones := []*time.Location{time.UTC, time.FixedZone("east", 13*3600+1800), time.FixedZone("west", -11*3600)}
	any := func() time.Time {
		spread := []time.Duration{3, time.Second, 48 * time.Hour, 400 * 24 * time.Hour}[rnd.IntN(4)]
		return t0.Add(time.Duration(rnd.Int64N(int64(spread)))).In(zones[rnd.IntN(3)])
	}
	const count = 40
	st := update(t, func(tx *storage.Tx) error {
		for i := range count {
			s := passSession(idp.NewID())
			s.NotAfter = any()
			if err := idp.OweNotice(tx, told("a"), idp.NewGrant(s, &idp.AuthRequest{}, t0), s); err != nil {
				return err
			}
			if len(notices(tx)) != i+1 {
				t.Fatalf("seed %d: %d notices after %d", seed, len(notices(tx)), i+1)
			}
		}
		return nil
	})
	for range 100 {
		if err := st.Update(context.Background(), tenantID, func(tx *storage.Tx) error {
			all := notices(tx)
			return all[rnd.IntN(count)].Move(tx, any())
		}); err != nil {
			t.Fatal(err)
		}
		if err := st.View(context.Background(), tenantID, func(tx *storage.Tx) error {
			all := notices(tx)
			if !slices.IsSortedFunc(all, func(a, b *idp.LogoutNotice) int { return a.Due.Compare(b.Due) }) || len(all) != count {
				t.Fatalf("seed %d: %d notices, in no order", seed, len(all))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOweTenantNoticeOfLater: what somebody proves after they were a guest somewhere first ends
// there, too, when the session that it was proved in is long gone.
func TestOweTenantNoticeOfLater(t *testing.T) {
	t.Parallel()
	update(t, func(tx *storage.Tx) error {
		s := idp.NewSession(contoso(), annaID, "ss_1", idp.Proof{Method: idp.PasswordMethod, Credential: "word", At: t0})
		if err := idp.OweTenantNotice(tx, "fabrikam", s, t0); err != nil {
			return err
		}
		s.Renew("ss_2", idp.Proof{Method: idp.PasskeyMethod, Credential: "key", At: t0, MFA: true})
		if err := idp.OweTenantNotice(tx, "fabrikam", s, t0.Add(time.Hour)); err != nil {
			return err
		}
		gone := t0.Add(30 * 24 * time.Hour)
		if err := idp.EndCredential(tx, "key", idp.GrantRevoked, gone); err != nil {
			return err
		}
		if all := notices(tx); len(all) != 1 || !all[0].Revoked || all[0].Due.After(gone) || !slices.Equal(all[0].Credentials, []string{"word", "key"}) {
			t.Errorf("%+v", all)
		}
		return nil
	})
}
