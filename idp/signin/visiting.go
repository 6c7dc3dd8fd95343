package signin

import (
	"context"
	"errors"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Visiting is what somebody signs in for at home who is a guest at another tenant of the
// deployment.
type Visiting struct {
	Tenant string    // where they are a guest
	State  string    // the sealed sign-in there
	Since  time.Time `json:",omitzero"` // they must have authenticated since
	MFA    bool      `json:",omitzero"` // by more than one factor
	ACRs   []string  `json:",omitzero"`
}

// AtHome begins the sign-in at home of who wants to sign in as a guest. there is the visit at
// the tenant where they do, f their sign-in and state the same, sealed.
func AtHome(there Visit, f Flow, state string, now time.Time) Flow {
	w := f.wants()
	at := Start(nil, "", now).Hinted(f.Username)
	at.Visiting = &Visiting{Tenant: there.Tenant.TenantID, State: state, Since: w.Since, MFA: w.MFA, ACRs: w.ACRs}
	return at
}

// ErrOutbound: the people of the tenant may not be guests there.
var ErrOutbound = errors.New("signin: the cross-tenant access policy lets nobody go there")

// Vouch says to the tenant where the session's person is a guest who they are. there is the
// sign-in that it answers. The tenant is owed the news of the session's end from then on.
func (s *Service) Vouch(ctx context.Context, v Visit, tenant string, there Flow) (voucher string, err error) {
	err = s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		session, err := findSession(tx, v.Session)
		if err != nil {
			return err
		}
		if session == nil {
			return idp.ErrSealed
		}
		u, err := idp.Optional(storage.Get[idp.User](tx, session.UserID))
		if err != nil {
			return err
		}
		if !session.Live(u, v.Now) || u.Type.External() { // who is a guest here has another home
			return idp.ErrSealed
		}
		p, err := idp.LoadCrossTenantPolicy(tx)
		if err != nil {
			return err
		}
		if p.For(tenant).Outbound == idp.AccessBlocked {
			return ErrOutbound
		}
		if voucher, err = idp.NewVoucher(v.Tenant, u, session, there.wants().ACRs, v.Now).Seal(s.keys, tenant, there.Prompt.Secret); err != nil {
			return err
		}
		return errors.Join(idp.OweTenantNotice(tx, tenant, session, v.Now), s.logVisit(tx, v, u, session, tenant))
	})
	return voucher, err
}

// logVisit tells, once an hour, that somebody has gone to where they are a guest.
func (s *Service) logVisit(tx *storage.Tx, v Visit, u *idp.User, session *idp.Session, tenant string) error {
	if !session.See("tenant "+tenant, v.Now) {
		return nil
	}
	e := v.event(idp.SignIns)
	e.Method, e.SessionID, e.Actor, e.Target = previously, session.SessionID, idp.PartyOf(u), idp.PartyOf(u)
	e.Details = map[string]string{"resourceTenantId": tenant}
	return errors.Join(tx.Put(session), s.log(v).Append(tx, e))
}
