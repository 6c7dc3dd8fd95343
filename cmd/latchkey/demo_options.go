package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"latchkey/config"
)

// demoOptions are the flags of the demo command.
type demoOptions struct {
	Listen        string // host:port of the provider
	AppListen     string // host:port of the app
	InboxListen   string // host:port of the inbox's pages
	MetricsListen string
	Data          string
	JSON          string // file to write the report to; "" for none
	TLS           bool
}

// config is the server's configuration.
func (o demoOptions) config() (config.Config, error) {
	cfg := config.Defaults()
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return cfg, err
	}
	cfg.Listen, cfg.MetricsListen, cfg.Data = o.Listen, o.MetricsListen, data
	cfg.Outbound.Allow = o.appNetworks()
	if o.TLS {
		cfg.TLS.Certificate, cfg.TLS.Key = filepath.Join(data, demoCertificateFile), filepath.Join(data, demoKeyFile)
		cfg.Outbound.CA = cfg.TLS.Certificate
	}
	if err := o.validate(); err != nil {
		return cfg, err
	}
	return cfg, cfg.Validate()
}

// forgetReport removes the report of an earlier start, so that nobody takes it
// for the new one.
func (o demoOptions) forgetReport() error {
	if o.JSON == "" {
		return nil
	}
	switch info, err := os.Lstat(o.JSON); {
	case err == nil && info.IsDir():
		return fmt.Errorf("--json %q is a directory: name a file", o.JSON)
	case err == nil:
		return os.Remove(o.JSON)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--json: %w", err)
	}
	if _, err := os.Stat(filepath.Dir(o.JSON)); err != nil {
		return fmt.Errorf("--json: %w", err)
	}
	return nil
}

// validate checks what the server's configuration does not: issuer and redirect
// URIs need a host, and the app and the inbox may be no more open than the server.
func (o demoOptions) validate() error {
	for _, a := range []struct{ flag, address string }{
		{"--listen", o.Listen}, {"--app-listen", o.AppListen}, {"--inbox-listen", o.InboxListen},
	} {
		host, _, err := net.SplitHostPort(a.address)
		ip := net.ParseIP(host)
		switch {
		case err != nil || host == "" || ip != nil && ip.IsUnspecified():
			return fmt.Errorf("%s %q names no host that a browser could open: write an address such as localhost:9400", a.flag, a.address)
		case !o.TLS && host != "localhost" && (ip == nil || !ip.IsLoopback()):
			return fmt.Errorf("%s %q is plain HTTP that others can reach: add --tls, or listen on localhost", a.flag, a.address)
		}
	}
	return nil
}

// appNetworks are where the server finds the app, to tell it that a sign-in has
// ended: on this machine, or at the address the app is given.
func (o demoOptions) appNetworks() []netip.Prefix {
	networks := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, listen := range []string{o.AppListen, o.Listen} { // the second organization is a provider of the first
		if at, err := netip.ParseAddrPort(listen); err == nil {
			one := at.Addr().Unmap()
			networks = append(networks, netip.PrefixFrom(one, one.BitLen()))
		}
	}
	return networks
}

// hosts are the names the certificate must be good for.
func (o demoOptions) hosts() []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	for _, a := range []string{o.Listen, o.AppListen, o.InboxListen} {
		if host, _, err := net.SplitHostPort(a); err == nil && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// openDemoData makes the data directory, or recognises one that a demo made.
// undo removes what it made.
func openDemoData(cfg config.Config) (memory *demoMemory, undo func(), err error) {
	nothing := func() {}
	_, err = os.Stat(filepath.Join(cfg.Data, databaseFile))
	if err == nil {
		memory, err = loadDemoMemory(cfg.Data)
		return memory, nothing, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, nothing, explainStore(err, cfg.Data)
	}
	_, err = os.Stat(cfg.Data)
	made := errors.Is(err, fs.ErrNotExist)
	if err := createData(cfg); err != nil {
		return nil, nothing, err
	}
	memory = newDemoMemory()
	return memory, func() { removeDemoData(cfg, made) }, memory.save(cfg.Data)
}

// removeDemoData undoes openDemoData; directory tells whether it was made too.
func removeDemoData(cfg config.Config, directory bool) {
	for _, name := range []string{demoMemoryFile, demoCertificateFile, demoKeyFile} {
		_ = os.Remove(filepath.Join(cfg.Data, name)) // what is not there need not go
	}
	removeData(cfg, directory)
}
