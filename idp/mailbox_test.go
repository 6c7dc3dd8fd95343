package idp_test

import (
	"errors"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

const (
	guestID   = "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee"
	madeID    = "dddddddd-dddd-4ddd-8ddd-dddddddddddd"
	twinID    = "ffffffff-ffff-4fff-8fff-ffffffffffff"
	boxlessID = "abababab-abab-4bab-8bab-abababababab"
)

// fromOutside is a guest of an address, as they are invited.
func fromOutside(id, email string) *idp.User {
	return &idp.User{
		UserID: id, PrincipalName: idp.GuestName(email, contoso()), DisplayName: "Guest", Type: idp.ExternalGuest,
		Profile: idp.Profile{Email: email}, CreatedAt: t0,
	}
}

// TestFindSigner: who is found by what somebody types.
func TestFindSigner(t *testing.T) {
	t.Parallel()
	guest := fromOutside(guestID, "gast@xn--bcher-kva.example")
	made := fromOutside(madeID, "made@fabrikam.example")
	// Somebody inside has a name outside, which is also the address of somebody from there.
	inside, twin := anna(), fromOutside(twinID, "anna@fabrikam.example")
	inside.PrincipalName = "anna@fabrikam.example"
	named := fromOutside(boxlessID, "named@fabrikam.example")
	named.PrincipalName = "named@fabrikam.example" // and has no mailbox
	mades := idp.NewMailbox(made, t0)
	made.Type = idp.Member
	st := update(t, func(tx *storage.Tx) error {
		return putAll(tx, guest, made, mades, inside, twin, named, idp.NewMailbox(guest, t0), idp.NewMailbox(twin, t0))
	})
	err := st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
		for name, want := range map[string]string{
			"gast@xn--bcher-kva.example":                      guestID,
			" GAST@XN--BCHER-KVA.example. ":                   guestID,
			"gast@bücher.example":                             guestID,
			"Gast@BÜCHER.example":                             guestID,
			"gast@bu\u0308cher。example":                       guestID,
			"ｇａｓｔ＠bücher.example":                             guestID,
			`"gast"@bücher.example`:                           guestID,
			guestID:                                           "", // an id is nothing a person from outside knows
			"gast+1@bücher.example":                           "",
			"ga.st@bücher.example":                            "",
			"gast@bucher.example":                             "",
			"gast_xn--bcher-kva.example#ext#@contoso.example": "",
			"GAST_xn--bcher-kva.example#EXT#@contoso.example": "",
			"gast_xn--bcher-kva.example#ext#":                 "",
			"Gast <gast@bücher.example>":                      "",
			"anna@fabrikam.example":                           annaID, // the name of the house wins
			"ANNA@Fabrikam.example":                           annaID,
			annaID:                                            annaID,
			"made@fabrikam.example":                           "",
			"made_fabrikam.example#ext#@contoso.example":      madeID, // who is of the house signs in as the house does
			"named@fabrikam.example":                          "",
			"nobody@fabrikam.example":                         "",
			"nobody@contoso.example":                          "",
			"":                                                "",
			"gast":                                            "",
			"\x00@fabrikam.example":                           "",
			"\xff":                                            "",
		} {
			u, err := idp.FindSigner(tx, name)
			switch {
			case want == "" && (u != nil || !errors.Is(err, storage.ErrNotFound)):
				t.Errorf("%q: %+v, %v", name, u, err)
			case want != "" && (err != nil || u.UserID != want):
				t.Errorf("%q: %+v, %v, want %s", name, u, err, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestMailbox: nobody has two, and no two have one.
func TestMailbox(t *testing.T) {
	t.Parallel()
	guest, other := fromOutside(guestID, "gast@fabrikam.example"), fromOutside(twinID, "lea@fabrikam.example")
	m := idp.NewMailbox(guest, t0)
	if !idp.IsID(m.ID()) || m.Owner() != guestID || m.Address != "gast@fabrikam.example" || !m.CreatedAt.Equal(t0) || m.ID() == idp.NewMailbox(guest, t0).ID() {
		t.Errorf("%+v", m)
	}
	st := update(t, func(tx *storage.Tx) error {
		if held, err := idp.HeldMailbox(tx, guestID); held != nil || err != nil {
			t.Errorf("holds %v, %v", held, err)
		}
		return putAll(tx, m)
	})
	same := idp.NewMailbox(other, t0)
	same.Address = m.Address
	for name, second := range map[string]*idp.Mailbox{"of the same user": idp.NewMailbox(fromOutside(guestID, "b@fabrikam.example"), t0), "of the same address": same} {
		if err := st.Update(t.Context(), tenantID, func(tx *storage.Tx) error { return tx.Put(second) }); err == nil {
			t.Errorf("a second one %s", name)
		}
	}
	err := st.Update(t.Context(), tenantID, func(tx *storage.Tx) error {
		held, err := idp.HeldMailbox(tx, guestID)
		if len(held) != 1 || held[0].ID() != m.ID() || held[0].Owner() != guestID {
			t.Errorf("holds %v", held)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestMailboxRemove: what came from it is over, and nothing else.
func TestMailboxRemove(t *testing.T) {
	t.Parallel()
	guest := fromOutside(guestID, "gast@fabrikam.example")
	m := idp.NewMailbox(guest, t0)
	resting := func(credential string) (*idp.Session, *idp.Grant) {
		s := idp.NewSession(contoso(), guestID, idp.NewToken(idp.SessionSecret), idp.Proof{Method: idp.EmailCode, Credential: credential, At: t0})
		return s, idp.NewGrant(s, &idp.AuthRequest{Scopes: []string{"openid"}}, t0)
	}
	theirs, granted := resting(m.ID())
	others, othersToo := resting("another")
	st := update(t, func(tx *storage.Tx) error { return putAll(tx, m, theirs, granted, others, othersToo) })
	err := st.Update(t.Context(), tenantID, func(tx *storage.Tx) error { return m.Remove(tx, t0.Add(1)) })
	if err != nil {
		t.Fatal(err)
	}
	err = st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
		if held, err := idp.HeldMailbox(tx, guestID); held != nil || err != nil {
			t.Errorf("still holds %v, %v", held, err)
		}
		for _, c := range []struct {
			session *idp.Session
			grant   *idp.Grant
			live    bool
		}{{theirs, granted, false}, {others, othersToo, true}} {
			s, err := storage.Get[idp.Session](tx, c.session.ID())
			if err != nil {
				return err
			}
			g, err := storage.Get[idp.Grant](tx, c.grant.ID())
			if err != nil {
				return err
			}
			if s.Live(guest, t0.Add(2)) != c.live || (g.Check(guest, t0.Add(2)) == 0) != c.live {
				t.Errorf("live %t: %+v, %d", c.live, s, g.Check(guest, t0.Add(2)))
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFromOutside(t *testing.T) {
	t.Parallel()
	c := contoso()
	c.Domains = append(c.Domains, "xn--bcher-kva.example")
	for name, want := range map[string]bool{
		"anna@fabrikam.example":                      true,
		"ANNA@Fabrikam.EXAMPLE.":                     true,
		"anna@sub.contoso.example":                   true,
		"anna@contosox.example":                      true,
		"anna@strasse.example":                       true,
		"anna@contoso.example":                       false,
		"anna@CONTOSO.Example":                       false,
		"ａｎｎａ＠ｃｏｎｔｏｓｏ.example":                       false,
		"anna@bücher.example":                        false,
		"anna@BÜCHER.example":                        false,
		"gast_fabrikam.example#ext#@contoso.example": false,
		"anna":                    false,
		"":                        false,
		"@fabrikam.example":       false,
		"anna b@fabrikam.example": false,
		annaID:                    false,
		"\xff@fabrikam.example":   false,
	} {
		if got := idp.FromOutside(c, name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}
