package ui

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
)

const deviceID = "66666666-6666-4666-8666-66666666666" // and a digit

func devicePage(digit, what string) string {
	return "/security-info/authenticators/" + deviceID + digit + what
}

// giveDevice gives somebody a device, and turns the method on.
func (a *account) giveDevice(digit, user, name string, made time.Time) *idp.Authenticator {
	a.Helper()
	a.policy.Authenticator.Enabled = true
	d := &idp.Authenticator{
		AuthenticatorID: deviceID + digit, UserID: user, Name: name, Thumbprint: digit, App: "web/1", CreatedAt: made, SeenAt: a.now,
		Verifier: idp.AuthenticatorVerifier{Credential: []byte("verifier " + digit)},
	}
	a.put(a.policy, d)
	return d
}

var deviceName = regexp.MustCompile(`<strong id="device-[^"]+"><bdi>([^<]+)`)

// devicesOf are how the person's devices are called.
func (a *account) devicesOf() string {
	a.Helper()
	w := a.send("/security-info", nil)
	var names []string
	for _, m := range deviceName.FindAllStringSubmatch(w.Body.String(), -1) {
		names = append(names, m[1])
	}
	return strings.Join(names, "|")
}

func TestDevicesShown(t *testing.T) {
	a := newAccount(t)
	w := a.send("/security-info", nil)
	a.wantNot(w, `id="add-authenticator"`, `data-method="authenticator"`)

	a.giveDevice("1", annaID, "Pixel <9>", daysAgo(40))
	robot := a.giveDevice("2", annaID, "Robot", daysAgo(30))
	robot.Soft, robot.App = true, "cli/1"
	a.put(robot)
	old := a.giveDevice("3", annaID, "Drawer", daysAgo(300))
	old.SeenAt = a.now.Add(-idp.AuthenticatorUnused)
	a.put(old)
	a.giveDevice("9", bobID, "Bob's phone", daysAgo(40))
	w = a.send("/security-info", nil)
	a.want(w, http.StatusOK, `id="add-authenticator"`, "<bdi>Pixel &lt;9&gt;</bdi>", `data-method="authenticator" data-state="usable"`,
		`data-method="authenticator" data-state="blocked"`, `data-method="authenticator" data-state="unused"`, "<bdi>cli/1</bdi> · program", `id="prefer-authenticator"`)
	a.wantNot(w, "Bob&#39;s phone")
	if to := a.send("/security-info", url.Values{"add": {"authenticator"}}).Header().Get("Location"); !strings.Contains(to, ownDevices+"/invited/") {
		t.Errorf("to add a device leads to %q", to)
	}
	a.wantTo(a.send("/security-info", url.Values{"prefer": {"authenticator"}}), "/security-info?done=method-preferred")

	// Without a password or a passkey, a device is enough to want for nothing.
	a.remove(a.passkeys[0], a.passkeys[1], a.password, a.pass)
	w = a.send("/security-info", nil)
	a.want(w, http.StatusOK, `data-first="authenticator"`)
	a.wantNot(w, "data-banner=", `id="use-passkey"`)

	a.policy.Authenticator.Targets.Include[0].Mode = idp.AuthenticatePush
	a.put(a.policy)
	a.want(a.send("/security-info", nil), http.StatusOK, `data-state="second"`, `data-banner="none"`)
	a.policy.Authenticator.Enabled = false
	a.put(a.policy)
	w = a.send("/security-info", nil)
	a.wantNot(w, `data-state="second"`, `id="add-authenticator"`)

	for _, digit := range []string{"4", "5"} {
		a.giveDevice(digit, annaID, "Another", daysAgo(1))
	}
	a.wantNot(a.send("/security-info", nil), `id="add-authenticator"`) // as many as one may
}

func TestRenameDevice(t *testing.T) {
	a := newAccount(t)
	a.giveDevice("1", annaID, "Pixel", daysAgo(40))
	path := devicePage("1", "/rename")
	a.want(a.send(path, nil), http.StatusOK, "Rename your device", `value="Pixel"`)
	a.wantTo(a.send(path, url.Values{"name": {" Work phone "}}), "/security-info?done=device-renamed")
	a.want(a.send("/security-info?done=device-renamed", nil), http.StatusOK, "<bdi>Work phone</bdi>", "has its new name")
	for _, name := range []string{"", " ", "a\x00b", strings.Repeat("ä", 129)} {
		a.want(a.send(path, url.Values{"name": {name}}), http.StatusBadRequest, `data-page="rename-method"`, "Rename your device", `data-problem="refused"`)
	}
	if got := a.devicesOf(); got != "Work phone" {
		t.Errorf("%q", got)
	}
}

func TestRemoveDevice(t *testing.T) {
	a := newAccount(t)
	a.giveDevice("1", annaID, "Pixel", daysAgo(40))
	path := devicePage("1", "/remove")
	w := a.send(path, nil)
	a.want(w, http.StatusOK, "Remove this device?", "<bdi>Pixel</bdi>")
	a.wantNot(w, "only way", "signed out")
	a.wantTo(a.send(path, url.Values{"decision": {"keep"}}), securityInfo)
	a.wantTo(a.send(path, url.Values{"decision": {"remove"}}), "/security-info?done=device-removed")
	a.wantTo(a.send(path, url.Values{"decision": {"remove"}}), securityInfo) // twice

	// The last way in, on which the session rests.
	a = newAccount(t)
	d := a.giveDevice("1", annaID, "Pixel", daysAgo(40))
	a.remove(a.passkeys[0], a.passkeys[1], a.pass, a.password)
	a.signIn(idp.Proof{Method: idp.AuthenticatorMethod, Credential: d.AuthenticatorID, At: a.now, ACR: idp.ACRMFA, MFA: true})
	a.want(a.send(path, nil), http.StatusOK, "only way to sign in", "you will be signed out")
	a.want(a.send(path, url.Values{"decision": {"remove"}}), http.StatusOK, `data-page="signed-out"`, "The device is removed")
}

// TestDevicesOfOthers: an id that is another's, or nobody's, leads to what there is; and
// without a strong proof of the last minutes nothing is changed.
func TestDevicesOfOthers(t *testing.T) {
	a := newAccount(t)
	a.giveDevice("1", annaID, "Pixel", daysAgo(40))
	a.giveDevice("9", bobID, "Bob's phone", daysAgo(40))
	form := url.Values{"name": {"Mine"}, "decision": {"remove"}}
	for _, digit := range []string{"9", "7"} {
		for _, what := range []string{"/rename", "/remove"} {
			before := a.store.Commits()
			a.wantTo(a.send(devicePage(digit, what), nil), securityInfo)
			a.wantTo(a.send(devicePage(digit, what), form), securityInfo)
			if a.store.Commits() != before {
				t.Errorf("%s of %s changed something", what, digit)
			}
		}
	}
	for _, path := range []string{"/security-info/authenticators/x/rename", devicePage("1", "/other")} {
		if w := a.send(path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	a.now = a.now.Add(idp.StrongFor)
	before := a.store.Commits()
	for _, path := range []string{devicePage("1", "/rename"), devicePage("1", "/remove")} {
		for _, sent := range []url.Values{nil, form} {
			if f := a.flowOf(a.send(path, sent)); !f.Strong || f.Return != path {
				t.Errorf("%s leads to %+v", path, f)
			}
		}
	}
	chosen := url.Values{"decision": {"remove"}, "remove": {deviceID + "1"}}
	if f := a.flowOf(a.send("/security-info/clean-up", chosen)); !f.Strong || a.store.Commits() != before {
		t.Errorf("%+v", f)
	}
}

// TestCleanUpDevices: who lost a phone is asked about it once they came by a pass.
func TestCleanUpDevices(t *testing.T) {
	a := newAccount(t)
	a.remove(a.passkeys[0], a.passkeys[1], a.password)
	a.giveDevice("1", annaID, "Lost phone", daysAgo(40))
	a.giveDevice("2", annaID, "New phone", a.now.Add(time.Minute))
	a.giveDevice("9", bobID, "Bob's phone", daysAgo(40))
	const path = "/security-info/clean-up"
	a.want(a.send("/security-info", nil), http.StatusOK, `id="clean-up"`)
	w := a.send(path, nil)
	a.want(w, http.StatusOK, "<bdi>Lost phone</bdi>", `value="`+deviceID+`1"`)
	a.wantNot(w, "New phone", " checked")
	a.wantTo(a.send(path, url.Values{"decision": {"remove"}, "remove": {deviceID + "1", deviceID + "9"}}), "/security-info?done=methods-removed")
	if got := a.devicesOf(); got != "New phone" {
		t.Errorf("left are %q", got)
	}
	a.want(a.send(path, nil), http.StatusOK, "nothing to clean up")
}

// TestDeviceNotices: nobody is told of a device that was not added.
func TestDeviceNotices(t *testing.T) {
	a := newAccount(t)
	a.wantNot(a.send("/security-info?done=device-added", nil), `class="notice"`)
	a.giveDevice("1", annaID, "Pixel", a.now)
	a.want(a.send("/security-info?done=device-added", nil), http.StatusOK, "The device is added.")
}

// TestDeviceSignIns: the log's name of the method is the one of the pages.
func TestDeviceSignIns(t *testing.T) {
	e := idp.NewEvent(idp.SignIns, noon)
	e.Method, e.Result, e.Error = idp.AuthenticatorName, "failure", idp.PhoneBlocked
	h := holder{Visit: signin.Visit{}, session: &idp.Session{}}
	if row := signInRow(h, admin.EventInfo{Event: e}); row.Kind != string(idp.AuthenticatorMethod) || row.Why != "phone-blocked" {
		t.Errorf("%+v", row)
	}
}
