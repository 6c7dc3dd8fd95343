package sdk

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
)

// worker is an app that nobody signs in to.
func (d *demo) worker(t *testing.T, auth ...string) client {
	t.Helper()
	return d.client(t, append(auth, "--grant", "client", "--permission", calendarRead)...)
}

func TestMSALSecret(t *testing.T) {
	t.Parallel()
	c := contoso.worker(t, "--auth", "post")
	cred, err := confidential.NewCredFromSecret(c.Secret)
	wantNone(t, err)
	wantWorks(t, c, cred)
}

func TestMSALCertificate(t *testing.T) {
	t.Parallel()
	c, certs, key := contoso.certified(t)
	cred, err := confidential.NewCredFromCert(certs, key)
	wantNone(t, err)
	wantWorks(t, c, cred)
}

func wantWorks(t *testing.T, c client, cred confidential.Credential) {
	t.Helper()
	app, err := confidential.New(contoso.authority(), c.ID, cred,
		confidential.WithHTTPClient(contoso.http), confidential.WithInstanceDiscovery(false))
	wantNone(t, err)
	for _, scope := range []string{calendarAll, calendarRead} {
		got, err := app.AcquireTokenByCredential(t.Context(), []string{scope})
		wantNone(t, err)
		token := claims(t, got.AccessToken)
		wantEqual(t, "aud", token["aud"], any("https://api.contoso.example"))
		wantEqual(t, "scp", token["scp"], any("calendar.read"))
		wantEqual(t, "idtyp", token["idtyp"], any("app"))
		again, err := app.AcquireTokenByCredential(t.Context(), []string{scope})
		wantNone(t, err)
		wantEqual(t, "the token kept", again.AccessToken, got.AccessToken)
	}
}

// certified is a worker that authenticates by the key of a certificate. The libraries
// sign with PS256, and name the certificate by its thumbprint, not the key by its kid.
func (d *demo) certified(t *testing.T) (client, []*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	wantNone(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	wantNone(t, err)
	cert, err := x509.ParseCertificate(der)
	wantNone(t, err)
	set, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "use": "sig",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}}})
	wantNone(t, err)
	file := filepath.Join(t.TempDir(), "keys.json")
	wantNone(t, os.WriteFile(file, set, 0o600))
	return d.worker(t, "--auth", "private-key-jwt", "--jwks", file), []*x509.Certificate{cert}, key
}

// claims reads a JWT as the API would, but for the signature.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%.20s… is no JWT", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	wantNone(t, err)
	var c map[string]any
	wantNone(t, json.Unmarshal(raw, &c))
	return c
}
