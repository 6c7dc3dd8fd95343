package ui

import (
	"fmt"
	"net/http"

	"latchkey/idp"
	"latchkey/idp/web"
)

// brandCSS sets the accent of a tenant. idp.Tenant has checked it against white;
// in the dark scheme it is mixed with white until it stands out on any dark ground.
const brandCSS = `:root {
  --accent: light-dark(%[1]s, color-mix(in srgb, %[1]s 45%%, #ffffff));
  --accent-strong: light-dark(color-mix(in srgb, %[1]s 80%%, #000000), color-mix(in srgb, %[1]s 30%%, #ffffff));
  --on-accent: light-dark(#ffffff, #111111);
}
`

func (s *Site) showBrand(w http.ResponseWriter, r *http.Request) {
	t := web.From(r).Tenant
	h := w.Header()
	setCommonHeaders(h, s.Renderer.options.HTTPS)
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=300")
	if t.Accent != "" {
		fmt.Fprintf(w, brandCSS, t.Accent) // a reader who has gone away is no error of ours
	}
}

// brand is the address of the tenant's colours, "" for those of the house.
func (s *Site) brand(t *idp.Tenant) string {
	if t.Accent == "" {
		return ""
	}
	return s.Base + "/" + t.TenantID + "/brand.css"
}
