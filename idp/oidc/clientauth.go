package oidc

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// credentials are what a request shows of the client that sends it.
type credentials struct {
	id, secret, method string
	assertion          string     // a JWT, for the methods that show one
	proved             *assertion // what prove found of it
	flaw               string     // what is wrong with one whose signature holds
}

// readCredentials takes the client's credentials from the Authorization header or
// the form, in one way only (RFC 6749 2.3).
func readCredentials(r *http.Request, given params) (credentials, *protocolError) {
	header := r.Header.Get("Authorization")
	shown := credentials{given["client_id"], given["client_secret"], idp.AuthNone, given["client_assertion"], nil, ""}
	ways := 0
	for method, there := range map[string]bool{
		idp.AuthBasic: header != "", idp.AuthPost: shown.secret != "", idp.AuthKeyJWT: shown.assertion != "",
	} {
		if there {
			shown.method = method
			ways++
		}
	}
	switch {
	case ways > 1:
		return credentials{}, bad("invalid_request", "The client authenticates in two ways at once.")
	case (shown.assertion != "") != (given["client_assertion_type"] == assertionType):
		return credentials{}, bad("invalid_request", "A client_assertion goes with the client_assertion_type "+assertionType+".")
	case shown.method == idp.AuthKeyJWT && shown.id == "":
		shown.id = issuerOf(shown.assertion) // RFC 7521 4.2: client_id may be left out
	case shown.method == idp.AuthBasic:
		return readBasic(header, shown.id)
	}
	return shown, nil
}

func readBasic(header, named string) (credentials, *protocolError) {
	id, secret, ok := parseBasic(header)
	if !ok {
		return credentials{}, invalidClient("The Authorization header is not Basic with a client id and secret.")
	}
	if named != "" && named != id {
		return credentials{}, bad("invalid_request", "The client_id in the form is not that of the Authorization header.")
	}
	return credentials{id: id, secret: secret, method: idp.AuthBasic}, nil
}

// readClientForm reads a form together with the credentials of who sent it.
func (p *Provider) readClientForm(r *http.Request) (params, credentials, error) {
	given, fault := formParams(r)
	if fault != nil {
		return nil, credentials{}, fault
	}
	shown, fault := readCredentials(r, given)
	if fault != nil {
		return nil, credentials{}, fault
	}
	return given, shown, p.prove(r.Context(), web.From(r), &shown)
}

// readTokenForm is readClientForm for the endpoints that are about a token.
func (p *Provider) readTokenForm(r *http.Request) (params, credentials, error) {
	given, shown, err := p.readClientForm(r)
	if err == nil && given["token"] == "" {
		err = bad("invalid_request", "The request names no token.")
	}
	return given, shown, err
}

// parseBasic undoes the form encoding that RFC 6749 2.3.1 puts around id and
// secret; clients that leave it out send nothing that it would change.
func parseBasic(header string) (id, secret string, ok bool) {
	scheme, coded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") || len(coded) > 4096 {
		return "", "", false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(coded))
	if err != nil {
		return "", "", false
	}
	codedID, codedSecret, ok := strings.Cut(string(raw), ":")
	if !ok {
		return "", "", false
	}
	id, err1 := url.QueryUnescape(codedID)
	secret, err2 := url.QueryUnescape(codedSecret)
	return id, secret, err1 == nil && err2 == nil && id != ""
}

// authenticate finds the client and checks that it authenticates as registered.
// An unknown client and wrong credentials get the same answer. An assertion is spent,
// which needs a transaction that writes.
func authenticate(tx *storage.Tx, c credentials) (*idp.Client, error) {
	if c.id == "" {
		return nil, invalidClient("The request shows no client: authenticate, or name the client_id.")
	}
	client, err := liveClient(tx, c.id)
	if err != nil {
		return nil, err
	}
	if client == nil && c.method == idp.AuthNone {
		return nil, &protocolError{Status: http.StatusUnauthorized, Code: "invalid_client", STS: idp.ClientUnknown}
	}
	if client != nil && c.flaw != "" {
		return nil, invalidClient(c.flaw)
	}
	if client == nil || !c.matches(client) {
		return nil, &protocolError{Status: http.StatusUnauthorized, Code: "invalid_client", STS: idp.ClientSecretWrong}
	}
	if !c.asRegistered(client) {
		return nil, invalidClient("This client is registered for " + client.AuthMethod + ", not for " + c.method + ".")
	}
	if c.proved == nil {
		return client, nil
	}
	fresh, err := c.proved.spend(tx)
	if err == nil && !fresh {
		err = invalidClient("The client_assertion was used before.")
	}
	return client, err
}

// asRegistered tells whether the client authenticates in the way it registered. An
// assertion looks the same by key and by secret, and Microsoft's libraries know only
// the form for secrets.
func (c credentials) asRegistered(client *idp.Client) bool {
	switch client.AuthMethod {
	case c.method:
		return true
	case idp.AuthSecretJWT:
		return c.method == idp.AuthKeyJWT
	case idp.AuthBasic:
		return c.method == idp.AuthPost && client.Entra()
	}
	return false
}

// matches tells whether the credentials, whatever they are, are the client's.
func (c credentials) matches(client *idp.Client) bool {
	switch c.method {
	case idp.AuthNone:
		return true
	case idp.AuthKeyJWT:
		return c.proved != nil && c.proved.keys == client.Keys && c.proved.secret == client.SecretSealed
	}
	return client.SecretMatches(c.secret)
}

func invalidClient(detail string) *protocolError {
	return &protocolError{Status: http.StatusUnauthorized, Code: "invalid_client", Detail: detail}
}
