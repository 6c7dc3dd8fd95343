package graph

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

const deliveriesPath = "/beta/auditLogs/mailDeliveries"

// mailed owes a person a mail that was queued some minutes after the beginning.
func (a *archive) mailed(u *idp.User, minutes int) *idp.Mail {
	a.t.Helper()
	m := idp.NewMail(u, u.PrincipalName, idp.MailInvitation, map[string]string{"Secret": "not told"}, epoch.Add(time.Duration(minutes)*time.Minute), time.Hour)
	a.put(tenantID, m)
	return m
}

// TestMailDeliveries: what waits and what is settled are one list, in pages, newest first.
func TestMailDeliveries(t *testing.T) {
	a := newArchive(t)
	var want []string
	for i := range 4 {
		at := epoch.Add(time.Duration(i) * 10 * time.Minute)
		d := &idp.Delivery{
			DeliveryID: fmt.Sprintf("%016x-m%d", at.UnixNano(), i), Mail: fmt.Sprintf("m%d", i), UserID: a.anna.UserID, To: "anna@mail.example", About: idp.MailCode,
			Result: []string{idp.DeliverySent, idp.DeliveryFailed, idp.DeliveryExpired, idp.DeliverySent}[i], Error: []string{"", "550 no such mailbox", "", ""}[i], Tries: i + 1, QueuedAt: epoch, At: at,
		}
		a.put(tenantID, d)
		want = append(want, d.DeliveryID)
	}
	helper := &idp.User{UserID: a.callers["helper"].Actor.ID, PrincipalName: "helper@contoso.example"}
	for _, minutes := range []int{-5, 15, 45} { // due before, between and after
		want = append(want, a.mailed(helper, minutes).Delivery().DeliveryID)
	}
	decoy := a.mailed(helper, 20)
	decoy.Decoy = true
	deferred := a.mailed(helper, 50)
	deferred.LastError = "421 later"
	a.put(tenantID, decoy, deferred)
	want = append(want, deferred.Delivery().DeliveryID)
	slices.Sort(want)
	slices.Reverse(want)
	for _, top := range []string{"1", "2", "3", "7", "999"} {
		if got, _ := a.all(deliveriesPath+"?$top="+top, "Authorization: Bearer app"); !slices.Equal(got, want) {
			t.Errorf("pages of %s: %v, want %v", top, got, want)
		}
	}
	for filter, n := range map[string]int{
		"userId eq '" + a.anna.UserID + "'": 4, "userId eq '" + helper.UserID + "' and result eq 'waiting'": 3, "userId eq '" + elsewhereID + "'": 0,
		"result eq 'sent'": 2, "result eq 'deferred'": 1, "result in ('failed','expired')": 2, "result eq 'no'": 0,
	} {
		if got := a.as("app", "GET", deliveriesPath+"?$filter="+url.PathEscape(filter), "").ids(); len(got) != n {
			t.Errorf("%s: %v", filter, got)
		}
	}
	r := a.as("reports", "GET", deliveriesPath+"?$filter=result%20eq%20'failed'", "")
	r.is(200, `{"@odata.context": "`+base+`/beta/$metadata#auditLogs/mailDeliveries", "value": [{"id": "`+fmt.Sprintf("%016x-m1", epoch.Add(10*time.Minute).UnixNano())+`", "mailId": "m1",
		"userId": "`+a.anna.UserID+`", "recipientAddress": "anna@mail.example", "subject": "code", "result": "failed", "failureReason": "550 no such mailbox", "attempts": 2,
		"createdDateTime": "2026-11-24T09:00:00Z", "activityDateTime": "2026-11-24T09:10:00Z"}]}`)
}

// TestMailDeliveriesRefused: they are in the log's hands, and Microsoft's paths have none.
func TestMailDeliveriesRefused(t *testing.T) {
	a := newArchive(t)
	for _, who := range []string{"plain", "helper", "inviter", "weak", "bare"} {
		if got := a.as(who, "GET", deliveriesPath, "").refused(403, "Authorization_RequestDenied"); got != deniedText {
			t.Errorf("%s: %s", who, got)
		}
	}
	a.as("app", "GET", "/v1.0/auditLogs/mailDeliveries", "").refused(404, "BadRequest")
	a.as("app", "GET", deliveriesPath+"?$orderby=createdDateTime", "").refused(400, "BadRequest")
	a.mailed(a.anna, 0)
	if got := a.as("elsewhere", "GET", deliveriesPath, "").ids(); len(got) != 0 {
		t.Errorf("another organization sees %v", got)
	}
}
