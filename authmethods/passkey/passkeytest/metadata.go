package passkeytest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
)

// Model is an entry of the FIDO Metadata Service.
type Model struct {
	AAGUID [16]byte
	Name   string
	Maker  *Authority
	Status string // such as FIDO_CERTIFIED
	Keys   string // where it keeps them, such as hardware
}

// GUID is an AAGUID as people write it.
func GUID(id [16]byte) string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Metadata writes a BLOB of the FIDO Metadata Service (MDS3 3.1) with these models, and the
// root certificate of who signed it, and answers the files.
func Metadata(t testing.TB, models ...Model) (blob, root string) {
	t.Helper()
	service := NewAuthority("Metadata")
	priv := newKey()
	leaf := service.issue(&x509.Certificate{Subject: pkix.Name{CommonName: "Signer"}}, &priv.PublicKey)
	entries := make([]any, len(models))
	for i, m := range models {
		entries[i] = m.entry()
	}
	signed := part(map[string]any{"alg": "ES256", "typ": "JWT", "x5c": []string{der(leaf), der(service.cert)}}) + "." +
		part(map[string]any{"legalHeader": "For tests.", "no": 1, "nextUpdate": "2099-01-01", "entries": entries})
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, priv, sum[:])
	must(err)
	sig := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...) // RFC 7518 3.4
	dir := t.TempDir()
	blob, root = filepath.Join(dir, "blob.jwt"), filepath.Join(dir, "root.pem")
	must(os.WriteFile(blob, []byte(signed+"."+text(sig)), 0o600))
	must(os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: service.cert.Raw}), 0o600))
	return blob, root
}

func (m Model) entry() map[string]any {
	id := GUID(m.AAGUID)
	return map[string]any{
		"aaguid": id, "timeOfLastStatusChange": "2026-01-01",
		"statusReports": []any{map[string]any{"status": m.Status, "effectiveDate": "2026-01-01"}},
		"metadataStatement": map[string]any{
			"aaguid": id, "description": m.Name, "protocolFamily": "fido2", "schema": 3, "authenticatorVersion": 1,
			"attestationTypes": []string{"basic_full"}, "keyProtection": []string{m.Keys}, "attestationRootCertificates": []string{der(m.Maker.cert)},
		},
	}
}

func der(c *x509.Certificate) string { return base64.StdEncoding.EncodeToString(c.Raw) }

func part(v any) string {
	raw, err := json.Marshal(v)
	must(err)
	return text(raw)
}
