package authmethods

import (
	"context"
	"slices"

	"latchkey/idp"
)

// authenticator is sign-in by a device that its holder has: it asks them, and they show by a
// number that they see the sign-in page. A key on the device answers, after it has verified
// them. It is not resistant to phishing, and nothing here says so.
type authenticator struct{ host bool } // the deployment has a host name that devices can be verified for

func (m authenticator) Info() idp.Info {
	i := idp.Info{
		Kind: idp.AuthenticatorMethod, Name: idp.AuthenticatorName, ACRs: []string{idp.ACRMFA}, MFA: true, Passwordless: true,
		Unguessable: true, Held: idp.HeldAuthenticators, Again: "number.again",
	}
	if !m.host { // what nobody can reach here is not announced
		i.ACRs = nil
	}
	return i
}

func (m authenticator) Offer(s idp.Subject) idp.Reason {
	policy := s.Policy.Authenticator
	switch {
	case !m.host:
		return idp.Unavailable
	case !policy.Enabled:
		return idp.MethodDisabled
	case s.User == nil:
		return idp.Offered
	}
	why := policy.Allows(s.User, s.Again)
	if why != idp.Offered {
		return why
	}
	why = idp.NoCredential
	for _, c := range s.Credentials {
		if why = c.(*idp.Authenticator).Usable(policy, s.User, s.Now); why == idp.Offered {
			break
		}
	}
	return why
}

// Mode is by the policy.
func (authenticator) Mode(s idp.Subject, want idp.AskMode, careful bool) idp.AskMode {
	return s.Policy.Authenticator.Mode(want, careful)
}

// Begin offers to send a request: nobody's device is asked before somebody presses a button.
func (authenticator) Begin(_ context.Context, s idp.Subject) (idp.Prompt, error) {
	p := idp.Prompt{Page: "number-send", Fields: map[string]string{}}
	if slices.Contains(s.Policy.Authenticator.Ask, idp.AskScan) {
		p.Fields["scan"] = "true"
	}
	return p, nil
}

// Verify judges what became of the request. Who sees the page can do nothing to it.
func (m authenticator) Verify(_ context.Context, s idp.Subject, _ idp.Prompt, _ idp.Answer) (idp.Verdict, error) {
	if s.Request == nil || s.User == nil || s.Request.UserID != s.User.UserID || s.Request.StateAt(s.Now) != idp.RequestApproved {
		return idp.Verdict{}, &idp.Refusal{Problem: "number.expired", Detail: "nothing was approved"}
	}
	gone := &idp.Refusal{Problem: "number.removed", Detail: "the device was removed after it approved"}
	for _, c := range s.Credentials {
		d := c.(*idp.Authenticator)
		if d.AuthenticatorID != s.Request.AuthenticatorID {
			continue
		}
		if r := m.refuses(s, d); r != nil {
			return idp.Verdict{}, r
		}
		return idp.Verdict{Proof: m.proof(s, d), Settle: m.settle, Gone: gone}, nil
	}
	return idp.Verdict{}, gone
}

// proof is worth two factors: a key that is kept by software, and the holder whom the device
// verified (RFC 8176). That the key of the verifier may be in hardware, nobody vouches for.
func (authenticator) proof(s idp.Subject, d *idp.Authenticator) idp.Proof {
	return idp.Proof{
		Method: idp.AuthenticatorMethod, Credential: d.AuthenticatorID, At: s.Now,
		AMR: []string{"mfa", "pop", "swk", "user"}, ACR: idp.ACRMFA, MFA: true,
	}
}

// settle looks at the device and the policy again as they are when the session is stored.
func (m authenticator) settle(s idp.Subject, c idp.Credential) error {
	d := c.(*idp.Authenticator)
	if r := m.refuses(s, d); r != nil {
		return r
	}
	d.LastUsedAt = s.Now
	return nil
}

func (authenticator) refuses(s idp.Subject, d *idp.Authenticator) *idp.Refusal {
	why := s.Policy.Authenticator.Allows(s.User, s.Again)
	if why == idp.Offered {
		why = d.Usable(s.Policy.Authenticator, s.User, s.Now)
	}
	if why == idp.Offered {
		return nil
	}
	return &idp.Refusal{Told: idp.PhoneBlocked, Logged: idp.PhoneBlocked, Detail: string(why)}
}
