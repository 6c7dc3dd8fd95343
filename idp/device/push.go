package device

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"io"
	"net/http"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"latchkey/idp"
	"latchkey/idp/outbound"
	"latchkey/idp/web"
	"latchkey/storage"
)

// Web Push wakes devices (RFC 8030). What is sent says nothing, so that nothing goes through the
// hands of push services; and since a device asks by itself too, nothing depends on it.

// vapid is the deployment's key for push services (RFC 8292), base64url.
type vapid struct{ public, private string }

// newVAPID derives the key: all nodes of a deployment have the same, and so have subscriptions
// after a restart.
func newVAPID(keys *idp.Keyring) vapid {
	for round := 0; ; round++ {
		raw := keys.MAC("vapid", string(rune('0'+round)))
		key, err := ecdh.P256().NewPrivateKey(raw)
		if err != nil { // out of range, which one in 2^32 is
			continue
		}
		return vapid{base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), base64.RawURLEncoding.EncodeToString(raw)}
	}
}

const (
	maxPushes   = 1024 // that wait to be sent; of more, none is
	pushWorkers = 8
	pushTTL     = 60 // seconds
)

// wakeUp is all that is sent.
var wakeUp = []byte(`{"v":1}`)

// push is one device to be woken.
type push struct {
	tenant, device, topic string
	to                    idp.PushSubscription
}

type subscription struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// subscribe keeps where a device is woken.
func (s *Service) subscribe(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r)
	var in subscription
	raw, err := body(r, &in)
	if err != nil {
		return err
	}
	err = s.proved(r, raw, func(tx *storage.Tx, c *caller) error {
		if err := c.usable(q.Now); err != nil {
			return err
		}
		if err := s.checkSubscription(in); err != nil {
			return err
		}
		c.device.Push = &idp.PushSubscription{Endpoint: in.Endpoint, P256dh: in.Keys.P256dh, Auth: in.Keys.Auth}
		return tx.Put(c.device)
	})
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// checkSubscription finds what could not be sent to. The address behind the name is judged
// whenever something is sent.
func (s *Service) checkSubscription(in subscription) error {
	if _, err := s.Calls.CheckURL(in.Endpoint); err != nil {
		return refuse("the endpoint of the subscription: " + err.Error())
	}
	key, err := base64.RawURLEncoding.DecodeString(in.Keys.P256dh)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(key)
	}
	if err != nil {
		return refuse("the key of the subscription is no point of P-256")
	}
	if secret, err := base64.RawURLEncoding.DecodeString(in.Keys.Auth); err != nil || len(secret) != 16 {
		return refuse("the secret of the subscription has not 16 bytes")
	}
	return nil
}

func (s *Service) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	err := s.proved(r, nil, func(tx *storage.Tx, c *caller) error {
		if c.enrolment != nil || c.device.Push == nil {
			return nil
		}
		c.device.Push = nil
		return tx.Put(c.device)
	})
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// Notify has the devices of who is asked woken; quiet: only those that wait already.
func (s *Service) Notify(tenantID string, q *idp.SignInRequest, quiet bool) {
	if q.Decoy {
		return
	}
	s.Waker.Wake(wakeKey(tenantID, q.UserID))
	if quiet {
		return
	}
	var all []*idp.Authenticator
	err := s.Store.View(context.Background(), tenantID, func(tx *storage.Tx) (err error) {
		all, err = idp.Authenticators(tx, q.UserID)
		return err
	})
	if err != nil {
		s.Log.Error("devices not woken", "error", err)
		return
	}
	for _, d := range all {
		if d.Push == nil || !d.CopiedAt.IsZero() {
			continue
		}
		select {
		case s.pushes <- push{tenantID, d.AuthenticatorID, hash([]byte(q.RequestID))[:32], *d.Push}:
		default:
			s.Log.Warn("a device is not woken: too many wait for it")
		}
	}
}

// Push wakes devices until ctx ends.
func (s *Service) Push(ctx context.Context) {
	done := make(chan struct{})
	for range pushWorkers {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				select {
				case p := <-s.pushes:
					s.push(ctx, p)
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	for range pushWorkers {
		<-done
	}
}

// push sends one message. A subscription that is over is forgotten (RFC 8030 7.3).
func (s *Service) push(ctx context.Context, p push) {
	answer, err := webpush.SendNotificationWithContext(ctx, wakeUp, &webpush.Subscription{
		Endpoint: p.to.Endpoint, Keys: webpush.Keys{P256dh: p.to.P256dh, Auth: p.to.Auth},
	}, &webpush.Options{
		HTTPClient: pusher{s.Calls}, Subscriber: s.Base, Topic: p.topic, TTL: pushTTL, Urgency: webpush.UrgencyHigh,
		VAPIDPublicKey: s.vapid.public, VAPIDPrivateKey: s.vapid.private, VapidExpiration: s.Now().Add(time.Hour),
	})
	if err != nil {
		s.Log.Info("a device was not woken", "device", p.device, "error", err)
		return
	}
	if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone {
		if err := s.forget(ctx, p); err != nil {
			s.Log.Error("a subscription that is over was not forgotten", "error", err)
		}
	}
}

func (s *Service) forget(ctx context.Context, p push) error {
	return s.Store.Update(ctx, p.tenant, func(tx *storage.Tx) error {
		d, err := idp.Optional(storage.Get[idp.Authenticator](tx, p.device))
		if d == nil || d.Push == nil || *d.Push != p.to || err != nil {
			return err
		}
		d.Push = nil
		return tx.Put(d)
	})
}

// pusher lets the library send through the client that reaches public addresses only.
type pusher struct{ calls *outbound.Client }

// Do sends the request, and answers with its status alone.
func (p pusher) Do(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	status, err := p.calls.Post(r.Context(), r.URL.String(), r.Header, raw)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(nil))}, nil
}
