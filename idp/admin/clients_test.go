package admin_test

import (
	"reflect"
	"regexp"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

func webClient() idp.Client {
	return idp.Client{Name: "Web", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantCode}, RedirectURIs: []string{"https://app.example/cb"}}
}

func TestCreateClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	c, secret, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	// Some libraries do not percent-encode Basic credentials, as RFC 6749 2.3.1 has it.
	if !idp.IsID(c.ClientID) || !regexp.MustCompile(`^cs_[A-Za-z0-9_-]{43}$`).MatchString(secret) || !c.SecretMatches(secret) || !c.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v, %q", c, secret)
	}
	w.wantEvent(op.Party, idp.Party{Type: "client", ID: c.ClientID, Name: "Web"}, "Add application", "ApplicationManagement", "Core Directory", "")
	public := webClient()
	public.ClientID, public.AuthMethod = "native", idp.AuthNone
	p, secret, err := w.admin.CreateClient(w.ctx, op, tenantID, public)
	if err != nil || secret != "" || p.SecretHash != "" || p.ClientID != "native" {
		t.Errorf("%+v, %q, %v", p, secret, err)
	}
	create := func(c idp.Client) func() error {
		return func() error {
			c, secret, err := w.admin.CreateClient(w.ctx, op, tenantID, c)
			if err != nil && (c != nil || secret != "") {
				t.Errorf("%v and %q with %v", c, secret, err)
			}
			return err
		}
	}
	w.wantError("again", idp.Conflict, `There is a client "native" already.`, create(public))
	bad := webClient()
	bad.RedirectURIs = []string{"http://app.example/cb"}
	w.wantError("redirect", idp.Invalid, `The redirect URI "http://app.example/cb" must be https, http on localhost, or a private-use scheme such as com.example.app:/callback.`, create(bad))
	bad.AuthMethod = ""
	w.wantError("authentication", idp.Invalid, `The authentication method "" is none of client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, none.`, create(bad))
	cs, next, err := w.admin.Clients(w.ctx, op, tenantID, storage.Page{})
	if err != nil || len(cs) != 2 || next != "" {
		t.Errorf("%v, %q, %v", cs, next, err)
	}
}

func TestUpdateClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, secret, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	w.pass(time.Minute)
	c, err := w.admin.UpdateClient(w.ctx, op, tenantID, made.ClientID, func(c *idp.Client) {
		c.Name, c.RedirectURIs, c.PostLogoutRedirectURIs = "Wiki", []string{"http://localhost/cb"}, []string{"https://app.example/"}
		c.GrantTypes, c.Origins = []string{idp.GrantCode, idp.GrantRefresh}, []string{"https://app.example"}
		c.Native, c.Trusted, c.Introspect, c.Disabled, c.IDTokenAlg = true, true, true, true, "ES256"
	})
	w.must(err)
	w.wantEvent(op.Party, idp.Party{Type: "client", ID: made.ClientID, Name: "Wiki"}, "Update application", "ApplicationManagement", "Core Directory", "")
	read, err := w.admin.Client(w.ctx, op, tenantID, made.ClientID)
	if err != nil || read.Name != "Wiki" || !read.Native || !read.Trusted || !read.Introspect || !read.Disabled || read.IDTokenAlg != "ES256" || !read.SecretMatches(secret) || len(c.Origins) != 1 {
		t.Errorf("%+v, %v", read, err)
	}
	if same, err := w.admin.UpdateClient(w.ctx, op, tenantID, made.ClientID, func(*idp.Client) {}); err != nil || same.Name != "Wiki" || !same.Trusted {
		t.Errorf("%+v, %v", same, err)
	}
	update := func(id string, edit func(*idp.Client)) func() error {
		return func() error { _, err := w.admin.UpdateClient(w.ctx, op, tenantID, id, edit); return err }
	}
	w.wantError("redirect", idp.Invalid, "A client of authorization_code or implicit needs a redirect URI.", update(made.ClientID, func(c *idp.Client) { c.RedirectURIs = nil }))
	w.wantError("nobody", idp.NotFound, `There is no client "x".`, update("x", func(*idp.Client) {}))
	w.wantError("nobody", idp.NotFound, `There is no client "x".`, func() error { _, err := w.admin.Client(w.ctx, op, tenantID, "x"); return err })
}

// TestUpdateClientKeeps edits what an update does not reach.
func TestUpdateClientKeeps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, secret, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	_, err = w.admin.UpdateClient(w.ctx, op, tenantID, made.ClientID, func(c *idp.Client) {
		*c = idp.Client{
			ClientID: "other", Name: "Wiki", AuthMethod: idp.AuthNone, GrantTypes: c.GrantTypes, RedirectURIs: c.RedirectURIs,
			TokensValidFrom: epoch, Registration: "mine", Counted: true,
		}
	})
	w.must(err)
	want := *made
	want.Name = "Wiki"
	if read, err := w.admin.Client(w.ctx, op, tenantID, made.ClientID); err != nil || !reflect.DeepEqual(*read, want) || !read.SecretMatches(secret) {
		t.Errorf("%+v, %v\nwant %+v", read, err, want)
	}
}

func TestNewClientSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, old, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	w.pass(time.Minute)
	c, secret, err := w.admin.NewClientSecret(w.ctx, op, tenantID, made.ClientID)
	w.must(err)
	if read, _ := w.admin.Client(w.ctx, op, tenantID, made.ClientID); read.SecretMatches(old) || !read.SecretMatches(secret) || !read.TokensValidFrom.Equal(w.now()) || !c.SecretMatches(secret) {
		t.Errorf("%+v", read)
	}
	w.wantEvent(op.Party, idp.Party{Type: "client", ID: made.ClientID, Name: "Web"}, "Update application – Certificates and secrets management", "ApplicationManagement", "Core Directory", "")
	public := webClient()
	public.ClientID, public.AuthMethod = "native", idp.AuthNone
	_, _, err = w.admin.CreateClient(w.ctx, op, tenantID, public)
	w.must(err)
	renew := func(id string) func() error {
		return func() error { _, _, err := w.admin.NewClientSecret(w.ctx, op, tenantID, id); return err }
	}
	w.wantError("public", idp.Invalid, `The client "native" does not authenticate with a secret.`, renew("native"))
	w.wantError("nobody", idp.NotFound, `There is no client "x".`, renew("x"))
}

func TestDeleteClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, _, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	w.pass(time.Minute)
	w.must(w.admin.DeleteClient(w.ctx, op, tenantID, c.ClientID))
	w.wantEvent(op.Party, idp.Party{Type: "client", ID: c.ClientID, Name: "Web"}, "Delete application", "ApplicationManagement", "Core Directory", "")
	w.wantError("again", idp.NotFound, `There is no client "`+c.ClientID+`".`, func() error { return w.admin.DeleteClient(w.ctx, op, tenantID, c.ClientID) })
}
