package authmethods

import (
	"context"

	"latchkey/idp"
)

// tap is the Temporary Access Pass: a code from an administrator that stands for
// all factors until it ends.
type tap struct{ keys *idp.Keyring }

func (tap) Info() idp.Info {
	return idp.Info{
		Kind: idp.TemporaryAccessPass, Name: "Temporary Access Pass", ACRs: []string{idp.ACRBootstrap}, MFA: true,
		Held: idp.HeldPass,
	}
}

func (tap) Offer(s idp.Subject) idp.Reason {
	p := passOf(s)
	switch {
	case s.User == nil && s.Policy.TemporaryAccessPass.Enabled:
		return idp.Offered
	case s.User == nil:
		return idp.MethodDisabled
	case p == nil:
		return idp.NoCredential
	}
	switch why := p.Usability(s.Policy.TemporaryAccessPass, s.User, s.Now); why {
	case idp.EnabledByPolicy:
		return idp.Offered
	case idp.DisabledByPolicy:
		return blockedBecause(s)
	default:
		return idp.PassIs(why)
	}
}

// blockedBecause tells administrators which line of the policy blocks a pass.
func blockedBecause(s idp.Subject) idp.Reason {
	if why := s.Policy.TemporaryAccessPass.Bars(s.User); why != idp.Offered {
		return why
	}
	return idp.MultiUsePass
}

func (tap) Begin(context.Context, idp.Subject) (idp.Prompt, error) {
	return idp.Prompt{Page: "pass"}, nil
}

// Verify costs the same whether or not there is such a user or pass. Who types
// the right code of a pass that cannot be used is told why; who types a wrong
// code learns only that.
func (m tap) Verify(_ context.Context, s idp.Subject, _ idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	p := passOf(s)
	held := p
	if held == nil {
		held = &idp.Pass{}
	}
	code := idp.CanonicalPassCode(a["code"])
	right := m.keys.Verify(held.Verifier, s.Tenant.TenantID, held.UserID, held.Kind(), held.PassID, code)
	switch {
	case p == nil:
		return idp.Verdict{}, &idp.Refusal{Told: idp.PassWrong, Logged: idp.PassNotFound, Detail: absence(s), Wrong: true}
	case !right:
		return idp.Verdict{}, &idp.Refusal{Told: idp.PassWrong, Logged: idp.PassWrong, Detail: "wrong code", Wrong: true}
	}
	if r := p.Refusal(p.Usability(s.Policy.TemporaryAccessPass, s.User, s.Now)); r != nil {
		return idp.Verdict{}, r
	}
	return idp.Verdict{Proof: m.proof(p, s), Settle: settlePass, Gone: &idp.Refusal{Told: idp.PassWrong, Logged: idp.PassNotFound, Detail: gone}}, nil
}

// gone is why an answer is refused that was right when it was looked at.
const gone = "deleted or replaced while the answer was looked at"

func absence(s idp.Subject) string {
	if s.User == nil {
		return string(idp.UnknownUser)
	}
	return string(idp.NoCredential)
}

// proof carries the end of the pass into everything that comes from it.
func (m tap) proof(p *idp.Pass, s idp.Subject) idp.Proof {
	proof := idp.Proof{
		Method: idp.TemporaryAccessPass, Credential: p.PassID, At: s.Now,
		NotAfter: p.EndsAt(), EndsAs: idp.PassExpired,
		AMR: []string{"otp", "mfa"}, ACR: idp.ACRBootstrap, MFA: true,
	}
	if p.Once {
		proof.RegisterBy = s.Now.Add(idp.RegisterWindow)
	}
	return proof
}

// settlePass spends the pass as it stands when the session is stored, so that of
// parallel uses of a one-time pass one succeeds, and a policy that was changed a
// moment ago holds already.
func settlePass(s idp.Subject, c idp.Credential) error {
	if r := c.(*idp.Pass).Redeem(s.Policy.TemporaryAccessPass, s.User, s.Now); r != nil {
		return r
	}
	return nil
}

func passOf(s idp.Subject) *idp.Pass {
	if len(s.Credentials) == 0 {
		return nil
	}
	return s.Credentials[0].(*idp.Pass)
}
