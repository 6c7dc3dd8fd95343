package devicetest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// request is a sign-in that waits for a device's answer.
type request struct {
	id, user, mode, want, nonce, state, reason string
	tries                                      int
	ends                                       int64
	sent                                       map[string]string // challenges by thumbprint
}

// What every request says of where it comes from.
const (
	AppName = "Payroll"
	Origin  = "https://payroll.example"
)

// Ask asks the devices of somebody, in a mode, for a number, and is the request's id.
func (s *Server) Ask(user, mode, want string) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &request{id: random(), user: user, mode: mode, want: want, nonce: random(), state: "pending", ends: s.Now().Unix() + 60, sent: map[string]string{}}
	s.requests = append(s.requests, q)
	s.notify()
	return q.id
}

// notify wakes who waits for a change. The caller holds the lock.
func (s *Server) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// State is what became of a request, and why it was denied.
func (s *Server) State(id string) (state, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.request(id); q != nil {
		return q.state, q.reason
	}
	return "", ""
}

func (s *Server) request(id string) *request {
	for _, q := range s.requests {
		if q.id == id {
			return q
		}
	}
	return nil
}

func (q *request) wasSent(jkt string) bool {
	_, sent := q.sent[jkt]
	return sent
}

func (s *Server) challenges(w http.ResponseWriter, r *http.Request, d *device, _ []byte) {
	wait, _ := strconv.Atoi(r.URL.Query().Get("wait")) // none is none
	if all := s.pending(d); len(all) > 0 || wait <= 0 {
		s.list(w, all)
		return
	}
	changed := s.changed
	s.mu.Unlock()
	select {
	case <-changed:
	case <-time.After(time.Duration(wait) * time.Second):
	case <-r.Context().Done():
	}
	s.mu.Lock()
	s.list(w, s.pending(d))
}

func (s *Server) list(w http.ResponseWriter, all []string) {
	answer(w, http.StatusOK, map[string]any{"challenges": all, "server_time": s.Now().Unix()})
}

func (s *Server) pending(d *device) []string {
	all := []string{}
	for _, q := range s.requests {
		if d.active && q.user == d.user && q.state == "pending" {
			all = append(all, s.challenge(q, d))
		}
	}
	return all
}

// challenge is the one that was sent to the device before, or a new one.
func (s *Server) challenge(q *request, d *device) string {
	jkt := thumbprint(&d.key)
	if q.sent[jkt] != "" {
		return q.sent[jkt]
	}
	ask := map[string]any{"mode": q.mode, "uv": "required"}
	switch q.mode {
	case "type":
		ask["digits"] = len(q.want)
	case "pick":
		ask["choices"] = []string{"07", q.want, "93"}
	}
	claims := map[string]any{
		"iss": s.Issuer(), "aud": jkt, "sub": d.id, "jti": q.id, "nonce": q.nonce, "iat": s.Now().Unix(), "exp": q.ends, "purpose": "signin",
		"app":  map[string]any{"name": AppName, "origin": Origin},
		"from": map[string]any{"ip": "192.0.2.7", "browser": "Firefox", "os": "Windows", "known_browser": true, "same_network": false},
		"ask":  ask, "tries_left": 3 - q.tries,
		"webauthn": map[string]any{"rpId": s.host(), "allowCredentials": []any{map[string]any{"type": "public-key", "id": d.verifier.id}}, "userVerification": "required"},
	}
	if s.Challenge != nil {
		s.Challenge(claims)
	}
	q.sent[jkt] = s.signed(claims)
	return q.sent[jkt]
}

type response struct {
	ISS, AUD, JTI, TXN, CH, Nonce, App, Decision, Reason, Number, Choice, Scan string
	IAT, EXP                                                                   int64
	UV                                                                         *struct{ Method string }
}

func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Response string
		UV       json.RawMessage
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10)).Decode(&sent) != nil {
		refuse(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var p response
	var kid string
	ok := read(sent.Response, "oda-response+jwt", func(h jose.Header) *jose.JSONWebKey {
		kid = h.KeyID
		return s.ofDevice(h)
	}, &p)
	d, q := s.devices[kid], s.request(p.TXN)
	if q == nil || !q.wasSent(kid) {
		refuse(w)
		return
	}
	if !ok || !d.active || p.ISS != kid || p.AUD != s.Issuer() || !s.near(p.IAT) || p.EXP > p.IAT+60 || p.EXP < s.Now().Unix() || !s.fresh(p.JTI) {
		refuse(w)
		return
	}
	s.decide(w, d, q, kid, p, sent.Response, sent.UV)
}

// decide follows the order of checks of the protocol, from the transaction on.
func (s *Server) decide(w http.ResponseWriter, d *device, q *request, kid string, p response, raw string, uv json.RawMessage) {
	answered := p.Number + p.Choice + p.Scan
	switch {
	case q.state != "pending" || s.Now().Unix() >= q.ends:
		answer(w, http.StatusConflict, map[string]any{"type": "urn:latchkey:device:ended", "status": 409, "state": q.state})
	case p.CH != hash([]byte(q.sent[kid])) || p.Nonce != q.nonce || p.App != AppName:
		refuse(w)
	case p.Decision == "deny" && answered == "" && p.UV == nil && (p.Reason == "not_me" || p.Reason == "cancelled"):
		q.state, q.reason = "denied", p.Reason
		answer(w, http.StatusOK, map[string]any{"state": q.state})
	case p.Decision != "approve" || p.Reason != "" || p.UV == nil || p.UV.Method != "webauthn" || !s.verified(d, raw, uv):
		refuse(w)
	case answered == q.want:
		q.state = "approved"
		answer(w, http.StatusOK, map[string]any{"state": q.state})
	default:
		s.wrong(w, q)
	}
}

func (s *Server) wrong(w http.ResponseWriter, q *request) {
	q.tries++
	q.nonce = random()
	for jkt := range q.sent {
		q.sent[jkt] = "" // another challenge, to the same devices
	}
	if q.tries == 3 {
		q.state = "locked"
	}
	answer(w, http.StatusForbidden, map[string]any{"type": "urn:latchkey:device:wrong-number", "status": 403, "state": q.state, "tries_left": 3 - q.tries})
}
