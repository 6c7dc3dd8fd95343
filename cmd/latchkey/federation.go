package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

const exampleIssuer = "https://login.branch.example"

func (c *cli) federationCommand() *cobra.Command {
	return c.group("federation", "Manage federation: domains whose people sign in at another OpenID Provider",
		c.federationAddCommand(), c.federationListCommand(),
		onNamed(c, "show", "FEDERATION", "branch.example", "Show a federation, by one of its domains or its id", federationShow, showFederation),
		c.federationSetCommand(),
		onNamed(c, "remove", "FEDERATION", "branch.example", "Remove a federation with its links, and sign out whoever came through it", federationRemove, gone("federation")),
		c.federationTestCommand(),
		onUser(c, "identities", "List a user's identities at other providers", federationIdentities, showIdentities),
		c.federationLinkCommand(), c.federationUnlinkCommand())
}

// flags adds those that add and set have in common.
func (f *federationFields) flags(s fieldFlags) {
	s.name(&f.Name, "the provider's name, as people read it on the sign-in page")
	s.text(&f.ClientID, "client-id", "the client id that the provider gave this tenant")
	s.Var(&optional[string]{&f.Secret, "FILE", readSecret}, "client-secret-file", "a `FILE` with the client secret, - for standard input; none for a public client")
	s.word(&f.AuthMethod, "auth-method", "how this tenant authenticates at the token endpoint (default client_secret_basic, without a secret none)", "", idp.FederationAuthMethods...)
	s.list(&f.Domains, "domain", "a `domain` whose people sign in there: the tenant's own, or one that guests come from; may be repeated")
	s.list(&f.Scopes, "scope", "a `scope` to ask for (default openid, profile, email); may be repeated")
	s.word(&f.MFA, "mfa", "whether more than one factor proved there counts here (default acceptIfMfaDoneByFederatedIdp)", "", textsOf(idp.FederatedMFAs)...)
	s.list(&f.MFAClasses, "mfa-acr", "a value of `acr` that stands for more than one factor, as mfa in amr always does, or none; may be repeated")
	s.word(&f.PromptLogin, "prompt-login", "how the provider is asked to make somebody sign in again (default nativeSupport)", "", textsOf(idp.PromptLogins)...)
	s.word(&f.Linking, "linking", "how people are linked with a user when they first come (default verifiedAddress)", "", textsOf(idp.Linkings)...)
	s.text(&f.Address, "address-claim", "the `claim` that must be the user name when they first come, or none for a verified email")
	s.text(&f.NameClaim, "name-claim", "the `claim` with the display name of users who are created, or none for name")
	s.text(&f.GivenName, "given-name-claim", "the `claim` with their given name, or none for given_name")
	s.text(&f.FamilyName, "family-name-claim", "the `claim` with their family name, or none for family_name")
	s.text(&f.HintDomain, "hint-domain", "the `domain` by which the provider knows these people, if it is a different one, or none")
	s.yes(&f.IgnoreHints, "ignore-domain-hint", "do not send people there by an app's domain_hint alone")
	s.yes(&f.Provision, "provision", "create users of the tenant's own domains when they first sign in")
	s.yes(&f.SignOut, "sign-out", "sign people out there too when they sign out here")
	s.yes(&f.Disabled, "disabled", "let nobody sign in there, and sign out whoever came through it")
}

// textsOf are words of a kind of their own as texts.
func textsOf[T ~string](words []T) []string {
	return each(words, func(w T) string { return string(w) })
}

// maxSecretFile bounds what is read of a file, in bytes.
const maxSecretFile = 4096

// readSecret reads the first line of the file that a flag names; "" for none.
func readSecret(name string) (string, error) {
	var from io.Reader = os.Stdin
	switch name {
	case noEntries:
		return "", nil
	case "-":
	default:
		file, err := os.Open(name)
		if err != nil {
			return "", unread(err)
		}
		defer file.Close()
		from = file
	}
	line, err := bufio.NewReader(io.LimitReader(from, maxSecretFile)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", unread(err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("the first line of the file is empty: write none for a public client")
	}
	return line, nil
}

func (c *cli) federationAddCommand() *cobra.Command {
	var f federationFields
	var unchecked bool
	cmd := &cobra.Command{
		Use: "add ISSUER --name NAME --domain DOMAIN --client-id ID", Short: "Federate domains with an OpenID Provider",
		Long: "Federate domains with an OpenID Provider. It prints the addresses to register at the\n" +
			"provider. Whoever holds a pass is asked for that first, always.",
		Example: "  latchkey federation add " + exampleIssuer + " --name Branch --domain branch.example --client-id contoso --client-secret-file secret.txt --unchecked",
		Args:    wants("ISSUER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, federationAdd, federationAddArgs{c.tenant, args[0], unchecked, f}, showFederation)
		},
	}
	f.flags(fieldFlags{cmd.Flags()})
	cmd.Flags().BoolVar(&unchecked, "unchecked", false, "do not check first that the issuer answers as a provider")
	for _, name := range []string{"name", "domain", "client-id"} {
		_ = cmd.MarkFlagRequired(name) // it is there
	}
	return c.inTenant(cmd)
}

func (c *cli) federationSetCommand() *cobra.Command {
	var f federationFields
	cmd := &cobra.Command{
		Use: "set FEDERATION", Short: "Change a federation; what is not given stays, a list replaces the old one",
		Example: "  latchkey federation set branch.example --mfa enforceMfaByFederatedIdp\n  latchkey federation set branch.example --disabled",
		Args:    wants("FEDERATION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, federationSet, federationSetArgs{namedArgs{c.tenant, args[0]}, f}, showFederation)
		},
	}
	f.flags(fieldFlags{cmd.Flags()})
	return c.inTenant(cmd)
}

func (c *cli) federationTestCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "test FEDERATION", Short: "Ask the provider now, and tell what is wrong with it",
		Long: "Ask the provider now, whatever is kept of its earlier answers, and tell what is wrong with it and with the\n" +
			"settings for it. The exit code is 1 when anything failed; a warning is no failure.",
		Example: "  latchkey federation test branch.example",
		Args:    wants("FEDERATION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := ask(c, cmd, federationTest, namedArgs{c.tenant, args[0]})
			if err != nil {
				return err
			}
			return c.told(found, args[0])
		},
	})
}

func (c *cli) federationListCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "list", Short: "List federations",
		Example: "  latchkey federation list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return act(c, cmd, federationList, namedArgs{Tenant: c.tenant}, func(p *printer, all []federationView) {
				rows := each(all, func(v federationView) []string {
					return []string{joined(valueOf(v.Domains)), valueOf(v.Name), v.Issuer, valueOf(v.MFA), onlyYes(v.Disabled)}
				})
				p.table("There are no federations.", []string{"DOMAINS", "NAME", "ISSUER", "MFA", "DISABLED"}, rows)
			})
		},
	})
}

func (c *cli) federationLinkCommand() *cobra.Command {
	var federation, subject string
	cmd := &cobra.Command{
		Use: "link USER --federation FEDERATION --subject SUB", Short: "Link a user with an account at a provider: whoever has the subject there signs in as the user",
		Example: "  latchkey federation link boss@branch.example --federation branch.example --subject 248289761001",
		Args:    wants("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, federationLink, linkArgs{userArgs{c.tenant, args[0]}, federation, subject}, showIdentity)
		},
	}
	cmd.Flags().StringVar(&federation, "federation", "", "the `FEDERATION`, by one of its domains or its id")
	cmd.Flags().StringVar(&subject, "subject", "", "the id of the account at the provider: the claim `sub`")
	_, _ = cmd.MarkFlagRequired("federation"), cmd.MarkFlagRequired("subject") // they are there
	return c.inTenant(cmd)
}

func (c *cli) federationUnlinkCommand() *cobra.Command {
	var identity string
	cmd := &cobra.Command{
		Use: "unlink USER --identity ID", Short: "Remove a user's link with a provider, and sign out whoever came by it",
		Example: "  latchkey federation unlink sam@branch.example --identity 4f1f0e52-7c0f-4a6e-9a51-2f4e8d6b7c90",
		Args:    wants("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, federationUnlink, unlinkArgs{userArgs{c.tenant, args[0]}, identity}, gone("identity"))
		},
	}
	cmd.Flags().StringVar(&identity, "identity", "", "the `ID` that 'latchkey federation identities' lists")
	_ = cmd.MarkFlagRequired("identity") // it is there
	return c.inTenant(cmd)
}

func showFederation(p *printer, v federationView) {
	p.fields("Federation", valueOf(v.Name), "ID", v.ID, "Issuer", v.Issuer, "Domains", joined(valueOf(v.Domains)), "Disabled", onlyYes(v.Disabled),
		"Client ID", valueOf(v.ClientID), "Authenticates by", valueOf(v.AuthMethod), "Scopes", joined(valueOf(v.Scopes)),
		"MFA", valueOf(v.MFA), "MFA acr", joined(valueOf(v.MFAClasses)), "Prompt login", valueOf(v.PromptLogin),
		"Linking", valueOf(v.Linking), "Address claim", valueOf(v.Address), "Name claim", valueOf(v.NameClaim),
		"Given name claim", valueOf(v.GivenName), "Family name claim", valueOf(v.FamilyName), "Hint domain", valueOf(v.HintDomain),
		"Ignores domain_hint", onlyYes(v.IgnoreHints), "Creates users", onlyYes(v.Provision), "Signs out there", onlyYes(v.SignOut), "Created", p.when(v.CreatedAt))
	p.line("")
	p.line("Register at the provider:")
	p.fields("Redirect URI", v.RedirectURI, "Back-channel logout URI", v.BackLogoutURI, "Front-channel logout URI", v.FrontLogoutURI,
		"Post-logout redirect URI", v.SignedOutURI)
}

func showIdentities(p *printer, all []identityView) {
	rows := each(all, func(v identityView) []string {
		return []string{v.ID, v.Issuer, v.Subject, v.Address, p.when(v.CreatedAt)}
	})
	p.table("The user is linked with nobody elsewhere.", []string{"ID", "ISSUER", "SUBJECT", "ADDRESS", "LINKED"}, rows)
}

func showIdentity(p *printer, v identityView) {
	p.fields("Identity", v.ID, "Issuer", v.Issuer, "Subject", v.Subject, "Linked", p.when(v.CreatedAt))
}
