package device

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// version is that of the protocol.
const version = 1

// Discovery is where a tenant takes what devices say, and what it takes.
type Discovery struct {
	Issuer     string   `json:"issuer"`
	Version    int      `json:"version"`
	JWKSURI    string   `json:"jwks_uri"`
	Enrolments string   `json:"enrolment_endpoint"`
	Challenges string   `json:"challenge_endpoint"`
	Responses  string   `json:"response_endpoint"`
	Self       string   `json:"self_endpoint"`
	Rekey      string   `json:"rekey_endpoint"`
	Algs       []string `json:"algs"`
	UVMethods  []string `json:"uv_methods"`
	Modes      []string `json:"modes"`
	RPID       string   `json:"rp_id"`
	MaxWait    int      `json:"max_wait"` // seconds
}

// ErrNoTenant is that a server has no discovery document of the tenant.
var ErrNoTenant = errors.New("there is no such organization at the server, or it takes no devices")

// Discover reads the discovery document of a tenant, by its id or a domain.
func (c *Client) Discover(ctx context.Context, server, tenant string) (*Discovery, error) {
	if !tenantForm.MatchString(tenant) {
		return nil, fmt.Errorf("%q is not the id or a domain of an organization", tenant)
	}
	d := new(Discovery)
	err := c.do(ctx, call{method: http.MethodGet, url: server + "/" + tenant + "/v2.0/.well-known/open-authenticator"}, d)
	if p, ok := errors.AsType[*Problem](err); ok && p.Status == http.StatusNotFound || IsRefused(err) {
		return nil, ErrNoTenant
	}
	if err != nil {
		return nil, err
	}
	return d, d.check(server)
}

// check expects a document that this device can follow, and that stays at its server.
func (d *Discovery) check(server string) error {
	switch {
	case d.Version != version:
		return fmt.Errorf("%s speaks version %d of the protocol, and this program %d", server, d.Version, version)
	case !slices.Contains(d.Algs, "ES256") || !slices.Contains(d.UVMethods, "webauthn"):
		return fmt.Errorf("%s takes nothing that this program can sign", server)
	case d.MaxWait < 0:
		return fmt.Errorf("the discovery document of %s makes no sense", server)
	}
	for _, address := range []string{d.Issuer, d.JWKSURI, d.Enrolments, d.Challenges, d.Responses, d.Self, d.Rekey} {
		u, err := url.Parse(address)
		if err != nil || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("the discovery document of %s has an address that is none", server)
		}
		if at, err := origin(u); err != nil || at != server {
			return fmt.Errorf("the discovery document of %s leads elsewhere", server)
		}
	}
	return withinRP(d.RPID, server)
}
