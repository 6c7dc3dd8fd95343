package oidc

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// cors lets the registered origins of a tenant's clients call an endpoint from a
// browser, without cookies. Every other origin gets an answer its browser keeps
// from it.
func (p *Provider) cors(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			w.Header().Add("Vary", "Origin")
			ok, err := p.originKnown(r, origin)
			if err != nil {
				p.fail(w, r, err)
				return
			}
			if ok {
				w.Header().Set("Access-Control-Allow-Origin", origin)
			}
		}
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			w.Header().Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
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
