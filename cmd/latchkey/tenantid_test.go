package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
)

// heard is what the server answers a request with; redirects are not followed.
func heard(t *testing.T, method, target, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(said)
}

// TestTenantIDFromElsewhere: an app's form for an address without a tenant goes on to the
// one it names, with what it holds; other forms of strangers are refused as before, and
// programs are told what they were told.
func TestTenantIDFromElsewhere(t *testing.T) {
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	ask, err := url.Parse(authorizeURL(r, contoso, contoso.client(t, "web")))
	if err != nil {
		t.Fatal(err)
	}
	form := []string{"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://app.example", "Sec-Fetch-Site", "cross-site", "Accept", "text/html"}
	authorize := r.BaseURL + "/common/oauth2/v2.0/authorize"
	res, _ := heard(t, "POST", authorize+"?tenantid="+contoso.ID, ask.RawQuery, form...)
	if to := res.Header.Get("Location"); res.StatusCode != http.StatusTemporaryRedirect || to != r.BaseURL+"/contoso.example/oauth2/v2.0/authorize" {
		t.Fatalf("status %d, to %q", res.StatusCode, to)
	}
	if res, _ = heard(t, "POST", res.Header.Get("Location"), ask.RawQuery, form...); res.StatusCode != http.StatusSeeOther {
		t.Errorf("status %d", res.StatusCode)
	}
	for _, target := range []string{authorize, r.BaseURL + "/organizations", r.BaseURL + "/tap?tenantid=contoso.example"} {
		if res, said := heard(t, "POST", target, "tenant=contoso.example", form...); res.StatusCode != http.StatusBadRequest || !strings.Contains(said, `data-problem="request.invalid"`) {
			t.Errorf("%s: status %d", target, res.StatusCode)
		}
	}
	for _, any := range []string{"common", "organizations"} {
		for _, query := range []string{"", "?tenantid=contoso.example"} {
			res, said := heard(t, "POST", r.BaseURL+"/"+any+"/oauth2/v2.0/token"+query, "grant_type=client_credentials", form[:2]...)
			var told struct {
				Error       string
				Description string `json:"error_description"`
			}
			if err := json.Unmarshal([]byte(said), &told); err != nil || res.StatusCode != http.StatusNotFound || told.Error != "invalid_request" || !strings.HasPrefix(told.Description, "AADSTS90002") {
				t.Errorf("%s%s: status %d, %s", any, query, res.StatusCode, said)
			}
		}
	}
}

// TestAppLinkNamesTheIssuer: the app is told the issuer that the tenant's metadata names.
func TestAppLinkNamesTheIssuer(t *testing.T) {
	d := startDemo(t, "")
	r := d.report()
	contoso := r.tenant(t, "contoso.example")
	web := contoso.client(t, "web")
	_, err := d.server.Admin.UpdateClient(t.Context(), demoActor, "contoso.example", web.ClientID, func(c *idp.Client) {
		c.About.InitiateLoginURI = "https://app.example/login"
	})
	if err != nil {
		t.Fatal(err)
	}
	_, said := heard(t, "GET", r.BaseURL+"/contoso.example/v2.0/.well-known/openid-configuration", "")
	var metadata struct{ Issuer string }
	if err := json.Unmarshal([]byte(said), &metadata); err != nil {
		t.Fatal(err)
	}
	res, _ := heard(t, "GET", r.BaseURL+"/contoso.example/apps/"+web.ClientID, "")
	if want := "https://app.example/login?iss=" + url.QueryEscape(metadata.Issuer); metadata.Issuer == "" || res.Header.Get("Location") != want {
		t.Errorf("status %d, to %q, want %q", res.StatusCode, res.Header.Get("Location"), want)
	}
}
