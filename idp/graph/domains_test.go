package graph

import (
	"context"
	"errors"
	"strings"
	"testing"

	"latchkey/idp"
)

// resolves lets DNS have the records of domains; nil is that it does not answer.
func (d *desk) resolves(records map[string][]string) {
	d.admin.WithResolver(func(_ context.Context, domain string) ([]string, error) {
		found, known := records[domain]
		if known && found == nil {
			return nil, errors.New("SERVFAIL")
		}
		return found, nil
	})
}

// unverified is how a domain is shown that the organization wants.
func unverified(at, name string) object {
	return object{
		"@odata.context": base + at + "/$metadata#domains/$entity", "id": name, "authenticationType": "Managed", "availabilityStatus": nil, "isAdminManaged": true,
		"isDefault": false, "isInitial": false, "isRoot": false, "isVerified": false, "manufacturer": nil, "model": nil, "passwordNotificationWindowInDays": nil,
		"passwordValidityPeriodInDays": nil, "state": nil, "supportedServices": []any{},
	}
}

// TestUnverifiedDomain: a domain that is wanted is listed with the record that proves it, and is
// good for nothing else.
func TestUnverifiedDomain(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		one := at + "/domains/new.example"
		d.as("all", "POST", at+"/domains", `{"id":"New.Example.","isVerified":true,"isDefault":false}`).same(201, unverified(at, "new.example"))
		d.as("all", "GET", one, "").same(200, unverified(at, "new.example"))
		sameIDs(t, "unverified", d.filtered(at+"/domains", "isVerified eq false"), "new.example")
		record := d.verificationRecord(one)
		if text, _ := record["text"].(string); !strings.HasPrefix(text, "latchkey-domain-verification=") {
			t.Errorf("%v", record)
		}
		d.wants("all", "POST", at+"/domains", `{"id":"NEW.example"}`, 400, "Request_BadRequest", `Contoso has claimed the domain "new.example" already: verify it.`)
		d.wants("all", "POST", at+"/domains", `{"id":"contoso.example"}`, 400, "Request_BadRequest", `Contoso has the domain "contoso.example" already.`)
		d.wants("all", "POST", at+"/domains", `{}`, 400, "Request_BadRequest", "A value is required for property 'id' of resource 'domain'.")
		d.wants("all", "POST", at+"/domains", `{"id":"contoso"}`, 400, "Request_BadRequest", `"contoso" is not a domain name. Give one like contoso.example.`)
		d.wants("all", "POST", at+"/domains", `{"id":"b.example","isDefault":true}`, 400, "Request_BadRequest", "Property 'isDefault' can only be true once the domain is verified.")
		d.wants("users", "POST", at+"/domains", `{"id":"b.example"}`, 403, "Authorization_RequestDenied", deniedText)
		d.wants("all", "POST", one+"/promote", "", 404, "Request_ResourceNotFound", noResource("new.example"))
		d.wants("all", "PATCH", one, `{"isDefault":true}`, 404, "Request_ResourceNotFound", noResource("new.example"))
		d.wants("all", "POST", one+"/federationConfiguration", `{"@odata.type":"#microsoft.graph.internalDomainFederation","displayName":"Login","issuerUri":"https://login.example","clientId":"contoso"}`,
			400, "Request_BadRequest", "The domain new.example is not verified yet.")
		d.wants("all", "POST", at+"/users", strings.Replace(newUserBody, "contoso.example", "new.example", 1)+"}", 400, "Request_BadRequest", `"new.example" is not a domain of Contoso. Its domains: contoso.example.`)
		d.done("DELETE", one, "")
		d.wants("all", "GET", one, "", 404, "Request_ResourceNotFound", noResource("new.example"))
	}
}

// verificationRecord is the one record that proves a domain.
func (d *desk) verificationRecord(one string) object {
	d.t.Helper()
	all := d.as("all", "GET", one+"/verificationDnsRecords", "").json()["value"].([]any)
	if len(all) != 1 {
		d.t.Fatalf("%v", all)
	}
	record, name := all[0].(object), one[strings.LastIndex(one, "/")+1:]
	for key, want := range map[string]any{
		"@odata.type": "#microsoft.graph.domainDnsTxtRecord", "isOptional": false, "label": name, "recordType": "Txt", "supportedService": "OrgIdAuthentication", "ttl": 3600.0,
	} {
		if record[key] != want {
			d.t.Errorf("%s: %v, want %v", key, record[key], want)
		}
	}
	if id, _ := record["id"].(string); !idp.IsID(id) {
		d.t.Errorf("id %v", record["id"])
	}
	return record
}

// TestVerify: a domain is verified when DNS has its record, by whatever spelling it is named.
func TestVerify(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		one := at + "/domains/xn--bcher-kva.example"
		d.as("all", "POST", at+"/domains", `{"id":"bücher.example"}`).same(201, unverified(at, "xn--bcher-kva.example"))
		text := d.verificationRecord(one)["text"].(string)
		records := map[string][]string{"xn--bcher-kva.example": {"v=spf1 -all"}}
		d.resolves(records)
		d.refusedText("POST", one+"/verify", `xn--bcher-kva.example has no TXT record "`+text+`" yet; it has 1 others. A new record may take a while to be seen.`)
		records["xn--bcher-kva.example"] = nil
		d.refusedText("POST", one+"/verify", "DNS could not be asked about xn--bcher-kva.example. Try again.")
		records["xn--bcher-kva.example"] = []string{text}
		d.wants("users", "POST", one+"/verify", "", 403, "Authorization_RequestDenied", deniedText)
		want := unverified(at, "xn--bcher-kva.example")
		want["isVerified"], want["isRoot"] = true, true
		d.as("all", "POST", at+"/domains/BÜCHER.example./verify", "").same(200, want)
		d.as("all", "GET", at+"/domains/bücher.example", "").same(200, want)
		if a := d.as("all", "GET", one+"/verificationDnsRecords", ""); len(a.ids()) != 0 {
			t.Errorf("of a verified domain: %s", a.Body)
		}
		d.wants("all", "POST", at+"/domains/unwanted.example/verify", "", 404, "Request_ResourceNotFound", noResource("unwanted.example"))
	}
}

// refusedText checks a refusal that counts as a question to DNS.
func (d *desk) refusedText(method, url, want string) {
	d.t.Helper()
	if got := d.as("all", method, url, "").refused(400, "Request_BadRequest"); got != want {
		d.t.Errorf("%s %s: %q, want %q", method, url, got, want)
	}
}

// TestVerifyTooOften: DNS is not asked without end.
func TestVerifyTooOften(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.resolves(nil)
	d.as("all", "POST", "/v1.0/domains", `{"id":"new.example"}`)
	for range 30 {
		d.as("all", "POST", "/v1.0/domains/new.example/verify", "").refused(400, "Request_BadRequest")
	}
	d.as("all", "POST", "/v1.0/domains/new.example/verify", "").refused(429, "activityLimitReached")
}

// TestPromote: one domain is the default, and that one stays.
func TestPromote(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		d.secondDomain()
		asia := at + "/domains/asia.contoso.example"
		d.as("all", "POST", asia+"/promote", "").same(200, object{"@odata.context": base + at + "/$metadata#Edm.Boolean", "value": true})
		sameIDs(t, "default", d.filtered(at+"/domains", "isDefault eq true"), "asia.contoso.example")
		sameIDs(t, "initial", d.filtered(at+"/domains", "isInitial eq true"), "contoso.example")
		for _, v := range d.as("all", "GET", at+"/organization/"+tenantID, "").json()["verifiedDomains"].([]any) {
			if o := v.(object); o["isDefault"] != (o["name"] == "asia.contoso.example") || o["isInitial"] != (o["name"] == "contoso.example") {
				t.Errorf("the organization shows %v", o)
			}
		}
		d.wants("all", "DELETE", asia, "", 400, "Request_BadRequest", `"asia.contoso.example" is the default domain of Contoso: make another one the default first.`)
		d.done("PATCH", at+"/domains/contoso.example", `{"isDefault":true}`)
		d.done("DELETE", asia, "")
	}
}

// TestFederatedDomain: a domain is federated as long as its provider is enabled, and stays as long
// as it has one.
func TestFederatedDomain(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		d.secondDomain()
		f, err := d.admin.CreateFederation(t.Context(), operator, tenantID, idp.Federation{Name: "Login", Issuer: "https://login.example", ClientID: "contoso", Domains: []string{"asia.contoso.example"}}, "secret")
		d.must(err)
		sameIDs(t, "federated", d.filtered(at+"/domains", "authenticationType eq 'Federated'"), "asia.contoso.example")
		_, err = d.admin.UpdateFederation(t.Context(), operator, tenantID, f.FederationID, nil, func(f *idp.Federation) error { f.Disabled = true; return nil })
		d.must(err)
		sameIDs(t, "federated", d.filtered(at+"/domains", "authenticationType eq 'Federated'"))
		d.wants("all", "DELETE", at+"/domains/asia.contoso.example", "", 400, "Request_BadRequest", `"asia.contoso.example" is federated with Login: remove the federation first.`)
		d.must(d.admin.DeleteFederation(t.Context(), operator, tenantID, f.FederationID))
		d.done("DELETE", at+"/domains/asia.contoso.example", "")
	}
}
