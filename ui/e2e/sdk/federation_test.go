package sdk

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"
	"github.com/chromedp/chromedp"
)

// TestMSALFederatedInChromium: a real browser, which minds where a form leads, finds nothing
// wrong with the way to Dex and back, neither to sign in nor to sign out.
func TestMSALFederatedInChromium(t *testing.T) {
	t.Parallel()
	address, password := strings.ToLower(rand.Text())+"@"+dexDomain, "any"
	issuer := contoso.federate(t, dexDomain, map[string]any{
		"people": []any{map[string]any{"userID": "sam", "username": "sam", "email": address, "emailVerified": true}}, "password": password,
	})
	var made struct{ ID string }
	wantNone(t, contoso.command(&made, "user", "create", address))
	u := user{ID: made.ID, Name: address, PassEnd: time.Now().Add(24 * time.Hour)} // there is no pass; no token lasts longer
	c, browser := contoso.nativeClient(t), chromium(t)
	app, began := newPublic(t, c), time.Now()

	got, err := app.AcquireTokenInteractive(t.Context(), []string{calendarRead}, public.WithOpenURL(walk(browser,
		fill("username", address), press("#next"),
		fill("login", address), fill("password", password), press("#submit-login"), press(".theme-btn--success"), // at Dex
		press("#allow"), authenticated,
	)))
	wantNone(t, err)
	wantAccount(t, got, c, u, began)
	wantEqual(t, "idp", claims(t, got.IDToken.RawToken)["idp"], any(issuer))

	out := walk(browser, press("#sign-out"), chromedp.WaitReady(chromedp.CSS("main[data-page=signed-out]")))
	wantNone(t, out(contoso.authority()+"oauth2/v2.0/logout"))
	again := walk(browser, fill("username", address), press("#next"), chromedp.WaitReady(chromedp.CSS("input[name=login]"))) // it asks anew
	wantNone(t, again(contoso.authority()+"apps"))
}

// federate runs Dex in this world, with Latchkey as its client, as the provider of a domain of
// Contoso's.
func (d *demo) federate(t *testing.T, domain string, world map[string]any) (issuer string) {
	t.Helper()
	const secret = "a secret of the provider"
	dir := t.TempDir()
	program, file := filepath.Join(dir, "dex"), filepath.Join(dir, "secret")
	wantNone(t, os.WriteFile(file, []byte(secret), 0o600))
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir, build.Stderr = filepath.Join("..", "dex"), os.Stderr
	wantNone(t, build.Run())

	dex := exec.Command(program)
	dex.Stderr = os.Stderr
	in, err := dex.StdinPipe()
	wantNone(t, err)
	out, err := dex.StdoutPipe()
	wantNone(t, err)
	wantNone(t, dex.Start())
	t.Cleanup(func() { _, _ = dex.Process.Kill(), dex.Wait() }) // it does not end by itself
	lines := bufio.NewReader(out)
	issuer, err = lines.ReadString('\n')
	wantNone(t, err)
	issuer = strings.TrimSpace(issuer)

	var registered struct {
		Redirect  string `json:"redirect_uri"`
		SignedOut string `json:"post_logout_redirect_uri"`
	}
	wantNone(t, d.command(&registered, "federation", "add", issuer, "--name", "Dex", "--domain", domain, "--client-id", "latchkey", "--client-secret-file", file, "--unchecked", "--sign-out"))
	t.Cleanup(func() { wantNone(t, d.command(nil, "federation", "remove", domain)) })
	world["client"] = map[string]any{"id": "latchkey", "secret": secret, "name": "Latchkey", "redirectURIs": []string{registered.Redirect}, "postLogoutRedirectURIs": []string{registered.SignedOut}}
	wantNone(t, json.NewEncoder(in).Encode(world))
	_, err = lines.ReadString('\n') // it serves
	wantNone(t, err)
	return issuer
}
