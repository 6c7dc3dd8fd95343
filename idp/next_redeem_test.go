package idp_test

import (
	"reflect"
	"testing"
	"time"

	"latchkey/idp"
)

var (
	mailInfo = idp.Info{Kind: idp.EmailCode, ACRs: []string{idp.ACREmail}, Source: idp.SourceMail}
	redeem   = idp.Decision{Step: idp.RedeemStep}
	askMail  = idp.Decision{Step: idp.Ask, Method: idp.EmailCode}
)

// mailed is a pending guest who has just signed in by code, to an app that has consent.
func mailed(f *idp.Facts) {
	p := idp.Proof{Method: idp.EmailCode, Credential: "box", At: f.Now, NotAfter: f.Now.Add(idp.GuestSession), ACR: idp.ACREmail, AMR: []string{"otp"}}
	f.Session = idp.NewSession(contoso(), annaID, idp.NewToken(idp.SessionSecret), p)
	f.SessionUser = fromOutside(annaID, "anna@fabrikam.example")
	f.SessionUser.External.State = idp.PendingAcceptance
	f.User, f.Identifier = f.SessionUser, "anna@fabrikam.example"
	f.Offers = mailOffers(idp.ExternalUser, idp.Offered)
}

func mailOffers(pass, mail idp.Reason) []idp.Offer {
	return []idp.Offer{{Info: passInfo, Reason: pass}, {Info: keyInfo, Reason: idp.NoCredential}, {Info: mailInfo, Reason: mail}}
}

// TestNextRedeems: who was invited accepts before anything else is asked or given.
func TestNextRedeems(t *testing.T) {
	t.Parallel()
	pending := refuse("interaction_required", 50014)
	for _, c := range []nextRow{
		{"pending", func(*idp.Facts) {}, redeem},
		{"pending, own page", func(f *idp.Facts) { f.Request, f.Client = nil, nil }, redeem},
		{"pending, for a trusted client", func(f *idp.Facts) { f.Client.Trusted = true }, redeem},
		{"pending, an old session", func(f *idp.Facts) { f.StartedAt = f.Now.Add(1); f.Identifier, f.User = "", nil }, redeem},
		{"pending, consent missing", func(f *idp.Facts) { f.Consented = nil }, redeem},
		{"pending, consent asked for", func(f *idp.Facts) { f.Request.Prompt = []string{"consent"} }, redeem},
		{"pending, consent just given", func(f *idp.Facts) { f.Allowed = true }, redeem},
		{"pending, account to be chosen", func(f *idp.Facts) { f.StartedAt = f.Now.Add(1); f.Request.Prompt = []string{"select_account"} }, redeem},
		{"pending, must register", func(f *idp.Facts) { f.Interrupt, f.Enrolable = idp.MustRegister, idp.PasskeyMethod }, redeem},
		{"pending, may register", func(f *idp.Facts) { f.Interrupt, f.Enrolable = idp.MayRegister, idp.PasskeyMethod }, redeem},
		{"pending, came to register", func(f *idp.Facts) { f.Enrol = idp.PasskeyMethod }, redeem},
		{"pending, has registered", func(f *idp.Facts) { f.Registered = true }, redeem},
		{"pending, silent", none, pending},
		{"pending, silent, consent missing", func(f *idp.Facts) { none(f); f.Consented = nil }, pending},
		{"pending, silent, account to be chosen", func(f *idp.Facts) { f.Request.Prompt = []string{"none", "select_account"} }, pending},
		{"pending, silent, the session is over", func(f *idp.Facts) { none(f); f.Session.End(f.Now, idp.NoSession) }, login},
		{"pending, the session is over", func(f *idp.Facts) { f.Session.End(f.Now, idp.NoSession) }, askMail},
		{"pending, a day later", func(f *idp.Facts) { f.Now = f.Now.Add(idp.GuestSession) }, askMail},
		{"pending, a nanosecond before", func(f *idp.Facts) { f.Now = f.Now.Add(idp.GuestSession - 1) }, redeem},
		{"pending, another is wanted", func(f *idp.Facts) {
			f.Request.Subject = bobID
			f.Identifier, f.User = "", nil
			f.StartedAt = f.Now.Add(1)
		}, who},
		{"pending, more is asked than a code gives", func(f *idp.Facts) { essential(f, idp.ACRPhishing) }, unmet},
		{"pending, what a code gives is asked", func(f *idp.Facts) { essential(f, idp.ACREmail) }, redeem},
		{"pending, not signed in yet", func(f *idp.Facts) { f.Session, f.SessionUser = nil, nil }, askMail},

		{"accepted", accepted, issue},
		{"accepted, own page", func(f *idp.Facts) { accepted(f); f.Request, f.Client = nil, nil }, issue},
		{"accepted, silent", func(f *idp.Facts) { accepted(f); none(f) }, issue},
		{"accepted, consent missing", func(f *idp.Facts) { accepted(f); f.Consented = nil }, consent("openid", "profile")},
		{"accepted, must register, but cannot prove more", func(f *idp.Facts) { accepted(f); f.Interrupt, f.Enrolable = idp.MustRegister, idp.PasskeyMethod }, issue},
		{"accepted, a page for the strong", func(f *idp.Facts) { accepted(f); f.Request, f.Client, f.Strong = nil, nil, true }, refuse("unmet_authentication_requirements", idp.StrongerNeeded)},
		{"accepted, phr asked for voluntarily", func(f *idp.Facts) { accepted(f); f.Request.ACRValues = []string{idp.ACRPhishing} }, issue},
		{"accepted, mfa asked for", func(f *idp.Facts) { accepted(f); essential(f, idp.ACRMFA) }, unmet},
		{"accepted, a password's class asked for", func(f *idp.Facts) { accepted(f); essential(f, idp.ACRPassword) }, unmet},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := signedIn()
			mailed(&f)
			c.change(&f)
			got := idp.Next(f)
			if got.Offers, got.Realm = nil, (idp.Realm{}); len(got.Missing) == 0 {
				got.Missing = nil
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func accepted(f *idp.Facts) { f.SessionUser.External.Accept(idp.SourceMail, t0) }

// TestGuestsDay: a sign-in by code lasts a day from then on, whatever the tenant's sessions
// last and whatever follows, and so does all that is granted. It never stands for more than
// one factor.
func TestGuestsDay(t *testing.T) {
	t.Parallel()
	long := contoso()
	long.SessionLifetime = idp.MaxSessionLifetime
	code := func(at time.Time) idp.Proof {
		return idp.Proof{Method: idp.EmailCode, Credential: "box", At: at, NotAfter: at.Add(idp.GuestSession), EndsAs: idp.GrantExpired, ACR: idp.ACREmail, AMR: []string{"otp"}}
	}
	check := func(what string, s *idp.Session, ends time.Time) {
		t.Helper()
		g := idp.NewGrant(s, &idp.AuthRequest{Scopes: []string{"openid"}}, s.AuthTime())
		if !s.NotAfter.Equal(ends) || s.EndsAs != idp.GrantExpired || g.NotAfter.After(ends) {
			t.Errorf("%s: ends %s as %d, the grant %s; want %s", what, s.NotAfter, s.EndsAs, g.NotAfter, ends)
		}
		if s.MFA() || s.Strong(s.AuthTime()) {
			t.Errorf("%s: stands for more than one factor", what)
		}
	}
	s := idp.NewSession(long, annaID, "ss_0", code(t0))
	check("one code", s, t0.Add(24*time.Hour))
	s.Renew("ss_1", code(t0.Add(23*time.Hour)))
	check("another one", s, t0.Add(24*time.Hour))
	s = idp.NewSession(long, annaID, "ss_2", idp.Proof{Method: idp.PasswordMethod, Credential: "word", At: t0, ACR: idp.ACRPassword})
	s.Renew("ss_3", code(t0.Add(time.Hour)))
	check("after a password", s, t0.Add(25*time.Hour))
}
