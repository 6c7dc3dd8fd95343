package devicetest

import (
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// device is one that was added, or waits to be.
type device struct {
	id, name, user string
	key            jose.JSONWebKey
	verifier       verifier
	active         bool
}

func hash(of []byte) string {
	sum := sha256.Sum256(of)
	return text(sum[:])
}

func thumbprint(key *jose.JSONWebKey) string {
	if key == nil || !key.Valid() || !key.IsPublic() {
		return ""
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return text(sum)
}

// read verifies a JWS of a type; key picks the key by the header.
func read(raw, typ string, key func(jose.Header) *jose.JSONWebKey, into any) bool {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || len(raw) > 16<<10 || jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType] != typ {
		return false
	}
	by := key(jws.Signatures[0].Protected)
	if by == nil {
		return false
	}
	payload, err := jws.Verify(*by)
	return err == nil && json.Unmarshal(payload, into) == nil
}

// ofDevice is the key of an active or shown device.
func (s *Server) ofDevice(h jose.Header) *jose.JSONWebKey {
	if d := s.devices[h.KeyID]; d != nil && h.JSONWebKey == nil {
		return &d.key
	}
	return nil
}

// embedded is the key in the header, which the device is to be known by.
func embedded(h jose.Header) *jose.JSONWebKey {
	if h.KeyID != "" || thumbprint(h.JSONWebKey) == "" {
		return nil
	}
	return h.JSONWebKey
}

type proof struct {
	HTM, HTU, JTI, BH string
	IAT               int64
}

// proved lets a device through that proves its key. The handler has the lock.
func (s *Server) proved(next func(http.ResponseWriter, *http.Request, *device, []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10)) // what is cut off is not what was hashed
		s.mu.Lock()
		defer s.mu.Unlock()
		var p proof
		var kid string
		ok := read(r.Header.Get("Device-Proof"), "oda-proof+jwt", func(h jose.Header) *jose.JSONWebKey {
			kid = h.KeyID
			return s.ofDevice(h)
		}, &p)
		bh := ""
		if len(body) > 0 {
			bh = hash(body)
		}
		if !ok || p.HTM != r.Method || p.HTU != s.URL+r.URL.Path || p.BH != bh || !s.near(p.IAT) || !s.fresh(p.JTI) {
			refuse(w)
			return
		}
		next(w, r, s.devices[kid], body)
	}
}

func (s *Server) near(iat int64) bool {
	off := s.Now().Unix() - iat
	return -60 <= off && off <= 60
}

func (s *Server) fresh(jti string) bool {
	if len(jti) < 16 || len(jti) > 64 || s.used[jti] {
		return false
	}
	s.used[jti] = true
	return true
}

func (s *Server) self(w http.ResponseWriter, _ *http.Request, d *device, _ []byte) {
	state := "shown"
	if d.active {
		state = "active"
	}
	answer(w, http.StatusOK, map[string]any{"device_id": d.id, "name": d.name, "state": state, "user": person(d.user), "tenant": tenant()})
}

func (s *Server) remove(w http.ResponseWriter, _ *http.Request, d *device, _ []byte) {
	delete(s.devices, thumbprint(&d.key))
	w.WriteHeader(http.StatusNoContent)
}

type rekeyed struct {
	ISS, AUD, JTI, Old string
	IAT, EXP           int64
}

func (s *Server) rekey(w http.ResponseWriter, _ *http.Request, d *device, body []byte) {
	var sent struct {
		Proof string
		UV    json.RawMessage
	}
	var claims rekeyed
	var fresh *jose.JSONWebKey
	ok := json.Unmarshal(body, &sent) == nil && read(sent.Proof, "oda-rekey+jwt", func(h jose.Header) *jose.JSONWebKey {
		fresh = embedded(h)
		return fresh
	}, &claims)
	old := thumbprint(&d.key)
	if !ok || claims.ISS != thumbprint(fresh) || claims.AUD != s.Issuer() || claims.Old != old || !s.near(claims.IAT) || !s.fresh(claims.JTI) ||
		!s.verified(d, sent.Proof, sent.UV) {
		refuse(w)
		return
	}
	delete(s.devices, old)
	d.key = *fresh
	s.devices[claims.ISS] = d
	answer(w, http.StatusOK, map[string]any{"device_id": d.id, "thumbprint": claims.ISS})
}

func person(name string) map[string]any {
	return map[string]any{"name": name, "display_name": "Lee"}
}

func tenant() map[string]any { return map[string]any{"id": TenantID, "name": "Contoso"} }
