package idp_test

import (
	"fmt"
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
		"a client id with a line":       func(f *idp.Federation) { f.ClientID = "a\nb" },
		"a name without end":            func(f *idp.Federation) { f.Name = strings.Repeat("a", 257) },
		"no authentication method":      func(f *idp.Federation) { f.AuthMethod = "" },
		"no scope":                      func(f *idp.Federation) { f.Scopes = nil },
		"a long scope":                  func(f *idp.Federation) { f.Scopes = append(f.Scopes, strings.Repeat("a", 201)) },
		"no prompt":                     func(f *idp.Federation) { f.PromptLogin = "" },
		"no linking":                    func(f *idp.Federation) { f.Linking = "" },
		"an empty domain":               func(f *idp.Federation) { f.Domains = []string{""} },
		"a domain with a dot behind":    func(f *idp.Federation) { f.Domains = []string{"branch.example."} },
		"a domain of other letters":     func(f *idp.Federation) { f.Domains = []string{"bränch.example"} },
		"a hint domain in capitals":     func(f *idp.Federation) { f.HintDomain = "Login.example" },
		"an empty class":                func(f *idp.Federation) { f.MFAClasses = []string{""} },
		"a claim with a line":           func(f *idp.Federation) { f.Claims.FamilyName = "a\nb" },
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

// TestCheckIssuer: an issuer is a URL that a discovery document could be at.
func TestCheckIssuer(t *testing.T) {
	t.Parallel()
	for issuer, want := range map[string]bool{
		"https://login.example": true, "https://login.example/": true, "https://login.example:8443/realms/a": true, "http://[::1]:8080": true,
		"": false, "login.example": false, "ftp://login.example": false, "https:login.example": false, "https:///tenant": false, "https://:443": false,
		"https://a:b@login.example": false, "https://a@login.example": false, "https://login.example?a": false, "https://login.example#a": false,
		"https://login.example\n": false, " https://login.example": false, "https://lögin.example": false, "https://login.example:port": false, "https://[::1": false,
	} {
		if err := idp.CheckIssuer(issuer); (err == nil) != want || err != nil && idp.ErrorCode(err) != idp.Invalid {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}

// TestFederationBounds: what is as long or as much as it may be is good.
func TestFederationBounds(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*idp.Federation){
		"a provider on a private network": func(f *idp.Federation) { f.Issuer = "http://[::1]:8080/realms/a" },
		"a long issuer":                   func(f *idp.Federation) { f.Issuer += "/" + strings.Repeat("a", 2000-len(f.Issuer)-1) },
		"a long client id":                func(f *idp.Federation) { f.ClientID = strings.Repeat("a", 512) },
		"a client id with spaces":         func(f *idp.Federation) { f.ClientID = "our app" },
		"a public client":                 func(f *idp.Federation) { f.AuthMethod, f.Secret = idp.AuthNone, "" },
		"many domains":                    func(f *idp.Federation) { f.Domains = domains(idp.MaxFederatedDomains) },
		"a domain of other letters":       func(f *idp.Federation) { f.Domains = []string{"xn--brnch-hra.example"} },
		"a class that is a URN":           func(f *idp.Federation) { f.MFAClasses = []string{"urn:example:gold"} },
		"other claims":                    func(f *idp.Federation) { f.Claims = idp.ClaimNames{Address: "upn", Name: "https://a.example/n"} },
	} {
		f := branch()
		if change(&f); f.Validate() != nil {
			t.Errorf("%s: %v", name, f.Validate())
		}
	}
}

func domains(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("d%d.example", i))
	}
	return all
}

// TestFederationSecret: a secret is opened by whom it was sealed for alone, and one that could
// not be sent is refused.
func TestFederationSecret(t *testing.T) {
	t.Parallel()
	keys := keyring(t, 1)
	f := branch()
	if err := f.SetSecret(keys, tenantID, "a secret: with+signs/"); err != nil || strings.Contains(f.Secret, "secret") {
		t.Fatal(f.Secret, err)
	}
	if got, err := f.OpenSecret(keys, tenantID); got != "a secret: with+signs/" || err != nil {
		t.Error(got, err)
	}
	other := f
	other.FederationID = annaID
	for name, open := range map[string]func() (string, error){
		"another tenant":     func() (string, error) { return f.OpenSecret(keys, bobID) },
		"another federation": func() (string, error) { return other.OpenSecret(keys, tenantID) },
	} {
		if got, err := open(); err == nil || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, bad := range []string{strings.Repeat("a", 513), "a\nb", "ü", "a\x7f"} {
		sealed := f.Secret
		if err := f.SetSecret(keys, tenantID, bad); idp.ErrorCode(err) != idp.Invalid || f.Secret != sealed {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := f.SetSecret(keys, tenantID, ""); err != nil || f.Secret != "" {
		t.Error(f.Secret, err)
	}
	if got, err := f.OpenSecret(keys, tenantID); got != "" || err != nil {
		t.Error(got, err)
	}
}

// TestIsSubject: a subject is what a provider may call somebody, letter by letter.
func TestIsSubject(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"sam-1": true, "a b|c": true, strings.Repeat("a", 255): true,
		"": false, strings.Repeat("a", 256): false, "sám": false, "a\nb": false, "a\x00": false, "\xff": false, "a\x7f": false,
	} {
		if got := idp.IsSubject(s); got != want {
			t.Errorf("%q: %t", s, got)
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
