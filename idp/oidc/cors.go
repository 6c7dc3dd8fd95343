package oidc

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// shared lets the registered origins of a tenant's clients call an endpoint from a
// browser, without cookies. Every other origin gets an answer its browser keeps
// from it.
func (p *Provider) shared(own web.Methods) web.Methods {
	out := web.Methods{"OPTIONS": p.allowOrigin(preflight)}
	for method, handler := range own {
		out[method] = p.allowOrigin(handler)
	}
	return out
}

func preflight(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

func (p *Provider) allowOrigin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			w.Header().Add("Vary", "Origin")
			known, err := p.originKnown(r, origin)
			if err != nil {
				p.fail(w, r, err)
				return
			}
			if known {
				w.Header().Set("Access-Control-Allow-Origin", origin)
			}
		}
		next(w, r)
	}
}

func (p *Provider) originKnown(r *http.Request, origin string) (known bool, err error) {
	if len(origin) > 300 {
		return false, nil
	}
	err = p.Store.View(r.Context(), web.From(r).Tenant.TenantID, func(tx *storage.Tx) error {
		clients, _, err := storage.List[idp.Client](tx, "origin", origin, storage.Page{Limit: 1})
		known = len(clients) > 0
		return err
	})
	return known, err
}
