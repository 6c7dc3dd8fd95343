package devicetest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// invitation is a link and a code for one device.
type invitation struct {
	id, token, code, user, nonce string
	operator                     bool // need not be confirmed
	begun, used                  bool
}

// Invite lets somebody add a device, and is its link and its code. By an operator, it need not
// be confirmed.
func (s *Server) Invite(user string, operator bool) (link, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := random()
	i := &invitation{id: id, token: "en_" + id, code: id[:5] + "-" + id[5:10], user: user, nonce: random() + random(), operator: operator}
	s.invitations = append(s.invitations, i)
	return s.URL + "/authenticator#e=" + TenantID + "." + i.token, i.code
}

func (s *Server) begin(w http.ResponseWriter, r *http.Request) {
	var sent struct{ Token, Code, User string }
	if json.NewDecoder(r.Body).Decode(&sent) != nil {
		refuse(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.invitations {
		if i.used || i.token != sent.Token && (sent.Code == "" || i.code != sent.Code || i.user != sent.User) {
			continue
		}
		i.begun = true
		a := map[string]any{
			"enrol_id": i.id, "nonce": i.nonce, "issuer": s.Issuer(), "tenant": tenant(), "user": person(i.user), "exp": s.Now().Unix() + 600,
			"webauthn": map[string]any{
				"rp": map[string]any{"id": s.host(), "name": "Contoso"}, "user": map[string]any{"id": text([]byte(i.id)), "name": i.user, "displayName": "Lee"},
				"challenge": i.nonce, "pubKeyCredParams": []any{map[string]any{"type": "public-key", "alg": -7}},
			},
		}
		if s.Invitation != nil {
			s.Invitation(a)
		}
		answer(w, http.StatusOK, a)
		return
	}
	refuse(w)
}

type enrolment struct {
	ISS, AUD, Nonce, Name, App, Platform, UVH string
	EnrolID                                   string `json:"enrol_id"`
	IAT, EXP                                  int64
}

func (s *Server) show(w http.ResponseWriter, r *http.Request) {
	var sent struct {
		Proof string
		UV    json.RawMessage
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.begun(r.PathValue("id"))
	if i == nil || json.NewDecoder(r.Body).Decode(&sent) != nil {
		refuse(w)
		return
	}
	d, ok := s.enrolled(i, sent.Proof, sent.UV)
	if !ok {
		refuse(w)
		return
	}
	i.used = true
	jkt := thumbprint(&d.key)
	s.devices[jkt] = d
	s.notify()
	state := "shown"
	if d.active = i.operator; d.active {
		state = "added"
	}
	sum := sha256.Sum256([]byte(i.nonce + "." + jkt))
	sas := fmt.Sprintf("%04d", binary.BigEndian.Uint32(sum[:4])%10000)
	if s.SAS != "" {
		sas = s.SAS
	}
	answer(w, http.StatusAccepted, map[string]any{"device_id": d.id, "sas": sas, "state": state})
}

func (s *Server) begun(id string) *invitation {
	for _, i := range s.invitations {
		if i.id == id && i.begun && !i.used {
			return i
		}
	}
	return nil
}

// enrolled is the device that an enrolment proof shows.
func (s *Server) enrolled(i *invitation, raw string, uv json.RawMessage) (*device, bool) {
	var key *jose.JSONWebKey
	var p enrolment
	ok := read(raw, "oda-enrol+jwt", func(h jose.Header) *jose.JSONWebKey {
		key = embedded(h)
		return key
	}, &p)
	if !ok || p.ISS != thumbprint(key) || p.AUD != s.Issuer() || p.Nonce != i.nonce || p.EnrolID != i.id || !s.near(p.IAT) || p.EXP > p.IAT+600 || p.Name == "" || p.App == "" {
		return nil, false
	}
	v, uvh, ok := s.attested(uv, i.nonce)
	return &device{id: strings.ToLower(random()), name: p.Name, user: i.user, key: *key, verifier: v}, ok && uvh == p.UVH
}

// Shown waits until a device of somebody has shown itself, and waits to be confirmed.
func (s *Server) Shown(user string) {
	for {
		s.mu.Lock()
		changed, shown := s.changed, false
		for _, d := range s.devices {
			shown = shown || d.user == user && !d.active
		}
		s.mu.Unlock()
		if shown {
			return
		}
		<-changed
	}
}

// Confirm lets the devices of somebody answer that have shown themselves, and tells how many.
func (s *Server) Confirm(user string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.user == user && !d.active {
			d.active = true
			n++
		}
	}
	return n
}

// Forget removes the devices of somebody.
func (s *Server) Forget(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for jkt, d := range s.devices {
		if d.user == user {
			delete(s.devices, jkt)
		}
	}
}

// Devices is how many somebody has, whether confirmed or not.
func (s *Server) Devices(user string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.user == user {
			n++
		}
	}
	return n
}
