package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// explainView is what a person would be asked at sign-in, and why nothing else.
type explainView struct {
	UserID            string           `json:"user_id"`
	UserPrincipalName string           `json:"user_principal_name"`
	SignInName        string           `json:"sign_in_name"` // of somebody from outside the mail address
	ClientID          string           `json:"client_id"`    // empty: one of Latchkey's own pages
	ClientName        string           `json:"client_name"`
	Step              string           `json:"step"`
	Method            string           `json:"method"`       // what is asked for when step is ask
	CanAnswer         bool             `json:"can_answer"`   // the person has what is asked for
	Error             string           `json:"error"`        // what the app is told when step is refuse
	ErrorNumber       int              `json:"error_number"` // of AADSTS; 0: none
	Methods           []explainedOffer `json:"methods"`
	Redemption        *redemptionView  `json:"redemption"` // null: not from outside
}

// explainedOffer is whether a method is offered.
type explainedOffer struct {
	Method  string `json:"method"`
	Name    string `json:"name"`
	Offered bool   `json:"offered"`
	Reason  string `json:"reason"` // why not, for programs; see reasons
	Why     string `json:"why"`    // the same for people
}

// explainArgs names a user, and an app by its id or name.
type explainArgs struct {
	userArgs
	Client string `json:"client"` // empty: none
}

var explain = operation[explainArgs, explainView]{"explain",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a explainArgs) (v explainView, err error) {
		if a.Client != "" {
			if a.Client, err = d.clientNamed(ctx, t, a.Client); err != nil {
				return v, err
			}
		}
		x, err := d.Signin.Explain(ctx, d.actor, t, a.User, a.Client, d.Clock.Now())
		if err != nil {
			return v, err
		}
		return viewExplanation(x), nil
	})}

// clientNamed is the id of the client that has this id, else of the only one of this
// name.
func (d desk) clientNamed(ctx context.Context, t *idp.Tenant, name string) (string, error) {
	c, err := d.Admin.Client(ctx, d.actor, t.TenantID, name)
	switch {
	case err == nil:
		return c.ClientID, nil
	case idp.ErrorCode(err) != idp.NotFound:
		return "", err
	}
	all, _, err := d.Admin.Clients(ctx, d.actor, t.TenantID, storage.Page{})
	if err != nil {
		return "", err
	}
	all = slices.DeleteFunc(all, func(c *idp.Client) bool { return !strings.EqualFold(c.Name, name) })
	switch len(all) {
	case 0:
		return "", idp.Errorf(idp.NotFound, "There is no client of the id or name %q.", name)
	case 1:
		return all[0].ClientID, nil
	}
	return "", idp.Errorf(idp.Invalid, "There are several clients %q (%s). Name one by its id.", name, joined(each(all, (*idp.Client).ID)))
}

func viewExplanation(x signin.Explanation) explainView {
	v := explainView{
		UserID: x.User.UserID, UserPrincipalName: x.User.PrincipalName, Step: string(x.Decision.Step), Method: string(x.Decision.Method),
		Error: x.Decision.Error, ErrorNumber: int(x.Decision.STS), SignInName: x.User.SignInName(),
	}
	if x.Redemption != nil {
		v.Redemption = new(viewRedemption(*x.Redemption))
	}
	if x.Client != nil {
		v.ClientID, v.ClientName = x.Client.ClientID, x.Client.Name
	}
	v.Methods = each(x.Decision.Offers, func(o idp.Offer) explainedOffer {
		r := reasonOf(o.Reason)
		return explainedOffer{string(o.Info.Kind), o.Info.Name, o.Reason == idp.Offered, r.name, r.words}
	})
	v.CanAnswer = v.asked().Offered && x.Decision.Step == idp.Ask
	return v
}

// asked is the method that is asked for.
func (v explainView) asked() (o explainedOffer) {
	if i := slices.IndexFunc(v.Methods, func(o explainedOffer) bool { return o.Method == v.Method }); i >= 0 {
		o = v.Methods[i]
	}
	return o
}

func (c *cli) explainCommand() *cobra.Command {
	var client string
	cmd := &cobra.Command{
		Use: "explain USER", Short: "Explain what a user would be asked at sign-in, and why nothing else",
		Long: "Explain what a user would be asked who signs in now, with a browser that nobody has signed in with, and for\n" +
			"each method why it is or is not offered. It is decided by what decides at sign-in; nothing is asked or logged.\n" +
			"Of somebody from outside, whose mail address will do for USER, it is explained as well which way they sign in.\n" +
			"Pauses after wrong answers are not looked at: see 'latchkey events'.",
		Example: "  latchkey explain anna@contoso.example\n" +
			"  latchkey explain anna@contoso.example --client 'Time sheets'\n" +
			"  latchkey explain lea@fabrikam.example",
		Args: wants("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if client == "" && cmd.Flags().Changed("client") {
				return misused("--client is empty")
			}
			return act(c, cmd, explain, explainArgs{userArgs{c.tenant, args[0]}, client}, showExplanation)
		},
	}
	cmd.Flags().StringVar(&client, "client", "", "the app the user comes from, by its id or name (default: a page of Latchkey's own)")
	return c.inTenant(cmd)
}

func showExplanation(p *printer, v explainView) {
	p.line("%s", v.sentence())
	p.line("")
	p.table("There are no methods.", []string{"METHOD", "OFFERED", "WHY"}, each(v.Methods, func(o explainedOffer) []string {
		return []string{o.Name, yesNo(o.Offered), o.Why}
	}))
	if v.Redemption == nil {
		return
	}
	p.line("")
	p.line("Who comes from outside signs in by one of these ways, which is decided when they accept the invitation:")
	p.line("")
	showWays(p, *v.Redemption)
}

// sentence says what would happen.
func (v explainView) sentence() string {
	to := ""
	if v.ClientID != "" {
		to = " to " + v.ClientName
	}
	switch {
	case v.Step == string(idp.Refuse):
		return fmt.Sprintf("%s cannot sign in%s: the app is told %s.", v.SignInName, to, v.Error)
	case v.Step != string(idp.Ask):
		return fmt.Sprintf("%s, who signs in%s, would come to the step %s.", v.SignInName, to, v.Step)
	case v.CanAnswer:
		return fmt.Sprintf("%s, who signs in%s, would be asked for this: %s.", v.SignInName, to, v.asked().Name)
	}
	if v.codesOff() {
		return fmt.Sprintf("%s cannot sign in%s: no method is offered. The page says that there are no codes by mail here.", v.SignInName, to)
	}
	return fmt.Sprintf("%s cannot sign in%s: no method is offered. The page asks for this all the same, as it does for names that nobody has, and takes no answer: %s.", v.SignInName, to, v.asked().Name)
}

// codesOff tells whether nobody can have the code that is asked for.
func (v explainView) codesOff() bool {
	o := v.asked()
	return o.Method == string(idp.EmailCode) && slices.Contains([]string{reasonOf(idp.MethodDisabled).name, reasonOf(idp.NoMail).name}, o.Reason)
}
