package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"latchkey/idp/admin"
	"latchkey/ui/chromiumtest"
)

// pushService takes messages for one browser (RFC 8030), as its maker's would, and hands on what
// the browser would read of them.
type pushService struct {
	*httptest.Server
	key      *ecdh.PrivateKey
	auth     []byte
	vapid    string // of whom messages are taken, base64url
	messages chan pushed
}

// pushed is a message, or why there is none.
type pushed struct {
	plain []byte
	err   error
}

func newPushService(t *testing.T, vapid string) *pushService {
	t.Helper()
	p := &pushService{key: must(ecdh.P256().GenerateKey(rand.Reader)), auth: make([]byte, 16), vapid: vapid, messages: make(chan pushed, 10)}
	rand.Read(p.auth)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plain, err := p.take(r)
		p.messages <- pushed{plain, err}
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(p.Close)
	return p
}

// take checks who sends, and decrypts what is sent.
func (p *pushService) take(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return nil, err
	case r.Header.Get("TTL") != "60" || r.Header.Get("Urgency") != "high" || len(r.Header.Get("Topic")) != 32:
		return nil, fmt.Errorf("headers %v", r.Header)
	}
	if err := p.authorized(r.Header.Get("Authorization")); err != nil {
		return nil, err
	}
	return p.open(body)
}

// authorized checks who sends (RFC 8292).
func (p *pushService) authorized(header string) error {
	found := regexp.MustCompile(`^vapid t=([\w.-]+), ?k=([\w-]+)$`).FindStringSubmatch(header)
	if found == nil || found[2] != p.vapid {
		return fmt.Errorf("authorization %q", header)
	}
	parts := strings.Split(found[1], ".")
	signature := must(base64.RawURLEncoding.DecodeString(parts[2]))
	key := must(ecdsa.ParseUncompressedPublicKey(elliptic.P256(), must(base64.RawURLEncoding.DecodeString(p.vapid))))
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return errors.New("nobody has signed the authorization")
	}
	var claims struct {
		Audience string `json:"aud"`
		Ends     int64  `json:"exp"`
	}
	if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(parts[1])), &claims); err != nil || claims.Audience != p.URL {
		return fmt.Errorf("the authorization is for %+v: %w", claims, err)
	}
	return nil
}

// open decrypts a message (RFC 8291).
func (p *pushService) open(body []byte) ([]byte, error) {
	salt, size := body[:16], int(binary.BigEndian.Uint32(body[16:20]))
	sender := body[21 : 21+int(body[20])]
	record := body[21+int(body[20]):]
	if len(record) > size {
		return nil, errors.New("more than one record")
	}
	secret := must(p.key.ECDH(must(ecdh.P256().NewPublicKey(sender))))
	info := slices.Concat([]byte("WebPush: info\x00"), p.key.PublicKey().Bytes(), sender)
	ikm := must(hkdf.Key(sha256.New, secret, p.auth, string(info), 32))
	key := must(hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	nonce := must(hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12))
	plain, err := must(cipher.NewGCM(must(aes.NewCipher(key)))).Open(nil, nonce, record, nil)
	if err != nil {
		return nil, err
	}
	plain = bytes.TrimRight(plain, "\x00")
	return bytes.TrimSuffix(plain, []byte{2}), nil
}

// subscription stands in for that of a browser's own push service, of which there is none here.
func (p *pushService) subscription() string {
	return fmt.Sprintf(`{
	const json = { endpoint: %q, keys: { p256dh: %q, auth: %q } };
	const made = { ...json, options: {}, toJSON: () => json, unsubscribe: async () => true };
	PushManager.prototype.subscribe = async (options) => {
		if (!options.userVisibleOnly) throw new Error('silent');
		localStorage.subscribed = 'yes';
		return made;
	};
	PushManager.prototype.getSubscription = async () => localStorage.subscribed ? made : null;
}`, p.URL+"/to/lee", base64.RawURLEncoding.EncodeToString(p.key.PublicKey().Bytes()), base64.RawURLEncoding.EncodeToString(p.auth))
}

// asleep has the app hear of nothing by itself: its first question is answered that nothing is
// there, and no pause of its own ends.
const asleep = `if (location.pathname === '/authenticator') {
	const [ask, wait] = [window.fetch, window.setTimeout];
	window.questions = 0;
	window.fetch = (url, ...more) => {
		if (!String(url).includes('/challenges') || window.questions++) return ask(url, ...more);
		return Promise.resolve(new Response(JSON.stringify({ challenges: [], server_time: Math.floor(Date.now() / 1000) })));
	};
	window.setTimeout = (run, ms, ...more) => ms >= 300 && ms < 5000 ? 0 : wait(run, ms, ...more);
}`

// turnsOnPush lets a phone be woken by a push service, and waits until the server knows.
func (o *org) turnsOnPush() *pushService {
	o.Helper()
	discovery := struct {
		Key string `json:"vapid_key"`
	}{}
	resp := must(http.Get(o.server.Config.BaseURL + "/" + o.tenant.TenantID + "/v2.0/.well-known/open-authenticator"))
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&discovery); err != nil {
		o.Fatal(err)
	}
	service := newPushService(o.T, discovery.Key)
	evaluate(o.phone.tab, chromedp.Action[chromedp.Void](func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromiumtest.Call(browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: "notifications"}, Setting: browser.PermissionSettingGranted,
			Origin: o.server.Config.BaseURL, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
		})(ctx, target)
		return chromedp.Void{}, err
	}))
	o.phone.script(service.subscription())
	o.phone.open(o.app())
	o.phone.press("#push-on")
	o.phone.wantElement("#push-off:not([hidden])")
	return service
}

// woken is what the push service was sent.
func (o *org) woken(service *pushService) []byte {
	o.Helper()
	ctx, stop := context.WithTimeout(o.Context(), chromiumtest.StepLimit)
	defer stop()
	select {
	case p := <-service.messages:
		if p.err != nil {
			o.Fatal(p.err)
		}
		return p.plain
	case <-ctx.Done():
		o.Fatal("nothing was pushed")
		return nil
	}
}

// push is the action by which a message reaches the app.
func (o *org) push(message []byte) chromedp.Action[cdp.Empty] {
	o.Helper()
	push, err := chromiumtest.Push(o.phone.ctx, o.app(), string(message))
	if err != nil {
		o.Fatalf("the app has no service worker: %v", err)
	}
	return push
}

// notified is what the app shows when a message reaches it, from a page that is not the app: that
// takes what is shown away.
func (o *org) notified(message []byte) chromiumtest.Notification {
	o.Helper()
	o.phone.open(o.info())
	shown, err := chromiumtest.Notified(o.phone.ctx, o.app(), o.push(message))
	if err != nil || len(shown) != 1 {
		o.Fatalf("notified: %+v, %v\n%s", shown, err, o.phone.where())
	}
	return shown[0]
}

// numberPush: a push service is told that there is something, and nothing else; the phone is
// woken by it, and asks what it is.
func numberPush(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	service := o.turnsOnPush()
	b := o.desk()

	// The app is not open.
	o.phone.open(m.appURL)
	number := o.asks(b)
	message := o.woken(service)
	if string(message) != `{"v":1}` {
		t.Errorf("the push service could tell %q", message)
	}
	want := chromiumtest.Notification{Title: "A sign-in waits for you", Body: "Open the authenticator to see it.", Tag: "sign-in"}
	if shown := o.notified(message); shown != want {
		t.Errorf("notified: %+v", shown)
	}
	o.phone.open(m.app())
	o.phone.approves(number)
	b.want("security-info")

	// The app is open, and does not ask by itself.
	o.phone.script(asleep)
	o.phone.open(m.app())
	o.phone.wantText(o.name())
	b = o.desk()
	number = o.asks(b)
	message = o.woken(service)
	if o.phone.has("article.request") {
		t.Error("the app has asked by itself")
	}
	evaluate(o.phone.tab, o.push(message))
	o.phone.approves(number)
	b.want("security-info")
}

// received are the bytes that a tab has received, of every answer and every event.
type received struct {
	tab *tab
	mu  sync.Mutex
	got map[string]string // by what it came as
	url map[network.RequestID]string
	all sync.WaitGroup
}

// hears keeps everything that a tab receives from now on.
func (b *tab) hears() *received {
	b.t.Helper()
	r := &received{tab: b, got: map[string]string{}, url: map[network.RequestID]string{}}
	err := chromedp.Listen(b.ctx, func(ev any) {
		r.mu.Lock()
		defer r.mu.Unlock()
		switch e := ev.(type) {
		case *network.EventResponseReceived:
			r.url[e.RequestID] = e.Response.URL
			r.got[string(e.RequestID)+" headers of "+e.Response.URL] = fmt.Sprint(e.Response.Headers)
		case *network.EventResponseReceivedExtraInfo:
			r.got[string(e.RequestID)+" raw headers"] = fmt.Sprint(e.Headers)
		case *network.EventEventSourceMessageReceived:
			r.got[fmt.Sprintf("%s event %d", e.RequestID, len(r.got))] = e.EventName + e.Data
		case *network.EventLoadingFinished:
			r.all.Go(func() { r.body(e.RequestID) })
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	evaluate(b, chromiumtest.Call(network.Enable, network.EnableParams{MaxTotalBufferSize: new(int64(100_000_000))}))
	return r
}

func (r *received) body(id network.RequestID) {
	answer, err := chromiumtest.Run(r.tab.ctx, chromiumtest.Call(network.GetResponseBody, network.GetResponseBodyParams{RequestID: id}))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil { // else it was a redirect, or its page is gone
		r.got[string(id)+" body of "+r.url[id]] = string(answer.Body)
	}
}

// texts are all there is to read: what came, and what is encoded in it.
func (r *received) texts() map[string]string {
	r.all.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]string{}
	for name, text := range r.got {
		for _, layer := range layers(text) {
			out[name] += "\n" + layer
		}
	}
	return out
}

var encodedRuns = regexp.MustCompile(`[A-Za-z0-9_+/-]{8,}`)

// layers are a text and what is encoded in base64 in it, and in that.
func layers(text string) []string {
	out := []string{text}
	for _, run := range encodedRuns.FindAllString(text, -1) {
		run = strings.NewReplacer("+", "-", "/", "_").Replace(run)
		if plain, err := base64.RawURLEncoding.DecodeString(run); err == nil {
			out = append(out, string(plain))
			out = append(out, layers(string(plain))[1:]...)
		}
	}
	return out
}

// wantNowhere expects a number in nothing that came; and that something came at all.
func (r *received) wantNowhere(number string, must ...string) {
	r.tab.t.Helper()
	texts := r.texts()
	whole := ""
	for name, text := range texts {
		whole += name + text
		if strings.Contains(text, number) {
			r.tab.t.Errorf("%s has %s:\n%s", name, number, text)
		}
	}
	for _, words := range must {
		if !strings.Contains(whole, words) {
			r.tab.t.Errorf("no %q came, in %d parts", words, len(texts))
		}
	}
}

// TestNumberIsNowhereElse: the number is on the page of the browser that asked, and nothing that
// comes to the phone, to a push service or to another browser has it.
func TestNumberIsNowhereElse(t *testing.T) {
	m := newMatching(t)
	o := m.orgWithPhone(t, sixDigits, func(c *admin.AuthenticatorPolicyChange) { c.Ask = nil })
	service := o.turnsOnPush()
	phone := o.phone.hears()
	b, other := o.desk(), o.desk()
	first, second := b.hears(), other.hears()
	o.phone.open(m.app())
	number := o.asks(b)
	message := o.woken(service)

	shown := false
	for _, text := range first.texts() {
		shown = shown || strings.Contains(text, number)
	}
	if !shown {
		t.Fatal("the number was not even found where it is")
	}

	other.open(b.address()) // who has found the address
	other.want("error")
	o.identifies(other)
	other.press("#send")
	other.wantElement(`[data-problem="number.open"]`)

	notified := o.notified(message)
	o.phone.open(m.app())
	o.phone.wantRequest()
	for what, text := range map[string]string{"the push message": string(message), "the notification": fmt.Sprint(notified), "the app": o.phone.text("body")} {
		if strings.Contains(text, number) {
			t.Errorf("%s has %s: %q", what, number, text)
		}
	}
	o.phone.wantText(o.name())
	phone.wantNowhere(number, `"purpose":"signin"`, `"digits":6`)
	o.phone.approves(number)
	o.phone.wantSaid("Approved.")
	b.want("security-info")
	phone.wantNowhere(number, `"state":"approved"`)
	second.wantNowhere(number, `data-problem="number.open"`, `data-page="error"`)
}
