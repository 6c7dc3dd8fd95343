package idp_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

var (
	passInfo = idp.Info{Kind: idp.TemporaryAccessPass, ACRs: []string{idp.ACRBootstrap}, MFA: true}
	keyInfo  = idp.Info{Kind: idp.PasskeyMethod, ACRs: []string{idp.ACRPhishing}, MFA: true}
)

// offers is what the two methods of these tests say about somebody.
func offers(pass, key idp.Reason) []idp.Offer {
	return []idp.Offer{{Info: passInfo, Reason: pass}, {Info: keyInfo, Reason: key}}
}

// session is Anna's, an hour old when a sign-in of these tests begins.
func session() *idp.Session {
	p := idp.Proof{Method: idp.TemporaryAccessPass, Credential: "pass-1", At: t0.Add(-time.Hour), ACR: idp.ACRBootstrap}
	return idp.NewSession(contoso(), annaID, idp.NewToken(idp.SessionSecret), p)
}

// signedIn is a request that Anna's session and consent satisfy.
func signedIn() idp.Facts {
	return idp.Facts{
		Now: t0.Add(time.Minute), StartedAt: t0,
		Client:  &idp.Client{ClientID: "web"},
		Request: &idp.AuthRequest{ClientID: "web", Scopes: []string{"openid", "profile"}, MaxAge: -1},
		Session: session(), SessionUser: anna(), Consented: []string{"openid", "profile"},
		Offers: offers(idp.Offered, idp.NoCredential),
	}
}

// fresh makes the session one of this sign-in.
func fresh(f *idp.Facts) { f.Session.Proofs[0].At = t0.Add(time.Second) }

func typed(f *idp.Facts, u *idp.User, o []idp.Offer) {
	f.Identifier, f.User, f.Offers, f.Another = "somebody@contoso.example", u, o, true
}

// nextRow is a change to signedIn and what it leads to.
type nextRow struct {
	name   string
	change func(*idp.Facts)
	want   idp.Decision
}

var (
	ask     = idp.Decision{Step: idp.Ask, Method: idp.TemporaryAccessPass}
	askKey  = idp.Decision{Step: idp.Ask, Method: idp.PasskeyMethod}
	issue   = idp.Decision{Step: idp.Issue}
	who     = idp.Decision{Step: idp.Identify}
	account = idp.Decision{Step: idp.Identify, Account: true}
	login   = refuse("login_required", idp.NoSession)
	unmet   = refuse("unmet_authentication_requirements", idp.StrongerNeeded)
)

func refuse(code string, sts idp.STS) idp.Decision {
	return idp.Decision{Step: idp.Refuse, Error: code, STS: sts}
}

func consent(missing ...string) idp.Decision {
	return idp.Decision{Step: idp.ConsentStep, Missing: missing}
}

func bob() *idp.User {
	return &idp.User{UserID: bobID, PrincipalName: "bob@contoso.example", Type: idp.Member}
}

func nobody() []idp.Offer { return offers(idp.UnknownUser, idp.UnknownUser) }

func none(f *idp.Facts) { f.Request.Prompt = []string{"none"} }

func essential(f *idp.Facts, acr string) {
	f.Request.ACRValues, f.Request.ACREssential = []string{acr}, true
}

// sessionRows: whether the session suits, and what prompt=none makes of it.
func sessionRows() []nextRow {
	return []nextRow{
		{"session suits", func(*idp.Facts) {}, issue},
		{"own page, session", func(f *idp.Facts) { f.Request, f.Client = nil, nil }, issue},
		{"own page, no session", func(f *idp.Facts) { f.Request, f.Client, f.Session, f.SessionUser = nil, nil, nil, nil }, who},
		{"no session", func(f *idp.Facts) { f.Session, f.SessionUser = nil, nil }, who},
		{"session over", func(f *idp.Facts) { f.Session.NotAfter = f.Now }, who},
		{"session has a nanosecond left", func(f *idp.Facts) { f.Session.NotAfter = f.Now.Add(1) }, issue},
		{"session ended", func(f *idp.Facts) { f.Session.End(t0, idp.NoSession) }, who},
		{"session's user gone", func(f *idp.Facts) { f.SessionUser = nil }, who},
		{"session's user disabled", func(f *idp.Facts) { f.SessionUser.Disabled = true }, who},
		{"session from before signing out everywhere", func(f *idp.Facts) { f.SessionUser.SessionsValidFrom = t0 }, who},

		{"none: session", none, issue},
		{"none: no session", func(f *idp.Facts) { none(f); f.Session, f.SessionUser = nil, nil }, login},
		{"none: too old", func(f *idp.Facts) { none(f); f.Request.MaxAge = 60 }, login},
		{"none: other user hinted at", func(f *idp.Facts) { none(f); typed(f, bob(), nobody()) }, login},
		{"none: other subject", func(f *idp.Facts) { none(f); f.Request.Subject = bobID }, login},
		{"none: consent missing", func(f *idp.Facts) { none(f); f.Consented = nil }, refuse("consent_required", idp.ConsentMissing)},
		{"none: essential class not reached", func(f *idp.Facts) { none(f); essential(f, idp.ACRPhishing) }, login},
		{"none: account selection", func(f *idp.Facts) { f.Request.Prompt = []string{"none", "select_account"} }, refuse("account_selection_required", idp.NoSession)},
	}
}

// promptRows: prompt and max_age.
func promptRows() []nextRow {
	return []nextRow{
		{"login: old session", func(f *idp.Facts) { f.Request.Prompt = []string{"login"} }, account},
		{"login: goes on with the account", func(f *idp.Facts) { f.Request.Prompt, f.Account = []string{"login"}, true }, ask},
		{"login: wants another account", func(f *idp.Facts) { f.Request.Prompt, f.Another = []string{"login"}, true }, who},
		{"login: typed the own name", func(f *idp.Facts) {
			f.Request.Prompt = []string{"login"}
			typed(f, anna(), f.Offers)
		}, ask},
		{"login: has just signed in", func(f *idp.Facts) { f.Request.Prompt = []string{"login"}; fresh(f) }, issue},
		{"login: signed in the moment it began", func(f *idp.Facts) { f.Request.Prompt = []string{"login"}; f.Session.Proofs[0].At = t0 }, issue},

		{"select_account", func(f *idp.Facts) { f.Request.Prompt = []string{"select_account"} }, account},
		{"select_account: hinted at the same", func(f *idp.Facts) {
			f.Request.Prompt = []string{"select_account"}
			typed(f, anna(), f.Offers)
			f.Another = false
		}, account},
		{"select_account: goes on with it", func(f *idp.Facts) { f.Request.Prompt, f.Account = []string{"select_account"}, true }, issue},
		{"select_account: typed the own name", func(f *idp.Facts) {
			f.Request.Prompt = []string{"select_account"}
			typed(f, anna(), f.Offers)
		}, issue},
		{"select_account: wants another", func(f *idp.Facts) { f.Request.Prompt, f.Another = []string{"select_account"}, true }, who},
		{"select_account: typed another", func(f *idp.Facts) {
			f.Request.Prompt = []string{"select_account"}
			typed(f, bob(), f.Offers)
		}, ask},
		{"select_account: has just signed in", func(f *idp.Facts) { f.Request.Prompt = []string{"select_account"}; fresh(f) }, issue},

		{"max_age: young enough", func(f *idp.Facts) { f.Request.MaxAge = 61 * 60 }, issue},
		{"max_age: a second too old", func(f *idp.Facts) { f.Request.MaxAge = 61*60 - 1 }, account},
		{"max_age 0", func(f *idp.Facts) { f.Request.MaxAge = 0 }, account},
		{"max_age 0, signed in since", func(f *idp.Facts) { f.Request.MaxAge = 0; fresh(f) }, issue},
		{"max_age 1, signed in since and read the page for long", func(f *idp.Facts) { f.Request.MaxAge = 1; fresh(f); f.Now = t0.Add(10 * time.Minute) }, issue},
	}
}

// classRows: acr_values and the essential acr claim.
func classRows() []nextRow {
	return []nextRow{
		{"acr reached", func(f *idp.Facts) { f.Request.ACRValues = []string{idp.ACRBootstrap} }, issue},
		{"acr reached by an earlier proof", func(f *idp.Facts) {
			f.Request.ACRValues = []string{idp.ACRBootstrap}
			f.Session.Proofs = append(f.Session.Proofs, idp.Proof{Method: idp.PasskeyMethod, ACR: idp.ACRPhishing, At: t0})
		}, issue},
		{"acr voluntary, out of reach", func(f *idp.Facts) { f.Request.ACRValues = []string{idp.ACRPhishing} }, issue},
		{"acr voluntary, within reach: step up", func(f *idp.Facts) {
			f.Request.ACRValues, f.Offers = []string{idp.ACRPhishing}, offers(idp.Offered, idp.Offered)
		}, askKey},
		{"acr essential, within reach: step up", func(f *idp.Facts) { essential(f, idp.ACRPhishing); f.Offers = offers(idp.Offered, idp.Offered) }, askKey},
		{"acr essential, no method has it", func(f *idp.Facts) { essential(f, idp.ACRHardware) }, unmet},
		{"acr essential, no method has it, nobody signed in", func(f *idp.Facts) { essential(f, idp.ACRHardware); f.Session, f.SessionUser = nil, nil }, unmet},
		{"acr essential, this user cannot: asked all the same", func(f *idp.Facts) { essential(f, idp.ACRPhishing) }, account},
		{"acr essential, this user cannot, after sign-in", func(f *idp.Facts) { essential(f, idp.ACRPhishing); fresh(f); typed(f, anna(), f.Offers) }, unmet},
		{"acr essential, other ways left after sign-in", func(f *idp.Facts) {
			essential(f, idp.ACRPhishing)
			fresh(f)
			typed(f, anna(), offers(idp.Offered, idp.Offered))
		}, askKey},
		{"acr essential, the method gave less than its best", func(f *idp.Facts) {
			essential(f, idp.ACRPhishing)
			f.Session.Proofs[0] = idp.Proof{Method: idp.PasskeyMethod, At: t0.Add(time.Second), ACR: idp.ACRMFA}
			typed(f, anna(), offers(idp.Offered, idp.Offered))
		}, unmet},
		{"acr voluntary, the method gave less than its best", func(f *idp.Facts) {
			f.Request.ACRValues = []string{idp.ACRPhishing}
			f.Session.Proofs[0] = idp.Proof{Method: idp.PasskeyMethod, At: t0.Add(time.Second), ACR: idp.ACRMFA}
			typed(f, anna(), offers(idp.Offered, idp.Offered))
		}, issue},
		{"acr voluntary decides what is asked first", func(f *idp.Facts) {
			f.Request.ACRValues, f.Session = []string{idp.ACRPhishing}, nil
			typed(f, anna(), offers(idp.Offered, idp.Offered))
		}, askKey},
	}
}

// personRows: whom the request or the person names.
func personRows() []nextRow {
	return []nextRow{
		{"id_token_hint names the session's user", func(f *idp.Facts) { f.Request.Subject = annaID }, issue},
		{"id_token_hint names another", func(f *idp.Facts) { f.Request.Subject = bobID }, who},
		{"id_token_hint names another, goes on all the same", func(f *idp.Facts) { f.Request.Subject, f.Account = bobID, true }, who},
		{"id_token_hint names another, who is typed", func(f *idp.Facts) { f.Request.Subject = bobID; typed(f, bob(), f.Offers) }, ask},
		{"id_token_hint names another than who signed in", func(f *idp.Facts) { f.Request.Subject = bobID; fresh(f); typed(f, anna(), f.Offers) }, login},

		{"login_hint other user", func(f *idp.Facts) { typed(f, bob(), f.Offers) }, ask},
		{"wants another account", func(f *idp.Facts) { f.Another = true }, who},
		{"unknown user", func(f *idp.Facts) { typed(f, nil, nobody()) }, ask},
		{"user without credentials", func(f *idp.Facts) { typed(f, bob(), offers(idp.NoCredential, idp.NoCredential)) }, ask},
		{"disabled user", func(f *idp.Facts) { typed(f, bob(), offers(idp.DisabledUser, idp.DisabledUser)) }, ask},
		{"only the second way is offered", func(f *idp.Facts) { typed(f, bob(), offers("the pass is Expired", idp.Offered)) }, askKey},
		{"first way wins", func(f *idp.Facts) { typed(f, bob(), offers(idp.Offered, idp.Offered)) }, ask},
		{"another way chosen", func(f *idp.Facts) { typed(f, bob(), offers(idp.Offered, idp.Offered)); f.Chosen = idp.PasskeyMethod }, askKey},
		{"a way that does not exist chosen", func(f *idp.Facts) { typed(f, bob(), offers(idp.Offered, idp.Offered)); f.Chosen = "fax" }, ask},
	}
}

// consentRows: leave for the app.
func consentRows() []nextRow {
	return []nextRow{
		{"consent missing", func(f *idp.Facts) { f.Consented = nil }, consent("openid", "profile")},
		{"consent covers a part", func(f *idp.Facts) { f.Consented = []string{"openid", "email"} }, consent("profile")},
		{"consent just given", func(f *idp.Facts) { f.Consented, f.Allowed = nil, true }, issue},
		{"trusted client", func(f *idp.Facts) { f.Client.Trusted, f.Consented = true, nil }, issue},
		{"consent asked for again", func(f *idp.Facts) { f.Request.Prompt = []string{"consent"} }, consent("openid", "profile")},
		{"consent asked for again, given", func(f *idp.Facts) { f.Request.Prompt, f.Allowed = []string{"consent"}, true }, issue},
		{"consent asked for by a trusted client", func(f *idp.Facts) { f.Request.Prompt, f.Client.Trusted = []string{"consent"}, true }, consent("openid", "profile")},
		{"consent asked for by a trusted client, given", func(f *idp.Facts) {
			f.Request.Prompt, f.Client.Trusted, f.Allowed = []string{"consent"}, true, true
		}, issue},
		{"device: asked each time, even for no scope", func(f *idp.Facts) { f.Request.Prompt, f.Request.Scopes = []string{"consent"}, nil }, consent()},
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(sessionRows(), promptRows(), classRows(), personRows(), consentRows()) {
		t.Run(c.name, func(t *testing.T) {
			f := signedIn()
			c.change(&f)
			got := idp.Next(f)
			if len(got.Offers) != len(f.Offers) {
				t.Errorf("%d offers explained, want %d", len(got.Offers), len(f.Offers))
			}
			got.Offers, got.Realm = nil, idp.Realm{}
			if got.Step != idp.ConsentStep || len(got.Missing) == 0 {
				got.Missing = nil
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestNextUnknownUser: nothing but the explanation, which is for administrators,
// tells nobody from somebody who holds nothing.
func TestNextUnknownUser(t *testing.T) {
	t.Parallel()
	for _, prompt := range []string{"", "login", "none", "select_account", "consent"} {
		for _, acr := range []string{"", idp.ACRBootstrap, idp.ACRPhishing, idp.ACRHardware} {
			for _, essential := range []bool{false, true} {
				f := signedIn()
				f.Session, f.SessionUser = nil, nil
				f.Request.Prompt, f.Request.ACREssential = []string{prompt}, essential
				if acr != "" {
					f.Request.ACRValues = []string{acr}
				}
				for _, f.Pretended = range []idp.Kind{"", idp.TemporaryAccessPass, idp.PasskeyMethod} {
					typed(&f, nil, offers(idp.UnknownUser, idp.UnknownUser))
					unknown := idp.Next(f)
					typed(&f, anna(), offers(idp.NoCredential, idp.NoCredential))
					f.User.Preferred = idp.PasskeyMethod
					known := idp.Next(f)
					unknown.Offers, known.Offers = nil, nil
					if !reflect.DeepEqual(unknown, known) {
						t.Errorf("prompt %q, acr %q: unknown %+v, known %+v", prompt, acr, unknown, known)
					}
				}
			}
		}
	}
}
