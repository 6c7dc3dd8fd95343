package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// authenticatorPolicyView is the policy of devices as it is shown.
type authenticatorPolicyView struct {
	Enabled bool `json:"enabled"`
	targetsView
	Ask             []string    `json:"ask"` // the first is used unless people want another
	Digits          int         `json:"digits"`
	LifetimeSeconds int         `json:"lifetime_seconds"`
	Tries           int         `json:"tries"`
	Soft            bool        `json:"soft"`
	Quiet           bool        `json:"quiet"`
	ShowApp         featureView `json:"show_app"`
	ShowPlace       featureView `json:"show_place"`
	// Not of the policy: what follows from it, and what nobody changes.
	Blind   map[string]float64 `json:"blind_success"` // by way to ask
	Prompts []limitView        `json:"prompts_unknown_browser"`
	Host    string             `json:"host"` // for which devices are made; "" when it can have none
}

// featureView is whether something is shown on devices, and on whose.
type featureView struct {
	State string `json:"state"` // default, enabled or disabled
	targetsView
}

type limitView struct {
	Most      int `json:"most"`
	InSeconds int `json:"in_seconds"`
}

type authenticatorPolicyArgs struct {
	Tenant  string `json:"tenant"`
	Enabled *bool  `json:"enabled"`
	targetArgs
	Mode      *string   `json:"mode"` // of everybody who is included
	Ask       *[]string `json:"ask"`
	Digits    *int      `json:"digits"`
	Lifetime  *int      `json:"lifetime_seconds"`
	Tries     *int      `json:"tries"`
	Soft      *bool     `json:"soft"`
	Quiet     *bool     `json:"quiet"`
	ShowApp   *bool     `json:"show_app"`
	ShowPlace *bool     `json:"show_place"`
}

func (a authenticatorPolicyArgs) scope() (tenant, user string) { return a.Tenant, "" }

// change is what the arguments want of the policy as it is now.
func (a authenticatorPolicyArgs) change(ctx context.Context, d desk, t *idp.Tenant, now idp.AuthenticatorPolicy) (c admin.AuthenticatorPolicyChange, err error) {
	c = admin.AuthenticatorPolicyChange{
		Enabled: a.Enabled, Digits: a.Digits, Lifetime: a.Lifetime, Tries: a.Tries, Soft: a.Soft, Quiet: a.Quiet,
		ShowApp: shown(now.ShowApp, a.ShowApp), ShowPlace: shown(now.ShowPlace, a.ShowPlace),
	}
	if a.Ask != nil {
		c.Ask = new(each(*a.Ask, func(m string) idp.AskMode { return idp.AskMode(m) }))
	}
	if c.Include, c.Exclude, err = a.found(ctx, d, t); err != nil {
		return c, err
	}
	return c, a.setMode(&c, now)
}

// shown is a feature turned on or off for whom it is now; nil leaves it as it is.
func shown(f idp.Feature, on *bool) *idp.Feature {
	if on == nil {
		return nil
	}
	if f.State = idp.FeatureOff; *on {
		f.State = idp.FeatureOn
	}
	return &f
}

// setMode gives those who are included their mode. Where none was given new ones have the one
// that everybody had, so that nobody is let in further by the way.
func (a authenticatorPolicyArgs) setMode(c *admin.AuthenticatorPolicyChange, now idp.AuthenticatorPolicy) error {
	if c.Include == nil && a.Mode == nil {
		return nil
	}
	if c.Include == nil {
		c.Include = new(slices.Clone(now.Targets.Include))
	}
	mode := ""
	switch {
	case a.Mode != nil && *a.Mode != idp.AuthenticateAny:
		mode = *a.Mode
	case a.Mode == nil:
		for i, x := range now.Targets.Include {
			if i > 0 && x.Mode != mode {
				return idp.Errorf(idp.Invalid, "Those who are included have several modes. Give --mode too.")
			}
			mode = x.Mode
		}
	}
	for i := range *c.Include {
		(*c.Include)[i].Mode = mode
	}
	return nil
}

var policyAuthenticatorShow = policyReading("policy.authenticator.show",
	func(all *idp.MethodsPolicy) idp.AuthenticatorPolicy { return all.Authenticator }, desk.authenticatorPolicyView)

var policyAuthenticatorSet = operation[authenticatorPolicyArgs, authenticatorPolicyView]{"policy.authenticator.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a authenticatorPolicyArgs) (v authenticatorPolicyView, err error) {
		all, err := d.Admin.MethodsPolicy(ctx, d.actor, t.TenantID)
		if err != nil {
			return v, err
		}
		change, err := a.change(ctx, d, t, all.Authenticator)
		if err != nil {
			return v, err
		}
		p, err := d.Admin.UpdateAuthenticatorPolicy(ctx, d.actor, t.TenantID, change)
		if err != nil {
			return v, err
		}
		return d.authenticatorPolicyView(ctx, t, p)
	})}

func (d desk) authenticatorPolicyView(ctx context.Context, t *idp.Tenant, p idp.AuthenticatorPolicy) (v authenticatorPolicyView, err error) {
	v = authenticatorPolicyView{
		Enabled: p.Enabled, Ask: each(p.Ask, func(m idp.AskMode) string { return string(m) }), Digits: p.Digits, LifetimeSeconds: p.Lifetime, Tries: p.Tries,
		Soft: p.Soft, Quiet: p.Quiet, Blind: map[string]float64{}, Host: passkeyHost(d.Config),
		Prompts: each(idp.StrangerPrompts, func(l idp.Limit) limitView { return limitView{l.Most, int(l.In / time.Second)} }),
	}
	for _, m := range p.Ask {
		v.Blind[string(m)] = p.Blind(m)
	}
	if v.targetsView, err = d.targetsView(ctx, t, p.Targets); err != nil {
		return v, err
	}
	if v.ShowApp, err = d.featureView(ctx, t, p.ShowApp); err != nil {
		return v, err
	}
	v.ShowPlace, err = d.featureView(ctx, t, p.ShowPlace)
	return v, err
}

func (d desk) featureView(ctx context.Context, t *idp.Tenant, f idp.Feature) (v featureView, err error) {
	v.State = string(f.State)
	v.targetsView, err = d.targetsView(ctx, t, f.Targets())
	return v, err
}

func (c *cli) policyAuthenticatorCommand() *cobra.Command {
	return c.group("authenticator", "Show or change the policy of phones and other devices that answer sign-in requests",
		showing(c, "policy authenticator", "Show the policy of devices, and how likely a guess succeeds", policyAuthenticatorShow, showAuthenticatorPolicy),
		c.policyAuthenticatorSetCommand())
}

func (c *cli) policyAuthenticatorSetCommand() *cobra.Command {
	var a authenticatorPolicyFlags
	cmd := &cobra.Command{
		Use: "set", Short: "Change the policy of devices; it holds at once, for devices that exist too",
		Long: "Change the policy of phones and other devices that answer sign-in requests. It holds at once, for devices that exist\n" +
			"too; a request that stands keeps its number and its time. A number can be passed on by a page in the middle, so that\n" +
			"no device is proof against phishing: passkeys are.",
		Example: "  latchkey policy authenticator set --enabled --include 'group:Field staff'\n" +
			"  latchkey policy authenticator set --ask scan,type --digits 6 --lifetime 90s\n" +
			"  latchkey policy authenticator set --mode push --show-place=false",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, policyAuthenticatorSet, a.args(c, cmd), showAuthenticatorPolicy)
		},
	}
	a.add(cmd)
	return c.inTenant(cmd)
}

// authenticatorPolicyFlags are the flags of authenticatorPolicyArgs.
type authenticatorPolicyFlags struct {
	enabled, soft, quiet, showApp, showPlace bool
	targets                                  targetFlags
	mode                                     oneOf
	ask                                      []string
	digits, tries                            int
	lifetime                                 wholeSeconds
}

func (f *authenticatorPolicyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.enabled, "enabled", false, "devices can be added and used; --enabled=false turns them off")
	f.targets.add(cmd, "who may have devices and sign in by them", "who may not, even if included")
	f.mode.words = []string{idp.AuthenticateAny, idp.AuthenticatePush, idp.AuthenticateBare}
	flags.Var(&f.mode, "mode", "what devices of those included are for: push is for those only who have signed in already, deviceBasedPush for signing in without a password")
	flags.StringSliceVar(&f.ask, "ask", nil, "how people may be asked: type a number, scan a code, or pick a number of three, the weakest; the first is used unless they want another; may be repeated")
	flags.IntVar(&f.digits, "digits", 0, "the number of digits to type: 2 to 6; one more after a wrong answer")
	flags.Var(&f.lifetime, "lifetime", "how long a request stands: seconds, or with a unit such as 2m; 30 to 180 seconds")
	flags.IntVar(&f.tries, "tries", 0, "wrong numbers that end a request: 1 to 5")
	flags.BoolVar(&f.soft, "soft", false, "programs that answer for people are accepted, such as 'latchkey device'")
	flags.BoolVar(&f.quiet, "quiet", false, "nothing wakes a device for a request from an unknown browser: its holder opens the app")
	flags.BoolVar(&f.showApp, "show-app", false, "devices show which app the person signs in to; --show-app=false ends that")
	flags.BoolVar(&f.showPlace, "show-place", false, "devices show from which address the request comes; --show-place=false ends that")
}

func (f *authenticatorPolicyFlags) args(c *cli, cmd *cobra.Command) authenticatorPolicyArgs {
	return authenticatorPolicyArgs{
		Tenant: c.tenant, Enabled: given(cmd, "enabled", f.enabled), targetArgs: f.targets.args(cmd), Mode: given(cmd, "mode", f.mode.value),
		Ask: given(cmd, "ask", f.ask), Digits: given(cmd, "digits", f.digits), Lifetime: given(cmd, "lifetime", int(f.lifetime)), Tries: given(cmd, "tries", f.tries),
		Soft: given(cmd, "soft", f.soft), Quiet: given(cmd, "quiet", f.quiet),
		ShowApp: given(cmd, "show-app", f.showApp), ShowPlace: given(cmd, "show-place", f.showPlace),
	}
}

func showAuthenticatorPolicy(p *printer, v authenticatorPolicyView) {
	programs, woken := "not accepted", "by every request"
	if v.Soft {
		programs = "accepted"
	}
	if v.Quiet {
		woken = "by requests from known browsers only"
	}
	p.fields("Devices", stateOf(!v.Enabled), "For", targetNames(v.Include), "But not for", targetNames(v.Exclude),
		"Asked to", joined(v.Ask), "Digits", fmt.Sprint(v.Digits), "A request stands", numberOf(v.LifetimeSeconds, "second"),
		"Wrong numbers", triesOf(v.Tries), "Blind success", v.blind(),
		"From an unknown browser", v.prompts(), "Devices are woken", woken, "Programs", programs,
		"Name of the app", v.ShowApp.String(), "Address", v.ShowPlace.String(), "Host", v.Host)
	if v.Enabled && v.Host == "" {
		p.line("")
		p.line("Note: the base URL has no host name that devices can be made for, so nobody can have one.")
	}
}

func triesOf(n int) string {
	if n == 1 {
		return "the first ends a request"
	}
	return fmt.Sprintf("%d end a request", n)
}

// blind is how likely a request is approved by somebody who does not see the page.
func (v authenticatorPolicyView) blind() string {
	return joined(each(v.Ask, func(m string) string { return fmt.Sprintf("%s %.1e", m, v.Blind[m]) }))
}

func (v authenticatorPolicyView) prompts() string {
	limits := each(v.Prompts, func(l limitView) string {
		return fmt.Sprintf("%d requests in %s", l.Most, span(time.Duration(l.InSeconds)*time.Second))
	})
	return "at most " + strings.Join(limits, ", and ") + ", of those that are not approved"
}

// String is on whose devices it is shown.
func (v featureView) String() string {
	switch {
	case v.State == string(idp.FeatureOff):
		return "not shown"
	case len(v.Exclude) > 0:
		return "shown to " + targetNames(v.Include) + ", but not to " + targetNames(v.Exclude)
	}
	return "shown to " + targetNames(v.Include)
}
