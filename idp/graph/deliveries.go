package graph

import (
	"cmp"
	"net/http"
	"slices"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// deliveries tell what became of mails, without what they said. Microsoft has no such thing.
var deliveries = &entity[*idp.Delivery, none]{
	name: "mailDelivery", id: func(d *idp.Delivery) string { return d.DeliveryID },
	properties: []property[*idp.Delivery, none]{
		{name: "id", kind: edmString, get: ofDelivery(func(d *idp.Delivery) string { return d.DeliveryID })},
		{name: "mailId", kind: edmString, get: ofDelivery(func(d *idp.Delivery) string { return d.Mail })},
		{name: "userId", kind: edmString, get: ofDelivery(func(d *idp.Delivery) string { return d.UserID })},
		{name: "recipientAddress", kind: edmString, get: ofDelivery(func(d *idp.Delivery) string { return d.To })},
		{name: "subject", kind: edmString, get: ofDelivery(func(d *idp.Delivery) string { return string(d.About) })},
		{
			name: "result", get: ofDelivery(func(d *idp.Delivery) string { return d.Result }),
			kind: enumOf(idp.DeliveryWaiting, idp.DeliveryDeferred, idp.DeliverySent, idp.DeliveryFailed, idp.DeliveryExpired),
		},
		{name: "failureReason", kind: edmString, get: ofDelivery(func(d *idp.Delivery) string { return d.Error })},
		{name: "attempts", kind: edmInt32, get: func(_ *call, d *idp.Delivery) any { return d.Tries }},
		{name: "createdDateTime", kind: edmDateTime, get: func(_ *call, d *idp.Delivery) any { return d.QueuedAt }},
		// When that became of it; of one that waits, when it is tried next.
		{name: "activityDateTime", kind: edmDateTime, get: func(_ *call, d *idp.Delivery) any { return d.At }},
	},
}

func ofDelivery(get func(*idp.Delivery) string) func(*call, *idp.Delivery) any {
	return func(_ *call, d *idp.Delivery) any { return nonEmpty(get(d)) }
}

func deliveryRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/auditLogs/mailDeliveries", handle: listDeliveries, options: optSelect | optFilter | optTop, betaOnly: true,
		summary: "List mails that wait, and what became of others, newest first", action: idp.ReadLogs, out: deliveries, many: true,
	}}
}

func listDeliveries(c *call) (reply, error) {
	return deliveries.list(c, func(after string, limit int) ([]*idp.Delivery, string, error) {
		ctx, tenant := c.ctx(), c.Tenant.TenantID
		waiting, err := c.Admin.Outbox(ctx, c.Actor, tenant, admin.DeliveryQuery{})
		if err != nil {
			return nil, "", err
		}
		settled, next, err := c.Admin.Deliveries(ctx, c.Actor, tenant, admin.DeliveryQuery{}, storage.Page{After: after, Limit: limit})
		if err != nil {
			return nil, "", err
		}
		page, next := newestFirst(waiting, settled, after, next, limit)
		return page, next, nil
	})
}

// newestFirst is a page of what waits and what is settled. next is where the settled go on,
// "" where these are all of them.
func newestFirst(waiting, settled []*idp.Delivery, after, next string, limit int) ([]*idp.Delivery, string) {
	page := slices.Clone(settled)
	for _, d := range waiting {
		if after == "" || d.DeliveryID < after {
			page = append(page, d)
		}
	}
	slices.SortFunc(page, func(a, b *idp.Delivery) int { return cmp.Compare(b.DeliveryID, a.DeliveryID) })
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].DeliveryID
	}
	return page, next
}
