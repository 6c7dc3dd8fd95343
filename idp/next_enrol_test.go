package idp_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

var (
	wordInfo = idp.Info{Kind: idp.PasswordMethod, ACRs: []string{idp.ACRPassword}}
	askWord  = idp.Decision{Step: idp.Ask, Method: idp.PasswordMethod}
	toldOf   = idp.Decision{Step: idp.Enrolled}
	tooWeak  = refuse("unmet_authentication_requirements", idp.StrongerNeeded)
)

func enrol(k idp.Kind, must bool) idp.Decision {
	return idp.Decision{Step: idp.EnrolStep, Method: k, Must: must}
}

// threeOffers is what pass, passkey and password say.
func threeOffers(pass, key, word idp.Reason) []idp.Offer {
	return append(offers(pass, key), idp.Offer{Info: wordInfo, Reason: word})
}

// ownPage is one of our own pages that Anna opens, with proofs of her session so old.
func ownPage(f *idp.Facts, proofs ...idp.Proof) {
	f.Request, f.Client = nil, nil
	f.Session.Proofs = proofs
}

// before is a time before the sign-in, after one since it began.
func before(d time.Duration) time.Time { return t0.Add(time.Minute - d) }

var since = t0.Add(time.Second)

const none3 = idp.NoCredential

// strongRows: pages that need a strong proof of the last minutes.
func strongRows() []nextRow {
	const m = time.Minute
	strong := func(f *idp.Facts, o []idp.Offer, proofs ...idp.Proof) {
		ownPage(f, proofs...)
		f.Strong, f.Offers = true, o
	}
	return []nextRow{
		{"strong: a passkey of just now", func(f *idp.Facts) { strong(f, threeOffers(none3, "", ""), byPasskey(before(5*m-1))) }, issue},
		{"strong: a passkey of 5 minutes ago", func(f *idp.Facts) { strong(f, threeOffers(none3, "", ""), byPasskey(before(5*m))) }, askKey},
		{"strong: an old session, a pass stands first", func(f *idp.Facts) { strong(f, threeOffers("", "", ""), byPasskey(before(time.Hour))) }, ask},
		{"strong: a password alone is no way", func(f *idp.Facts) { strong(f, threeOffers(none3, none3, ""), byPassword(before(m))) }, tooWeak},
		{"strong: a passkey beside the password", func(f *idp.Facts) { strong(f, threeOffers(none3, "", ""), byPassword(before(m))) }, askKey},
		{"strong: nothing is left", func(f *idp.Facts) { strong(f, threeOffers(none3, none3, none3), byPass(before(10*m), time.Hour)) }, tooWeak},
		{"strong: the window of a one-time pass", func(f *idp.Facts) { strong(f, threeOffers(none3, none3, none3), byOnce(before(10*m-1))) }, issue},
		{"strong: the window has closed", func(f *idp.Facts) { strong(f, threeOffers(none3, none3, none3), byOnce(before(10*m))) }, tooWeak},
		{"strong: nobody is signed in", func(f *idp.Facts) {
			strong(f, threeOffers(none3, none3, ""), byPassword(before(m)))
			f.Session, f.SessionUser = nil, nil
		}, who},
		{"strong: the session has ended", func(f *idp.Facts) {
			strong(f, threeOffers(none3, "", ""), byPasskey(before(m)))
			f.Session.End(t0, idp.NoSession)
		}, who},
		{"strong: another person is wanted", func(f *idp.Facts) {
			strong(f, threeOffers(none3, "", ""), byPasskey(before(m)))
			typed(f, bob(), threeOffers(none3, none3, ""))
		}, askWord},
		{"strong: another account", func(f *idp.Facts) {
			strong(f, threeOffers(none3, none3, ""), byPassword(before(m)))
			f.Another = true
		}, who},
		{"strong: another way chosen", func(f *idp.Facts) {
			strong(f, threeOffers("", "", ""), byPasskey(before(time.Hour)))
			f.Chosen = idp.PasskeyMethod
		}, askKey},
		{"strong: answered with a passkey that did not do", func(f *idp.Facts) {
			p := byPasskey(since)
			p.MFA = false
			strong(f, threeOffers(none3, "", ""), p)
		}, tooWeak},
		{"not strong: an old password will do", func(f *idp.Facts) { ownPage(f, byPassword(before(time.Hour))) }, issue},
		{"strong is of our own pages", func(f *idp.Facts) { f.Strong = true }, issue},
	}
}

// proveRows: what was just registered is asked for, so that the older proof is left behind.
func proveRows() []nextRow {
	prove := func(f *idp.Facts, key idp.Reason) {
		f.Prove, f.Account, f.Offers = idp.PasskeyMethod, true, threeOffers("", key, "")
		f.Session.Proofs = []idp.Proof{byOnce(since)}
	}
	return []nextRow{
		{"prove: not yet", func(f *idp.Facts) { prove(f, "") }, askKey},
		{"prove: without a word of the account", func(f *idp.Facts) { prove(f, ""); f.Account = false }, askKey},
		{"prove: on our own pages", func(f *idp.Facts) { prove(f, ""); f.Request, f.Client = nil, nil }, askKey},
		{"prove: a passkey from before this sign-in", func(f *idp.Facts) { prove(f, ""); f.Session.Proofs = append(f.Session.Proofs, byPasskey(t0.Add(-1))) }, askKey},
		{"prove: a passkey of this sign-in", func(f *idp.Facts) { prove(f, ""); f.Session.Proofs = []idp.Proof{byPasskey(t0)} }, issue},
		{"prove: another way chosen", func(f *idp.Facts) { prove(f, ""); f.Chosen = idp.TemporaryAccessPass }, ask},
		{"prove: nobody is signed in", func(f *idp.Facts) { prove(f, ""); f.Account, f.Session, f.SessionUser = false, nil, nil }, who},
		{"prove: silently", func(f *idp.Facts) { prove(f, ""); none(f) }, login},
	}
}

// enrolRows: what is registered before the person goes on.
func enrolRows() []nextRow {
	const key = idp.PasskeyMethod
	signed := func(f *idp.Facts) { f.Session.Proofs = []idp.Proof{byOnce(since)} }
	asked := func(f *idp.Facts, i idp.Interrupt) { signed(f); f.Interrupt, f.Enrolable = i, key }
	came := func(f *idp.Facts, proofs ...idp.Proof) {
		ownPage(f, proofs...)
		f.Strong, f.Enrol, f.Offers = true, key, threeOffers(none3, "", none3)
	}
	return []nextRow{
		{"enrol: came to register", func(f *idp.Facts) { came(f, byOnce(before(time.Minute))) }, enrol(key, false)},
		{"enrol: came with an old sign-in", func(f *idp.Facts) { came(f, byPasskey(before(time.Hour))) }, askKey},
		{"enrol: came with a password", func(f *idp.Facts) { came(f, byPassword(since)); f.Offers = threeOffers(none3, none3, "") }, tooWeak},
		{"enrol: came, and says not now", func(f *idp.Facts) { came(f, byOnce(since)); f.Later = true }, enrol(key, false)},
		{"enrol: came, nobody is signed in", func(f *idp.Facts) { came(f); f.Session, f.SessionUser = nil, nil }, who},

		{"may register", func(f *idp.Facts) { asked(f, idp.MayRegister) }, enrol(key, false)},
		{"may register, not now", func(f *idp.Facts) { asked(f, idp.MayRegister); f.Later = true }, issue},
		{"must register", func(f *idp.Facts) { asked(f, idp.MustRegister) }, enrol(key, true)},
		{"must register, not now", func(f *idp.Facts) { asked(f, idp.MustRegister); f.Later = true }, enrol(key, true)},
		{"must register, on our own pages", func(f *idp.Facts) { asked(f, idp.MustRegister); f.Request, f.Client = nil, nil }, enrol(key, true)},
		{"must register, silently", func(f *idp.Facts) { asked(f, idp.MustRegister); none(f) }, issue},
		{"must register, signed in before", func(f *idp.Facts) { asked(f, idp.MustRegister); f.Session.Proofs[0] = byOnce(t0.Add(-1)) }, enrol(key, true)},
		{"must register, but has a password alone", func(f *idp.Facts) { asked(f, idp.MustRegister); f.Session.Proofs[0] = byPassword(since) }, issue},
		{"must register, but the window has closed", func(f *idp.Facts) { asked(f, idp.MustRegister); f.Now = since.Add(10 * time.Minute) }, issue},
		{"must register, before leave is asked for", func(f *idp.Facts) { asked(f, idp.MustRegister); f.Consented = nil }, enrol(key, true)},
		{"must register, but must sign in first", func(f *idp.Facts) { asked(f, idp.MustRegister); typed(f, bob(), f.Offers) }, ask},
		{"is not asked to register", func(f *idp.Facts) { asked(f, idp.NoInterrupt) }, issue},

		{"registered: with a pass", func(f *idp.Facts) { signed(f); f.Registered = true }, toldOf},
		{"registered: silently", func(f *idp.Facts) { signed(f); f.Registered = true; none(f) }, issue},
		{"registered: what it rests on has no end", func(f *idp.Facts) { f.Registered, f.Session.Proofs = true, []idp.Proof{byPasskey(since)} }, issue},
		{"registered: on our own pages", func(f *idp.Facts) { signed(f); f.Registered, f.Request, f.Client = true, nil, nil }, issue},
		{"registered: told before leave is asked for", func(f *idp.Facts) { signed(f); f.Registered, f.Consented = true, nil }, toldOf},
		{"registered: and asked no more", func(f *idp.Facts) { asked(f, idp.MustRegister); f.Registered = true }, toldOf},
	}
}

// pretendRows: what names are asked for that hold nothing, and what people prefer.
func pretendRows() []nextRow {
	prefers := func(f *idp.Facts, k idp.Kind, o []idp.Offer) {
		u := bob()
		u.Preferred = k
		typed(f, u, o)
	}
	same := func(r idp.Reason) []idp.Offer { return threeOffers(r, r, r) }
	return []nextRow{
		{"pretends to hold a passkey", func(f *idp.Facts) { typed(f, nil, same(idp.UnknownUser)); f.Pretended = idp.PasskeyMethod }, askKey},
		{"pretends to hold a pass", func(f *idp.Facts) { typed(f, nil, same(idp.UnknownUser)); f.Pretended = idp.TemporaryAccessPass }, ask},
		{"pretends nothing", func(f *idp.Facts) { typed(f, nil, same(idp.UnknownUser)) }, ask},
		{"holds nothing", func(f *idp.Facts) { typed(f, bob(), same(none3)); f.Pretended = idp.PasskeyMethod }, askKey},
		{"is disabled", func(f *idp.Facts) { typed(f, bob(), same(idp.DisabledUser)); f.Pretended = idp.PasskeyMethod }, askKey},
		{"holds something", func(f *idp.Facts) { typed(f, bob(), threeOffers(none3, none3, "")); f.Pretended = idp.PasskeyMethod }, askWord},
		{"chooses another way", func(f *idp.Facts) {
			typed(f, nil, same(idp.UnknownUser))
			f.Pretended, f.Chosen = idp.PasskeyMethod, idp.PasswordMethod
		}, askWord},

		{"prefers the password", func(f *idp.Facts) { prefers(f, idp.PasswordMethod, threeOffers(none3, "", "")) }, askWord},
		{"prefers the password, but has a pass", func(f *idp.Facts) { prefers(f, idp.PasswordMethod, threeOffers("", "", "")) }, ask},
		{"prefers what is not offered", func(f *idp.Facts) { prefers(f, idp.PasswordMethod, threeOffers(none3, "", idp.MethodDisabled)) }, askKey},
		{"prefers what there is not", func(f *idp.Facts) { prefers(f, "fax", threeOffers(none3, "", "")) }, askKey},
		{"prefers the password, but a class needs more", func(f *idp.Facts) {
			prefers(f, idp.PasswordMethod, threeOffers(none3, "", ""))
			f.Request.ACRValues = []string{idp.ACRMFA}
		}, askKey},
		{"prefers the password, signs in anew", func(f *idp.Facts) {
			f.SessionUser.Preferred, f.Offers = idp.PasswordMethod, threeOffers(none3, "", "")
			f.Request.Prompt, f.Account = []string{"login"}, true
		}, askWord},
		{"another's preference is not theirs", func(f *idp.Facts) {
			f.SessionUser.Preferred = idp.PasswordMethod
			typed(f, bob(), threeOffers(none3, "", ""))
		}, askKey},
	}
}

func TestNextEnrols(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(strongRows(), proveRows(), enrolRows(), pretendRows()) {
		t.Run(c.name, func(t *testing.T) {
			f := signedIn()
			c.change(&f)
			got := idp.Next(f)
			got.Offers, got.Missing, got.Realm = nil, nil, idp.Realm{}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestStrongPagesNeedProof: whatever the facts are, a page that needs a strong proof is
// shown to nobody who has not given one in time, and neither is a registration.
func TestStrongPagesNeedProof(t *testing.T) {
	t.Parallel()
	shown, kept := 0, 0
	for seed := range uint64(50_000) {
		r := random(seed)
		reason := func() idp.Reason { return pick(r, []idp.Reason{idp.Offered, idp.NoCredential}) }
		f := idp.Facts{
			Now: t0.Add(20 * time.Minute), StartedAt: t0.Add(time.Duration(r.Int64N(int64(20 * time.Minute)))), Strong: true,
			Offers: threeOffers(reason(), reason(), reason()), SessionUser: anna(),
			Account: r.IntN(2) == 0, Another: r.IntN(4) == 0, Later: r.IntN(2) == 0, Registered: r.IntN(2) == 0,
			Enrol: pick(r, []idp.Kind{"", idp.PasskeyMethod}), Prove: pick(r, []idp.Kind{"", "", idp.PasskeyMethod}),
			Interrupt: pick(r, []idp.Interrupt{idp.NoInterrupt, idp.MayRegister, idp.MustRegister}), Enrolable: idp.PasskeyMethod,
		}
		f.Session = &idp.Session{UserID: annaID, NotAfter: t0.Add(time.Duration(r.Int64N(int64(time.Hour))))}
		for range 1 + r.IntN(2) {
			f.Session.Proofs = append(f.Session.Proofs, randomProof(r))
		}
		slices.SortFunc(f.Session.Proofs, func(a, b idp.Proof) int { return a.At.Compare(b.At) })
		d := idp.Next(f)
		if d.Step != idp.Issue && d.Step != idp.EnrolStep && d.Step != idp.Enrolled {
			kept++
			continue
		}
		shown++
		if !f.Session.Strong(f.Now) || !f.Session.Live(f.SessionUser, f.Now) || f.Another {
			t.Fatalf("seed %d: %+v with %+v", seed, d, f.Session)
		}
	}
	if shown < 2000 || kept < 2000 {
		t.Errorf("%d shown, %d kept away: the test tests little", shown, kept)
	}
}
