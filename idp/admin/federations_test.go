package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage/mem"
)

const (
	directory      = "DirectoryManagement"
	fedSecret      = "7K3M9QXZ"
	secondSecret   = "9QXZ7K3M"
	takenElsewhere = "fabrikam.example belongs to another organization of this deployment, and its people sign in there."
)

// federate makes a provider the one of domains.
func (w *world) federate(domains ...string) *idp.Federation {
	w.Helper()
	w.pass(time.Millisecond)
	f := federated("")
	f.Domains = domains
	made, err := w.admin.CreateFederation(w.ctx, op, tenantID, f, fedSecret)
	w.must(err)
	return made
}

// update changes a federation.
func (w *world) update(name string, change func(*idp.Federation)) error {
	_, err := w.admin.UpdateFederation(w.ctx, op, tenantID, name, nil, func(f *idp.Federation) error { change(f); return nil })
	return err
}

func partyOf(f *idp.Federation) idp.Party {
	return idp.Party{Type: idp.PartyFederation, ID: f.FederationID, Name: f.Name}
}

// TestCreateFederation: what is left out gets its default, and a federation is found by its id
// and by each of its domains.
func TestCreateFederation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.federate("branch.example", "mail.example")
	w.wantEvent(op.Party, partyOf(f), "Set domain authentication", directory, "Core Directory", "")
	if !idp.IsID(f.FederationID) || !f.CreatedAt.Equal(w.now()) || f.AuthMethod != idp.AuthBasic || strings.Join(f.Scopes, " ") != "openid profile email" ||
		f.MFA != idp.MFAAccepted || f.PromptLogin != idp.PromptNative || f.Linking != idp.LinkByAddress || f.SignOut || f.Provision || f.Disabled {
		t.Errorf("%+v", f)
	}
	if got, err := f.OpenSecret(w.keys, tenantID); got != fedSecret || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	w.pass(time.Second)
	public, err := w.admin.CreateFederation(w.ctx, op, tenantID, federated("public.example"), "")
	w.must(err)
	if public.AuthMethod != idp.AuthNone || public.Secret != "" {
		t.Errorf("%+v", public)
	}
	for _, name := range []string{f.FederationID, "branch.example", "MAIL.example."} {
		if got, err := w.admin.Federation(w.ctx, op, tenantID, name); err != nil || got.FederationID != f.FederationID {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	all, err := w.admin.Federations(w.ctx, op, tenantID)
	w.must(err)
	if len(all) != 2 || all[0].FederationID != f.FederationID || all[1].FederationID != public.FederationID {
		t.Errorf("%+v", all)
	}
	for _, name := range []string{"other.example", nobodyID, "", "not a domain"} {
		w.wantError(name, idp.NotFound, fmt.Sprintf("Contoso has no federation %q.", name), func() error {
			return err2(w.admin.Federation(w.ctx, op, tenantID, name))
		})
	}
}

// TestFederationRefused: what is refused changes nothing.
func TestFederationRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	f := w.federate("branch.example")
	w.federate("second.example")
	create := func(change func(*idp.Federation)) func() error {
		return func() error {
			f := federated("third.example")
			change(&f)
			return err2(w.admin.CreateFederation(w.ctx, op, tenantID, f, fedSecret))
		}
	}
	update := func(change func(*idp.Federation)) func() error {
		return func() error { return w.update("branch.example", change) }
	}
	const another = "One of these domains is federated with another provider: remove it there first."
	const issuer = "The issuer cannot be changed: add another federation."
	for _, c := range []struct {
		name string
		code idp.Code
		text string
		do   func() error
	}{
		{"a domain twice", idp.Conflict, another, create(func(f *idp.Federation) { f.Domains = append(f.Domains, "branch.example") })},
		{"a domain twice, later", idp.Conflict, another, update(func(f *idp.Federation) { f.Domains = append(f.Domains, "second.example") })},
		{"another tenant's domain", idp.Conflict, takenElsewhere, create(func(f *idp.Federation) { f.Domains = append(f.Domains, "fabrikam.example") })},
		{"another tenant's domain, later", idp.Conflict, takenElsewhere, update(func(f *idp.Federation) { f.Domains = append(f.Domains, "fabrikam.example") })},
		{"another tenant's domain in capitals", idp.Invalid, `"Fabrikam.example" is not a domain name in lower case.`, create(func(f *idp.Federation) { f.Domains = []string{"Fabrikam.example"} })},
		{"another issuer", idp.Invalid, issuer, update(func(f *idp.Federation) { f.Issuer += "/" })},
		{"another id", idp.Invalid, issuer, update(func(f *idp.Federation) { f.FederationID = nobodyID })},
		{"no domains any more", idp.Invalid, "A provider has between 1 and 50 domains.", update(func(f *idp.Federation) { f.Domains = nil })},
		{"no secret any more", idp.Invalid, "A client secret is needed, unless the authentication method is none.", func() error {
			return err2(w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", new(""), func(*idp.Federation) error { return nil }))
		}},
		{"a secret that cannot be sent", idp.Invalid, "A client secret has at most 512 characters of ASCII.", func() error {
			return err2(w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", new("ü"), func(*idp.Federation) error { return nil }))
		}},
		{"what the caller refuses", idp.Forbidden, "no", func() error {
			return err2(w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", nil, func(f *idp.Federation) error {
				f.Name = "Other"
				return idp.Errorf(idp.Forbidden, "no")
			}))
		}},
	} {
		w.wantError(c.name, c.code, c.text, c.do)
	}
	if got := get[idp.Federation](w, f.FederationID); got.Name != f.Name || len(got.Domains) != 1 || got.Secret != f.Secret {
		t.Errorf("%+v", got)
	}
}

// TestFederationRightsFirst: who may not is told so, and nothing about domains of others or
// about what was given.
func TestFederationRightsFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	w.federate("branch.example")
	asked := false
	w.admin.WithProviders(func(context.Context, string) (idp.ProviderReport, error) {
		asked = true
		return idp.ProviderReport{}, nil
	})
	for who, a := range map[string]idp.Actor{
		"a member": w.person("member"), "a reader": w.person("reader", idp.GlobalReader), "who looks after domains": w.person("names", idp.DomainNameAdministrator),
		"an app that reads": app("IdentityProvider.Read.All", "Domain.Read.All"),
	} {
		for _, domain := range []string{"free.example", "fabrikam.example", "branch.example", "no domain"} {
			w.wantRefused(who+" adds "+domain, func() error {
				return err2(w.admin.CreateFederation(w.ctx, a, tenantID, federated(domain), fedSecret))
			})
			w.wantRefused(who+" takes "+domain, func() error {
				return err2(w.admin.UpdateFederation(w.ctx, a, tenantID, "branch.example", nil, func(f *idp.Federation) error { f.Domains = []string{domain}; return nil }))
			})
		}
		w.wantRefused(who+" asks", func() error { return err2(w.admin.CheckFederation(w.ctx, a, tenantID, "branch.example")) })
		w.wantRefused(who+" asks anybody", func() error { return err2(w.admin.CheckProvider(w.ctx, a, tenantID, "no URL")) })
	}
	if asked {
		t.Error("a provider was asked for who may not")
	}
	for _, role := range []string{idp.ExternalIdentityProviderAdmin, idp.HybridIdentityAdministrator, idp.GlobalAdministrator} {
		a := w.person(strings.ToLower(strings.ReplaceAll(role, " ", "")), role)
		if err := err2(w.admin.UpdateFederation(w.ctx, a, tenantID, "branch.example", nil, func(f *idp.Federation) error { f.Name = role; return nil })); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
}

// TestFederationOfAnother: a federation of another tenant is as one that is not there, and both
// may be federated with the same provider for the same guests.
func TestFederationOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	ours := w.federate("mail.example")
	theirs, err := w.admin.CreateFederation(w.ctx, op, otherID, federated("mail.example"), fedSecret)
	w.must(err)
	chief := w.person("chief", idp.GlobalAdministrator)
	w.admin.WithProviders(func(context.Context, string) (idp.ProviderReport, error) { return idp.ProviderReport{}, nil })
	for what, do := range map[string]func(id string) error{
		"read": func(id string) error { return err2(w.admin.Federation(w.ctx, chief, tenantID, id)) },
		"change": func(id string) error {
			return err2(w.admin.UpdateFederation(w.ctx, chief, tenantID, id, nil, func(*idp.Federation) error { return nil }))
		},
		"delete": func(id string) error { return w.admin.DeleteFederation(w.ctx, chief, tenantID, id) },
		"check":  func(id string) error { return err2(w.admin.CheckFederation(w.ctx, chief, tenantID, id)) },
		"link":   func(id string) error { return err2(w.admin.LinkIdentity(w.ctx, chief, tenantID, name, id, "sub")) },
	} {
		for _, id := range []string{theirs.FederationID, nobodyID} {
			w.wantError(what, idp.NotFound, fmt.Sprintf("Contoso has no federation %q.", id), func() error { return do(id) })
		}
	}
	w.must(w.admin.DeleteFederation(w.ctx, chief, tenantID, "mail.example"))
	if _, err := w.admin.Federation(w.ctx, op, tenantID, ours.FederationID); idp.ErrorCode(err) != idp.NotFound {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := w.admin.Federation(w.ctx, op, otherID, "mail.example"); err != nil {
		t.Errorf("the other tenant's is gone: %v", err)
	}
}

// TestFederationOutlivesDomain: a domain of guests that becomes another tenant's keeps nobody
// from changing, disabling or removing the federation that has it.
func TestFederationOutlivesDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fabrikam()
	w.federate("guests.example", "mail.example")
	w.must(err2(w.admin.AddDomain(w.ctx, op, otherID, "guests.example")))
	w.must(w.update("guests.example", func(f *idp.Federation) { f.Disabled = true }))
	w.must(w.update("mail.example", func(f *idp.Federation) { f.Domains = []string{"mail.example"} }))
	w.wantError("and back", idp.Conflict, strings.Replace(takenElsewhere, "fabrikam", "guests", 1), func() error {
		return w.update("mail.example", func(f *idp.Federation) { f.Domains = append(f.Domains, "guests.example") })
	})
	w.must(w.admin.DeleteFederation(w.ctx, op, tenantID, "mail.example"))
}

// TestFederationLimit: a tenant has a hundred at most, also of those that come at once.
func TestFederationLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 95 {
		f := federated(fmt.Sprintf("d%d.example", i))
		f.FederationID = idp.NewID()
		w.put(&f)
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			_, _ = w.admin.CreateFederation(w.ctx, op, tenantID, federated(fmt.Sprintf("n%d.example", i)), "")
		})
	}
	all.Wait()
	fs, err := w.admin.Federations(w.ctx, op, tenantID)
	w.must(err)
	if len(fs) != 100 {
		t.Errorf("%d providers", len(fs))
	}
	w.wantError("one more", idp.Conflict, "A tenant has at most 100 federations.", func() error {
		return err2(w.admin.CreateFederation(w.ctx, op, tenantID, federated("more.example"), ""))
	})
}

// TestFederationEnds: what came through a federation ends with what must not go on, at once,
// and nothing else does.
func TestFederationEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, change func(*idp.Federation)
		ends           bool
	}{
		"disabled":                   {change: func(f *idp.Federation) { f.Disabled = true }, ends: true},
		"MFA rejected":               {change: func(f *idp.Federation) { f.MFA = idp.MFARejected }, ends: true},
		"MFA rejected, not enforced": {before: func(f *idp.Federation) { f.MFA = idp.MFAEnforced }, change: func(f *idp.Federation) { f.MFA = idp.MFARejected }, ends: true},
		"a class of MFA less": {
			before: func(f *idp.Federation) { f.MFAClasses = []string{"strong", "token"} }, change: func(f *idp.Federation) { f.MFAClasses = []string{"strong"} }, ends: true,
		},
		"a class of MFA more":         {change: func(f *idp.Federation) { f.MFAClasses = []string{"strong"} }},
		"a domain taken away":         {change: func(f *idp.Federation) { f.Domains = []string{"mail.example"} }, ends: true},
		"a domain for another":        {change: func(f *idp.Federation) { f.Domains = []string{"new.example", "mail.example"} }, ends: true},
		"a domain changed in place":   {change: func(f *idp.Federation) { f.Domains[0] = "new.example" }, ends: true},
		"a domain more":               {change: func(f *idp.Federation) { f.Domains = append(f.Domains, "new.example") }},
		"domains in another order":    {change: func(f *idp.Federation) { f.Domains = []string{"mail.example", "branch.example"} }},
		"another name":                {change: func(f *idp.Federation) { f.Name = "New" }},
		"MFA enforced":                {change: func(f *idp.Federation) { f.MFA = idp.MFAEnforced }},
		"MFA accepted again":          {before: func(f *idp.Federation) { f.MFA = idp.MFARejected }, change: func(f *idp.Federation) { f.MFA = idp.MFAAccepted }},
		"disabled as it was":          {before: func(f *idp.Federation) { f.Disabled = true }, change: func(f *idp.Federation) { f.Name = "New" }},
		"rejected as it was":          {before: func(f *idp.Federation) { f.MFA = idp.MFARejected }, change: func(f *idp.Federation) { f.Name = "New" }},
		"linked by an administrator":  {change: func(f *idp.Federation) { f.Linking = idp.LinkByAdmin }},
		"nothing, and that by itself": {change: func(*idp.Federation) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f, other := w.federate("branch.example", "mail.example"), w.federate("other.example")
			if c.before != nil {
				w.must(w.update(f.FederationID, c.before))
			}
			s, g := w.rest(w.user, f.FederationID)
			others, othersGrant := w.rest(w.user, other.FederationID)
			w.pass(time.Second)
			w.must(w.update(f.FederationID, c.change))
			w.wantEnded("of it", s, g, c.ends)
			w.wantEnded("of another", others, othersGrant, false)
		})
	}
}

// TestDeleteFederation: who is who there is gone with it, and what came through it is over.
func TestDeleteFederation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(err2(w.admin.AddDomain(w.ctx, op, tenantID, "branch.example")))
	sam := w.newUser("sam@branch.example")
	f, other := w.federate("branch.example"), w.federate("contoso.example")
	w.must(err2(w.admin.LinkIdentity(w.ctx, op, tenantID, sam.UserID, f.FederationID, "sam")))
	kept, err := w.admin.LinkIdentity(w.ctx, op, tenantID, name, other.FederationID, "anna")
	w.must(err)
	s, g := w.rest(sam, f.FederationID)
	others, othersGrant := w.rest(w.user, other.FederationID)
	w.pass(time.Second)
	w.must(w.admin.DeleteFederation(w.ctx, op, tenantID, "branch.example"))
	w.wantEvent(op.Party, partyOf(f), "Delete federation settings", directory, "Core Directory", "")
	w.wantEnded("of it", s, g, true)
	w.wantEnded("of another", others, othersGrant, false)
	if ids := all[idp.Identity](w); len(ids) != 1 || ids[0].IdentityID != kept.IdentityID {
		t.Errorf("%+v", ids)
	}
	if fs := all[idp.Federation](w); len(fs) != 1 || fs[0].FederationID != other.FederationID {
		t.Errorf("%+v", fs)
	}
	f = w.federate("branch.example") // which knows nobody
	w.must(err2(w.admin.LinkIdentity(w.ctx, op, tenantID, sam.UserID, f.FederationID, "sam")))
}

// TestUpdateFederation: the change tells what was changed; when it was made and its secret are
// nobody's to write.
func TestUpdateFederation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.federate("branch.example")
	w.pass(time.Second)
	w.must(w.update("branch.example", func(f *idp.Federation) {
		f.MFA, f.Secret, f.CreatedAt = idp.MFAEnforced, "sealed by nobody", w.now()
		f.Claims.Address = "upn"
	}))
	w.wantEvent(op.Party, partyOf(f), "Set federation settings on domain", directory, "Core Directory", "")
	var changed []string
	for _, m := range w.newest().Modified {
		changed = append(changed, m.Name+" "+m.Old+" "+m.New)
	}
	if got := strings.Join(changed, "; "); got != `Claims  {"Address":"upn"}; MFA "acceptIfMfaDoneByFederatedIdp" "enforceMfaByFederatedIdp"` {
		t.Errorf("the log tells of %s", got)
	}
	if got := get[idp.Federation](w, f.FederationID); got.Secret != f.Secret || !got.CreatedAt.Equal(f.CreatedAt) || got.MFA != idp.MFAEnforced {
		t.Errorf("%+v", got)
	}
	public, err := w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", new(""), func(f *idp.Federation) error { f.AuthMethod = idp.AuthNone; return nil })
	if err != nil || public.Secret != "" {
		t.Errorf("%+v, %v", public, err)
	}
}

// TestFederationUpdatesAtOnce: none of those that come at once is lost.
func TestFederationUpdatesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.federate("branch.example")
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if err := w.update(f.FederationID, func(f *idp.Federation) { f.Domains = append(f.Domains, fmt.Sprintf("d%d.example", i)) }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := get[idp.Federation](w, f.FederationID); len(got.Domains) != 41 {
		t.Errorf("%d domains", len(got.Domains))
	}
}

// TestFederationSecretIsNotKept looks for client secrets in everything that is kept, that
// use cases answer, and that errors tell.
func TestFederationSecretIsNotKept(t *testing.T) {
	t.Parallel()
	d := mem.New()
	w := worldOn(t, d)
	var told []any
	tell := func(v any, err error) { told = append(told, v, fmt.Sprint(err)) }
	made, err := w.admin.CreateFederation(w.ctx, op, tenantID, federated("branch.example"), fedSecret)
	tell(made, err)
	again, err := w.admin.CreateFederation(w.ctx, op, tenantID, federated("branch.example"), secondSecret)
	tell(again, err)
	changed, err := w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", new(secondSecret), func(*idp.Federation) error { return nil })
	tell(changed, err)
	for _, bad := range []string{fedSecret + "\n", strings.Repeat(secondSecret, 100)} {
		refused, err := w.admin.UpdateFederation(w.ctx, op, tenantID, "branch.example", &bad, func(*idp.Federation) error { return nil })
		tell(refused, err)
	}
	listed, err := w.admin.Federations(w.ctx, op, tenantID)
	tell(listed, err)
	w.must(w.admin.DeleteFederation(w.ctx, op, tenantID, "branch.example"))
	told = append(told, w.log())
	text, err := json.Marshal(told)
	w.must(err)
	for _, secret := range []string{fedSecret, secondSecret} {
		if holds(string(text), secret) {
			t.Errorf("%q is told in %s", secret, text)
		}
		if holds(w.kept(d), secret) {
			t.Errorf("%q is kept", secret)
		}
	}
	for _, e := range w.log() {
		for _, m := range e.Modified {
			if m.Name == "Secret" && (m.Old != "" || m.New != "(changed)") {
				t.Errorf("the log tells %+v", m)
			}
		}
	}
	w.wantWhole()
}

// TestCheckFederation: the provider is asked outside of any transaction, and why it is none is
// told without what the error says beside.
func TestCheckFederation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.federate("branch.example")
	check := func() error { return err2(w.admin.CheckFederation(w.ctx, op, tenantID, "branch.example")) }
	w.wantError("nobody to ask", idp.Conflict, "Providers cannot be asked here.", check)
	var asked []string
	answer := func(r idp.ProviderReport, err error) {
		w.admin.WithProviders(func(_ context.Context, issuer string) (idp.ProviderReport, error) {
			asked = append(asked, issuer)
			w.put(&idp.Quota{Key: "written meanwhile"})
			return r, err
		})
	}
	answer(idp.ProviderReport{Keys: 2, PKCE: true}, nil)
	if r, err := w.admin.CheckFederation(w.ctx, op, tenantID, "branch.example"); err != nil || r.Keys != 2 || !r.PKCE {
		t.Errorf("%+v, %v", r, err)
	}
	answer(idp.ProviderReport{}, &idp.UpstreamError{Kind: idp.UpstreamDown, Detail: "discovery: the status is 404"})
	if err := check(); idp.ErrorCode(err) != idp.Conflict || err.Error() != "https://login.example does not answer as an OpenID Provider should: discovery: the status is 404." {
		t.Errorf("%v", err)
	}
	broken := errors.New("out of memory")
	answer(idp.ProviderReport{}, broken)
	if err := check(); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if strings.Join(asked, " ") != strings.Join([]string{"https://login.example", "https://login.example", "https://login.example"}, " ") {
		t.Errorf("asked %q", asked)
	}
	for _, issuer := range []string{"", "login.example", "https://login.example?a", "https://" + strings.Repeat("a", 1<<20)} {
		if err := err2(w.admin.CheckProvider(w.ctx, op, tenantID, issuer)); idp.ErrorCode(err) != idp.Invalid || len(err.Error()) > 500 {
			t.Errorf("%.50q: %.600v", issuer, err)
		}
	}
	if len(asked) != 3 {
		t.Errorf("asked %d times", len(asked))
	}
}
