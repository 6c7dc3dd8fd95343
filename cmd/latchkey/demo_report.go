package main

import (
	"fmt"
	"io"
	"strings"

	"latchkey/config"
	"latchkey/idp"
)

// demoReport is what --json writes: all that tests, load tools and scripts need
// to use a running demo.
type demoReport struct {
	BaseURL    string         `json:"base_url"`
	InboxURL   string         `json:"inbox_url"` // without a slash at its end
	MetricsURL string         `json:"metrics_url"`
	PID        int            `json:"pid"`
	Data       string         `json:"data"`
	Tenants    []reportTenant `json:"tenants"`
}

type reportTenant struct {
	ID      string         `json:"id"`
	Domain  string         `json:"domain"`
	Issuer  string         `json:"issuer"`
	Clients []reportClient `json:"clients"`
	Users   []reportUser   `json:"users"`
}

type reportClient struct {
	Name                   string   `json:"name"`
	ClientID               string   `json:"client_id"`
	ClientSecret           string   `json:"client_secret"`
	AuthMethod             string   `json:"auth_method"`
	RedirectURIs           []string `json:"redirect_uris"`
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris"`
	GrantTypes             []string `json:"grant_types"`
	Permissions            []string `json:"permissions"`
}

type reportUser struct {
	ID                  string   `json:"id"`
	UserPrincipalName   string   `json:"user_principal_name"`
	UserType            string   `json:"user_type"`
	Roles               []string `json:"roles"`
	TemporaryAccessPass string   `json:"temporary_access_pass"`
	PassMultiUse        bool     `json:"pass_multi_use"`
}

func reportTenants(base string, all []seeded) []reportTenant {
	var out []reportTenant
	for _, s := range all {
		t := reportTenant{ID: s.tenant.TenantID, Domain: s.tenant.Domains[0], Issuer: issuer(base, s.tenant)}
		for _, c := range s.clients {
			t.Clients = append(t.Clients, reportClient{
				Name: c.name, ClientID: c.client.ClientID, ClientSecret: c.secret, AuthMethod: c.client.AuthMethod,
				RedirectURIs: array(c.client.RedirectURIs), PostLogoutRedirectURIs: array(c.client.PostLogoutRedirectURIs),
				GrantTypes: array(c.client.GrantTypes), Permissions: array(c.client.Permissions),
			})
		}
		for _, u := range s.users {
			t.Users = append(t.Users, reportUser{
				ID: u.user.UserID, UserPrincipalName: u.user.PrincipalName, UserType: string(u.user.Type),
				Roles: array(u.user.Roles), TemporaryAccessPass: u.code, PassMultiUse: u.pass != nil && !u.pass.Once,
			})
		}
		out = append(out, t)
	}
	return out
}

// demoPlaces are the addresses of a running demo.
type demoPlaces struct{ app, inbox, base string }

// greet tells a person what to open and what to try.
func greet(w io.Writer, at demoPlaces, all []seeded) {
	home, away := all[0], sentAway(all)
	var b strings.Builder
	fmt.Fprintf(&b, "\nLatchkey's demo is ready.\n\n  Open  %s  and press Sign in, as one of:\n\n", at.app)
	for _, u := range home.users {
		switch {
		case u.intro == "":
		case u.pass == nil:
			fmt.Fprintf(&b, "    %-24s no pass          %s\n", u.user.PrincipalName, u.intro)
		default:
			fmt.Fprintf(&b, "    %-24s pass %s   %s, %s\n", u.user.PrincipalName, u.code, u.intro, validity(u.pass))
		}
	}
	fmt.Fprintf(&b, `
  Mail  %s  shows what people were sent: that they were given passes,
        whatever is changed about how they sign in, and codes for guests.

  What to try
    1. Sign in, allow the app, and read what it was told and for how long: until the pass ends.
    2. Add a passkey: open %s
       and follow it; your device asks for your finger, face or PIN.
    3. Sign out there, and sign in to the app again, with the passkey: no pass bounds that
       any more.
    4. As somebody else, delete the pass at that address instead. Look at the app: it was
       told, and has signed you out.
    5. Be a guest: open the invitation of %s in the mail, in another browser
       profile, and let a code be sent.
    6. Sign in as %s, whose domain is federated: you are sent to %s,
       where the pass is %s. Whoever holds a pass here is not sent away.
    7. Start the demo again: passes that are over are replaced, everything else stays.

  There is one person for each administrative role, too; --json FILE writes their passes,
  and the client "graph" to call the admin API with, as docs/graph.md tells.

  Control-C stops it.

`, at.inbox, securityInfoOf(at.base, home.tenant), demoGuest, away.here, away.provider, away.code)
	if passkeyHost(config.Config{BaseURL: at.base}) == "" {
		b.WriteString("  There are no passkeys at an address without a host name: add --listen localhost:9400.\n\n")
	}
	io.WriteString(w, b.String()) // a closed terminal is no reason to stop
}

// journey is somebody of the first organization who is sent to the second, and the pass there.
type journey struct{ here, provider, code string }

func sentAway(all []seeded) journey {
	for _, u := range all[0].users {
		local, domain, _ := strings.Cut(u.user.PrincipalName, "@")
		if domain != demoBranch || u.pass != nil {
			continue
		}
		for _, there := range all[1].users {
			if strings.HasPrefix(there.user.PrincipalName, local+"@") {
				return journey{u.user.PrincipalName, all[1].tenant.Name, there.code}
			}
		}
	}
	return journey{}
}

func validity(p *idp.Pass) string {
	how := "as often as you like"
	if p.Once {
		how = "once"
	}
	return how + " until " + p.EndsAt().Local().Format("2 Jan 15:04 MST")
}
