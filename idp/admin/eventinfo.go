package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// EventInfo is an event with the people and the app it names, as far as they are still
// there.
type EventInfo struct {
	Event         *idp.AuditEvent
	Actor, Target *idp.User
	Client        *idp.Client // of ClientID
}

// SearchEvents lists events in the direction of the page, with whom they name.
func (s *Service) SearchEvents(ctx context.Context, actor idp.Actor, tenant string, q EventQuery, page storage.Page) ([]EventInfo, string, error) {
	es, next, err := s.events(ctx, actor, tenant, q, page)
	if err != nil {
		return nil, "", err
	}
	infos, err := s.informEvents(ctx, actor, tenant, es...)
	return infos, next, err
}

// EventInfo finds one event of a tenant's log by its id, with whom it names.
func (s *Service) EventInfo(ctx context.Context, actor idp.Actor, tenant, log, id string) (EventInfo, error) {
	e, err := s.Event(ctx, actor, tenant, log, id)
	if err != nil {
		return EventInfo{}, err
	}
	infos, err := s.informEvents(ctx, actor, tenant, e)
	if err != nil {
		return EventInfo{}, err
	}
	return infos[0], nil
}

// informEvents reads each record once, however many events name it.
func (s *Service) informEvents(ctx context.Context, actor idp.Actor, tenant string, es ...*idp.AuditEvent) (infos []EventInfo, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadLogs, func(w *work) error {
		infos = make([]EventInfo, len(es))
		users, clients := map[string]*idp.User{}, map[string]*idp.Client{}
		for i, e := range es {
			infos[i].Event = e
			if infos[i].Actor, err = userIn(w.Tx, users, e.Actor); err != nil {
				return err
			}
			if infos[i].Target, err = userIn(w.Tx, users, e.Target); err != nil {
				return err
			}
			if infos[i].Client, err = remembered(w.Tx, clients, e.ClientID); err != nil {
				return err
			}
		}
		return nil
	})
	return infos, err
}

func userIn(tx *storage.Tx, users map[string]*idp.User, p idp.Party) (*idp.User, error) {
	if p.Type != idp.ActorUser {
		return nil, nil
	}
	return remembered(tx, users, p.ID)
}

// remembered reads a record that was not read before; nil if it is not there.
func remembered[T any, P interface {
	*T
	storage.Record
}](tx *storage.Tx, seen map[string]*T, id string) (*T, error) {
	if r, known := seen[id]; known || id == "" {
		return r, nil
	}
	r, err := storage.Get[T, P](tx, id)
	found, err := idp.Optional((*T)(r), err)
	if err == nil {
		seen[id] = found
	}
	return found, err
}
