package admin

import (
	"context"
	"errors"

	"latchkey/idp"
)

// Providers asks a provider elsewhere what it is like, now.
type Providers func(ctx context.Context, issuer string) (idp.ProviderReport, error)

// WithProviders tells how providers elsewhere are asked.
func (s *Service) WithProviders(ask Providers) *Service {
	s.providers = ask
	return s
}

// CheckFederation asks the provider of a federation now.
func (s *Service) CheckFederation(ctx context.Context, actor idp.Actor, tenant, name string) (idp.ProviderReport, error) {
	f, err := s.Federation(ctx, actor, tenant, name)
	if err != nil {
		return idp.ProviderReport{}, err
	}
	return s.CheckProvider(ctx, actor, tenant, f.Issuer)
}

// CheckProvider asks a provider that may become one of a tenant's.
func (s *Service) CheckProvider(ctx context.Context, actor idp.Actor, tenant, issuer string) (idp.ProviderReport, error) {
	if _, err := s.tenantFor(ctx, actor, tenant, idp.WriteFederations); err != nil {
		return idp.ProviderReport{}, err
	}
	if err := idp.CheckIssuer(issuer); err != nil {
		return idp.ProviderReport{}, err
	}
	if s.providers == nil {
		return idp.ProviderReport{}, idp.Errorf(idp.Conflict, "Providers cannot be asked here.")
	}
	r, err := s.providers(ctx, issuer)
	if e, ok := errors.AsType[*idp.UpstreamError](err); ok {
		err = idp.Errorf(idp.Conflict, "%s does not answer as an OpenID Provider should: %s.", issuer, e.Detail)
	}
	return r, err
}
