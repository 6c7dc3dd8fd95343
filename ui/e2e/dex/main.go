// Command dex is Dex as a provider at which the people of a domain sign in, in memory. It prints
// its issuer, reads what it serves from standard input, as JSON, prints that it serves it, and
// does until it is killed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/connectors"
	"github.com/dexidp/dex/server/session"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/server/tokens"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
	"golang.org/x/crypto/bcrypt"
)

// world is whom the provider knows, as Dex's own configuration spells it; everybody has the one
// password.
type world struct {
	Client   storage.Client     `json:"client"`
	People   []storage.Password `json:"people"`
	Password string             `json:"password"`
}

func main() {
	if err := run(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "dex:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + listener.Addr().String() + "/dex"
	fmt.Fprintln(out, issuer)
	var w world
	if err := json.NewDecoder(in).Decode(&w); err != nil {
		return err
	}
	dex, err := w.server(ctx, issuer)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "serving")
	return http.Serve(listener, dex)
}

// server is Dex with sessions, without which it has no sign-out.
func (w world) server(ctx context.Context, issuer string) (*server.Server, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	there, err := w.storage(log)
	if err != nil {
		return nil, err
	}
	const tokensLast = 5 * time.Minute
	keys, err := (&signer.LocalConfig{KeysRotationPeriod: "6h"}).Open(ctx, there, tokensLast, time.Now, log)
	refresh, noPolicy := tokens.NewRefreshTokenPolicy(log, false, "", "", "")
	if err := errors.Join(err, noPolicy); err != nil {
		return nil, err
	}
	return server.NewServer(ctx, server.Config{
		Issuer: issuer, Storage: there, Web: server.WebConfig{WebFS: web.FS()}, Logger: log, Signer: keys,
		IDTokensValidFor: tokensLast, RefreshTokenPolicy: refresh,
		SessionConfig: &session.Config{CookieName: "dex_session", AbsoluteLifetime: time.Hour, ValidIfNotUsedFor: time.Hour},
	})
}

func (w world) storage(log *slog.Logger) (storage.Storage, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(w.Password), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	for i := range w.People {
		w.People[i].Hash = hash
	}
	s := storage.WithStaticClients(memory.New(log), []storage.Client{w.Client})
	s = storage.WithStaticPasswords(s, w.People, log)
	local := storage.Connector{ID: connectors.LocalConnector, Name: "Password", Type: connectors.LocalConnector}
	return storage.WithStaticConnectors(s, []storage.Connector{local}), nil
}
