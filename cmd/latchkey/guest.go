package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

func (c *cli) guestCommand() *cobra.Command {
	return c.group("guest", "Invite people from other organizations, and look after those who came",
		c.guestInviteCommand(), c.guestListCommand(),
		onGuest(c, "show", "Show a guest: how far they have come, and which way they sign in", guestShow, showGuest),
		onGuest(c, "resend", "Invite a guest again, by mail, who has not accepted yet; the link from before is void", guestResend, showInvited),
		c.guestResetCommand(),
		onGuest(c, "delete", "Delete a guest; sessions and tokens of the guest end at once", guestDelete, gone("guest")),
		c.guestBlocksCommand(), c.guestUnblockCommand())
}

// onGuest is a command that takes a guest and nothing else.
func onGuest[R any](c *cli, verb, short string, o operation[guestArgs, R], human func(*printer, R)) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: verb + " GUEST", Short: short, Args: wants("GUEST"),
		Long:    short + ".\n\nGUEST is the mail address, the user name with #ext# in it, or the id.",
		Example: exampleOf(o.name, "lea@fabrikam.example"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, o, guestArgs{c.tenant, args[0]}, human)
		},
	})
}

// inviteFlags are the flags of guestInviteArgs.
type inviteFlags struct {
	redirect, name, message, messageFile, language, copy string
	send, member                                         bool
	sponsors                                             []string
}

// ofMail are the flags that say what the mail is like.
func ofMail() []string { return []string{"message", "message-file", "language", "cc"} }

func (c *cli) guestInviteCommand() *cobra.Command {
	var f inviteFlags
	cmd := &cobra.Command{
		Use: "invite ADDRESS", Short: "Invite somebody from another organization; prints the link by which they accept",
		Long: "Invite somebody from another organization by mail address. They are in the directory at once, as a guest, and can sign\n" +
			"in once they have accepted. The link is shown once; it signs nobody in, but begins a sign-in. To invite somebody again\n" +
			"who has not accepted yet makes a new link, and the one before is void.",
		Example: "  latchkey guest invite lea@fabrikam.example --name 'Lea Roth' --send\n" +
			"  latchkey guest invite lea@fabrikam.example --redirect https://time.contoso.example/ --send --message 'Welcome to the project.' --language de\n" +
			"  latchkey guest invite ira@fabrikam.example --sponsor anna@contoso.example --sponsor 'Project Fabrikam'",
		Args: wants("ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := f.args(cmd)
			if err != nil {
				return err
			}
			a.guestArgs = guestArgs{c.tenant, args[0]}
			return act(c, cmd, guestInvite, a, showInvited)
		},
	}
	f.add(cmd)
	return c.inTenant(cmd)
}

func (f *inviteFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.redirect, "redirect", "", "the address where they come to once they have accepted (default: the page with the tenant's apps)")
	flags.StringVar(&f.name, "name", "", "how people see the guest's name (default: what stands before the @)")
	flags.BoolVar(&f.send, "send", false, "tell them by mail; without it, hand the link over yourself")
	flags.StringVar(&f.message, "message", "", "what the mail says beside the usual")
	flags.StringVar(&f.messageFile, "message-file", "", "the same, from a file")
	flags.StringVar(&f.language, "language", "", "the language of the mail, such as de-CH")
	flags.StringVar(&f.copy, "cc", "", "somebody else whom the mail goes to as well")
	flags.StringArrayVar(&f.sponsors, "sponsor", nil, "a user or a group that answers for the guest; may be repeated")
	flags.BoolVar(&f.member, "member", false, "they come as a member of the organization, not as a guest")
	cmd.MarkFlagsMutuallyExclusive("message", "message-file")
}

func (f *inviteFlags) args(cmd *cobra.Command) (a guestInviteArgs, err error) {
	for _, name := range ofMail() {
		if cmd.Flags().Changed(name) && !f.send {
			return a, misused("--%s is about the mail, and none goes out without --send", name)
		}
	}
	for name, value := range map[string]string{"redirect": f.redirect, "message-file": f.messageFile, "cc": f.copy} {
		if cmd.Flags().Changed(name) && value == "" { // as by an unset variable of a script
			return a, misused("--%s is empty", name)
		}
	}
	if f.messageFile != "" {
		if f.message, err = readMessage(f.messageFile); err != nil {
			return a, err
		}
	}
	return guestInviteArgs{
		RedirectURL: f.redirect, Name: f.name, Member: f.member, Send: f.send, Message: f.message, Language: f.language,
		Copy: f.copy, Sponsors: array(f.sponsors),
	}, nil
}

// maxMessage is more than the server takes of a message, so that it is the server who says
// how much that is.
const maxMessage = 8 << 10

func readMessage(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("--message-file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMessage))
	if err != nil {
		return "", fmt.Errorf("--message-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (c *cli) guestListCommand() *cobra.Command {
	state := oneOf{words: []string{statePending, stateAccepted}}
	source := oneOf{words: each(idp.Sources, func(s idp.Source) string { return string(s) })}
	cmd := &cobra.Command{
		Use: "list", Short: "List users from other organizations",
		Example: "  latchkey guest list\n" +
			"  latchkey guest list --state pending\n" +
			"  latchkey guest list --source mail --json",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			none := "There are no users from other organizations."
			if state.value != "" || source.value != "" {
				none = "There are none of these."
			}
			return actList(c, cmd, guestList, guestListArgs{listArgs{Tenant: c.tenant}, state.value, source.value}, tableGuests(none))
		},
	}
	cmd.Flags().Var(&state, "state", "only those who have come so far")
	cmd.Flags().Var(&source, "source", "only those who have redeemed in this way: by a code by mail, at another organization of this deployment, or at the provider of their domain")
	return c.inTenant(cmd)
}

func (c *cli) guestResetCommand() *cobra.Command {
	var email string
	cmd := &cobra.Command{
		Use: "reset GUEST", Short: "Put a guest back to the beginning, and invite them again by mail",
		Long: "Put a guest back to the beginning, and invite them again by mail: which way they sign in is decided anew when they accept.\n" +
			"They keep the id, groups and roles, and are signed out everywhere.\n\n" +
			"GUEST is the mail address, the user name with #ext# in it, or the id.",
		Example: "  latchkey guest reset lea@fabrikam.example\n" +
			"  latchkey guest reset lea@fabrikam.example --email lea@tailspin.example",
		Args: wants("GUEST"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if email == "" && cmd.Flags().Changed("email") {
				return misused("--email is empty")
			}
			return act(c, cmd, guestReset, guestResetArgs{guestArgs{c.tenant, args[0]}, email}, showInvited)
		},
	}
	cmd.Flags().StringVar(&email, "email", "", "the address that the guest has from now on")
	return c.inTenant(cmd)
}

func (c *cli) guestBlocksCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "blocks", Short: "List the addresses whose owners have asked not to be invited again",
		Example: "  latchkey guest blocks",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, guestBlocks, listArgs{Tenant: c.tenant}, func(p *printer, bs []blockView) {
				p.table("Nobody has asked not to be invited again.", []string{"ADDRESS", "SINCE"}, each(bs, func(b blockView) []string {
					return []string{b.Address, p.when(b.CreatedAt)}
				}))
			})
		},
	})
}

func (c *cli) guestUnblockCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "unblock ADDRESS", Short: "Let an address be invited again, once its owner has asked for that",
		Example: "  latchkey guest unblock lea@fabrikam.example",
		Args:    wants("ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, guestUnblock, guestArgs{c.tenant, args[0]}, func(p *printer, u unblocked) {
				p.line("%s can be invited again.", u.Unblocked)
			})
		},
	})
}
