package main

import (
	"github.com/rogpeppe/go-internal/testscript"

	"latchkey/idp/upstream/upstreamtest"
)

// scriptProvider starts an OpenID Provider until the end of the script, and sets a variable to
// its issuer: provider ISSUER. One that is "little" says of nothing that it can do it.
func scriptProvider(ts *testscript.TestScript, _ bool, args []string) {
	p := upstreamtest.Start()
	ts.Defer(p.Close)
	if len(args) > 1 && args[1] == "little" {
		p.Set(func(p *upstreamtest.Provider) { p.Discovery = little })
	}
	ts.Setenv(args[0], p.URL)
}

func little(doc map[string]any) any {
	said := map[string]any{}
	for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} {
		said[name] = doc[name]
	}
	return said
}
