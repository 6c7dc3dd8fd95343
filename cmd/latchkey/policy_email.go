package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// emailPolicyView is the policy of codes by mail as it is shown.
type emailPolicyView struct {
	Enabled bool   `json:"enabled"`
	Guests  string `json:"guests"` // default, enabled or disabled
	targetsView
	CodeLifetimeMinutes int  `json:"code_lifetime_minutes"`
	CodeInSubject       bool `json:"code_in_subject"`
	// Not of the policy: whether it comes to codes for anybody, whether the deployment sends
	// mail, how many have redeemed by a code, and how many of these it keeps out.
	On          bool `json:"on"`
	MailEnabled bool `json:"mail_enabled"`
	Redeemed    int  `json:"guests_redeemed"`
	KeptOut     int  `json:"guests_kept_out"`
}

type emailPolicyArgs struct {
	Tenant  string  `json:"tenant"`
	Enabled *bool   `json:"enabled"`
	Guests  *string `json:"guests"`
	targetArgs
	CodeLifetime  *int  `json:"code_lifetime_minutes"`
	CodeInSubject *bool `json:"code_in_subject"`
}

func (a emailPolicyArgs) scope() (tenant, user string) { return a.Tenant, "" }

var policyEmailShow = policyReading("policy.email.show",
	func(all *idp.MethodsPolicy) idp.EmailPolicy { return all.Email }, desk.emailPolicyView)

var policyEmailSet = operation[emailPolicyArgs, emailPolicyView]{"policy.email.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a emailPolicyArgs) (v emailPolicyView, err error) {
		change := admin.EmailPolicyChange{
			Enabled: a.Enabled, Guests: (*idp.Switch)(a.Guests), CodeLifetime: a.CodeLifetime, CodeInSubject: a.CodeInSubject,
		}
		if change.Include, change.Exclude, err = a.found(ctx, d, t); err != nil {
			return v, err
		}
		p, err := d.Admin.UpdateEmailPolicy(ctx, d.actor, t.TenantID, change)
		if err != nil {
			return v, err
		}
		return d.emailPolicyView(ctx, t, p)
	})}

func (d desk) emailPolicyView(ctx context.Context, t *idp.Tenant, p idp.EmailPolicy) (v emailPolicyView, err error) {
	v = emailPolicyView{
		Enabled: p.Enabled, Guests: string(p.Guests), CodeLifetimeMinutes: p.CodeLifetime, CodeInSubject: p.CodeInSubject,
		On: p.On(), MailEnabled: d.Config.SMTP.Enabled(),
	}
	if v.targetsView, err = d.targetsView(ctx, t, p.Targets); err != nil {
		return v, err
	}
	v.Redeemed, v.KeptOut, err = d.Admin.CodeGuests(ctx, d.actor, t.TenantID)
	return v, err
}

func (c *cli) policyEmailCommand() *cobra.Command {
	return c.group("email", "Show or change the policy of codes by mail, by which people from outside sign in",
		showing(c, "policy email", "Show the policy of codes by mail", policyEmailShow, showEmailPolicy), c.policyEmailSetCommand())
}

func (c *cli) policyEmailSetCommand() *cobra.Command {
	var enabled, inSubject bool
	var lifetime minutes
	var targets targetFlags
	guests := oneOf{words: each(idp.Switches, func(s idp.Switch) string { return string(s) })}
	cmd := &cobra.Command{
		Use: "set", Short: "Change the policy of codes by mail; it holds at once, for guests who have redeemed, too",
		Long: "Change the policy of codes by mail, by which people from outside sign in when no other way is theirs. It holds at once:\n" +
			"guests who have redeemed by a code cannot sign in while there are none for them. Who has redeemed in another way stays\n" +
			"with it when there are some again.",
		Example: "  latchkey policy email set --enabled --guests default --code-lifetime 15\n" +
			"  latchkey policy email set --include 'group:Project Fabrikam'\n" +
			"  latchkey policy email set --enabled=false",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			switched := cmd.Flags().Changed("enabled") || cmd.Flags().Changed("guests")
			return act(c, cmd, policyEmailSet, emailPolicyArgs{
				Tenant: c.tenant, Enabled: given(cmd, "enabled", enabled), Guests: given(cmd, "guests", guests.value), targetArgs: targets.args(cmd),
				CodeLifetime: given(cmd, "code-lifetime", int(lifetime)), CodeInSubject: given(cmd, "code-in-subject", inSubject),
			}, func(p *printer, v emailPolicyView) { setEmailPolicy(p, v, switched) })
		},
	}
	cmd.Flags().BoolVar(&enabled, "enabled", false, "people from outside can sign in with a code by mail; --enabled=false turns codes off")
	cmd.Flags().Var(&guests, "guests", "whether codes are for guests; by default they are")
	cmd.Flags().Var(&lifetime, "code-lifetime", "how long a code is valid: 5 to 30 minutes")
	cmd.Flags().BoolVar(&inSubject, "code-in-subject", false, "the code stands in the subject of the mail, too, and so on locked screens")
	targets.add(cmd, "who may sign in with a code", "who may not, even if included")
	return c.inTenant(cmd)
}

func showEmailPolicy(p *printer, v emailPolicyView) {
	subject := "not in it"
	if v.CodeInSubject {
		subject = "in it, and so on locked screens"
	}
	guests := v.Guests
	if guests == string(idp.SwitchDefault) {
		guests = "enabled, by default"
	}
	p.fields("Codes by mail", stateOf(!v.Enabled), "For guests", guests, "For", targetNames(v.Include), "But not for", targetNames(v.Exclude),
		"A code is valid", minutesSpan(v.CodeLifetimeMinutes), "Subject of the mail", "the code is "+subject,
		"Redeemed by a code", numberOf(v.Redeemed, "guest"))
	for _, note := range v.notes() {
		p.line("")
		p.line("Note: %s", note)
	}
}

// setEmailPolicy shows the policy, and what it means that codes are on now.
func setEmailPolicy(p *printer, v emailPolicyView, switched bool) {
	showEmailPolicy(p, v)
	if !switched || !v.On || !v.MailEnabled {
		return
	}
	p.line("")
	p.line("Codes are on: guests who have redeemed by a code can sign in again, and who accepts an invitation from now on uses one")
	p.line("where no other way is theirs. Who has redeemed in another way stays with it until the redemption is reset.")
}

// notes are what keeps people out.
func (v emailPolicyView) notes() (notes []string) {
	if !v.On {
		notes = append(notes, "codes are off. "+v.off())
	}
	if !v.MailEnabled {
		notes = append(notes, "the deployment sends no mail, so nobody gets a code. See the setting smtp_address.")
	}
	if v.On && v.MailEnabled && v.KeptOut > 0 {
		notes = append(notes, fmt.Sprintf("the policy is not for everybody who has redeemed by a code: %s cannot sign in.", numberOf(v.KeptOut, "guest")))
	}
	return notes
}

// off says what it means that codes are off.
func (v emailPolicyView) off() string {
	if v.Redeemed == 0 {
		return "No guest has redeemed by one so far; who is invited needs another way to sign in."
	}
	return numberOf(v.Redeemed, "guest") + " who redeemed by one cannot sign in until codes are on again; who is signed in stays so, for a day at most. Who is invited needs another way to sign in."
}
