package authmethods

import (
	"context"
	"crypto/rand"
	"time"

	"latchkey/idp"
)

// Upstream speaks with providers elsewhere. Its errors are *idp.UpstreamError.
type Upstream interface {
	// Authorize is the address, without a state, at which somebody signs in there.
	Authorize(ctx context.Context, now time.Time, f *idp.Federation, a idp.UpstreamRequest) (string, error)
	// Redeem is what the provider says about who came back.
	Redeem(ctx context.Context, now time.Time, t *idp.Tenant, f *idp.Federation, r idp.UpstreamReturn) (*idp.Outside, error)
}

// federation is a redirect to the provider that a domain is federated with: the tenant's own
// domain, or one that guests come from.
type federation struct {
	keys   *idp.Keyring
	up     Upstream
	base   string // URL of the deployment
	guests bool
}

func (m federation) Info() idp.Info {
	i := idp.Info{
		Kind: idp.FederatedDomain, Name: "Federated", ACRs: []string{idp.ACRMFA, idp.ACRFederated}, MFA: true, Elsewhere: true,
		Unguessable: true, Again: "federation.again", Other: "federation.other", Held: idp.HeldIdentities,
	}
	if m.guests {
		i.Kind, i.Name, i.Source = idp.GuestProvider, "Federated guest", idp.SourceProvider
	}
	return i
}

// InfoFor leaves out what the provider's word is not taken for.
func (m federation) InfoFor(s idp.Subject) idp.Info {
	i := m.Info()
	if f := s.Doors.Federation; f == nil || f.MFA == idp.MFARejected {
		i.ACRs, i.MFA = []string{idp.ACRFederated}, false
	}
	return i
}

func (m federation) Offer(s idp.Subject) idp.Reason {
	why := s.Doors.FederatesOwn()
	if m.guests {
		why = s.Doors.FederatesGuests()
	}
	switch {
	case s.User != nil && m.guests && !s.User.Type.External():
		return idp.InsideUser
	case why != idp.Offered || s.User == nil:
		return why
	case s.User.Type.External() && !m.guests:
		return idp.NotFederated
	case s.Doors.Federation.Linking == idp.LinkByAdmin && identityOf(s, s.Doors.Federation.FederationID) == nil:
		return idp.NoCredential
	case m.guests:
		return idp.RedemptionOf(s.Policy, s.User, s.Doors, idp.NoMail).Of(idp.SourceProvider)
	}
	return idp.Offered
}

// identityOf is whom a subject is at a provider, nil if nobody yet.
func identityOf(s idp.Subject, provider string) *idp.Identity {
	for _, c := range s.Credentials {
		if i := c.(*idp.Identity); i.Provider == provider {
			return i
		}
	}
	return nil
}

// secretBytes is how long the secret of a question that is answered elsewhere is.
const secretBytes = 32

// newSecret draws one: nonce and PKCE verifier are made of it, and vouchers sealed for it.
func newSecret() []byte {
	secret := make([]byte, secretBytes)
	rand.Read(secret) // never fails: crypto/rand ends the process instead
	return secret
}

// Begin finds out where the person is to be sent. A provider that cannot be asked is told of
// on the same page, beside the other ways.
func (m federation) Begin(ctx context.Context, s idp.Subject) (idp.Prompt, error) {
	f := s.Doors.Federation
	if f == nil {
		return idp.Prompt{Page: "federated"}, &idp.Refusal{Problem: "federation.off", Detail: string(idp.NotFederated)}
	}
	p := idp.Prompt{Page: "federated", Fields: map[string]string{"name": f.Name, "provider": f.FederationID}}
	if s.Wants.For != "" && f.Issuer == m.base+"/"+s.Wants.For+"/v2.0" { // who sends them here is who signs them in
		return p, &idp.Refusal{Problem: "federation.circle", Detail: "the person comes from the organization that the domain is federated with"}
	}
	if f.Disabled {
		return p, &idp.Refusal{Problem: "federation.off", Detail: string(idp.ProviderDisabled)}
	}
	p.Secret = newSecret()
	url, err := m.up.Authorize(ctx, s.Now, f, m.ask(s, p))
	if err != nil {
		return p, refusalOf(err)
	}
	p.Fields["url"] = url
	return p, nil
}

func (m federation) ask(s idp.Subject, p idp.Prompt) idp.UpstreamRequest {
	f := s.Doors.Federation
	a := idp.UpstreamRequest{
		RedirectURI: m.base + f.CallbackPath(s.Tenant.TenantID), Secret: p.Secret, LoginHint: f.Hint(s.Name),
		Since: s.Wants.Since, Anew: s.Wants.Anew,
	}
	if s.Wants.MFA {
		a.ACRValues = f.MFAClasses
	}
	return a
}

// Verify takes what the browser brings back from the provider.
func (m federation) Verify(ctx context.Context, s idp.Subject, p idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	f := s.Doors.Federation
	switch {
	case f == nil || f.Disabled || f.FederationID != a["provider"]:
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.off", Detail: "the provider is disabled, or another than was asked"}
	case a["error"] == "access_denied":
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.cancelled", Detail: "the provider answered access_denied"}
	case a["error"] != "":
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.failed", Detail: "the provider answered an error: " + printable(a["error"])}
	case a["code"] == "" || len(p.Secret) != secretBytes:
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.refused", Detail: "the provider answered with neither a code nor an error"}
	}
	o, err := m.up.Redeem(ctx, s.Now, s.Tenant, f, idp.UpstreamReturn{UpstreamRequest: m.ask(s, p), Code: a["code"], Issuer: a["iss"]})
	if err != nil {
		return idp.Verdict{}, refusalOf(err)
	}
	return idp.Verdict{Proof: m.proof(s, f, o), Outside: o}, nil
}

// printable is an error code of a provider's, without what could be anything else (RFC 6749
// 4.1.2.1).
func printable(code string) string {
	out := []byte{}
	for _, b := range []byte(code) {
		if b > ' ' && b <= '~' && len(out) < 60 {
			out = append(out, b)
		}
	}
	return string(out)
}

// proof is worth what was agreed with the provider, and ends with it.
func (m federation) proof(s idp.Subject, f *idp.Federation, o *idp.Outside) idp.Proof {
	p := idp.Proof{
		Method: m.Info().Kind, At: s.Now, AMR: []string{"fed"}, ACR: idp.ACRFederated,
		NotAfter: o.Expires, Rests: []string{f.FederationID}, Issuer: o.Issuer,
	}
	if o.SessionID != "" {
		p.Rests = append(p.Rests, idp.ElsewhereKey(f.FederationID, o.SessionID))
	}
	if !o.Expires.IsZero() {
		p.EndsAs = idp.NoSession
	}
	if o.AuthTime.Before(s.Now) {
		p.Authenticated, p.Undated = o.AuthTime, o.AuthTime.IsZero()
	}
	if f.CountsMFA(o) {
		p.AMR, p.ACR, p.MFA = []string{"fed", "mfa"}, idp.ACRMFA, true
	}
	if f.SignOut {
		p.KeepIDToken(m.keys, s.Tenant.TenantID, o.IDToken)
	}
	return p
}

// faults are what people are told about a provider elsewhere.
var faults = map[idp.UpstreamFault]string{
	idp.UpstreamDown: "federation.down", idp.UpstreamRefused: "federation.refused",
	idp.UpstreamRejected: "federation.rejected", idp.UpstreamStale: "federation.stale",
}

// refusalOf is for the person and the log; any other error is a fault of ours.
func refusalOf(err error) error {
	e, ok := err.(*idp.UpstreamError)
	if !ok {
		return err
	}
	return &idp.Refusal{Problem: faults[e.Kind], Detail: e.Error()}
}
