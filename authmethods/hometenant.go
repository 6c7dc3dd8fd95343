package authmethods

import (
	"context"

	"latchkey/idp"
)

// homeTenant is the sign-in of a guest at their own organization, which is a tenant of the same
// deployment. What it says comes as a voucher, by the browser.
type homeTenant struct{ keys *idp.Keyring }

func (homeTenant) Info() idp.Info {
	return idp.Info{
		Kind: idp.HomeTenant, Name: "Home organization", Source: idp.SourceHome, MFA: true, Elsewhere: true,
		ACRs:        []string{idp.ACRHardware, idp.ACRPhishing, idp.ACRMFA, idp.ACRBootstrap, idp.ACRFederated},
		Unguessable: true, Again: "federation.again", Other: "federation.other", Held: idp.HeldIdentities,
	}
}

// InfoFor leaves out what the home organization's word is not taken for.
func (m homeTenant) InfoFor(s idp.Subject) idp.Info {
	i := m.Info()
	if s.Doors.Home == nil || !s.Doors.Home.Partner.TrustsMFA() {
		i.ACRs, i.MFA = []string{idp.ACRFederated}, false
	}
	return i
}

func (m homeTenant) Offer(s idp.Subject) idp.Reason {
	switch why := s.Doors.OpensHome(); {
	case s.User == nil || why == idp.NoHomeTenant:
		return why
	case !s.User.Type.External():
		return idp.InsideUser
	}
	return idp.RedemptionOf(s.Policy, s.User, s.Doors, idp.NoMail).Of(idp.SourceHome)
}

// Begin names the organization; whoever draws the page knows the way there.
func (m homeTenant) Begin(_ context.Context, s idp.Subject) (idp.Prompt, error) {
	p := idp.Prompt{Page: "federated", Fields: map[string]string{}}
	if s.Doors.Home != nil {
		p.Fields["name"] = s.Doors.Home.Tenant.Name
	}
	if why := s.Doors.OpensHome(); why != idp.Offered {
		return p, &idp.Refusal{Problem: "federation.off", Detail: string(why)}
	}
	p.Fields["home"], p.Secret = s.Doors.Home.Tenant.TenantID, newSecret()
	return p, nil
}

// Verify takes the voucher.
func (m homeTenant) Verify(_ context.Context, s idp.Subject, p idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	if len(p.Secret) != secretBytes {
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.refused", Detail: "nothing was asked"}
	}
	v, err := idp.OpenVoucher(m.keys, s.Tenant.TenantID, p.Secret, a["voucher"])
	switch home := s.Doors.Home; {
	case err != nil:
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.refused", Detail: "no voucher for this question"}
	case !s.Now.Before(v.Ends):
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.refused", Detail: "the voucher is too old"}
	case s.Doors.OpensHome() != idp.Offered || home.Tenant.TenantID != v.Home:
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.off", Detail: "the voucher is of another organization than the address, or nobody may come from there"}
	case v.AuthTime.Before(s.Wants.Since.Add(-idp.Skew)):
		return idp.Verdict{}, &idp.Refusal{Problem: "federation.stale", Detail: "the person was not asked anew at home"}
	}
	return idp.Verdict{Proof: m.proof(s, v), Outside: v.Outside(s.Name)}, nil
}

// proof ends with what it rests on at home, and is worth what that is trusted for.
func (m homeTenant) proof(s idp.Subject, v idp.Voucher) idp.Proof {
	p := idp.Proof{
		Method: idp.HomeTenant, At: s.Now, NotAfter: v.NotAfter, EndsAs: v.EndsAs, AMR: []string{"fed"}, ACR: idp.ACRFederated,
		Rests: []string{v.Home, idp.ElsewhereKey(v.Home, v.SessionID)}, Issuer: v.Home,
	}
	if v.AuthTime.Before(s.Now) {
		p.Authenticated, p.Undated = v.AuthTime, v.AuthTime.IsZero()
	}
	if v.MFA && s.Doors.Home.Partner.TrustsMFA() {
		p.AMR, p.ACR, p.MFA = append(p.AMR, v.AMR...), v.ACR, true
	}
	return p
}
