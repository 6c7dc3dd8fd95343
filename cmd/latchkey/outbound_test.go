package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"latchkey/config"
)

func TestNewOutbound(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for ca, want := range map[string]string{
		"":         "",
		empty:      `outbound.ca: "` + empty + `" holds no certificate: name a file of certificates in PEM`,
		dir + "/x": `outbound.ca: "` + dir + `/x" cannot be read: no such file or directory`,
	} {
		c, err := newOutbound(config.Outbound{Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, CA: ca})
		if want == "" && (c == nil || err != nil) || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %v, want %q", ca, err, want)
		}
	}
}
