package main

import (
	"github.com/spf13/cobra"

	"latchkey/idp"
)

func (c *cli) doctorFederationCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "federation", Short: "Tell whether the providers of federated domains answer as they should",
		Long: "Tell whether the providers of federated domains answer as they should: the running server asks each one now,\n" +
			"unless its federation is disabled. The exit code is 1 when anything failed; a warning is no failure.",
		Example: "  latchkey doctor federation",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := c.askProviders(cmd)
			if err != nil {
				return err
			}
			return c.told(found, "federation")
		},
	})
}

// askProviders asks one after the other, each in a call of its own: none of them makes another
// one late.
func (c *cli) askProviders(cmd *cobra.Command) (found []symptom, err error) {
	all, err := ask(c, cmd, federationList, namedArgs{Tenant: c.tenant})
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if valueOf(f.Disabled) {
			continue
		}
		one, err := ask(c, cmd, federationTest, namedArgs{c.tenant, f.ID})
		if err != nil {
			return nil, err
		}
		found = append(found, one...)
	}
	if len(found) == 0 {
		found = []symptom{well("provider", "nobody signs in elsewhere: there is no federation, or each is disabled")}
	}
	return found, nil
}

// judgeProvider tells what a provider that was asked is like, or why it could not be asked.
func judgeProvider(f *idp.Federation, r idp.ProviderReport, err error) []symptom {
	if err != nil {
		return []symptom{failed("provider", "%s: %s", f.Name, err).
			hint("Until it answers, nobody can sign in there. Its people see a page that says so, with their other ways.")}
	}
	return []symptom{
		well("provider", "%s is an OpenID Provider: %s", f.Name, f.Issuer),
		well("keys", "%s signs with %s that can be believed", f.Name, numberOf(r.Keys, "key")),
		judgePKCE(f, r), judgeIssuerName(f, r), judgeSignOut(f, r), judgeEnds(f, r),
	}
}

// judgePKCE: a challenge is sent anyway, and a provider that knows none passes over it.
func judgePKCE(f *idp.Federation, r idp.ProviderReport) symptom {
	if !r.PKCE {
		return warning("pkce", "%s does not say that it checks PKCE (RFC 7636)", f.Name).
			hint("A code that is stolen on its way is worth more without it. The nonce protects who signs in here all the same.")
	}
	return well("pkce", "%s checks PKCE, by S256", f.Name)
}

func judgeIssuerName(f *idp.Federation, r idp.ProviderReport) symptom {
	if !r.NamesItself {
		return well("iss", "%s does not name itself in answers (RFC 9207): its redirect URI, which is its alone, tells it apart", f.Name)
	}
	return well("iss", "%s names itself in answers (RFC 9207)", f.Name)
}

func judgeSignOut(f *idp.Federation, r idp.ProviderReport) symptom {
	switch {
	case r.EndSession != "":
		return well("sign-out", "%s has a page to sign out at", f.Name)
	case f.SignOut:
		return warning("sign-out", "%s has no page to sign out at, so that nobody is signed out there", f.Name).
			hint("Set --sign-out=false, so that nobody relies on it.")
	}
	return well("sign-out", "%s has no page to sign out at, and nobody asked for one", f.Name)
}

func judgeEnds(f *idp.Federation, r idp.ProviderReport) symptom {
	switch {
	case r.BackLogout:
		return well("ends", "%s tells of sessions that end there, by the back channel", f.Name)
	case r.FrontLogout:
		return well("ends", "%s tells of sessions that end there, by the browser", f.Name)
	case r.TellsExpiry:
		return well("ends", "%s says beforehand when a session must end", f.Name)
	}
	return warning("ends", "%s does not tell when a session there ends", f.Name).
		hint("Whoever is signed out there stays signed in here: disable the user here too when it matters.")
}
