package graph

import (
	"slices"
	"strings"
	"testing"

	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// day is what the steps of an administrator's day have to do with each other.
type day struct {
	*msgraph.GraphServiceClient // of the app that has every permission

	mira, guest, group string // ids
	pass               string // Mira's, as she types it
	keys               map[string]passkey
}

// TestDay is a scripted administrator's day, from looking around to clearing up. Its
// steps build on each other. At the end all that went over the wire is held against what
// is documented: of Graph, and of us.
func TestDay(t *testing.T) {
	d := &day{GraphServiceClient: newSDK(t, secretOf(t, contoso.ID, contoso.app(t, "graph")), contoso.base+"/.default")}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"organization", d.lookAround},
		{"users", d.users},
		{"lists", d.lists},
		{"groups", d.groups},
		{"roles", d.roles},
		{"first roles", d.firstRoles},
		{"assignments", d.assignments},
		{"policy", d.policy},
		{"policy of passkeys", d.passkeyPolicy},
		{"registration campaign", d.campaign},
		{"policy of codes by mail", d.emailPolicy},
		{"policy of phones", d.authenticatorPolicy},
		{"policy reset", d.policyReset},
		{"passes", d.passes},
		{"passes refused", d.passesRefused},
		{"passes for some", d.passesForSome},
		{"other methods", d.otherMethods},
		{"guests", d.guests},
		{"guests invited again", d.guestsAgain},
		{"guests listed", d.guestsListed},
		{"who invites guests", d.whoInvites},
		{"cross-tenant access", d.crossTenant},
		{"partners", d.partners},
		{"the person", d.person},
		{"authentication administrator", d.authenticationAdministrator},
		{"global reader", d.globalReader},
		{"a pass is deleted", d.passDeleted},
		{"sessions", d.sessions},
		{"audits", d.audits},
		{"sign-ins", d.signIns},
		{"passkeys", d.passkeys},
		{"passkeys by an administrator", d.passkeysByAdministrator},
		{"passkeys of one's own", d.ownPasskeys},
		{"passkey reports", d.passkeyReports},
		{"passkeys for some", d.passkeysForSome},
		{"password", d.password},
		{"passkeys deleted", d.passkeysDeleted},
		{"reports", d.reports},
		{"batch", d.batch},
		{"clearing up", d.clearingUp},
		{"amount", wantAmount},
		{"headers", wantHeaders},
		{"samples", wantSamples},
		{"OpenAPI", wantDescribed},
	} {
		t.Run(step.name, step.do)
	}
}

// wantAmount is how much a day at least is.
func wantAmount(t *testing.T) {
	calls := map[string]int{}
	for _, e := range wire.all {
		calls[e.endpoint()]++
	}
	for _, endpoint := range sorted(calls) {
		t.Logf("%3d %s", calls[endpoint], endpoint)
	}
	t.Logf("%d calls of %d endpoints", len(wire.all), len(calls))
	if len(wire.all) < 40 || len(calls) < 15 {
		t.Errorf("%d calls of %d endpoints, want 40 of 15", len(wire.all), len(calls))
	}
}

// wantHeaders expects in every reply what administrators quote when they ask for help.
func wantHeaders(t *testing.T) {
	for _, e := range wire.all {
		for name, ok := range map[string]bool{
			"request-id":        e.header.Get("Request-Id") != "",
			"client-request-id": e.header.Get("Client-Request-Id") == e.request.Header.Get("Client-Request-Id"),
			"Date":              e.header.Get("Date") != "",
			"Content-Type":      len(e.reply) == 0 || e.header.Get("Content-Type") == contentType(e),
			"Location":          e.status != 201 || strings.HasPrefix(e.header.Get("Location"), contoso.base+"/"),
			"WWW-Authenticate":  e.status != 401 || strings.HasPrefix(e.header.Get("WWW-Authenticate"), "Bearer "),
		} {
			if !ok {
				t.Errorf("%s: the header %s is %q", e.name(), name, e.header.Get(name))
			}
		}
	}
}

func contentType(e *exchange) string {
	if strings.HasSuffix(e.endpoint(), "/$count") && e.status == 200 {
		return "text/plain"
	}
	return "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
}

func idsOf[T models.Entityable](all []T) (ids []string) {
	for _, one := range all {
		ids = append(ids, of(one.GetId()))
	}
	return ids
}

// wantContains expects these among those.
func wantContains(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s: %q has no %q", what, got, w)
		}
	}
}
