package oidc_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
)

// microsoft gives an app what Microsoft's libraries read.
func microsoft(c *idp.Client) { c.ClaimsProfile = idp.ClaimsEntra }

// TestEntraAnswer: a token response for MSAL says whose account it is about, and brings
// what MSAL means without asking for it: an ID token, and a refresh token.
func TestEntraAnswer(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(files, "store", false)
	ms, plain := v.relying("ms", microsoft), v.relying("plain")
	for name, got := range map[string]*reply{
		"code":     v.tokens(ms, v.who, one("scope", files+"/read")),
		"refresh":  v.refresh(ms, v.tokens(ms, v.who, one("scope", files+"/read")).str("refresh_token"), ""),
		"narrowed": v.refresh(ms, v.tokens(ms, v.who, one("scope", files+"/read "+files+"/write")).str("refresh_token"), files+"/read"),
		"default":  v.tokens(ms, v.who, one("scope", files+"/.default")),
	} {
		var info map[string]string
		v.must(json.Unmarshal(decoded(t, got.str("client_info")), &info))
		if want := map[string]string{"uid": v.users["anna"].UserID, "utid": tenantID}; !maps.Equal(info, want) {
			t.Errorf("%s: client_info %v", name, info)
		}
		told := "openid profile offline_access " + files + "/read"
		if name == "default" {
			told += " " + files + "/write"
		}
		if got.str("scope") != told || got.num("ext_expires_in") != got.num("expires_in") || got.num("expires_in") != 3600 || got.str("id_token") == "" {
			t.Errorf("%s: %s", name, got.Body)
		}
		if name != "refresh" && name != "narrowed" && got.str("refresh_token") == "" {
			t.Errorf("%s: no refresh token: %s", name, got.Body)
		}
	}
	got := v.tokens(plain, v.who, one("scope", files+"/read"))
	if names := slices.Sorted(maps.Keys(got.JSON)); !slices.Equal(names, []string{"access_token", "expires_in", "scope", "token_type"}) || got.str("scope") != "read" {
		t.Errorf("plain: %s", got.Body)
	}
}

// TestEntraClaims: the claims of that profile are in the tokens of its apps and of no
// others, beside those of the specifications.
func TestEntraClaims(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(files, "store", true)
	anna := v.users["anna"]
	idClaims := []string{"acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid", "sub"}
	accessClaims := []string{"acr", "amr", "aud", "auth_time", "client_id", "exp", "grant_id", "iat", "iss", "jti", "scope", "sub"}
	added := map[string]any{
		"tid": tenantID, "oid": anna.UserID, "preferred_username": "anna@contoso.example", "upn": "anna@contoso.example", "name": "Anna", "ver": "2.0", "acct": 0.0,
	}
	for id, entra := range map[string]bool{"plain": false, "ms": true} {
		a := v.relying(id, func(c *idp.Client) {
			if entra {
				microsoft(c)
			}
		})
		got := v.tokens(a, v.who, one("scope", "openid profile "+files+"/read"))
		for name, test := range map[string]struct {
			claims map[string]any
			own    []string
			more   []string
		}{
			"ID token":     {v.claims(got.str("id_token")), idClaims, []string{"uti"}},
			"access token": {v.claims(got.str("access_token")), accessClaims, []string{"uti", "sid", "azp", "azpacr", "scp"}},
		} {
			want := slices.Clone(test.own)
			if entra {
				want = slices.Concat(want, test.more, slices.Collect(maps.Keys(added)))
			}
			slices.Sort(want)
			if names := slices.Sorted(maps.Keys(test.claims)); !slices.Equal(names, want) {
				t.Errorf("%s, %s: %v\nwant %v", id, name, names, want)
			}
			for claim, value := range added {
				if entra && test.claims[claim] != value {
					t.Errorf("%s, %s: %s is %v", id, name, claim, test.claims[claim])
				}
			}
			if _, ok := test.claims["aud"].(string); !ok {
				t.Errorf("%s, %s: aud %v", id, name, test.claims["aud"])
			}
		}
		access := v.claims(got.str("access_token"))
		if entra && (access["azp"] != "ms" || access["azpacr"] != "1" || access["scp"] != "read" || access["sid"] != v.claims(got.str("id_token"))["sid"]) {
			t.Errorf("%v", access)
		}
	}
}

// TestEntraGuests: a guest is told by acct, and their address comes without being asked
// for.
func TestEntraGuests(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	ms, plain := v.relying("ms", microsoft), v.relying("plain")
	for kind, test := range map[idp.UserType]struct {
		scope string
		acct  float64
		email any
	}{
		idp.Member: {"openid", 0, nil}, idp.InternalGuest: {"openid", 1, "anna@mail.example"},
	} {
		u := v.users["anna"]
		u.Type = kind
		v.put(tenantID, u)
		claims := v.claims(v.tokens(ms, v.who, one("scope", test.scope)).str("id_token"))
		if claims["acct"] != test.acct || claims["email"] != test.email || claims["idp"] != nil {
			t.Errorf("%s: %v", kind, claims)
		}
		claims = v.claims(v.tokens(plain, v.who, one("scope", test.scope)).str("id_token"))
		if claims["acct"] != nil || claims["email"] != nil {
			t.Errorf("%s, plain: %v", kind, claims)
		}
	}
	u := v.users["anna"]
	u.Type = idp.Member
	v.put(tenantID, u)
	if claims := v.claims(v.tokens(ms, v.who, one("scope", "openid email")).str("id_token")); claims["email"] != "anna@mail.example" {
		t.Errorf("a member, asked for it: %v", claims)
	}
}

// TestEntraConsent: what is meant without being said is still asked about.
func TestEntraConsent(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	a := v.relying("ms")
	v.enter(a, one("scope", "openid profile"))
	if got := v.authorize(a, url.Values{"scope": {"openid"}, "prompt": {"none"}}); got.code() == "" {
		t.Fatalf("%v", got.Fields)
	}
	v.change(a, microsoft)
	if got := v.authorize(a, url.Values{"scope": {"openid"}, "prompt": {"none"}}); got.Fields.Get("error") != "consent_required" {
		t.Errorf("offline access without leave: %v", got.Fields)
	}
}

// TestEntraFront: by way of the authorization endpoint, too, an ID token says whose
// account it is about; offline access is not meant where there is no code.
func TestEntraFront(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	a := v.relying("ms", microsoft, answering())
	for _, rt := range []string{"id_token", "id_token token", "code id_token"} {
		got := v.enter(a, url.Values{"response_type": {rt}, "scope": {"openid"}})
		claims := v.claims(got.Fields.Get("id_token"))
		if claims["tid"] != tenantID || claims["oid"] != v.users["anna"].UserID || claims["preferred_username"] != "anna@contoso.example" || claims["email"] != nil {
			t.Errorf("%s: %v", rt, claims)
		}
		if strings.Contains(rt, " token") && got.Fields.Get("scope") != "openid profile" {
			t.Errorf("%s: scope %q", rt, got.Fields.Get("scope"))
		}
	}
}

// TestEntraForItself: an app's own tokens name it, and nobody's account.
func TestEntraForItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.api(files, "store", true)
	a := w.permit(w.relying("ms", microsoft, func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantClient) }), files+"/read")
	got := w.own(a, files+"/.default", "")
	claims := w.claims(got.str("access_token"))
	if got.Status != 200 || got.str("client_info") != "" || got.num("ext_expires_in") != 600 || got.str("scope") != files+"/read "+files+"/.default" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if claims["idtyp"] != "app" || claims["oid"] != "ms" || claims["tid"] != tenantID || claims["azp"] != "ms" || claims["preferred_username"] != nil || claims["acct"] != nil {
		t.Errorf("%v", claims)
	}
}

// TestEntraExchange: on behalf of a person, as MSAL asks for it: by scope alone.
func TestEntraExchange(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	c.change(c.store, microsoft)
	got := c.exchange(c.store, c.subject, one("scope", mail+"read"))
	claims := unverified(got.str("access_token"))
	if got.Status != 200 || got.str("scope") != strings.TrimSuffix(mail, "/")+"/read" || claims["aud"] != mail || claims["azp"] != "store" || claims["oid"] != c.users["anna"].UserID {
		t.Errorf("%d %s %v", got.Status, got.Body, claims)
	}
	same := c.exchange(c.store, c.subject, one("scope", files+"/read"))
	if unverified(same.str("access_token"))["scp"] != "read" || same.str("refresh_token") != "" {
		t.Errorf("narrowed: %d %s", same.Status, same.Body)
	}
}
