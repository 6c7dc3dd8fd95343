//go:build conformance

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/admin"
)

// conformanceWorld is the provider under test and what is in it.
type conformanceWorld struct {
	server  *server
	suite   *suite
	alias   string // part of the suite's addresses; another run has another
	tenant  *idp.Tenant
	user    *idp.User
	pass    string
	clients map[string]conformanceClient
}

// conformanceClient is a static client and what the suite must know of it.
type conformanceClient struct {
	client *idp.Client
	secret string
	keys   map[string]any // private JWK Set; nil for none
}

var conformanceActor = admin.Operator("conformance")

// newConformanceWorld starts a provider over TLS and fills it.
func newConformanceWorld(t *testing.T, s *suite) *conformanceWorld {
	t.Helper()
	cfg := conformanceConfig(t, s)
	if err := createData(cfg); err != nil {
		t.Fatal(err)
	}
	if err := demoCertificate(cfg.TLS, []string{"localhost", "127.0.0.1", "::1", *conformanceHost}, time.Now()); err != nil {
		t.Fatal(err)
	}
	server, err := openServer(cfg, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	w := &conformanceWorld{server: server, suite: s, alias: fmt.Sprintf("latchkey-%d", os.Getpid()), clients: map[string]conformanceClient{}}
	w.seed(t)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- server.Wait(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

// conformanceConfig is the configuration of the provider. It may fetch from the
// suite, which is on a loopback address and has a certificate of its own.
func conformanceConfig(t *testing.T, s *suite) config.Config {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Defaults()
	cfg.Listen, cfg.MetricsListen, cfg.Data = net.JoinHostPort(*conformanceHost, "0"), "", filepath.Join(dir, "d")
	cfg.TLS = config.TLS{Certificate: filepath.Join(dir, demoCertificateFile), Key: filepath.Join(dir, demoKeyFile)}
	cfg.Outbound.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	cfg.Outbound.CA = filepath.Join(dir, "suite.pem")
	if err := os.WriteFile(cfg.Outbound.CA, s.chain, 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// worldFile is testdata/conformance/world.json.
type worldFile struct {
	Tenant  struct{ Name, Domain string }
	User    idp.User
	Clients map[string]idp.Client
}

func (w *conformanceWorld) seed(t *testing.T) {
	t.Helper()
	var file worldFile
	readConformance(t, "world.json", strings.NewReplacer(
		"{suite}", w.suite.base, "{alias}", w.alias, "{callback}", w.suite.base+"/test/a/"+w.alias+"/callback",
	), &file)
	ctx, service := t.Context(), w.server.Admin
	var err error
	if w.tenant, err = service.CreateTenant(ctx, conformanceActor, file.Tenant.Name, file.Tenant.Domain); err != nil {
		t.Fatal(err)
	}
	w.openRegistration(t)
	if w.user, err = service.CreateUser(ctx, conformanceActor, file.Tenant.Domain, file.User); err != nil {
		t.Fatal(err)
	}
	on, once := true, false
	if _, err := service.UpdatePassPolicy(ctx, conformanceActor, file.Tenant.Domain, admin.PassPolicyChange{Enabled: &on}); err != nil {
		t.Fatal(err)
	}
	_, w.pass, err = service.CreatePass(ctx, conformanceActor, file.Tenant.Domain, file.User.PrincipalName, idp.PassRequest{Lifetime: dayOfPass, Once: &once})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range file.Clients {
		w.addClient(t, name, c)
	}
}

func (w *conformanceWorld) addClient(t *testing.T, name string, c idp.Client) {
	t.Helper()
	var made conformanceClient
	var err error
	if c.AuthMethod == idp.AuthKeyJWT {
		if made.keys, err = withKeys(&c, name); err != nil {
			t.Fatal(err)
		}
	}
	made.client, made.secret, err = w.server.Admin.CreateClient(t.Context(), conformanceActor, w.tenant.TenantID, c)
	if err != nil {
		t.Fatalf("client %s: %v", name, err)
	}
	w.clients[name] = made
}

// openRegistration lets whoever has a token register clients.
func (w *conformanceWorld) openRegistration(t *testing.T) {
	t.Helper()
	by := idp.RegistrationToken
	if _, err := w.server.Admin.UpdateTenant(t.Context(), conformanceActor, w.tenant.TenantID, admin.TenantChange{Registration: &by}); err != nil {
		t.Fatal(err)
	}
}

// registrationToken is an initial access token for the modules of a plan.
func (w *conformanceWorld) registrationToken(t *testing.T, plan string) string {
	t.Helper()
	_, secret, err := w.server.Admin.CreateInitialToken(t.Context(), conformanceActor, w.tenant.TenantID, plan, idp.MaxInitialUses, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// rotateKeys publishes new signing keys, and waits for as long as the provider may
// still show those it has read before.
func (w *conformanceWorld) rotateKeys(ctx context.Context) error {
	_, err := w.server.Admin.RotateKeys(ctx, conformanceActor, w.tenant.TenantID)
	time.Sleep(2 * time.Second)
	return err
}
