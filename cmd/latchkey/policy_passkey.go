package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/authmethods/passkey"
	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/admin"
)

// passkeyPolicyView is the policy of passkeys as it is shown. Of the two lists of models at
// most one has entries; without any, every model will do.
type passkeyPolicyView struct {
	Enabled bool `json:"enabled"`
	targetsView
	SelfService   bool     `json:"self_service"`
	Attestation   bool     `json:"attestation"`
	Synced        bool     `json:"synced"`
	AllowedModels []string `json:"allowed_models"` // AAGUIDs
	BlockedModels []string `json:"blocked_models"`
	// Not of the policy: for which host passkeys are made, "" when it can have none, and
	// whether there is metadata to attest models by.
	Host     string `json:"host"`
	Metadata bool   `json:"metadata"`
}

type passkeyPolicyArgs struct {
	Tenant  string `json:"tenant"`
	Enabled *bool  `json:"enabled"`
	targetArgs
	SelfService *bool     `json:"self_service"`
	Attestation *bool     `json:"attestation"`
	Synced      *bool     `json:"synced"`
	AllowModels *[]string `json:"allow_models"` // at most one of the three
	BlockModels *[]string `json:"block_models"`
	AnyModel    bool      `json:"any_model"`
}

func (a passkeyPolicyArgs) scope() (tenant, user string) { return a.Tenant, "" }

// models is the restriction that is asked for, nil for none.
func (a passkeyPolicyArgs) models() *idp.ModelRestriction {
	switch {
	case a.AnyModel:
		return &idp.ModelRestriction{}
	case a.AllowModels != nil:
		return &idp.ModelRestriction{Enforced: true, Allow: true, AAGUIDs: aaguids(*a.AllowModels)}
	case a.BlockModels != nil:
		return &idp.ModelRestriction{Enforced: true, AAGUIDs: aaguids(*a.BlockModels)}
	}
	return nil
}

// aaguids are the models in the spelling in which they are kept, each once.
func aaguids(typed []string) []string {
	var ids []string
	for _, id := range typed {
		if id = strings.ToLower(id); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

var policyPasskeyShow = policyReading("policy.passkey.show",
	func(all *idp.MethodsPolicy) idp.PasskeyPolicy { return all.Passkey }, desk.passkeyPolicyView)

var policyPasskeySet = operation[passkeyPolicyArgs, passkeyPolicyView]{"policy.passkey.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a passkeyPolicyArgs) (v passkeyPolicyView, err error) {
		change := admin.PasskeyPolicyChange{
			Enabled: a.Enabled, SelfService: a.SelfService, Attestation: a.Attestation, Synced: a.Synced, Models: a.models(),
		}
		if change.Include, change.Exclude, err = a.found(ctx, d, t); err != nil {
			return v, err
		}
		p, err := d.Admin.UpdatePasskeyPolicy(ctx, d.actor, t.TenantID, change)
		if err != nil {
			return v, err
		}
		return d.passkeyPolicyView(ctx, t, p)
	})}

func (d desk) passkeyPolicyView(ctx context.Context, t *idp.Tenant, p idp.PasskeyPolicy) (v passkeyPolicyView, err error) {
	v = passkeyPolicyView{
		Enabled: p.Enabled, SelfService: p.SelfService, Attestation: p.Attestation, Synced: p.Synced,
		AllowedModels: []string{}, BlockedModels: []string{},
		Host: passkeyHost(d.Config), Metadata: d.Config.Passkeys.Metadata != "",
	}
	switch {
	case p.Models.Enforced && p.Models.Allow:
		v.AllowedModels = array(p.Models.AAGUIDs)
	case p.Models.Enforced:
		v.BlockedModels = array(p.Models.AAGUIDs)
	}
	v.targetsView, err = d.targetsView(ctx, t, p.Targets)
	return v, err
}

// passkeyHost is the host for which passkeys are made, "" when it can have none.
func passkeyHost(cfg config.Config) string {
	m, err := passkey.New(cfg.BaseURL, nil)
	if err != nil {
		return "" // a server with such a base URL has not started
	}
	return m.ID()
}

func (c *cli) policyPasskeyCommand() *cobra.Command {
	return c.group("passkey", "Show or change the policy of passkeys",
		showing(c, "policy passkey", "Show the policy of passkeys", policyPasskeyShow, showPasskeyPolicy), c.policyPasskeySetCommand())
}

func (c *cli) policyPasskeySetCommand() *cobra.Command {
	var enabled, selfService, attestation, synced, anyModel bool
	var allow, block []string
	var targets targetFlags
	cmd := &cobra.Command{
		Use: "set", Short: "Change the policy of passkeys; it holds at once, for passkeys that exist too",
		Long: "Change the policy of passkeys. It holds at once, for passkeys that exist too; but attestation is asked for when one\n" +
			"is registered only. A model is named by its AAGUID. One that is not attested can claim any AAGUID: a list of models\n" +
			"keeps people from mistakes, and with --attestation also from deceit.",
		Example: "  latchkey policy passkey set --include all --exclude 'group:New starters'\n" +
			"  latchkey policy passkey set --synced=false --attestation\n" +
			"  latchkey policy passkey set --allow-model fa2b99dc-9e39-4257-8f92-4a30d23c4118 --allow-model 2fc0579f-8113-47ea-b116-bb5a8db9202a\n" +
			"  latchkey policy passkey set --any-model",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			if cmd.Flags().Changed("any-model") && !anyModel {
				return misused("--any-model=false says not which models: give --allow-model or --block-model")
			}
			return act(c, cmd, policyPasskeySet, passkeyPolicyArgs{
				Tenant: c.tenant, Enabled: given(cmd, "enabled", enabled), targetArgs: targets.args(cmd),
				SelfService: given(cmd, "self-service", selfService), Attestation: given(cmd, "attestation", attestation),
				Synced: given(cmd, "synced", synced), AnyModel: anyModel,
				AllowModels: given(cmd, "allow-model", allow), BlockModels: given(cmd, "block-model", block),
			}, showPasskeyPolicy)
		},
	}
	cmd.Flags().BoolVar(&enabled, "enabled", false, "passkeys can be registered and used; --enabled=false turns them off")
	targets.add(cmd, "who may have passkeys and sign in with them", "who may not, even if included")
	cmd.Flags().BoolVar(&selfService, "self-service", false, "people register their own; with --self-service=false administrators do, by the admin API")
	cmd.Flags().BoolVar(&attestation, "attestation", false, "only models that the metadata vouches for can be registered (setting passkeys.metadata)")
	cmd.Flags().BoolVar(&synced, "synced", false, "passkeys that may be copied to other devices of their holder are accepted; with --synced=false those bound to one device only")
	cmd.Flags().StringArrayVar(&allow, "allow-model", nil, "only this model of authenticators is accepted, by its AAGUID; may be repeated")
	cmd.Flags().StringArrayVar(&block, "block-model", nil, "this model is not accepted; may be repeated")
	cmd.Flags().BoolVar(&anyModel, "any-model", false, "every model is accepted")
	cmd.MarkFlagsMutuallyExclusive("allow-model", "block-model", "any-model")
	return c.inTenant(cmd)
}

func showPasskeyPolicy(p *printer, v passkeyPolicyView) {
	who, kinds, attested := "their holders, and administrators by the admin API", "bound to a device, or synced", "not asked for"
	if !v.SelfService {
		who = "administrators, by the admin API"
	}
	if !v.Synced {
		kinds = "bound to a device"
	}
	if v.Attestation {
		attested = "wanted when one is registered"
	}
	p.fields("Passkeys", stateOf(!v.Enabled), "For", targetNames(v.Include), "But not for", targetNames(v.Exclude),
		"Registered by", who, "Kinds", kinds, "Models", v.models(), "Attestation", attested, "Host", v.Host)
	for _, note := range v.notes() {
		p.line("")
		p.line("Note: %s", note)
	}
}

func (v passkeyPolicyView) models() string {
	switch {
	case len(v.AllowedModels) > 0:
		return "only " + joined(v.AllowedModels)
	case len(v.BlockedModels) > 0:
		return "any but " + joined(v.BlockedModels)
	}
	return "any"
}

// notes are what keeps the policy from having the effect it was meant to have.
func (v passkeyPolicyView) notes() (notes []string) {
	if v.Enabled && v.Host == "" {
		notes = append(notes, "the base URL has no host name that passkeys can be made for, so nobody can have one.")
	}
	if v.Enabled && v.Attestation && !v.Metadata {
		notes = append(notes, "there is no metadata to attest a model by, so nobody can register a passkey. See the setting passkeys.metadata.")
	}
	return notes
}
