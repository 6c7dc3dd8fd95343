package oidc

import (
	"net/http"
	"net/url"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// pushedAnswer is the response of RFC 9126 2.2.
type pushedAnswer struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int    `json:"expires_in"` // seconds
}

// pushed is the pushed authorization request endpoint (RFC 9126 2). What it takes is
// checked as at the authorization endpoint, so that the client learns of a mistake and
// not the person.
func (p *Provider) pushed(w http.ResponseWriter, r *http.Request) {
	answer, err := p.push(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusCreated, answer)
}

func (p *Provider) push(r *http.Request) (*pushedAnswer, error) {
	given, shown, err := p.readClientForm(r)
	if err != nil {
		return nil, err
	}
	q := web.From(r)
	if given["request_uri"] != "" { // RFC 9126 2.1
		return nil, bad("invalid_request", "A pushed request must not hold a request_uri.")
	}
	if shown.method == idp.AuthNone && !p.stores.Allow(q.Address, q.Now) { // it stores something for whoever asks
		return nil, tooMany("Too many requests are pushed from this address. Try again in a minute.")
	}
	proof, fault := p.readProof(r)
	if fault != nil {
		return nil, fault
	}
	client, err := p.client(r.Context(), q.Tenant, shown.id)
	if err != nil {
		return nil, err
	}
	kept := &idp.PushedRequest{Ends: q.Now.Add(idp.PushedLifetime), KeyThumb: proof.keyThumb()}
	var flaw error // told only to who has authenticated
	if client != nil {
		kept.ClientID = client.ClientID
		kept.Parameters, flaw = p.pushable(r, client, given, kept.KeyThumb)
	}
	handle := idp.NewToken(idp.RequestHandle)
	kept.Hash = idp.HashToken(idp.RequestHandle, handle)
	err = p.Store.Update(r.Context(), q.Tenant.TenantID, func(tx *storage.Tx) error {
		if _, err := authenticate(tx, shown); err != nil {
			return err
		}
		if flaw != nil {
			return flaw
		}
		if err := spendProof(tx, proof); err != nil {
			return err
		}
		return tx.Insert(kept)
	})
	if err != nil {
		return nil, err
	}
	return &pushedAnswer{pushedPrefix + handle, int(idp.PushedLifetime / time.Second)}, nil
}

// pushable checks a request and returns the parameters that are kept of it.
func (p *Provider) pushable(r *http.Request, c *idp.Client, given params, thumb string) (url.Values, error) {
	q := web.From(r)
	resolved, err := p.resolve(r.Context(), q, c, given, true)
	if err != nil {
		return nil, err
	}
	resolved.keyThumb = thumb
	if uri := resolved.params["redirect_uri"]; uri == "" || !c.RedirectAllowed(uri) {
		return nil, bad("invalid_request", "The redirect_uri is missing or not registered for this client.")
	}
	if _, fault := p.parse(r.Context(), q, c, resolved); fault != nil {
		return nil, fault
	}
	keep := url.Values{}
	for name, value := range resolved.params {
		switch name {
		case "client_secret", "client_assertion", "client_assertion_type", "request":
		default:
			keep.Set(name, value)
			if repeatable[name] {
				keep[name] = splitValues(value)
			}
		}
	}
	if len(keep.Encode()) > maxRequest {
		return nil, bad("invalid_request", "The request is longer than 8 KiB.")
	}
	return keep, nil
}
