package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// DeliveryQuery bounds a list of deliveries; empty fields bound nothing.
type DeliveryQuery struct {
	User   string // id or name
	Failed bool   // only those that came to nothing
}

func (q DeliveryQuery) fits(d *idp.Delivery) bool {
	lost := d.Result == idp.DeliveryFailed || d.Result == idp.DeliveryExpired || d.Result == idp.DeliveryDeferred
	return (!q.Failed || lost) && (q.User == "" || d.UserID == q.User)
}

// maxWaiting is how many mails in the outbox are told of.
const maxWaiting = 500

// Outbox lists the mails that wait to be sent, the one that is due first first.
func (s *Service) Outbox(ctx context.Context, actor idp.Actor, tenant string, q DeliveryQuery) (ds []*idp.Delivery, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadLogs, func(w *work) error {
		if err := w.named(&q); err != nil {
			return err
		}
		ms, _, err := storage.All[idp.Mail](w.Tx, storage.Page{Limit: maxWaiting})
		for _, m := range ms {
			if d := m.Delivery(); !m.Decoy && q.fits(d) {
				ds = append(ds, d)
			}
		}
		return err
	})
	return ds, err
}

// Deliveries lists what became of mails, newest first. A page may hold fewer than its limit
// although another one follows.
func (s *Service) Deliveries(ctx context.Context, actor idp.Actor, tenant string, q DeliveryQuery, page storage.Page) (ds []*idp.Delivery, next string, err error) {
	page.Reverse = true
	err = s.read(ctx, actor, tenant, idp.ReadLogs, func(w *work) error {
		if err := w.named(&q); err != nil {
			return err
		}
		all, more, err := storage.All[idp.Delivery](w.Tx, page)
		next = more
		for _, d := range all {
			if q.fits(d) {
				ds = append(ds, d)
			}
		}
		return err
	})
	return ds, next, err
}

// InvitationDelivery tells what became of the newest mail that invited a user; nil: none went
// out in the time that is remembered.
func (s *Service) InvitationDelivery(ctx context.Context, actor idp.Actor, tenant, user string) (newest *idp.Delivery, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadLogs, func(w *work) error {
		q := DeliveryQuery{User: user}
		if err := w.named(&q); err != nil {
			return err
		}
		done, _, err := storage.List[idp.Delivery](w.Tx, "user", q.User, storage.Page{})
		if err != nil {
			return err
		}
		owed, _, err := storage.List[idp.Mail](w.Tx, "user", q.User, storage.Page{})
		for _, m := range owed {
			done = append(done, m.Delivery())
		}
		for _, d := range done {
			if d.About == idp.MailInvitation && (newest == nil || newest.QueuedAt.Before(d.QueuedAt)) {
				newest = d
			}
		}
		return err
	})
	return newest, err
}

// named puts the id of a user in place of the name.
func (w *work) named(q *DeliveryQuery) error {
	if q.User == "" {
		return nil
	}
	u, err := findUser(w.Tx, q.User)
	if err != nil {
		return err
	}
	q.User = u.UserID
	return nil
}
