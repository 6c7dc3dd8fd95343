package authmethods

import (
	"context"

	"latchkey/idp"
)

// password is what it always was: one factor, for tenants that still have them.
type password struct{ keys *idp.Keyring }

func (password) Info() idp.Info {
	return idp.Info{Kind: idp.PasswordMethod, Name: "Password", ACRs: []string{idp.ACRPassword}, Held: idp.HeldPassword}
}

func (password) Offer(s idp.Subject) idp.Reason {
	p := passwordOf(s)
	switch {
	case s.User == nil && s.Policy.Password.Enabled:
		return idp.Offered
	case s.User == nil:
		return idp.MethodDisabled
	case p == nil:
		return idp.NoCredential
	}
	return s.Policy.Password.Bars(s.User)
}

func (password) Begin(context.Context, idp.Subject) (idp.Prompt, error) {
	return idp.Prompt{Page: "password"}, nil
}

// Verify costs the same whether or not there is such a user or password.
func (m password) Verify(_ context.Context, s idp.Subject, _ idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	p := passwordOf(s)
	held := p
	if held == nil {
		held = &idp.Password{}
	}
	right := m.keys.Verify(held.Verifier, s.Tenant.TenantID, held.UserID, held.Kind(), held.PasswordID, idp.CanonicalPassword(a["password"]))
	refusal := &idp.Refusal{Told: idp.PasswordWrong, Logged: idp.PasswordWrong, Detail: "wrong password", Wrong: true}
	switch {
	case p == nil:
		refusal.Detail = absence(s)
		return idp.Verdict{}, refusal
	case !right:
		return idp.Verdict{}, refusal
	}
	proof := idp.Proof{Method: idp.PasswordMethod, Credential: p.PasswordID, At: s.Now, AMR: []string{"pwd"}, ACR: idp.ACRPassword}
	return idp.Verdict{Proof: proof, Settle: settlePassword, Gone: &idp.Refusal{Told: idp.PasswordWrong, Logged: idp.PasswordWrong, Detail: gone}}, nil
}

// settlePassword uses the password as user and policy are when the session is stored. Who
// has the right one is told no more than who has a wrong one when it is not to be used.
func settlePassword(s idp.Subject, c idp.Credential) error {
	p := c.(*idp.Password)
	if why := s.Policy.Password.Bars(s.User); why != idp.Offered {
		return &idp.Refusal{Told: idp.PasswordWrong, Logged: idp.PasswordWrong, Detail: string(why)}
	}
	p.LastUsedAt = s.Now
	return nil
}

func passwordOf(s idp.Subject) *idp.Password {
	if len(s.Credentials) == 0 {
		return nil
	}
	return s.Credentials[0].(*idp.Password)
}
