package upstream

import (
	"time"

	strict "github.com/go-json-experiment/json"

	"latchkey/idp"
)

// Parse reads a discovery document.
func (c *Client) Parse(raw []byte, issuer string) error {
	_, err := c.docs.parse(raw, issuer)
	return err
}

// ReadClaims reads the claims of an ID token whose signature holds.
func ReadClaims(raw []byte, f *idp.Federation, now time.Time) (*idp.Outside, error) {
	var t idToken
	if err := strict.Unmarshal(raw, &t); err != nil {
		return nil, err
	}
	if err := t.isForUs(now, f); err != nil {
		return nil, err
	}
	return outsideOf(f, &t), nil
}

// ReadUserInfo reads an answer of userinfo.
func ReadUserInfo(raw []byte, subject string, f *idp.Federation) (address string, err error) {
	t, err := readUserInfo(raw, subject)
	if err != nil {
		return "", err
	}
	return t.address(f), nil
}
