package oidc

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// credentials are what a request shows of the client that sends it.
type credentials struct {
	id, secret, method string
}

// readCredentials takes the client's credentials from the Authorization header or
// the form, never from both (RFC 6749 2.3).
func readCredentials(r *http.Request, given params) (credentials, *protocolError) {
	header := r.Header.Get("Authorization")
	switch {
	case header == "" && given["client_secret"] == "":
		return credentials{given["client_id"], "", idp.AuthNone}, nil
	case header == "":
		return credentials{given["client_id"], given["client_secret"], idp.AuthPost}, nil
	case given["client_secret"] != "":
		return credentials{}, bad("invalid_request", "The client authenticates in two ways at once.")
	}
	id, secret, ok := parseBasic(header)
	if !ok {
		return credentials{}, invalidClient("The Authorization header is not Basic with a client id and secret.")
	}
	if given["client_id"] != "" && given["client_id"] != id {
		return credentials{}, bad("invalid_request", "The client_id in the form is not that of the Authorization header.")
	}
	return credentials{id, secret, idp.AuthBasic}, nil
}

// readClientForm reads a form together with the credentials of who sent it.
func readClientForm(r *http.Request) (params, credentials, *protocolError) {
	given, fault := formParams(r)
	if fault != nil {
		return nil, credentials{}, fault
	}
	shown, fault := readCredentials(r, given)
	return given, shown, fault
}

// readTokenForm is readClientForm for the endpoints that are about a token.
func readTokenForm(r *http.Request) (params, credentials, *protocolError) {
	given, shown, fault := readClientForm(r)
	if fault == nil && given["token"] == "" {
		fault = bad("invalid_request", "The request names no token.")
	}
	return given, shown, fault
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
// An unknown client and a wrong secret get the same answer.
func authenticate(tx *storage.Tx, c credentials) (*idp.Client, error) {
	if c.id == "" {
		return nil, bad("invalid_request", "The request names no client_id.")
	}
	client, err := liveClient(tx, c.id)
	if err != nil {
		return nil, err
	}
	switch {
	case client == nil && c.method == idp.AuthNone:
		return nil, &protocolError{Status: http.StatusUnauthorized, Code: "invalid_client", STS: idp.ClientUnknown}
	case client == nil, c.method != idp.AuthNone && !client.SecretMatches(c.secret):
		return nil, &protocolError{Status: http.StatusUnauthorized, Code: "invalid_client", STS: idp.ClientSecretWrong}
	case client.AuthMethod != c.method:
		return nil, invalidClient("This client is registered for " + client.AuthMethod + ", not for " + c.method + ".")
	}
	return client, nil
}

func invalidClient(detail string) *protocolError {
	return &protocolError{Status: http.StatusUnauthorized, Code: "invalid_client", Detail: detail}
}
