package oidc

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/idp/web"
	"latchkey/storage"
)

// dpopAlgs are the algorithms of DPoP proofs (RFC 9449 5.1).
var dpopAlgs = []string{"ES256", "PS256", "EdDSA"}

// dpopLife is how old a proof may be. It is as good as a nonce that lives so long
// (RFC 9449 11.1), as each proof counts once.
const dpopLife = time.Minute

const dpopHeader = "DPoP"

// dpopProof is a proof of possession that holds for a request; nil: none was shown.
type dpopProof struct {
	thumb  string // JWK thumbprint of the key (RFC 7638)
	token  string // ath: hash of the access token it goes with
	id     string
	issued time.Time
}

func badProof(detail string) *protocolError { return bad("invalid_dpop_proof", detail) }

// readProof checks a DPoP proof by RFC 9449 4.3, but for its single use.
func (p *Provider) readProof(r *http.Request) (*dpopProof, *protocolError) {
	shown := r.Header.Values(dpopHeader)
	switch {
	case len(shown) == 0:
		return nil, nil
	case len(shown) > 1:
		return nil, badProof("There is more than one DPoP header.")
	}
	var claims struct {
		ID       string  `json:"jti"`
		Method   string  `json:"htm"`
		URL      string  `json:"htu"`
		IssuedAt float64 `json:"iat"`
		Token    string  `json:"ath"`
	}
	proof := &dpopProof{}
	_, err := jwt.Verify(shown[0], dpopAlgs, proof.key, &claims)
	q := web.From(r)
	switch age := q.Now.Sub(time.Unix(0, int64(claims.IssuedAt*1e9))); {
	case err != nil:
		return nil, badProof("The DPoP proof is not a JWT of the type dpop+jwt that its own public key verifies.")
	case claims.ID == "" || len(claims.ID) > maxJTI:
		return nil, badProof("The DPoP proof has no jti.")
	case claims.Method != r.Method || !sameTarget(claims.URL, p.Base+r.URL.Path):
		return nil, badProof("The DPoP proof is for another method or URL.")
	case age > dpopLife || age < -clockSkew:
		return nil, badProof("The DPoP proof is too old, or from the future.")
	}
	proof.id, proof.token, proof.issued = claims.ID, claims.Token, q.Now
	return proof, nil
}

// key is the proof's own key: what the proof shows is that whoever sends it holds that.
func (d *dpopProof) key(h jwt.Header) ([]any, error) {
	if !h.HasType("dpop+jwt") || h.Key == nil || !h.Key.IsPublic() || !h.Key.Valid() || h.Key.Algorithm != "" && h.Key.Algorithm != h.Alg || !jwt.SignsWith(*h.Key, h.Alg) {
		return nil, jwt.Err
	}
	sum, err := h.Key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, jwt.Err
	}
	d.thumb = base64.RawURLEncoding.EncodeToString(sum)
	return []any{h.Key.Key}, nil
}

// sameTarget compares URLs without query and fragment, the host in any case (RFC 9449
// 4.3).
func sameTarget(claimed, actual string) bool {
	u, err := url.Parse(claimed)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme = strings.ToLower(u.Scheme); u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme+"://"+host+u.EscapedPath() == actual
}

// spend is false for a proof that was shown before.
func (d *dpopProof) spend(tx *storage.Tx) (bool, error) {
	if d == nil {
		return true, nil
	}
	return idp.Spend(tx, d.issued.Add(dpopLife+2*clockSkew), "dpop", d.thumb, d.id)
}

// spendProof is spend for what refuses a replay.
func spendProof(tx *storage.Tx, d *dpopProof) error {
	fresh, err := d.spend(tx)
	if err == nil && !fresh {
		return badProof("The DPoP proof was used before.")
	}
	return err
}

// keyThumb is the key that the proof is of, "" for no proof.
func (d *dpopProof) keyThumb() string {
	if d == nil {
		return ""
	}
	return d.thumb
}

// hashOf is the ath of an access token (RFC 9449 4.2).
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
