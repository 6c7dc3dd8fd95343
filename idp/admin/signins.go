package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// The bounds of what people read of their own sign-ins: how many, and of how many events
// about them, since what administrators did stands among these.
const (
	ownSignIns   = 50
	ownEvents    = 1000
	ownEventPage = 100
)

// OwnSignIns are the latest sign-ins of a person, and tries at that, newest first, with the
// apps. Nobody but they themselves reads them so.
func (s *Service) OwnSignIns(ctx context.Context, actor idp.Actor, tenant, name string) (infos []EventInfo, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.ReadOwnSignIns, name)
		if err != nil {
			return err
		}
		es, err := w.signInsOf(u)
		if err != nil {
			return err
		}
		infos = make([]EventInfo, len(es))
		clients := map[string]*idp.Client{}
		for i, e := range es {
			infos[i] = EventInfo{Event: e, Actor: u, Target: u}
			if infos[i].Client, err = remembered(w.Tx, clients, e.ClientID); err != nil {
				return err
			}
		}
		return nil
	})
	return infos, err
}

// signInsOf are the latest events of the sign-in log about a user.
func (w *work) signInsOf(u *idp.User) (es []*idp.AuditEvent, err error) {
	q, page := EventQuery{Log: idp.SignIns, User: u.UserID}, storage.Page{Limit: ownEventPage, Reverse: true}
	for read := 0; read < ownEvents && len(es) < ownSignIns; read += page.Limit {
		some, next, err := q.list(w.Tx, page)
		if err != nil {
			return nil, err
		}
		es = append(es, some...)
		if page.After = next; next == "" {
			break
		}
	}
	return es[:min(len(es), ownSignIns)], nil
}
