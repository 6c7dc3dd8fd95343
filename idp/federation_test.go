package idp_test

import (
	"strings"
	"testing"

	"latchkey/idp"
)

func branch() idp.Federation {
	return idp.Federation{
		FederationID: bobID, Name: "Login", Issuer: "https://login.example", ClientID: "contoso", Secret: "sealed", AuthMethod: idp.AuthBasic,
		Scopes: []string{"openid", "email"}, Domains: []string{"branch.example"}, MFA: idp.MFAAccepted, PromptLogin: idp.PromptNative, Linking: idp.LinkByAddress,
	}
}

// TestFederationValidate: what nobody could sign in by is refused with what to change.
func TestFederationValidate(t *testing.T) {
	t.Parallel()
	if f := branch(); f.Validate() != nil {
		t.Fatal(f.Validate())
	}
	for name, change := range map[string]func(*idp.Federation){
		"no name":                       func(f *idp.Federation) { f.Name = " " },
		"a name with a line":            func(f *idp.Federation) { f.Name = "a\nb" },
		"no issuer":                     func(f *idp.Federation) { f.Issuer = "" },
		"an issuer with a query":        func(f *idp.Federation) { f.Issuer += "?a" },
		"an issuer with a fragment":     func(f *idp.Federation) { f.Issuer += "#a" },
		"an issuer with a space":        func(f *idp.Federation) { f.Issuer = "https://a b" },
		"an issuer without end":         func(f *idp.Federation) { f.Issuer += strings.Repeat("a", 2000) },
		"no client id":                  func(f *idp.Federation) { f.ClientID = "" },
		"a client id of other letters":  func(f *idp.Federation) { f.ClientID = "ü" },
		"a long client id":              func(f *idp.Federation) { f.ClientID = strings.Repeat("a", 513) },
		"another authentication method": func(f *idp.Federation) { f.AuthMethod = idp.AuthKeyJWT },
		"no secret":                     func(f *idp.Federation) { f.Secret = "" },
		"a secret nobody uses":          func(f *idp.Federation) { f.AuthMethod = idp.AuthNone },
		"no openid":                     func(f *idp.Federation) { f.Scopes = []string{"email"} },
		"many scopes":                   func(f *idp.Federation) { f.Scopes = append(f.Scopes, make([]string, 30)...) },
		"an empty scope":                func(f *idp.Federation) { f.Scopes = append(f.Scopes, "") },
		"a scope with a space":          func(f *idp.Federation) { f.Scopes = append(f.Scopes, "a b") },
		"another MFA":                   func(f *idp.Federation) { f.MFA = "always" },
		"no MFA":                        func(f *idp.Federation) { f.MFA = "" },
		"another prompt":                func(f *idp.Federation) { f.PromptLogin = "sometimes" },
		"another linking":               func(f *idp.Federation) { f.Linking = "address" },
		"no domain":                     func(f *idp.Federation) { f.Domains = nil },
		"many domains":                  func(f *idp.Federation) { f.Domains = make([]string, 51) },
		"a domain in capitals":          func(f *idp.Federation) { f.Domains = []string{"Branch.example"} },
		"a domain that is none":         func(f *idp.Federation) { f.Domains = []string{"branch"} },
		"a domain twice":                func(f *idp.Federation) { f.Domains = []string{"a.example", "a.example"} },
		"a hint domain that is none":    func(f *idp.Federation) { f.HintDomain = "a b" },
		"many classes":                  func(f *idp.Federation) { f.MFAClasses = make([]string, 31) },
		"a class with a line":           func(f *idp.Federation) { f.MFAClasses = []string{"a\nb"} },
		"a claim with a space":          func(f *idp.Federation) { f.Claims.Address = "my claim" },
		"a long claim":                  func(f *idp.Federation) { f.Claims.Name = strings.Repeat("a", 201) },
	} {
		f := branch()
		if change(&f); idp.ErrorCode(f.Validate()) != idp.Invalid {
			t.Errorf("%s: %v", name, f.Validate())
		}
	}
}

// TestCountsMFA: more than one factor counts as the domain's setting says.
func TestCountsMFA(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mfa  idp.FederatedMFA
		o    idp.Outside
		want bool
	}{
		{idp.MFAAccepted, idp.Outside{AMR: []string{"pwd", "mfa"}}, true},
		{idp.MFAAccepted, idp.Outside{AMR: []string{"pwd"}}, false},
		{idp.MFAAccepted, idp.Outside{ACR: "gold"}, true},
		{idp.MFAAccepted, idp.Outside{ACR: "silver"}, false},
		{idp.MFAAccepted, idp.Outside{}, false},
		{idp.MFAEnforced, idp.Outside{AMR: []string{"mfa"}}, true},
		{idp.MFARejected, idp.Outside{AMR: []string{"mfa"}, ACR: "gold"}, false},
	} {
		f := branch()
		f.MFA, f.MFAClasses = c.mfa, []string{"gold"}
		if got := f.CountsMFA(&c.o); got != c.want {
			t.Errorf("%s, %+v: %t", c.mfa, c.o, got)
		}
	}
}

// TestFederationHint: the provider is told of a person by the domain that it knows.
func TestFederationHint(t *testing.T) {
	t.Parallel()
	f := branch()
	if got := f.Hint("sam@branch.example"); got != "sam@branch.example" {
		t.Error(got)
	}
	f.HintDomain = "login.example"
	if got := f.Hint("sam@branch.example"); got != "sam@login.example" {
		t.Error(got)
	}
	if got := f.Hint(""); got != "" {
		t.Error(got)
	}
}

// TestPartners: what a partner leaves open is as the default has it.
func TestPartners(t *testing.T) {
	t.Parallel()
	p := idp.DefaultCrossTenantPolicy()
	p.Partners = map[string]idp.Partner{bobID: {AcceptMFA: idp.SwitchEnabled}, tenantID: {Inbound: idp.AccessBlocked, AcceptMFA: idp.SwitchDefault}}
	for id, want := range map[string]idp.Partner{
		"another": {Inbound: idp.AccessAllowed, Outbound: idp.AccessAllowed, AcceptMFA: idp.SwitchDisabled},
		bobID:     {Inbound: idp.AccessAllowed, Outbound: idp.AccessAllowed, AcceptMFA: idp.SwitchEnabled},
		tenantID:  {Inbound: idp.AccessBlocked, Outbound: idp.AccessAllowed, AcceptMFA: idp.SwitchDisabled},
	} {
		if got := p.For(id); got != want {
			t.Errorf("%s: %+v", id, got)
		}
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*idp.CrossTenantPolicy){
		"an open default":     func(p *idp.CrossTenantPolicy) { p.Default.Inbound = idp.AccessInherited },
		"an undecided MFA":    func(p *idp.CrossTenantPolicy) { p.Default.AcceptMFA = idp.SwitchDefault },
		"another access":      func(p *idp.CrossTenantPolicy) { p.Partners = map[string]idp.Partner{bobID: {Outbound: "perhaps"}} },
		"a partner by name":   func(p *idp.CrossTenantPolicy) { p.Partners = map[string]idp.Partner{"fabrikam.example": {}} },
		"another word on MFA": func(p *idp.CrossTenantPolicy) { p.Partners = map[string]idp.Partner{bobID: {AcceptMFA: "perhaps"}} },
	} {
		p := idp.DefaultCrossTenantPolicy()
		if change(p); idp.ErrorCode(p.Validate()) != idp.Invalid {
			t.Errorf("%s: %v", name, p.Validate())
		}
	}
}
