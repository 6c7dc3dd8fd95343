package idp_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

var allACRs = []string{idp.ACREmail, idp.ACRPassword, idp.ACRBootstrap, idp.ACRMFA, idp.ACRPhishing, idp.ACRHardware}

// TestProofReaches: what a proof is worth besides its own class. A code by mail, a
// pass and a password stand apart: none reaches another class, and nothing reaches theirs.
func TestProofReaches(t *testing.T) {
	t.Parallel()
	worth := map[string][]string{
		idp.ACRHardware:  {idp.ACRHardware, idp.ACRPhishing, idp.ACRMFA},
		idp.ACRPhishing:  {idp.ACRPhishing, idp.ACRMFA},
		idp.ACRMFA:       {idp.ACRMFA},
		idp.ACRBootstrap: {idp.ACRBootstrap},
		idp.ACRPassword:  {idp.ACRPassword},
		idp.ACREmail:     {idp.ACREmail},
		"":               nil,
	}
	for has, reached := range worth {
		p := idp.Proof{ACR: has}
		for _, want := range append(slices.Clone(allACRs), "", "1", "urn:x") {
			got := p.Reaches([]string{want})
			if slices.Contains(reached, want) && got != want || !slices.Contains(reached, want) && got != "" {
				t.Errorf("%q reaches %q for %q", has, got, want)
			}
		}
		if got := p.Reaches(nil); got != "" {
			t.Errorf("%q reaches %q for nothing", has, got)
		}
	}
	phishing := idp.Proof{ACR: idp.ACRPhishing}
	for want, list := range map[string][]string{
		idp.ACRMFA:      {idp.ACRHardware, idp.ACRMFA, idp.ACRPhishing}, // the request's order counts (OIDC Core 3.1.2.1)
		idp.ACRPhishing: {"", idp.ACRPassword, idp.ACRPhishing, idp.ACRMFA},
		"":              {"", idp.ACRHardware, idp.ACRBootstrap},
	} {
		if got := phishing.Reaches(list); got != want {
			t.Errorf("of %q: %q, want %q", list, got, want)
		}
	}
}

// proofs are those of somebody who has a password, then used a passkey, then a pass.
func proofs() []idp.Proof {
	return []idp.Proof{
		{Method: idp.PasswordMethod, Credential: "word", At: t0, AMR: []string{"pwd"}, ACR: idp.ACRPassword},
		{Method: idp.PasskeyMethod, Credential: "key", At: t0.Add(time.Minute), AMR: []string{"fido", "mfa"}, ACR: idp.ACRPhishing, MFA: true},
		{Method: idp.TemporaryAccessPass, Credential: "pass", At: t0.Add(2 * time.Minute), AMR: []string{"otp", "mfa"}, ACR: idp.ACRBootstrap, MFA: true},
	}
}

// TestAnswering: the session tells of the newest proof that reaches a class that was asked
// for, with that class, and so does a grant; otherwise of the newest.
func TestAnswering(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		want       []string
		credential string
		acr        string
	}{
		"nothing asked for":    {nil, "pass", idp.ACRBootstrap},
		"the newest":           {[]string{idp.ACRBootstrap}, "pass", idp.ACRBootstrap},
		"an older one":         {[]string{idp.ACRPhishing}, "key", idp.ACRPhishing},
		"a weaker class of it": {[]string{idp.ACRMFA}, "key", idp.ACRMFA},
		"the oldest":           {[]string{idp.ACRPassword}, "word", idp.ACRPassword},
		"the newest of two":    {[]string{idp.ACRPassword, idp.ACRPhishing}, "key", idp.ACRPhishing},
		"out of reach":         {[]string{idp.ACRHardware}, "pass", idp.ACRBootstrap},
		"the second asked for": {[]string{idp.ACRHardware, idp.ACRPhishing}, "key", idp.ACRPhishing},
	} {
		s := &idp.Session{SessionID: "s", UserID: annaID, NotAfter: t0.Add(time.Hour), Proofs: proofs()}
		p, acr := s.Answering(c.want)
		if p.Credential != c.credential || acr != c.acr {
			t.Errorf("%s: %s as %q, want %s as %q", name, p.Credential, acr, c.credential, c.acr)
		}
		req := &idp.AuthRequest{ClientID: "web", Scopes: []string{"openid"}, ACRValues: c.want, MaxAge: -1}
		made, bound := idp.NewGrant(s, req, t0.Add(3*time.Minute)), &idp.Grant{}
		bound.Bind(s, req, t0.Add(3*time.Minute))
		for _, g := range []*idp.Grant{made, bound} {
			if g.ACR != c.acr || !g.AuthTime.Equal(p.At) || !slices.Equal(g.AMR, p.AMR) || !slices.Equal(g.Credentials, []string{"word", "key", "pass"}) {
				t.Errorf("%s: %+v", name, g)
			}
		}
	}
}

// TestBindTellsOfARecentProof: an app that wants to hear of a new sign-in is not told of an
// older one, though that would reach its class.
func TestBindTellsOfARecentProof(t *testing.T) {
	t.Parallel()
	s := &idp.Session{SessionID: "s", UserID: annaID, NotAfter: t0.Add(time.Hour), Proofs: proofs()}
	now := s.AuthTime().Add(time.Second)
	for _, req := range []*idp.AuthRequest{
		{ACRValues: []string{idp.ACRPhishing}, MaxAge: 5},
		{ACRValues: []string{idp.ACRPhishing}, MaxAge: -1, Prompt: []string{"login"}},
	} {
		g := &idp.Grant{}
		g.Bind(s, req, now)
		if !g.AuthTime.Equal(s.AuthTime()) || g.ACR != s.Latest().ACR {
			t.Errorf("%+v is told of %v as %q", req, g.AuthTime, g.ACR)
		}
	}
}
