package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "latchkey"

// room says which of our packages a package may import. Patterns are separated
// by spaces: "a" is that package alone, "a/*" every package below it, "..." all.
// The first row that matches a package is its room.
type room struct{ pkg, may, why string }

func rooms() []room {
	return []room{
		{"storage", "", "storage keeps bytes for everybody and knows no noun and no driver"},
		{"storage/*", "storage", "a driver fills the waist; rules live above it and no driver knows another"},
		{"config", "", "settings are values: whoever needs one is handed it by cmd"},
		{"idp", "storage", "nouns and rules know no HTTP, no page, no protocol and no use case"},
		{"idp/signin", "idp storage", "signing in and administering are apart, so that neither can skip the other's checks"},
		{"idp/admin", "idp storage", "administering and signing in are apart, so that neither can skip the other's checks"},
		{"idp/web", "idp idp/signin storage", "what the HTTP adapters share knows none of them"},
		{"idp/outbound", "", "one client calls what strangers name, for everybody, and knows nobody's protocol"},
		{"idp/jwt", "idp/outbound", "one parser of JWTs that others made serves providers and relying parties alike"},
		{"idp/upstream", "idp idp/jwt idp/outbound", "what providers elsewhere say is read here; who that is here, the core decides"},
		{"idp/upstream/upstreamtest", "", "a provider elsewhere is a stranger, as in the world"},
		{"idp/*", "idp idp/jwt idp/signin idp/admin idp/web idp/outbound storage", "an adapter calls use cases; adapters do not know each other or the pages"},
		{"authmethods", "idp authmethods/*", "the list names every method and nothing else"},
		{"authmethods/passkey", "idp storage", "a method keeps nothing: it only looks up, in a transaction of the core's, whose passkey an answer shows"},
		{"authmethods/passkey/passkeytest", "", "what people hold is a stranger to the provider, as in the world"},
		{"authmethods/*", "idp", "a method keeps nothing: the core does tries, lockout, audit and storing"},
		{"ui/chromiumtest", "", "what a person does in a browser is a stranger to the provider, as in the world"},
		{"ui", "idp idp/signin idp/admin idp/web ui/*", "pages draw what use cases answer and hold no rule"},
		{"ui/*", "idp idp/signin idp/admin idp/web ui/*", "pages draw what use cases answer and hold no rule"},
		{"cmd/latchkey/demoapp", "", "the demo's app is a stranger to the provider, as real apps are"},
		{"cmd/latchkey/demoinbox", "", "the demo's inbox is a stranger to the provider, as real mail servers are"},
		{"cmd/latchkey/device", "", "a device of a person is a stranger to the provider, as in the world"},
		{"cmd/latchkey/device/devicetest", "", "what asks devices, for tests, judges with eyes of its own"},
		{"cmd/*", "...", "the one place that knows every package"},
	}
}

// outside names, for each foreign module, the only packages that may import it.
// The longest path that begins an import decides.
type outside struct{ module, only, why string }

func outsiders() []outside {
	return []outside{
		{"github.com/SherClockHolmes/webpush-go", "idp/device", "one place wakes devices"},
		{"github.com/chromedp", "ui/chromiumtest", "one place starts browsers, for tests"},
		{"github.com/coreos/go-oidc", "cmd/latchkey cmd/latchkey/demoapp", "the demo's app; the provider never uses a relying party's library"},
		{"github.com/emersion/go-smtp", "cmd/latchkey/demoinbox", "the demo's inbox; the provider hands mail over and takes none"},
		{"github.com/fxamacker/cbor", "authmethods/passkey/passkeytest cmd/latchkey/device cmd/latchkey/device/devicetest", "what authenticators write; reading it is go-webauthn's"},
		{"github.com/go-json-experiment/json", "storage idp/jwt idp/oidc idp/upstream", "the reader of records, and of untrusted JWTs, whose claims must not be there twice; elsewhere encoding/json does"},
		{"github.com/go-jose/go-jose", "idp/device idp/jwt idp/oidc idp/upstream/upstreamtest cmd/latchkey/device cmd/latchkey/device/devicetest", "one place verifies tokens; the two protocols that make them sign them; strangers do both"},
		{"github.com/go-webauthn/webauthn", "authmethods/passkey", "its ceremonies stay behind one method"},
		{"github.com/google/uuid", "idp", "nouns make their own ids"},
		{"github.com/gorilla/mux", "cmd/latchkey idp/device idp/oidc idp/web ui", "routing belongs to what speaks HTTP"},
		{"github.com/knadh/koanf", "config", "one place reads configuration"},
		{"github.com/nicksnyder/go-i18n", "ui ui/*", "texts for people are the pages' business"},
		{"github.com/prometheus/client_golang", "cmd/latchkey", "packages count by plain functions they are given"},
		{"github.com/spf13/cobra", "cmd/latchkey", "one place reads the command line"},
		{"github.com/spf13/pflag", "cmd/latchkey", "cobra's flags: one place reads the command line"},
		{"github.com/wneessen/go-mail", "idp/mail", "one place speaks SMTP"},
		{"github.com/zitadel/oidc", "idp/oidc", "its pitfalls stay behind one adapter"},
		{"go.etcd.io/bbolt", "storage/bolt", "no bbolt notion above the driver"},
		{"golang.org/x/crypto", "idp authmethods authmethods/*", "cryptography belongs to rules and methods"},
		{"golang.org/x/crypto/argon2", "idp", "a costly hash runs only behind the core's throttle"},
		{"golang.org/x/net/idna", "idp", "one rule says which domains are the same domain"},
		{"golang.org/x/net/publicsuffix", "cmd/latchkey", "the doctor looks for DMARC where receivers do; what sites belong together decides nothing else"},
		{"golang.org/x/oauth2", "cmd/latchkey cmd/latchkey/demoapp", "the demo's app; the provider never uses a relying party's library"},
		{"golang.org/x/text/language", "ui ui/*", "languages are the pages' business"},
		{"golang.org/x/text/secure", "idp", "one rule says which names are the same name"},
		{"golang.org/x/text/unicode", "idp", "one rule says which names are the same name"},
		{"golang.org/x/time", "idp/web", "limits on requests; what a person may try is counted by the core"},
		{"rsc.io/qr", "cmd/latchkey ui", "the QR code of a pass: in a terminal, on its slip"},
	}
}

// listed is what go list tells about a package.
type listed struct {
	ImportPath string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string
}

// TestImports holds the architecture: which package may import which.
func TestImports(t *testing.T) {
	packages := list(t)
	for _, fault := range faults(packages) {
		t.Error(fault)
	}
	for _, want := range []string{"storage", "idp", "config"} {
		if !slices.ContainsFunc(packages, func(p listed) bool { return p.ImportPath == module+"/"+want }) {
			t.Errorf("go list did not find %s: the test looks in the wrong place", want)
		}
	}
}

// TestFaults shows that the checks bite.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"idp", "latchkey/storage", ""},
		{"idp", "net/url", ""},
		{"idp", "latchkey/idp/signin", "nouns and rules"},
		{"idp/signin", "latchkey/idp/admin", "are apart"},
		{"idp/oidc", "latchkey/idp/signin", ""},
		{"idp/oidc", "latchkey/ui", "an adapter calls use cases"},
		{"storage/bolt", "latchkey/storage/mem", "no driver knows another"},
		{"authmethods", "latchkey/authmethods/passkey", ""},
		{"authmethods/passkey", "latchkey/authmethods", "a method keeps nothing"},
		{"authmethods/passkey/passkeytest", "latchkey/idp", "a stranger"},
		{"authmethods/passkey", "github.com/fxamacker/cbor/v2", "go-webauthn's"},
		{"idp/signin", "github.com/go-webauthn/webauthn/protocol", "behind one method"},
		{"ui", "latchkey/cmd/latchkey", "pages draw"},
		{"ui/chromiumtest", "latchkey/ui", "a stranger"},
		{"cmd/latchkey/device", "latchkey/idp/jwt", "a stranger"},
		{"cmd/latchkey/device/devicetest", "latchkey/cmd/latchkey/device", "eyes of its own"},
		{"ui", "github.com/chromedp/chromedp", "one place starts browsers"},
		{"cmd/latchkey", "latchkey/ui", ""},
		{"cmd/latchkey/demoapp", "latchkey/idp", "a stranger"},
		{"cmd/latchkey/demoinbox", "latchkey/idp/mail", "a stranger"},
		{"idp/mail", "github.com/emersion/go-smtp", "takes none"},
		{"tools", "fmt", "has no row"},
		{"idp/oidc", "github.com/go-jose/go-jose/v4/jwt", ""},
		{"ui", "github.com/go-jose/go-jose/v4", "one place verifies"},
		{"idp/upstream", "github.com/go-jose/go-jose/v4", "one place verifies"},
		{"authmethods", "golang.org/x/crypto/hkdf", ""},
		{"authmethods", "golang.org/x/crypto/argon2", "costly hash"},
		{"idp", "github.com/nobody/nothing", "no row of outsiders"},
	} {
		got := strings.Join(faults([]listed{{ImportPath: module + "/" + c.from, Imports: []string{c.to}}}), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s imports %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// TestPackages expects of each package a comment that says what it is for, and
// no init function: what happens, happens since run.go said so.
func TestPackages(t *testing.T) {
	for _, p := range list(t) {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment: say what it owns and what it does not", p.ImportPath)
		}
		for _, file := range p.GoFiles {
			if line := initLine(t, filepath.Join(p.Dir, file)); line > 0 {
				t.Errorf("%s/%s:%d: func init: let run.go call it", p.ImportPath, file, line)
			}
		}
	}
}

// list runs go list over the module, whose root is two folders up.
func list(t *testing.T) []listed {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Doc,GoFiles,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var packages []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// faults are the imports that break a row of rooms or outsiders. Imports of
// tests are not looked at: a test may put anything together.
func faults(packages []listed) []string {
	var all []string
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		i := slices.IndexFunc(rooms(), func(r room) bool { return matches(r.pkg, name) })
		if i < 0 {
			all = append(all, fmt.Sprintf("%s has no row in rooms: say what it may import, and why", name))
			continue
		}
		for _, path := range p.Imports {
			if fault := fault(rooms()[i], name, path); fault != "" {
				all = append(all, fault)
			}
		}
	}
	return all
}

// fault says why a package may not import path, "" if it may.
func fault(r room, name, path string) string {
	first, _, _ := strings.Cut(path, "/")
	switch ours, isOurs := strings.CutPrefix(path, module+"/"); {
	case isOurs && !matches(r.may, ours):
		return fmt.Sprintf("%s imports %s: %s", name, ours, r.why)
	case isOurs || !strings.Contains(first, "."): // the standard library has no dot there
		return ""
	}
	var best outside
	for _, o := range outsiders() {
		if (path == o.module || strings.HasPrefix(path, o.module+"/")) && len(o.module) > len(best.module) {
			best = o
		}
	}
	switch {
	case best.module == "":
		return fmt.Sprintf("%s imports %s, which no row of outsiders has: say who may, and why", name, path)
	case !matches(best.only, name):
		return fmt.Sprintf("%s imports %s: %s; only %s may", name, path, best.why, best.only)
	}
	return ""
}

// matches reports whether one of the patterns fits the package.
func matches(patterns, name string) bool {
	return slices.ContainsFunc(strings.Fields(patterns), func(pattern string) bool {
		below, isTree := strings.CutSuffix(pattern, "*")
		return pattern == "..." || pattern == name || isTree && strings.HasPrefix(name, below)
	})
}

// initLine is the line of a file's func init, 0 if it has none.
func initLine(t *testing.T, path string) int {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			return files.Position(fn.Pos()).Line
		}
	}
	return 0
}
