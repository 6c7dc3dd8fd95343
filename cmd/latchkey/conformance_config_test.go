//go:build conformance

package main

import (
	"maps"
	"strings"
	"testing"
)

// words are what stands in braces in plans.json and browser.json.
func (w *conformanceWorld) words() *strings.Replacer {
	return strings.NewReplacer("{suite}", w.suite.base, "{base}", w.server.Config.BaseURL, "{tenant}", w.tenant.TenantID, "{username}", w.user.PrincipalName, "{pass}", w.pass)
}

func (w *conformanceWorld) plans(t *testing.T) (plans []conformancePlan) {
	readConformance(t, "plans.json", w.words(), &plans)
	return plans
}

func (w *conformanceWorld) script(t *testing.T) (s script) {
	readConformance(t, "browser.json", w.words(), &s)
	return s
}

// config is what the suite is told about the provider and a plan.
func (w *conformanceWorld) config(t *testing.T, p conformancePlan, s script) map[string]any {
	c := map[string]any{
		"alias": w.alias, "description": "Latchkey, " + p.Name,
		"server": map[string]any{
			"discoveryUrl": issuer(w.server.Config.BaseURL, w.tenant) + "/.well-known/openid-configuration",
			"login_hint":   w.user.PrincipalName,
		},
		"options": map[string]any{"browsercontrol_css_enable": false},
	}
	maps.Copy(c, w.static(t, p.Clients))
	if len(p.Clients) == 0 {
		registers := map[string]any{"client_name": "Conformance Suite", "initial_access_token": w.registrationToken(t, p.Name)}
		c["client"], c["client2"] = registers, registers
	}
	override := map[string]map[string]any{}
	for module, clients := range p.Modules {
		override[module] = w.static(t, clients)
	}
	if !p.Chromium {
		c["browser"] = s.browser(t, s.Always)
		for module, names := range s.Modules {
			if override[module] == nil {
				override[module] = map[string]any{}
			}
			override[module]["browser"] = s.browser(t, names)
		}
	}
	c["override"] = override
	maps.Copy(c, p.Config)
	return c
}

// static is what the suite must know of clients that are registered already.
func (w *conformanceWorld) static(t *testing.T, names map[string]string) map[string]any {
	t.Helper()
	out := map[string]any{}
	for as, name := range names {
		c, ok := w.clients[name]
		switch {
		case !ok:
			t.Fatalf("world.json has no client %q", name)
		case c.keys != nil:
			out[as] = map[string]any{"client_id": c.client.ClientID, "scope": "openid profile email offline_access", "jwks": c.keys}
		default:
			out[as] = map[string]any{"client_id": c.client.ClientID, "client_secret": c.secret}
		}
	}
	return out
}
