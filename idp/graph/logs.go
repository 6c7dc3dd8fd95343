package graph

import (
	"net/http"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// logOptions: no log is counted or searched as a whole.
const logOptions = optSelect | optFilter | optOrder | optTop

func logRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/auditLogs/signIns", handle: listSignIns, options: logOptions,
			summary: "List sign-ins, newest first", action: idp.ReadLogs, out: signIns, many: true,
		},
		{
			method: http.MethodGet, path: "/auditLogs/signIns/{event}", handle: signIns.reads(eventIn(idp.SignIns)), options: itemOptions,
			summary: "Read one sign-in", action: idp.ReadLogs, out: signIns,
		},
		{
			method: http.MethodGet, path: "/auditLogs/directoryAudits", handle: listAudits, options: logOptions,
			summary: "List what was changed, newest first", action: idp.ReadLogs, out: directoryAudits, many: true,
		},
		{
			method: http.MethodGet, path: "/auditLogs/directoryAudits/{event}", handle: directoryAudits.reads(eventIn(idp.Directory)), options: itemOptions,
			summary: "Read one change", action: idp.ReadLogs, out: directoryAudits,
		},
	}
}

func listSignIns(c *call) (reply, error) {
	q := admin.EventQuery{Log: idp.SignIns}
	if id, found := c.query.filter.equals("userId"); found && idp.IsID(strings.ToLower(id)) {
		q.User = strings.ToLower(id)
	}
	return listEvents(c, signIns, q, "createdDateTime")
}

func listAudits(c *call) (reply, error) {
	return listEvents(c, directoryAudits, admin.EventQuery{Log: idp.Directory}, "activityDateTime")
}

// listEvents lists a log, whose order is that of its property at. It begins and ends
// where a filter of that property does.
func listEvents(c *call, e *entity[admin.EventInfo, none], q admin.EventQuery, at string) (reply, error) {
	oldestFirst, err := c.inTime(at)
	if err != nil {
		return reply{}, err
	}
	q.Since, q.Until = c.query.filter.between(at)
	if !q.Until.IsZero() {
		q.Until = q.Until.Add(eventPrecision) // what is compared is not as exact as what is stored
	}
	return e.list(c, func(after string, limit int) ([]admin.EventInfo, string, error) {
		return c.Admin.SearchEvents(c.ctx(), c.Actor, c.Tenant.TenantID, q, storage.Page{After: after, Limit: limit, Reverse: !oldestFirst})
	})
}

// inTime takes a $orderby by the one property that a log is sorted by, which then needs
// no sorting.
func (c *call) inTime(at string) (oldestFirst bool, err error) {
	for i, o := range c.query.order {
		if i > 0 || len(o.path) > 1 || o.path[0] != at {
			return false, unsupported(strings.Join(o.path, "/"))
		}
		oldestFirst = !o.descending
	}
	c.query.order = nil
	return oldestFirst, nil
}

// eventIn is the event of a log that the path names.
func eventIn(log string) func(*call) (admin.EventInfo, error) {
	return func(c *call) (admin.EventInfo, error) {
		return c.Admin.EventInfo(c.ctx(), c.Actor, c.Tenant.TenantID, log, strings.ToLower(c.param("event")))
	}
}

func eventID(i admin.EventInfo) string { return i.Event.EventID }

// eventPrecision is that of the dates of Graph.
const eventPrecision = 100 * time.Nanosecond

// eventTime is when it was, as exact as it is shown: a date that was read from one event
// finds it again.
func eventTime(_ *call, i admin.EventInfo) any { return i.Event.At.Truncate(eventPrecision) }

// displayName is null for who is not there any more.
func displayName(u *idp.User) any {
	if u == nil {
		return nil
	}
	return u.DisplayName
}

// ofEvent is a property that is a text of the event, null where it is empty.
func ofEvent(get func(*idp.AuditEvent) string) func(*call, admin.EventInfo) any {
	return func(_ *call, i admin.EventInfo) any { return nonEmpty(get(i.Event)) }
}

var ofEach = constant[admin.EventInfo]
