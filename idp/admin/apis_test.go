package admin_test

import (
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

func filesAPI() idp.API {
	return idp.API{Identifier: "https://api.contoso.example", Name: "Files", Scopes: []string{"read"}, JWT: true}
}

func apiParty(a *idp.API) idp.Party { return idp.Party{Type: "api", ID: a.APIID, Name: a.Identifier} }

func TestCreateAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	a, err := w.admin.CreateAPI(w.ctx, op, tenantID, filesAPI())
	w.must(err)
	if !idp.IsID(a.APIID) || !a.CreatedAt.Equal(w.now()) || !a.JWT || a.Scopes[0] != "read" {
		t.Errorf("%+v", a)
	}
	w.wantEvent(op.Party, apiParty(a), "Add API", "ApplicationManagement", "Core Directory", "")
	create := func(change func(*idp.API)) func() error {
		return func() error {
			api := filesAPI()
			change(&api)
			made, err := w.admin.CreateAPI(w.ctx, op, tenantID, api)
			if err != nil && made != nil {
				t.Errorf("%v with %v", made, err)
			}
			return err
		}
	}
	w.wantError("again", idp.Conflict, `There is an API "https://api.contoso.example" already.`, create(func(*idp.API) {}))
	w.wantError("identifier", idp.Invalid, `The identifier "files" is not an absolute URI without fragment, such as https://api.contoso.example.`, create(func(a *idp.API) { a.Identifier = "files" }))
	w.wantError("client", idp.NotFound, `There is no client "x".`, create(func(a *idp.API) { a.Identifier, a.ClientID = "urn:x", "x" }))
	for _, name := range []string{a.APIID, a.Identifier} {
		if found, err := w.admin.API(w.ctx, op, tenantID, name); err != nil || found.APIID != a.APIID {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	w.wantError("nobody", idp.NotFound, `There is no API "x".`, func() error { _, err := w.admin.API(w.ctx, op, tenantID, "x"); return err })
	w.must(create(func(a *idp.API) { a.Identifier = "urn:second" })())
	first, next, err := w.admin.APIs(w.ctx, op, tenantID, storage.Page{Limit: 1})
	if err != nil || len(first) != 1 || next == "" {
		t.Errorf("%v, %q, %v", first, next, err)
	}
	if rest, next, err := w.admin.APIs(w.ctx, op, tenantID, storage.Page{After: next}); err != nil || len(rest) != 1 || next != "" || rest[0].APIID == first[0].APIID {
		t.Errorf("%v, %q, %v", rest, next, err)
	}
}

func TestUpdateAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, _, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	made, err := w.admin.CreateAPI(w.ctx, op, tenantID, filesAPI())
	w.must(err)
	w.pass(time.Minute)
	no, name, scopes := false, "Documents", []string{"read", "write"}
	a, err := w.admin.UpdateAPI(w.ctx, op, tenantID, made.Identifier, admin.APIChange{Name: &name, Scopes: &scopes, JWT: &no, ClientID: &client.ClientID})
	w.must(err)
	w.wantEvent(op.Party, apiParty(made), "Update API", "ApplicationManagement", "Core Directory", "")
	if read := get[idp.API](w, made.APIID); read.Name != name || len(read.Scopes) != 2 || read.JWT || read.ClientID != client.ClientID || read.Identifier != made.Identifier || !read.CreatedAt.Equal(made.CreatedAt) || a.Name != name {
		t.Errorf("%+v", read)
	}
	same, err := w.admin.UpdateAPI(w.ctx, op, tenantID, made.APIID, admin.APIChange{})
	if err != nil || same.Name != name || len(same.Scopes) != 2 || same.ClientID != client.ClientID {
		t.Errorf("nothing changed: %+v, %v", same, err)
	}
	update := func(name string, c admin.APIChange) func() error {
		return func() error { _, err := w.admin.UpdateAPI(w.ctx, op, tenantID, name, c); return err }
	}
	w.wantError("scope", idp.Invalid, `The scope "openid" has a meaning of its own.`, update(made.APIID, admin.APIChange{Scopes: &[]string{"openid"}}))
	w.wantError("client", idp.NotFound, `There is no client "x".`, update(made.APIID, admin.APIChange{ClientID: new("x")}))
	w.wantError("nobody", idp.NotFound, `There is no API "x".`, update("x", admin.APIChange{}))
	w.must(update(made.APIID, admin.APIChange{ClientID: new("")})())
	if read := get[idp.API](w, made.APIID); read.ClientID != "" {
		t.Errorf("%+v", read)
	}
}

// TestUpdateAPIWhoseClientIsGone: an API can still be changed, whose client was removed.
func TestUpdateAPIWhoseClientIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client, _, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	api := filesAPI()
	api.ClientID = client.ClientID
	made, err := w.admin.CreateAPI(w.ctx, op, tenantID, api)
	w.must(err)
	w.must(w.admin.DeleteClient(w.ctx, op, tenantID, client.ClientID))
	if _, err := w.admin.UpdateAPI(w.ctx, op, tenantID, made.APIID, admin.APIChange{Name: new("Documents")}); err != nil {
		t.Error(err)
	}
}

// TestTwinAPI: two identifiers that differ by a slash at the end would share their scopes.
func TestTwinAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, pair := range [][2]string{{"https://a.example", "https://a.example/"}, {"https://b.example/", "https://b.example"}} {
		_, err := w.admin.CreateAPI(w.ctx, op, tenantID, idp.API{Identifier: pair[0], Name: "First"})
		w.must(err)
		if _, err := w.admin.CreateAPI(w.ctx, op, tenantID, idp.API{Identifier: pair[1], Name: "Second"}); idp.ErrorCode(err) != idp.Conflict {
			t.Errorf("%s beside %s: %v", pair[1], pair[0], err)
		}
	}
}

func TestDeleteAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.admin.CreateAPI(w.ctx, op, tenantID, filesAPI())
	w.must(err)
	w.pass(time.Minute)
	w.must(w.admin.DeleteAPI(w.ctx, op, tenantID, a.Identifier))
	w.wantEvent(op.Party, apiParty(a), "Delete API", "ApplicationManagement", "Core Directory", "")
	w.wantError("again", idp.NotFound, `There is no API "https://api.contoso.example".`, func() error { return w.admin.DeleteAPI(w.ctx, op, tenantID, a.Identifier) })
	if left := all[idp.API](w); len(left) > 0 {
		t.Errorf("%v", left)
	}
	_, err = w.admin.CreateAPI(w.ctx, op, tenantID, filesAPI())
	w.must(err)
}
